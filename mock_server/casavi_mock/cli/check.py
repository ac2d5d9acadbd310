"""`casavi-mock check`: judges a server by checks of the API."""

import contextlib
import errno
import importlib.util
import json
import logging
import os
import shlex
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource
from click.shell_completion import CompletionItem

from casavi_contracts.spec import FILES
from casavi_mock.cli.options import CONTEXT, Number, added, budget_options, credentials, option
from casavi_mock.cli.profiles import profile_option
from casavi_mock.cli.server_options import PROGRESS_OPTIONS, progress_of
from casavi_mock.domain.jobs import Progress
from casavi_mock.errors import ConfigurationError

SUITE = "casavi_contracts.suite"

_NEEDED = ("pytest", "hypothesis", "schemathesis", "jinja2")
"""What the extra `contracts` brings."""

_PYTEST = (
    "--disable-plugin-autoload", "-p", f"{SUITE}.options", "-p", "no:terminal", "-p", "no:logging",
    "-p", "no:cacheprovider", "-p", "no:unraisableexception", "-c", os.devnull, "--capture=no",
)  # fmt: skip
"""Plugins and settings of the user's project are for its own tests; the suite reports by itself.

Errors of finalizers would become warnings that nobody sees; to look for them, pytest collects garbage again and again.
"""

_PASSED_ON = (
    "url", "app", "seed", "max_examples", "timeout", "job_timeout", "budget_requests", "budget_writes",
    "budget_records", "rate", "maxfail", "max_seconds", "ledger", "junit", "json", "html", "calibrate",
    "replay", "replay_dir",
)  # fmt: skip
"""Options that the suite has too, under the name `--casavi-check-…`."""

_SWITCHES = ("list", "allow_writes", "read_only", "tolerate_assumptions", "quiet", "brief", "quick")

_SECRETS = {
    "key": "CASAVI_API_KEY",
    "secret": "CASAVI_API_SECRET",
    "key2": "CASAVI_API_KEY_2",
    "secret2": "CASAVI_API_SECRET_2",
    "control_token": "CASAVI_MOCK_CONTROL_TOKEN",
}
"""Options that are secret, and the variables as which the suite takes them."""

_FILE = click.Path(dir_okay=False)
_FOLDER = click.Path(file_okay=False)


