"""Exchanges and violations as JSON, JUnit XML and SARIF, for people, test reports and code scanning.

Sources: JUnit XML as the Ant task writes it and CI systems read it; SARIF 2.1.0 (OASIS).
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree as ET

from casavi_mock.domain.clock import timestamp
from casavi_mock.domain.journal import Exchange, Headers, Named, printable
from casavi_mock.domain.violations import RULES, Violation
from casavi_mock.version import __version__

SUITE = "casavi-mock.violations"
"""Name of the test suite in JUnit XML."""

JOURNAL_FILE = "journal.har"
"""Where violations are shown if nobody knows which line of a program they come from."""

_SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def exchange_view(exchange: Exchange) -> dict[str, Any]:
    """Returns an exchange as JSON; bodies as text."""
    return {
        "number": exchange.number,
        "requestId": exchange.request_id,
        "at": timestamp(exchange.at),
        "operation": exchange.operation,
        "method": exchange.method,
        "path": exchange.path,
        "query": exchange.query,
        "status": exchange.status,
        "durationMs": round(exchange.duration_ms, 3),
        "rule": exchange.rule,
        "evidence": exchange.evidence,
        "detail": exchange.detail,
        "pointers": list(exchange.pointers),
        "notes": list(exchange.notes),
        "injected": exchange.injected,
        "effect": exchange.effect,
        "request": _message(exchange.request_headers, exchange.request_body, exchange.request_bytes),
        "response": _message(exchange.response_headers, exchange.response_body, exchange.response_bytes),
        "job": _job(exchange),
        "unknownFields": list(exchange.unknown_fields),
    }


def violation_view(violation: Violation) -> dict[str, Any]:
    """Returns a violation as JSON."""
    return {
        "rule": violation.rule,
        "severity": violation.severity,
        "title": violation.title,
        "advice": violation.advice,
        "evidence": violation.evidence,
        "exchanges": list(violation.exchange_numbers),
        "detail": violation.detail,
    }


def exchange_line(exchange: Exchange) -> str:
    """Returns an exchange as one line of text."""
    query = f"?{exchange.query}" if exchange.query else ""
    ends = [exchange.rule, f"injected by {exchange.injected}" if exchange.injected else None]
    asked = f"#{exchange.number} {timestamp(exchange.at)} {exchange.method} {exchange.path}{query}"
    return printable(f"{asked} -> {exchange.status}" + "".join(f" [{text}]" for text in ends if text))


def junit(violations: Iterable[Violation], exchanges: Iterable[Exchange]) -> str:
    """Returns violations as JUnit XML: a test case for each rule, failed if it was broken.

    Args:
        violations: What was found.
        exchanges: The journal in which it was found; those that are named are quoted.
    """
    lines = {exchange.number: exchange_line(exchange) for exchange in exchanges}
    broken = _by_rule(violations)
    totals = {"tests": str(len(RULES)), "failures": str(len(broken)), "errors": "0", "skipped": "0", "time": "0"}
    suites = ET.Element("testsuites", {"name": SUITE, **totals})
    suite = ET.SubElement(suites, "testsuite", {"name": SUITE, **totals})
    for name, about in RULES.items():
        case = ET.SubElement(suite, "testcase", {"classname": SUITE, "name": name, "time": "0"})
        if name in broken:
            failure = ET.SubElement(case, "failure", {"type": about.severity, "message": about.title})
            failure.text = _xml_text("\n\n".join(_described(violation, lines) for violation in broken[name]))
    ET.indent(suites)
    return ET.tostring(suites, encoding="unicode", xml_declaration=False) + "\n"


def sarif(
    violations: Iterable[Violation], exchanges: Iterable[Exchange], file: str = JOURNAL_FILE, line: int = 1
) -> dict[str, Any]:
    """Returns violations as a SARIF 2.1.0 log.

    Args:
        violations: What was found.
        exchanges: The journal in which it was found; those that are named become locations.
        file: Where it is shown, as GitHub's code scanning refuses what stands in no file: a test, or the journal.
        line: The line of that file, from 1.
    """
    uri = quote(file.replace("\\", "/"))
    place = {"artifactLocation": {"uri": uri}, "region": {"startLine": line}}
    known = {exchange.number: exchange for exchange in exchanges}
    places = {name: index for index, name in enumerate(RULES)}
    driver = {
        "name": "casavi-mock",
        "semanticVersion": __version__.partition("+")[0],
        "rules": [_sarif_rule(name) for name in RULES],
    }
    return {
        "$schema": _SARIF_SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": driver},
                "results": [_sarif_result(violation, places, known, place) for violation in violations],
                "columnKind": "utf16CodeUnits",
            }
        ],
    }


def _message(headers: Headers, body: bytes, length: int) -> dict[str, Any]:
    return {
        "headers": [[name.decode("latin-1"), value.decode("latin-1")] for name, value in headers],
        "body": body.decode(errors="replace"),
        "bytes": length,
        "complete": len(body) >= length,
    }


def _job(exchange: Exchange) -> dict[str, Any] | None:
    if exchange.job_id is None:
        return None
    return {
        "id": exchange.job_id,
        "status": exchange.job_status,
        "final": exchange.job_final,
        "refused": _named(exchange.refused),
        "missing": _named(exchange.missing),
    }


def _named(records: Named) -> list[dict[str, str | None]]:
    return [{"entity": entity, "id": name} for entity, name in records]


def _by_rule(violations: Iterable[Violation]) -> Mapping[str, Sequence[Violation]]:
    groups: dict[str, list[Violation]] = {}
    for violation in violations:
        groups.setdefault(violation.rule, []).append(violation)
    return groups


def _described(violation: Violation, lines: Mapping[int, str]) -> str:
    named = [lines.get(number, f"#{number} is not in the journal any more") for number in violation.exchange_numbers]
    return "\n".join([violation.detail, f"Advice: {violation.advice}", f"Evidence: {violation.evidence}", *named])


def _xml_text(text: str) -> str:
    """Returns a text without the characters that XML cannot hold."""
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)


def _sarif_rule(name: str) -> dict[str, Any]:
    about = RULES[name]
    return {
        "id": name,
        "name": "".join(part.capitalize() for part in name.split("-")),
        "shortDescription": {"text": f"{about.title}."},
        "fullDescription": {"text": f"{about.title}. {about.advice}"},
        "help": {"text": about.advice},
        "defaultConfiguration": {"level": about.severity},
        "properties": {"evidence": about.evidence},
    }


def _sarif_result(
    violation: Violation, places: Mapping[str, int], known: Mapping[int, Exchange], place: Mapping[str, Any]
) -> dict[str, Any]:
    numbers = ", ".join(f"#{number}" for number in violation.exchange_numbers)
    return {
        "ruleId": violation.rule,
        "ruleIndex": places[violation.rule],
        "level": violation.severity,
        "message": {"text": f"{violation.title}: {violation.detail} {violation.advice} Exchanges: {numbers}."},
        "locations": [_sarif_location(number, known.get(number), place) for number in violation.exchange_numbers],
        "properties": {"evidence": violation.evidence},
    }


def _sarif_location(number: int, exchange: Exchange | None, place: Mapping[str, Any]) -> dict[str, Any]:
    location: dict[str, Any] = {
        "physicalLocation": dict(place),
        "logicalLocations": [
            {"name": f"exchange {number}", "fullyQualifiedName": f"journal/{number}", "kind": "member"}
        ],
    }
    if exchange is not None:
        location["message"] = {"text": exchange_line(exchange)}
    return location
