"""The client under test, pointed at the casavi account of each test."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest
from erp_sync.api import CasaviApi
from erp_sync.erp import Export, read

from pytest_casavi import Casavi

EXPORT = Path(__file__).parents[1] / "export"


@pytest.fixture
def export() -> Export:
    """What the ERP exported last night; the tests change copies of it."""
    return read(EXPORT)


@pytest.fixture
def api(casavi: Casavi) -> Iterator[CasaviApi]:
    """The client. Its time is that of the account: a pause moves that on, and takes none of ours."""
    casavi.clock.freeze()

    def sleep(seconds: float) -> None:
        casavi.clock.advance(seconds=seconds)

    with CasaviApi(
        casavi.url,
        casavi.key,
        casavi.secret,
        sleep=sleep,
        now=lambda: casavi.clock.now,
        transport=casavi.transport,
    ) as client:
        yield client


def without(export: Export, **gone: str) -> Export:
    """Returns an export in which the row with a number is missing, such as `contacts="4712"`."""
    kept = {name: [row for row in getattr(export, name) if row["no"] != number] for name, number in gone.items()}
    return dataclasses.replace(export, **kept)
