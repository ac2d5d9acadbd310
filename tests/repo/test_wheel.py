"""The built distributions: what is in them, and that the wheel runs by itself."""

import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from casavi_mock import __version__

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PACKAGES = {
    "casavi_mock": "mock_server",
    "casavi_contracts": "contracts",
    "casavi_fixtures": "fixtures",
    "pytest_casavi": "pytest-plugin",
}
PROJECT_FILES = ("pyproject.toml", "README.md", "LICENSE", ".gitignore")
LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.pyc")
INFO = f"casavi_mock-{__version__}.dist-info"


@dataclass(frozen=True)
class Installed:
    """A virtual environment with the wheel; what it depends on is borrowed from the environment of the tests."""

    scripts: Path
    home: Path

    def run(self, *command: str) -> str:
        """What a command prints, run outside the repository."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("CASAVI", "PYTHON", "COV"))}
        done = subprocess.run(
            [self.scripts / command[0], *command[1:]],
            cwd=self.home,
            env=clean,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what distributions are made from, with some litter that must stay out."""
    copy = tmp_path_factory.mktemp("source")
    for name in PROJECT_FILES:
        shutil.copy2(ROOT / name, copy)
    for folder in PACKAGES.values():
        shutil.copytree(ROOT / folder, copy / folder, ignore=LEFT_OUT)
    for litter in ("tests/repo/test_x.py", "mock_server/casavi_mock/__pycache__/x.pyc", ".venv/x.py"):
        (copy / litter).parent.mkdir(parents=True, exist_ok=True)
        (copy / litter).write_text("")
    return copy


@pytest.fixture(scope="module")
def built(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with wheel and sdist."""
    target = tmp_path_factory.mktemp("built")
    command = [sys.executable, "-m", "hatchling", "build", "--directory", str(target)]
    subprocess.run(command, cwd=source, check=True, capture_output=True)
    return target


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    (path,) = built.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    home = tmp_path_factory.mktemp("installed")
    environment = home / "venv"
    venv.create(environment, with_pip=False, symlinks=True)
    paths = sysconfig.get_paths("venv", vars={"base": str(environment), "platbase": str(environment)})
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", f"{paths['scripts']}/python"]
    subprocess.run(
        [*pip, "install", "--no-deps", "--no-index", "--no-compile", wheel], check=True, capture_output=True, cwd=home
    )
    borrowed = "\n".join(dict.fromkeys(sysconfig.get_path(kind) for kind in ("purelib", "platlib")))
    # A path file adds the folder alone; path files in it, the one of an editable install among them, are not read.
    (Path(paths["purelib"]) / "borrowed.pth").write_text(borrowed + "\n")
    return Installed(Path(paths["scripts"]), home)


def package_files(source: Path) -> set[str]:
    """What the packages hold, as it should stand in the wheel."""
    return {
        path.relative_to(source / folder).as_posix()
        for folder in PACKAGES.values()
        for path in (source / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_the_wheel_holds_the_packages_and_nothing_else(wheel: Path, source: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert {name for name in names if not name.startswith(INFO)} == package_files(source)
    assert {name.removeprefix(f"{INFO}/") for name in names if name.startswith(INFO)} == {
        "METADATA",
        "RECORD",
        "WHEEL",
        "entry_points.txt",
        "licenses/LICENSE",
    }


def test_the_wheel_holds_its_data(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert {f"{package}/py.typed" for package in PACKAGES} <= names
    assert "casavi_contracts/spec/manager-v1.yaml" in names
    assert "casavi_fixtures/data/portfolios/small-house.json" in names
    assert any(name.startswith("casavi_fixtures/data/broken/") for name in names)


def test_the_wheel_names_its_entry_points_and_licence(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        entry_points = archive.read(f"{INFO}/entry_points.txt").decode()
        metadata = archive.read(f"{INFO}/METADATA").decode()
    assert "[console_scripts]\ncasavi-mock = casavi_mock.cli:main" in entry_points
    assert "[pytest11]\ncasavi = pytest_casavi.plugin" in entry_points
    assert f"\nVersion: {__version__}\n" in metadata
    assert "\nLicense-Expression: MIT\n" in metadata


def test_the_wheel_is_well_made(wheel: Path) -> None:
    checker = Path(sys.executable).with_name("check-wheel-contents")
    done = subprocess.run([checker, wheel], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_sdist_holds_what_the_wheel_is_built_from(built: Path, source: Path) -> None:
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    wanted = {f"{PACKAGES[name.partition('/')[0]]}/{name}" for name in package_files(source)}
    assert wanted | set(PROJECT_FILES) | {"PKG-INFO"} <= names
    assert not [name for name in names if "__pycache__" in name or name.startswith(".venv")]


def test_the_installed_packages_are_those_of_the_wheel(installed: Installed) -> None:
    code = f"import {', '.join(PACKAGES)}; print(*[m.__file__ for m in ({', '.join(PACKAGES)})], sep='\\n')"
    places = installed.run("python", "-c", code).split()
    assert len(places) == len(PACKAGES)
    assert all(Path(place).is_relative_to(installed.home) for place in places), places


def test_the_installed_packages_find_their_data(installed: Installed) -> None:
    code = (
        "import casavi_fixtures, casavi_contracts.spec as spec; "
        "print(len(casavi_fixtures.load_portfolio('small-house')['contacts']), spec.load_document()['openapi'])"
    )
    contacts, version = installed.run("python", "-c", code).split()
    assert int(contacts) > 0
    assert version == "3.0.3"


def test_the_installed_command_tells_its_version(installed: Installed) -> None:
    assert __version__ in installed.run("casavi-mock", "--version")


def test_the_installed_command_lists_the_assumptions(installed: Installed) -> None:
    assert "refresh-path" in installed.run("casavi-mock", "assumptions")


def test_the_installed_command_shows_a_portfolio(installed: Installed) -> None:
    assert "small-house" in installed.run("casavi-mock", "data", "list")
