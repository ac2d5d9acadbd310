"""The way of a request through one operation: who calls, which fault strikes, what is done."""

import functools
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from casavi_mock.accounts import Account, Registry
from casavi_mock.bodies.body import BodyReader
from casavi_mock.domain.model import Json
from casavi_mock.handlers.authentication import authorize
from casavi_mock.messages.answers import Answer
from casavi_mock.messages.request import Request, Trail

Parameters = Mapping[str, str]
"""Those of a path by their names, percent-encoded as they were sent."""

Body = Mapping[str, Json]
Operation = Callable[[Account, Request, Parameters, Trail], Awaitable[Answer]]
"""Does the work of an operation that demands a token, for the account that the token belongs to."""

Strike = Callable[[Account, Trail], Awaitable[None]]
"""Lets the next fault of an account take effect on a request; raises if no work is to be done."""


@dataclass(frozen=True, slots=True)
class LogIn:
    """An operation whose body names the account."""

    reader: BodyReader
    key_of: Callable[[Body], str]
    """Returns the key of the account that a body names, whether or not there is one; may raise `Refused`."""
    work: Callable[[Body, Trail], Awaitable[Answer]]


class Endpoint(ABC):
    """One operation of the contract, as requests reach it.

    Args:
        name: Its `operationId`.
        registry: The accounts.
        strike: Asks the faults of the account that calls.
    """

    def __init__(self, name: str, registry: Registry, strike: Strike) -> None:
        self._name = name
        self._registry = registry
        self._strike = strike

    async def __call__(self, trail: Trail, parameters: Parameters) -> None:
        """Answers a request; the answer, and what is learnt on the way, is written into its trail.

        Raises:
            Refused: By a rule of the contract.
            casavi_mock.vendor.faults.Injected: A fault takes the place of the work.
        """
        trail.operation = self._name
        work = await self._begin(trail, parameters)
        if trail.account is not None and trail.account.faults.planned:
            # The one place where faults strike: the account is known, and nothing is done yet.
            await self._strike(trail.account, trail)
        trail.answer = await work()

    @abstractmethod
    async def _begin(self, trail: Trail, parameters: Parameters) -> Callable[[], Awaitable[Answer]]:
        """Finds the account that calls, and returns what is to be done for it.

        Raises:
            Refused: Whoever calls may not.
        """


class TokenEndpoint(Endpoint):
    """An operation that demands a token.

    Args:
        others: As for `Endpoint`.
        operation: Does its work.
        header: The header that holds the token, in lower case.
    """

    def __init__(self, *others: Any, operation: Operation, header: str) -> None:
        super().__init__(*others)
        self._operation = operation
        self._header = header.encode()

    async def _begin(self, trail: Trail, parameters: Parameters) -> Callable[[], Awaitable[Answer]]:
        request = trail.request
        token = request.headers.get(self._header, b"").decode("latin-1")
        other = request.headers.get(b"authorization", b"").decode("latin-1")
        trail.account = account = authorize(self._registry, token, other)
        return functools.partial(self._operation, account, request, parameters, trail)


class LogInEndpoint(Endpoint):
    """An operation that takes no token: its body names the account.

    The account is known before its credentials are compared, so a wrong log-in stands in its journal.

    Args:
        others: As for `Endpoint`.
        log_in: Reads its body, and does its work.
    """

    def __init__(self, *others: Any, log_in: LogIn) -> None:
        super().__init__(*others)
        self._log_in = log_in

    async def _begin(self, trail: Trail, parameters: Parameters) -> Callable[[], Awaitable[Answer]]:
        request = trail.request
        body = await self._log_in.reader.read(request.headers, request.receive, trail.took_secret)
        trail.secret_names = tuple(body)
        trail.account = self._registry.get(self._log_in.key_of(body))
        return functools.partial(self._log_in.work, body, trail)
