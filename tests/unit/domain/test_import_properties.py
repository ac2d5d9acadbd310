"""What holds for every import, whatever is in it."""

import copy
import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from casavi_mock.domain.jobs import Job, Progress
from casavi_mock.domain.model import ENTITIES, JobState, Record
from tests.support.accounts import PLENTY, Bench, outcomes
from tests.support.time import START

Body = dict[str, Any]

# Ids as customers have them, and worse: separators, blanks, other scripts, what JSON or a path must escape, long ones.
_ODD = [
    "/",
    "|",
    " ",
    "a/b",
    "a|b",
    "P-00451/1",
    "ä ö",
    "ß",
    "🏠",
    "👩‍🔧",
    "\u00a0",
    '"',
    "\\",
    "\n",
    "\x00",
    "%2F",
    "..",
    "0",
]
nasty_ids = st.one_of(
    st.sampled_from([*_ODD, "x" * 300, "é", "e\u0301", "C-1", "c-1"]),
    st.text(st.sampled_from("ab/| ä🏠~"), min_size=1, max_size=4),
)
texts = st.one_of(st.none(), st.sampled_from(["", "x", "Straße 1/2", "🏠 | 7"]))
DATES = ["2024-01-01", "2024-06-30T12:00:00Z", "2025-12-31"]
STREETS = ["a 1", "b/2", "ç | 3"]


def optional(draw: st.DrawFn, **strategies: st.SearchStrategy[Any]) -> Body:
    """Some of these fields, the others left out."""
    return {name: draw(strategy) for name, strategy in strategies.items() if draw(st.booleans())}


@st.composite
def portfolios(draw: st.DrawFn, flawed: bool = False) -> Body:
    """A request whose references all lead somewhere; if flawed, with twins, dangling references and bad contents."""
    ids = draw(st.lists(nasty_ids, unique=True, min_size=1, max_size=4))
    some = st.sampled_from([*ids, "no such record"] if flawed else ids)
    properties = {key: _property(draw, key) for key in ids}
    body: Body = {"contacts": [_contact(draw, key) for key in ids], "properties": list(properties.values())}
    contents = ["", "SGFsbG8=", "SGFs\nbG8="] + (["not base64"] if flawed else [])
    for key in draw(st.lists(nasty_ids, unique=not flawed, max_size=4)):
        paper = {"id": key, **optional(draw, title=texts, content=st.sampled_from(contents), contactId=some)}
        properties[draw(st.sampled_from(ids))].setdefault("documents", []).append(paper)
    for key in draw(st.lists(nasty_ids, unique=not flawed, max_size=4)):
        flat = _unit(draw, key, some, flawed)
        home = properties[draw(st.sampled_from(ids))].setdefault("addresses", [])
        home.append({"street": draw(st.sampled_from(STREETS)), "units": [flat]})
    roles = st.tuples(some, some, st.sampled_from(["a", "b|c"]))
    body["responsibilities"] = [
        {"propertyId": at, "contactId": who, "roleName": role, "roleType": "internal"}
        for at, who, role in draw(st.lists(roles, unique=not flawed, max_size=3))
    ]
    if flawed and draw(st.booleans()):
        body["contacts"].append(_contact(draw, draw(st.sampled_from(ids))))
    return body


def _contact(draw: st.DrawFn, key: str) -> Body:
    values = st.dictionaries(st.sampled_from(["a", "b/c"]), st.one_of(st.none(), st.booleans(), st.integers(0, 1)))
    return {"id": key, **optional(draw, note=texts, customFields=values)}


def _property(draw: st.DrawFn, key: str) -> Body:
    return {"id": key, **optional(draw, name=texts, postalCode=st.sampled_from([80331, "01067"]))}


def _unit(draw: st.DrawFn, key: str, contacts: st.SearchStrategy[str], flawed: bool) -> Body:
    contracts = []
    for number in range(draw(st.integers(0, 4 if flawed else 3))):
        start, end = draw(st.tuples(st.sampled_from(DATES), st.sampled_from(DATES)))
        if not flawed:
            start, end = sorted((start, end))
        terms = {"id": draw(st.sampled_from("VW")) if flawed else f"V-{number}", "startDate": start, "endDate": end}
        left_out = draw(st.sampled_from(["", "id", "startDate", "endDate"]))
        kept = {name: value for name, value in terms.items() if name != left_out}
        contracts.append({"contactId": draw(contacts), **kept})
    papers = [{"id": f"{key} paper", "content": "SGFsbG8="}] if draw(st.booleans()) else []
    return {"id": key, "contracts": contracts, "documents": papers, **optional(draw, note=texts)}


