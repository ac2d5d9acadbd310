"""Gathers the pages of the site: those of `docs`, and those that stand elsewhere. `make site` runs it before Zensical.

python docs/pages.py FOLDER
"""

import os
import re
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
OUTSIDE = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "examples/README.md": "examples.md",
}
"""Pages that stand elsewhere in the repository, by their names on the site."""
FOLDERS = {"examples": "examples/README.md"}
LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)")


def gather(folder: Path) -> None:
    """Writes all pages and pictures of the site.

    Args:
        folder: Where to; what was there is gone.
    """
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(ROOT / "docs", folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    names = {path.relative_to(ROOT).as_posix(): path.relative_to(ROOT / "docs").as_posix() for path in pages()}
    for source, name in (names | OUTSIDE).items():
        text = (ROOT / source).read_text(encoding="utf-8")
        (folder / name).write_text(moved(text, source, name), encoding="utf-8")


def pages() -> list[Path]:
    """Returns the pages below `docs`."""
    return sorted((ROOT / "docs").rglob("*.md"))


def moved(text: str, source: str, name: str) -> str:
    """Returns a text with its links as the site needs them; what the site has not is a name without a link.

    Args:
        text: Markdown.
        source: Where it stands in the repository.
        name: Where it stands on the site.
    """
    parts = re.split(r"(?ms)(^ *```.*?^ *```$)", text)
    return "".join(
        part if number % 2 else LINK.sub(lambda found: _link(found, source, name), part)
        for number, part in enumerate(parts)
    )


def _link(found: re.Match[str], source: str, name: str) -> str:
    mark, text, link = found.groups()
    if re.match(r"[a-z][a-z0-9+.-]*:|#", link):
        return found[0]
    path, _, anchor = link.partition("#")
    target = os.path.normpath(os.path.join(os.path.dirname(source), path))  # noqa: PTH118, PTH120  # they need not exist
    target = FOLDERS.get(target, target)
    place = OUTSIDE.get(target) or (target.removeprefix("docs/") if target.startswith("docs/") else None)
    if place is None:
        return text
    there = os.path.relpath(place, os.path.dirname(name) or ".")  # noqa: PTH120
    return f"{mark}[{text}]({there}{'#' + anchor if anchor else ''})"


if __name__ == "__main__":
    gather(Path(sys.argv[1]))
