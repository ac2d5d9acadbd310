"""What a check sees of its own records and jobs, held against what the model predicts."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from casavi_contracts import spec
from casavi_contracts.context import Context
from casavi_contracts.contract import Contract
from casavi_contracts.failures import Broken
from casavi_contracts.http.client import Client
from casavi_contracts.http.exchange import Answer, expect_form
from casavi_contracts.model import Account, Difference, Job, Refusal, Rejected, View, differences, same, shown
from casavi_contracts.model.dates import means_the_same
from casavi_contracts.model.requests import stand_ins
from casavi_contracts.spec.evidence import weaker

Record = dict[str, Any]

LISTS: Mapping[str, Mapping[str, str]] = {
    "v1": {"contacts": "getContacts"},
    "v2": {"contacts": "listContacts", "units": "listUnits", "properties": "listProperties"},
}
"""By version and entity, the operation that lists records."""

V2_LISTS = tuple(LISTS["v2"].values())
"""The operations of version 2 that list records."""

SINGLES: Mapping[str, tuple[str, str, str]] = {
    "v1": ("contacts", "getContactById", "id"),
    "v2": ("properties", "getPropertyById", "propertyId"),
}
"""By version, what can be read alone: entity, operation, parameter."""

ALL_CONTRACTS = "includeInactiveContracts=true"


def own(ctx: Context, entity: str, query: str = "", client: Client | None = None) -> list[Record]:
    """Returns the records of this context in a list, in the order of the list."""
    reader = client or ctx.account
    return ctx.listed(reader, LISTS[reader.contract.version][entity], query)


def single(ctx: Context, reference: str, client: Client | None = None) -> Record:
    """Returns a record that can be read alone.

    Raises:
        casavi_contracts.failures.Broken: It is not there.
    """
    reader = client or ctx.account
    entity, operation, _ = SINGLES[reader.contract.version]
    answer = read_single(reader, reference)
    if not answer.ok:
        raise Broken(f"{entity} {shown(ctx.names.local(reference))} to be found by its id", f"status {answer.status}")
    check_form(ctx, operation, answer, reader.contract)
    found: Record = answer.json
    return found


def read_single(client: Client, reference: str) -> Answer:
    """Asks for a record that can be read alone, and returns what is answered."""
    _, operation, parameter = SINGLES[client.contract.version]
    parameters: dict[str, Any] = {parameter: reference}
    return client.send(operation, **parameters)


def check_form(ctx: Context, operation: str, answer: Answer, contract: Contract | None = None) -> None:
    """Breaks the check that answers satisfy the contract, that of the context if none is given, if one does not."""
    expect_form(contract or ctx.contract, operation, answer)


def today(ctx: Context) -> date:
    """Returns the day at the target, in UTC."""
    clock = ctx.account.clock
    return date.fromisoformat(clock.now()[:10]) if clock else datetime.now(UTC).date()


def predicted(
    ctx: Context, account: Account, *, all_contracts: bool = True, version: str | None = None
) -> dict[str, dict[str, Record]]:
    """Returns what the model says can be read, in `version` or the context's, by entity and reference id."""
    view = View(account)
    if (version or ctx.contract.version) == "v1":
        return {"contacts": view.contacts_v1()}
    units = view.units(None if all_contracts else today(ctx))
    return {"contacts": view.contacts_v2(), "units": units, "properties": view.properties()}


def expect_read(
    ctx: Context,
    account: Account,
    client: Client | None = None,
    *,
    entities: Iterable[str] | None = None,
    spelling: bool = False,
    **more: Any,
) -> dict[str, dict[str, Record]]:
    """Breaks the check unless exactly what the model predicts can be read in the lists; returns what was read.

    Args:
        ctx: The context; only its own records are looked at.
        account: The account of the model.
        client: Reads, in its own version; the context's account if none is given.
        entities: What to read; all if not given.
        spelling: As for `expect_record`.
        more: As for `casavi_contracts.failures.Broken`. Without an assumption there, the evidence and assumption of the
            place that differs count, but the evidence as no stronger than what is given.
    """
    seen = {}
    contract = (client or ctx.account).contract
    for entity, expected in predicted(ctx, account, version=contract.version).items():
        if entities is None or entity in entities:
            if ctx.shared and not expected and entities is None:
                continue  # that nothing else came of an import is looked at where a request costs less
            records = own(ctx, entity, ALL_CONTRACTS if entity == "units" else "", client)
            seen[entity] = {record["id"]: record for record in records}
            expect_ids(ctx, entity, [record["id"] for record in records], [*expected], **more)
            for reference, record in expected.items():
                expect_record(ctx, entity, seen[entity][reference], record, contract, spelling=spelling, **more)
    return seen


