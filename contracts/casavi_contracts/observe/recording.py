"""What a recorder does with each exchange: it is judged by the contract, redacted, and written down at once."""

import contextlib
import json
import os
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from casavi_contracts.contract import Contract
from casavi_contracts.observe.redact import Redaction
from casavi_contracts.observe.replay.steps import Operations
from casavi_contracts.spec.strict import strict_json

TOLD = 3
"""How often the same violation is told while traffic passes; it is counted all the same."""

_KINDS = 1_000
"""Violations of different kinds that are counted."""

_OF_ONE = 20
"""Violations of one exchange that are told."""

_WORD = re.compile(r"(?:[a-z][A-Za-z_-]{0,24})?\Z|v\d\Z")
_TAIL = b"\n]}}\n"


@dataclass(frozen=True, slots=True)
class Passed:
    """One exchange that has passed; bodies without their content encoding, None if they were too long to be kept."""

    method: str
    scheme: str
    host: str
    target: str = field(repr=False)
    """Path and query, as they were sent."""
    request_headers: Sequence[tuple[str, str]] = field(repr=False)
    request_body: bytes | None = field(repr=False)
    request_bytes: int
    """On the way."""
    started: float
    """Seconds since 1970."""
    took_ms: float
    status: int = 0
    """0 if no answer came."""
    reason: str = ""
    response_headers: Sequence[tuple[str, str]] = field(default=(), repr=False)
    response_body: bytes | None = field(default=b"", repr=False)
    response_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Violation:
    """Where client or vendor do not keep to the contract; without values, which may be secret or about people."""

    side: str
    """`client` or `vendor`."""
    what: str


