"""Checks about the filter by the moment of modification."""

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import quote

from casavi_contracts.checks.definition import check
from casavi_contracts.context import Context
from casavi_contracts.expect.histories import alternatives
from casavi_contracts.expect.moments import moment
from casavi_contracts.expect.observing import LISTS, V2_LISTS, Record, own, pause
from casavi_contracts.failures import Broken
from casavi_contracts.http.target import Capability
from casavi_contracts.promises import Named

WRITES = (Capability.WRITE,)

_TICK = timedelta(milliseconds=1)
"""To which moments are told."""

_ZONES = (timedelta(0), timedelta(hours=2), timedelta(hours=-5, minutes=-30))


@check(client="6", assumption="modified-after", operations=V2_LISTS, needs=WRITES, versions=("v2",))
def modified_after_leaves_what_changed_since(ctx: Context) -> None:
    """The filter modifiedAfter leaves, in every list, what was created or changed after that moment, and nothing
    else.
    """
    began = end_of(ctx, ctx.account.imported({"contacts": []})) - timedelta(days=1)
    waves = ({"A": "new", "B": "new"}, {"C": "new"}, {"A": "changed", "D": "new"}, {"A": "changed", "B": "new"})
    moments = [began, *(end_of(ctx, ctx.account.imported(ctx.names.own(houses(wave)))) for wave in waves)]
    since = [["A", "B", "C", "D"], ["A", "C", "D"], ["A", "D"], [], []]
    for number, (at, wanted) in enumerate(zip(moments, since, strict=True)):
        for place, entity in enumerate(LISTS["v2"]):
            zone = timezone(_ZONES[(number + place) % len(_ZONES)])
            _expect_since(ctx, entity, at.astimezone(zone), wanted)


def houses(names: Mapping[str, str]) -> Record:
    """Returns a contact, a property and a unit for each id, with a name."""
    return {
        "contacts": [{"id": id_, "lastName": name} for id_, name in names.items()],
        "properties": [
            {"id": id_, "name": name, "addresses": [{"street": "x", "units": [{"id": id_, "name": name}]}]}
            for id_, name in names.items()
        ],
    }


def _expect_since(ctx: Context, entity: str, at: datetime, wanted: list[str], **more: Any) -> None:
    seen = filtered(ctx, entity, modifiedAfter=told(at))
    ctx.expect(sorted(seen) == sorted(wanted), f"the {entity} {wanted} for modifiedAfter={told(at)}", f"{seen}", **more)


def end_of(ctx: Context, job: Mapping[str, Any]) -> datetime:
    """Returns a moment after the end of a job, and lets it pass."""
    after = _finished(job) + _TICK
    pause(ctx, 2)
    return after


def _finished(job: Mapping[str, Any]) -> datetime:
    text = job["finishedAt"]
    ended = moment(text) if isinstance(text, str) else None
    if ended is None:
        raise Broken("a moment as the end of a job", repr(text), check=Named.MOMENTS_ARE_ISO_8601_IN_UTC)
    return ended


def told(at: datetime) -> str:
    """Returns a moment as the filter takes it (RFC 3339)."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def filtered(ctx: Context, entity: str, **query: str) -> list[str]:
    """Returns local ids of the records of this context that a filter leaves."""
    asked = "&".join(f"{name}={quote(value, safe='')}" for name, value in query.items())
    return [ctx.names.local(record["id"]) for record in own(ctx, entity, asked)]


@check(assumed="modified-after", source="6", operations=V2_LISTS, needs=(*WRITES, Capability.CLOCK), versions=("v2",))
def modified_after_means_after(ctx: Context) -> None:
    """What was modified at the very moment of modifiedAfter is not listed, what was modified a millisecond later
    is.
    """
    now = moment(ctx.clock.now())
    assert now is not None, "the control plane tells the time as the vendor does"
    # A moment is told to the millisecond, so that of the modification must not have more to it.
    ctx.clock.freeze(told(now.replace(microsecond=0) + timedelta(seconds=2)))
    included = ctx.contract.values["modified-after"] == "at-or-after"
    for entity, portfolio in _alone().items():
        at = _finished(ctx.account.imported(ctx.names.own(portfolio)))
        _expect_since(ctx, entity, at - _TICK, ["A"])
        _expect_since(ctx, entity, at + _TICK, [])
        other = next(iter(alternatives(ctx.contract, "modified-after")))
        _expect_since(ctx, entity, at, ["A"] if included else [], value=other)
        pause(ctx, 1)


def _alone() -> dict[str, Record]:
    """Returns imports by the list in which their last record is."""
    unit = {"id": "A", "name": "new"}
    return {
        "contacts": {"contacts": [{"id": "A", "lastName": "new"}]},
        "properties": {"properties": [{"id": "A", "name": "new"}]},
        "units": {"properties": [{"id": "A", "addresses": [{"street": "x", "units": [unit]}]}]},
    }


@check(assumed="modified-after", source="6", operations=V2_LISTS, needs=WRITES, versions=("v2",))
def modification_is_of_the_record_itself(ctx: Context) -> None:
    """A unit is modified with its contracts; contacts and properties are not modified by what refers to them."""
    portfolio = houses({"A": "new", "B": "new"})
    at = end_of(ctx, ctx.account.imported(ctx.names.own(portfolio)))
    unit = portfolio["properties"][0]["addresses"][0]["units"][0]
    unit["contracts"] = [{"contactId": "A", "type": "OWNER"}]
    role = {"propertyId": "A", "contactId": "B", "roleName": "Beirat", "roleType": "external"}
    ctx.account.imported(ctx.names.own({**portfolio, "responsibilities": [role]}))
    for entity, wanted in {"contacts": [], "properties": [], "units": ["A"]}.items():
        _expect_since(ctx, entity, at, wanted)
