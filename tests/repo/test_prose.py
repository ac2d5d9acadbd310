"""Pages, help texts and messages use the words of the glossary, and none of those that it replaced.

Linters of prose that work offline do not take a list of one's own, so this is one.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from casavi_mock.cli.commands import cli

ROOT = Path(__file__).parents[2]
INSTEAD = {
    r"anew": "again, or from scratch",
    r"laws?": "check",
    r"manners": "violations",
    r"trial|verdict falls": "context, outcome; are reported",
    r"under fire": "soak test",
    r"who may": "authorization",
    r"whoever": "a client that, everyone who",
    r"looked at": "read, checked, polled",
    r"held against": "is a violation of",
    r"in the place of": "instead of",
    r"so many (?:times|requests|seconds|records|checks|imports)": "N, this many",
    r"thereby": "by this",
    r"(?:not )?judged by nobody|nobody has (?:asked|seen|placed)": "say who does what",
    r"there is not": "does not exist",
    r"now so": "varies",
}
"""What is not written, as a pattern of whole words, and what is."""
BANNED = re.compile(rf"\b(?:{'|'.join(INSTEAD)})\b", re.IGNORECASE)
GENERATED = {"docs/reference/checks.md", "docs/reference/assumptions.md"}
"""Pages made of sentences of the code, which belong to their checks."""


def pages() -> list[Path]:
    """The pages that are written by hand."""
    found = [*(ROOT / "docs").rglob("*.md"), ROOT / "README.md", ROOT / "examples" / "README.md"]
    return sorted(path for path in found if path.relative_to(ROOT).as_posix() not in GENERATED)


def banned(text: str) -> list[str]:
    """Returns the lines of a text that hold what is not written; code is none of it."""
    prose = re.sub(r"(?ms)^ *```.*?^ *```$", lambda block: "\n" * block[0].count("\n"), text)
    prose = re.sub(r"`[^`\n]*`", "``", prose)
    return [f"{number}: {line.strip()}" for number, line in enumerate(prose.splitlines(), 1) if BANNED.search(line)]


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.relative_to(ROOT).as_posix())
def test_pages_use_the_words_of_the_glossary(page: Path) -> None:
    assert banned(page.read_text(encoding="utf-8")) == [], INSTEAD


def test_no_page_is_long() -> None:
    lines = {
        path.relative_to(ROOT).as_posix(): len(path.read_text().splitlines()) for path in (ROOT / "docs").rglob("*.md")
    }
    assert {name: number for name, number in lines.items() if number > 300} == {}
    assert len((ROOT / "README.md").read_text().splitlines()) <= 150


def commands(command: click.Command, name: str) -> Iterator[tuple[str, click.Command]]:
    """Yields a command and all below it."""
    yield name, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for below in command.list_commands(context):
            found = command.get_command(context, below)
            assert found is not None
            yield from commands(found, f"{name} {below}")


@pytest.mark.parametrize(("name", "command"), [*commands(cli, "casavi-mock")], ids=lambda value: str(value)[:40])
def test_help_uses_the_words_of_the_glossary(name: str, command: click.Command) -> None:
    texts = [command.help or "", *(getattr(option, "help", None) or "" for option in command.params)]
    assert [line for text in texts for line in banned(text)] == [], INSTEAD


@pytest.mark.parametrize("text", ["Made anew.", "By two laws", "He is held against it", "A record that there is not"])
def test_what_is_not_written_is_found(text: str) -> None:
    assert len(banned(text)) == 1


@pytest.mark.parametrize(
    "text", ["`anew`", "```\nanew\n```", "renewed", "flaws", "trials of patience", "be told apart"]
)
def test_code_and_other_words_are_not(text: str) -> None:
    assert banned(text) == []
