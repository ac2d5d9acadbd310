"""A quick run finds nine of ten mutants; `python -m tests.contracts.mutants.quick` asks for all of them."""

import pytest

from casavi_contracts.contract import VERSIONS
from casavi_contracts.suite.tasks import FuzzTask, tasks
from tests.contracts.mutants.quick import in_process, missed

EVERY = 8
"""Mutants of which one is judged."""


@pytest.mark.slow
def test_a_quick_run_finds_nine_of_ten() -> None:
    chosen = in_process(EVERY)
    lost = missed(chosen)
    assert len(lost) <= len(chosen) / 10, lost


def test_a_quick_run_is_small() -> None:
    quick, whole = tasks(VERSIONS, quick=True), tasks(VERSIONS)
    assert {task.name for task in whole if not isinstance(task, FuzzTask)} == {task.name for task in quick}
    assert len(quick) < 0.7 * len(whole)
