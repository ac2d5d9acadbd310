"""Files with which one case is judged again."""

import itertools
import json
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema_rs

from casavi_contracts.failures import CouldNotRun
from casavi_contracts.outcome import Finding

FORMAT = "casavi-check-replay"
FORMAT_VERSION = 2

_SCHEMA = {
    "type": "object",
    "required": ["check", "version", "case", "before", "seed", "maxExamples", "profile"],
    "properties": {
        "check": {"type": "string"},
        "version": {"type": "string"},
        "before": {"type": "array", "items": {"type": "string"}},
        "seed": {"type": "integer", "minimum": 0},
        "maxExamples": {"type": ["integer", "null"], "minimum": 1},
        "profile": {"type": "object"},
    },
}


@dataclass(frozen=True, slots=True)
class Replay:
    """One case of one check."""

    check: str
    """The check under judgement when it was found."""
    version: str
    case: Any
    before: tuple[str, ...]
    """Checks that have to be judged before: what they send is what is judged."""
    seed: int
    max_examples: int | None
    profile: Mapping[str, Any]


def write(
    folder: Path,
    finding: Finding,
    *,
    seed: int,
    max_examples: int | None,
    profile: Mapping[str, Any],
    redact: Callable[[str], str],
    taken: Collection[str] = (),
) -> Path:
    """Writes the case of a finding to a file of its own and returns its path.

    Args:
        folder: Is made if it is missing.
        finding: What was found.
        seed: Of the run.
        max_examples: Cases of each check, None for each check's own number.
        profile: Values of assumptions by name.
        redact: Makes secrets unreadable, and nothing else: the case has to stay as it is.
        taken: Files that this run has written already; they stay.

    Raises:
        CouldNotRun: The file cannot be written.
    """
    check = finding.seen_by or finding.check
    content = {
        "format": FORMAT,
        "formatVersion": FORMAT_VERSION,
        "check": check,
        "version": finding.version,
        "breaks": finding.check,
        "expected": finding.expected,
        "observed": finding.observed,
        "before": sorted({exchange.purpose for exchange in finding.exchanges} - {check, ""}),
        "seed": seed,
        "maxExamples": max_examples,
        "profile": dict(profile),
        "case": finding.case,
    }
    name = check if finding.check == check else f"{check}-breaks-{finding.check}"
    path = _free(folder, f"{re.sub(r'[^A-Za-z0-9_.-]', '_', name)}-{finding.version}", taken)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps(_redacted(content, redact), indent=2, ensure_ascii=True)
        path.write_text(f"{text}\n", encoding="utf-8")
    except OSError as error:
        raise CouldNotRun(f"{path} cannot be written: {error.strerror}") from error
    return path


def read(path: Path) -> Replay:
    """Returns the case in a file.

    Raises:
        CouldNotRun: There is none in it.
    """
    try:
        content = json.loads(path.read_bytes())
    except OSError as error:
        raise CouldNotRun(f"{path}: {error.strerror}") from error
    except ValueError as error:
        raise CouldNotRun(f"{path}: no JSON: {error}") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise CouldNotRun(f"{path}: no file of --replay; the suite writes them for checks that do not hold")
    if content.get("formatVersion") == 1 and "law" in content:
        content |= {"formatVersion": FORMAT_VERSION, "check": content["law"]}  # what the first version called it
    if content.get("formatVersion") != FORMAT_VERSION:
        version = content.get("formatVersion")
        raise CouldNotRun(f"{path}: format version {version!r}; this version of the suite knows {FORMAT_VERSION}")
    problems = [error.message for error in jsonschema_rs.Draft202012Validator(_SCHEMA).iter_errors(content)]
    if problems:
        raise CouldNotRun(f"{path}: {problems[0]}")
    return Replay(
        check=content["check"],
        version=content["version"],
        case=content["case"],
        before=tuple(content["before"]),
        seed=content["seed"],
        max_examples=content["maxExamples"],
        profile=content["profile"],
    )


def _free(folder: Path, name: str, taken: Collection[str]) -> Path:
    names = {Path(path).name for path in taken}
    ends = itertools.chain([""], (f"-{number}" for number in itertools.count(2)))
    return folder / next(f"{name}{end}.json" for end in ends if f"{name}{end}.json" not in names)


def _redacted(value: Any, redact: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, list | tuple):
        return [_redacted(member, redact) for member in value]
    if isinstance(value, dict):
        return {redact(name): _redacted(member, redact) for name, member in value.items()}
    return value
