"""Which states a run has seen, by what was sent and answered."""

import json
from typing import Any

import pytest

from casavi_contracts.contract import Contract
from casavi_contracts.http.exchange import Answer, Exchange
from casavi_contracts.report.reached import STATES, Reached

CONTRACTS = {version: Contract(version) for version in ("v1", "v2")}


def seen_after(*came: tuple[str, int, dict[str, Any]], operation: str = "getJob", version: str = "v1") -> set[str]:
    """Returns the states that were seen after some answers: path, status and body of each."""
    reached = Reached(CONTRACTS)
    for number, (path, status, body) in enumerate(came, start=1):
        raw = json.dumps(body).encode()
        exchange = Exchange(number, "GET", path, operation, version, {}, "", status, {}, raw.decode(), 0.1)
        reached.see(exchange, b"", Answer(status, {}, raw))
    assert set(reached.missing()) == set(STATES) - reached.seen
    return reached.seen


def job(status: str = "completed", *, ended: bool = True, **counts: dict[str, int]) -> dict[str, Any]:
    return {"status": status, "finishedAt": "2026-01-05T08:00:00.000Z" if ended else None, "counts": counts}


@pytest.mark.parametrize(
    ("came", "seen"),
    [
        ([("/jobs/1", 200, job("active", ended=False))], {"an active job"}),
        ([("/jobs/1", 200, job("waiting", ended=False))], set()),
        ([("/jobs/1", 200, job())], set()),
        ([("/jobs/1", 200, job()), ("/jobs/1", 200, job())], {"an ended job that is kept"}),
        ([("/jobs/1", 200, job()), ("/jobs/2", 200, job())], set()),
        ([("/jobs/1", 200, job()), ("/jobs/1", 404, {})], {"a job that was dropped"}),
        ([("/jobs/1", 200, job()), ("/jobs/1", 500, {})], set()),
        ([("/jobs/1", 200, job()), ("/jobs/2", 404, {})], set()),
        ([("/jobs/1", 401, {"rule": "token-expired"})], {"a token that expires while a job is polled"}),
        ([("/jobs/1", 401, {"rule": "token-unknown"})], set()),
        ([("/jobs/1", 200, job(contacts={"created": 1, "refused": 1}))], {"a job that failed in part"}),
        ([("/jobs/1", 200, job(contacts={"unchanged": 1}, units={"refused": 2}))], {"a job that failed in part"}),
        ([("/jobs/1", 200, job("failed", contacts={"refused": 2}))], set()),
        ([("/jobs/1", 200, job(contacts={"created": 2}))], set()),
    ],
)
def test_jobs(came: list[tuple[str, int, dict[str, Any]]], seen: set[str]) -> None:
    assert seen_after(*came) == seen


@pytest.mark.parametrize("version", ["v1", "v2"])
@pytest.mark.parametrize(("short", "full"), [(0, {"a full page"}), (1, set()), (-1, set())])
def test_a_full_page_has_as_many_records_as_a_page_may_have(version: str, short: int, full: set[str]) -> None:
    size = CONTRACTS[version].values[f"{version}-page-size"]
    member = "list" if version == "v1" else "content"
    page = {member: [{}] * (size - short)}
    assert seen_after(("/contacts", 200, page), operation="getContacts", version=version) == full


@pytest.mark.parametrize(
    ("number", "count", "seen"), [(1, 2, {"a last page of several"}), (0, 2, set()), (0, 1, set()), (None, 2, set())]
)
def test_a_last_page_is_one_of_several(number: int | None, count: int, seen: set[str]) -> None:
    page = {"content": [{}], "page": number, "pageCount": count, "_links": {"next": "x"}}
    assert seen_after(("/contacts?page=1", 200, page), operation="getContacts") == seen


@pytest.mark.parametrize(
    ("path", "following", "seen"),
    [
        ("/contacts?after=7", None, {"a last page of several"}),
        ("/contacts?after=7", "/contacts?after=9", set()),
        ("/contacts", None, set()),
    ],
)
def test_a_last_page_has_no_link_to_another(path: str, following: str | None, seen: set[str]) -> None:
    page = {"list": [{}], "_links": {"next": following}}
    assert seen_after((path, 200, page), operation="listContacts", version="v2") == seen


@pytest.mark.parametrize("body", [b"", b"[1]", b"[" * 100_000, b'{"content":5}'])
def test_what_is_no_answer_of_the_contract_is_no_state(body: bytes) -> None:
    reached = Reached(CONTRACTS)
    for operation in ("getJob", "getContacts"):
        exchange = Exchange(1, "GET", "/x", operation, "v1", {}, "", 200, {}, "", 0.1)
        reached.see(exchange, b"", Answer(200, {}, body))
    assert reached.seen == set()
