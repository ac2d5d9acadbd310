"""Fixtures and hooks. What is heavy is imported when a test asks for an account."""

from collections.abc import Collection, Generator, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

import casavi_mock.system  # noqa: F401  # binds what tests may replace later
from pytest_casavi import marks, options
from pytest_casavi.config import CasaviConfig
from pytest_casavi.errors import CasaviError, end_in_the_test
from pytest_casavi.secret_text import SecretText

if TYPE_CHECKING:
    import httpx

    from pytest_casavi.factory import MakeCasavi, Opened, Pool
    from pytest_casavi.handle.account import Casavi
    from pytest_casavi.mutants.repeating import Repeating
    from pytest_casavi.session import CasaviServer

_CONFIG = pytest.StashKey[CasaviConfig]()
_POOL = pytest.StashKey["Pool"]()
_OPENED = pytest.StashKey[list["Opened"]]()
_REPEATING: "pytest.StashKey[Repeating]" = pytest.StashKey()


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Declares the hooks that a project may implement."""
    from pytest_casavi import hooks

    pluginmanager.add_hookspecs(hooks)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declares the options."""
    options.add(parser)


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config, parser: pytest.Parser, args: list[str]) -> None:
    """Lets an option without a value take none of the arguments behind it."""
    options.complete(early_config, parser, args)


def pytest_cmdline_main(config: pytest.Config) -> int | None:
    """Lists the mutants if that is asked for."""
    if config.option.casavi_mutants != "list":
        return None
    from pytest_casavi.mutants.running import listing

    print(listing(config))  # noqa: T201  # it is what was asked for
    return 0


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Declares the markers, and refuses options that are impossible."""
    config.addinivalue_line("markers", marks.HELP)
    config.addinivalue_line("markers", marks.HELP_EVERYWHERE)
    config.stash[_CONFIG] = options.config_of(config)
    if config.option.casavi_mutants is not None and not config.option.collectonly:
        from pytest_casavi.mutants.running import configure

        configure(config, config.stash[_CONFIG].backend, _used_by)
        if config.option.casavi_mutants_plan is not None:  # what fails there is no failure of the user's run
            config.stash[_CONFIG] = replace(config.stash[_CONFIG], report_dir=None)


def _used_by(item: pytest.Item) -> Collection["Opened"]:
    """Returns the accounts that a test has used."""
    pool = item.config.stash.get(_POOL, None)
    return [*item.stash.get(_OPENED, ()), *(pool.touched if pool is not None else ())]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Refuses markers that are impossible before any test runs; a worker of xdist does it test by test."""
    if hasattr(config, "workerinput"):  # it could not tell why it ends
        return
    for item in items:
        if "casavi" in item.keywords:
            marks.read(item.iter_markers("casavi"), item.nodeid)
        if (mark := item.get_closest_marker(marks.EVERYWHERE)) is not None:
            from pytest_casavi.mutants.repeating import Repeating

            Repeating(mark, item.nodeid)


@pytest.fixture(scope="session")
def casavi_config(pytestconfig: pytest.Config) -> CasaviConfig:
    """How the mock behaves; override it to change a default for a project, a folder or a module."""
    return pytestconfig.stash[_CONFIG]


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> None:
    """Starts the mock before any test can replace what it needs: time, files, sockets, randomness."""
    if session.config.option.collectonly or session.testsfailed:
        return
    if any(name.startswith("casavi") or name == "make_casavi" for item in session.items for name in _fixtures(item)):
        with suppress(Exception):  # the first test that asks for it meets the same trouble, and tells of it
            from pytest_casavi.preparing import prepare

            prepare(_pool_of(session.config), session.config.stash[_CONFIG])


def _fixtures(item: pytest.Item) -> Collection[str]:
    return getattr(item, "fixturenames", ())


def _pool_of(config: pytest.Config) -> "Pool":
    pool = config.stash.get(_POOL, None)
    if pool is None:
        from pytest_casavi.factory import Pool
        from pytest_casavi.scrub import WaysOut

        pool = config.stash[_POOL] = Pool()
        # Accounts of a wider scope end when the next test begins, at another mutant.
        pool.judging = config.option.casavi_mutants_plan is None
        config.pluginmanager.register(WaysOut(config), "casavi-ways-out")
        config.add_cleanup(pool.close)
    return pool


@pytest.fixture(scope="session")
def _casavi_pool(pytestconfig: pytest.Config) -> "Pool":
    """The servers of the session. They outlive all fixtures, for the report of one that fails at its end."""
    return _pool_of(pytestconfig)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None, object, object]:
    """Ends the servers, after all fixtures. Those that end now have no test left to which a violation could be told."""
    pool = session.config.stash.get(_POOL, None)
    if pool is not None:
        pool.judging = False
    try:
        return (yield)
    finally:
        if pool is not None:
            pool.close()


