"""What was asked of the account, and answered: the journal, without secrets."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, overload

from pytest_casavi.errors import CannotSteer, NothingThere, WaitTimeout, told
from pytest_casavi.handle.moments import parsed
from pytest_casavi.handle.waiting import WAIT_SECONDS, Deadline, beside
from pytest_casavi.names import Operation
from pytest_casavi.steering import Steering

__tracebackhide__ = told

ALL = 1_000_000
"""More than a journal keeps."""

_SHOWN = 20
_SEEN_SECONDS = 0.25
"""Within which the mock has seen that a client has gone."""


class Message:
    """One half of an exchange: what was sent, or what was answered.

    Args:
        view: As the control plane shows it.
        whose: What it is called in errors.
    """

    def __init__(self, view: Mapping[str, Any], whose: str) -> None:
        self._view = view
        self._whose = whose

    def __repr__(self) -> str:
        return f"<{self._whose}, {self._view['bytes']} bytes>"

    @property
    def headers(self) -> dict[str, str]:
        """Headers by name in lower case; of one that came several times, the values joined by commas."""
        joined: dict[str, str] = {}
        for name, value in self._view["headers"]:
            joined[name] = f"{joined[name]}, {value}" if name in joined else value
        return joined

    @property
    def text(self) -> str:
        """The body, or its beginning if it was too long to be kept."""
        return str(self._view["body"])

    @property
    def complete(self) -> bool:
        """Whether the whole body was kept."""
        return bool(self._view["complete"])

    @property
    def json(self) -> Any:
        """The body as JSON.

        Raises:
            ValueError: It is no JSON, or too long to be kept.
        """
        if not self.complete:
            kept = len(self.text.encode())
            raise ValueError(
                f"Of the body of {self._whose} ({self._view['bytes']} bytes) the first {kept} are kept, so it cannot "
                "be read as JSON. Look at what was stored of it: casavi.contacts, casavi.properties, casavi.units."
            )
        try:
            return json.loads(self.text)
        except ValueError as error:
            raise ValueError(f"The body of {self._whose} is not JSON: {error}") from None


class Request(Message):
    """One request and its answer.

    Args:
        view: As the control plane shows it.
    """

    def __init__(self, view: Mapping[str, Any]) -> None:
        super().__init__(view["request"], f"request #{view['number']}")
        self.view = view
        """Everything about it, as the control plane shows it."""
        self.number: int = view["number"]
        """Counts up from 1 in the account."""
        self.id: str = view["requestId"]
        """What the answer told in `X-Request-Id`."""
        self.method: str = view["method"]
        self.path: str = view["path"]
        """Decoded, without the query."""
        self.query: str = view["query"]
        self.operation: str | None = view["operation"]
        self.status: int = view["status"]
        """Of the answer; 0 where a fault kept it back."""
        self.rule: str | None = view["rule"]
        """The rule by which it was refused."""
        self.detail: str | None = view["detail"]
        """Why it was refused."""
        self.injected: str | None = view["injected"]
        """Id of the fault that struck it."""
        self.effect: str | None = view["effect"]
        """What that fault did."""

    def __repr__(self) -> str:
        return f"<{self.line}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Request) and (other.id, other.number) == (self.id, self.number)

    def __hash__(self) -> int:
        return hash((self.id, self.number))

    @property
    def at(self) -> datetime:
        """When it came, by the clock of the account."""
        return parsed(self.view["at"])

    @property
    def duration_ms(self) -> float:
        """How long the answer took, in milliseconds of the wall clock."""
        return float(self.view["durationMs"])

    @property
    def evidence(self) -> str | None:
        """How sure it is that casavi refuses it."""
        evidence: str | None = self.view["evidence"]
        return evidence

    @property
    def pointers(self) -> list[str]:
        """JSON pointers to the places for which it was refused."""
        return list(self.view["pointers"])

    @property
    def notes(self) -> list[str]:
        """What is worth telling although nothing was refused."""
        return list(self.view["notes"])

    @property
    def unknown_fields(self) -> list[str]:
        """JSON pointers to fields that the contract does not know."""
        return list(self.view["unknownFields"])

    @property
    def job_id(self) -> str | None:
        """Id of the job that it started or looked at."""
        job: Mapping[str, Any] | None = self.view["job"]
        return None if job is None else str(job["id"])

    @property
    def response(self) -> Message:
        """What was answered."""
        return Message(self.view["response"], f"the answer to request #{self.number}")

    @property
    def line(self) -> str:
        """All of it in one line."""
        query = f"?{self.query}" if self.query else ""
        ends = [self.rule, f"injected by {self.injected}: {self.effect}" if self.injected else None]
        told = f"#{self.number} {self.view['at']} {self.method} {self.path}{query} -> {self.status or 'no answer'}"
        line = told + "".join(f" [{end}]" for end in ends if end)
        return line if line.isprintable() else "".join(c if c.isprintable() else repr(c)[1:-1] for c in line)


@dataclass(frozen=True, slots=True)
class _Filter:
    operation: str | None = None
    status: int | None = None
    rule: str | None = None
    job: str | None = None

    def query(self) -> dict[str, Any]:
        return {"operation": self.operation, "status": self.status, "rule": self.rule, "job": self.job}

    def __str__(self) -> str:
        said = [f"{name} {value}" for name, value in self.query().items() if value is not None]
        return f" with {', '.join(said)}" if said else ""


Exchange = Request
"""A request is told with its answer."""


class Requests(Sequence[Request]):
    """Requests to the account, the oldest first; those of the test's own handle are not among them.

    Args:
        steering: Reaches the account.
        chosen: Which of them.
    """

    def __init__(self, steering: Steering, chosen: _Filter | None = None) -> None:
        self._steering = steering
        self._chosen = chosen or _Filter()

    def __repr__(self) -> str:
        return f"<requests to a casavi account{self._chosen}>"

    def to(self, operation: Operation) -> "Requests":
        """Returns those to one operation.

        Args:
            operation: An `operationId` of the contract, such as `importMasterData`.

        Raises:
            pytest_casavi.CannotSteer: There is no such operation; the text lists them.
        """
        known = self._steering.operations
        if operation not in known:
            raise CannotSteer(f"There is no operation {operation!r}.", known)
        return Requests(self._steering, replace(self._chosen, operation=operation))

    def where(self, *, status: int | None = None, rule: str | None = None, job: str | None = None) -> "Requests":
        """Returns those for which all of this holds.

        Args:
            status: Status of the answer; 0 for those that a fault left without one.
            rule: The rule by which they were refused.
            job: Id of a job: its import, and the looks at it.
        """
        now = self._chosen
        chosen = replace(
            now,
            status=now.status if status is None else status,
            rule=now.rule if rule is None else rule,
            job=now.job if job is None else job,
        )
        return Requests(self._steering, chosen)

    @property
    def all(self) -> list[Request]:
        """All of them as they are now."""
        return [Request(view) for view in self._settled(ALL)["requests"]]

    @property
    def first(self) -> Request:
        """The oldest.

        Raises:
            pytest_casavi.NothingThere: There is none.
        """
        return self._some()[0]

    @property
    def last(self) -> Request:
        """The newest.

        Raises:
            pytest_casavi.NothingThere: There is none.
        """
        return self._some()[-1]

    def count(self, value: Any = None) -> int:
        """Returns how many there are.

        Args:
            value: As for every sequence: how many equal it.
        """
        if value is not None:
            return self.all.count(value)
        return int(self._settled(1)["count"])

    def _answered(self) -> int:
        return int(self._steering.ask("countRequests", query=self._chosen.query())["count"])

    def one(self) -> Request:
        """Returns the only one.

        Raises:
            AssertionError: There is none, or there are several; the text lists what there is.
        """
        found = self.all
        if len(found) != 1:
            raise AssertionError(f"Expected one request{self._chosen}, got {len(found)}.\n{self.listing()}")
        return found[0]

    def none(self) -> None:
        """Makes sure that there is none.

        Raises:
            AssertionError: There are some; the text lists them.
        """
        if found := self.all:
            raise AssertionError(f"Expected no request{self._chosen}, got {len(found)}.\n{self.listing()}")

    def wait(self, count: int = 1, timeout: float = WAIT_SECONDS) -> list[Request]:
        """Waits until there are so many, answered by then, and returns all that there are.

        Args:
            count: How many, at least.
            timeout: Seconds of the wall clock.

        Raises:
            pytest_casavi.WaitTimeout: There are fewer in time; the text lists what there is.
        """
        if not Deadline(timeout).until(lambda: self._answered() >= count):
            told = f"{self._answered()} of {count} requests{self._chosen} within {timeout:g} s."
            raise WaitTimeout(f"{told}\n{self.listing()}")
        return self.all

    async def done(self, count: int = 1, timeout: float = WAIT_SECONDS) -> list[Request]:  # noqa: ASYNC109  # as wait
        """Waits as `wait` does, while the loop of the test goes on."""
        return await beside(self.wait, count, timeout)

    @property
    def in_flight(self) -> list[str]:
        """Operations that are under way: their requests are told when they are answered, or the client has given up."""
        names: list[str] = self._views(1).get("inFlight", [])
        return names

    def clear(self) -> None:
        """Forgets all requests to the account, and with them the violations, which follow from them."""
        self._steering.ask("clearRequests")

    def listing(self) -> str:
        """Returns a text with a line for each request to the account, whichever of them are chosen here."""
        views = self._steering.ask("listRequests", query={"limit": _SHOWN})
        lines = [f"  {Request(view).line}" for view in views["requests"]] + [f"  {one}" for one in under_way(views)]
        if not lines:
            return "Nothing was asked of this account."
        hidden = views["count"] - len(views["requests"]) + views["dropped"]
        return "\n".join(["Asked so far:", *([f"  ({hidden} older ones)"] if hidden else []), *lines])

    def __len__(self) -> int:
        return self.count()

    def __iter__(self) -> Iterator[Request]:
        return iter(self.all)

    @overload
    def __getitem__(self, place: int) -> Request: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Request]: ...
    def __getitem__(self, place: int | slice) -> Request | Sequence[Request]:
        return self.all[place]

    def _some(self) -> list[Request]:
        found = self.all
        if not found:
            raise NothingThere(f"There is no request{self._chosen}.\n{self.listing()}")
        return found

    def _settled(self, limit: int) -> Any:
        """Returns them when those of clients that have given up are among them, as far as the mock can know that."""
        views = self._views(limit)
        if views.get("inFlight"):
            Deadline(_SEEN_SECONDS).until(lambda: not self.in_flight)
            views = self._views(limit)
        return views

    def _views(self, limit: int) -> Any:
        return self._steering.ask("listRequests", query={"limit": limit, **self._chosen.query()})


def under_way(views: Mapping[str, Any]) -> list[str]:
    """Returns a line for each request that is not answered yet.

    Args:
        views: As the control plane lists requests; mocks of older versions tell nothing of this.
    """
    return [f"(in flight: {operation})" for operation in views.get("inFlight", ())]
