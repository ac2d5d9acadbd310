"""Tables: nothing that somebody may want to copy is broken, however narrow the terminal is."""

import io

import pytest
from rich.console import Console

from casavi_mock.cli import tables

PATH = "/contacts/Łódź-😀-" + "a" * 60
COLUMNS = ("number", "at", "status", "method", "path", "rule", "injected")
ROWS = [
    ["1", "2026-01-05T08:00:00.000Z", "200", "POST", "/authenticate", "", ""],
    ["2", "2026-01-05T08:00:00.100Z", "404", "GET", PATH, "contact-unknown", ""],
]
WHY = "contactId names contacts 'C-404', which is neither stored nor in this request [bold]/x[/bold]"


def printed(monkeypatch: pytest.MonkeyPatch, width: int | None, *table: object, **options: object) -> str:
    """What is printed on a terminal of a width, or elsewhere if it is None."""
    file = io.StringIO()

    def console(**settings: object) -> Console:
        return Console(file=file, width=width or 80, force_terminal=width is not None, color_system=None, **settings)  # type: ignore[arg-type]

    monkeypatch.setattr(tables, "Console", console)
    tables.print_table(*table, **options)  # type: ignore[arg-type]
    return file.getvalue()


@pytest.mark.parametrize("width", [20, 40, 80, 120, 200, None])
def test_no_word_is_broken(monkeypatch: pytest.MonkeyPatch, width: int | None) -> None:
    text = printed(monkeypatch, width, COLUMNS, ROWS, whole=("at", "number"))

    for word in (PATH, "2026-01-05T08:00:00.100Z", "contact-unknown", "/authenticate"):
        assert word in text
    if width is not None:
        assert all(len(line) <= width or line.startswith("  ") for line in text.splitlines())


def test_what_is_no_terminal_has_a_line_for_each_row(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(printed(monkeypatch, None, COLUMNS, ROWS).splitlines()) == 3


def test_sentences_are_broken_between_words(monkeypatch: pytest.MonkeyPatch) -> None:
    where = "/properties/0/addresses/0/units/1/contracts/0/contactId"
    text = printed(monkeypatch, 80, ("where", "rule", "why"), [[where, "missing-reference", WHY]], whole=("rule",))

    assert where in text
    assert " ".join(text.split()).count("missing-reference") == 1
    assert all(len(line) <= 80 for line in text.splitlines())
    assert set(WHY.split()) <= set(text.split())


def test_columns_without_anything_give_way_first(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [["x" * 30, "y" * 40, ""]]

    assert len(printed(monkeypatch, 80, ("id", "name", "injected"), rows).splitlines()) == 2


def test_nothing_and_markup(monkeypatch: pytest.MonkeyPatch) -> None:
    assert printed(monkeypatch, 80, ("a",), [], empty="no requests") == "no requests\n"
    assert "[/no] :smile:" in printed(monkeypatch, 80, ("", ""), [["[/no] :smile:", "1"]], right=("",))