def shuffled(value: Any, dice: random.Random) -> Any:
    """The same with every array in another order, also those inside."""
    if isinstance(value, list):
        items = [shuffled(item, dice) for item in value]
        dice.shuffle(items)
        return items
    if isinstance(value, dict):
        return {name: shuffled(item, dice) for name, item in value.items()}
    return value


def parts(body: Body) -> Iterator[list[Body]]:
    """One request for each record, in groups: whatever a record refers to lies in an earlier group."""
    yield [{"contacts": [record]} for record in body["contacts"]] + [
        {"properties": [_bare(record)]} for record in body["properties"]
    ]
    units, papers = [], []
    for record in body["properties"]:
        papers += [
            {"properties": [{"id": record["id"], "documents": [paper]}]} for paper in record.get("documents", ())
        ]
        for home in record.get("addresses", ()):
            for flat in home["units"]:
                units.append(_at(record, home, {**flat, "documents": []}))
                papers += [_at(record, home, {"id": flat["id"], "documents": [paper]}) for paper in flat["documents"]]
    yield units + [{"responsibilities": [record]} for record in body["responsibilities"]]
    yield papers


def _bare(record: Body) -> Body:
    streets = [{"street": home["street"]} for home in record.get("addresses", ())]
    return {**record, "documents": []} | ({"addresses": streets} if streets else {})


def _at(record: Body, home: Body, flat: Body) -> Body:
    return {"properties": [{"id": record["id"], "addresses": [{"street": home["street"], "units": [flat]}]}]}


def count_records(body: Body) -> dict[str, int]:
    """How many records of each kind a request holds, counted without the code under test."""
    homes = [home for record in body["properties"] for home in record.get("addresses", ())]
    flats = [flat for home in homes for flat in home["units"]]
    papers = [paper for record in [*body["properties"], *flats] for paper in record.get("documents", ())]
    numbers = (body["contacts"], body["properties"], flats, body["responsibilities"], papers)
    return dict(zip(ENTITIES, map(len, numbers), strict=True))


def refused(job: Job, body: Body) -> list[tuple[str, str, str]]:
    """Kind, identity and rule of every refused record."""
    named = []
    for error in job.errors:
        key = error.id
        if key is None:  # a responsibility: known by its fields, which the pointer leads to
            record = body["responsibilities"][int(error.pointer.split("/")[2])]
            key = repr([record[name] for name in ("propertyId", "contactId", "roleName")])
        named.append((error.entity, key, error.rule))
    return sorted(named)


@given(body=portfolios())
def test_a_closed_portfolio_is_taken_whole(body: Body) -> None:
    """If every reference leads to a record of the same request, nothing is refused, whatever the ids look like."""
    job = Bench().take(body)
    assert job.errors == []
    assert (job.state, outcomes(job)) == (JobState.COMPLETED, {"created": job.total})


@given(body=st.one_of(portfolios(), portfolios(flawed=True)), seed=st.integers(0, 2**16))
def test_order_inside_a_request_never_matters(body: Body, seed: int) -> None:
    """Another order of any array changes neither who is refused by which rule, nor counts, nor what is stored."""
    other = shuffled(body, random.Random(seed))
    bench, other_bench = Bench(), Bench()
    job, other_job = bench.take(body), other_bench.take(other)
    assert other_job.counts == job.counts
    assert other_job.state is job.state
    assert refused(other_job, other) == refused(job, body)
    assert other_bench.stored() == bench.stored()


@given(body=st.one_of(portfolios(), portfolios(flawed=True)), seed=st.integers(0, 2**16))
def test_sending_a_request_again_changes_nothing(body: Body, seed: int) -> None:
    """The second time everything that was taken is unchanged, in whatever order it comes, down to the time stamps."""
    bench = Bench(keep_documents=True)
    first = bench.take(body)
    before = [record for entity in ENTITIES for record in bench.store.records(entity)]
    bench.time.advance(days=1)
    again = bench.take(shuffled(body, random.Random(seed)))
    taken = first.total - len(first.errors)
    assert outcomes(again).get("unchanged", 0) == taken
    assert len(again.errors) == len(first.errors)
    assert [record for entity in ENTITIES for record in bench.store.records(entity)] == before


@given(body=portfolios(), seed=st.integers(0, 2**16))
def test_splitting_a_request_in_order_of_dependency_changes_nothing(body: Body, seed: int) -> None:
    """One request for each record stores the same as one for all, if nothing comes before what it refers to."""
    whole, split = Bench(), Bench()
    whole.take(body)
    dice = random.Random(seed)
    for group in parts(body):
        dice.shuffle(group)
        for request in group:
            assert split.take(request).errors == []
    assert split.stored() == whole.stored()


