"""Log-ins: who gets in, and what is answered."""

from collections.abc import Callable

from tests.contracts.mutants.memory import Accounts
from tests.contracts.mutants.mutant import mutant
from tests.contracts.mutants.toolkit import TOKENS, on, put
from tests.support.tamper import Forward, Request, Response, Tamper, serialised

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


class Numbered:
    """Gives out tokens that are numbers, one after the other."""

    def __init__(self) -> None:
        self._tokens: dict[str, str] = {}

    async def __call__(self, request: Request, forward: Forward) -> Response:
        if request.token in self._tokens:
            request = request.with_token(self._tokens[request.token])
        sent = request.json
        if request.operation == "refreshToken" and isinstance(sent, dict) and sent.get("token") in self._tokens:
            request = request.with_json({**sent, "token": self._tokens[sent["token"]]})
        response = await forward(request)
        if request.operation in TOKENS and response.ok:
            number = f"{len(self._tokens) + 1:032}"
            self._tokens[number] = response.json["token"]
            return response.with_json({**response.json, "token": number})
        return response


class OtherSecrets:
    """Takes for any key a secret that is right for another one.

    Args:
        empty: Whether an empty key is taken instead, for that of whoever logged in last.
    """

    def __init__(self, *, empty: bool = False) -> None:
        self._empty = empty
        self._accounts = Accounts()

    async def __call__(self, request: Request, forward: Forward) -> Response:
        response = await forward(request)
        await self._accounts.learn(request, response, forward)
        sent, secrets = request.json, self._accounts.secrets
        if request.operation != "authenticate" or response.ok or not isinstance(sent, dict):
            return response
        key, secret = sent.get("key", sent.get("apiKey")), sent.get("secret", sent.get("password"))
        key = self._accounts.latest() if self._empty and key == "" else None if self._empty else key
        if key in secrets and secret in secrets.values():
            return await self._accounts.log_in(key, forward, request.version or "v1")
        return response


MUTANTS = (
    mutant(
        "tokens-count-up",
        "Tokens are numbers that are given out one after the other.",
        Numbered,
        check="tokens-cannot-be-guessed",
    ),
    mutant(
        "empty-key-accepted",
        "An empty key is taken for that of whoever logged in last.",
        lambda: OtherSecrets(empty=True),
        check="empty-key-is-refused",
    ),
    mutant(
        "secret-of-any-account-accepted",
        "The secret of one account opens another.",
        OtherSecrets,
        check="secret-of-another-account-is-refused",
    ),
    mutant(
        "wrong-secret-accepted",
        "Any secret is taken for a key that has logged in before.",
        forgiving(lambda right, came: True),
        check="wrong-secret-is-refused",
    ),
    mutant(
        "secret-in-any-case",
        "The secret is compared without regard to upper and lower case.",
        forgiving(lambda right, came: right.casefold() == came.casefold()),
        check="wrong-secret-is-refused",
    ),
    mutant(
        "secret-trimmed",
        "Blanks around the secret do not matter.",
        forgiving(lambda right, came: right.strip() == came.strip()),
        check="wrong-secret-is-refused",
    ),
    mutant(
        "secret-cut-to-eight-characters",
        "Only the first eight characters of the secret are compared.",
        forgiving(lambda right, came: right[:8] == came[:8]),
        check="wrong-secret-is-refused",
    ),
    mutant(
        "empty-secret-accepted",
        "The log-in succeeds with an empty secret.",
        forgiving(lambda right, came: came == ""),
        check="empty-secret-is-refused",
    ),
    mutant(
        "unknown-key-accepted",
        "A key that nobody has gets a token of the account that logged in last.",
        UnknownKeys,
        check="wrong-key-is-refused",
    ),
    mutant(
        "deprecated-log-in-refused",
        "The deprecated parameters are not taken any more.",
        on("authenticate").asking(_deprecated).good().then(_refuse),
        check="deprecated-log-in-equals-the-new-one",
    ),
    mutant(
        "deprecated-log-in-wants-an-email",
        "The deprecated parameters are taken only with an email, though that is ignored.",
        on("authenticate").asking(lambda r: _deprecated(r) and not r.json.get("email")).then(_refuse),
        check="deprecated-log-in-equals-the-new-one",
    ),
    mutant(
        "deprecated-email-checked",
        "The deprecated log-in refuses what does not look like an email.",
        on("authenticate").asking(lambda r: _deprecated(r) and "@" not in r.json.get("email", "@")).then(_refuse),
        check="deprecated-log-in-equals-the-new-one",
    ),
    mutant(
        "deprecated-password-ignored",
        "The deprecated log-in looks at the key alone.",
        lambda: _DeprecatedOnly(),
        check="wrong-secret-is-refused",
    ),
    mutant(
        "old-credentials-win",
        "Where new and old parameters come together, the old ones count.",
        on("authenticate").asked_instead(_old_names_win),
        check="mixed-credentials-are-settled",
    ),
    mutant(
        "deprecation-not-told",
        "The answer to deprecated parameters does not say that they are.",
        on("authenticate").header("deprecation", None),
        check="deprecated-log-in-is-told",
    ),
    mutant(
        "deprecation-always-told",
        "Every log-in is called deprecated.",
        on("authenticate").good().header("deprecation", "true"),
        check="deprecated-log-in-is-told",
    ),
    mutant(
        "log-in-answers-the-secret",
        "The answer to a log-in repeats the secret that was sent.",
        on("authenticate")
        .good()
        .then(lambda q, a: a.with_json({**a.json, "secret": q.json.get("secret") or q.json.get("password")})),
        check="answers-hold-no-secrets",
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
        check="answers-hold-no-secrets",
    ),
    mutant(
        "refusal-tells-known-keys",
        "Wrong credentials are refused in other words when the key is known.",
        lambda: _KnownKeys(),
        check="known-keys-are-not-given-away",
    ),
    mutant(
        "log-in-answers-201",
        "A log-in is answered with 201.",
        on("authenticate").good().status(201),
        check="answers-satisfy-the-contract",
    ),
    mutant(
        "log-in-without-token",
        "The log-in answers no token.",
        on("authenticate").good().answer(put("token", None)),
        check="log-in-gives-a-token",
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
