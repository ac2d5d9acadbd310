"""Every fault at every call: a run without one tells which calls there are, and how its account is in the end."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Any, Literal, cast

from pytest_casavi.errors import CannotSteer
from pytest_casavi.mutants.world import World, differences, world_of
from pytest_casavi.steering import Steering

Kind = Literal["503", "429-date", "lost-response", "reset", "slow"]
KINDS: tuple[Kind, ...] = ("503", "429-date", "lost-response", "reset", "slow")

MAX_CALLS = 200
"""Different calls that are struck; a test with more is asked to be shorter."""

SLOW_SECONDS = 0.1
_LATER = timedelta(seconds=2)
_SHOWN = 3
_CRASHES = (TypeError, AttributeError, LookupError, NameError, ValueError)
"""What nobody raises to say that casavi failed."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the run without a fault."""

    number: int
    """Counted from 1."""
    line: str
    """What it was, such as `POST /import`."""


@dataclass(frozen=True, slots=True)
class Learnt:
    """What a run without a fault has shown."""

    calls: list[Call]
    """Those that differ from all before them: a fault at another one would show the same."""
    pruned: int
    """How many calls are like an earlier one."""
    world: World


@dataclass(slots=True)
class Found:
    """What was found at one call."""

    call: Call
    kind: Kind
    what: str
    lines: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        head = f"{self.kind} at call {self.call.number} ({self.call.line}): {self.what}"
        return "\n".join([head, *(f"    {line}" for line in self.lines)])


def learn(steering: Steering) -> Learnt:
    """Returns what the account tells of the run that has ended.

    Raises:
        CannotSteer: It has more different calls than can be struck one after the other.
    """
    views = steering.ask("listRequests", query={"limit": 1_000_000})["requests"]
    seen: set[Any] = set()
    calls: list[Call] = []
    asked = [view for view in views if view["operation"] is not None]
    for number, view in enumerate(asked, 1):
        answer = view["response"]
        what = (view["method"], view["path"], view["query"], view["request"]["body"], view["status"], answer["body"])
        if what not in seen:
            seen.add(what)
            calls.append(Call(number, f"{view['method']} {view['path']}"))
    if len(calls) > MAX_CALLS:
        raise CannotSteer(f"This run has {len(calls)} different calls; faults can be tried at {MAX_CALLS}.")
    return Learnt(calls, len(asked) - len(calls), world_of([steering.ask("getState")]))


def plan(steering: Steering, call: Call, kind: Kind) -> None:
    """Lets a fault strike one call of the run that begins."""
    now = datetime.fromisoformat(steering.ask("getClock")["now"])
    date = format_datetime((now + _LATER).replace(microsecond=0), usegmt=True)
    effects: Mapping[Kind, dict[str, Any]] = {
        "503": {"kind": "status", "status": 503, "retryAfterSeconds": 1},
        "429-date": {"kind": "status", "status": 429, "headers": [f"Retry-After: {date}"]},
        "lost-response": {"kind": "lost-response"},
        "reset": {"kind": "reset"},
        "slow": {"kind": "delay", "seconds": SLOW_SECONDS},
    }
    steering.ask("addFault", body={"operation": "*", "first": call.number, "times": 1, "effect": effects[kind]})


def known(kinds: Sequence[str]) -> tuple[Kind, ...]:
    """Returns kinds of faults.

    Raises:
        CannotSteer: One is unknown.
    """
    for kind in kinds:
        if kind not in KINDS:
            raise CannotSteer(f"There is no fault {kind!r}.", KINDS)
    return cast("tuple[Kind, ...]", tuple(kinds))


def each(learnt: Learnt, kinds: Sequence[Kind]) -> Iterator[tuple[Call, Kind]]:
    """Yields every fault at every call."""
    for call in learnt.calls:
        for kind in kinds:
            yield call, kind


def judge(
    learnt: Learnt, world: World, error: BaseException | None, errors: tuple[type[BaseException], ...] = ()
) -> tuple[str, list[str]] | None:
    """Returns what is wrong with a run that a fault has struck: nothing, or a sentence and lines that explain it.

    Args:
        learnt: The run without a fault.
        world: What the account holds at the end of this one.
        error: What it raised.
        errors: By which the client says that it failed; every error if none are named, but those of a failed test, and
            those that nobody raises on purpose.
    """
    if error is None:
        found = differences(learnt.world, world)
        if not found:
            return None
        lines = [f"{place}: {believed!r} without the fault, now {holds!r}" for place, believed, holds in found[:_SHOWN]]
        more = [f"and {len(found) - _SHOWN} more"] if len(found) > _SHOWN else []
        return "nobody said that anything failed, and the records are others", [*lines, *more]
    said = isinstance(error, errors) if errors else _says_so(error)
    if said:
        return None
    first = next(iter(str(error).strip().splitlines()), "")
    return f"{type(error).__name__}: {first}" if first else type(error).__name__, []


def _says_so(error: BaseException) -> bool:
    return isinstance(error, Exception) and not isinstance(error, (AssertionError, *_CRASHES))


def everywhere(
    steering: Steering,
    run: Callable[[], object],
    kinds: Sequence[str],
    errors: tuple[type[BaseException], ...],
) -> int:
    """Calls a function once, and then for each fault at each call that it made, each time with a fresh account.

    Returns:
        How many runs a fault has struck.

    Raises:
        AssertionError: Of some of them nobody said that they failed, and their end was another one.
    """
    chosen = known(kinds)
    steering.ask("reset")
    run()
    learnt = learn(steering)
    found: list[Found] = []
    number = 0
    for call, kind in each(learnt, chosen):
        steering.ask("reset")
        plan(steering, call, kind)
        error: BaseException | None = None
        try:
            run()
        except Exception as raised:  # noqa: BLE001  # it is judged
            error = raised
        number += 1
        if (wrong := judge(learnt, world_of([steering.ask("getState")]), error, errors)) is not None:
            found.append(Found(call, kind, *wrong))
    steering.ask("clearFaults")
    steering.ask("clearRequests")  # what a run that was struck has left undone is no violation
    if found:
        raise AssertionError(summary(found, number, learnt))
    return number


def summary(found: Sequence[Found], number: int, learnt: Learnt) -> str:
    """Returns a text that tells of all that was found."""
    head = (
        f"{len(found)} of {number} runs with a fault go wrong ({len(learnt.calls)} calls, {learnt.pruned} more alike)"
    )
    return "\n".join([head, *map(str, found)])
