"""What jobs say: their states in order, their members, how long they took."""

import itertools
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from casavi_contracts.observe.calls import Call, Traffic
from casavi_contracts.observe.jobs import ROLES, likely_role
from casavi_contracts.observe.roles import IMPORT, JOB, plain
from casavi_contracts.observe.seen import moment_of, sight
from casavi_contracts.observe.sights import Sight
from casavi_contracts.observe.vocabulary import Vocabulary

_STATE = re.compile(r"(?:^|[a-z_])(?:status|state|phase)$", re.IGNORECASE)
_STARTED = re.compile(r"(?:start|beg[iau]n|processing)", re.IGNORECASE)
_FINISHED = re.compile(r"(?:finish|end|complet|done)", re.IGNORECASE)
_CREATED = re.compile(r"(?:creat|queued|submit|enqueue|accept|received)", re.IGNORECASE)
_ERRORS = re.compile(r"(?:error|failure|problem|reject|refus)", re.IGNORECASE)
_WARNINGS = re.compile(r"(?:warning|notice|hint)", re.IGNORECASE)
_SOME = 3


@dataclass(slots=True)
class Job:
    """One job, as it was asked for."""

    id: str
    account: str
    accepted: Call | None = None
    """The import that answered its id."""
    polls: list[Call] = field(default_factory=list)
    ended: Call | None = None
    """The first answer that shows it ended."""

    def state(self, call: Call) -> str | None:
        """Returns what it is called in an answer."""
        found = next(
            (value for name, value in _leaves(call.got) if _STATE.search(name) and isinstance(value, str)), None
        )
        return found if found is not None and 0 < len(found) <= 40 else None

    @property
    def clean(self) -> bool | None:
        """Whether nothing was refused; None if that is not told."""
        return None if self.ended is None else _clean(self.ended.got)

    def told(self, word: re.Pattern[str]) -> list[Any] | None:
        """Returns the list of errors or of warnings at its end; None if there is no such list."""
        if self.ended is None or not isinstance(self.ended.got, Mapping):
            return None
        return next(
            (value for name, value in self.ended.got.items() if word.search(name) and isinstance(value, list)), None
        )

    @property
    def errors(self) -> list[Any] | None:
        """What was refused, one by one."""
        return self.told(_ERRORS)

    @property
    def warnings(self) -> list[Any] | None:
        """What was left out."""
        return self.told(_WARNINGS)


def jobs_of(traffic: Traffic) -> list[Job]:
    """Returns the jobs that were asked for, with the imports that they came from."""
    found: dict[tuple[str, str], Job] = {}
    for call in traffic.by_role(JOB):
        if call.good and isinstance(call.got, dict):
            name = call.path.rsplit("/", 1)[-1]
            found.setdefault((call.account, name), Job(name, call.account)).polls.append(call)
    by_id = {name: job for (_, name), job in found.items()}
    for call in traffic.by_role(IMPORT):
        for _, value in _leaves(call.got) if call.good else ():
            job = by_id.get(str(value)) if isinstance(value, str | int) else None
            if job is not None and job.accepted is None:
                job.accepted = call
    jobs = [*found.values()]
    followed = _followed(jobs)
    for job in jobs:
        job.ended = next((call for call in job.polls if _is_end(job, call, followed)), None)
    return jobs


def _leaves(value: Any, depth: int = 0) -> Iterator[tuple[str, Any]]:
    for name, item in value.items() if isinstance(value, Mapping) else ():
        yield name, item
        if depth < 2:
            yield from _leaves(item, depth + 1)


def _followed(jobs: list[Job]) -> set[str]:
    """Returns the states that another state was seen to follow."""
    found: set[str] = set()
    for job in jobs:
        states = [state for call in job.polls if (state := job.state(call)) is not None]
        found.update(before for before, after in itertools.pairwise(states) if before != after)
    return found


def _moment(got: Any, word: re.Pattern[str]) -> tuple[bool, datetime | None]:
    """Returns whether a job has a member for a moment, and the moment."""
    for name, value in _leaves(got):
        if word.search(name) and (value is None or moment_of(value) is not None):
            return True, moment_of(value)
    return False, None


def _is_end(job: Job, call: Call, followed: set[str]) -> bool:
    state = job.state(call)
    there, moment = _moment(call.got, _FINISHED)
    role = likely_role(state) if state is not None else None
    if there:
        return moment is not None
    if role is not None:
        return role in ("completed", "failed")
    return state is not None and state not in followed and len(job.polls) > 1


def _total(got: Any) -> int | None:
    return next(
        (v for n, v in _leaves(got) if plain(n) in ("total", "recordcount", "records") and type(v) is int), None
    )


def _clean(got: Any) -> bool | None:
    errors = [value for name, value in _leaves(got) if _ERRORS.search(name)]
    if any(isinstance(value, list) and value for value in errors):
        return False
    if any(type(value) is int and value > 0 for value in errors):
        return False
    return True if errors else None


def _role(job: Job, call: Call, followed: set[str]) -> str | None:
    """Returns the role of the state of a job in an answer, if words and moments do not disagree."""
    state = job.state(call)
    if state is None:
        return None
    by_word = likely_role(state)
    there, finished = _moment(call.got, _FINISHED)
    if not there:
        if by_word is not None or state in followed:
            return by_word
        return None
    began_there, began = _moment(call.got, _STARTED)
    if finished is None:
        by_moment = ("waiting" if began is None else "active") if began_there else by_word
    else:
        by_moment = _end_role(call.got, by_word)
    return by_moment if by_word in (None, by_moment) else None


