"""Log-ins and tokens: who gets in, for how long, and who should not."""

from collections.abc import Callable
from datetime import timedelta

from tests.contracts.mutants.memory import Accounts, now
from tests.contracts.mutants.mutant import mutant
from tests.contracts.mutants.toolkit import TOKENS, WITH_TOKEN, on, put
from tests.contracts.mutants.wire import Forward, Request, Response, Tamper, serialised

PROBLEM = {"content-type": "application/problem+json"}


class Forgiving:
    """Takes a secret that is not quite the right one.

    Args:
        takes: Whether a secret is taken, given the right one and the one that came.
    """

    def __init__(self, takes: Callable[[str, str], bool]) -> None:
        self._takes = takes
        self._accounts = Accounts()

    async def __call__(self, request: Request, forward: Forward) -> Response:
        response = await forward(request)
        await self._accounts.learn(request, response, forward)
        if request.operation != "authenticate" or response.status != 401:
            return response
        sent = request.json
        right = self._accounts.secrets.get(sent.get("key") or sent.get("apiKey"))
        came = sent.get("secret", sent.get("password"))
        if right is None or not isinstance(came, str) or not self._takes(right, came):
            return response
        name = "secret" if "secret" in sent else "password"
        return await forward(request.with_json({**sent, name: right}))


def forgiving(takes: Callable[[str, str], bool]) -> Callable[[], Tamper]:
    """Returns a maker of `Forgiving`."""
    return lambda: Forgiving(takes)


class UnknownKeys:
    """Gives a token of whoever logged in last to a key that nobody has."""

    def __init__(self) -> None:
        self._accounts = Accounts()

    async def __call__(self, request: Request, forward: Forward) -> Response:
        response = await forward(request)
        await self._accounts.learn(request, response, forward)
        key = self._accounts.latest()
        if request.operation == "authenticate" and response.status == 401 and key is not None:
            sent = request.json
            if (sent.get("key") or sent.get("apiKey")) not in self._accounts.secrets:
                return await self._accounts.log_in(key, forward, request.version or "v1")
        return response


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


def _deprecated(request: Request) -> bool:
    sent = request.json
    return isinstance(sent, dict) and "password" in sent and "secret" not in sent


def _refuse(request: Request, response: Response) -> Response:
    problem = {
        "type": "urn:casavi-mock:rule:credentials-wrong", "title": "Wrong credentials", "status": 401,
        "detail": "Key and secret do not match an account of this server.", "rule": "credentials-wrong",
        "evidence": "assumed", "requestId": "0-1",
    }  # fmt: skip
    headers = response.headers.copy()
    headers.update(PROBLEM)
    return Response(401, headers, serialised(problem))


def _old_names_win(request: Request) -> Request:
    sent = request.json
    if not isinstance(sent, dict) or not {"key", "secret", "apiKey", "password"} <= set(sent):
        return request
    return request.with_json({"apiKey": sent["apiKey"], "password": sent["password"]})


def _query_token(request: Request, rule: str, accounts: Accounts) -> str | None:
    name, _, value = request.query.partition("=")
    return accounts.tokens.get(value) if name in ("token", "access_token") else None


def _bearer(request: Request, rule: str, accounts: Accounts) -> str | None:
    return accounts.tokens.get(request.headers.get("authorization", "").removeprefix("Bearer "))


