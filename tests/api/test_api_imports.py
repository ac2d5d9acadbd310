"""Imports and jobs over HTTP."""

import asyncio
import re
from typing import Any

import pytest

from casavi_fixtures import (
    broken_names,
    contact,
    document,
    load_broken,
    load_portfolio,
    master_data,
    portfolio_names,
    property_,
)
from casavi_mock.domain.jobs import Progress
from tests.support.client import Client
from tests.support.contract import resolve_pointer
from tests.support.marks import COSTLY
from tests.support.portfolios import PARTS, part_of_large_portfolio
from tests.support.server import Mock, shared_mock

TOO_LARGE = "document-too-large"
"""The broken document, and the rule, of which one record takes a second."""

ENTITIES = ("contacts", "properties", "units", "responsibilities", "documents")


def only(entity: str, body: dict[str, Any]) -> dict[str, Any]:
    return {entity: body[entity]}


def refused(entity: str, record_id: str | None, pointer: str, rule: str, missing: tuple[str, str]) -> dict[str, Any]:
    about = {"entity": missing[0], "id": missing[1]}
    return {"entity": entity, "id": record_id, "pointer": pointer, "rule": rule, "missing": about}


def seen_errors(job: dict[str, Any]) -> list[dict[str, Any]]:
    return [{name: error[name] for name in ("entity", "id", "pointer", "rule", "missing")} for error in job["errors"]]


def dangling_properties(body: dict[str, Any], known: set[str]) -> list[dict[str, Any]]:
    """What an import of properties must refuse while no more than the known contacts are stored."""
    units, documents = [], []
    for p, house in enumerate(body["properties"]):
        at_property = f"/properties/{p}"
        for a, address in enumerate(house.get("addresses", ())):
            for u, unit in enumerate(address.get("units", ())):
                at_unit = f"{at_property}/addresses/{a}/units/{u}"
                missing = [
                    (f"{at_unit}/contracts/{c}/contactId", contract["contactId"])
                    for c, contract in enumerate(unit.get("contracts", ()))
                    if contract["contactId"] not in known
                ]
                if missing:
                    pointer, target = missing[0]
                    units.append(refused("units", unit["id"], pointer, "missing-reference", ("contacts", target)))
                for d, paper in enumerate(unit.get("documents", ())):
                    at_document = f"{at_unit}/documents/{d}"
                    if missing:
                        root = ("units", unit["id"])
                        documents.append(refused("documents", paper["id"], at_document, "refused-parent", root))
                    elif paper.get("contactId") is not None and paper["contactId"] not in known:
                        root = ("contacts", paper["contactId"])
                        pointer = f"{at_document}/contactId"
                        documents.append(refused("documents", paper["id"], pointer, "missing-reference", root))
        for d, paper in enumerate(house.get("documents", ())):
            if paper.get("contactId") is not None and paper["contactId"] not in known:
                root = ("contacts", paper["contactId"])
                pointer = f"{at_property}/documents/{d}/contactId"
                documents.append(refused("documents", paper["id"], pointer, "missing-reference", root))
    return units + documents


