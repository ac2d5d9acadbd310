"""A user's project, in which pytest runs with the plugin."""

import pytest

import casavi_mock.web.app  # noqa: F401  # loaded once, not anew for each project that runs in this process

SETTINGS = """
[pytest]
addopts = -p no:schemathesis -p no:randomly -p no:cacheprovider
filterwarnings = error
asyncio_default_fixture_loop_scope = function
"""
"""What a strict project has; the order of tests stays, so that their results can be told apart."""


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """An empty project, without what the environment says about casavi."""
    for name in ("BACKEND", "URL", "REPORT_DIR", "ALLOW", "FAIL_ON", "API_KEY", "API_SECRET", "MOCK_CONTROL_TOKEN"):
        monkeypatch.delenv(f"CASAVI_{name}", raising=False)
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    pytester.makeini(SETTINGS)
    return pytester
