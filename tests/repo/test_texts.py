"""What no file of the repository may hold, and links that must lead somewhere."""

import json
import re
import subprocess
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest
import yaml

ROOT = Path(__file__).parents[2]

# Written so that no pattern finds itself in this file.
FORBIDDEN = {
    "address of a package registry": re.compile(
        r"\b(?:pypi|pythonhosted|npmjs|yarnpkg|anaconda)[.](?:org|com)\b"
        r"|https?://\S*(?:/simple\b|artifactory|nexus|devpi|jfrog|codeartifact)",
        re.IGNORECASE,
    ),
    "path of a developer's machine": re.compile(r"(?<![\w.$}/~-])/(?:work|root|home/\w+|Users/\w+|tmp/\w+)(?![\w-])"),
    "unfinished work": re.compile(r"\b(?:TO[D]O|FIX[M]E)\b"),
}
INSIDE_THE_IMAGE = {"Dockerfile", "compose.yaml", "docs/how-to/docker.md"}
"""Files whose paths are those of a container."""
NOT_TRACKED = re.compile(r"\.git|\.venv.*|dist|\.hypothesis|\.coverage.*|__pycache__|.*_cache|.*\.egg-info")


def files() -> list[Path]:
    """Every file of the repository, those included that are about to be added."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):  # an unpacked sdist
        names = (path.relative_to(ROOT) for path in ROOT.rglob("*"))
        found = [ROOT / name for name in names if not any(map(NOT_TRACKED.fullmatch, name.parts))]
    else:
        found = [ROOT / name for name in done.stdout.split("\0") if name]
    return sorted(outside_environments(path for path in found if path.is_file()))


def outside_environments(paths: Iterable[Path]) -> Iterator[Path]:
    """Leaves out virtual environments, whatever they are called: a developer may have further ones."""
    found = list(paths)
    environments = {path.parent for path in found if path.name == "pyvenv.cfg"}
    return (path for path in found if environments.isdisjoint(path.parents))


def texts() -> dict[str, str]:
    """The text files of the repository by their names."""
    found = {}
    for path in files():
        raw = path.read_bytes()
        if b"\0" not in raw:
            found[path.relative_to(ROOT).as_posix()] = raw.decode(errors="replace")
    return found


def forbidden(name: str, text: str) -> Iterator[str]:
    """What a text may not hold, with its line."""
    for number, line in enumerate(text.splitlines(), 1):
        for what, pattern in FORBIDDEN.items():
            found = pattern.search(line)
            if found and not (name in INSIDE_THE_IMAGE and what.startswith("path")):
                yield f"{name}:{number}: {what}: {found.group()}"


def prose(text: str) -> str:
    """Markdown without its code."""
    return re.sub(r"`[^`\n]*`", "``", re.sub(r"(?ms)^ *(```|~~~).*?^ *\1", "", text))


def anchors(text: str) -> set[str]:
    """Anchors of the headings of a Markdown text."""
    without_code = re.sub(r"(?ms)^ *(```|~~~).*?^ *\1", "", text)
    headings = re.findall(r"(?m)^#+ +(.+?) *#*$", without_code)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def dead_links(name: str, pages: dict[str, str]) -> Iterator[str]:
    """Relative links of a page that lead nowhere."""
    text = prose(pages[name])
    links = re.findall(r"\]\(<?([^)\s>]+)>?(?: [^)]*)?\)", text) + re.findall(r"(?m)^\[[^\]]+\]: *(\S+)", text)
    for link in links:
        if re.match(r"[a-z][a-z0-9+.-]*:|//", link):
            continue
        path, _, anchor = unquote(link).partition("#")
        target = ((ROOT / name).parent / path).resolve() if path else ROOT / name
        page = target.relative_to(ROOT).as_posix() if target.is_relative_to(ROOT) else None
        if page is None or not target.exists() or (anchor and page in pages and anchor not in anchors(pages[page])):
            yield f"{name}: {link}"


def test_virtual_environments_are_no_part_of_it() -> None:
    kept = [Path("a/b.py"), Path("a/lib/c.py"), Path("pyvenv.py")]
    other = [Path("a/try/pyvenv.cfg"), Path("a/try/lib/site/d.py"), Path("env 2/pyvenv.cfg"), Path("env 2/e.md")]
    assert list(outside_environments([*kept, *other])) == kept


def test_no_text_holds_what_it_may_not() -> None:
    found = [line for name, text in texts().items() for line in forbidden(name, text)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "parts",
    [
        ("https://", "pypi", ".org/", "simple"),
        ("https://repository.example/api/pypi/", "simple"),
        ("/", "work", "/main/tests"),
        ("see ", "/", "root", "/x"),
        ("/", "home/", "somebody/x"),
        ("'/", "tmp/", "x'"),
        ("# TO", "DO later"),
    ],
    ids=["registry", "index", "work", "root", "home", "tmp", "unfinished"],
)
def test_what_a_text_may_not_hold_is_found(parts: tuple[str, ...]) -> None:
    assert len(list(forbidden("README.md", "".join(parts)))) == 1


@pytest.mark.parametrize(
    "line", ["a/work/b", "`./tmp/x`", "/workflows/ci.yml", "$HOME/work/x", "https://a.example/home/x"]
)
def test_what_a_text_may_hold_is_not_found(line: str) -> None:
    assert list(forbidden("README.md", line)) == []


def test_relative_links_lead_somewhere() -> None:
    pages = {name: text for name, text in texts().items() if name.endswith(".md")}
    assert [link for name in pages for link in dead_links(name, pages)] == []


def test_dead_links_are_found() -> None:
    page = "# One heading\n[a](#one-heading) [b](#no-heading) [c](README.md) [d](no-file.md) `[e](code)`\n[f]: docs/none.md\n"
    dead = list(dead_links("README.md", {"README.md": page}))
    assert dead == ["README.md: #no-heading", "README.md: no-file.md", "README.md: docs/none.md"]


def test_blocks_of_data_in_the_pages_can_be_read() -> None:
    readers = {"yaml": yaml.safe_load, "toml": tomllib.loads, "json": json.loads}
    found = set()
    for name, text in texts().items():
        if name.endswith(".md"):
            for _, language, block in re.findall(r"(?ms)^(```)(\w+)\n(.*?)^\1", text):
                if language in readers:
                    readers[language](block)
                    found.add(language)
    assert found == set(readers)
