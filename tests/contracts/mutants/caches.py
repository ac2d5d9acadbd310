"""Answers that are older than they should be, or somebody else's."""

from collections.abc import Callable

from tests.contracts.mutants.memory import Accounts, body_key, cached
from tests.contracts.mutants.mutant import V1, V2, mutant
from tests.contracts.mutants.toolkit import LISTS, READS, SINGLES
from tests.support.tamper import Forward, Request, Response, Tamper


def _by(operations: tuple[str, ...], *, token: bool, query: bool = True) -> Callable[[Request], object]:
    def key(request: Request) -> object:
        if request.operation not in operations or not request.token:
            return None
        return request.path, request.query if query else "", request.token if token else ""

    return key


class OneBehind:
    """Answers what was answered before, and remembers the present answer for the next time.

    Args:
        key: Under what an answer is remembered, None for never.
    """

    def __init__(self, key: Callable[[Request], object]) -> None:
        self._key = key
        self._kept: dict[object, Response] = {}

    async def __call__(self, request: Request, forward: Forward) -> Response:
        response = await forward(request)
        key = self._key(request)
        if key is None or not response.ok:
            return response
        before = self._kept.get(key, response)
        self._kept[key] = response
        return before


def one_behind(key: Callable[[Request], object]) -> Callable[[], Tamper]:
    """Returns a maker of `OneBehind`."""
    return lambda: OneBehind(key)


class NotFoundCache:
    """Remembers that a record was not there, and goes on saying so."""

    def __init__(self) -> None:
        self._missing: dict[str, Response] = {}

    async def __call__(self, request: Request, forward: Forward) -> Response:
        key = f"{request.token} {request.path}"
        if request.operation in SINGLES and key in self._missing:
            return self._missing[key]
        response = await forward(request)
        if request.operation in SINGLES and response.status == 404:
            self._missing[key] = response
        return response


class TokenCache:
    """Remembers which tokens are good, and does not ask again."""

    def __init__(self) -> None:
        self._good: set[str] = set()
        self._accounts = Accounts()

    async def __call__(self, request: Request, forward: Forward) -> Response:
        response = await forward(request)
        await self._accounts.learn(request, response, forward)
        if response.ok and request.token and request.operation:
            self._good.add(request.token)
        if response.status == 401 and request.operation in READS and request.token in self._good:
            key = self._accounts.tokens.get(request.token)
            if key:
                return await forward(request.with_token(await self._accounts.new_token(key, forward)))
        return response


def _same_log_in(request: Request) -> object:
    return (request.version, body_key(request)) if request.operation == "authenticate" and request.json else None


def _any_log_in(request: Request) -> object:
    return request.operation if request.operation == "authenticate" else None


def _same_import(request: Request) -> object:
    return (request.token, body_key(request)) if request.operation == "importMasterData" and request.json else None


def _any_import(request: Request) -> object:
    return body_key(request) if request.operation == "importMasterData" and request.json else None


def _job_of_anybody(request: Request) -> object:
    return request.path if request.operation == "getJob" else None


MUTANTS = (
    mutant(
        "lists-from-a-cache",
        "A list is answered for ever as it was first read.",
        cached(_by(LISTS, token=True)),
        check="reads-show-the-latest-state",
    ),
    mutant(
        "lists-three-times-from-a-cache",
        "A list is answered three times as it was first read.",
        cached(_by(LISTS, token=True), 3),
        check="reads-show-the-latest-state",
    ),
    mutant(
        "lists-one-behind",
        "A list is answered as it was at the reading before.",
        one_behind(_by(LISTS, token=True)),
        check="reads-show-the-latest-state",
    ),
    mutant(
        "first-pages-from-a-cache",
        "A list is cached without regard to its query.",
        cached(_by(LISTS, token=True, query=False), 5),
        check="reads-show-the-latest-state",
    ),
    mutant(
        "units-from-a-cache",
        "Units are answered for ever as they were first read.",
        cached(_by(("listUnits",), token=True)),
        check="reads-show-the-latest-state",
        versions=V2,
    ),
    mutant(
        "properties-from-a-cache",
        "Properties are answered for ever as they were first read.",
        cached(_by(("listProperties",), token=True)),
        check="reads-show-the-latest-state",
        versions=V2,
    ),
    mutant(
        "single-records-from-a-cache",
        "A single record is answered for ever as it was first read.",
        cached(_by(SINGLES, token=True)),
        check="reads-show-the-latest-state",
    ),
    mutant(
        "single-records-one-behind",
        "A single record is answered as it was at the reading before.",
        one_behind(_by(SINGLES, token=True)),
        check="reads-show-the-latest-state",
    ),
    mutant(
        "missing-records-from-a-cache",
        "A record that was once not there stays unknown.",
        NotFoundCache,
        check="reads-show-the-latest-state",
    ),
    mutant(
        "good-tokens-from-a-cache",
        "A token that was once good for reading stays so.",
        TokenCache,
        check="token-ends-when-it-was-told",
    ),
    mutant(
        "lists-of-anybody",
        "A list is cached without regard to the account.",
        cached(_by(LISTS, token=False)),
        check="accounts-can-take-turns",
    ),
    mutant(
        "lists-of-anybody-once",
        "A list is given to the next account that asks.",
        cached(_by(LISTS, token=False), 1),
        check="accounts-can-take-turns",
    ),
    mutant(
        "single-records-of-anybody",
        "A single record is cached without regard to the account.",
        cached(_by(SINGLES, token=False)),
        check="foreign-records-are-unknown",
    ),
    mutant(
        "contacts-of-anybody",
        "Contacts of version 1 are cached without regard to the account.",
        cached(_by(("getContacts",), token=False)),
        check="accounts-can-take-turns",
        versions=V1,
    ),
    mutant(
        "jobs-of-anybody",
        "Jobs are cached without regard to the account.",
        cached(_job_of_anybody, 1),
        check="foreign-job-is-unknown",
    ),
    mutant(
        "log-ins-from-a-cache",
        "The same log-in gets the same answer again.",
        cached(_same_log_in),
        check="earlier-log-ins-stay-good",
    ),
    mutant(
        "log-ins-of-anybody",
        "Every second log-in gets the answer of the one before, whoever it was.",
        cached(_any_log_in, 1),
        check="accounts-can-take-turns",
    ),
    mutant(
        "imports-from-a-cache",
        "The same import again gets the same job.",
        cached(_same_import),
        check="import-answers-a-job-id",
    ),
    mutant(
        "imports-of-anybody",
        "The same import of another account gets the same job.",
        cached(_any_import),
        check="import-answers-a-job-id",
    ),
)
