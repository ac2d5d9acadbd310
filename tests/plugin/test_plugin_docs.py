"""Every block of code on the pages of the plugin does what it says."""

import re
import shlex
import tomllib

import pytest

from casavi_mock.domain.violations import RULES
from tests.support.pages import read

PAGE = read("how-to/pytest", "how-to/pytest-setups", "how-to/violations", "reference/pytest")
BLOCKS = re.findall(r"(?ms)^```(\w+)\n(.*?)^```", PAGE)
PYTHON = [code for language, code in BLOCKS if language == "python"]
SHELL = [line.partition("#")[0].strip() for language, code in BLOCKS if language == "sh" for line in code.splitlines()]
DOCKER = "docker compose up -d"
"""The only line that starts something else than pytest; the tests have a mock at an address without it."""


def files() -> dict[str, str]:
    """The blocks of Python by the name in their first line."""
    return {code.partition("\n")[0].removeprefix("# ").removesuffix(".py"): code for code in PYTHON}


@pytest.fixture
def written(project: pytest.Pytester) -> pytest.Pytester:
    """A project with all files of the page."""
    project.makepyfile(**files())
    return project


def test_every_block_is_known() -> None:
    assert {language for language, _ in BLOCKS} == {"python", "sh", "toml", "text"}
    assert len(files()) == len(PYTHON)
    assert [line for line in SHELL if not line.startswith("pytest") and line != DOCKER] == []


def test_the_tests_of_the_page_pass(written: pytest.Pytester) -> None:
    outcome = written.runpytest_inprocess()
    tests = sum(len(re.findall(r"(?m)^(?:async )?def test_", code)) for code in PYTHON)
    outcome.assert_outcomes(passed=tests)


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(line, marks=pytest.mark.slow) if " -n " in line else line
        for line in sorted({line for line in SHELL if line.startswith("pytest")})
    ],
)
def test_the_commands_of_the_page_work(
    written: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest, command: str
) -> None:
    for path in written.path.glob("test_*.py"):
        if path.name not in (*shlex.split(command), "test_first.py"):
            path.unlink()
    if "--casavi-url" in command:
        mock = request.getfixturevalue("open_mock")
        command = command.replace("http://127.0.0.1:4227", mock.url)
    outcome = written.runpytest_inprocess(
        *shlex.split(command.replace("-n 4", "-p xdist -n 2"))[1:]
    )  # as good, and cheaper
    outcome.assert_outcomes(passed=1)


def test_the_settings_of_the_page_are_taken(project: pytest.Pytester) -> None:
    (text,) = [code for language, code in BLOCKS if language == "toml"]
    settings = tomllib.loads(text)["tool"]["pytest"]["ini_options"]
    assert set(settings) == {"casavi_report_dir", "casavi_allow"}
    (project.path / "tox.ini").unlink()
    extra = 'addopts = "-p no:schemathesis"\nasyncio_default_fixture_loop_scope = "function"\n'
    (project.path / "pyproject.toml").write_text(text + extra)
    project.makepyfile(
        "def test_it(casavi, casavi_config):\n    assert casavi_config.allow == {'polls-too-fast', 'unknown-fields-sent'}\n    assert 0\n"
    )
    project.runpytest_inprocess().assert_outcomes(failed=1)
    assert len(list((project.path / "reports").iterdir())) == 3


def test_the_failure_on_the_page_is_the_real_one(project: pytest.Pytester) -> None:
    (text,) = [code for language, code in BLOCKS if language == "text"]
    project.makepyfile(
        """
        import requests

        def test_it(casavi):
            answer = requests.post(casavi.url + "/authenticate", json={"key": casavi.key, "secret": casavi.secret})
            requests.get(casavi.url + "/contacts", headers={"token": "Bearer " + answer.json()["token"]})
        """
    )
    shown = project.runpytest_inprocess().stdout.str()
    for line in text.splitlines():
        without_time = re.sub(r"20\S+Z", "", line)
        assert without_time.strip("… ") in re.sub(r"20\S+Z", "", shown), line


def test_names_on_the_page_exist() -> None:
    for rule in re.findall(r"allow=\[?\"([a-z-]+)\"", PAGE):
        assert rule in RULES
