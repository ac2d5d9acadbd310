"""A user's project, in which pytest runs with the plugin; and accounts of every backend for the tests of the handle."""

import contextlib
import dataclasses
import importlib

import pytest

from casavi_mock.domain.model import Secret
from casavi_mock.server.app import system_now
from pytest_casavi import CasaviConfig
from pytest_casavi.config import BACKENDS
from pytest_casavi.secret_text import SecretText
from tests.support.server import CONTROL_TOKEN, Live, Mock

# A session in this process forgets what it has loaded when it ends, so that the next one would load it anew: that takes
# longer than most sessions, and httpx keeps errors of the httpcore that it has met first.
for _name in (
    "anyio._backends._asyncio", "casavi_fixtures", "casavi_mock.control.app", "casavi_mock.journal.har", "httpcore",
    "pytest_casavi.backends.choice", "pytest_casavi.backends.remote", "pytest_casavi.backends.server",
    "pytest_casavi.factory", "pytest_casavi.judging", "pytest_casavi.report", "pytest_casavi.scrub",
    "uvicorn.lifespan.on", "uvicorn.loops.auto", "uvicorn.loops.uvloop",
):  # fmt: skip
    importlib.import_module(_name)

# Plugins are named and not looked for: the search in each of hundreds of sessions took a third of their time. The
# tests of the pages find the plugin by its entry point, as those of a user do.
SETTINGS = """
[pytest]
addopts = --disable-plugin-autoload -p casavi -p asyncio -p anyio -p no:cacheprovider
filterwarnings =
  error
  ignore:Module already imported so cannot be rewritten
asyncio_default_fixture_loop_scope = function
"""
"""What a strict project has, with the plugins of users alone.

They are imported already when a session starts in this process, and pytest warns of that.
"""


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Takes away what the environment says about casavi, and to other runs of pytest."""
    for name in ("BACKEND", "URL", "REPORT_DIR", "ALLOW", "FAIL_ON", "API_KEY", "API_SECRET", "MOCK_CONTROL_TOKEN"):
        monkeypatch.delenv(f"CASAVI_{name}", raising=False)
    for name in ("PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER", "PYTEST_XDIST_WORKER_COUNT", "PYTEST_XDIST_TESTRUNUID"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def strict_settings() -> str:
    """The settings of a strict project."""
    return SETTINGS


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    """An empty project with strict settings."""
    pytester.makeini(SETTINGS)
    return pytester


def _kept(config: pytest.Config, mock: Mock) -> Live:
    """Returns a mock at an address that ends with this session: accounts are closed after all fixtures of a test."""
    running = contextlib.ExitStack()
    config.add_cleanup(running.close)
    return running.enter_context(mock.listening())


@pytest.fixture(scope="session")
def running_mock(pytestconfig: pytest.Config) -> Live:
    """A mock at an address, with a control plane that wants a token."""
    return _kept(pytestconfig, Mock(accounts=1, now=system_now, control_token=Secret(CONTROL_TOKEN)))


@pytest.fixture(scope="session")
def open_mock(pytestconfig: pytest.Config) -> Live:
    """A mock at an address as it is started without options."""
    return _kept(pytestconfig, Mock(accounts=1, now=system_now))


@pytest.fixture(scope="session")
def uncontrolled_mock(pytestconfig: pytest.Config) -> Live:
    """A mock at an address that cannot be steered, as casavi itself."""
    return _kept(pytestconfig, Mock(accounts=1, now=system_now, control=False))


@pytest.fixture(scope="module", params=BACKENDS)
def every_backend(request: pytest.FixtureRequest, running_mock: Live) -> CasaviConfig:
    """A configuration for each backend, to be used as `casavi_config`."""
    if request.param != "url":
        return CasaviConfig(backend=request.param)
    config = CasaviConfig(backend="url", url=running_mock.url)
    return dataclasses.replace(config, control_token=SecretText(CONTROL_TOKEN))
