"""Servers that now and then answer something else altogether."""

import gzip
from collections.abc import Callable

import httpx

from tests.contracts.mutants.memory import Accounts
from tests.contracts.mutants.mutant import mutant
from tests.contracts.mutants.toolkit import LISTS, READS, SINGLES, on
from tests.support.tamper import Forward, Request, Response, Tamper, serialised


class EveryNth:
    """Answers every n-th request of some operations with something else.

    Args:
        number: Which.
        operations: Of which.
        answer: What is answered.
        work: Whether the request is carried out all the same.
    """

    def __init__(
        self, number: int, operations: tuple[str, ...], answer: Callable[[Request], Response], *, work: bool = False
    ) -> None:
        self._number = number
        self._operations = operations
        self._answer = answer
        self._work = work
        self._count = 0

    async def __call__(self, request: Request, forward: Forward) -> Response:
        if request.operation not in self._operations:
            return await forward(request)
        self._count += 1
        if self._count % self._number:
            return await forward(request)
        if self._work:
            await forward(request)
        return self._answer(request)


def every(
    number: int, operations: tuple[str, ...], answer: Callable[[Request], Response], *, work: bool = False
) -> Callable[[], Tamper]:
    """Returns a maker of `EveryNth`; arguments as its."""
    return lambda: EveryNth(number, operations, answer, work=work)


def _problem(status: int, **headers: str) -> Callable[[Request], Response]:
    body = {
        "type": "urn:casavi-mock:rule:internal-error", "title": "The server is busy", "status": status,
        "detail": "Come again.", "rule": "internal-error", "evidence": "assumed", "requestId": "0-1",
    }  # fmt: skip
    told = httpx.Headers({"content-type": "application/problem+json", **headers})
    return lambda request: Response(status, told, serialised(body))


def _redirect(request: Request) -> Response:
    return Response(307, httpx.Headers({"location": f"{request.path}/"}), b"")


def _gateway(request: Request) -> Response:
    return Response(502, httpx.Headers({"content-type": "text/html"}), b"<html><h1>502 Bad Gateway</h1></html>")


def _queue_full(request: Request) -> Response:
    told = httpx.Headers({"content-type": "application/problem+json", "retry-after": "0"})
    body = {
        "type": "urn:casavi-mock:rule:queue-full", "title": "Too many jobs are waiting", "status": 429,
        "detail": "Come again.", "rule": "queue-full", "evidence": "assumed", "requestId": "0-1",
    }  # fmt: skip
    return Response(429, told, serialised(body))


class Cookies:
    """Remembers who has logged in by a cookie, and then wants no token."""

    def __init__(self) -> None:
        self._accounts = Accounts()

    async def __call__(self, request: Request, forward: Forward) -> Response:
        session = request.headers.get("cookie", "").partition("session=")[2].partition(";")[0]
        if not request.token and session in self._accounts.tokens:
            request = request.with_token(session)
        response = await forward(request)
        await self._accounts.learn(request, response, forward)
        if request.operation == "authenticate" and response.ok:
            response.headers["set-cookie"] = f"session={response.json['token']}; Path=/; HttpOnly"
        return response


MUTANTS = (
    mutant(
        "every-tenth-read-is-503",
        "Every tenth reading is answered with 503.",
        every(10, READS, _problem(503, **{"retry-after": "0"})),
        check="requests-succeed-again-and-again",
    ),
    mutant(
        "every-fifth-look-is-500",
        "Every fifth look at a job makes the server fail.",
        every(5, ("getJob",), _problem(500)),
        check="requests-succeed-again-and-again",
    ),
    mutant(
        "every-fourth-import-is-503",
        "Every fourth import is answered with 503.",
        every(4, ("importMasterData",), _problem(503)),
        check="requests-succeed-again-and-again",
    ),
    mutant(
        "every-fourth-import-is-503-yet-done",
        "Every fourth import is answered with 503 although it is carried out.",
        every(4, ("importMasterData",), _problem(503), work=True),
        check="requests-succeed-again-and-again",
    ),
    mutant(
        "every-third-log-in-is-500",
        "Every third log-in makes the server fail.",
        every(3, ("authenticate",), _problem(500)),
        check="requests-succeed-again-and-again",
    ),
    mutant(
        "every-second-refresh-is-500",
        "Every second refresh makes the server fail.",
        every(2, ("refreshToken",), _problem(500)),
        check="requests-succeed-again-and-again",
    ),
    mutant(
        "every-tenth-read-is-502",
        "Every tenth reading is answered by a gateway.",
        every(10, READS, _gateway),
        check="requests-succeed-again-and-again",
    ),
    mutant(
        "reads-limited",
        "Every eighth reading is one too many.",
        every(8, READS, _problem(429, **{"retry-after": "0"})),
        check="requests-succeed-again-and-again",
    ),
    mutant(
        "imports-limited",
        "Every third import meets a full queue, although nothing waits.",
        every(3, ("importMasterData",), _queue_full),
        check="requests-succeed-again-and-again",
    ),
    mutant(
        "lists-redirected",
        "Lists are redirected to a path with a slash at its end.",
        every(1, LISTS, _redirect),
        check="requests-succeed-again-and-again",
    ),
    mutant(
        "single-records-redirected",
        "Single records are redirected to a path with a slash at its end.",
        every(1, SINGLES, _redirect),
        check="answers-satisfy-the-contract",
    ),
    mutant(
        "lists-compressed-untold",
        "Lists are compressed without saying so.",
        on(*LISTS).good().body(gzip.compress),
        check="answers-satisfy-the-contract",
    ),
    mutant(
        "session-by-cookie",
        "Whoever has logged in once needs no token any more.",
        Cookies,
        check="every-operation-wants-a-token",
    ),
)
