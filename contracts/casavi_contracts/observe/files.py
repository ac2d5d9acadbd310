"""Files that a user gives: what kind they are, and how much of them is read."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
import yaml

MAX_DOCUMENT_BYTES = 20_000_000
"""The longest OpenAPI document that is read."""

MAX_DEPTH = 200
MAX_NODES = 2_000_000
"""Values in a document, those that aliases repeat counted each time."""

_MAX_MERGED = 100_000
_HEAD = 4_096
_HAR = re.compile(rb'\s*\{\s*"log"\s*:')


class UnreadableError(ValueError):
    """A file cannot be read as what it should be; the text is one sentence that begins with its name."""


def is_archive(path: Path) -> bool:
    """Whether a file looks like recorded traffic (HAR), by its beginning or its name.

    Raises:
        UnreadableError: It cannot be opened.
    """
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError as error:
        raise UnreadableError(f"{path}: {error.strerror or error}") from None
    if head.startswith(b"\x1f\x8b") or any(ending.lower() == ".har" for ending in path.suffixes):
        return True
    return bool(_HAR.match(head.removeprefix(b"\xef\xbb\xbf")))


def read_document(path: Path) -> dict[str, Any]:
    """Returns an OpenAPI document, which is JSON or YAML.

    Raises:
        UnreadableError: It cannot be opened, is neither, is too large or is no OpenAPI document.
    """
    text = _bytes(path)
    if text.lstrip()[:1] in (b"{", b"["):
        try:
            value = orjson.loads(text)
        except ValueError as json_error:
            try:  # a flow mapping of YAML begins so, too
                value = _yaml(path, text)
            except UnreadableError:
                raise UnreadableError(f"{path}: not valid JSON: {json_error}") from None
    else:
        value = _yaml(path, text)
    _bound(path, value)
    if not isinstance(value, dict) or not ("swagger" in value or "openapi" in value):
        raise UnreadableError(f"{path}: neither an OpenAPI document (JSON or YAML) nor recorded traffic (HAR)")
    return value


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            text = file.read(MAX_DOCUMENT_BYTES + 1)
    except OSError as error:
        raise UnreadableError(f"{path}: {error.strerror or error}") from None
    if len(text) > MAX_DOCUMENT_BYTES:
        raise UnreadableError(f"{path}: longer than {MAX_DOCUMENT_BYTES // 1_000_000} MB, which no OpenAPI document is")
    if text.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise UnreadableError(f"{path}: it is written in UTF-16; save it as UTF-8")
    text = text.removeprefix(b"\xef\xbb\xbf")
    if not text.strip():
        raise UnreadableError(f"{path}: it is empty")
    return text


_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Base):  # type: ignore[misc]  # one of two classes
    """A safe loader whose merge keys (`<<`) cannot multiply without a bound."""

    def flatten_mapping(self, node: Any) -> None:
        """Merges mappings into one, if they are not too many."""
        for key, value in node.value:
            if key.tag == "tag:yaml.org,2002:merge" and isinstance(value.value, list) and len(value.value) > MAX_DEPTH:
                raise yaml.YAMLError(f"a merge key takes in more than {MAX_DEPTH} mappings")
        super().flatten_mapping(node)
        if len(node.value) > _MAX_MERGED:
            raise yaml.YAMLError(f"merge keys make a mapping of more than {_MAX_MERGED:,} members")


def _yaml(path: Path, text: bytes) -> Any:
    try:
        _bound_events(path, text)
        return yaml.load(text, Loader=_Loader)  # noqa: S506  # a safe loader
    except (yaml.YAMLError, UnicodeError, RecursionError, ValueError, TypeError) as error:
        if isinstance(error, UnreadableError):
            raise
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark is not None else ""
        what = getattr(error, "problem", None) or str(error).partition("\n")[0] or "too deeply nested"
        raise UnreadableError(f"{path}: neither JSON nor YAML{where}: {what}") from None


def _bound_events(path: Path, text: bytes) -> None:
    depth = 0
    for nodes, event in enumerate(yaml.parse(text, Loader=_Base), 1):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH or nodes > MAX_NODES:
            raise _too_much(path, depth)


def _bound(path: Path, value: Any) -> None:
    """Refuses what is nested too deeply, holds itself, or unfolds to too much."""
    sizes: dict[int, int] = {}
    open_now: set[int] = set()

    def size(part: Any, depth: int) -> int:
        if not isinstance(part, dict | list):
            return 1
        known = sizes.get(id(part))
        if known is not None:
            return known
        if id(part) in open_now:
            raise UnreadableError(f"{path}: an alias of YAML in it holds itself")
        if depth > MAX_DEPTH:
            raise _too_much(path, depth)
        open_now.add(id(part))
        inner = part.values() if isinstance(part, Mapping) else part
        total = 1 + sum(size(each, depth + 1) for each in inner)
        open_now.discard(id(part))
        sizes[id(part)] = total
        return total

    if size(value, 0) > MAX_NODES:
        raise _too_much(path, 0)


def _too_much(path: Path, depth: int) -> UnreadableError:
    if depth > MAX_DEPTH:
        return UnreadableError(f"{path}: nested more than {MAX_DEPTH} levels deep, which no OpenAPI document is")
    return UnreadableError(f"{path}: unfolds to more than {MAX_NODES:,} values, which no OpenAPI document has")