def expect_ids(ctx: Context, entity: str, seen: list[str], expected: list[str], **more: Any) -> None:
    """Breaks the check unless a list has exactly these ids of the context, each once."""
    more = {"place": f"list of {entity}", **more}
    counts = Counter(seen)
    for reference in expected:
        count = counts[reference]
        ctx.expect(
            count == 1, f"{entity} {shown(ctx.names.local(reference))} once in the list", f"{count} times", **more
        )
    wanted = {*expected}
    strange = [ctx.names.local(reference) for reference in seen if reference not in wanted]
    ctx.expect(not strange, f"no other {entity} than were imported", f"{shown(strange)} as well", **more)


def expect_record(
    ctx: Context,
    entity: str,
    seen: Record,
    expected: Record,
    contract: Contract | None = None,
    *,
    spelling: bool = False,
    **more: Any,
) -> None:
    """Breaks the check unless a record reads as expected, under the context's contract if no other is given.

    Args:
        ctx: The context.
        entity: Of the record.
        seen: The record as it was read.
        expected: As it should be.
        contract: Under which it was read.
        spelling: Whether dates of contracts have to be spelled as expected; otherwise they have to be the same moments.
        more: As for `casavi_contracts.failures.Broken`.
    """
    contract = contract or ctx.contract
    omitted = contract.version == "v2" and contract.values["v2-absent-values"] == "omitted"
    for difference in differences(expected, seen, omitted=omitted):
        if not spelling and means_the_same(difference.pointer, difference.expected, difference.observed):
            continue
        marks = more if "assumption" in more else {**more, **_marks(contract, entity, difference, more.get("evidence"))}
        name = shown(ctx.names.local(expected["id"]))
        field = re.sub(r"/\d+", "", difference.pointer)
        marks = {"place": f"{entity} {field}", **marks}
        raise Broken(
            f"{difference.pointer or 'the whole'} of {entity} {name} to be {shown(difference.expected)}",
            "nothing there" if difference.missing else shown(difference.observed),
            **marks,
        )


def _marks(contract: Contract, entity: str, difference: Difference, most: str | None) -> dict[str, Any]:
    version = contract.version
    if version == "v2" and difference.expected is None and (difference.missing or difference.observed is None):
        seen = "omitted" if difference.missing else "null"
        return {"evidence": "assumed", "assumption": "v2-absent-values", "value": seen}
    list_key = "content" if version == "v1" else "list"
    evidence, assumption = contract.marks(LISTS[version][entity], f"/{list_key}/0{difference.pointer}")
    return {"evidence": weaker(evidence, most or "client"), "assumption": assumption}


def pause(ctx: Context, seconds: float) -> None:
    """Lets time pass at the target: by its clock if it can be moved, otherwise by waiting a little."""
    if clock := ctx.account.clock:
        clock.advance(seconds)
    else:
        ctx.target.sleep(min(seconds, _PATIENCE))


_PATIENCE = 0.05
"""Seconds that are waited where time cannot be moved: more than the millisecond to which times are told."""


# Jobs.

JOB = {"evidence": "assumed", "assumption": "job-object"}


def accepted(ctx: Context, account: Account, portfolio: Mapping[str, Any]) -> Job:
    """Applies a portfolio to the model and returns the job that it predicts; the portfolio satisfies the contract."""
    job = account.apply(portfolio)
    assert not isinstance(job, Rejected), f"strategies and checks make what the contract allows: {job}"
    return job


