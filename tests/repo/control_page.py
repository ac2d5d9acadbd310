"""Makes the reference in `docs/reference/control.md` from the control plane's document: `python -m tests.repo.control_page`."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from casavi_contracts import spec
from casavi_mock.accounts import Settings
from casavi_mock.cli.control.operations import operations_of
from casavi_mock.control.document import load_document, read_document, resolved

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "control.md"
DOCUMENT = load_document(Settings.from_profile())
_COMMANDS = operations_of(read_document())


def remade(page: str) -> str:
    """Returns the page with its reference as the document has it; it stands between comments that name a tag.

    Raises:
        LookupError: The page has no place for a tag.
    """
    for tag in (entry["name"] for entry in DOCUMENT["tags"]):
        part = re.compile(rf"(<!-- {tag}: made by make docs -->\n).*?(<!-- end of {tag} -->)", re.DOTALL)
        if not part.search(page):
            raise LookupError(f"the page has no place for the operations of {tag!r}")
        page = part.sub(lambda match, tag=tag: f"{match[1]}{reference(tag)}\n{match[2]}", page)
    return page


def reference(tag: str) -> str:
    """Returns the operations of a tag: three ways to each, examples, and what can be sent."""
    found = [(path, method, node) for path, method, node in spec.operations(DOCUMENT) if tag in node["tags"]]
    rows = [f"| {' | '.join(_row(path, method, node))} |" for path, method, node in found]
    examples = [line for path, method, node in found for line in _example(path, method, node)]
    fields = [line for path, method, node in found for line in _fields(path, method, node)]
    parts = [["| HTTP | command line: `casavi-mock control …` | pytest | |", "|---|---|---|---|", *rows]]
    if examples:
        parts.append(["```sh", *examples, "```"])
    if fields:
        parts.append(["| request | parameter or field | | |", "|---|---|---|---|", *fields])
    return "\n" + "\n\n".join("\n".join(part) for part in parts) + "\n"


def usage(operation_id: str) -> str:
    """Returns the command of an operation with its arguments."""
    command = _node(operation_id).get("x-command", {})
    if not command:
        return "none"  # a test tells so
    operation = _COMMANDS[command.get("with", operation_id)]
    file = ["FILE"] if "file" in (operation.command.get("body"), operation.command.get("answer")) else []
    return " ".join([operation.command["name"], *(p.word for p in operation.places if p.argument), *file])


def _node(operation_id: str) -> Mapping[str, Any]:
    return next(node for _, _, node in spec.operations(DOCUMENT) if node["operationId"] == operation_id)


def _row(path: str, method: str, node: Mapping[str, Any]) -> tuple[str, ...]:
    plugin = node.get("x-plugin")
    text = " ".join([node["summary"], node.get("description", "")]).strip()
    shown = f"`{plugin}`" if isinstance(plugin, str) else ""
    return f"`{method.upper()} /_mock{path}`", f"`{usage(node['operationId'])}`", shown, text


def _example(path: str, method: str, node: Mapping[str, Any]) -> Iterator[str]:
    body = resolved(DOCUMENT, node.get("requestBody", {})).get("content", {}).get("application/json", {})
    if "example" in body:
        address = re.sub(r"\{(\w+)\}", lambda match: f"${match[1].upper()}", path)
        yield f"""curl -X {method.upper()} "$M/_mock{address}" -H "$J" -d '{json.dumps(body["example"])}'"""


def _fields(path: str, method: str, node: Mapping[str, Any]) -> Iterator[str]:
    operation = _COMMANDS.get(node["operationId"])
    for place in operation.places if operation else ():
        if place.where != "path":
            name = ".".join(place.names)
            text = place.schema.get("description", "").strip()
            yield f"| `{method.upper()} {path}` | `{name}` | {_values(place.schema)} | {text} |"


def _values(schema: Mapping[str, Any]) -> str:
    schema = schema["items"] if schema.get("type") == "array" else schema
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    named = {"operations": "an operationId or `*`", "portfolios": "a sample", "rules": "names of rules"}
    if "x-values" in schema:
        return named[schema["x-values"]]
    low, high = schema.get("minimum"), schema.get("maximum")
    kind = {"integer": "whole number", "number": "number", "string": "text"}.get(schema.get("type", ""), "")
    bounds = "" if low is None else f" from {low:,}" if high is None else f" from {low:,} to {high:,}"
    return schema.get("x-expected") or kind + bounds


if __name__ == "__main__":
    PAGE.write_text(remade(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
