"""`casavi-mock serve`: runs the mock in the foreground."""

import contextlib
import functools
import gc
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from casavi_contracts.spec import ProfileError
from casavi_mock.accounts import Account, Registry, Settings
from casavi_mock.cli import logs
from casavi_mock.cli.limits import assumed, connection_limits, limit_options, limits
from casavi_mock.cli.options import (
    CONTEXT,
    EXAMPLE_KEY,
    Number,
    connection_options,
    credentials,
    local_url,
    option,
)
from casavi_mock.domain.jobs import MODES, Job, Progress
from casavi_mock.domain.model import ENTITIES, Secret
from casavi_mock.errors import ConfigurationError
from casavi_mock.version import __version__

if TYPE_CHECKING:
    from casavi_mock.server.options import ConnectionLimits, EdgeOptions
    from casavi_mock.server.statefile import StateFile

log = logging.getLogger("casavi_mock.serve")


@dataclass(frozen=True, slots=True)
class Credentials:
    """An account that `--account` names."""

    key: str
    secret: Secret


class AccountType(click.ParamType):  # type: ignore[type-arg]  # generic only in newer versions of click
    """`KEY:SECRET`."""

    name = "KEY:SECRET"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Credentials:
        """Returns the account; never repeats the value in an error."""
        if isinstance(value, Credentials):
            return value
        key, colon, secret = str(value).partition(":")
        if not (key and colon and secret):
            self.fail("give key and secret as KEY:SECRET", param, ctx)
        return Credentials(key, Secret(secret))


