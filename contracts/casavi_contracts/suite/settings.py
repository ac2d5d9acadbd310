"""What a run was asked to do: read from options, environment and hooks, and judged before anything is sent."""

import os
import secrets
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from casavi_contracts.contract import VERSIONS
from casavi_contracts.failures import CouldNotRun
from casavi_contracts.http.target import Credentials
from casavi_contracts.spec import FILES, ProfileError, read_files
from casavi_contracts.suite.loading import application_at
from casavi_contracts.suite.options import OPTIONS, Option

CONSENT = "CASAVI_ALLOW_WRITES"
"""The variable that has to be 1 before anything is created at a server that is no mock."""

ACCOUNT_REQUESTS = 5_000
ACCOUNT_WRITES = 1_000
ACCOUNT_RECORDS = 8_000
"""What a run sends at most to a server that is no mock, unless it is told otherwise."""

ACCOUNT_RATE = 10.0
"""Requests in a second to a server that is no mock, unless it is told otherwise."""

ACCOUNT_EXAMPLES = 1
"""Cases of each check there, unless it is told otherwise."""

NAMED_EXAMPLES = 2
"""Cases of each check at accounts of a mock that were named, unless it is told otherwise: they grow with each."""

QUICK_EXAMPLES = 2
"""Cases of each check in a quick run."""

MAX_SEED = 2**32 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One run of the suite."""

    url: str | None
    application: Any = field(repr=False)
    """An ASGI application in place of an address."""
    credentials: tuple[Credentials, ...]
    control_token: str | None = field(repr=False)
    versions: tuple[str, ...]
    profile: Mapping[str, Any]
    """Values of assumptions by name."""
    overlay: Mapping[str, Any] | None = None
    evidence: Mapping[str, Any] | None = None
    only: tuple[str, ...]
    listing: bool
    """Whether the checks are only listed."""
    seed: int
    max_examples: int | None
    timeout: float
    """Seconds to wait for an answer."""
    job_timeout: float
    allow_writes: bool
    consent: bool
    """Whether the environment agrees to writes."""
    read_only: bool
    budget_requests: int | None
    budget_writes: int | None
    budget_records: int | None
    """None for as many as it takes."""
    rate: float | None
    """Requests in a second; None for as fast as they are answered."""
    ledger: Path
    folder: Path
    """Where the command was given."""
    maxfail: int | None = None
    max_seconds: float | None = None
    quiet: bool = False
    brief: bool = False
    quick: bool = False
    checks: tuple[str, ...] = ()
    """Modules with checks of the user's own."""
    app: str = ""
    """Where the application is that was given in place of an address."""
    tolerate: bool
    junit: Path | None
    json: Path | None
    html: Path | None
    replay: Path | None
    replay_dir: Path
    """Where cases are written that break something."""
    corpus: Path | None = None
    """The same if it was named: then the cases in it are judged first."""
    calibrate: Path | None = None
    """Where to write what the run says about assumptions."""
    command: str
    """With which the run was started, without secrets."""

    def for_account(self) -> "Settings":
        """Returns the settings for a server that is no mock: what was not limited gets a limit."""
        return replace(
            self,
            budget_requests=self.budget_requests or ACCOUNT_REQUESTS,
            budget_writes=ACCOUNT_WRITES if self.budget_writes is None else self.budget_writes,
            budget_records=ACCOUNT_RECORDS if self.budget_records is None else self.budget_records,
            rate=self.rate or ACCOUNT_RATE,
            max_examples=self.max_examples or ACCOUNT_EXAMPLES,
        )


def for_mock(settings: Settings) -> Settings:
    """Returns the settings for a mock: accounts that were named are judged with fewer cases than such that are made."""
    if not settings.credentials:
        return settings
    return replace(settings, max_examples=settings.max_examples or NAMED_EXAMPLES)


