"""A run as JUnit XML, as the Ant task writes it and pipelines read it."""

import re
from xml.etree import ElementTree as ET

from casavi_contracts.outcome import Outcome
from casavi_contracts.report.report import Report
from casavi_contracts.report.results import Row
from casavi_contracts.report.text import paragraphs

SUITE = "casavi-mock check"

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(report: Report) -> str:
    """Returns a test suite with a test case for each check and version.

    A broken check and a refuted assumption are failures of different `type`; an assumption that may be refuted is
    skipped, as is what is not applicable. What could not be judged is an error.
    """
    cases = [_case(row, report) for row in report.results]
    counts = {tag: sum(case.find(tag) is not None for case in cases) for tag in ("failure", "error", "skipped")}
    suite = ET.Element(
        "testsuite",
        name=SUITE,
        tests=str(len(cases)),
        failures=str(counts["failure"]),
        errors=str(counts["error"] + bool(report.exit_code == 2)),
        skipped=str(counts["skipped"]),
        time=f"{report.timings.total:.3f}",
        timestamp=report.started_at,
    )
    properties = ET.SubElement(suite, "properties")
    for name, value in (("target", report.target), ("seed", report.seed), ("outcome", report.outcome)):
        ET.SubElement(properties, "property", name=name, value=_xml(str(value)))
    suite.extend(cases)
    if report.exit_code == 2:
        case = ET.SubElement(suite, "testcase", classname=SUITE, name="run", time="0")
        ET.SubElement(case, "error", type="could not run", message=_xml(report.stopped))
    if report.notes:
        ET.SubElement(suite, "system-out").text = _xml("\n".join(report.notes))
    root = ET.Element("testsuites")
    root.append(suite)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _case(row: Row, report: Report) -> ET.Element:
    promise, outcome = row.promise, row.outcome
    case = ET.Element(
        "testcase",
        classname=f"casavi.{promise.version}.{promise.group}",
        name=f"{promise.name}[{promise.version}]",
        time=f"{row.result.seconds if row.result else 0.0:.3f}",
    )
    properties = ET.SubElement(case, "properties")
    told = {"check": promise.name, "version": promise.version, "evidence": promise.evidence, "outcome": str(outcome)}
    if promise.assumption:
        told["assumption"] = promise.assumption
    for name, value in told.items():
        ET.SubElement(properties, "property", name=name, value=_xml(value))
    if report.planned:
        ET.SubElement(case, "skipped", message="this was a plan; nothing was judged")
    elif outcome is Outcome.SKIPPED:
        ET.SubElement(case, "skipped", message=_xml(f"{outcome}: {row.reason}"))
    elif outcome is Outcome.BLOCKED:
        ET.SubElement(case, "error", type=str(outcome), message=_xml(f"{outcome}: {row.reason}"))
    elif row.findings:
        first = row.findings[0]
        message = _xml(f"{outcome}: expected {first.expected}; observed {first.observed}")
        tolerated = outcome is Outcome.REFUTED and report.tolerate
        failure = ET.SubElement(case, "skipped" if tolerated else "failure", type=str(outcome), message=message)
        failure.text = _xml("\n\n".join(paragraphs(row, report)))
    return case


def _xml(text: str) -> str:
    """Returns a text without the characters that XML cannot hold."""
    return _NOT_XML.sub("�", text)
