"""`casavi-mock replay`: sends recorded requests again, and compares the answers."""

import importlib
import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from casavi_contracts.spec import FILES
from casavi_mock.cli.options import CONTEXT, Number, budget_options, credentials, option
from casavi_mock.cli.profiles import profile_option
from casavi_mock.errors import ConfigurationError

_OBSERVE = "casavi_contracts.observe.replay"
_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command(context_settings=CONTEXT)
@click.argument("recording", metavar="FILE.har", type=_FILE)
@option("--url", envvar="CASAVI_URL", show_default=False, help="Server to send to.  [default: a mock, in process]")
@click.option("--against", type=_FILE, metavar="OLD.har", help="Compare with an older recording; nothing is sent.")
@click.option("--api-host", metavar="HOST", help="Host of the API in the recording.  [default: the most frequent one]")
@click.option("--accepted", type=_FILE, metavar="FILE", help="TOML file of accepted differences, with reasons.")
@option("--key", envvar="CASAVI_API_KEY", show_default=False, help="API key; not needed for a mock.")
@option("--secret", envvar="CASAVI_API_SECRET", show_default=False, help="API secret.")
@click.option("--control-token", help="Secret that the mock's control plane wants.", show_default=False)
@profile_option
@click.option("--timeout", type=Number(0.05), default=10, help="Seconds to wait for an answer.  [default: 10]")
@click.option("--job-timeout", type=Number(0.1), default=60, help="Seconds that a job may take.  [default: 60]")
@click.option("--allow-writes", is_flag=True, help="Write even if it is no mock; needs CASAVI_ALLOW_WRITES=1 as well.")
@click.option("--read-only", is_flag=True, help="Send only what creates no records.")
@budget_options
@click.option("--ledger", type=_FILE, help="Lists records before they are sent.  [default: casavi-replay-ledger.jsonl]")
@click.option("--junit", type=_FILE, metavar="FILE", help="Write the result as JUnit XML.")
@click.option("--json", type=_FILE, metavar="FILE", help="Write the result as JSON.")
def replay(recording: Path, profile: Mapping[str, Any] | None, **options: Any) -> None:
    """Send the requests of a recording again, and compare status, shape and meaning of the answers.

    Without --url they go to a fresh account of a mock in this process. Tokens, job ids, links and ids are re-bound;
    moments, ids and durations are compared by their type. The recorded host is never contacted.

    Exit code 0: no difference; 1: differences; 2: unreadable, or nothing could be compared.

    \b
    Examples:
      casavi-mock replay traffic.har
      casavi-mock replay traffic.har --profile profile.toml --accepted known.toml
      casavi-mock replay new.har --against old.har
      casavi-mock replay traffic.har --url http://127.0.0.1:4227 --junit replay.xml
    """
    source = click.get_current_context().get_parameter_source("url")
    if options["against"] and source is ParameterSource.COMMANDLINE:
        raise click.UsageError("--against compares two recordings and sends nothing; leave out --url.")
    kit, failures = importlib.import_module(_OBSERVE), importlib.import_module("casavi_contracts.failures")
    try:
        importlib.import_module("casavi_contracts.report.files").check_writable(options["junit"], options["json"])
        accepted = kit.read_accepted(options["accepted"]) if options["accepted"] else {}
        asked = _options(kit, profile or {}, options)
        if options["against"]:
            result = kit.two_recordings(options["against"], recording, asked)
        else:
            result = kit.replay(recording, asked)
    except failures.KitError as error:
        raise ConfigurationError(str(error)) from error
    if result.compared and not result.stopped:
        result.accept(accepted)
    for path, text in ((options["junit"], kit.as_junit), (options["json"], kit.as_json)):
        if path is not None:
            _write(path, text(result))
    click.echo(_shown(kit.as_text(result)), nl=False)
    sys.exit(result.exit_code)


def _options(kit: Any, profile: Mapping[str, Any], options: Mapping[str, Any]) -> Any:
    """Returns what the kit is asked to do."""
    target = importlib.import_module("casavi_contracts.http.target")
    key, secret = options["key"], options["secret"]
    if bool(key) != bool(secret):
        credentials(key, secret)  # says which of the two is missing
    given = (target.Credentials(key, secret),) if key else ()
    same = ("timeout", "job_timeout", "allow_writes", "read_only", "budget_requests", "budget_writes", "budget_records")
    more: dict[str, Any] = {name: options[name] for name in same}
    more |= {name: content for name, content in profile.items() if name in FILES}
    if options["ledger"] is not None:
        more["ledger"] = options["ledger"]
    in_process = options["url"] is None and options["against"] is None
    return kit.Options(
        url=options["url"],
        application=_mock(profile) if in_process else None,
        host=options["api_host"],
        profile=profile.get("assumptions", {}),
        credentials=() if in_process else given,
        control_token=options["control_token"] or os.environ.get("CASAVI_MOCK_CONTROL_TOKEN"),
        consent=os.environ.get("CASAVI_ALLOW_WRITES") == "1",
        rate=options["rate"],
        **more,
    )


def _mock(profile: Mapping[str, Any]) -> Any:
    """Returns the mock to which is sent if there is no other server."""
    import logging

    from casavi_contracts.spec import ProfileError
    from casavi_mock.accounts import Settings
    from casavi_mock.server.app import MockApp, new_registry

    logging.getLogger("casavi_mock").setLevel(logging.CRITICAL)
    try:
        files = {name: content for name, content in profile.items() if name in FILES}
        registry = new_registry(Settings.from_profile(profile.get("assumptions"), **files))
    except ProfileError as error:
        raise ConfigurationError(str(error)) from error
    registry.create(*credentials(None, None))  # the first account can never be closed; a replay gets its own
    return MockApp(registry)


def _write(path: Path, text: str) -> None:
    """Writes a file whole, or not at all."""
    try:
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, prefix=".", delete=False) as file:
            file.write(text)
        Path(file.name).chmod(0o644)
        Path(file.name).replace(path)
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be written: {error.strerror}") from error


def _shown(text: str) -> str:
    """Returns a text as standard output can show it."""
    encoding = sys.stdout.encoding or "utf-8"
    return text.encode(encoding, errors="replace").decode(encoding)
