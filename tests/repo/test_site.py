"""The site shows every page, and its links lead somewhere. `make site` has Zensical say the same of every anchor."""

import re
import runpy
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SITE = runpy.run_path(str(ROOT / "docs" / "pages.py"))


@pytest.fixture(scope="module")
def gathered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages of the site."""
    folder = tmp_path_factory.mktemp("site")
    SITE["gather"](folder)
    return folder


def test_every_page_is_in_the_navigation_once(gathered: Path) -> None:
    project = tomllib.loads((ROOT / "zensical.toml").read_text())["project"]
    listed = re.findall(r"[\w/-]+\.md", str(project["nav"]))
    assert sorted(listed) == sorted(page.relative_to(gathered).as_posix() for page in gathered.rglob("*.md"))


def test_every_link_leads_to_a_page_or_picture(gathered: Path) -> None:
    dead: list[str] = []
    for page in gathered.rglob("*.md"):
        prose = re.sub(r"(?ms)^ *```.*?^ *```$", "", page.read_text())
        links = re.findall(r"\]\((?![a-z]+:)([^)\s#]+)[^)]*\)", prose)
        dead += [f"{page.relative_to(gathered)}: {link}" for link in links if not (page.parent / link).exists()]
    assert dead == []


@pytest.mark.parametrize(
    ("source", "name", "text", "expected"),
    [
        ("README.md", "index.md", "[a](docs/how-to/ci.md#x)", "[a](how-to/ci.md#x)"),
        ("README.md", "index.md", "![a](docs/performance.svg)", "![a](performance.svg)"),
        ("docs/how-to/ci.md", "how-to/ci.md", "[a](../../CHANGELOG.md)", "[a](../changelog.md)"),
        ("docs/how-to/ci.md", "how-to/ci.md", "[a](../../examples)", "[a](../examples.md)"),
        ("docs/how-to/ci.md", "how-to/ci.md", "[a](../../compose.yaml)", "a"),
        (
            "docs/how-to/ci.md",
            "how-to/ci.md",
            "[a](https://example.com/x.md) [b](#c)",
            "[a](https://example.com/x.md) [b](#c)",
        ),
        ("README.md", "index.md", "```\n[a](docs/x.md)\n```", "```\n[a](docs/x.md)\n```"),
    ],
)
def test_links_are_moved(source: str, name: str, text: str, expected: str) -> None:
    assert SITE["moved"](text, source, name) == expected
