"""Refreshing a token."""

from collections.abc import Callable

from tests.contracts.mutants.memory import Accounts, cached
from tests.contracts.mutants.mutant import mutant
from tests.contracts.mutants.toolkit import WITH_TOKEN, on
from tests.support.tamper import Forward, Request, Response, Tamper


class Lenient:
    """Gives a new token where the refresh was refused.

    Args:
        owner: The key of the account whose token is given out; None if it stays refused.
    """

    def __init__(self, owner: Callable[[Request, str, Accounts], str | None]) -> None:
        self._owner = owner
        self._accounts = Accounts()

    async def __call__(self, request: Request, forward: Forward) -> Response:
        response = await forward(request)
        await self._accounts.learn(request, response, forward)
        if request.operation != "refreshToken" or response.status != 401:
            return response
        key = self._owner(request, response.json["rule"], self._accounts)
        if key is None or key not in self._accounts.secrets:
            return response
        return await self._accounts.log_in(key, forward, request.version or "v1")


def lenient(owner: Callable[[Request, str, Accounts], str | None]) -> Callable[[], Tamper]:
    """Returns a maker of `Lenient`."""
    return lambda: Lenient(owner)


def _key_if(*rules: str) -> Callable[[Request, str, Accounts], str | None]:
    """The account of the key that was sent, after some refusals."""
    return lambda request, rule, accounts: request.json["apiKey"] if rule in rules else None


class OldTokensStay:
    """A refresh leaves the old token good."""

    def __init__(self) -> None:
        self._accounts = Accounts()

    async def __call__(self, request: Request, forward: Forward) -> Response:
        response = await forward(request)
        await self._accounts.learn(request, response, forward)
        revoked = response.status == 401 and (response.json or {}).get("rule") == "token-revoked"
        if request.operation in WITH_TOKEN and revoked:
            token = await self._accounts.new_token(self._accounts.tokens[request.token], forward)
            return await forward(request.with_token(token))
        return response


class SameToken:
    """A refresh answers the token that was sent, and does nothing."""

    async def __call__(self, request: Request, forward: Forward) -> Response:
        if request.operation != "refreshToken":
            return await forward(request)
        sent = request.json
        fresh = await forward(request)
        if not fresh.ok:
            return fresh
        self._alias[sent["token"]] = fresh.json["token"]
        return fresh.with_json({**fresh.json, "token": sent["token"]})

    def __init__(self) -> None:
        self._alias: dict[str, str] = {}


class SameTokenAlive(SameToken):
    """A refresh answers the token that was sent, which lives on."""

    async def __call__(self, request: Request, forward: Forward) -> Response:
        if request.operation in WITH_TOKEN:
            request = request.with_token(self._real(request.token)) if request.token else request
        elif request.operation == "refreshToken" and isinstance(request.json, dict):
            sent = request.json
            fresh = await forward(request.with_json({**sent, "token": self._real(sent.get("token"))}))
            if not fresh.ok:
                return fresh
            self._alias[sent["token"]] = fresh.json["token"]
            return fresh.with_json({**fresh.json, "token": sent["token"]})
        return await forward(request)

    def _real(self, token: str) -> str:
        return self._alias.get(token, token)


class EndsAll:
    """A refresh ends every token of the account."""

    def __init__(self) -> None:
        self._accounts = Accounts()
        self._ended: set[str] = set()

    async def __call__(self, request: Request, forward: Forward) -> Response:
        if request.operation in WITH_TOKEN and request.token in self._ended:
            return await forward(request.with_token("ended"))
        before = dict(self._accounts.tokens)
        response = await forward(request)
        await self._accounts.learn(request, response, forward)
        if request.operation == "refreshToken" and response.ok:
            key = request.json["apiKey"]
            self._ended |= {token for token, owner in before.items() if owner == key}
        return response


class DeadToken:
    """A refreshed token is dead from the start."""

    def __init__(self) -> None:
        self._dead: set[str] = set()

    async def __call__(self, request: Request, forward: Forward) -> Response:
        if request.operation in WITH_TOKEN and request.token in self._dead:
            return await forward(request.with_token("dead"))
        response = await forward(request)
        if request.operation == "refreshToken" and response.ok:
            self._dead.add(response.json["token"])
        return response


class Once:
    """A token that came from a refresh cannot be refreshed again."""

    def __init__(self) -> None:
        self._refreshed: set[str] = set()

    async def __call__(self, request: Request, forward: Forward) -> Response:
        sent = request.json
        if request.operation == "refreshToken" and isinstance(sent, dict) and sent.get("token") in self._refreshed:
            return await forward(request.with_json({**sent, "token": "once only"}))
        response = await forward(request)
        if request.operation == "refreshToken" and response.ok:
            self._refreshed.add(response.json["token"])
        return response


class OldExpiry:
    """A refreshed token is said to expire when the old one does."""

    def __init__(self) -> None:
        self._expiry: dict[str, str] = {}

    async def __call__(self, request: Request, forward: Forward) -> Response:
        response = await forward(request)
        if request.operation == "authenticate" and response.ok:
            self._expiry[response.json["token"]] = response.json["expiresAt"]
        if request.operation == "refreshToken" and response.ok:
            answer = response.json
            expires_at = self._expiry.get(request.json["token"], answer["expiresAt"])
            self._expiry[answer["token"]] = expires_at
            return response.with_json({**answer, "expiresAt": expires_at})
        return response


