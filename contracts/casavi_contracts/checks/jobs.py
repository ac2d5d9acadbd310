"""Checks about the life of a job."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from hypothesis import strategies as st

from casavi_contracts import spec
from casavi_contracts.checks.definition import check, checks, row
from casavi_contracts.context import Context
from casavi_contracts.contract import Contract
from casavi_contracts.expect.calls import NOTHING
from casavi_contracts.expect.moments import moment_of, now
from casavi_contracts.expect.refusals import refused
from casavi_contracts.http.target import Capability
from casavi_contracts.strategies import ENTITIES, master_data

Job = Mapping[str, Any]

JOB = {"evidence": "assumed", "assumption": "job-object"}
"""What is known of how a job looks."""

IMPORT = ("importMasterData", "getJob")
WRITE = (Capability.WRITE,)
UNGUESSABLE = 8
"""Characters in which two job ids have to differ."""
SKEW = timedelta(minutes=10)
"""By how much two clocks may differ that nobody has set."""

LOOKS = 4
"""Looks at a job that is over."""
GLANCES = (0.0, 0.05, 0.05, 0.06, 0.05, 0.05, 0.05)
"""Seconds between the first looks at a job: so few that it is seen while it waits and while it is at work."""


def portfolios(contract: Contract) -> st.SearchStrategy[Any]:
    """Returns portfolios of every kind of record, some with records that name somebody unknown."""
    return st.tuples(master_data(contract), st.integers(0, 2)).map(lambda drawn: _with_strangers(*drawn))


def _with_strangers(portfolio: Mapping[str, Any], bad: int) -> dict[str, Any]:
    strangers = mixed(0, bad)["responsibilities"]
    return {**portfolio, "responsibilities": [*portfolio.get("responsibilities", ()), *strangers]}


def _of_every_kind(contract: Contract) -> st.SearchStrategy[Any]:
    """Returns portfolios with records of every kind, each with a record that names somebody unknown."""
    sizes = {**dict.fromkeys(ENTITIES, (1, 2)), "documents": (2, 4)}  # or there would be as many as units in each
    return master_data(contract, sizes=sizes).map(lambda made: _with_strangers(made, 1))


def _good_and_bad(contract: Contract) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries({"good": st.integers(0, 3), "bad": st.integers(0, 3)})


def mixed(good: int, bad: int) -> dict[str, Any]:
    """Returns an import of so many records that are taken, and so many that name somebody unknown."""
    role = {"propertyId": "P-unknown", "contactId": "C-unknown", "roleType": "internal"}
    return {
        "contacts": [{"id": f"C-{n}", "lastName": f"Smith {n}"} for n in range(good)],
        "responsibilities": [{**role, "roleName": f"role {n}"} for n in range(bad)],
    }


@check(documented="8.1", operations=("importMasterData",), needs=WRITE)
def import_answers_a_job_id(ctx: Context) -> None:
    """Every import is answered with a job id of its own, which cannot be guessed from another."""
    body = ctx.names.own({"contacts": [{"id": "C-1", "lastName": "Smith"}]})
    jobs = [ctx.account.submit(body), ctx.account.submit(body), ctx.fresh().submit(body)]
    jobs.append(ctx.account.submit(NOTHING))
    ctx.expect(len(set(jobs)) == len(jobs), f"{len(jobs)} different ids of {len(jobs)} imports", f"{len(set(jobs))}")
    for one, other in pairwise(jobs):
        differing = sum(a != b for a, b in zip(one, other, strict=False)) + abs(len(one) - len(other))
        ctx.expect(
            differing >= UNGUESSABLE, f"ids that differ in {UNGUESSABLE} characters", f"{differing}",
            evidence="assumed", assumption="job-object",
        )  # fmt: skip
    for job in jobs:
        ctx.expect(ctx.account.finish(job)["id"] == job, "each job under its own id", "another id")


@check(documented="8.1", operations=IMPORT, needs=WRITE, cases=portfolios, examples=6)
def accepted_job_is_visible(ctx: Context, case: Any) -> None:
    """An accepted job can be read at once, by every client of the account, shows the id that was asked for, and
    stays.
    """
    job = ctx.account.submit(ctx.names.own(case))
    clients = (ctx.account, ctx.fresh())
    for client in (*clients, None, *clients):
        seen = client.job(job) if client else ctx.account.finish(job)
        ctx.expect(seen["id"] == job, "the id that was asked for", "another one", **JOB)


Look = Callable[[Job], None]
"""Looks at a job as it is now."""


def _forward(ctx: Context, case: Any) -> Look:
    rank, ranks = {name: state.rank for name, state in ctx.contract.states.items()}, [0]

    def look(seen: Job) -> None:
        status = seen["status"]
        marks = {"evidence": "assumed", "assumption": "job-status-names"}
        ctx.expect(status in rank, f"one of {', '.join(rank)}", repr(status), **marks)
        ctx.expect(rank[status] >= ranks[-1], "a job that does not go back", f"{status!r} after a later state")
        ranks.append(rank[status])

    return look


def _growing(ctx: Context, case: Any) -> Look:
    total, before = sum(_by_entity(case).values()), [0]

    def look(seen: Job) -> None:
        progress = seen["progress"]
        done = progress["processed"]
        ctx.expect(progress["total"] == total, f"a total of {total} records", repr(progress["total"]))
        ctx.expect(before[-1] <= done <= total, f"from {before[-1]} to {total} records done", repr(done))
        waiting, ended = _waiting(ctx, seen), _ended(ctx, seen)
        ctx.expect(not waiting or done == 0, "nothing done while the job waits", repr(done))
        ctx.expect(not ended or done == total, f"all {total} done when it has ended", repr(done))
        before.append(done)

    return look


def _adding_up(ctx: Context, case: Any) -> Look:
    sent = _by_entity(case)

    def look(seen: Job) -> None:
        counts = {entity: sum(outcomes.values()) for entity, outcomes in spec.counts_of(seen).items()}
        done = seen["progress"]["processed"]
        ctx.expect(sum(counts.values()) == done, f"counts that add up to {done}", f"{sum(counts.values())}")
        more = {entity: n for entity, n in counts.items() if n > sent[entity]}
        ctx.expect(not more, f"no more records than were sent, {sent}", repr(more))
        if _ended(ctx, seen):
            ctx.expect(counts == sent, f"counts of {sent}", f"{counts}")
        refusals = spec.summed(seen, "refused")
        ctx.expect(len(seen["errors"]) == refusals, f"an error for each of {refusals} refusals", len(seen["errors"]))

    return look


@checks(
    row("job-moves-forward",
        "A job is waiting, then active, then completed or failed; it never goes back and knows no other state.",
        _forward, inferred="8.8", assumption="job-status-names", cases=portfolios),
    row("job-progress-only-grows",
        "A job knows from the start how many records it has; those that are done become more, up to all of them.",
        _growing, assumed="job-object", source="8.8", cases=portfolios),
    row("job-counts-add-up",
        "The counts of a job add up: at every look to the records that are done, at its end to those that were sent.",
        _adding_up, assumed="job-object", source="8.8", cases=_of_every_kind),
    operations=IMPORT,
    needs=WRITE,
    examples=10,
)  # fmt: skip
def job_report(ctx: Context, looks: Callable[[Context, Any], Look], case: Any) -> None:
    """What a job tells is true at every look, from the first to the last."""
    look = looks(ctx, case)
    for seen in _life(ctx, ctx.names.own(case)):
        look(seen)


@check(inferred="8.8", operations=IMPORT, needs=WRITE, cases=portfolios, examples=6)
def job_end_is_final(ctx: Context, case: Any) -> None:
    """A job that has ended stays as it is: looked at again, later, by another client, after other imports."""
    body = ctx.names.own(case)
    job = ctx.account.submit(body)
    ended = ctx.account.finish(job)
    for look in range(LOOKS):
        if look == 1 and ctx.account.clock:
            ctx.clock.advance(3_600)
        if look == LOOKS - 1:
            ctx.account.imported(body)
        seen = (ctx.account if look % 2 else ctx.fresh()).job(job)
        for member in sorted({*ended, *seen}):
            ctx.expect(
                seen.get(member) == ended.get(member), f"{member} to stay as it was when the job ended", "another value"
            )


@check(assumed="job-retention-days", source="8.8", operations=IMPORT, needs=(Capability.WRITE, Capability.CLOCK))
def job_stays_known(ctx: Context) -> None:
    """An ended job can be read for as long as it is kept, and is unknown after that."""
    kept = ctx.contract.values["job-retention-days"] * 86_400
    job = ctx.account.submit(ctx.names.own({"contacts": [{"id": "C-1", "lastName": "Smith"}]}))
    ended = ctx.account.finish(job)
    ctx.clock.freeze()
    ctx.clock.advance(kept * 0.9)
    ctx.expect(ctx.account.job(job) == ended, "the job as it was", "another one")
    ctx.clock.advance(kept * 0.2)
    ctx.account.log_in()
    refused(ctx, ctx.account.send("getJob", jobId=job), "job-unknown", "a job that is kept no longer")


@check(assumed="partial-failure", source="8.8", operations=IMPORT, needs=WRITE, cases=_good_and_bad, examples=10)
def job_fails_if_all_was_refused(ctx: Context, case: Any) -> None:
    """A job of which every record was refused has failed; any other is completed, and refuses just those."""
    good, bad = case["good"], case["bad"]
    job = ctx.account.imported(ctx.names.own(mixed(good, bad)))
    wanted = ctx.contract.states.shown("failed" if bad and not good else "completed", refused=bad).name
    ctx.expect(job["status"] == wanted, f"{wanted!r} with {good} good and {bad} bad records", repr(job["status"]))
    seen = spec.summed(job, "refused")
    ctx.expect(seen == bad, f"{bad} refused", f"{seen}")


@check(inferred="8.8", assumption="job-object", operations=IMPORT, needs=WRITE, cases=portfolios, examples=8)
def job_times_are_in_order(ctx: Context, case: Any) -> None:
    """A job was created before it started, started before it ended, and tells no moment that has not come."""
    ctx.account.submit(NOTHING)  # so that the job has something to wait for
    early = now(ctx)
    job = ctx.account.submit(ctx.names.own(case))
    late = now(ctx)
    slack = timedelta() if ctx.account.clock else SKEW
    started_at = None
    for seen in _looks(ctx, job):
        present = now(ctx) + slack
        created, started, finished = (moment_of(ctx, seen, name) for name in ("createdAt", "startedAt", "finishedAt"))
        assert created is not None, "the contract wants it, and so it was made sure of"
        near = _cut(early) - slack <= created <= late + slack
        ctx.expect(near, f"a job created from {early.isoformat()} to {late.isoformat()}", created.isoformat(), **JOB)
        _expect_order(ctx, seen, [created, started, finished, present])
        ctx.expect(started_at in (None, started), "startedAt to stay", "another one", **JOB)
        started_at = started


def _life(ctx: Context, portfolio: Mapping[str, Any]) -> Iterator[Job]:
    """Yields a job of an import at every look, and once more when it has ended."""
    ctx.account.submit(NOTHING)  # so that the job has something to wait for
    yield from _looks(ctx, ctx.account.submit(portfolio))


def _looks(ctx: Context, job: str) -> Iterator[Job]:
    for seconds in GLANCES:
        yield ctx.account.job(job)
        if clock := ctx.account.clock:
            clock.advance(seconds)
    yield from ctx.account.follow(job)
    yield ctx.account.job(job)


def _ended(ctx: Context, job: Job) -> bool:
    return job["status"] in ctx.contract.final_states


def _waiting(ctx: Context, job: Job) -> bool:
    """Whether a job is seen to wait.

    Raises:
        casavi_contracts.spec.NotShown: The contract has one state for jobs that wait and jobs that are at work.
    """
    if not ctx.contract.states.of("active"):
        raise spec.NotShown("state of a job that is at work")
    return bool(job["status"] == ctx.contract.job_states["waiting"].name)


def _by_entity(case: Mapping[str, Any]) -> dict[str, int]:
    sent = dict.fromkeys(("contacts", "properties", "units", "responsibilities", "documents"), 0)
    homes = case.get("properties", [])
    units = [unit for home in homes for address in home.get("addresses", []) for unit in address.get("units", [])]
    sent["contacts"], sent["properties"], sent["units"] = len(case.get("contacts", [])), len(homes), len(units)
    sent["responsibilities"] = len(case.get("responsibilities", []))
    sent["documents"] = sum(len(one.get("documents", [])) for one in (*homes, *units))
    return sent


def _expect_order(ctx: Context, job: Job, moments: list[datetime | None]) -> None:
    created, started, finished, now = moments
    waiting = _waiting(ctx, job)
    ctx.expect((started is None) == waiting, "startedAt null just while the job waits", repr(job["startedAt"]), **JOB)
    ended = _ended(ctx, job)
    ctx.expect((finished is None) != ended, "finishedAt null just until it has ended", repr(job["finishedAt"]), **JOB)
    known = [one for one in (created, started, finished, now) if one is not None]
    ctx.expect(known == sorted(known), "createdAt, startedAt, finishedAt and now in this order", repr(
        [one.isoformat() for one in known]
    ))  # fmt: skip


def _cut(at: datetime) -> datetime:
    return at.replace(microsecond=at.microsecond // 1000 * 1000)
