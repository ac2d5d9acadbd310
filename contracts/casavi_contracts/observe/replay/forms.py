"""Compares an answer with the recorded one: status, shape and meaning; what changes from run to run, by its type."""

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

MAX_DEPTH = 60
MAX_FOUND = 200
"""Differences of one answer."""

_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?\Z")
_ADDRESS = re.compile(r"https?://|urn:")
_ID = re.compile(r"(?=.*\d)[\w.:=+/|-]{1,200}\Z")
_VOLATILE = re.compile(r"(?:^|[a-z])(?:internalId|Id|ID|Ms|Millis|Seconds|duration|took|elapsed|eta|retryAfter)$|^id$")
_SECRET = re.compile(r"token|secret|password|apiKey|(?:^|_)key$", re.IGNORECASE)
_LINKS = frozenset({"next", "prev", "previous", "first", "last"})
_PROSE = frozenset({"message", "detail", "title", "description", "error", "reason", "text", "hint"})
_TALLY = frozenset({"created", "updated", "unchanged"})
_TELLING = frozenset({"status", "state", "rule", "code"})
_WORD = re.compile(r"[A-Za-z][A-Za-z_ -]{0,29}\Z")
_REDACTED = re.compile(r"\[(?:redacted|secret)")


@dataclass(frozen=True, slots=True)
class Found:
    """One place at which an answer is not as the recorded one."""

    place: str
    """JSON pointer, `*` for any item of a list; or `status`, `content-type`."""
    kind: str
    """`missing`, `new`, `type`, `form`, `value`, `count`, `order`."""
    was: str
    """In the recording; texts are told by their kind, since they may be about people."""
    now: str


@dataclass(frozen=True, slots=True)
class Setting:
    """What has to be known of a recording to compare with it."""

    sent: Collection[str] = frozenset()
    """Texts that the client sent: the server has not made them up."""
    imported: Collection[str] = frozenset()
    """Reference ids that the recording imports."""
    existed: bool = False
    """Whether the account held records before the recording began; numbers of records tell nothing then."""
    words: Collection[str] = frozenset()
    """Texts that may be shown: names of states, rules, and values of the contract."""
    home: Mapping[str, str] = field(default_factory=dict)
    """Ids as they were recorded, by those that were sent instead."""


def compare(
    recorded: bytes | None, answered: bytes, setting: Setting, *, error: bool = False
) -> tuple[list[Found], Any, Any]:
    """Returns the differences of two bodies, and both as JSON (None for what is none).

    Args:
        recorded: The body in the recording; None if it is not known.
        answered: The body that came now.
        setting: What is known of the recording.
        error: Whether both are errors, whose texts are for people.
    """
    if recorded is None:
        return [], None, parsed(answered)
    was, now = parsed(recorded), parsed(answered)
    if was is None or now is None:
        same = (was is None) == (now is None)
        kinds = (_kind(was, recorded), _kind(now, answered))
        return ([] if same else [Found("", "type", *kinds)]), was, now
    return list(islice(_Comparing(setting, error=error).values("", was, now, 0), MAX_FOUND)), was, now


def parsed(body: bytes) -> Any:
    """Returns a body as JSON, None if it is none (or `null`)."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _kind(value: Any, body: bytes) -> str:
    if value is not None:
        return name_of(value)
    return "no JSON" if body else "no body"


def name_of(value: Any) -> str:
    """Returns the type of a value."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "a text"
    return "a list" if isinstance(value, list) else "an object"


def form_of(text: str) -> str:
    """Returns what kind of text it is: the form of a moment, an address, an id, or a text."""
    if _MOMENT.match(text):
        return re.sub(r"\d", "0", text).replace("-00:00", "+00:00")
    if _ADDRESS.match(text):
        return "an address"
    return "an id" if _ID.match(text) else "a text"


