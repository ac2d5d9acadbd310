"""What a run at a real account would send. Nothing of it is sent."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from casavi_contracts.http.target import Capability, Target
from casavi_contracts.suite.settings import CONSENT, Settings
from casavi_contracts.suite.tasks import Task

REQUESTS = 18.5
"""Requests of a check on the average, at an account whose jobs take as long as those of the mock."""


def plan(settings: Settings, tasks: Sequence[Task], target: Target, prefix: str) -> RenderableType:
    """Returns the plan for people.

    Args:
        settings: Of the run.
        tasks: What would be judged.
        target: The server; how much was sent to it until now is told.
        prefix: What every reference id would begin with.
    """
    return Group(
        Text("Plan: the server is no mock, so nothing is judged until you agree", style="bold"),
        *(Padding(Text(sentence), (0, 0, 0, 2)) for sentence in _sentences(settings, tasks, target, prefix)),
        Padding(_table(tasks, target), (0, 0, 0, 2)),
        Padding(Text(f"To run it: --allow-writes, and {CONSENT}=1 in the environment."), (0, 0, 0, 2)),
        Padding(Text("To judge only what creates nothing: --read-only."), (0, 0, 0, 2)),
    )


def _sentences(settings: Settings, tasks: Sequence[Task], target: Target, prefix: str) -> Iterator[str]:
    yield (
        f"Until now {target.recorder.count} requests were sent: log-in, a made-up token, a made-up job. "
        "Nothing was created and no record was read."
    )
    yield (
        f"A run sends at most {settings.budget_requests:,} requests (--budget-requests), of which at most "
        f"{settings.budget_writes:,} create records (--budget-writes), at most {settings.budget_records:,} of them "
        f"(--budget-records); {settings.rate:g} requests in a second (--rate). It ends when one is used up."
    )
    yield (
        f"The id of every record begins with {prefix} and is listed in {_short(settings)} before it is sent. Records "
        "stay in the account: casavi's documentation names no way to delete them. So use an account made for tests."
    )
    covered = min(len(tasks), int((settings.budget_requests or 0) / REQUESTS))
    yield f"That is enough for about {covered} of {len(tasks)} checks; those with the surest evidence come first."
    missing = [one for one in Capability if one not in target.capabilities and one is not Capability.WRITE]
    if missing:
        count = sum(any(need in missing for need in task.needs) for task in tasks)
        if count:
            yield f"Of {len(tasks)} checks {count} are skipped there; they need {' or '.join(missing)}."


def _table(tasks: Sequence[Task], target: Target) -> RenderableType:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in ("about", "checks", "that create records", "with requests of the kind"):
        table.add_column(name, overflow="fold")
    groups: defaultdict[str, list[Task]] = defaultdict(list)
    for task in tasks:
        groups[task.group].append(task)
    for group, of_it in groups.items():
        operations = sorted({operation for task in of_it for operation in task.operations})
        writing = sum(Capability.WRITE in task.needs for task in of_it)
        table.add_row(group, str(len(of_it)), str(writing), ", ".join(operations))
    return table


def _short(settings: Settings) -> str:
    ledger, folder = settings.ledger, settings.folder
    return str(ledger.relative_to(folder) if ledger.is_relative_to(folder) else ledger)
