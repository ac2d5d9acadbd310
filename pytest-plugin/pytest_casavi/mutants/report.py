"""Tells what the tests noticed: a table and paragraphs, JSON, JUnit."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree as ET

from pytest_casavi.mutants.verdict import ORDER, Judged, Run
from pytest_casavi.mutants.world import ABSENT, RECORD

_SHOWN_TESTS = 3
_SHOWN_PLACES = 5
_SHOWN_VALUE = 40
_WORDS = (ABSENT, RECORD)


@dataclass(frozen=True, slots=True)
class Findings:
    """What a run with mutants has found."""

    judged: list[Judged]
    unsteady: list[str]
    """Tests that fail on the healthy mock, and say nothing of a mutant."""
    broken: dict[str, str]
    """What mutants raised, by name."""
    interrupted: bool
    tests: int
    """How many tests there were."""


def told(findings: Findings) -> str:
    """Returns all of it as a text."""
    parts = ["\n".join(_table(findings)), *map(_unnoticed, _of(findings, "unnoticed"))]
    crashed = [(one, [run for run in one.of("noticed") if run.crashed]) for one in findings.judged if one.mutant.legal]
    parts += [_crashed(one, runs) for one, runs in crashed if runs]
    if missing := [one for one in findings.judged if one.verdict == "not reached"]:
        width = max(len(one.mutant.name) for one in missing)
        lines = [f"  {one.mutant.name:{width}}  a test that {one.mutant.needs}" for one in missing]
        parts.append("\n".join(["Not reached; what is missing:", *lines]))
    if findings.unsteady:
        parts.append("\n".join(["These tests fail without a mutant:", *(f"  {test}" for test in findings.unsteady)]))
    for name, why in sorted(findings.broken.items()):
        parts.append(f"The mutant {name} is broken: {why}")
    if findings.interrupted:
        parts.append("Interrupted. The same command with --casavi-mutants-resume goes on.")
    parts.append(_sum(findings))
    return "\n\n".join(parts)


def _of(findings: Findings, verdict: str) -> list[Judged]:
    return [one for one in findings.judged if one.verdict == verdict]


def _table(findings: Findings) -> Iterator[str]:
    width = max((len(one.mutant.name) for one in findings.judged), default=0)
    yield f"{'mutant':{width}}  legal  {'verdict':11}  tests"
    for one in findings.judged:
        told = ", ".join(f"{len(runs)} {verdict}" for verdict in ORDER if (runs := one.of(verdict)))
        legal = "yes" if one.mutant.legal else "no"
        yield f"{one.mutant.name:{width}}  {legal:5}  {one.verdict:11}  {told}".rstrip()


def _unnoticed(one: Judged) -> str:
    runs = one.of("unnoticed")
    lines = [f"unnoticed: {one.mutant.name}. {one.mutant.says}"]
    for run in runs[:_SHOWN_TESTS]:
        lines += [f"  {run.test} is green.", *_worlds(run)]
    if len(runs) > _SHOWN_TESTS:
        lines.append(f"  So are {len(runs) - _SHOWN_TESTS} more tests.")
    return "\n".join(lines)


def _worlds(run: Run) -> Iterator[str]:
    rows = [(place, _shown(believed), _shown(holds)) for place, believed, holds in run.differences[:_SHOWN_PLACES]]
    head = ("", "the test believes", "what is so")
    first, second = (max(len(row[column]) for row in [head, *rows]) for column in (0, 1))
    for place, believed, holds in [head, *rows]:
        yield f"    {place:{first}}  {believed:{second}}  {holds}".rstrip()
    if len(run.differences) > _SHOWN_PLACES:
        yield f"    and {len(run.differences) - _SHOWN_PLACES} more"


def _crashed(one: Judged, runs: list[Run]) -> str:
    lines = [f"crashes on a legal answer: {one.mutant.name}. {one.mutant.says}"]
    lines += [f"  {run.test}: {run.why}" for run in runs[:_SHOWN_TESTS]]
    if len(runs) > _SHOWN_TESTS:
        lines.append(f"  and {len(runs) - _SHOWN_TESTS} more tests")
    return "\n".join(lines)


def _shown(value: Any) -> str:
    text = str(value) if value in _WORDS else json.dumps(value, ensure_ascii=False, default=str)
    text = "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
    if len(text) <= _SHOWN_VALUE:
        return text
    length = f" ({len(value)} characters)" if isinstance(value, str) else ""
    return f"{text[: _SHOWN_VALUE - 1]}…{length}"


def _sum(findings: Findings) -> str:
    counts = ", ".join(f"{len(_of(findings, verdict))} {verdict}" for verdict in ORDER)
    mutants, tests = len(findings.judged), findings.tests
    return f"{mutants} mutant{'s' * (mutants != 1)}, {tests} test{'s' * (tests != 1)}: {counts}"


def as_json(findings: Findings) -> str:
    """Returns it as JSON."""
    mutants = [
        {
            "name": one.mutant.name,
            "legal": one.mutant.legal,
            "verdict": one.verdict,
            "tests": [_run(run) for run in one.runs],
        }
        for one in findings.judged
    ]
    return json.dumps({"mutants": mutants}, indent=2, ensure_ascii=False, default=str) + "\n"


def _run(run: Run) -> dict[str, Any]:
    view: dict[str, Any] = {"test": run.test, "verdict": run.verdict}
    if run.why:
        view["why"] = run.why
    if run.verdict == "unnoticed":
        view["differences"] = [
            {"place": place, "believed": believed, "holds": holds} for place, believed, holds in run.differences
        ]
    return view


def as_junit(findings: Findings) -> bytes:
    """Returns it as JUnit XML: a case for each mutant, which fails if it is unnoticed."""
    suite = ET.Element(
        "testsuite",
        name="casavi mutants",
        tests=str(len(findings.judged)),
        failures=str(len(_of(findings, "unnoticed"))),
        skipped=str(len(_of(findings, "not reached"))),
        errors="0",
    )
    for one in findings.judged:
        case = ET.SubElement(suite, "testcase", classname="casavi.mutants", name=one.mutant.name)
        if one.verdict == "unnoticed":
            failure = ET.SubElement(case, "failure", message=one.mutant.says, type="unnoticed")
            failure.text = _unnoticed(one)
        elif one.verdict == "not reached":
            ET.SubElement(case, "skipped", message=f"not reached; missing: a test that {one.mutant.needs}")
        else:
            lines = "\n".join(f"{run.verdict}: {run.test} {run.why}".rstrip() for run in one.runs)
            ET.SubElement(case, "system-out").text = "".join(
                c if c.isprintable() or c == "\n" else repr(c)[1:-1] for c in lines
            )
    root = ET.Element("testsuites")
    root.append(suite)
    written: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return written