def by_pointer(errors: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(errors, key=lambda error: error["pointer"])


def sizes(body: dict[str, Any]) -> dict[str, int]:
    """How many records of each kind a body holds."""
    units = [u for p in body.get("properties", ()) for a in p.get("addresses", ()) for u in a.get("units", ())]
    holders = [*body.get("properties", ()), *units]
    return {
        "contacts": len(body.get("contacts", ())),
        "properties": len(body.get("properties", ())),
        "units": len(units),
        "responsibilities": len(body.get("responsibilities", ())),
        "documents": sum(len(holder.get("documents", ())) for holder in holders),
    }


def outcomes(job: dict[str, Any], outcome: str) -> dict[str, int]:
    return {entity: job["counts"][entity][outcome] for entity in ENTITIES}


@pytest.mark.parametrize("name", [name for name in portfolio_names() if name != COSTLY])
async def test_portfolios_are_imported_without_refusals(client: Client, name: str) -> None:
    await check_import_without_refusals(client, load_portfolio(name))


@PARTS
async def test_a_large_portfolio_is_imported_without_refusals(client: Client, parts: int) -> None:
    await check_import_without_refusals(client, part_of_large_portfolio(parts))


async def check_import_without_refusals(client: Client, body: dict[str, Any]) -> None:
    job = await client.imported(body)
    assert job["status"] == "completed"
    assert job["errors"] == []
    assert job["warnings"] == []
    assert outcomes(job, "created") == sizes(body)
    assert job["progress"] == {"processed": sum(sizes(body).values()), "total": sum(sizes(body).values())}
    again = await client.imported(body)
    assert again["status"] == "completed"
    assert outcomes(again, "unchanged") == sizes(body)


@PARTS
async def test_three_requests_in_the_right_order(client: Client, parts: int) -> None:
    body = part_of_large_portfolio(parts)
    for entity in ("contacts", "properties", "responsibilities"):
        job = await client.imported(only(entity, body))
        assert (job["status"], job["errors"]) == ("completed", [])
        assert outcomes(job, "created") == sizes(only(entity, body))


@PARTS
async def test_three_requests_in_the_wrong_order(client: Client, parts: int) -> None:
    body = part_of_large_portfolio(parts)
    responsibilities = await client.imported(only("responsibilities", body))
    assert responsibilities["status"] == "failed"
    assert seen_errors(responsibilities) == [
        refused(
            "responsibilities",
            None,
            f"/responsibilities/{index}/propertyId",
            "missing-reference",
            ("properties", record["propertyId"]),
        )
        for index, record in enumerate(body["responsibilities"])
    ]
    properties = await client.imported(only("properties", body))
    assert properties["status"] == "completed"
    expected = dangling_properties(body, set())
    assert {error["rule"] for error in expected} == {"missing-reference", "refused-parent"}, "the portfolio has both"
    assert by_pointer(seen_errors(properties)) == by_pointer(expected)
    refusals = {entity: sum(error["entity"] == entity for error in expected) for entity in ENTITIES}
    assert outcomes(properties, "refused") == refusals
    assert outcomes(properties, "created") == {
        entity: size - refusals[entity] for entity, size in sizes(only("properties", body)).items()
    }
    contacts = await client.imported(only("contacts", body))
    assert (contacts["status"], contacts["errors"]) == ("completed", [])
    for entity in ("properties", "responsibilities"):  # what was missing is there now
        assert (await client.imported(only(entity, body)))["errors"] == []


@PARTS
async def test_properties_after_a_part_of_their_contacts(client: Client, parts: int) -> None:
    body = part_of_large_portfolio(parts)
    half = body["contacts"][: len(body["contacts"]) // 2]
    await client.imported({"contacts": half})
    job = await client.imported(only("properties", body))
    expected = dangling_properties(body, {record["id"] for record in half})
    assert 0 < len(expected) < len(dangling_properties(body, set()))
    assert by_pointer(seen_errors(job)) == by_pointer(expected)
    for error in job["errors"]:
        resolve_pointer(body, error["pointer"])


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) if name == TOO_LARGE else name for name in broken_names()]
)
async def test_broken_documents(client: Client, name: str) -> None:
    broken = load_broken(name)
    if broken.before is not None:
        assert (await client.imported(broken.before))["errors"] == []
    stored = {entity: client.account.store.count(entity) for entity in ENTITIES}
    response = await client.send(broken.document)
    assert response.status_code == broken.status
    if broken.status == 400:
        problem = response.json()
        assert problem["rule"] == broken.rule == "schema-violation"
        assert tuple(error["pointer"] for error in problem["errors"]) == broken.pointers
        assert problem["errorCount"] == len(broken.pointers)
        assert {entity: client.account.store.count(entity) for entity in ENTITIES} == stored
        assert client.account.queue.unfinished == 0
        return
    job = await client.finished(response.json()["jobId"])
    assert seen_errors(job) == [refusal.as_json() for refusal in broken.refusals]
    assert job["counts"] == broken.counts
    assert job["status"] == broken.job_status
    rules = client.mock.settings.rules
    assert all(error["rule"] in rules and error["evidence"] for error in job["errors"])


