"""What a server in the middle can remember: whose token is whose, what the time is, what was answered before."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from tests.support.tamper import Forward, Request, Response


@dataclass(slots=True)
class Accounts:
    """The accounts that have logged in, and their tokens."""

    secrets: dict[str, str] = field(default_factory=dict)
    """By key; the latest that was right."""
    tokens: dict[str, str] = field(default_factory=dict)
    """Keys by token."""
    issued: dict[str, datetime] = field(default_factory=dict)
    """The moment at which a token was given out, by the clock of its account."""

    async def learn(self, request: Request, response: Response, forward: Forward) -> None:
        """Remembers what a log-in or a refresh tells."""
        sent, answered = request.json, response.json
        if request.operation not in ("authenticate", "refreshToken") or not response.ok:
            return
        key = sent.get("key") or sent.get("apiKey")
        secret = sent.get("secret") or sent.get("password")
        if secret is not None and request.operation == "authenticate":
            self.secrets[key] = secret
        self.tokens[answered["token"]] = key
        self.issued[answered["token"]] = await now(forward, key)

    async def new_token(self, key: str, forward: Forward, version: str = "v1") -> str:
        """Logs in again in place of the client and returns the token; one that is no good if the account is gone."""
        response = await self.log_in(key, forward, version)
        if response.ok:
            return str(response.json["token"])
        self.secrets.pop(key, None)
        return "gone"

    async def log_in(self, key: str, forward: Forward, version: str = "v1") -> Response:
        """Logs in again in place of the client."""
        path = "/authenticate" if version == "v1" else "/v2/authenticate"
        request = Request("POST", path).with_json({"key": key, "secret": self.secrets[key]})
        request.headers["content-type"] = "application/json"
        response = await forward(request)
        await self.learn(request, response, forward)
        return response

    def latest(self) -> str | None:
        """The key that logged in last."""
        return next(reversed(self.secrets), None)

    def other(self, key: str | None) -> str | None:
        """The key of another account, the latest one."""
        return next((one for one in reversed(self.secrets) if one != key), None)


async def now(forward: Forward, key: str) -> datetime:
    """Returns the time of an account, as the control plane tells it."""
    request = Request("GET", "/_mock/clock")
    request.headers["x-mock-key"] = key
    told = (await forward(request)).json["now"]
    return datetime.fromisoformat(told)


Keep = Callable[[Request], object]
"""Returns under what an answer is remembered, None for never."""


class Cache:
    """Answers with what was answered before, to requests that look alike.

    Args:
        key: Under what an answer is remembered.
        uses: How often an answer is given again before a new one is fetched; None for ever.
    """

    def __init__(self, key: Keep, uses: int | None = None) -> None:
        self._key = key
        self._uses = uses
        self._kept: dict[object, tuple[Response, int]] = {}

    async def __call__(self, request: Request, forward: Forward) -> Response:
        key = self._key(request)
        if key is None:
            return await forward(request)
        if key in self._kept:
            response, used = self._kept[key]
            if self._uses is None or used < self._uses:
                self._kept[key] = response, used + 1
                return response
        response = await forward(request)
        if response.ok:
            self._kept[key] = response, 0
        return response


def cached(key: Keep, uses: int | None = None) -> Callable[[], Cache]:
    """Returns a maker of caches; arguments as those of `Cache`."""
    return lambda: Cache(key, uses)


class NeverForgets:
    """Answers with a job as it was last seen when the server does not have it any more."""

    def __init__(self) -> None:
        self._seen: dict[str, Response] = {}

    async def __call__(self, request: Request, forward: Forward) -> Response:
        response = await forward(request)
        if request.operation != "getJob":
            return response
        if response.ok:
            self._seen[request.id] = response
        return self._seen.get(request.id, response) if response.status == 404 else response


class Overtaken:
    """An import that nobody has asked after is done again when the next one has been taken."""

    def __init__(self) -> None:
        self._waiting: dict[str, Request] = {}

    async def __call__(self, request: Request, forward: Forward) -> Response:
        response = await forward(request)
        if request.operation == "getJob":
            self._waiting.pop(request.token, None)
        if request.operation == "importMasterData" and response.ok:
            before = self._waiting.get(request.token)
            self._waiting[request.token] = request
            if before is not None:
                await forward(before)
        return response


def body_key(request: Request) -> str:
    """Returns a text that is the same for the same JSON."""
    return json.dumps(request.json, sort_keys=True)
