"""What the ERP exports: four CSV files with semicolons."""

import csv
from dataclasses import dataclass
from pathlib import Path

Row = dict[str, str]


@dataclass(frozen=True)
class Export:
    """One export, row by row, as it stands in the files."""

    contacts: list[Row]
    properties: list[Row]
    units: list[Row]
    leases: list[Row]


def read(folder: Path) -> Export:
    """Reads an export.

    Raises:
        FileNotFoundError: A file is missing.
    """
    return Export(*(_rows(folder / f"{name}.csv") for name in ("contacts", "properties", "units", "leases")))


def _rows(file: Path) -> list[Row]:
    with file.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, delimiter=";"))
