"""Servers that are right as long as nobody asks at the same time as somebody else."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

from tests.contracts.mutants.mutant import mutant
from tests.contracts.mutants.toolkit import LISTS, records
from tests.support.tamper import Forward, Request, Response, Tamper

ALONE = 0.5
"""Seconds after which a request counts as alone; where another one comes before, nobody waits."""

Wrong = Callable[[Request, Forward, list[Request], "asyncio.Future[Response]"], Awaitable[Response]]
"""Answers a request beside those in flight, of which the first one will be answered."""


class Race:
    """Does something wrong just while several requests are in flight.

    Args:
        concerns: Under what a request meets others; None for never.
        wrong: Answers such a request if it is not the first one.
    """

    def __init__(self, concerns: Callable[[Request], object], wrong: Wrong) -> None:
        self._concerns = concerns
        self._wrong = wrong
        self._flying: dict[object, list[Request]] = {}
        self._first: dict[object, asyncio.Future[Response]] = {}
        self._second: dict[object, asyncio.Event] = {}

    async def __call__(self, request: Request, forward: Forward) -> Response:
        key = self._concerns(request)
        if key is None:
            return await forward(request)
        flying = self._flying.setdefault(key, [])
        flying.append(request)
        try:
            if len(flying) > 1:
                self._second[key].set()
                return await self._wrong(request, forward, flying, self._first[key])
            first = self._first[key] = asyncio.get_running_loop().create_future()
            second = self._second[key] = asyncio.Event()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(second.wait(), ALONE)
            response = await forward(request)
            first.set_result(response)
            return response
        finally:
            flying.remove(request)
            if not flying:
                del self._flying[key]


async def _same_answer(
    request: Request, forward: Forward, flying: list[Request], first: "asyncio.Future[Response]"
) -> Response:
    """The answer of the first one, for all."""
    return await asyncio.shield(first)


async def _nothing_arrives(
    request: Request, forward: Forward, flying: list[Request], first: "asyncio.Future[Response]"
) -> Response:
    """The records of the second one are lost."""
    await asyncio.shield(first)
    return await forward(request.with_json({"contacts": []}))


async def _mixed(
    request: Request, forward: Forward, flying: list[Request], first: "asyncio.Future[Response]"
) -> Response:
    """The second one gets a field of the first one."""
    one, other = flying[0].json, request.json
    await asyncio.shield(first)
    for mine, foreign in zip(other.get("contacts", ()), one.get("contacts", ()), strict=False):
        if mine.get("id") == foreign.get("id") and "city" in foreign:
            mine["city"] = foreign["city"]
    return await forward(request.with_json(other))


async def _busy(
    request: Request, forward: Forward, flying: list[Request], first: "asyncio.Future[Response]"
) -> Response:
    """The second one is told to come again."""
    await asyncio.shield(first)
    return Response(503, body=b"{}")


def _racing(concerns: Callable[[Request], object], wrong: Wrong) -> Callable[[], Tamper]:
    return lambda: Race(concerns, wrong)


def _imports(request: Request) -> object:
    return request.token if request.operation == "importMasterData" else None


def _refreshes(request: Request) -> object:
    body = request.json if request.operation == "refreshToken" else None
    return body.get("token") if isinstance(body, dict) else None


def _log_ins(request: Request) -> object:
    body = request.json if request.operation == "authenticate" else None
    return (body.get("key"), body.get("secret")) if isinstance(body, dict) else None


def _reads_of_all(request: Request) -> object:
    return request.path if request.operation in LISTS else None


def _polls(request: Request) -> object:
    return request.path if request.operation == "getJob" else None


class TornRead:
    """A page that is read beside others shows a field of each record as it was before its latest change."""

    def __init__(self) -> None:
        self._now: dict[str, Any] = {}
        self._before: dict[str, Any] = {}
        self._race = Race(lambda request: request.path if request.operation in LISTS else None, self._torn)

    async def __call__(self, request: Request, forward: Forward) -> Response:
        response = await self._race(request, forward)
        if request.operation in LISTS and response.ok:
            records(self._remember)(response.json)
        return response

    async def _torn(
        self, request: Request, forward: Forward, flying: list[Request], first: "asyncio.Future[Response]"
    ) -> Response:
        await asyncio.shield(first)
        response = await forward(request)
        return response.with_json(records(self._mixed)(response.json)) if response.ok else response

    def _remember(self, record: Any) -> Any:
        now = self._now.get(record["id"])
        if now is not None and now != record.get("lastName"):
            self._before[record["id"]] = now
        self._now[record["id"]] = record.get("lastName")
        return record

    def _mixed(self, record: Any) -> Any:
        before = self._before.get(record["id"])
        return {**record, "lastName": before} if before else record


MUTANTS = (
    mutant("import-beside-another-is-lost", "Of imports in flight only the first one arrives.",
           _racing(_imports, _nothing_arrives), check="imports-at-the-same-time-are-all-done"),
    mutant("imports-in-flight-share-a-job", "Imports in flight are answered with the job of the first one.",
           _racing(_imports, _same_answer), check="imports-at-the-same-time-are-all-done"),
    mutant("import-beside-another-is-refused", "An import beside another one is refused.",
           _racing(_imports, _busy), check="imports-at-the-same-time-are-all-done"),
    mutant("imports-in-flight-share-a-job-with-their-records",
           "Imports in flight that change the same record share a job, and all but one are lost.",
           _racing(_imports, _same_answer), check="imports-of-the-same-record-take-turns"),
    mutant("imports-in-flight-are-mixed", "Of imports of the same record one gets a field of the other.",
           _racing(_imports, _mixed), check="reads-during-imports-are-whole"),
    mutant("read-during-an-import-is-torn", "A page that is read during an import shows a field as it was before.",
           TornRead, check="reads-during-imports-are-whole"),
    mutant("token-is-refreshed-twice-at-once", "Refreshes of one token in flight all succeed.",
           _racing(_refreshes, _same_answer), check="one-token-is-refreshed-once"),
    mutant("log-ins-in-flight-share-a-token", "Log-ins in flight are answered with one token.",
           _racing(_log_ins, _same_answer), check="log-ins-at-the-same-time-give-tokens-of-their-own"),
    mutant("reads-in-flight-share-an-answer", "Reads of two accounts in flight get the answer of the first one.",
           _racing(_reads_of_all, _same_answer), check="accounts-at-the-same-time-stay-apart"),
    mutant("poll-beside-another-is-refused", "A look at a job beside another one is refused.",
           _racing(_polls, _busy), check="polls-at-the-same-time-agree"),
)  # fmt: skip