def _checks(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Returns names and subjects of checks that begin like what was typed, if the libraries for them are there."""
    try:
        names: list[str] = importlib.import_module(f"{SUITE}.tasks").names(("v1",))
    except ImportError:
        return []
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


def in_process_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options of the mock in process: how its jobs move on."""
    return added(command, *PROGRESS_OPTIONS)


@click.command(context_settings=CONTEXT)
@option("--url", envvar="CASAVI_URL", show_default=False, help="Server to judge.  [default: a mock, in process]")
@click.option("--app", metavar="MODULE:ATTRIBUTE", help="ASGI or WSGI application to judge, in process.")
@option("--key", envvar="CASAVI_API_KEY", show_default=False, help="API key; not needed for a mock.")
@option("--secret", envvar="CASAVI_API_SECRET", show_default=False, help="API secret.")
@option("--key2", envvar="CASAVI_API_KEY_2", show_default=False, help="API key of a second account.")
@option("--secret2", envvar="CASAVI_API_SECRET_2", show_default=False, help="Its secret.")
@option("--control-token", help="Secret that the mock's control plane wants.", show_default=False)
@profile_option
@click.option("--version", multiple=True, type=click.Choice(["v1", "v2"]), help="Version of the API.  [default: both]")
@click.option(
    "--only",
    multiple=True,
    metavar="CHECK",
    shell_complete=_checks,
    help="Judge this check alone; 'job-*' or a subject names several.",
)
@click.option("--list", is_flag=True, help="List the checks and end.")
@click.option("--seed", type=click.IntRange(0), help="Number from which all cases follow.  [default: a random one]")
@click.option("--max-examples", type=click.IntRange(1), help="Cases of each check.  [default: each check's own number]")
@click.option("--timeout", type=Number(0.05), help="Seconds to wait for an answer.  [default: 10]")
@click.option("--job-timeout", type=Number(0.1), help="Seconds within which a job has to end.  [default: 60]")
@in_process_options
@click.option("--quick", is_flag=True, help="No fuzzing, few cases, one version where both share the code.")
@click.option("--maxfail", type=click.IntRange(1), metavar="N", help="End the run after N failed checks.")
@click.option("--max-seconds", type=Number(0.1), help="End the run after this many seconds.")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing before the report.")
@click.option("--brief", is_flag=True, help="Report each cause in one line.")
@click.option("--checks", multiple=True, metavar="MODULE", help="Module with checks of your own, judged too.")
@click.option("--tolerate-assumptions", is_flag=True, help="A refuted assumption does not fail the run.")
@click.option("--allow-writes", is_flag=True, help="Write even if it is no mock; needs CASAVI_ALLOW_WRITES=1 as well.")
@click.option("--read-only", is_flag=True, help="Judge only what needs no record to be created.")
@budget_options
@click.option("--ledger", type=_FILE, help="Lists records before they are sent.  [default: casavi-check-ledger.jsonl]")
@click.option("--junit", type=_FILE, metavar="FILE", help="Write the results as JUnit XML.")
@click.option("--json", type=_FILE, metavar="FILE", help="Write the results as JSON.")
@click.option("--html", type=_FILE, metavar="FILE", help="Write the results as a page.")
@click.option("--calibrate", type=_FOLDER, metavar="DIR", help="Write what the run says about guesses, as a profile.")
@click.option("--replay", type=_FILE, metavar="FILE", help="Judge the case in this file again, and nothing else.")
@click.option(
    "--replay-dir",
    type=_FOLDER,
    help="Folder for such files; if named, those in it are judged first.  [default: casavi-check-replays]",
)
def check(profile: Mapping[str, Any] | None, **options: Any) -> None:
    """Judge a server by checks of the API; without --url a mock in this process.

    Exit code 0: every check passed; 1: one failed, was refuted or blocked; 2: nothing could be judged.
    A server that is no mock is only told about, unless --allow-writes and CASAVI_ALLOW_WRITES=1 agree to writes.

    \b
    Examples:
      casavi-mock check
      casavi-mock check --only 'job-*' --max-examples 50 --seed 7
      casavi-mock check --url http://127.0.0.1:4227 --junit check.xml --html check.html
      CASAVI_ALLOW_WRITES=1 casavi-mock check --url https://api.example.com --allow-writes --ledger ledger.jsonl
    """
    _check_progress(options)
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise ConfigurationError(f"checks need more libraries ({', '.join(missing)}): install casavi-mock[contracts]")
    import pytest

    found = importlib.util.find_spec(SUITE)
    assert found is not None
    assert found.submodule_search_locations is not None, "it is a package of this distribution"
    suite = found.submodule_search_locations[0]
    teller = Teller(profile, options)
    with _undisturbed():
        code = pytest.main(
            [*_PYTEST, f"--rootdir={suite}", f"--confcutdir={suite}", *_passed_on(options), suite], [teller]
        )
    if teller.unwritten is not None:
        raise teller.unwritten
    sys.exit(code if code in (0, 1) else 2)


def _check_progress(options: Mapping[str, Any]) -> None:
    """Refuses to say on the command line how jobs of a server at an address move on, which the server decides."""
    context = click.get_current_context()
    given = [name for name in asdict(Progress()) if context.get_parameter_source(name) is ParameterSource.COMMANDLINE]
    if options["url"] and given:
        flag = f"--{given[0].replace('_', '-')}"
        wait = "; --job-timeout says how long a job may take" if flag == "--job-seconds" else ""
        raise click.UsageError(f"{flag} is for the mock in process, and not for a server at an address{wait}.")


def _passed_on(options: Mapping[str, Any]) -> Iterator[str]:
    """Yields the options as the suite calls them."""
    for name in _PASSED_ON:
        if options[name] is not None:
            yield f"--casavi-check-{name.replace('_', '-')}={options[name]}"
    for name in ("version", "only", "checks"):
        yield from (f"--casavi-check-{name}={value}" for value in options[name])
    yield from (f"--casavi-check-{name.replace('_', '-')}" for name in _SWITCHES if options[name])


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Keeps away what belongs to the user's own tests, and the mock's log; SIGTERM ends a run as Ctrl-C does."""
    kept = {name: os.environ.pop(name) for name in ("PYTEST_ADDOPTS", "PYTEST_PLUGINS") if name in os.environ}
    log = logging.getLogger("casavi_mock")
    level = log.level
    log.setLevel(logging.CRITICAL)
    handler = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, handler)
        log.setLevel(level)
        os.environ.update(kept)


class Teller:
    """Tells the suite what cannot be told on a command line, as a plugin of pytest.

    Args:
        profile: The parsed profile, None if none was given.
        options: Of the command line.
    """

    def __init__(self, profile: Mapping[str, Any] | None, options: Mapping[str, Any]) -> None:
        self._options = options
        self._assumptions = _assumptions(options["replay"]) if profile is None else profile.get("assumptions", {})
        self._files = {name: content for name, content in (profile or {}).items() if name in FILES}
        self._mock = None if options["url"] or options["app"] else self._started()
        self.unwritten: OSError | None = None
        """Why standard output could not be written, if it could not."""

    def pytest_internalerror(self, excinfo: Any) -> bool | None:
        """Keeps what is printed about an error that is none of the suite's: the report cannot be written."""
        if not isinstance(excinfo.value, OSError) or excinfo.value.errno == errno.EPIPE:
            return None
        self.unwritten = excinfo.value
        return True

    def pytest_casavi_given(self) -> Mapping[str, Any]:
        """Returns the application, the secrets, the profile, and how a case is judged again."""
        told: dict[str, Any] = {
            "variables": {name: self._options[key] or "" for key, name in _SECRETS.items()},
            "profile": self._assumptions,
            **self._files,
            "command": shlex.join(self._command()),
        }
        if self._mock is not None:
            told["application"] = self._mock
        return told

    def _started(self) -> Any:
        """Returns the mock that is judged if there is no other server."""
        from casavi_contracts.spec import ProfileError
        from casavi_mock.accounts import Settings
        from casavi_mock.server.app import MockApp, new_registry

        try:
            settings = Settings.from_profile(self._assumptions, **self._files, progress=progress_of(self._options))
        except ProfileError as error:
            raise ConfigurationError(str(error)) from error
        registry = new_registry(settings)
        registry.create(*credentials(None, None))  # the first account can never be closed; checks get their own
        return MockApp(registry)

    def _command(self) -> Iterator[str]:
        yield from ("casavi-mock", "check")
        if self._options["url"] or self._options["app"]:
            yield from ("--url", self._options["url"]) if self._options["url"] else ("--app", self._options["app"])
        else:
            usual = Progress()
            for name, value in asdict(progress_of(self._options)).items():
                if value != getattr(usual, name):
                    yield from (f"--{name.replace('_', '-')}", f"{value}")
        if self._options["allow_writes"]:
            yield "--allow-writes"
        yield "--replay"


def _assumptions(replay: str | None) -> Mapping[str, Any]:
    """Returns the profile with which a case was found; the suite says if the file is none of its own."""
    try:
        found = json.loads(Path(replay).read_bytes())["profile"] if replay else {}
    except (OSError, ValueError, LookupError, TypeError):
        return {}
    return found if isinstance(found, dict) else {}
