"""What of the contract was met is counted from what was sent and answered."""

import json
from typing import Any

import pytest

from casavi_contracts.contract import Contract
from casavi_contracts.coverage import LOOKED_AT, MAX_BODY, Called, Coverage
from casavi_contracts.http.exchange import Answer, Exchange

V1, V2 = Contract("v1"), Contract("v2")


@pytest.fixture
def coverage() -> Coverage:
    return Coverage({"v1": V1, "v2": V2})


def see(
    coverage: Coverage,
    operation: str | None,
    sent: Any = None,
    status: int | None = 200,
    body: Any = None,
    version: str = "v1",
) -> None:
    exchange = Exchange(1, "POST", "/", operation, version, {}, "", status, {}, "", 0.0)
    encoded = sent if isinstance(sent, bytes) else b"" if sent is None else json.dumps(sent).encode()
    answer = None if status is None else Answer(status, {}, b"" if body is None else json.dumps(body).encode())
    coverage.see(exchange, encoded, answer)


def called(coverage: Coverage, operation: str, version: str = "v1") -> Called:
    (found,) = [one for one in coverage.called() if (one.operation, one.version) == (operation, version)]
    return found


def test_every_operation_is_there_before_it_is_called(coverage: Coverage) -> None:
    assert [(one.version, one.operation) for one in coverage.called()] == [
        (contract.version, name) for contract in (V1, V2) for name in contract.operations
    ]
    assert called(coverage, "getJob").missing == ("200", "401", "404")
    assert called(coverage, "getJob").calls == 0


def test_answers_are_counted_by_status(coverage: Coverage) -> None:
    for status in (200, 200, 404, 418, None):
        see(coverage, "getJob", status=status)
    of = called(coverage, "getJob")

    assert (of.calls, dict(of.answers)) == (5, {"200": 2, "404": 1, "418": 1, "none": 1})
    assert (of.missing, of.undocumented) == (("401",), ("418",))


def test_versions_are_counted_apart(coverage: Coverage) -> None:
    see(coverage, "getJob", version="v2")

    assert (called(coverage, "getJob", "v1").calls, called(coverage, "getJob", "v2").calls) == (0, 1)


@pytest.mark.parametrize(("operation", "version"), [(None, "v1"), ("unheard-of", "v1"), ("getJob", "v9")])
def test_what_is_no_operation_is_not_counted(coverage: Coverage, operation: str | None, version: str) -> None:
    see(coverage, operation, version=version)

    assert sum(one.calls for one in coverage.called()) == 0


def test_keywords_are_counted_by_the_side_from_which_they_were_met(coverage: Coverage) -> None:
    before = coverage.keywords("request")["v1"]
    see(coverage, "authenticate", {"key": "k", "secret": "s"})
    satisfied = coverage.keywords("request")["v1"]
    see(coverage, "authenticate", {"key": 7, "secret": "s"}, status=400)
    violated = coverage.keywords("request")["v1"]

    assert (before.valid, before.invalid, len(before.never)) == (0, 0, before.total)
    assert satisfied.valid > 0
    assert "Credentials/properties/key/type" in before.never
    assert "Credentials/properties/key/type" not in satisfied.never
    assert violated.invalid > satisfied.invalid
    assert violated.total == before.total


def test_keywords_of_answers_are_counted_too(coverage: Coverage) -> None:
    see(coverage, "authenticate", body={"token": "t", "expiresAt": "2026-01-05T08:00:00.000Z"})

    assert coverage.keywords("response")["v1"].valid > 0
    assert coverage.keywords("request")["v1"].valid == 0


def test_a_keyword_of_a_shared_schema_counts_once(coverage: Coverage) -> None:
    never = coverage.keywords("response")["v1"].never

    assert len([name for name in never if name == "Problem/properties/title/type"]) == 1


def test_all_keywords_can_be_met_in_a_deep_import(coverage: Coverage) -> None:
    unit = {"id": "U", "contracts": [{"contactId": "C", "type": "RENTER", "startDate": "2026-01-05"}]}
    see(
        coverage,
        "importMasterData",
        {"contacts": [{"id": "C"}], "properties": [{"id": "P", "addresses": [{"street": "s", "units": [unit]}]}]},
        status=202,
    )
    never = coverage.keywords("request")["v1"].never

    for keyword in ("Unit/required", "Contract/properties/type/enum", "Address/properties/units/items"):
        assert keyword not in never
    assert "Document/required" in never


@pytest.mark.parametrize("body", [b"{", b"\xff", b"[" * 40_000, b'{"key": "' + b"x" * MAX_BODY + b'"}'])
def test_bodies_that_cannot_be_compared_are_passed_over(coverage: Coverage, body: bytes) -> None:
    see(coverage, "authenticate", body, status=400)

    assert called(coverage, "authenticate").calls == 1
    assert coverage.keywords("request")["v1"].valid == 0


def test_only_so_many_bodies_are_compared(coverage: Coverage) -> None:
    for _ in range(LOOKED_AT):
        see(coverage, "authenticate", {"key": "k", "secret": "s"})
    before = coverage.keywords("request")["v1"]
    see(coverage, "authenticate", {"key": 7})

    assert coverage.keywords("request")["v1"] == before
    assert called(coverage, "authenticate").calls == LOOKED_AT + 1


def test_the_states_of_the_profile_are_known() -> None:
    names = ["queued", "running", "done", "bad"]
    contract = Contract("v1", {"job-status-names": names})

    assert Coverage({"v1": contract}).states() == {"v1": tuple(names)}