class _Comparing:
    def __init__(self, setting: Setting, *, error: bool) -> None:
        self._setting = setting
        self._error = error
        self._shape_only = 0

    def values(self, place: str, was: Any, now: Any, depth: int) -> Iterator[Found]:
        if depth > MAX_DEPTH:
            if was != now:
                yield Found(place[:200], "value", "nested deeply", "nested deeply")
            return
        if name_of(was) != name_of(now):
            if not ((was is None or now is None) and (self._shape_only or self._leads_on(place))):
                yield Found(place, "type", self._shown(place, was), self._shown(place, now))
        elif isinstance(was, dict):
            yield from self._members(place, was, now, depth)
        elif isinstance(was, list):
            yield from self._items(place, was, now, depth)
        elif not self._shape_only:
            yield from self._scalars(place, was, now)
        elif isinstance(was, str) and isinstance(now, str) and _MOMENT.match(was):
            yield from self._moments(place, was, now)

    def _leads_on(self, place: str) -> bool:
        """Whether a place is a link between pages, in an account with another number of records."""
        return self._setting.existed and place.rpartition("/")[2] in _LINKS

    def _members(self, place: str, was: dict[str, Any], now: dict[str, Any], depth: int) -> Iterator[Found]:
        for name, value in was.items():
            below = f"{place}/{member(name)}"
            if name not in now:
                yield Found(below, "missing", name_of(value), "nothing")
            else:
                yield from self.values(below, value, now[name], depth + 1)
        for name in now.keys() - was.keys():
            yield Found(f"{place}/{member(name)}", "new", "nothing", name_of(now[name]))

    def _items(self, place: str, was: list[Any], now: list[Any], depth: int) -> Iterator[Found]:
        if _are_records(was) and _are_records(now) and (was or now):
            yield from self._records(f"{place}/*", was, now, depth)
            return
        for one, other in zip(was, now, strict=False):
            yield from self.values(f"{place}/*", one, other, depth + 1)
        if len(was) != len(now) and not self._shape_only and not (self._setting.existed and not self._error):
            yield Found(place, "count", f"{len(was)} items", f"{len(now)} items")

    def _records(self, place: str, was: list[Any], now: list[Any], depth: int) -> Iterator[Found]:
        home = self._setting.home
        here = {home.get(str(one["id"]), str(one["id"])): one for one in now}
        there = {str(one["id"]): one for one in was}
        known = [name for name in there if name in self._setting.imported or name in here]
        for name in known:
            if name in here:
                yield from self.values(place, there[name], here[name], depth + 1)
            elif not self._shape_only and not self._setting.existed:  # otherwise it may be on another page
                yield Found(place, "missing", "a record", "nothing")
        strangers = [name for name in there if name not in known]
        if strangers and here:
            self._shape_only += 1
            example = next(iter(here.values()))
            for name in strangers[:20]:
                yield from self.values(place, there[name], example, depth + 1)
            self._shape_only -= 1
        if not strangers and not self._setting.existed and not self._shape_only:
            yield from (Found(place, "new", "nothing", "a record") for name in here if name not in there)
            if [name for name in here if name in there] != [name for name in there if name in here]:
                yield Found(place, "order", "one order", "another one")

    def _scalars(self, place: str, was: Any, now: Any) -> Iterator[Found]:
        name = place.rpartition("/")[2]
        if isinstance(was, str):
            yield from self._texts(place, name, was, self._setting.home.get(now, now) if self._setting.home else now)
        elif was != now and not _VOLATILE.search(name) and not self._is_tally(place, name):
            yield Found(place, "value", self._shown(place, was), self._shown(place, now))

    def _is_tally(self, place: str, name: str) -> bool:
        """Whether a number tells how many records there are, in an account that held some before."""
        depth = place.count("/")
        return self._setting.existed and (name in _TALLY or (depth == 1 and not self._error))

    def _texts(self, place: str, name: str, was: str, now: str) -> Iterator[Found]:
        if was == now or _SECRET.search(name) or _REDACTED.search(was):
            return
        if was in self._setting.sent:
            yield Found(place, "value", self._shown(place, was), self._shown(place, now))
            return
        if _MOMENT.match(was):
            yield from self._moments(place, was, now)
            return
        if name in _PROSE or (self._error and " " in was):
            return
        one, other = form_of(was), form_of(now)
        if one == other and one != "a text":
            return
        if one == other or was in self._setting.words or now in self._setting.words:
            yield Found(place, "value", self._shown(place, was), self._shown(place, now))
        elif not (_VOLATILE.search(name) and {one, other} <= {"an id", "a text"}):
            yield Found(place, "form", one, other)

    @staticmethod
    def _moments(place: str, was: str, now: str) -> Iterator[Found]:
        if form_of(was) != form_of(now):
            yield Found(place, "form", form_of(was), form_of(now))

    def _shown(self, place: str, value: Any) -> str:
        if isinstance(value, str):
            telling = place.rpartition("/")[2] in _TELLING and _WORD.match(value)
            return json.dumps(value) if telling or value in self._setting.words else form_of(value)
        if isinstance(value, bool) or value is None:
            return json.dumps(value)
        if isinstance(value, int | float):
            return f"{value:.10g}" if isinstance(value, float) else str(value)[:20]
        return f"{name_of(value)} of {len(value)}"


def _are_records(items: list[Any]) -> bool:
    return all(isinstance(one, dict) and isinstance(one.get("id"), str | int) for one in items)


def member(name: str) -> str:
    """Returns the name of a member as it stands in a JSON pointer that is shown."""
    plain = "".join(character if character.isprintable() else "?" for character in name[:60])
    return plain.replace("~", "~0").replace("/", "~1")
