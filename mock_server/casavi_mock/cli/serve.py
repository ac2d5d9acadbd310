"""`casavi-mock serve`: runs the mock in the foreground."""

import contextlib
import functools
import gc
import logging
import os
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from casavi_contracts.spec import ProfileError
from casavi_mock.accounts import Account, Registry, Settings
from casavi_mock.cli import logs, streams
from casavi_mock.cli.access import beyond_loopback, exposure
from casavi_mock.cli.deferring import deferred
from casavi_mock.cli.limits import ASSUMPTIONS, HELP, assumed, connection_limits, limits
from casavi_mock.cli.options import CONTEXT, EXAMPLE_KEY, credentials, local_url
from casavi_mock.cli.profiles import listening_options
from casavi_mock.cli.sections import Sectioned, help_limits_option
from casavi_mock.cli.server_options import Credentials, progress_of, server_options
from casavi_mock.cli.text import counted, shown
from casavi_mock.domain.jobs import Job
from casavi_mock.domain.model import ENTITIES
from casavi_mock.errors import ConfigurationError
from casavi_mock.version import __version__

if TYPE_CHECKING:
    from casavi_mock.server.options import ConnectionLimits, EdgeOptions
    from casavi_mock.state.keeper import Keeper

log = logging.getLogger("casavi_mock.serve")


_STATE = ("state", "state_journal", "state_sync", "state_seconds")

SECTIONS = {
    "What one needs": ("host", "port", "key", "secret", "load", "profile"),
    "Time and queue": ("progress", "job_seconds", "record_seconds", "job_durations", "polls"),
    "Accounts and state": ("account", "account_file", "keep_documents", *_STATE, "shard_key_file"),
    "Proxies and browsers": ("base_url", "forwarded", "cors"),
    "Control plane": ("no_control", "control_token", "control_token_file", "allowed_host"),
    "Log and checks": ("log_format", "log_level", "log_requests", "strict"),
    "Limits": (*(name.replace("-", "_") for name in ASSUMPTIONS), *HELP),
}
"""Options by the section of the help in which they stand."""


@click.command(cls=Sectioned, sections=SECTIONS, apart=("Limits",), context_settings=CONTEXT)
@listening_options
@server_options
@help_limits_option()
def serve(profile: Mapping[str, Any] | None, host: str, port: int, **options: Any) -> None:
    """Run the mock in the foreground, until Ctrl-C or SIGTERM.

    \b
    Examples:
      casavi-mock serve
      casavi-mock serve --port 0 --load small-house
      casavi-mock serve --account key-1:secret-1 --account key-2:secret-2
      casavi-mock serve --progress manual --polls 2
      casavi-mock serve --state house.db --load small-house
      casavi-mock serve --profile profile.toml --log-format json
    """
    logs.set_up(options["log_format"], options["log_level"], requests=options["log_requests"])
    settings = _settings(profile or {}, options)
    credentials_given = [*options["account"], *(options["account_file"] or ())]
    credentials_given = credentials_given or [Credentials(*credentials(options["key"], options["secret"]))]

    # Imported late: everything that can be wrong with the options is said before the slow part begins.
    with deferred("requests"):  # connexion would fetch schemas with it, and took a sixth of the start to load it
        from casavi_mock.server.app import MockApp, new_registry
    from casavi_mock.server.portfolios import load
    from casavi_mock.server.serving import bind, server_for

    (shard_key,) = options["shard_key_file"] or (None,)
    registry = new_registry(settings, shard_key=shard_key)
    registry.on_end = _log_end
    accounts = _open(registry, credentials_given)
    for name in options["load"]:
        log.info("loaded %s: %s", name, _numbers(load(accounts[0], name)))
    accounts[0].mark_seed()
    edge = _edge(host, options)
    keeper = _keeper(options, registry, accounts)
    with contextlib.closing(keeper) if keeper else contextlib.nullcontext():
        listening = bind(host, port)
        app = MockApp(registry, options=edge, keeper=keeper)
        example = any(map(_is_example, accounts))
        if warning := exposure(host, control=edge.control, token=edge.control_token, example=example):
            log.warning("%s", warning)
        gc.freeze()  # what is there now stays until the end: the collector need not look at it again
        url = edge.base_url or local_url(host, listening.getsockname()[1])
        ready = functools.partial(_announce, url, accounts, options["log_format"])
        server_for(app, ready, door=app.door).run(sockets=[listening])


