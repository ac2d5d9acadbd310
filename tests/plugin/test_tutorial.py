"""Every block of the tutorial does what it says, in its order."""

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import yaml

from tests.support.pages import blocks, read
from tests.support.server import ACCOUNT, Mock

PAGE = read("tutorial")
PYTHON = {code.partition("\n")[0].removeprefix("# "): code for code in blocks(PAGE, "python")}


def test_the_page_is_short_and_has_these_blocks() -> None:
    assert len(PAGE.splitlines()) <= 170
    assert list(PYTHON) == ["portal.py", "test_portal.py", "test_expiry.py", "mended.py"]
    commands = [line for block in blocks(PAGE, "sh") for line in block.splitlines()]
    assert [line.replace("path/to/casavi-mock", "") for line in commands] == [
        "make serve",
        'eval "$(/.venv/bin/casavi-mock env)"',
        "/.venv/bin/pip install requests",
        "/.venv/bin/python portal.py",
        "/.venv/bin/pip install '[contracts]'",
        "/.venv/bin/python -m pytest test_portal.py",
    ]
    (pipeline,) = blocks(PAGE, "yaml")
    assert [step.get("run") for step in yaml.safe_load(pipeline)["jobs"]["test"]["steps"]][-1] == "pytest"


def test_the_client_runs_against_a_server(tmp_path: Path) -> None:
    (tmp_path / "portal.py").write_text(PYTHON["portal.py"])
    with Mock(accounts=1, progress="immediate").listening() as live:
        environment = {"CASAVI_URL": live.url, **ACCOUNT}
        command = [sys.executable, str(tmp_path / "portal.py")]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert (done.stdout, done.stderr) == ("completed\n", "")


def test_the_first_test_passes_the_second_fails_and_the_mended_client_passes_both(project: pytest.Pytester) -> None:
    for name in ("portal.py", "test_portal.py", "test_expiry.py"):
        (project.path / name).write_text(PYTHON[name])
    project.runpytest_inprocess("test_portal.py").assert_outcomes(passed=1)

    failed = project.runpytest_inprocess("test_expiry.py")
    failed.assert_outcomes(failed=1)
    (told,) = (block.strip() for block in blocks(PAGE, "text"))
    begin, _, end = told.partition("…")
    assert any(begin in line and line.endswith(end) for line in failed.outlines)
    assert "token-expired" in failed.stdout.str()

    old = PYTHON["portal.py"]
    begin, end = old.index("    def _call"), old.index('\nif __name__ == "__main__"')
    (project.path / "portal.py").write_text(old[:begin] + PYTHON["mended.py"].partition("\n")[2] + old[end:])
    sys.modules.pop("portal", None)
    project.runpytest_inprocess("test_portal.py", "test_expiry.py").assert_outcomes(passed=2)
    assert textwrap.dedent(PYTHON["mended.py"]).count("self.token = None") == 1
