"""A replay for people, and for machines as JSON and JUnit XML."""

import json
import re
import textwrap
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree as ET

from casavi_contracts.observe.replay.result import LISTED, Case, Difference, Result

WIDTH = 80
LEAST_GROUPED = 4
"""Members of one object that are told together if they are all missing, or all new."""

SHOWN = 25
"""Differences that the text tells; JSON has all."""

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def as_text(result: Result) -> str:
    """Returns a replay for people: differences by cause, the most frequent first, in lines of 80 columns."""
    return "\n".join(_lines(result)) + "\n"


def _lines(result: Result) -> Iterator[str]:
    yield from _wrapped(f"{result.recording} at {result.target}")
    open_ones = sorted(result.unaccepted, key=lambda one: -one.count)
    if open_ones:
        yield ""
        yield f"{result.verdict}: {_number(len(open_ones), 'difference')}"
    groups = _grouped(open_ones)
    for group in groups[:SHOWN]:
        yield from _difference(group[0]) if len(group) < LEAST_GROUPED else _group(group)
    if len(groups) > SHOWN:
        yield f"  and {sum(map(len, groups[SHOWN:]))} more; --json FILE has them all"
    yield from _listed("accepted, but did not occur any more (delete these entries)", [*result.stale])
    accepted = [one for one in result.differences.values() if one.reason is not None]
    yield from _listed("accepted", [f"{one.name}: {one.reason}" for one in accepted])
    left_out = [f"{len(numbers)} ({_entries(numbers)}): {reason}" for reason, numbers in result.left_out.items()]
    yield from _listed("cannot be reissued, or not compared", left_out)
    yield from _listed("notes", result.notes)
    yield ""
    yield from _wrapped(_outcome(result))


def _listed(title: str, texts: list[str]) -> Iterator[str]:
    if texts:
        yield ""
        yield title
    for text in texts[:SHOWN]:
        yield from _wrapped(_plain(text), "  ")
    if len(texts) > SHOWN:
        yield f"  and {len(texts) - SHOWN} more; --json FILE has them all"


def _grouped(found: list[Difference]) -> list[list[Difference]]:
    """Returns differences by cause: members of the same object that are all missing, or all new, are one."""
    groups: dict[tuple[str, ...], list[Difference]] = {}
    for one in found:
        parent = one.found.place.rpartition("/")[0]
        members = one.found.kind in ("missing", "new")
        groups.setdefault((one.title, str(one.status), parent, one.found.kind) if members else (one.name,), []).append(
            one
        )
    return [
        part for group in groups.values() for part in ([group] if len(group) >= LEAST_GROUPED else [[g] for g in group])
    ]


def _group(group: list[Difference]) -> Iterator[str]:
    first = group[0]
    parent = first.found.place.rpartition("/")[0] or "/"
    yield from _wrapped(f"{first.title} {first.status} {parent}: {len(group)} members {first.found.kind}", "  ")
    names = ", ".join(one.found.place.rpartition("/")[2] for one in group)
    times = "once" if first.count == 1 else f"{first.count} times"
    yield from _wrapped(f"{names} ({times}: {_entries(first.entries, first.count)})", "      ")


def _difference(one: Difference) -> Iterator[str]:
    yield from _wrapped(one.name, "  ")
    times = "once" if one.count == 1 else f"{one.count} times"
    told = f"recorded {_plain(one.found.was)}, now {_plain(one.found.now)}"
    yield from _wrapped(f"{told} ({times}: {_entries(one.entries, one.count)})", "      ")


def _entries(numbers: list[int], count: int | None = None) -> str:
    shown = ", ".join(f"#{number}" for number in numbers[:5])
    return shown + (", …" if (count or len(numbers)) > 5 else "")


def _outcome(result: Result) -> str:
    if result.stopped:
        ended = f"It ended early: {_plain(result.stopped)}."
    elif not result.compared:
        ended = "Nothing could be compared, so nothing is said."
    elif result.unaccepted or result.stale:
        ended = "Not the same."
    else:
        ended = "No difference."
    left = sum(map(len, result.left_out.values()))
    return f"{_number(result.compared, 'answer')} compared, {left} not. {ended}"


def _number(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _wrapped(text: str, indent: str = "") -> list[str]:
    wrapped = textwrap.wrap(text, WIDTH, initial_indent=indent, subsequent_indent=indent + "  ", break_on_hyphens=False)
    return wrapped or [""]


def _plain(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in text[:500])


def as_json(result: Result) -> str:
    """Returns a replay as JSON."""
    document = {
        "casavi-mock": "replay",
        "version": 1,
        "recording": result.recording,
        "target": result.target,
        "verdict": result.verdict,
        "exit_code": result.exit_code,
        "compared": result.compared,
        "stopped": result.stopped or None,
        "differences": [_told(one) for one in result.differences.values()],
        "stale": list(result.stale),
        "left_out": [{"reason": reason, "count": len(n), "entries": n} for reason, n in result.left_out.items()],
        "notes": result.notes,
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _told(one: Difference) -> dict[str, Any]:
    return {
        "name": one.name, "operation": one.title, "status": one.status, "place": one.found.place,
        "kind": one.found.kind, "recorded": one.found.was, "now": one.found.now, "count": one.count,
        "entries": one.entries, "accepted": one.reason,
    }  # fmt: skip


def as_junit(result: Result) -> str:
    """Returns a replay as JUnit XML: a test case for each request, and for each accepted difference that is over."""
    suite = ET.Element("testsuite", name="casavi-mock replay")
    for case in result.cases:
        suite.append(_case(case, result))
    for name in result.stale:
        element = ET.SubElement(suite, "testcase", classname="casavi.replay.accepted", name=_xml(name), time="0")
        text = "it is accepted, but did not occur any more; delete the entry"
        ET.SubElement(element, "failure", type="stale", message=text)
    if not result.compared or result.stopped:
        element = ET.SubElement(suite, "testcase", classname="casavi.replay", name="run", time="0")
        text = result.stopped or "nothing could be compared"
        ET.SubElement(element, "error", type="could not run", message=_xml(text))
    for tag, name in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
        suite.set(name, str(sum(case.find(tag) is not None for case in suite)))
    suite.set("tests", str(len(suite)))
    root = ET.Element("testsuites")
    root.append(suite)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _case(case: Case, result: Result) -> ET.Element:
    classname = "casavi.replay." + case.title.replace(" ", ".").replace("/", "_")
    element = ET.Element("testcase", classname=_xml(classname), name=f"#{case.number} {_xml(case.title)}", time="0")
    failing = [name for name in case.names if result.differences[name].reason is None]
    if case.left_out is not None:
        ET.SubElement(element, "skipped", message=_xml(f"cannot be reissued: {case.left_out}"))
    elif failing:
        failure = ET.SubElement(element, "failure", type=result.verdict, message=_xml("; ".join(failing[:LISTED])))
        found = [result.differences[name] for name in failing]
        failure.text = _xml("\n".join(f"{one.name}: recorded {one.found.was}, now {one.found.now}" for one in found))
    elif case.names:
        accepted = "; ".join(f"{name}: {result.differences[name].reason}" for name in case.names)
        ET.SubElement(element, "skipped", message=_xml(f"accepted: {accepted}"))
    return element


def _xml(text: str) -> str:
    return _NOT_XML.sub("?", text)
