"""What came of imports, without what differs from context to context, so that two of them can be compared."""

import json
from collections.abc import Callable, Iterable, Mapping
from random import Random
from typing import Any

from casavi_contracts.context import Context, Names
from casavi_contracts.expect.observing import ALL_CONTRACTS, LISTS
from casavi_contracts.model import same, shown

Record = dict[str, Any]

_GIVEN = frozenset({"internalId", "appLink", "contactInternalId"})
"""What a server gives every record anew."""

_IDS = frozenset({"id", "contactId", "propertyId", "unitId"})


def outcome(
    ctx: Context, names: Names, jobs: Iterable[Mapping[str, Any]] = (), rename: Callable[[str], str] = lambda id_: id_
) -> dict[str, Any]:
    """Returns records and refusals of a namespace, with local ids and in an order of their own.

    Args:
        ctx: The context.
        names: The namespace.
        jobs: Ended jobs.
        rename: Gives local ids the names under which they are compared.
    """

    def local(id_: str) -> str:
        return rename(names.local(id_)) if names.mine(id_) else id_

    refused = [
        {
            "entity": error["entity"],
            "id": local(error["id"]) if error["id"] else None,
            "rule": error["rule"],
            "missing": error["missing"] and {**error["missing"], "id": local(error["missing"]["id"] or "")},
        }
        for job in jobs
        for error in job["errors"]
    ]
    seen: dict[str, Any] = {"refused": sorted(refused, key=_text)}
    for entity, operation in LISTS[ctx.contract.version].items():
        records = ctx.listed(ctx.account, operation, ALL_CONTRACTS if entity == "units" else "")
        seen[entity] = sorted((_settled(record, local) for record in records if names.mine(record["id"])), key=_text)
    return seen


def _settled(value: Any, local: Callable[[str], str], name: str = "") -> Any:
    if isinstance(value, dict):
        return {
            key: member if key == "customFields" else _settled(member, local, key)
            for key, member in value.items()
            if key not in _GIVEN
        }
    if isinstance(value, list):
        inner = "id" if name == "units" else ""
        return sorted((_settled(item, local, inner) for item in value), key=_text)
    return local(value) if name in _IDS and isinstance(value, str) else value


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def expect_same(ctx: Context, expected: Mapping[str, Any], observed: Mapping[str, Any], other: str) -> None:
    """Breaks the check unless two outcomes are the same.

    Args:
        ctx: The context.
        expected: The outcome to compare with.
        observed: The outcome that should be the same.
        other: Words for what is different about the second.
    """
    for kind, records in expected.items():
        for record in records:
            found = any(same(record, one) for one in observed[kind])
            ctx.expect(found, f"the same {kind} {other}, so {shown(record)}", shown(_nearest(record, observed[kind])))
        ctx.expect(
            len(observed[kind]) == len(records), f"the same {kind} {other}, {len(records)}", f"{len(observed[kind])}"
        )


def _nearest(record: Record, others: list[Record]) -> Any:
    return next((one for one in others if one.get("id") == record.get("id")), others)


def permuted(portfolio: Mapping[str, Any], seed: int) -> Record:
    """Returns a portfolio whose arrays and members stand in another order."""
    result: Record = _permuted(portfolio, Random(seed))  # noqa: S311  # an order, no secret
    return result


def _permuted(value: Any, random: Random) -> Any:
    if isinstance(value, dict):
        members = [(name, _permuted(member, random)) for name, member in value.items()]
        random.shuffle(members)
        return dict(members)
    if isinstance(value, list):
        items = [_permuted(item, random) for item in value]
        random.shuffle(items)
        return items
    return value
