"""Prints answers of the control plane for people, as `x-command` in its document says."""

import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from casavi_mock.cli.tables import print_table
from casavi_mock.cli.text import counted
from casavi_mock.domain.journal import printable
from casavi_mock.errors import ConfigurationError

_PLACE = re.compile(r"\{([\w.]+)(?:\?([^:}]*)(?::([^}]*))?)?\}(?: ([a-z]+))?")
_WHOLE = ("at", "created", "id", "key", "method", "name", "number", "state", "status")
"""Columns that are useless when broken."""

_NOTHING = "nothing"
_EXCHANGES = 10
"""Requests that a violation names at most."""

_COLOURS = {"error": "red", "warning": "yellow"}


def print_answer(answer: Any, command: Mapping[str, Any]) -> None:
    """Prints an answer: in a sentence (`says`), in columns (`table`), or each field in a line (`fields`).

    Args:
        answer: The parsed body, with the parameters of the path beside its fields.
        command: The member `x-command` of the operation.
    """
    if "says" in command:
        click.echo(filled(command["says"], answer))
    elif "fields" in command or "table" not in command:
        templates = _templates(command.get("fields", [*answer]))
        print_table(("", ""), ((name, filled(text, answer)) for name, text in templates.items()))
    for member, columns in command.get("table", {}).items():
        templates = _templates(columns)
        rows = [[filled(text, line) for text in templates.values()] for line in answer[member]]
        if rows or "fields" not in command:
            print_table([*templates], rows, whole=_WHOLE, empty=f"no {member}")
    if "table" in command and answer.get("dropped"):
        click.echo(f"{answer['dropped']} older ones were dropped")


def print_violations(answer: Any) -> None:
    """Prints a paragraph for each violation; sentences in the columns of a table are hard to read."""
    for line in answer["violations"]:
        numbers = ", ".join(map(str, line["exchanges"][:_EXCHANGES]))
        more = ", …" if len(line["exchanges"]) > _EXCHANGES else ""
        click.secho(line["severity"], fg=_COLOURS.get(line["severity"]), nl=False)
        click.echo(f"  {line['rule']}  (request {numbers}{more})")
        click.echo(click.wrap_text(shown(f"{line['detail']} {line['advice']}"), 100, "  ", "  "))
    if not answer["violations"]:
        click.echo("no violations")


def filled(template: str, answer: Any) -> str:
    """Returns a text with values of an answer in it.

    Args:
        template: `{a.b}` stands for a value, `{a?text}` for a text that is there if the value is (`%` stands for the
            value in it), and `{a?text:other}` for one of two.
        answer: Where the values are.
    """

    def value(match: re.Match[str]) -> str:
        name, text, other, noun = match.groups()
        found = answer
        for part in name.split("."):
            found = found.get(part) if isinstance(found, dict) else None
        if text is None:
            return _counted(found, noun) if noun else shown(found)
        said = (other or "") if found in (None, "") or found is False else text.replace("%", shown(found))
        return f"{said} {noun}" if noun else said

    return _PLACE.sub(value, template)


def shown(value: Any) -> str:
    """Returns a value for people, without what could steer a terminal."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):  # numbers by name
        parts = {name: part for name, part in value.items() if part and shown(part) != _NOTHING}
        return ", ".join(_counted(part, name) for name, part in parts.items()) or _NOTHING
    text = value if isinstance(value, str) else f"{value:g}" if isinstance(value, float) else str(value)
    return printable(text)


def _counted(value: Any, noun: str) -> str:
    return counted(value if type(value) is int else shown(value), noun)


def write(file: str, content: bytes) -> None:
    """Writes a file, or to standard output for `-`.

    Raises:
        ConfigurationError: The file cannot be written.
    """
    if file == "-":
        sys.stdout.buffer.write(content)
        return
    try:
        Path(file).write_bytes(content)
    except OSError as error:
        raise ConfigurationError(f"{file}: {error.strerror}") from error


def _templates(columns: Sequence[str] | Mapping[str, str]) -> Mapping[str, str]:
    return columns if isinstance(columns, Mapping) else {name: f"{{{name}}}" for name in columns}