class ForeignToken:
    """A refresh answers a token of another account."""

    def __init__(self) -> None:
        self._accounts = Accounts()

    async def __call__(self, request: Request, forward: Forward) -> Response:
        response = await forward(request)
        await self._accounts.learn(request, response, forward)
        if request.operation == "refreshToken" and response.ok:
            other = self._accounts.other(request.json["apiKey"])
            if other is not None:
                return await self._accounts.log_in(other, forward)
        return response


class LeavesAContact:
    """A refresh creates a contact."""

    async def __call__(self, request: Request, forward: Forward) -> Response:
        response = await forward(request)
        if request.operation == "refreshToken" and response.ok:
            path = "/import" if request.version == "v1" else "/v2/import"
            sent = Request("POST", path).with_json({"contacts": [{"id": response.json["token"], "lastName": "x"}]})
            sent.headers["content-type"] = "application/json"
            await forward(sent.with_token(response.json["token"]))
        return response


def _wants_secret(request: Request) -> Request:
    sent = request.json
    return request.with_json({**sent, "token": ""}) if isinstance(sent, dict) and "secret" not in sent else request


def _wants_header(request: Request) -> Request:
    sent = request.json
    return request.with_json({**sent, "token": ""}) if isinstance(sent, dict) and not request.token else request


def _same_refresh(request: Request) -> object:
    return request.body if request.operation == "refreshToken" else None


MUTANTS = (
    mutant(
        "refresh-keeps-the-old-token",
        "The old token stays good after a refresh.",
        OldTokensStay,
        check="refresh-revokes-the-old-token",
    ),
    mutant(
        "refresh-answers-the-dead-token",
        "A refresh answers the token that it has just ended.",
        SameToken,
        check="refresh-gives-a-token",
    ),
    mutant(
        "refresh-answers-the-same-token",
        "A refresh answers the old token, which lives on.",
        SameTokenAlive,
        check="refreshed-token-is-another",
    ),
    mutant(
        "refresh-accepts-a-foreign-token",
        "With a token of another account a refresh gives a token of the account whose key was sent.",
        lenient(_key_if("token-foreign")),
        check="foreign-token-cannot-be-refreshed",
    ),
    mutant(
        "refresh-ignores-the-key",
        "With the key of another account a refresh gives a token of the account whose token was sent.",
        lenient(lambda q, rule, a: a.tokens.get(q.json["token"]) if rule == "token-foreign" else None),
        check="refresh-wants-the-key-of-the-token",
    ),
    mutant(
        "refresh-accepts-an-unknown-token",
        "A refresh takes any text for a token.",
        lenient(_key_if("token-unknown")),
        check="refresh-of-an-unknown-token-is-refused",
    ),
    mutant(
        "refresh-accepts-a-replaced-token",
        "A token that a refresh has replaced can be refreshed again.",
        lenient(_key_if("token-revoked")),
        check="refresh-revokes-the-old-token",
    ),
    mutant(
        "refresh-accepts-an-expired-token",
        "An expired token can be refreshed.",
        lenient(_key_if("token-expired")),
        check="expired-token-cannot-be-refreshed",
    ),
    mutant(
        "refresh-wants-the-secret",
        "A refresh without the secret is refused.",
        on("refreshToken").asked_instead(_wants_secret),
        check="refresh-is-found-under-its-assumed-path",
    ),
    mutant(
        "refresh-wants-the-token-header",
        "A refresh without the header `token` is refused.",
        on("refreshToken").asked_instead(_wants_header),
        check="refresh-is-found-under-its-assumed-path",
    ),
    mutant(
        "refresh-gives-a-dead-token",
        "A refreshed token is refused everywhere.",
        DeadToken,
        check="refresh-gives-a-token",
    ),
    mutant(
        "refresh-works-once",
        "A token that came from a refresh cannot be refreshed.",
        Once,
        check="refreshes-follow-each-other",
    ),
    mutant(
        "refresh-ends-all-tokens",
        "A refresh ends all older tokens of the account.",
        EndsAll,
        check="refresh-leaves-other-tokens-alone",
    ),
    mutant(
        "refresh-gives-no-time",
        "A refreshed token is said to expire when the old one would have.",
        OldExpiry,
        check="refreshed-token-has-a-full-life",
    ),
    mutant(
        "refresh-answers-a-foreign-token",
        "A refresh answers a token of another account.",
        ForeignToken,
        check="refreshed-token-opens-its-own-account",
    ),
    mutant(
        "refresh-leaves-a-contact", "Every refresh creates a contact.", LeavesAContact, check="refresh-changes-no-data"
    ),
    mutant(
        "refresh-answers-201",
        "A refresh is answered with 201.",
        on("refreshToken").good().status(201),
        check="answers-satisfy-the-contract",
    ),
    mutant(
        "refresh-from-a-cache",
        "The same refresh a second time gets the same answer again.",
        cached(_same_refresh),
        check="refresh-revokes-the-old-token",
    ),
)
