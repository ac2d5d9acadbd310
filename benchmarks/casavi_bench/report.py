"""The results of a run as one JSON file: everything that table, plot and page are made of."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from casavi_bench.measurement import Measurement, Measurements

FORMAT = 1


class ReportError(ValueError):
    """A file is no report that can be read."""


@dataclass(frozen=True, slots=True)
class Participant:
    """A server that was measured."""

    name: str
    title: str
    lacks: str
    """What it does not do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A run and what came of it."""

    date: str
    revision: str
    minutes: float
    machine: Mapping[str, Any]
    options: Mapping[str, Any]
    loads: list[float]
    """Load average over a minute at the beginning of each round."""
    others: list[float]
    """Share of all processors that other programs took during each round."""
    participants: list[Participant]
    missing: Mapping[str, str]
    """Why a participant or a part has no values."""
    found: Measurements = field(default_factory=Measurements)

    def title(self, name: str) -> str:
        """Returns how a participant is called in tables."""
        return next((one.title for one in self.participants if one.name == name), name)

    def save(self, path: Path) -> None:
        """Writes the report."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.text())

    def text(self) -> str:
        """Returns the report as it stands in a file."""
        head = {
            "format": FORMAT,
            "date": self.date,
            "revision": self.revision,
            "minutes": round(self.minutes, 1),
            "machine": self.machine,
            "options": self.options,
            "loads": [round(load, 2) for load in self.loads],
            "others": [round(share, 3) for share in self.others],
            "participants": [asdict(one) for one in self.participants],
            "missing": self.missing,
        }
        rows = ",\n".join(f"  {json.dumps(row)}" for row in self.found.rows())
        text = json.dumps(head, indent=1, ensure_ascii=False)
        return f'{text[:-2]},\n "values": [\n{rows}\n ]\n}}\n'


def load(path: Path) -> Report:
    """Reads a report.

    Raises:
        ReportError: There is none at that path, or it is something else.
    """
    try:
        plain = json.loads(path.read_text())
    except FileNotFoundError:
        raise ReportError(f"there is no file {path}; `make bench` writes one") from None
    except ValueError as error:
        raise ReportError(f"{path} is no JSON: {error}") from None
    if not isinstance(plain, dict) or plain.get("format") != FORMAT:
        raise ReportError(f"{path} is no report of format {FORMAT}; measure anew with `make bench`")
    try:
        return _report(plain)
    except (KeyError, TypeError, ValueError) as error:
        raise ReportError(f"{path} is not whole: {error!r}; measure anew with `make bench`") from None


def _report(plain: Mapping[str, Any]) -> Report:
    names = ("date", "revision", "minutes", "machine", "options", "loads", "others", "missing")
    return Report(
        **{name: plain[name] for name in names},
        participants=[Participant(**one) for one in plain["participants"]],
        found=Measurements(_values(plain["values"])),
    )


def _values(rows: list[Any]) -> list[Measurement]:
    return [
        Measurement(server, operation, metric, int(number), value)
        for server, operation, metric, by_round in rows
        for number, value in by_round.items()
    ]