def _keeper(options: Mapping[str, Any], registry: Registry, accounts: list[Account]) -> "Keeper | None":
    """Returns who keeps the accounts in a file; what the file holds of them comes in the place of what was loaded."""
    if options["state"] is None:
        return None
    from casavi_mock.server.app import system_now
    from casavi_mock.state.keeper import Keeper, StateOptions

    wanted = StateOptions(
        path=options["state"],
        sync=options["state_sync"],
        behind_seconds=options["state_seconds"],
        journal=options["state_journal"],
    )
    keeper = Keeper(wanted, registry, system_now, accounts[:1] if options["load"] else ())
    if keeper.found:
        numbers = {entity: sum(account.store.count(entity) for account in registry) for entity in ENTITIES}
        held = {entity: number for entity, number in numbers.items() if number}
        log.info("took the state of %s: %s, %s", options["state"], counted(len(registry), "accounts"), _numbers(held))
    return keeper


def _edge(host: str, options: Mapping[str, Any]) -> "EdgeOptions":
    from casavi_mock.server.options import EdgeOptions

    (token,) = options["control_token_file"] or (options["control_token"],)
    if options["control_token_file"] and options["control_token"]:
        raise ConfigurationError("give the control token once, by --control-token or by --control-token-file")

    return EdgeOptions(
        base_url=options["base_url"],
        forwarded=options["forwarded"],
        control=not options["no_control"],
        control_token=token,
        allowed_hosts=(*((host,) if beyond_loopback(host) else ()), *options["allowed_host"]),
        cors=options["cors"],
        strict=options["strict"],
        connections=_possible(connection_limits(options)),
    )


def _possible(wanted: "ConnectionLimits") -> "ConnectionLimits":
    """Returns the bounds on connections, as far as the system has open files for them."""
    from casavi_mock.server.serving import allow_files

    possible = allow_files(wanted.max_connections)
    if possible == wanted.max_connections:
        return wanted
    log.warning("no more than %d connections: the system lets this process open no more files", possible)
    return replace(wanted, max_connections=possible)


def _settings(profile: Mapping[str, Any], options: Mapping[str, Any]) -> Settings:
    assumptions = {**profile.get("assumptions", {}), **assumed(options)}
    try:
        return Settings.from_profile(
            assumptions,
            profile.get("overlay"),
            profile.get("evidence"),
            progress=progress_of(options),
            durations=options["job_durations"],
            limits=limits(options),
            keep_documents=options["keep_documents"],
        )
    except ProfileError as error:
        raise ConfigurationError(str(error)) from error


def _open(registry: Registry, wanted: list[Credentials]) -> list[Account]:
    try:
        return [registry.create(one.key, one.secret) for one in wanted]
    except ValueError:
        raise ConfigurationError("two accounts have the same key; give each its own") from None


def _announce(url: str, accounts: list[Account], log_format: str) -> None:
    """Tells once where the mock is and how to log in. A secret is shown only if it is the documentation's example."""
    try:
        _show(url, accounts, log_format)
    except OSError:  # whoever read it has gone, or the disk is full: the server is what matters
        streams.give_up(1)


def _show(url: str, accounts: list[Account], log_format: str) -> None:
    keys = [account.key for account in accounts]
    if log_format == "json":
        log.info("ready", extra={"data": {"url": url, "docs": f"{url}/docs", "accounts": keys}})
        return
    # By click, which does not know NO_COLOR: rich does, and would make the start longer by a tenth.
    show = functools.partial(click.echo, color=False if os.environ.get("NO_COLOR") else None)
    show(f"{click.style(f'casavi-mock {__version__}', bold=True)}  {click.style(url, fg='cyan')}")
    for account in accounts:
        secret = account.secret.reveal() if _is_example(account) else "as you gave it"
        show(f"  account  key {shown(account.key)}  secret {secret}")
    show(f"  docs     {click.style(f'{url}/docs', fg='cyan')}")


def _is_example(account: Account) -> bool:
    return account.key == EXAMPLE_KEY and account.secret.reveal() == credentials(None, None)[1].reveal()


def _log_end(account: Account, job: Job) -> None:
    if log.isEnabledFor(logging.INFO):
        counts = job.counts.totals()
        log.info(
            "job %s %s: %s", job.id, job.state, _numbers(counts), extra={"data": {"jobId": job.id, "counts": counts}}
        )


def _numbers(counts: Mapping[str, int]) -> str:
    return ", ".join(counted(number, name) for name, number in counts.items()) or "nothing"
