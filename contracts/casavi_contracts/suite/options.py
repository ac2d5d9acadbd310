"""Options of the suite for pytest. Every pytest run of a project that has it installed loads this, so it is light.

An option that is not given is taken from the environment. Secrets come from the environment alone, or from the hook
`pytest_casavi_variables`: a command line can be seen by everybody on the machine.
"""

from typing import Any, NamedTuple

import pytest

PREFIX = "--casavi-check-"

MANY = "append"
SWITCH = "store_true"


class Option(NamedTuple):
    """One setting of the suite."""

    name: str
    """Behind `--casavi-check-`."""
    help: str
    variable: str = ""
    """Name of the environment variable, if there is one."""
    action: str = "store"
    metavar: str | None = None

    @property
    def flag(self) -> str:
        """As it is given on the command line."""
        return PREFIX + self.name

    @property
    def dest(self) -> str:
        """As pytest stores it."""
        return f"casavi_check_{self.name.replace('-', '_')}"


OPTIONS = (
    Option("url", "Address of the server to judge.", "CASAVI_URL", metavar="URL"),
    Option("app", "ASGI or WSGI application to judge in this process.", metavar="MODULE:ATTRIBUTE"),
    Option("version", "Version of the API, v1 or v2; both if not given.", action=MANY, metavar="VERSION"),
    Option("profile", "TOML file whose table [assumptions] overrides guesses about casavi.", metavar="FILE"),
    Option("only", "Judge this check alone; 'job-*' or a subject names several.", action=MANY, metavar="CHECK"),
    Option("list", "List the checks, and judge nothing.", action=SWITCH),
    Option("seed", "Number from which all cases follow; a random one if not given.", metavar="N"),
    Option("max-examples", "Cases of each check that varies something; its own number if not given.", metavar="N"),
    Option("timeout", "Seconds to wait for an answer; 10 if not given.", metavar="SECONDS"),
    Option("job-timeout", "Seconds within which a job has to end; 60 if not given.", metavar="SECONDS"),
    Option("allow-writes", "Write to a server that is no mock; needs CASAVI_ALLOW_WRITES=1 as well.", action=SWITCH),
    Option("read-only", "Judge only what needs no record to be created.", action=SWITCH),
    Option("budget-requests", "Send at most so many requests.", metavar="N"),
    Option("budget-writes", "Send at most so many imports.", metavar="N"),
    Option("budget-records", "Send at most so many records.", metavar="N"),
    Option("rate", "Send at most so many requests in a second.", metavar="N"),
    Option("ledger", "File that lists every record before it is sent.", metavar="FILE"),
    Option("maxfail", "End the run when so many checks have failed.", metavar="N"),
    Option("max-seconds", "End the run after so many seconds.", metavar="SECONDS"),
    Option("quiet", "Say nothing before the report.", action=SWITCH),
    Option("brief", "Report each cause in one line.", action=SWITCH),
    Option("quick", "No fuzzing, few cases, one version where both share the code.", action=SWITCH),
    Option("checks", "Module with checks of your own, judged beside the others.", action=MANY, metavar="MODULE"),
    Option("tolerate-assumptions", "A refuted assumption does not fail the run.", action=SWITCH),
    Option("junit", "Write the results as JUnit XML.", metavar="FILE"),
    Option("json", "Write the results as JSON.", metavar="FILE"),
    Option("html", "Write the results as a page.", metavar="FILE"),
    Option("calibrate", "Write what the run says about guesses into this folder, as a profile.", metavar="DIR"),
    Option("replay", "Judge the case in this file again, and nothing else.", metavar="FILE"),
    Option("replay-dir", "Folder for such files; if named, those in it are judged first.", metavar="DIR"),
)  # fmt: skip


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declares the options."""
    group = parser.getgroup("casavi-check", "casavi: judge a server by checks of the API (casavi_contracts.suite)")
    for option in OPTIONS:
        told = f"{option.help} [env: {option.variable}]" if option.variable else option.help
        more: dict[str, Any] = {} if option.action == SWITCH else {"metavar": option.metavar}
        group.addoption(option.flag, dest=option.dest, action=option.action, default=None, help=told, **more)


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Declares the hook by which a plugin or a `conftest.py` tells what cannot be told on a command line."""
    from casavi_contracts.suite import hooks

    pluginmanager.add_hookspecs(hooks)
