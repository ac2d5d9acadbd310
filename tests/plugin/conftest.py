"""A user's project, in which pytest runs with the plugin; and accounts of every backend for the tests of the handle."""

import dataclasses
import importlib
from collections.abc import Iterator

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

SETTINGS = """
[pytest]
addopts = -p no:schemathesis -p no:hypothesispytest -p no:faker -p no:randomly -p no:cacheprovider
filterwarnings = error
asyncio_default_fixture_loop_scope = function
"""
"""What a strict project has; the order of tests stays, so that their results can be told apart."""


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


@pytest.fixture(scope="module")
def running_mock() -> Iterator[Live]:
    """A mock at an address, with a control plane that wants a token."""
    with Mock(accounts=1, now=system_now, control_token=Secret(CONTROL_TOKEN)).listening() as live:
        yield live


@pytest.fixture(scope="module")
def open_mock() -> Iterator[Live]:
    """A mock at an address as it is started without options."""
    with Mock(accounts=1, now=system_now).listening() as live:
        yield live


@pytest.fixture(scope="module")
def uncontrolled_mock() -> Iterator[Live]:
    """A mock at an address that cannot be steered, as casavi itself."""
    with Mock(accounts=1, now=system_now, control=False).listening() as live:
        yield live


@pytest.fixture(scope="module", params=BACKENDS)
def every_backend(request: pytest.FixtureRequest, running_mock: Live) -> CasaviConfig:
    """A configuration for each backend, to be used as `casavi_config`."""
    if request.param != "url":
        return CasaviConfig(backend=request.param)
    config = CasaviConfig(backend="url", url=running_mock.url)
    return dataclasses.replace(config, control_token=SecretText(CONTROL_TOKEN))