MUTANTS = (
    mutant(
        "wrong-secret-accepted",
        "Any secret is taken for a key that has logged in before.",
        forgiving(lambda right, came: True),
        law="?",
    ),
    mutant(
        "secret-in-any-case",
        "The secret is compared without regard to upper and lower case.",
        forgiving(lambda right, came: right.casefold() == came.casefold()),
        law="?",
    ),
    mutant(
        "secret-trimmed",
        "Blanks around the secret do not matter.",
        forgiving(lambda right, came: right.strip() == came.strip()),
        law="?",
    ),
    mutant(
        "secret-cut-to-eight-characters",
        "Only the first eight characters of the secret are compared.",
        forgiving(lambda right, came: right[:8] == came[:8]),
        law="?",
    ),
    mutant(
        "empty-secret-accepted",
        "The log-in succeeds with an empty secret.",
        forgiving(lambda right, came: came == ""),
        law="?",
    ),
    mutant(
        "unknown-key-accepted",
        "A key that nobody has gets a token of the account that logged in last.",
        UnknownKeys,
        law="?",
    ),
    mutant(
        "deprecated-log-in-refused",
        "The deprecated parameters are not taken any more.",
        on("authenticate").asking(_deprecated).good().then(_refuse),
        law="?",
    ),
    mutant(
        "deprecated-log-in-wants-an-email",
        "The deprecated parameters are taken only with an email, though that is ignored.",
        on("authenticate").asking(lambda r: _deprecated(r) and not r.json.get("email")).then(_refuse),
        law="?",
    ),
    mutant(
        "deprecated-email-checked",
        "The deprecated log-in refuses what does not look like an email.",
        on("authenticate").asking(lambda r: _deprecated(r) and "@" not in r.json.get("email", "@")).then(_refuse),
        law="?",
    ),
    mutant(
        "deprecated-password-ignored",
        "The deprecated log-in looks at the key alone.",
        lambda: _DeprecatedOnly(),
        law="?",
    ),
    mutant(
        "old-credentials-win",
        "Where new and old parameters come together, the old ones count.",
        on("authenticate").asked_instead(_old_names_win),
        law="?",
    ),
    mutant(
        "deprecation-not-told",
        "The answer to deprecated parameters does not say that they are.",
        on("authenticate").header("deprecation", None),
        law="?",
    ),
    mutant(
        "deprecation-always-told",
        "Every log-in is called deprecated.",
        on("authenticate").good().header("deprecation", "true"),
        law="?",
    ),
    mutant(
        "missing-token-accepted",
        "A request without a token is answered with the records of whoever logged in last.",
        replaced(lambda request, rule, accounts: accounts.latest() if rule == "token-missing" else None),
        law="?",
    ),
    mutant(
        "made-up-token-accepted",
        "A token that was never given out is taken for that of whoever logged in last.",
        replaced(lambda r, rule, accounts: accounts.latest() if r.token and rule == "token-unknown" else None),
        law="?",
    ),
    mutant(
        "token-in-any-case",
        "The token is compared without regard to upper and lower case.",
        replaced(lambda request, rule, accounts: accounts.tokens.get(request.token.lower())),
        law="?",
    ),
    mutant(
        "token-with-bearer-accepted",
        "The token is also taken with `Bearer` in front.",
        replaced(lambda request, rule, accounts: accounts.tokens.get(request.token.removeprefix("Bearer "))),
        law="?",
    ),
    mutant(
        "token-prefix-accepted",
        "Whatever begins with a good token is taken for it.",
        replaced(lambda request, rule, accounts: accounts.tokens.get(request.token[:36])),
        law="?",
    ),
    mutant(
        "authorization-header-accepted",
        "The token is also taken from the header `Authorization`.",
        replaced(_bearer),
        law="?",
    ),
    mutant("token-in-query-accepted", "The token is also taken from the query.", replaced(_query_token), law="?"),
    mutant("token-never-expires", "An expired token is still good.", replaced(_of_its_owner("token-expired")), law="?"),
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
        law="?",
    ),
    mutant("token-expires-early", "A token lives half as long as its answer says.", lambda: Expiring(15), law="?"),
    mutant(
        "token-expires-a-minute-early",
        "A token dies one minute before the moment that was told.",
        lambda: Expiring(30 - 1 / 1440),
        law="?",
    ),
    mutant("token-good-for-one-request", "A token is good for a single request.", lambda: OneUse(1), law="?"),
    mutant("token-wears-out", "A token is refused after twelve requests.", lambda: OneUse(12), law="?"),
    mutant("log-in-ends-other-tokens", "A log-in ends the older tokens of its account.", NewestOnly, law="?"),
    mutant("token-bound-to-its-version", "A token of one version is refused by the other.", OneVersion, law="?"),
    mutant(
        "log-in-answers-the-secret",
        "The answer to a log-in repeats the secret that was sent.",
        on("authenticate")
        .good()
        .then(lambda q, a: a.with_json({**a.json, "secret": q.json.get("secret") or q.json.get("password")})),
        law="?",
    ),
    mutant(
        "refusal-quotes-the-secret",
        "The refusal of wrong credentials quotes the secret that came.",
        on("authenticate")
        .refused(401)
        .then(
            lambda q, a: a.with_json(
                {**a.json, "detail": f"Wrong secret {q.json.get('secret') or q.json.get('password')!r}."}
            )
        ),
        law="?",
    ),
    mutant(
        "refusal-quotes-the-token",
        "The refusal of a token quotes it.",
        on(*WITH_TOKEN)
        .refused(401)
        .then(lambda q, a: a.with_json({**a.json, "detail": f"The token {q.token} is not good."})),
        law="?",
    ),
    mutant(
        "refusal-tells-known-keys",
        "Wrong credentials are refused in other words when the key is known.",
        lambda: _KnownKeys(),
        law="?",
    ),
    mutant("log-in-answers-201", "A log-in is answered with 201.", on("authenticate").good().status(201), law="?"),
    mutant(
        "log-in-without-token",
        "The log-in answers no token.",
        on("authenticate").good().answer(put("token", None)),
        law="?",
    ),
)


class _DeprecatedOnly(Forgiving):
    """Takes any password, but only a right secret."""

    def __init__(self) -> None:
        super().__init__(lambda right, came: True)

    async def __call__(self, request: Request, forward: Forward) -> Response:
        if request.operation == "authenticate" and not _deprecated(request):
            response = await forward(request)
            await self._accounts.learn(request, response, forward)
            return response
        return await super().__call__(request, forward)


class _KnownKeys:
    """Tells a wrong secret from a key that nobody has."""

    def __init__(self) -> None:
        self._accounts = Accounts()

    async def __call__(self, request: Request, forward: Forward) -> Response:
        response = await forward(request)
        await self._accounts.learn(request, response, forward)
        sent = request.json
        if request.operation == "authenticate" and response.status == 401 and sent.get("key") in self._accounts.secrets:
            return response.with_json({**response.json, "detail": "The secret is wrong."})
        return response