def _end_role(got: Any, by_word: str | None) -> str | None:
    if by_word in ("completed", "failed"):
        return by_word
    errors = next((v for n, v in _leaves(got) if _ERRORS.search(n) and isinstance(v, list)), None)
    total = _total(got)
    if errors is None or total is None:
        return None
    if not errors:  # a job without errors may have been made to fail as a whole
        return "completed" if _clean(got) else None
    return "failed" if len(errors) >= total else "completed"


def sights(traffic: Traffic, jobs: list[Job], ours: Vocabulary) -> Iterator[Sight]:
    """Yields what the jobs say."""
    names, calls = _states(jobs)
    yield from _of_states(names, calls, ours.state_names())
    mine = {*ours.fields("Job")}
    for job in jobs:
        for call in job.polls:
            if call.got_whole:
                differ = ours.job_difference({(name,) for name in call.got})
                if mine:
                    yield sight(call, "job-object", differ or "mock")


def _states(jobs: list[Job]) -> tuple[dict[str, Counter[str]], list[tuple[Call, str]]]:
    """Returns how often each state was seen, by its role; and the answers that show them."""
    followed = _followed(jobs)
    names: dict[str, Counter[str]] = {role: Counter() for role in ROLES}
    calls: list[tuple[Call, str]] = []
    for job in jobs:
        for call in job.polls:
            role, state = _role(job, call, followed), job.state(call)
            if role is not None and state is not None:
                names[role][state] += 1
                calls.append((call, state))
    return names, calls


def states_seen(jobs: list[Job]) -> dict[str, list[str]]:
    """Returns what states are called, by role, in the order in which they were first seen; odd ones are left out."""
    names, calls = _states(jobs)
    odd = _odd(names)
    order = [*dict.fromkeys(state for _, state in calls)]
    return {role: [state for state in order if state in names[role] and state not in odd] for role in ROLES}


def _odd(names: dict[str, Counter[str]]) -> set[str]:
    """Returns the states of no known word that were seen once, beside one of their role that was seen often."""
    found = set()
    for counter in names.values():
        most = max(counter.values(), default=0)
        rare = {name for name, number in counter.items() if number == 1 and most >= _SOME}
        found |= {name for name in rare if likely_role(name) is None}
    return found


def _of_states(names: dict[str, Counter[str]], calls: list[tuple[Call, str]], ours: list[str]) -> Iterator[Sight]:
    usual = {role: counter.most_common(1)[0][0] for role, counter in names.items() if counter}
    odd = _odd(names)
    if {*usual.values()} <= {*ours} and len(ours) != len(ROLES):
        return  # an overlay names these states
    more = [name for role, counter in names.items() for name in counter if name != usual[role] and name not in odd]
    if more or len({*usual.values()}) < len(usual):
        value: Any = f"more than four states: {', '.join(sorted({*usual.values(), *more}))}"
    elif len(usual) == len(ROLES):
        value = [usual[role] for role in ROLES]
    elif all(name == ours[ROLES.index(role)] for role, name in usual.items()):
        return  # too little was seen to say more than that nothing is against ours
    else:
        told = [f"{role} is {usual[role]!r}" if role in usual else f"{role} was not seen" for role in ROLES]
        value = "; ".join(told)
    for call, state in calls:
        yield sight(call, "job-status-names", f"a state {state!r}" if state in odd else value)


@dataclass(frozen=True, slots=True)
class Duration:
    """How long one job took."""

    records: int
    seconds: float
    """From its start to its end."""
    exact: bool
    """Whether the job itself says so; otherwise it is the middle between two looks at it."""


def durations(jobs: list[Job]) -> list[Duration]:
    """Returns how long jobs took, as far as that is told or can be bounded."""
    found = []
    for job in jobs:
        if job.ended is None:
            continue
        records = _total(job.ended.got)
        if records is None and job.accepted is not None and job.accepted.sent_whole:
            records = count(job.accepted.sent)
        seconds, exact = _seconds(job)
        if records is not None and seconds is not None and 0 <= seconds < 10_000_000:
            found.append(Duration(records, round(seconds, 3), exact))
    return found


def _seconds(job: Job) -> tuple[float | None, bool]:
    assert job.ended is not None, "asked before"
    began, ended = _moment(job.ended.got, _STARTED)[1], _moment(job.ended.got, _FINISHED)[1]
    began = began or _moment(job.ended.got, _CREATED)[1]
    if began is not None and ended is not None and ended >= began:
        return (ended - began).total_seconds(), True
    start = job.accepted.ended if job.accepted is not None else None
    before = [call.at for call in job.polls if call.order < job.ended.order and call.at is not None]
    if start is None or job.ended.at is None:
        return None, False
    last = max([start, *before])
    return ((last - start) + (job.ended.at - last) / 2).total_seconds(), False


def count(sent: Any) -> int | None:
    """Returns how many records an import has: objects in lists that are called like our entities."""
    if not isinstance(sent, dict):
        return None
    number, level = 0, [sent]
    while level:
        inner = []
        for each in level:
            for name, value in each.items():
                if isinstance(value, list):
                    objects = [item for item in value if isinstance(item, dict)]
                    number += len(objects) if name in _ENTITIES else 0
                    inner += objects
        level = inner
    return number


_ENTITIES = ("contacts", "properties", "units", "responsibilities", "documents")