def imported(ctx: Context, account: Account, portfolio: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """Imports a portfolio into account and model, and breaks the check unless both jobs say the same; returns the job.

    A portfolio that does not satisfy the contract under the present profile has to be refused.
    """
    expected = account.apply(portfolio)
    if isinstance(expected, Rejected):
        expect_refused(ctx, portfolio, list(expected.pointers))
        return {}
    job = ctx.account.imported(portfolio)
    expect_job(ctx, job, expected, **more)
    return job


def expect_refused(ctx: Context, body: Any, pointers: list[str], client: Client | None = None, **more: Any) -> None:
    """Breaks the check unless an import is refused before the answer, for the places that are wrong."""
    answer = (client or ctx.account).send("importMasterData", body=body)
    wanted = status_of_refused(ctx.contract)
    ctx.expect(answer.status == wanted, f"status {wanted} for a request that breaks the contract at {pointers}",
                 f"status {answer.status}", **more)  # fmt: skip
    check_form(ctx, "importMasterData", answer)
    problem = answer.json
    for name, value in (("rule", "schema-violation"), ("status", wanted)):
        if not spec.hides(problem, name):
            ctx.expect(problem[name] == value, f"the {name} {value} in the body", repr(problem[name]), **more)
    if spec.hides(problem, "errors") or not ctx.contract.shapes[spec.ERROR].shows("place.pointer"):
        return
    meant = stand_ins(ctx.contract, body)
    named = [meant.get(error["pointer"], error["pointer"]) for error in problem.get("errors", ())]
    if len(named) == MAX_NAMED < len(pointers):  # there are more than an answer names
        pointers = [place for place in pointers if place in named] or pointers
    ctx.expect(_innermost(named) == _innermost(pointers), f"errors at {pointers}", f"{named}", **more)


MAX_NAMED = 20
"""Wrong places that a refusal names at most."""


def status_of_refused(contract: Contract) -> int:
    """Returns the status with which an import is refused that breaks the contract."""
    status = contract.rules["schema-violation"].status
    assert status is not None, "it refuses requests"
    return status


def _innermost(pointers: Iterable[str]) -> set[str]:
    """Returns each place once, be it wrong in several ways; without those around others, which may be told or not."""
    places = {*pointers}
    return {place for place in places if not any(other.startswith(f"{place}/") for other in places)}


def expect_job(ctx: Context, seen: Mapping[str, Any], expected: Job, **more: Any) -> None:
    """Breaks the check unless an ended job says what the model predicts: state, counts, errors, warnings, progress."""
    more = more or JOB
    if not spec.hides(seen, "errors"):
        _expect_errors(ctx, seen["errors"], expected.refusals, more)
    _expect_counts(ctx, seen, expected, more)
    ctx.expect(seen["status"] == expected.status, f"the job to end {expected.status!r}", repr(seen["status"]), **more)
    if not spec.hides(seen, "warnings"):
        _expect_warnings(ctx, seen["warnings"], expected, more)
    if not spec.hides(seen, "progress"):
        progress = {"processed": expected.total, "total": expected.total}
        ctx.expect(same(seen["progress"], progress), f"progress {progress}", shown(seen["progress"]), **more)


def _expect_counts(ctx: Context, seen: Mapping[str, Any], expected: Job, more: Mapping[str, Any]) -> None:
    if spec.hides(seen, "counts"):
        for name, total in expected.sums.items():
            if not spec.hides(seen, "sums", name):
                told = seen["sums"][name]
                ctx.expect(told == total, f"{total} {name}", repr(told), **more)
        return
    counts = {
        entity: {name: n for name, n in outcomes.items() if n and not spec.hides(seen, "counts", entity, name)}
        for entity, outcomes in expected.counts.items()
    }
    observed = {
        entity: {name: n for name, n in seen["counts"].get(entity, {}).items() if n} for entity in expected.counts
    }
    ctx.expect(same(counts, observed), f"counts {_short(counts)}", _short(observed), **more)


def _expect_warnings(ctx: Context, seen: list[Record], expected: Job, more: Mapping[str, Any]) -> None:
    names = [name for name in ("pointer", "rule", "count") if ctx.contract.shapes["getJob"].shows(f"warning.{name}")]
    warnings = [{name: warning[name] for name in names} for warning in seen]
    wanted = sorted(({name: one[name] for name in names} for one in expected.warnings), key=json.dumps)
    ctx.expect(same(sorted(warnings, key=json.dumps), wanted), f"warnings {shown(wanted)}", shown(warnings), **more)
    for warning in seen:
        if not spec.hides(warning, "message"):
            said = f"the warning {warning.get('rule')} at {warning.get('pointer')}"
            ctx.expect(bool(warning.get("message")), f"a message in {said}", "none", **more)


def _expect_errors(ctx: Context, seen: list[Record], expected: Sequence[Refusal], more: Mapping[str, Any]) -> None:
    shape = ctx.contract.shapes["getJob"]
    names = [name for name in ("entity", "pointer") if shape.shows(f"error.{name}")]
    if len(names) < 2:  # the place of a record is not shown, so that only their number can be judged
        ctx.expect(len(seen) == len(expected), f"{len(expected)} errors", f"{len(seen)}", **more)
        return
    known = {_place(refusal.as_json()): refusal for refusal in expected}
    found = {_place(error): error for error in seen}
    for place, refusal in known.items():
        error = refusal.as_json()
        said = f"{error['rule']} at {error['pointer']}"
        ctx.expect(place in found, f"an error {said}, in one of {len(expected)} errors", shown([*found]), **more)
        error = {name: value for name, value in error.items() if not spec.hides(found[place], name)}
        five = {name: found[place].get(name) for name in error}
        ctx.expect(same(five, error), f"the error {_short(error)}", _short(five), **more)
        if not spec.hides(found[place], "message"):
            ctx.expect(bool(found[place]["message"]), f"a message in the error {said}", "none", **more)
        if spec.hides(found[place], "evidence"):
            continue
        told, rule = found[place]["evidence"], ctx.contract.rules[refusal.rule]
        # That of a reference is its own; a job tells it alike in both versions, though less is known of the second.
        sure = told == rule.evidence if refusal.evidence is None else told in spec.EVIDENCE
        ctx.expect(sure, f"the evidence {rule.evidence!r} in the error {said}", repr(told), **more)
    ctx.expect(len(seen) == len(expected), f"{len(expected)} errors", f"{len(seen)}: {shown([*found])}", **more)


def _place(error: Mapping[str, Any]) -> str:
    return f"{error['entity']} {error['pointer']}"


def _short(value: Any) -> str:
    return json.dumps(value, ensure_ascii=True)
