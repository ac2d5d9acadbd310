"""Tokens: how long they are good, and what is taken for one."""

from collections.abc import Callable
from datetime import timedelta

from tests.contracts.mutants.memory import Accounts, now
from tests.contracts.mutants.mutant import mutant
from tests.contracts.mutants.toolkit import TOKENS, WITH_TOKEN, on
from tests.support.tamper import Forward, Request, Response, Tamper


class Replaced:
    """Sends a good token in place of one that would be refused.

    Args:
        takes: Whether that is done, given the request, the rule that refused it, and the accounts.
    """

    def __init__(self, takes: Callable[[Request, str, Accounts], str | None]) -> None:
        self._takes = takes
        self._accounts = Accounts()

    async def __call__(self, request: Request, forward: Forward) -> Response:
        response = await forward(request)
        await self._accounts.learn(request, response, forward)
        if request.operation not in WITH_TOKEN or response.status != 401:
            return response
        key = self._takes(request, response.json["rule"], self._accounts)
        if key is None or key not in self._accounts.secrets:
            return response
        return await forward(request.with_token(await self._accounts.new_token(key, forward)))


def replaced(takes: Callable[[Request, str, Accounts], str | None]) -> Callable[[], Tamper]:
    """Returns a maker of `Replaced`."""
    return lambda: Replaced(takes)


def _of_its_owner(rule: str) -> Callable[[Request, str, Accounts], str | None]:
    return lambda request, refused_by, accounts: accounts.tokens.get(request.token) if refused_by == rule else None


class Expiring:
    """Refuses tokens from another moment on than the one that was told.

    Args:
        days: Their life, by the clock of the account.
    """

    def __init__(self, days: float) -> None:
        self._life = timedelta(days=days)
        self._accounts = Accounts()

    async def __call__(self, request: Request, forward: Forward) -> Response:
        accounts = self._accounts
        key = accounts.tokens.get(request.token)
        if request.operation in WITH_TOKEN and key is not None:
            moment = await now(forward, key)
            if moment >= accounts.issued[request.token] + self._life:
                return await forward(request.with_token("00000000-0000-4000-8000-000000000000"))
        response = await forward(request)
        await accounts.learn(request, response, forward)
        return response


class OneUse:
    """Takes every token so many times only.

    Args:
        uses: How often.
    """

    def __init__(self, uses: int) -> None:
        self._left = uses
        self._used: dict[str, int] = {}

    async def __call__(self, request: Request, forward: Forward) -> Response:
        if request.operation in WITH_TOKEN:
            used = self._used[request.token] = self._used.get(request.token, 0) + 1
            if used > self._left:
                return await forward(request.with_token("used"))
        return await forward(request)


class NewestOnly:
    """A log-in ends the older tokens of its account."""

    def __init__(self) -> None:
        self._newest: dict[str, str] = {}
        self._accounts = Accounts()

    async def __call__(self, request: Request, forward: Forward) -> Response:
        key = self._accounts.tokens.get(request.token)
        if request.operation in WITH_TOKEN and key and self._newest[key] != request.token:
            return await forward(request.with_token("replaced"))
        response = await forward(request)
        await self._accounts.learn(request, response, forward)
        if request.operation in TOKENS and response.ok:
            token = response.json["token"]
            self._newest[self._accounts.tokens[token]] = token
        return response


class OneVersion:
    """A token is good only for the version that gave it out."""

    def __init__(self) -> None:
        self._version: dict[str, str | None] = {}

    async def __call__(self, request: Request, forward: Forward) -> Response:
        if request.operation in WITH_TOKEN and self._version.get(request.token, request.version) != request.version:
            return await forward(request.with_token("of another version"))
        response = await forward(request)
        if request.operation in TOKENS and response.ok:
            self._version[response.json["token"]] = request.version
        return response


def _query_token(request: Request, rule: str, accounts: Accounts) -> str | None:
    name, _, value = request.query.partition("=")
    return accounts.tokens.get(value) if name in ("token", "access_token") else None


def _bearer(request: Request, rule: str, accounts: Accounts) -> str | None:
    return accounts.tokens.get(request.headers.get("authorization", "").removeprefix("Bearer "))


def _rule_at(rule: str, *operations: str) -> Callable[[Request, str, Accounts], str | None]:
    def owner(request: Request, refused_by: str, accounts: Accounts) -> str | None:
        return accounts.tokens.get(request.token) if refused_by == rule and request.operation in operations else None

    return owner


def _latest_at(rule: str, *operations: str) -> Callable[[Request, str, Accounts], str | None]:
    def owner(request: Request, refused_by: str, accounts: Accounts) -> str | None:
        return accounts.latest() if refused_by == rule and request.operation in operations else None

    return owner


AT = (
    ("the-import", "at the import", ("importMasterData",)),
    ("jobs", "where jobs are looked at", ("getJob",)),
    ("contacts", "where contacts are listed", ("getContacts", "listContacts")),
    ("single-records", "where a single record is read", ("getContactById", "getPropertyById")),
)
"""Where a token is good that should not be."""