class BaseUrl(click.ParamType):  # type: ignore[type-arg]  # generic only in newer versions of click
    """An address at which clients reach the mock."""

    name = "URL"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Returns the address, without a slash at its end."""
        try:
            parts = urlsplit(str(value))
            good = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        except ValueError:  # such as a port that is no number
            good = False
        if not good or parts.query or parts.fragment or parts.username is not None:
            self.fail(f"{value}: give an address such as https://casavi.test or http://mock:4227/manager", param, ctx)
        return str(value).rstrip("/")


class ControlToken(click.ParamType):  # type: ignore[type-arg]  # generic only in newer versions of click
    """A secret that fits into a header."""

    name = "TOKEN"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Secret:
        """Returns the token; never repeats the value in an error."""
        if isinstance(value, Secret):
            return value
        text = str(value)
        if not text or not all("!" <= character <= "~" for character in text):
            self.fail("give at least one character, only ASCII, and no blanks", param, ctx)
        return Secret(text)


@click.command(context_settings=CONTEXT)
@connection_options
@option("--account", type=AccountType(), multiple=True, help="An account; may be given several times.")
@option(
    "--load",
    type=click.Path(),
    multiple=True,
    metavar="PORTFOLIO",
    help="File, folder or sample portfolio for the first account.",
)
@option("--progress", type=click.Choice(MODES), default="time", help="How jobs move on.")
@option("--job-seconds", type=Number(0, 100_000_000), default=0.2, help="Progress `time`: seconds for each job.")
@option("--record-seconds", type=Number(0, 1_000_000), default=0.0, help="Progress `time`: seconds for each record.")
@option("--polls", type=click.IntRange(0), default=1, help="Progress `manual`: polls from state to state.")
@option("--keep-documents", is_flag=True, help="Keep the contents of documents, not only a digest.")
@option("--state", type=click.Path(dir_okay=False), help="File that keeps the first account's records between runs.")
@option(
    "--state-seconds", type=Number(0, 100_000_000, min_open=True), default=30.0, help="Seconds between two savings."
)
@limit_options
@option("--base-url", type=BaseUrl(), help="Address to tell to clients.  [default: that of the request]")
@option("--forwarded", is_flag=True, help="Believe the `X-Forwarded-*` headers of a proxy.")
@option("--no-control", is_flag=True, help="No control plane under /_mock, apart from health and readiness.")
@option("--control-token", type=ControlToken(), help="Secret that callers of the control plane have to send.")
@option("--strict", is_flag=True, help="Check own answers against the contract; a wrong one becomes a 500.")
@option("--log-format", type=click.Choice(["text", "json"]), default="text", help="Form of the log lines.")
@option(
    "--log-level",
    type=click.Choice(["debug", "info", "warning", "error"]),
    default="info",
    help="`debug` shows every request, `warning` refused ones.",
)
def serve(profile: Mapping[str, Any] | None, host: str, port: int, **options: Any) -> None:
    """Run the mock in the foreground, until Ctrl-C or SIGTERM.

    \b
    Examples:
      casavi-mock serve
      casavi-mock serve --port 0 --load small-house
      casavi-mock serve --account key-1:secret-1 --account key-2:secret-2
      casavi-mock serve --progress manual --polls 2
      casavi-mock serve --state house.json --load small-house
      casavi-mock serve --profile profile.toml --log-format json
    """
    logs.set_up(options["log_format"], options["log_level"])
    settings = _settings(profile or {}, options)
    credentials_given = list(options["account"]) or [Credentials(*credentials(options["key"], options["secret"]))]

    # Imported late: everything that can be wrong with the options is said before the slow part begins.
    from casavi_mock.server.app import MockApp, new_registry
    from casavi_mock.server.portfolios import load
    from casavi_mock.server.serving import bind, server_for

    registry = new_registry(settings)
    registry.on_end = _log_end
    accounts = _open(registry, credentials_given)
    for name in options["load"]:
        log.info("loaded %s: %s", name, _numbers(load(accounts[0], name)))
    accounts[0].mark_seed()
    state = _state(options["state"], accounts[0])
    listening = bind(host, port)
    edge = _edge(options)
    app = MockApp(registry, options=edge)
    if state:
        app.facts["state"] = state.view
    gc.freeze()  # what is there now stays until the end: the collector need not look at it again
    url = edge.base_url or local_url(host, listening.getsockname()[1])
    with state.kept(options["state_seconds"]) if state else contextlib.nullcontext():
        ready = functools.partial(_announce, url, accounts, options["log_format"])
        server_for(app, ready, door=app.door).run(sockets=[listening])


def _state(path: str | None, account: Account) -> "StateFile | None":
    """Returns the state file, and puts into the account what is in it; that comes in the place of what was loaded."""
    from casavi_mock.server.app import system_now
    from casavi_mock.server.statefile import StateFile

    if path is None:
        return None
    state = StateFile(path, account, system_now)
    if state.load():
        held = {entity: number for entity in ENTITIES if (number := account.store.count(entity))}
        log.info("took the state of %s, saved at %s: %s", path, state.loaded_at or "an unknown time", _numbers(held))
    return state


def _edge(options: Mapping[str, Any]) -> "EdgeOptions":
    from casavi_mock.server.options import EdgeOptions

    return EdgeOptions(
        base_url=options["base_url"],
        forwarded=options["forwarded"],
        control=not options["no_control"],
        control_token=options["control_token"],
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
    progress = Progress(
        mode=options["progress"],
        job_seconds=options["job_seconds"],
        record_seconds=options["record_seconds"],
        polls=options["polls"],
    )
    try:
        return Settings.from_profile(
            assumptions, progress=progress, limits=limits(options), keep_documents=options["keep_documents"]
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
    keys = [account.key for account in accounts]
    if log_format == "json":
        log.info("ready", extra={"data": {"url": url, "docs": f"{url}/docs", "accounts": keys}})
        return
    # By click, which does not know NO_COLOR: rich does, and would make the start longer by a tenth.
    show = functools.partial(click.echo, color=False if os.environ.get("NO_COLOR") else None)
    show(f"{click.style(f'casavi-mock {__version__}', bold=True)}  {click.style(url, fg='cyan')}")
    for account in accounts:
        example = account.key == EXAMPLE_KEY and account.secret.reveal() == credentials(None, None)[1].reveal()
        secret = account.secret.reveal() if example else "as you gave it"
        show(f"  account  key {account.key}  secret {secret}")
    show(f"  docs     {click.style(f'{url}/docs', fg='cyan')}")


def _log_end(account: Account, job: Job) -> None:
    if log.isEnabledFor(logging.INFO):
        counts = job.counts.totals()
        log.info(
            "job %s %s: %s", job.id, job.state, _numbers(counts), extra={"data": {"jobId": job.id, "counts": counts}}
        )


def _numbers(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{number} {name}" for name, number in counts.items()) or "nothing"
