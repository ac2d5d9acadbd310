"""Writes what was found: a profile, an overlay, the evidence and durations, as one folder, and a report as JSON."""

import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from casavi_contracts.observe.calibration import Calibration
from casavi_contracts.observe.sights import CONFIRMED, CONTRADICTORY, NARROWED, REFUTED, Finding

PROFILE, OVERLAY, EVIDENCE, DURATIONS = "profile.toml", "overlay.yaml", "evidence.json", "durations.json"

_MARK = "Written by casavi-mock calibrate"
_MARKED_BYTES = 1_000
_MAX_JOBS = 1_000
"""Jobs in the file of durations."""


class UnwritableError(ValueError):
    """A file cannot be written, or is not to be overwritten; the text is one sentence."""


def report(calibration: Calibration) -> dict[str, Any]:
    """Returns the report as JSON."""
    counts: dict[str, int] = {}
    for finding in calibration.findings:
        counts[finding.verdict] = counts.get(finding.verdict, 0) + 1
    return {
        "casavi-mock": "calibration",
        "version": 1,
        "from": calibration.sources,
        "counts": counts,
        "assumptions": [_entry(finding, calibration.followed(finding)) for finding in calibration.findings],
        "extras": [
            {"kind": extra.kind, "name": extra.name, "place": extra.place, "from": extra.source}
            for extra in calibration.extras
        ],
        "durations": [
            {"records": each.records, "seconds": each.seconds, "exact": each.exact} for each in calibration.durations
        ],
        "notes": calibration.notes,
    }


def _entry(finding: Finding, followed: bool) -> dict[str, Any]:
    return {
        "name": finding.name,
        "verdict": finding.verdict,
        "ours": finding.ours,
        "theirs": finding.theirs,
        "followed": finding.verdict == REFUTED and followed,
        "evidence": finding.kind if finding.count else None,
        "count": finding.count,
        "first": moment(finding.first),
        "last": moment(finding.last),
        "places": list(finding.places),
        "against": list(finding.against),
        "candidates": list(finding.candidates),
        "from": list(finding.sources),
    }


def evidence(calibration: Calibration) -> dict[str, Any]:
    """Returns the document that tells a server which of its assumptions are observed, now or before."""
    told = [f for f in calibration.findings if f.verdict in (CONFIRMED, REFUTED) and f.expressible]
    values = {**calibration.ours, **calibration.changed()}
    before = calibration.before.get("assumptions") or {}
    known = {name: entry for name, entry in before.items() if entry.get("value", values.get(name)) == values.get(name)}
    places = {place["pointer"]: place for place in calibration.before.get("places") or () if "pointer" in place}
    places |= {
        place.pointer: {
            "pointer": place.pointer,
            "evidence": place.kind,
            "count": place.count,
            "first": moment(place.first),
            "last": moment(place.last),
            "from": list(place.sources),
        }
        for place in calibration.places
    }
    new = {
        finding.name: {
            "verdict": finding.verdict,
            "value": finding.theirs,
            "evidence": finding.kind,
            "count": finding.count,
            "first": moment(finding.first),
            "last": moment(finding.last),
            "from": list(finding.sources),
        }
        for finding in told
    }
    return {"casavi-mock": "evidence", "version": 1, "assumptions": known | new, "places": [*places.values()]}


def moment(at: datetime | None) -> str | None:
    """Returns a moment as RFC 3339 has it."""
    return None if at is None else at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def profile(calibration: Calibration, *, durations: bool) -> str:
    """Returns the profile with which a server behaves as was seen.

    Args:
        calibration: What was found.
        durations: Whether the file of durations is beside it.
    """
    return "\n".join(_profile_lines(calibration, durations)) + "\n"


def _profile_lines(calibration: Calibration, durations: bool) -> Iterator[str]:
    yield f"# {_MARK} from {_one_line(', '.join(calibration.sources))}."
    yield "# Start with it: casavi-mock serve --profile profile.toml"
    yield ""
    yield "[assumptions]"
    told = {finding.name: finding for finding in calibration.findings}
    for name, value in calibration.changed().items():
        finding = told.get(name)
        if finding is not None and finding.verdict == REFUTED:
            yield f"# seen {finding.count} times; it was {json.dumps(finding.ours, ensure_ascii=False)}"
        yield f"{name} = {json.dumps(value, ensure_ascii=False)}"
    for finding in calibration.findings:
        words = None if not finding.expressible and calibration.followed(finding) else _left_open(finding)
        if words:
            yield f"# {finding.name}: {_one_line(words)}"
    if calibration.actions:
        yield from ("", "[overlay]", f'file = "{OVERLAY}"')
    yield from ("", "[evidence]", f'file = "{EVIDENCE}"')
    if durations:
        yield from ("", "[server]", f'job-durations = "{DURATIONS}"')


