"""Faults that a test plans."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from json import dumps
from typing import Any, Literal

from pytest_casavi.errors import CannotSteer, NothingThere, told
from pytest_casavi.names import Operation
from pytest_casavi.steering import Steering

__tracebackhide__ = told

ANY: Literal["*"] = "*"
"""Stands for every operation."""


class Faults:
    """The faults of the account. A plan begins with an operation and ends with what happens.

    Args:
        steering: Reaches the account.
    """

    def __init__(self, steering: Steering) -> None:
        self._steering = steering
        self._begun: list[_Begun] = []

    def __repr__(self) -> str:
        return "<the faults of a casavi account>"

    def __len__(self) -> int:
        return len(self._views())

    def __iter__(self) -> Iterator["Fault"]:
        return iter(self.all)

    @property
    def all(self) -> list["Fault"]:
        """All that are planned, in the order in which they are asked; those included that are over."""
        return [Fault(self._steering, view["id"]) for view in self._views()]

    @property
    def unfinished(self) -> list[str]:
        """Operations of plans that were begun and never told what is to happen."""
        return [begun.operation for begun in self._begun if not begun.done]

    def forget_begun(self) -> None:
        """Forgets plans that were begun and never told what is to happen."""
        self._begun.clear()

    def on(self, operation: Operation | Literal["*"] = ANY) -> "FaultPlan":
        """Begins a plan: which calls are struck. It takes effect when it is told what happens.

        Args:
            operation: An `operationId` of the contract, such as `importMasterData`, or `*` for every one.

        Raises:
            pytest_casavi.CannotSteer: There is no such operation; the text lists them.
        """
        known = (*self._steering.operations, ANY)
        if operation not in known:
            raise CannotSteer(f"There is no operation {operation!r}.", known)
        begun = _Begun(operation)
        self._begun.append(begun)
        return FaultPlan(self._steering, begun)

    def everywhere(
        self,
        run: Callable[[], object],
        *,
        faults: Sequence[str] = ("503", "429-date", "lost-response", "reset", "slow"),
        errors: type[BaseException] | tuple[type[BaseException], ...] = (),
    ) -> int:
        """Calls a function once, and then with each fault at each call that it made; the account is reset before each.

        In the end the records must be those of the run without a fault, or the client must have said that it failed.

        Args:
            run: What is tried; it has to log in by itself, as its account is a fresh one each time.
            faults: Those that are tried.
            errors: By which the client says so; every error if none are named, but `AssertionError` and those that
                nobody raises on purpose, such as `KeyError`.

        Returns:
            How many runs had a fault.

        Raises:
            AssertionError: Some went wrong; the text tells which.
            pytest_casavi.CannotSteer: A fault is unknown, or there are too many calls.
        """
        from pytest_casavi.mutants.everywhere import everywhere

        return everywhere(self._steering, run, faults, errors if isinstance(errors, tuple) else (errors,))

    def clear(self) -> None:
        """Forgets all faults."""
        self._steering.ask("clearFaults")

    def _views(self) -> list[Any]:
        views: list[Any] = self._steering.ask("listFaults")["faults"]
        return views


@dataclass(slots=True)
class _Begun:
    operation: str
    done: bool = False


@dataclass(frozen=True, slots=True)
class FaultPlan:
    """Which calls of an operation are struck: all, if nothing else is said. It ends with a method that says by what."""

    _steering: Steering
    _begun: _Begun
    _first: int = 1
    _times: int | None = field(default=None)
    _when: str | None = None
    _chooses: Callable[[Any], object] | None = None

    def __repr__(self) -> str:
        return f"<a fault on {self._begun.operation!r} that was not told what happens>"

    def times(self, number: int) -> "FaultPlan":
        """Strikes so many calls in a row, and none after them."""
        return replace(self, _times=number)

    def once(self) -> "FaultPlan":
        """Strikes one call."""
        return self.times(1)

    def first(self, call: int) -> "FaultPlan":
        """Strikes from that call on, counted from 1 since now."""
        return replace(self, _first=call)

    def after(self, calls: int) -> "FaultPlan":
        """Lets so many calls pass before it strikes."""
        return replace(self, _first=calls + 1)

    def when(self, chooses: Callable[[Any], object] | None = None, **record: str) -> "FaultPlan":
        """Counts some calls alone: imports that hold a record, or those that a function chooses.

        Args:
            chooses: Is given what a call asks for (`method`, `path`, `query`, `headers`, `body`, `json`); for a mock in
                this process.
            record: Kind and id, such as `contact="C-7"`; also `property`, `unit`, `document`.

        Raises:
            TypeError: Neither is given, or more than one record.
        """
        if (chooses is None) == (not record) or len(record) > 1:
            raise TypeError('say which calls: when(contact="C-7"), or when(lambda request: …)')
        said = [f"{kind}={id_}" for kind, id_ in record.items()]
        return replace(self, _when=said[0] if said else None, _chooses=chooses)

    def status(
        self,
        status: int,
        *,
        retry_after: int | None = None,
        body: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> "Fault":
        """Answers with an error in place of all work.

        Args:
            status: From 400 to 599.
            retry_after: Seconds that the header `Retry-After` tells; no such header if not given.
            body: What a gateway would send, as HTML if `headers` name no other `Content-Type`; an error of casavi's
                form if not given.
            headers: Further ones.
        """
        lines = None if headers is None else [f"{name}: {value}" for name, value in headers.items()]
        return self._add(kind="status", status=status, retryAfterSeconds=retry_after, body=body, headers=lines)

    def json(self, value: Any, *, status: int = 500, headers: Mapping[str, str] | None = None) -> "Fault":
        """Answers with an error that has a JSON value for its body, in place of all work.

        Args:
            value: What JSON can say.
            status: From 400 to 599.
            headers: Further ones.
        """
        self._begun.done = True  # as in `_add`
        try:
            body = dumps(value)
        except TypeError as error:
            raise CannotSteer(f"This cannot be said in JSON: {error}.") from None
        return self.status(status, body=body, headers={"Content-Type": "application/json", **(headers or {})})

    def drip(self, *, bytes_per_second: float) -> "Fault":
        """Does the work, and sends the body of the answer slowly, by the wall clock."""
        return self._add(kind="drip", bytesPerSecond=bytes_per_second)

    def delay(self, seconds: float) -> "Fault":
        """Does the work so many seconds later, by the wall clock."""
        return self._add(kind="delay", seconds=seconds)

    def reset(self) -> "Fault":
        """Resets the connection in place of all work."""
        return self._add(kind="reset")

    def truncate(self) -> "Fault":
        """Does the work, and sends half of the answer."""
        return self._add(kind="truncate")

    def lost_response(self) -> "Fault":
        """Does the work, and sends no answer."""
        return self._add(kind="lost-response")

    def job_fails(self) -> "Fault":
        """Accepts an import and lets its job fail."""
        return self._add(kind="job-fails")

    def job_stalls(self) -> "Fault":
        """Accepts an import and lets its job stay active until something else is decided."""
        return self._add(kind="job-stalls")

    def _add(self, **effect: Any) -> "Fault":
        body: dict[str, Any] = {
            "operation": self._begun.operation,
            "first": self._first,
            "times": self._times,
            "effect": {name: value for name, value in effect.items() if value is not None},
        }
        if self._when is not None:
            body["when"] = self._when
        self._begun.done = True  # even if it is refused: that is an error of its own
        if self._chooses is None:
            return Fault(self._steering, self._steering.ask("addFault", body=body)["id"])
        choose = getattr(self._steering, "add_choosing", None)
        if choose is None:
            raise CannotSteer(
                "A function can choose calls of a mock in the process of the test alone: when(contact=…)."
            )
        return Fault(self._steering, choose(body, self._chooses))


class Refusals:
    """Records that are to be refused when they are imported.

    Args:
        steering: Reaches the account.
    """

    def __init__(self, steering: Steering) -> None:
        self._steering = steering

    def __repr__(self) -> str:
        return "<the records of a casavi account that are to be refused>"

    def refuse(
        self,
        entity: Literal["contacts", "properties", "units", "documents"],
        record_id: str,
        *,
        rule: str = "missing-reference",
        times: int | None = None,
    ) -> "Fault":
        """Lets a record be refused by every import that holds it; the other records of the import are taken.

        Args:
            entity: Its kind.
            record_id: Its reference id.
            rule: By which it is refused: `missing-reference` (of the first record that it refers to, if there is one),
                `duplicate-id`, `contract-period-invalid`, `document-content-invalid`, `document-too-large`,
                `account-full`.
            times: How many imports refuse it; all if not given.

        Raises:
            pytest_casavi.CannotSteer: There is no such kind or rule.
        """
        effect = {"kind": "record-refused", "entity": entity, "id": record_id, "rule": rule}
        body = {"operation": "importMasterData", "times": times, "effect": effect}
        return Fault(self._steering, self._steering.ask("addFault", body=body)["id"])


class Fault:
    """A fault that is planned.

    Args:
        steering: Reaches the account.
        fault_id: Its id.
    """

    def __init__(self, steering: Steering, fault_id: str) -> None:
        self._steering = steering
        self.id = fault_id

    def __repr__(self) -> str:
        return f"<{self.id}>"

    @property
    def calls(self) -> int:
        """Calls of its operation since it was planned."""
        return int(self._view()["calls"])

    @property
    def hits(self) -> int:
        """Calls that it struck."""
        return int(self._view()["hits"])

    @property
    def over(self) -> bool:
        """Whether it can strike no more."""
        return bool(self._view()["over"])

    def remove(self) -> None:
        """Forgets it."""
        self._steering.ask("removeFault", path={"id": self.id})

    def _view(self) -> Any:
        for view in self._steering.ask("listFaults")["faults"]:
            if view["id"] == self.id:
                return view
        raise NothingThere(f"{self.id} was removed.")