@pytest.fixture
def make_casavi(request: pytest.FixtureRequest, casavi_config: CasaviConfig) -> "MakeCasavi":
    """Opens further casavi accounts for this test; takes load, allow, progress, freeze."""
    return _maker(request, casavi_config)


def _maker(request: pytest.FixtureRequest, casavi_config: CasaviConfig) -> "MakeCasavi":
    """Returns what opens accounts for a test; no fixture, since each of those takes as long as to open an account."""
    from pytest_casavi.factory import open_casavi

    pool = _pool_of(request.config)
    marked = _marks_of(request.node)
    opened = request.node.stash.setdefault(_OPENED, [])

    def make(**given: Any) -> "Casavi":
        said = {name: value for name, value in given.items() if value is not None}
        if "allow" in said:
            said["allow"] = marks.names_of_rules(said["allow"], "make_casavi(allow=…)")
        account = open_casavi(pool.backend(casavi_config), casavi_config, replace(marked, **said))
        opened.append(account)
        if (repeating := request.node.stash.get(_REPEATING, None)) is not None:
            repeating.opened(account.account.steering)
        return account.casavi

    return make


def _marks_of(item: pytest.Item) -> marks.Marks:
    try:
        return marks.read(item.iter_markers("casavi"), item.nodeid)
    except pytest.UsageError as error:
        pytest.fail(str(error), pytrace=False)


@pytest.fixture
def casavi(request: pytest.FixtureRequest, casavi_config: CasaviConfig) -> "Casavi":
    """A fresh casavi account for this test: address, credentials, and all that a test may ask of the mock."""
    return _maker(request, casavi_config)()


@pytest.fixture(scope="session")
def casavi_server(request: pytest.FixtureRequest, casavi_config: CasaviConfig, _casavi_pool: "Pool") -> "CasaviServer":
    """The mock that runs for this session; its account(…) is for fixtures with a wider scope than a test."""
    from pytest_casavi.session import CasaviServer

    if request.config.option.casavi_mutants_plan is not None:
        request.getfixturevalue("_casavi_mutant")  # fixtures of a wider scope are set up anew for another one

    return CasaviServer(_casavi_pool, casavi_config)


@pytest.fixture
def casavi_client(casavi: "Casavi") -> "Iterator[httpx.Client]":
    """An httpx client of the account of this test, with its address and a token."""
    with casavi.client() as client:
        yield client


def pytest_assertrepr_compare(op: str, left: object, right: object) -> list[str] | None:
    """Explains a comparison with a secret without showing it, nor what it was compared with."""
    if not (isinstance(left, SecretText) or isinstance(right, SecretText)):
        return None
    return [f"a secret {op} another value", "Neither is shown."]


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Judges the client when its test has passed; a violation is a failure of that test."""
    try:
        result = yield
    except (CasaviError, AssertionError, TypeError) as error:
        end_in_the_test(error)
        raise
    if accounts := item.stash.get(_OPENED, None):
        from pytest_casavi.judging import judge

        judge(item, accounts)
    return result  # so do wrappers of hooks


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, object, object]:
    """Tells what is wrong with a use of the fixtures without their insides."""
    if (pool := item.config.stash.get(_POOL, None)) is not None:
        pool.begin_test()
    try:
        return (yield)
    except CasaviError as error:
        if end_in_the_test(error):
            raise
        raise pytest.fail.Exception(f"{type(error).__name__}: {error}", pytrace=False) from None


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    """Runs a test that is marked for it with every fault at every call."""
    if item.get_closest_marker(marks.EVERYWHERE) is None or not {"casavi", "make_casavi"} & {*_fixtures(item)}:
        return None
    if item.config.option.casavi_mutants is not None:  # a fault beside a mutant would tell nothing of either
        return None
    from pytest_casavi.mutants.repeating import repeat

    return repeat(item, nextitem, _REPEATING)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: "pytest.CallInfo[None]"
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Adds the journal to the report of a failed test; closes the accounts of a test at its end."""
    report = yield
    if (pool := item.config.stash.get(_POOL, None)) is None:
        return report
    accounts = item.stash.get(_OPENED, [])
    wide = [*pool.guilty, *(pool.touched if report.failed else ())]
    if accounts or wide:
        from pytest_casavi.judging import shorten
        from pytest_casavi.report import close, complete

        repeating = item.stash.get(_REPEATING, None)
        if repeating is not None and (call.when == "call" or call.excinfo is not None):
            repeating.ended(call.excinfo and call.excinfo.value)
        if report.failed:
            shorten(report, call.excinfo and call.excinfo.value)
            complete(report, accounts, wide)
        if call.when == "teardown":
            close(report, accounts)
            if _OPENED in item.stash:
                del item.stash[_OPENED]
        close(report, pool.guilty)
        pool.guilty.clear()
    from pytest_casavi.scrub import scrub_report

    scrub_report(report)
    return report
