"""What the options of `serve` make of the server; it is put together, and not run."""

from collections.abc import Callable
from typing import Any

import pytest

from casavi_mock.accounts import Limits
from casavi_mock.domain.jobs import Progress
from casavi_mock.server.options import ConnectionLimits, EdgeOptions
from tests.cli.conftest import Prepared


def test_nothing_given(prepare: Callable[..., Prepared]) -> None:
    made = prepare()

    assert made.edge == EdgeOptions()
    assert (made.settings.progress, made.settings.limits) == (Progress(), Limits())
    assert not made.settings.keep_documents


def test_switches(prepare: Callable[..., Prepared]) -> None:
    made = prepare("--strict", "--no-control", "--forwarded", "--keep-documents")

    assert made.edge == EdgeOptions(strict=True, control=False, forwarded=True)
    assert made.settings.keep_documents


@pytest.mark.parametrize("switch", ["strict", "forwarded"])
def test_each_switch_by_itself(prepare: Callable[..., Prepared], switch: str) -> None:
    assert prepare(f"--{switch}").edge == EdgeOptions(**{switch: True})


def test_how_jobs_move_on(prepare: Callable[..., Prepared]) -> None:
    made = prepare("--progress", "manual", "--polls", "0", "--job-seconds", "3", "--record-seconds", "0.25")

    assert made.settings.progress == Progress(progress="manual", polls=0, job_seconds=3.0, record_seconds=0.25)


LIMITS = {
    "max_tokens": 11, "max_jobs": 12, "max_job_errors": 13, "max_waiting_mb": 14.5, "max_journal": 15,
    "max_journal_mb": 16.5, "max_accounts": 17, "max_snapshots": 18, "max_nesting": 19, "max_import_records": 20,
}  # fmt: skip
CONNECTIONS = {
    "max_connections": 21, "max_headers": 22, "max_header_bytes": 23, "header_seconds": 24.5, "body_seconds": 25.5,
    "answer_seconds": 26.5, "idle_seconds": 27.5,
}  # fmt: skip


def test_limits(prepare: Callable[..., Prepared]) -> None:
    given: dict[str, Any] = LIMITS | CONNECTIONS
    made = prepare(*(f"--{name.replace('_', '-')}={value}" for name, value in given.items()))

    assert made.settings.limits == Limits(**LIMITS)  # type: ignore[arg-type]
    assert made.edge.connections == ConnectionLimits(**CONNECTIONS)  # type: ignore[arg-type]


def test_limits_that_are_assumptions(prepare: Callable[..., Prepared]) -> None:
    made = prepare("--max-body-mb", "1.5", CASAVI_MOCK_QUEUE_LIMIT="3", CASAVI_MOCK_RECORD_LIMIT="4")
    values = {name: entry["value"] for name, entry in made.settings.document["x-assumptions"].items()}

    assert (values["max-body-mb"], values["queue-limit"], values["record-limit"]) == (1.5, 3, 4)