def _left_open(finding: Finding) -> str | None:
    if finding.verdict == REFUTED and not finding.expressible:
        return f"not as it is taken here; seen: {finding.theirs}"
    if finding.verdict == NARROWED:
        return f"not {finding.ours}; left are {', '.join(map(str, finding.candidates))}"
    if finding.verdict == CONTRADICTORY:
        return f"contradictory: {', '.join(finding.against)}"
    return None


def _one_line(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in str(text))[:300]


def overlay(calibration: Calibration) -> dict[str, Any]:
    """Returns the OpenAPI Overlay that makes our documents show what the vendor shows."""
    return {
        "overlay": "1.0.0",
        "info": {"title": f"{_MARK} from {_one_line(', '.join(calibration.sources))}", "version": "1.0.0"},
        "actions": calibration.actions,
    }


def durations(calibration: Calibration) -> dict[str, Any]:
    """Returns how long jobs took, for a server whose jobs are to take as long."""
    jobs = sorted([each.records, each.seconds] for each in calibration.durations)
    step = -(-len(jobs) // _MAX_JOBS)
    return {"casavi-mock": "durations", "version": 1, "seed": 1, "jobs": jobs[:: max(step, 1)]}


def write_folder(calibration: Calibration, folder: Path, *, force: bool) -> list[Path]:
    """Writes profile, overlay and evidence into a folder, all of them or none; an old one of these is replaced.

    Args:
        calibration: What was found.
        folder: Where to; it is made if it is missing.
        force: Whether files that this command did not write are overwritten.

    Returns:
        The files that were written.

    Raises:
        UnwritableError: That cannot be done, or would overwrite files of somebody else.
    """
    timed = bool(calibration.durations) or (bool(calibration.before) and (folder / DURATIONS).exists())
    texts = {PROFILE: profile(calibration, durations=timed), EVIDENCE: _json(evidence(calibration))}
    if calibration.durations:
        texts[DURATIONS] = json.dumps(durations(calibration)) + "\n"
    if calibration.actions:
        text = yaml.safe_dump(overlay(calibration), sort_keys=False, allow_unicode=True, width=100)
        texts[OVERLAY] = f"# {_MARK}\n{text}"
    for name in (PROFILE, OVERLAY, EVIDENCE, DURATIONS):
        if not force and not _is_own(folder / name):
            raise UnwritableError(f"{folder / name} was not written by this command; --force overwrites it")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write_all({folder / name: text for name, text in texts.items()})
        for name, kept in ((OVERLAY, OVERLAY in texts), (DURATIONS, timed)):  # of an earlier run
            if not kept:
                (folder / name).unlink(missing_ok=True)
    except OSError as error:
        raise UnwritableError(f"{folder}: {error.strerror or error}") from None
    return [folder / name for name in texts]


def write_report(calibration: Calibration, path: Path) -> None:
    """Writes the report as JSON.

    Raises:
        UnwritableError: It cannot be written.
    """
    try:
        _write_all({path: _json(report(calibration))})
    except OSError as error:
        raise UnwritableError(f"{path}: {error.strerror or error}") from None


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, indent=2, ensure_ascii=True) + "\n"


def _is_own(path: Path) -> bool:
    """Whether a file may be replaced: there is none, or this command wrote it."""
    try:
        with path.open("rb") as file:
            head = file.read(_MARKED_BYTES)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return _MARK.encode() in head or f'"casavi-mock": "{path.stem}"'.encode() in head


def _write_all(texts: Mapping[Path, str]) -> None:
    """Writes files beside their places first, so that nothing is half-written."""
    waiting: dict[Path, Path] = {}
    try:
        for path, text in texts.items():
            handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".new")
            waiting[Path(name)] = path
            with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
                file.write(text)
            Path(name).chmod(0o644)
        for new, path in [*waiting.items()]:
            new.replace(path)
            del waiting[new]
    finally:
        for left in waiting:
            left.unlink(missing_ok=True)