@given(body=portfolios(flawed=True))
def test_counts_add_up(body: Body) -> None:
    """Every record that was sent is counted once, every refused one has one error, and the end follows from that."""
    job = Bench().take(body)
    assert {entity: sum(counts.values()) for entity, counts in job.counts.items()} == count_records(body)
    assert outcomes(job).get("refused", 0) == len(job.errors) == len({error.pointer for error in job.errors})
    assert job.processed == job.total == sum(count_records(body).values())
    assert (job.state is JobState.FAILED) is (len(job.errors) == job.total > 0)


@given(
    body=portfolios(flawed=True),
    mode=st.sampled_from(["merge", "replace"]),
    twins=st.sampled_from(["refuse-all", "last-wins"]),
)
def test_requests_are_not_changed(body: Body, mode: str, twins: str) -> None:
    """An import reads what was sent and never writes into it, nor does what is stored share it."""
    bench = Bench({"upsert": mode, "duplicate-ids": twins}, keep_documents=True)
    original = copy.deepcopy(body)
    bench.take(body)
    bench.take(body)
    assert body == original


class Line:
    """Requests sent at given moments to a queue that runs by the clock."""

    def __init__(self, requests: list[tuple[float, Body]], progress: Progress) -> None:
        self._waiting = sorted(requests, key=lambda request: request[0])
        self.bench = Bench(progress=progress)
        self.jobs: list[Job] = []

    def go_to(self, seconds: float) -> None:
        """Moves time, and sends what is to be sent by then at its own moment."""
        while self._waiting and self._waiting[0][0] <= seconds:
            at, body = self._waiting.pop(0)
            self.bench.time.now = START + timedelta(seconds=at)
            self.jobs.append(self.bench.submit(body))
        self.bench.time.now = START + timedelta(seconds=seconds)

    def result(self) -> tuple[list[Job], list[Record]]:
        """Everything there is to see at the end."""
        records = [record for entity in ENTITIES for record in self.bench.store.records(entity)]
        return [replace(job) for job in self.jobs], records


def same(job: Job) -> tuple[Any, ...]:
    """What can be seen of a job."""
    moments = (job.created_at, job.started_at, job.ends_at, job.finished_at)
    return (job.id, job.state, *moments, job.processed, job.total, job.counts, job.errors, job.warnings)


moments = st.floats(0, 60, allow_nan=False)


@given(
    requests=st.lists(st.tuples(moments, portfolios(flawed=True)), min_size=1, max_size=3),
    looks=st.lists(st.tuples(moments, st.integers(0, 9)), max_size=12),
    durations=st.tuples(st.sampled_from([0, 0.2, 7]), st.sampled_from([0, 0.001, 1.3])),
)
def test_when_somebody_looks_changes_nothing(
    requests: list[tuple[float, Body]], looks: list[tuple[float, int]], durations: tuple[float, float]
) -> None:
    """Many small runs at arbitrary moments end exactly as one late run: states, time stamps, records, numbers."""
    progress = Progress(progress="time", job_seconds=durations[0], record_seconds=durations[1])
    often, late = Line(requests, progress), Line(requests, progress)
    for at, number in sorted(looks):
        often.go_to(at)
        often.bench.queue.run_due(often.bench.time(), number)
    for line in (often, late):
        line.go_to(10_000)
        line.bench.run(PLENTY if line is late else 3)
    (jobs, records), (late_jobs, late_records) = often.result(), late.result()
    assert [same(job) for job in jobs] == [same(job) for job in late_jobs]
    assert records == late_records
    assert all(job.ended for job in jobs)


@given(
    requests=st.lists(st.tuples(moments, portfolios()), min_size=1, max_size=3),
    looks=st.lists(st.tuples(moments, st.integers(0, 9)), min_size=1, max_size=20),
    mode=st.sampled_from(["time", "immediate", "manual"]),
)
def test_jobs_only_move_forward(requests: list[tuple[float, Body]], looks: list[tuple[float, int]], mode: str) -> None:
    """From look to look no state, no progress and no count goes back, and what has ended stays as it is."""
    order = list(JobState)
    line = Line(requests, Progress(progress=mode, job_seconds=5, record_seconds=0.5, polls=1))
    seen: dict[str, tuple[int, int, bool, tuple[Any, ...]]] = {}
    for at, records in sorted(looks):
        line.go_to(at)
        line.bench.queue.run_due(line.bench.time(), records)
        line.bench.queue.poll(line.bench.time())
        for job in line.jobs:
            now = (order.index(job.state), job.processed, job.ended, copy.deepcopy(same(job)))
            before = seen.get(job.id)
            if before:
                assert now[:2] >= before[:2]
                assert now[1] >= before[1]
                assert not before[2] or now == before
            assert (job.started_at is None) is (job.state is JobState.WAITING)
            assert (job.finished_at is not None) is job.ended
            seen[job.id] = now
        states = [job.state for job in line.jobs]
        assert states == sorted(states, key=lambda state: -min(order.index(state), 2)), "first in, first out"
