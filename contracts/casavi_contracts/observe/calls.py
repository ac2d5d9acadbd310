"""Recorded exchanges that are calls of this API: what each of them is, by what it takes and answers."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote

import orjson

from casavi_contracts.observe.har import Recorded
from casavi_contracts.observe.roles import AUTHENTICATE, IMPORT, JOB, LISTS, REFRESH
from casavi_contracts.observe.salvage import salvaged

MAX_CALLS = 100_000
"""Calls that are looked at, of all files together."""

MAX_TEXT = 200_000_000
"""Bytes of bodies that are parsed, of all files together."""

_IMPORTED = ("contacts", "properties", "responsibilities")
_NEW, _OLD, _RENEW = {"key", "secret"}, {"apiKey", "password"}, {"apiKey", "token"}
_HIDDEN = re.compile(r"redact|secret\]|hidden|mask|remov|\*{3}|x{6}|^<.*>$|^\[.*\]$|^$", re.IGNORECASE)
TOKEN = re.compile(r"(?:access|auth|api|session|id)?_?token|jwt", re.IGNORECASE)
EXPIRES = re.compile(r".*(?:expir|valid_?(?:until|to|till)).*", re.IGNORECASE)
"""What log-ins and refreshes answer."""

_MAX_DEPTH = 2
_SECOND = re.compile(r"/v2(?=/)")


@dataclass(slots=True)
class Call:
    """One exchange whose role is known."""

    role: str
    version: str
    path: str
    """From where the API begins; that of version 2 without its prefix."""
    source: str
    """Name of the file."""
    recorded: Recorded
    sent: Any
    """The body as JSON, None if there is none or it cannot be read."""
    sent_whole: bool
    got: Any
    got_whole: bool
    order: int
    """Counts up over all files in the order of time."""
    account: str = ""
    """What tells accounts apart, if anything does; never a credential."""

    @property
    def good(self) -> bool:
        """Whether the answer is a 2xx."""
        return 200 <= self.recorded.status < 300

    @property
    def refused(self) -> bool:
        """Whether a token or credentials were turned away."""
        return self.recorded.status in (401, 403)

    @property
    def place(self) -> str:
        """How it is named to people."""
        return f"entry {self.recorded.number} of {self.source}"

    @property
    def at(self) -> datetime | None:
        """When it began."""
        return self.recorded.started

    @property
    def ended(self) -> datetime | None:
        """When its answer was there."""
        try:
            return None if self.at is None else self.at + timedelta(milliseconds=self.recorded.took_ms or 0)
        except OverflowError:
            return self.at

    @property
    def query(self) -> dict[str, str]:
        """Its query by name; of names that occur twice the last value."""
        return dict(self.recorded.query)

    def header(self, name: str) -> str | None:
        """Returns a header of the request."""
        return next((value for key, value in self.recorded.request_headers if key == name), None)

    def answered(self, name: str) -> str | None:
        """Returns a header of the answer."""
        return next((value for key, value in self.recorded.response_headers if key == name), None)

    @property
    def given(self) -> Any:
        """The token that was given out, or what stands in its place."""
        return member(self.got, TOKEN)

    @property
    def expires(self) -> Any:
        """When that token expires, as it stands there."""
        return member(self.got, EXPIRES)

    @property
    def media_type(self) -> str:
        """That of the answer, without parameters."""
        return (self.answered("content-type") or "").partition(";")[0].strip().lower()


def member(got: Any, word: re.Pattern[str], depth: int = 0) -> Any:
    """Returns the text under the first member with such a name, those outside first; None if there is none."""
    if not isinstance(got, dict) or depth > _MAX_DEPTH:
        return None
    here = next((value for name, value in got.items() if word.fullmatch(name) and isinstance(value, str)), None)
    if here is not None:
        return here
    inner = (member(value, word, depth + 1) for value in got.values() if isinstance(value, dict))
    return next((value for value in inner if value is not None), None)


@dataclass(slots=True)
class Traffic:
    """All calls, in the order of time."""

    calls: list[Call] = field(default_factory=list)
    others: list[Recorded] = field(default_factory=list)
    """Exchanges with the same servers, under paths that are none of ours."""
    parsed: int = 0

    def by_role(self, *roles: str, version: str | None = None) -> list[Call]:
        """Returns the calls of these roles."""
        return [call for call in self.calls if call.role in roles and version in (None, call.version)]


def hidden(value: Any) -> bool:
    """Whether a secret was taken out of what was recorded, so that it does not tell one from another."""
    return not isinstance(value, str) or bool(_HIDDEN.search(value))


def is_json_kind(kind: str) -> bool:
    """Whether a media type is JSON."""
    return kind == "application/json" or kind.endswith("+json")


class Reader:
    """Finds the calls of this API among recorded exchanges.

    Args:
        traffic: Where they are added.
    """

    def __init__(self, traffic: Traffic) -> None:
        self._traffic = traffic

    def take(self, exchanges: Iterable[Recorded], source: str) -> int:
        """Adds the calls of one file; returns how many there are.

        Args:
            exchanges: Of the file.
            source: Its name.
        """
        by_host: dict[str, list[_Exchange]] = {}
        for each in exchanges:
            if 100 <= each.status < 600 and each.method not in ("OPTIONS", "HEAD"):
                by_host.setdefault(each.host, []).append(self._exchange(each))
        added = 0
        for group in by_host.values():
            added += self._take_host(group, source)
        return added

    def _take_host(self, group: list["_Exchange"], source: str) -> int:
        beginning = _beginning(group)
        if beginning is None:
            return 0
        paths = _learned(group, beginning)
        added = 0
        for each in group:
            version, path = _versioned(each.recorded.path, beginning)
            role = _role(each, version, path, paths)
            if role is None:
                self._traffic.others.append(each.recorded)
            elif len(self._traffic.calls) < MAX_CALLS:
                self._traffic.calls.append(
                    Call(
                        role, version, path, source, each.recorded, each.sent, each.recorded.request_whole, each.got,
                        each.recorded.response_whole, 0,
                    )
                )  # fmt: skip
                added += 1
        return added

    def _exchange(self, each: Recorded) -> "_Exchange":
        return _Exchange(each, *(self._json(body, whole) for body, whole in (
            (each.request_body, each.request_whole), (each.response_body, each.response_whole)
        )))  # fmt: skip

    def _json(self, body: bytes | None, whole: bool) -> Any:
        if not body or self._traffic.parsed > MAX_TEXT:
            return None
        self._traffic.parsed += len(body)
        try:
            value = orjson.loads(body)
        except ValueError:
            value = None if whole else salvaged(body)
        return value if isinstance(value, dict | list) else None


@dataclass(frozen=True, slots=True)
class _Exchange:
    recorded: Recorded
    sent: Any
    got: Any

    @property
    def good(self) -> bool:
        return 200 <= self.recorded.status < 300


def in_time(traffic: Traffic) -> None:
    """Puts the calls of all files into the order of time, as far as it is known."""
    known = [call for call in traffic.calls if call.at is not None]
    if len(known) == len(traffic.calls):
        traffic.calls.sort(key=lambda call: (call.at, call.source, call.recorded.number))
    for order, call in enumerate(traffic.calls):
        call.order = order


def _beginning(group: list[_Exchange]) -> str | None:
    """Returns what stands before the paths of the API; None if these exchanges are with another one."""
    for each in group:
        if each.recorded.method == "POST" and each.recorded.path.endswith("/authenticate") and each.good:
            names = {*each.sent} if isinstance(each.sent, dict) else None
            fits = names is None or names >= _NEW or names >= _OLD
            if fits and member(each.got, TOKEN) is not None:
                return _without_second(each.recorded.path.removesuffix("/authenticate"))
    if any(_imports(each) or _logs_in(each) for each in group):
        listed = [each.recorded.path for each in group if _is_token_sent(each)]
        return next((_without_second(_before(path)) for path in listed if _before(path) is not None), "")
    for each in group:
        if _is_token_sent(each) and each.good and _is_page(each.got) and _before(each.recorded.path) is not None:
            return _without_second(_before(each.recorded.path))
    return None


def _before(path: str) -> str | None:
    found = re.match(r"(.*?)(?:/v2)?/(?:contacts|units|properties|jobs)(?:/[^/]*)?$", path)
    return found[1] if found else None


def _without_second(path: str | None) -> str:
    return re.sub(r"/v2$", "", path or "")


def _is_token_sent(each: _Exchange) -> bool:
    return any(name == "token" for name, _ in each.recorded.request_headers)


def _is_page(got: Any) -> bool:
    return isinstance(got, dict) and any(isinstance(value, list) for value in got.values()) and len(got) >= 2


def _imports(each: _Exchange) -> bool:
    """Whether a request carries master data, and was accepted."""
    if each.recorded.method not in ("POST", "PUT") or not each.good or not isinstance(each.sent, dict):
        return False
    lists = [name for name in _IMPORTED if isinstance(each.sent.get(name), list)]
    return bool(lists) and isinstance(each.got, dict) and bool(_texts(each.got))


def _texts(value: Mapping[str, Any]) -> Iterator[str]:
    for item in value.values():
        if isinstance(item, str | int) and not isinstance(item, bool):
            yield str(item)
        elif isinstance(item, dict):
            yield from (str(inner) for inner in item.values() if isinstance(inner, str | int))


@dataclass(slots=True)
class _Learned:
    """Paths of which no documentation says anything, learned from what went well."""

    imports: set[str] = field(default_factory=set)
    refreshes: set[str] = field(default_factory=set)
    log_ins: set[str] = field(default_factory=lambda: {"/authenticate"})
    job_ids: set[str] = field(default_factory=set)
    contacts: set[str] = field(default_factory=lambda: {"/contacts"})
    """What stands before the id of a contact of version 1."""


def _learned(group: list[_Exchange], beginning: str) -> _Learned:
    found = _Learned()
    for each in group:
        version, path = _versioned(each.recorded.path, beginning)
        if _imports(each):
            found.imports.add(path)
            found.job_ids.update(text for text in _texts(each.got) if len(text) >= 1)
        elif _logs_in(each):
            found.log_ins.add(path)
        elif _renews(each) and path != "/authenticate":
            found.refreshes.add(path)
        elif version == "v1" and each.recorded.method == "GET" and each.good and _is_contact(each.got, path):
            found.contacts.add(path.rpartition("/")[0])
    return found


def _is_contact(got: Any, path: str) -> bool:
    """Whether an answer is the contact that the end of its path names."""
    if not isinstance(got, dict) or not {"firstName", "lastName", "id"} <= got.keys():
        return False
    return bool(got["id"] == unquote(path.rpartition("/")[2]))


def _logs_in(each: _Exchange) -> bool:
    """Whether key and secret, under their documented names, were answered by a token, at whatever path."""
    if each.recorded.method != "POST" or not each.good or not isinstance(each.sent, dict):
        return False
    return (each.sent.keys() >= _NEW or each.sent.keys() >= _OLD) and member(each.got, TOKEN) is not None


def _renews(each: _Exchange) -> bool:
    return (
        each.recorded.method in ("POST", "PUT")
        and each.good
        and isinstance(each.sent, dict)
        and each.sent.keys() >= _RENEW
        and member(each.got, TOKEN) is not None
    )


def _versioned(path: str, beginning: str) -> tuple[str, str]:
    """Returns the version, and the path from where the API begins."""
    rest = path[len(beginning) :] if path.startswith(f"{beginning}/") else path
    rest = rest.rstrip("/") or "/"
    return ("v2", rest[3:]) if rest.startswith("/v2/") else ("v1", rest)


def _role(each: _Exchange, version: str, path: str, learned: _Learned) -> str | None:
    method = each.recorded.method
    if method in ("POST", "PUT"):
        if path in learned.log_ins:
            return AUTHENTICATE
        if path in learned.imports:
            return IMPORT
        return REFRESH if path in learned.refreshes else None
    if method != "GET":
        return None
    parts = path.split("/")[1:]
    if parts[0] == "jobs" and len(parts) == 2:
        return JOB
    if version == "v1" and path.rpartition("/")[0] in learned.contacts:
        return "contact"
    if parts[0] in LISTS and len(parts) <= 2 and (version == "v2" or parts[0] == "contacts"):
        return parts[0] if len(parts) == 1 else LISTS[parts[0]]
    if len(parts) >= 2 and parts[-1] in learned.job_ids and isinstance(each.got, dict):
        return JOB
    return None