class ArchiveFile:
    """An HTTP archive that is whole after each entry, whenever the process ends.

    Args:
        path: The file; there must be none yet.
        creator: Name and version of what writes it.

    Raises:
        OSError: It cannot be made, or is there.
    """

    def __init__(self, path: Path, creator: tuple[str, str]) -> None:
        self._file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "r+b", buffering=0)
        name, version = (json.dumps(text) for text in creator)
        head = f'{{"log":{{"version":"1.2","creator":{{"name":{name},"version":{version}}},"entries":[\n'.encode()
        self._end = self._write(0, head)
        self._writing = threading.Lock()
        self.count = 0
        """Entries that were written."""

    def append(self, entry: Mapping[str, Any]) -> None:
        """Writes an entry, and again the end of the file."""
        text = json.dumps(entry, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")
        with self._writing:
            self._end = self._write(self._end, b",\n" + text if self.count else text)
            self.count += 1

    def close(self) -> None:
        """Makes sure that it is on the disk."""
        with self._writing:
            os.fsync(self._file.fileno())
            self._file.close()

    def _write(self, at: int, text: bytes) -> int:
        self._file.seek(at)
        whole = memoryview(text + _TAIL)
        while whole:
            whole = whole[self._file.write(whole) :]
        return at + len(text)


class Recorder:
    """Judges, redacts and writes what passes.

    Args:
        contracts: By version.
        redaction: Of this recording.
        file: Where it is written.
    """

    def __init__(self, contracts: Mapping[str, Contract], redaction: Redaction, file: ArchiveFile) -> None:
        self._contracts = contracts
        self._operations = Operations(contracts)
        self._redaction = redaction
        self._file = file
        self._lock = threading.Lock()
        self.violations: dict[Violation, int] = {}
        """How often each was seen."""
        self.answered = 0
        """Exchanges in which an answer came."""
        self.unkept = 0
        """Bodies that were too long, or no JSON, and so are not in the file."""

    def take(self, passed: Passed) -> list[str]:
        """Writes an exchange and returns the violations in it that are told, one line each."""
        path = passed.target.partition("?")[0]
        version, operation, parameters = self._operations.find(passed.method, path)
        found = [*self._violations(passed, version, operation)][:_OF_ONE]
        with self._lock:
            self._redaction.begin()
            self._leave(passed, operation, parameters)
            if operation is None:  # whatever is no word of a path may be an id
                ids = [part for part in path.split("/") if not _WORD.match(part)]
            else:
                about = self._contracts[version].references(operation)
                ids = [text for name, text in parameters.items() if name in about]
            self._file.append(self._entry(passed, ids))
            self.answered += bool(passed.status)
            number = self._file.count
            told = (f"#{number} {one.side} violates: {one.what}" for one in found if self._is_told(one))
            return [self._redaction.plain(line) for line in told]

    def _leave(self, passed: Passed, operation: str | None, parameters: Mapping[str, str]) -> None:
        """Lets the ids of jobs stay: the server has made them up, and later requests name them."""
        if operation == "getJob":
            self._redaction.leave(unquote(parameters["jobId"]))
        if operation == "importMasterData" and passed.status < 300:
            with contextlib.suppress(ValueError):
                body = strict_json(passed.response_body or b"")
                for text in body.values() if isinstance(body, dict) else ():
                    if isinstance(text, str | int):
                        self._redaction.leave(str(text))

    def _is_told(self, violation: Violation) -> bool:
        if violation not in self.violations and len(self.violations) >= _KINDS:
            return False
        self.violations[violation] = self.violations.get(violation, 0) + 1
        return self.violations[violation] <= TOLD

    def _violations(self, passed: Passed, version: str, operation: str | None) -> Iterator[Violation]:
        if operation is None:
            yield Violation("client", f"{_title(passed)}: no operation of the contract has this path and method")
            return
        contract = self._contracts[version]
        title = f"{version} {operation}"
        yield from (Violation("client", f"{title}: {what}") for what in self._asked(passed, contract, operation))
        if passed.status and passed.response_body is not None:
            headers = {name.lower(): value for name, value in passed.response_headers}
            deviations = contract.deviations(
                operation, passed.status, headers, passed.response_body, head=passed.method == "HEAD"
            )
            for one in deviations:
                place = _place(one.where) or "the body"
                yield Violation("vendor", f"{title} {passed.status}: {place}: expected {one.expected}"[:300])

    def _asked(self, passed: Passed, contract: Contract, operation: str) -> Iterator[str]:
        document = contract.operations[operation].document
        headers = {name.lower() for name, _ in passed.request_headers}
        if document.get("security") != [] and "token" not in headers:
            yield "no header `token`"
        if "requestBody" not in document or passed.request_body is None:
            return
        try:
            value = strict_json(passed.request_body)
        except ValueError:
            yield "the body is no JSON"
            return
        seen = set()
        for error in contract.request_errors(operation, value):
            place = _place("".join(f"/{part}" for part in error.instance_path)) or "the body"
            rule = str(error.schema_path[-1]) if error.schema_path else "schema"
            limit = getattr(error.kind, "limit", getattr(error.kind, "property", None))
            what = f"{place}: {rule}{'' if limit is None else f' {limit}'}"[:200]
            if what not in seen:
                seen.add(what)
                yield what
            if len(seen) >= _OF_ONE:
                return

    def _entry(self, passed: Passed, ids: Sequence[str]) -> dict[str, Any]:
        redaction = self._redaction
        path, mark, query = passed.target.partition("?")
        for name, value in passed.request_headers:
            if name.lower() == "token":
                redaction.learn(value)
        asked = self._body(passed.request_body)
        self.unkept -= asked is None and not passed.status  # it has not passed at all
        answered = self._body(passed.response_body, error=passed.status >= 400)
        shown = redaction.path(path, ids) + (f"?{redaction.query(query)}" if mark else "")
        request: dict[str, Any] = {
            "method": passed.method,
            "url": f"{passed.scheme}://{passed.host}{shown}",
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": self._headers(passed.request_headers),
            "queryString": [],
            "headersSize": -1,
            "bodySize": len(asked) if asked is not None else passed.request_bytes,
        }
        if asked:
            request["postData"] = {"mimeType": _media(passed.request_headers), "text": asked.decode()}
        content: dict[str, Any] = {"size": passed.response_bytes, "mimeType": _media(passed.response_headers)}
        if answered is not None:
            content |= {"size": len(answered), "text": answered.decode()}
        response = {
            "status": passed.status, "statusText": redaction.plain(passed.reason), "httpVersion": "HTTP/1.1",
            "cookies": [], "headers": self._headers(passed.response_headers), "content": content, "redirectURL": "",
            "headersSize": -1, "bodySize": passed.response_bytes,
        }  # fmt: skip
        started = datetime.fromtimestamp(passed.started, UTC).isoformat(timespec="milliseconds")
        took = round(passed.took_ms, 3)
        timings = {"send": 0, "wait": took, "receive": 0}
        return {
            "startedDateTime": started, "time": took, "request": request, "response": response, "cache": {},
            "timings": timings,
        }  # fmt: skip

    def _body(self, raw: bytes | None, *, error: bool = False) -> bytes | None:
        """Returns a body as it may be written; None if it is not kept."""
        redacted = self._redaction.body(raw, error=error) if raw else raw
        self.unkept += redacted is None
        return redacted

    def _headers(self, headers: Sequence[tuple[str, str]]) -> list[dict[str, str]]:
        plain, shown = self._redaction.plain, self._redaction.header
        return [{"name": plain(name), "value": shown(name, value)} for name, value in headers]


def _title(passed: Passed) -> str:
    """Returns method and path without what may be an id."""
    parts = passed.target.partition("?")[0].split("/")[:8]
    method = passed.method if passed.method.isalpha() else "?"
    return f"{method[:10]} {'/'.join(part if _WORD.match(part) else '*' for part in parts)}"


def _place(pointer: str) -> str:
    """Returns a place without the numbers of items, so that the same violation is one."""
    parts = ["*" if part.isdigit() else part for part in pointer.split("/")]
    text = "/".join(parts)[:120]
    return "".join(character if character.isprintable() else "?" for character in text)


def _media(headers: Sequence[tuple[str, str]]) -> str:
    return next((value for name, value in headers if name.lower() == "content-type"), "")