MUTANTS = (
    mutant(
        "key-taken-for-a-token",
        "The key of an account is as good as a token.",
        replaced(lambda request, rule, accounts: request.token),
        check="credentials-are-no-token",
    ),
    mutant(
        "missing-token-accepted",
        "A request without a token is answered with the records of whoever logged in last.",
        replaced(lambda request, rule, accounts: accounts.latest() if rule == "token-missing" else None),
        check="every-operation-wants-a-token",
    ),
    mutant(
        "made-up-token-accepted",
        "A token that was never given out is taken for that of whoever logged in last.",
        replaced(lambda r, rule, accounts: accounts.latest() if r.token and rule == "token-unknown" else None),
        check="unknown-token-is-refused",
    ),
    mutant(
        "token-in-any-case",
        "The token is compared without regard to upper and lower case.",
        replaced(lambda request, rule, accounts: accounts.tokens.get(request.token.lower())),
        check="unknown-token-is-refused",
    ),
    mutant(
        "token-with-bearer-accepted",
        "The token is also taken with `Bearer` in front.",
        replaced(lambda request, rule, accounts: accounts.tokens.get(request.token.removeprefix("Bearer "))),
        check="token-comes-raw-in-its-header",
    ),
    mutant(
        "token-prefix-accepted",
        "Whatever begins with a good token is taken for it.",
        replaced(lambda request, rule, accounts: accounts.tokens.get(request.token[:36])),
        check="unknown-token-is-refused",
    ),
    mutant(
        "authorization-header-accepted",
        "The token is also taken from the header `Authorization`.",
        replaced(_bearer),
        check="token-comes-raw-in-its-header",
    ),
    mutant(
        "token-in-query-accepted",
        "The token is also taken from the query.",
        replaced(_query_token),
        check="token-comes-raw-in-its-header",
    ),
    mutant(
        "token-never-expires",
        "An expired token is still good.",
        replaced(_of_its_owner("token-expired")),
        check="token-ends-when-it-was-told",
    ),
    mutant(
        "expired-token-still-reads",
        "An expired token is still good for reading lists, not for anything else.",
        replaced(
            lambda r, rule, accounts: (
                accounts.tokens.get(r.token)
                if rule == "token-expired" and r.operation in ("getContacts", "listContacts", "listUnits")
                else None
            )
        ),
        check="token-ends-when-it-was-told",
    ),
    *(
        mutant(
            f"expired-token-good-at-{where}",
            f"An expired token is still good {what}.",
            replaced(_rule_at("token-expired", *operations)),
            check="token-ends-when-it-was-told",
        )
        for where, what, operations in AT
    ),
    *(
        mutant(
            f"replaced-token-good-at-{where}",
            f"A token that a refresh has replaced is still good {what}.",
            replaced(_rule_at("token-revoked", *operations)),
            check="refresh-revokes-the-old-token",
        )
        for where, what, operations in AT
    ),
    *(
        mutant(
            f"missing-token-accepted-at-{where}",
            f"Without a token whoever logged in last is served {what}.",
            replaced(_latest_at("token-missing", *operations)),
            check="every-operation-wants-a-token",
        )
        for where, what, operations in AT
    ),
    *(
        mutant(
            f"made-up-token-accepted-at-{where}",
            f"With a token that was never given out whoever logged in last is served {what}.",
            replaced(_latest_at("token-unknown", *operations)),
            check="unknown-token-is-refused",
        )
        for where, what, operations in AT
    ),
    mutant(
        "token-expires-early",
        "A token lives half as long as its answer says.",
        lambda: Expiring(15),
        check="token-ends-when-it-was-told",
    ),
    mutant(
        "token-expires-a-minute-early",
        "A token dies one minute before the moment that was told.",
        lambda: Expiring(30 - 1 / 1440),
        check="token-ends-when-it-was-told",
    ),
    mutant(
        "token-good-for-one-request",
        "A token is good for a single request.",
        lambda: OneUse(1),
        check="token-works-again-and-again",
    ),
    mutant(
        "token-wears-out",
        "A token is refused after twelve requests.",
        lambda: OneUse(12),
        check="token-works-again-and-again",
    ),
    mutant(
        "log-in-ends-other-tokens",
        "A log-in ends the older tokens of its account.",
        NewestOnly,
        check="earlier-log-ins-stay-good",
    ),
    mutant(
        "token-bound-to-its-version",
        "A token of one version is refused by the other.",
        OneVersion,
        check="token-is-good-for-both-versions",
    ),
    mutant(
        "refusal-quotes-the-token",
        "The refusal of a token quotes it.",
        on(*WITH_TOKEN)
        .refused(401)
        .then(lambda q, a: a.with_json({**a.json, "detail": f"The token {q.token} is not good."})),
        check="answers-hold-no-secrets",
    ),
)
