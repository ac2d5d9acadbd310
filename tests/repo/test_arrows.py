"""Who may import whom, and what the top-level folders hold."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = {
    "mock_server": "casavi_mock",
    "contracts": "casavi_contracts",
    "fixtures": "casavi_fixtures",
    "pytest-plugin": "pytest_casavi",
}


def test_imports_point_the_right_way() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_folder_holds_one_package_and_is_none(folder: str) -> None:
    inside = [path for path in (ROOT / folder).iterdir() if path.name != "__pycache__"]
    assert [path.name for path in inside] == [FOLDERS[folder]]
    assert (ROOT / folder / FOLDERS[folder] / "__init__.py").is_file()
    assert (ROOT / folder / FOLDERS[folder] / "py.typed").is_file()


@pytest.mark.parametrize("folder", ["tests", "benchmarks"])
def test_a_folder_without_packages_holds_none(folder: str) -> None:
    assert list((ROOT / folder).rglob("__init__.py")) == []