async def test_a_document_that_is_too_large_is_refused_alone() -> None:
    """As in the broken document of 70 MB, with a smaller bound."""
    async with shared_mock(document_max_mb=0.001).client() as client:
        for size, refused_ in ((999, 0), (1_002, 1)):
            papers = [document(id=f"D-{size}", content="AAAA" * (size // 3))]
            job = await client.imported(master_data(properties=[property_(id=f"P-{size}", documents=papers)]))
            assert (job["status"], job["counts"]["properties"]["created"]) == ("completed", 1)
            assert job["counts"]["documents"]["refused"] == refused_
            assert [error["pointer"] for error in job["errors"]] == ["/properties/0/documents/0/content"] * refused_
            assert [error["rule"] for error in job["errors"]] == [TOO_LARGE] * refused_


@pytest.mark.parametrize("body", [{"contacts": []}, {"properties": []}, {"responsibilities": []}, master_data()])
async def test_an_empty_import_is_completed(client: Client, body: dict[str, Any]) -> None:
    job = await client.imported(body)
    assert job["status"] == "completed"
    assert job["progress"] == {"processed": 0, "total": 0}


async def test_unknown_fields_are_reported_and_left_out(client: Client) -> None:
    odd = {"a/b~c": 1, "größe": 2}
    job = await client.imported({"contacts": [{"id": "C-1", **odd}, {"id": "C-2", "größe": None}], "x": []})
    seen = [(warning["pointer"], warning["rule"], warning["count"]) for warning in job["warnings"]]
    assert sorted(seen) == [
        ("/contacts/0/a~1b~0c", "unknown-field", 1),
        ("/contacts/0/größe", "unknown-field", 2),
        ("/x", "unknown-field", 1),
    ]
    assert job["status"] == "completed"
    record = client.account.store.get("contacts", "C-1")
    assert record is not None
    assert not set(odd) & set(record.fields)


async def test_job_ids_are_distinct_and_unguessable(client: Client) -> None:
    ids = {(await client.send({"contacts": []})).json()["jobId"] for _ in range(100)}
    assert len(ids) == 100
    assert all(re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", i) for i in ids)
    # no two share a beginning or an end by which one could be told from the other
    assert len({job_id[:8] for job_id in ids}) == len({job_id[-12:] for job_id in ids}) == 100


async def test_a_foreign_job_is_answered_as_an_unknown_one(client: Client) -> None:
    other = client.another()
    foreign = (await other.send({"contacts": []})).json()["jobId"]
    token = await client.log_in()
    unknown = "00000000-0000-4000-8000-000000000000"
    answers = [
        await client.request(method, f"/jobs/{job_id}", headers={"token": token})
        for job_id in (foreign, unknown)
        for method in ("GET", "HEAD")
    ]
    assert {answer.status_code for answer in answers} == {404}
    bodies = {re.sub(rb'"requestId":"[^"]*"', b"", answer.content) for answer in answers if answer.content}
    assert len(bodies) == 1
    assert {tuple(sorted(set(answer.headers))) for answer in answers} == {tuple(sorted(set(answers[0].headers)))}
    assert answers[0].json()["rule"] == "job-unknown"
    assert (await other.job(foreign))["status"] == "completed"


async def test_jobs_move_with_time(timed: Client) -> None:
    job_id = (await timed.send({"contacts": [contact(id=f"C-{n}") for n in range(4)]})).json()["jobId"]
    first = await timed.job(job_id)
    assert (first["status"], first["finishedAt"], first["progress"]["processed"]) == ("active", None, 0)
    timed.mock.time.advance(seconds=0.1)
    half = await timed.job(job_id)
    assert (half["status"], half["progress"]) == ("active", {"processed": 2, "total": 4})
    assert await timed.job(job_id) == half, "to look at a job does not change it"
    timed.mock.time.advance(seconds=0.1)
    last = await timed.job(job_id)
    assert (last["status"], last["progress"]) == ("completed", {"processed": 4, "total": 4})
    assert last["createdAt"] == last["startedAt"] == "2026-01-05T08:00:00.000Z"
    assert last["finishedAt"] == "2026-01-05T08:00:00.200Z"
    timed.mock.time.advance(days=29)
    assert await timed.job(job_id) == last


async def test_jobs_run_first_in_first_out(timed: Client) -> None:
    first = (await timed.send({"contacts": [contact()]})).json()["jobId"]
    second = (await timed.send({"contacts": [contact()]})).json()["jobId"]
    assert [(await timed.job(i))["status"] for i in (first, second)] == ["active", "waiting"]
    timed.mock.time.advance(seconds=0.2)
    assert [(await timed.job(i))["status"] for i in (first, second)] == ["completed", "active"]
    timed.mock.time.advance(seconds=0.2)
    jobs = [await timed.job(i) for i in (first, second)]
    assert [job["counts"]["contacts"]["created"] for job in jobs] == [1, 0]
    assert jobs[0]["finishedAt"] == jobs[1]["startedAt"]


async def test_jobs_move_with_polls() -> None:
    async with Mock(progress=Progress(progress="manual", polls=1)).client() as client:
        job_id = (await client.send({"contacts": [contact()]})).json()["jobId"]
        assert [(await client.job(job_id))["status"] for _ in range(4)] == [
            "waiting",
            "active",
            "completed",
            "completed",
        ]


async def test_a_full_queue_refuses_and_says_when_to_come_again() -> None:
    async with Mock({"queue-limit": 2}).client() as client:
        taken = [await client.send({"contacts": []}) for _ in range(3)]
        assert [response.status_code for response in taken] == [202, 202, 429]
        assert taken[2].json()["rule"] == "queue-full"
        assert int(taken[2].headers["retry-after"]) >= 1
        for response in taken[:2]:
            await client.finished(response.json()["jobId"])
        assert (await client.send({"contacts": []})).status_code == 202


async def test_an_ended_job_is_forgotten_after_its_time() -> None:
    async with Mock({"job-retention-days": 1}).client() as client:
        job_id = (await client.imported({"contacts": []}))["id"]
        client.mock.time.advance(days=1, seconds=-1)  # it ended up to a second ago
        assert (await client.job(job_id))["status"] == "completed"
        client.mock.time.advance(seconds=2)
        response = await client.request("GET", f"/jobs/{job_id}", headers={"token": client.token})
        assert response.json()["rule"] == "job-unknown"


@pytest.mark.parametrize("mode", ["immediate", "time"])
async def test_a_large_import_does_not_keep_others_waiting(mode: str) -> None:
    """10,000 contacts, while another client asks for its job again and again."""
    async with shared_mock(mode).client() as client:
        other = client.another()
        job_id = (await other.imported({"contacts": []}))["id"]
        await client.log_in()
        body = {"contacts": [contact(id=f"C-{n}", note="x" * 20) for n in range(10_000)]}
        sending = asyncio.create_task(client.send(body))
        during = 0
        while not sending.done():
            await other.job(job_id)
            await asyncio.sleep(0)  # nothing in between waits for anything real
            during += 1
        response = sending.result()
        assert response.status_code == 202
        assert during >= 5
        while True:  # the worker goes on by itself
            if (job := await client.job(response.json()["jobId"]))["finishedAt"] is not None:
                break
            client.mock.time.advance(milliseconds=5)
            await other.job(job_id)
            await asyncio.sleep(0)
        assert outcomes(job, "created")["contacts"] == 10_000
        assert client.account.store.count("contacts") == 10_000