class Given:
    """Options of the command line, variables of the environment, and what a hook says in place of them.

    Args:
        config: Of the pytest run.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._options = {option.name: option for option in OPTIONS}
        hook = getattr(config.hook, "pytest_casavi_given", None)  # none if the options were not loaded
        self.told: Mapping[str, Any] = (hook(config=config) if hook else None) or {}
        self._variables = {**os.environ, **self.told.get("variables", {})}

    def variable(self, name: str) -> str | None:
        """Returns a variable; an empty one counts as none."""
        return self._variables.get(name) or None

    def text(self, name: str) -> str | None:
        """Returns the value of an option, else of its variable."""
        option = self._options[name]
        value = self._config.getoption(option.dest, None)
        return value or (self.variable(option.variable) if option.variable else None)

    def many(self, name: str) -> tuple[str, ...]:
        """Returns the values of an option that may be given several times."""
        return tuple(self._config.getoption(self._options[name].dest, None) or ())

    def switch(self, name: str) -> bool:
        """Whether a switch is on."""
        return bool(self._config.getoption(self._options[name].dest, None))

    def number(self, name: str, *, least: float = 0, most: float = float("inf")) -> float | None:
        """Returns a number.

        Raises:
            CouldNotRun: It is none, or too small or too large.
        """
        text = self.text(name)
        if text is None:
            return None
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not least <= value <= most:
            limit = f"from {least:g} to {most:g}" if most < float("inf") else f"from {least:g}"
            raise CouldNotRun(f"{self._flag(name)}: {text!r} is no number {limit}")
        return value

    def whole(self, name: str, *, least: int = 0, most: float = float("inf")) -> int | None:
        """Returns a whole number.

        Raises:
            CouldNotRun: It is none, or too small or too large.
        """
        value = self.number(name, least=least, most=most)
        if value is None:
            return None
        if value != int(value):
            raise CouldNotRun(f"{self._flag(name)}: {self.text(name)!r} is no whole number")
        return int(value)

    def path(self, name: str) -> Path | None:
        """Returns a file or folder, seen from where the command was given."""
        text = self.text(name)
        return self._config.invocation_params.dir / text if text else None

    def _flag(self, name: str) -> str:
        option: Option = self._options[name]
        return option.flag


def read(config: pytest.Config) -> Settings:
    """Returns the settings of a run.

    Raises:
        CouldNotRun: One of them is impossible.
    """
    given = Given(config)
    folder, app = config.invocation_params.dir, given.text("app") or ""
    application = application_at(app, folder) if app else given.told.get("application")
    url = given.text("url") if application is None else None
    seed = given.whole("seed", most=MAX_SEED)
    return Settings(
        url=_address(url) if url else None,
        application=application,
        credentials=_credentials(given),
        control_token=given.variable("CASAVI_MOCK_CONTROL_TOKEN"),
        versions=_versions(given.many("version")),
        **_profile(given),
        only=given.many("only"),
        listing=given.switch("list"),
        seed=secrets.randbelow(1_000_000) if seed is None else seed,
        max_examples=_depth(given),
        timeout=given.number("timeout", least=0.05, most=3600) or 10.0,
        job_timeout=given.number("job-timeout", least=0.1, most=86_400) or 60.0,
        allow_writes=given.switch("allow-writes"),
        consent=given.variable(CONSENT) == "1",
        read_only=given.switch("read-only"),
        budget_requests=given.whole("budget-requests", least=1),
        budget_writes=given.whole("budget-writes"),
        budget_records=given.whole("budget-records"),
        rate=given.number("rate", least=0.01, most=100_000),
        ledger=given.path("ledger") or folder / "casavi-check-ledger.jsonl",
        folder=folder,
        maxfail=given.whole("maxfail", least=1),
        max_seconds=given.number("max-seconds", least=0.1),
        quiet=given.switch("quiet"),
        brief=given.switch("brief"),
        quick=given.switch("quick"),
        checks=given.many("checks"),
        app=app,
        tolerate=given.switch("tolerate-assumptions"),
        junit=given.path("junit"),
        json=given.path("json"),
        html=given.path("html"),
        replay=given.path("replay"),
        replay_dir=given.path("replay-dir") or folder / "casavi-check-replays",
        corpus=given.path("replay-dir"),
        calibrate=given.path("calibrate"),
        command=given.told.get("command") or _command(config, url),
    )


def _depth(given: Given) -> int | None:
    deep = given.whole("max-examples", least=1, most=100_000)
    return QUICK_EXAMPLES if deep is None and given.switch("quick") else deep


def _address(url: str) -> str:
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # such as a port that is no number
        good = False
        parts = urlsplit("")
    if good and parts.username is not None:
        raise CouldNotRun("the address holds a user name; give key and secret by CASAVI_API_KEY and CASAVI_API_SECRET")
    if not good or parts.query or parts.fragment:
        raise CouldNotRun(f"{url!r} is no address of an API; give one such as http://127.0.0.1:4227")
    return url.rstrip("/")


def _credentials(given: Given) -> tuple[Credentials, ...]:
    accounts = []
    for end in ("", "_2"):
        key, secret = given.variable(f"CASAVI_API_KEY{end}"), given.variable(f"CASAVI_API_SECRET{end}")
        if bool(key) != bool(secret):
            missing = f"CASAVI_API_SECRET{end}" if key else f"CASAVI_API_KEY{end}"
            raise CouldNotRun(f"{missing} is missing; give both key and secret of an account, or neither")
        if key and secret:
            accounts.append(Credentials(key, secret))
        elif accounts == [] and end == "" and given.variable("CASAVI_API_KEY_2"):
            raise CouldNotRun("the first account is missing; give CASAVI_API_KEY and CASAVI_API_SECRET too")
    if len(accounts) == 2 and accounts[0].key == accounts[1].key:
        raise CouldNotRun("both accounts have the same key; checks about two accounts need two")
    return tuple(accounts)


def _versions(asked: tuple[str, ...]) -> tuple[str, ...]:
    for version in asked:
        if version not in VERSIONS:
            raise CouldNotRun(f"there is no version {version!r}; possible are {' and '.join(VERSIONS)}")
    return tuple(version for version in VERSIONS if not asked or version in asked)


def _command(config: pytest.Config, url: str | None) -> str:
    address = f" --casavi-check-url {url}" if url else ""
    return f"pytest --pyargs casavi_contracts.suite{address} --casavi-check-replay"


def _profile(given: Given) -> dict[str, Any]:
    """Returns the settings that a profile gives: values of assumptions, overlay and evidence."""
    if "profile" in given.told:
        return {name: given.told[name] for name in ("profile", *FILES) if name in given.told}
    path = given.path("profile")
    if path is None:
        return {"profile": {}}
    try:
        profile = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CouldNotRun(f"{path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CouldNotRun(f"{path}: not valid TOML: {error}") from error
    known = ("assumptions", *FILES, "server")
    unknown = sorted(profile.keys() - set(known))
    if unknown:
        tables = ", ".join(f"[{name}]" for name in known)
        raise CouldNotRun(f"{path}: unknown table [{unknown[0]}]; possible are {tables}")
    try:
        return {"profile": profile.get("assumptions", {}), **read_files(path, profile)}
    except ProfileError as error:
        raise CouldNotRun(str(error)) from error
