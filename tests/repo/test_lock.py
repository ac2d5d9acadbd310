"""The locked requirements: exact, hashed, complete, and without a word on where packages come from."""

import json
import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[2]
LOCKED = sorted((ROOT / "requirements").glob("*.txt"))
ENTRY = re.compile(
    r"(?P<name>[A-Za-z0-9._-]+)(?:\[[a-z0-9,-]+\])?==(?P<version>[^\s;]+)(?: ; (?P<marker>.+?))?(?P<hashes>(?: --hash=\S+)+)"
)
INSIDES = ["a2wsgi", "connexion", "jsonschema-rs", "orjson", "schemathesis", "uvicorn"]
"""Libraries of which more than the public interface is used, or whose words are part of what we say."""
HASHES = re.compile(r"(?: --hash=sha256:[0-9a-f]{64})+")


def entries(path: Path) -> list[str]:
    """The logical lines of a requirements file."""
    text = re.sub(r"\s*\\\n\s*", " ", path.read_text())
    return [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]


def versions(name: str) -> dict[str, set[str]]:
    """Locked versions by name; there may be one for each platform or Python."""
    found: dict[str, set[str]] = {}
    for line in entries(ROOT / "requirements" / name):
        entry = ENTRY.fullmatch(line)
        assert entry, line
        found.setdefault(canonicalize_name(entry["name"]), set()).add(entry["version"])
    return found


def asked(name: str) -> list[str]:
    """What a file of requirements beside pyproject.toml asks for."""
    lines = (ROOT / "requirements" / f"{name}.in").read_text().splitlines()
    return [line.partition("#")[0].strip() for line in lines]


def project() -> dict[str, list[str]]:
    """What pyproject.toml asks for, by the file that has to lock it."""
    table = tomllib.loads((ROOT / "pyproject.toml").read_text())
    extras = table["project"]["optional-dependencies"]
    own = table["project"]["name"]
    dev, bench = (
        [line for line in [*extras[name], *extras["contracts"]] if not line.startswith(own)]
        for name in ("dev", "bench")
    )
    return {
        "runtime.txt": table["project"]["dependencies"],
        "dev.txt": dev,
        "lowest.txt": [*table["project"]["dependencies"], *dev],
        "bench.txt": bench,
        "mutate.txt": extras["mutate"],
        **{f"{name}.txt": asked(name) for name in ("site", "audit")},
        "build.txt": table["build-system"]["requires"],
    }


def test_the_files_are_there() -> None:
    assert [path.name for path in LOCKED] == [
        "audit.txt",
        "bench.txt",
        "build.txt",
        "dev.txt",
        "lowest.txt",
        "mutate.txt",
        "runtime.txt",
        "site.txt",
    ]


@pytest.mark.parametrize("path", LOCKED, ids=lambda path: path.name)
def test_every_entry_is_pinned_and_hashed(path: Path) -> None:
    wrong = [
        line for line in entries(path) if not (entry := ENTRY.fullmatch(line)) or not HASHES.fullmatch(entry["hashes"])
    ]
    assert wrong == []


@pytest.mark.parametrize("path", sorted((ROOT / "requirements").iterdir()), ids=lambda path: path.name)
def test_nothing_tells_where_packages_come_from(path: Path) -> None:
    if not path.is_file():
        return
    text = path.read_text()
    assert re.findall(r"\w+://\S+|\S+ @ \S+", text) == []
    if path.suffix != ".py":
        assert re.findall(r"(?m)^\s*(?:-i|-f|--(?:extra-)?index-url|--find-links|--trusted-host)\b.*", text) == []


@pytest.mark.parametrize(
    "name", ["runtime.txt", "dev.txt", "bench.txt", "mutate.txt", "site.txt", "audit.txt", "build.txt", "lowest.txt"]
)
def test_what_the_project_asks_for_is_locked_in_its_range(name: str) -> None:
    locked = versions(name)
    text = (ROOT / "requirements" / name).read_text()
    for wanted in map(Requirement, project()[name]):
        found = locked.get(canonicalize_name(wanted.name), set())
        assert found, f"{wanted.name} is not in {name}"
        assert all(wanted.specifier.contains(version) for version in found), f"{wanted} is locked to {found}"
        # Of a name that is locked without the extras that others ask for, pip takes a version that is not locked.
        assert not wanted.extras or f"{wanted.name}[{','.join(sorted(wanted.extras))}]==" in text, wanted


@pytest.mark.parametrize("line", project()["lowest.txt"], ids=lambda line: Requirement(line).name)
def test_the_lowest_versions_are_the_floors(line: str) -> None:
    wanted = Requirement(line)
    floors = {bound.version for bound in wanted.specifier if bound.operator == ">="}
    locked = versions("lowest.txt")[canonicalize_name(wanted.name)]
    assert {Version(version) for version in locked} == {Version(floor) for floor in floors}, (
        f"{line} is locked to {locked}: name a version that exists and that the other floors allow, "
        "then delete requirements/lowest.txt and resolve anew"
    )


@pytest.mark.parametrize("name", INSIDES)
def test_a_library_whose_insides_are_touched_is_no_newer_than_the_one_that_was_tested(name: str) -> None:
    (locked,) = map(Version, versions("runtime.txt").get(name) or versions("dev.txt")[name])
    wanted = [bounds for line in project()["lowest.txt"] if (bounds := Requirement(line)).name == name]
    ceilings = [bound.version for bounds in wanted for bound in bounds.specifier if bound.operator == "<"]
    assert ceilings == [f"{locked.major}.{locked.minor + 1}"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("runtime.txt", "dev.txt"),
        ("runtime.txt", "bench.txt"),
        ("dev.txt", "bench.txt"),
        ("runtime.txt", "mutate.txt"),
        ("dev.txt", "mutate.txt"),
        ("dev.txt", "site.txt"),
    ],
)
def test_locks_that_are_installed_together_agree(first: str, second: str) -> None:
    one, other = versions(first), versions(second)
    assert {name: other[name] for name in one if name in other and other[name] != one[name]} == {}


def test_the_peers_of_the_bench_are_pinned_and_hashed() -> None:
    folder = ROOT / "benchmarks" / "peers" / "node"
    wanted = json.loads((folder / "package.json").read_text())
    locked = json.loads((folder / "package-lock.json").read_text())["packages"]
    asked = wanted["dependencies"] | wanted["optionalDependencies"]
    assert {name: locked[f"node_modules/{name}"]["version"] for name in asked} == asked
    assert [
        name for name, entry in locked.items() if name and not entry.get("integrity", "").startswith("sha512-")
    ] == []
    assert [name for name, entry in locked.items() if "resolved" in entry] == []


def test_there_is_no_other_lock() -> None:
    others = ("uv.lock", "poetry.lock", "pdm.lock", "pylock.toml", "Pipfile.lock", "package-lock.json", "yarn.lock")
    assert [name for name in others if (ROOT / name).exists()] == []
