"""What was seen of each assumption, and what follows from all of it together."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import jsonschema_rs

from casavi_contracts.spec import Assumption

CONFIRMED, REFUTED, CONTRADICTORY, NARROWED, UNSEEN = "confirmed", "refuted", "contradictory", "narrowed", "not seen"
"""Verdicts. `narrowed`: some values are ruled out, and more than one is left."""

OBSERVED, DOCUMENT = "observed", "vendor-document"
"""Kinds of evidence."""

_SOME = 3
"""Exchanges that have to agree before a single one against them is called odd."""

_SHOWN = 5
"""Places that are named; of more only the number is told."""


@dataclass(frozen=True, slots=True)
class Sight:
    """One place in a file that speaks about an assumption."""

    name: str
    """Of the assumption."""
    value: Any
    """What a profile would have to say; a text in words where `possible` of the register does not hold it."""
    place: str
    """Such as `entry 12` or `POST /import`."""
    source: str
    """Name of the file."""
    kind: str
    """`OBSERVED` or `DOCUMENT`."""
    at: datetime | None = None
    others: tuple[Any, ...] = ()
    """Further values that agree with what was seen."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What all files together say about an assumption."""

    name: str
    verdict: str
    ours: Any
    theirs: Any = None
    """The value for a profile, or a text in words; None if nothing is settled."""
    expressible: bool = True
    """Whether a profile can say `theirs`."""
    kind: str = OBSERVED
    count: int = 0
    first: datetime | None = None
    last: datetime | None = None
    places: tuple[str, ...] = ()
    against: tuple[str, ...] = ()
    """Places that say something else, with what they say."""
    sources: tuple[str, ...] = ()
    candidates: tuple[Any, ...] = ()
    """The values that are left, if more than one is."""


def settle(register: Mapping[str, Assumption], ours: Mapping[str, Any], sights: Iterable[Sight]) -> list[Finding]:
    """Returns a finding for every assumption, in the order of the register.

    Args:
        register: The assumptions by name.
        ours: The value that is taken of each until now.
        sights: In any order. Those of assumptions that the register does not have are passed over.
    """
    by_name: dict[str, list[Sight]] = {name: [] for name in register}
    for sight in sights:
        if sight.name in by_name:
            by_name[sight.name].append(sight)
    return [_finding(register[name], ours[name], seen) for name, seen in by_name.items()]


def _finding(entry: Assumption, ours: Any, sights: Sequence[Sight]) -> Finding:
    if not sights:
        return Finding(entry.name, UNSEEN, ours)
    traffic = [sight for sight in sights if sight.kind == OBSERVED]
    finding = _settled(entry, ours, traffic or sights)
    if traffic and len(traffic) < len(sights):  # what happens counts for more than what is written about it
        written = [sight for sight in sights if sight.kind == DOCUMENT]
        if finding.verdict in (CONFIRMED, REFUTED):
            other = [sight for sight in written if _key(sight.value) != _key(finding.theirs)]
            finding = _with_against(finding, _told(other))
        else:
            return _settled(entry, ours, written)
    return finding


def _settled(entry: Assumption, ours: Any, sights: Sequence[Sight]) -> Finding:
    groups = _groups(sights)
    most, *rest = sorted(groups.values(), key=len, reverse=True)
    odd = [sight for group in rest for sight in group]
    if odd and not (len(odd) == 1 and len(most) >= _SOME):
        return _made(entry, CONTRADICTORY, ours, None, sights, against=_told(sights))
    left = _left(most)
    if len(left) > 1:
        if _key(ours) in left:
            return _made(entry, UNSEEN, ours, None, most, candidates=tuple(left.values()))
        return _made(entry, NARROWED, ours, None, most, candidates=tuple(left.values()), against=_told(odd))
    (theirs,) = left.values()
    verdict = CONFIRMED if _key(theirs) == _key(ours) else REFUTED
    return _made(entry, verdict, ours, theirs, most, against=_told(odd))


def _groups(sights: Sequence[Sight]) -> dict[str, list[Sight]]:
    """Returns the sights by value; one that leaves several values stands with each that somebody else is sure of."""
    groups: dict[str, list[Sight]] = {}
    for sight in sights:
        if not sight.others:
            groups.setdefault(_key(sight.value), []).append(sight)
    sure = frozenset(groups)
    open_ones: list[Sight] = []
    for sight in sights:
        if sight.others:
            matching = sure & {_key(value) for value in (sight.value, *sight.others)}
            for value in matching:
                groups[value].append(sight)
            if not matching:
                open_ones.append(sight)
    if open_ones:
        groups["|".join(sorted(_left(open_ones)))] = open_ones
    return groups


def _left(sights: Sequence[Sight]) -> dict[str, Any]:
    """Returns the values that agree with all of these sights, by their keys."""
    left = {_key(value): value for value in (sights[0].value, *sights[0].others)}
    for sight in sights[1:]:
        keys = {_key(value) for value in (sight.value, *sight.others)}
        left = {key: value for key, value in left.items() if key in keys}
    return left or {_key(sights[0].value): sights[0].value}


def _made(
    entry: Assumption,
    verdict: str,
    ours: Any,
    theirs: Any,
    sights: Sequence[Sight],
    *,
    against: tuple[str, ...] = (),
    candidates: tuple[Any, ...] = (),
) -> Finding:
    moments = [sight.at for sight in sights if sight.at is not None]
    return Finding(
        name=entry.name,
        verdict=verdict,
        ours=ours,
        theirs=theirs,
        expressible=theirs is None or jsonschema_rs.is_valid(entry.schema, theirs),
        kind=sights[0].kind,
        count=len({(sight.source, sight.place) for sight in sights}),
        first=min(moments, default=None),
        last=max(moments, default=None),
        places=tuple(dict.fromkeys(sight.place for sight in sights))[:_SHOWN],
        against=against,
        sources=tuple(dict.fromkeys(sight.source for sight in sights)),
        candidates=candidates,
    )


def _with_against(finding: Finding, against: tuple[str, ...]) -> Finding:
    return Finding(**{**_members(finding), "against": finding.against + against})


def _members(finding: Finding) -> dict[str, Any]:
    return {name: getattr(finding, name) for name in Finding.__slots__}


def _told(sights: Sequence[Sight]) -> tuple[str, ...]:
    told = [f"{json.dumps(sight.value, ensure_ascii=False)} ({sight.place})" for sight in sights[:_SHOWN]]
    more = len(sights) - len(told)
    return (*told, *([f"and {more} more"] if more > 0 else []))


def _key(value: Any) -> str:
    """Returns a text by which two values are the same value: 30 and 30.0 are, true and 1 are not."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return json.dumps(value, sort_keys=True)
