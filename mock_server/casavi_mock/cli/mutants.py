"""`casavi-mock mutants`: runs the tests of a client at vendors that are wrong on purpose."""

import importlib.util
import os
import shlex
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import click

from casavi_mock.cli.options import CONTEXT, Number
from casavi_mock.errors import ConfigurationError

_FILE = click.Path(dir_okay=False)
_OPTION = "--casavi-mutants"


@click.command(context_settings={**CONTEXT, "ignore_unknown_options": True})
@click.option(
    "--only",
    metavar="NAMES",
    default="all",
    show_default=False,
    help="These mutants alone, with commas; 'job-*' names several.",
)
@click.option("--list", is_flag=True, help="List the mutants and end.")
@click.option("--seconds", type=Number(0.1), help="Seconds that a test at a mutant may take.  [default: 10]")
@click.option("--json", type=_FILE, metavar="FILE", help="Write what was found as JSON.")
@click.option("--junit", type=_FILE, metavar="FILE", help="Write what was found as JUnit XML.")
@click.option(
    "--fail-on", type=click.Choice(["unnoticed", "never"]), help="Fail if a mutant is unnoticed.  [default: never]"
)
@click.option("--resume", is_flag=True, help="Go on where a run was interrupted.")
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
def mutants(command: Sequence[str], **options: Any) -> None:
    """Run a client's tests at vendors that are wrong on purpose, and say what they do not notice.

    COMMAND is what runs the tests: pytest with its arguments, or anything that starts it. Its exit code is the exit
    code.

    \b
    Examples:
      casavi-mock mutants -- pytest tests
      casavi-mock mutants --only 'job-*' --json mutants.json -- pytest -n 4
      casavi-mock mutants --list
    """
    if importlib.util.find_spec("pytest") is None:
        raise ConfigurationError("the tests of a client need pytest: install pytest")
    given = [f"{_OPTION}={'list' if options['list'] else options['only']}"]
    said = {name.replace("_", "-"): options[name] for name in ("seconds", "json", "junit", "fail_on")}
    given += [f"{_OPTION}-{name}={value}" for name, value in said.items() if value is not None]
    if options["resume"]:
        given.append(f"{_OPTION}-resume")
    run = [sys.executable, "-m", *command] if command[:1] == ("pytest",) else list(command)
    run = run or [sys.executable, "-m", "pytest"]
    before = os.environ.get("PYTEST_ADDOPTS", "")
    variables = {**os.environ, "PYTEST_ADDOPTS": f"{before} {shlex.join(given)}".strip()}
    try:
        code = subprocess.run(run, env=variables, check=False).returncode  # noqa: S603  # the user's own command
    except OSError as error:
        raise ConfigurationError(f"{run[0]} cannot be started: {error.strerror}") from error
    sys.exit(code)
