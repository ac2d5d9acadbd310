"""Compares two recordings of a vendor without sending anything: what answers looked like then, and look like now."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from casavi_contracts.observe.replay import forms
from casavi_contracts.observe.replay.forms import Found
from casavi_contracts.observe.replay.result import Result
from casavi_contracts.observe.replay.steps import Step

MAX_VALUES = 20_000
"""Values of one answer that are looked at."""

_STATES = frozenset({"status", "state"})
_FREE = frozenset({"customFields"})


@dataclass(slots=True)
class _Seen:
    """What all answers of an operation with one status look like."""

    count: int = 0
    first: int = 0
    kinds: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Types and forms by place."""
    counts: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    """How often a place was there."""
    inside: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    """How often an object was there, by place."""
    media: set[str] = field(default_factory=set)
    words: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))


def compare_recordings(old: Sequence[Step], new: Sequence[Step], result: Result) -> None:
    """Notes where the answers of a recording look otherwise than those of an older one.

    Only operations and statuses that both have are compared; values are not, since both are about other records.

    Args:
        old: The older recording.
        new: The newer one.
        result: Where it is noted.
    """
    before, now = _summary(old, None), _summary(new, result)
    then, after = _successes(before), _successes(now)
    for (title, status), seen in now.items():
        succeeds = status < 300
        if (title, status) in before:
            result.take(seen.first, title, status, [*_differences(before[title, status], seen)])
        elif title in then and (succeeds or title not in after):
            result.take(seen.first, title, 0, [Found("status", "value", _list(then[title]), str(status))])
        else:
            result.leave_out(seen.first, f"{title} {status}", "not in the older recording")
    gone = sorted({title for title, _ in before} - {title for title, _ in now})
    if gone:
        result.notes.append(f"Only in the older recording: {', '.join(gone)}")


def _successes(found: Mapping[tuple[str, int], _Seen]) -> dict[str, list[int]]:
    """Returns with which statuses operations succeeded."""
    succeeded: dict[str, list[int]] = {}
    for title, status in sorted(found):
        if status < 300:
            succeeded.setdefault(title, []).append(status)
    return succeeded


def _list(values: Sequence[Any]) -> str:
    return ", ".join(map(str, values))[:60]


def _summary(steps: Sequence[Step], result: Result | None) -> Mapping[tuple[str, int], _Seen]:
    found: dict[tuple[str, int], _Seen] = {}
    for step in steps:
        if (step.obstacle is not None and step.recorded.status == 0) or step.operation is None:
            if result is not None:
                reason = step.obstacle or "not an operation of the contract"
                result.leave_out(step.recorded.number, step.title, reason)
            continue
        seen = found.setdefault((step.title, step.recorded.status), _Seen(first=step.recorded.number))
        seen.count += 1
        content = dict(step.recorded.response_headers).get("content-type", "")
        seen.media.add(content.partition(";")[0].strip().lower()[:60])
        if step.recorded.response_whole and step.recorded.response_body:
            _look(seen, forms.parsed(step.recorded.response_body))
    return found


def _look(seen: _Seen, body: Any) -> None:
    waiting: list[tuple[str, Any, int]] = [("", body, 0)]
    for _ in range(MAX_VALUES):
        if not waiting:
            return
        place, value, depth = waiting.pop()
        seen.counts[place] += 1
        seen.kinds[place].add(forms.name_of(value) if not isinstance(value, str) else forms.form_of(value))
        if isinstance(value, dict) and depth < forms.MAX_DEPTH and place.rpartition("/")[2] not in _FREE:
            seen.inside[place] += 1
            waiting += [(f"{place}/{forms.member(name)}", one, depth + 1) for name, one in value.items()]
        elif isinstance(value, list) and depth < forms.MAX_DEPTH:
            waiting += [(f"{place}/*", one, depth + 1) for one in value]
        elif isinstance(value, str) and place.rpartition("/")[2] in _STATES and len(seen.words[place]) < 20:
            seen.words[place].add(value)


def _differences(old: _Seen, new: _Seen) -> Iterator[Found]:
    if old.media != new.media:
        yield Found("content-type", "value", _list(sorted(old.media)), _list(sorted(new.media)))
    for place, kinds in sorted(old.kinds.items()):
        parent = place.rpartition("/")[0]
        always = old.counts[place] >= old.inside.get(parent, 1)
        if place not in new.kinds:
            if place and not place.endswith("/*") and new.inside.get(parent) and always:
                yield Found(place, "missing", _list(sorted(kinds)), "nothing")
            continue
        gained = new.kinds[place] - kinds - {"null"}
        if gained and kinds - {"null"} and not _are_texts(gained | kinds):
            yield Found(place, "type", _list(sorted(kinds)), _list(sorted(new.kinds[place])))
        elif new.words[place] - old.words[place] and not new.words[place] & old.words[place]:
            yield Found(place, "value", _list(sorted(old.words[place])), _list(sorted(new.words[place])))
    for place, kinds in sorted(new.kinds.items()):
        parent = place.rpartition("/")[0]
        if place not in old.kinds and place and not place.endswith("/*") and old.inside.get(parent):
            yield Found(place, "new", "nothing", _list(sorted(kinds)))


def _are_texts(kinds: set[str]) -> bool:
    """Whether kinds differ only as texts do from one to the next."""
    return kinds - {"null"} <= {"an id", "a text"}
