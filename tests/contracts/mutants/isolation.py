"""Accounts that see each other."""

from collections.abc import Callable
from typing import Any

from tests.contracts.mutants.memory import Accounts
from tests.contracts.mutants.mutant import V1, V2, mutant
from tests.contracts.mutants.toolkit import LISTS, SINGLES, on
from tests.support.tamper import Forward, Request, Response, Tamper, serialised


class Leaking:
    """Answers with what another account has where this one has nothing.

    Args:
        operations: In which that is so.
        visible: Makes the answer of the one that is seen.
    """

    def __init__(self, operations: tuple[str, ...], visible: Callable[[Response, Response], Response]) -> None:
        self._operations = operations
        self._visible = visible
        self._accounts = Accounts()

    async def __call__(self, request: Request, forward: Forward) -> Response:
        response = await forward(request)
        await self._accounts.learn(request, response, forward)
        owner = self._accounts.tokens.get(request.token)
        if request.operation not in self._operations or owner is None or response.status not in (200, 404):
            return response
        for other in [key for key in self._accounts.secrets if key != owner]:
            token = await self._accounts.new_token(other, forward) if response.status == 404 else self._token_of(other)
            seen = await forward(request.with_token(token))
            if seen.ok:
                return self._visible(response, seen)
        return response

    def _token_of(self, key: str) -> str:
        return next(token for token, owner in reversed(self._accounts.tokens.items()) if owner == key)


def leaking(
    operations: tuple[str, ...], visible: Callable[[Response, Response], Response] = lambda own, seen: seen
) -> Callable[[], Tamper]:
    """Returns a maker of `Leaking`; arguments as its."""
    return lambda: Leaking(operations, lambda own, seen: own if own.ok else visible(own, seen))


def _forbidden(own: Response, seen: Response) -> Response:
    return Response(403, own.headers, own.with_json({**own.json, "status": 403}).body)


def _worded(own: Response, seen: Response) -> Response:
    return own.with_json({**own.json, "detail": "It belongs to another account."})


def _ruled(own: Response, seen: Response) -> Response:
    return own.with_json({**own.json, "rule": "operation-unknown"})


def _longer(own: Response, seen: Response) -> Response:
    headers = own.headers.copy()
    headers["x-owner"] = "another"
    return Response(own.status, headers, own.body)


def _merged(own: Response, seen: Response) -> Response:
    body: Any = own.json
    name = "content" if "content" in body else "list"
    return own.with_json({**body, name: [*body[name], *seen.json[name][:1]]})


class Mixed(Leaking):
    """Shows in lists the first record of another account too."""

    def __init__(self, operations: tuple[str, ...]) -> None:
        super().__init__(operations, _merged)


class SharedImports:
    """Imports what one account sends into another one too."""

    def __init__(self) -> None:
        self._accounts = Accounts()

    async def __call__(self, request: Request, forward: Forward) -> Response:
        response = await forward(request)
        await self._accounts.learn(request, response, forward)
        owner = self._accounts.tokens.get(request.token)
        if request.operation == "importMasterData" and response.ok and owner is not None:
            other = self._accounts.other(owner)
            if other is not None:
                token = await self._accounts.new_token(other, forward)
                await forward(request.with_token(token))
        return response


class Mixup:
    """Every import goes to the account that logged in last, whoever sends it."""

    def __init__(self) -> None:
        self._accounts = Accounts()

    async def __call__(self, request: Request, forward: Forward) -> Response:
        latest = self._accounts.latest()
        if request.operation == "importMasterData" and latest and request.token in self._accounts.tokens:
            token = next(t for t, owner in reversed(self._accounts.tokens.items()) if owner == latest)
            return await forward(request.with_token(token))
        response = await forward(request)
        await self._accounts.learn(request, response, forward)
        return response


class BusyElsewhere:
    """A log-in ends the tokens of all other accounts."""

    def __init__(self) -> None:
        self._accounts = Accounts()

    async def __call__(self, request: Request, forward: Forward) -> Response:
        owner, latest = self._accounts.tokens.get(request.token), self._accounts.latest()
        if owner is not None and owner != latest and request.operation not in ("authenticate", "refreshToken"):
            return await forward(request.with_token("of another account"))
        response = await forward(request)
        await self._accounts.learn(request, response, forward)
        return response


class SharedContacts:
    """Takes references to contacts of other accounts: those are created here too."""

    def __init__(self) -> None:
        self._sent: dict[str, set[str]] = {}

    async def __call__(self, request: Request, forward: Forward) -> Response:
        body = request.json
        if request.operation != "importMasterData" or not isinstance(body, dict):
            return await forward(request)
        text = serialised(body).decode()
        strange = {id_ for token, ids in self._sent.items() if token != request.token for id_ in ids}
        own = {contact.get("id") for contact in body.get("contacts") or () if isinstance(contact, dict)}
        missing = [{"id": id_} for id_ in sorted(strange - own) if f'"contactId": {serialised(id_).decode()}' in text]
        response = await forward(request.with_json({**body, "contacts": [*body.get("contacts", ()), *missing]}))
        if response.ok:
            self._sent.setdefault(request.token, set()).update(id_ for id_ in own if isinstance(id_, str))
        return response if response.ok or not missing else await forward(request)


class OneQueue:
    """Lets a job wait for as long as one of another account is not done, which was accepted before."""

    def __init__(self) -> None:
        self._open: dict[str, str] = {}

    async def __call__(self, request: Request, forward: Forward) -> Response:
        response = await forward(request)
        if request.operation == "importMasterData" and response.ok:
            self._open[response.json["jobId"]] = request.token
        if request.operation == "getJob" and response.ok:
            before = [*self._open][: [*self._open].index(request.id)] if request.id in self._open else []
            if any(self._open[job] != request.token for job in before):
                return response.with_json({**response.json, "status": "waiting", "startedAt": None, "finishedAt": None})
            if response.json["status"] in ("completed", "failed"):
                self._open.pop(request.id, None)
        return response


MUTANTS = (
    mutant(
        "references-to-other-accounts",
        "A record can refer to a contact that only another account has.",
        SharedContacts,
        check="references-stay-in-their-account",
    ),
    mutant(
        "one-queue-for-all-accounts",
        "Jobs of one account wait for those of another.",
        OneQueue,
        check="accounts-do-not-wait-for-each-other",
    ),
    mutant(
        "foreign-job-visible",
        "A job of another account can be read.",
        leaking(("getJob",)),
        check="foreign-job-is-unknown",
    ),
    mutant(
        "foreign-job-is-403",
        "A job of another account is refused with 403.",
        leaking(("getJob",), _forbidden),
        check="foreign-job-is-unknown",
    ),
    mutant(
        "foreign-job-in-other-words",
        "A job of another account is refused in other words than one that does not exist.",
        leaking(("getJob",), _worded),
        check="foreign-job-is-unknown",
    ),
    mutant(
        "foreign-job-by-another-rule",
        "A job of another account is refused by another rule than one that does not exist.",
        leaking(("getJob",), _ruled),
        check="foreign-job-is-unknown",
    ),
    mutant(
        "foreign-job-with-a-header",
        "The refusal of a job of another account has a header more.",
        leaking(("getJob",), _longer),
        check="foreign-job-is-unknown",
    ),
    mutant(
        "foreign-record-visible",
        "A single record of another account can be read.",
        leaking(SINGLES),
        check="foreign-records-are-unknown",
    ),
    mutant(
        "foreign-contact-visible",
        "A contact of another account can be read by its id.",
        leaking(("getContactById",)),
        check="foreign-records-are-unknown",
        versions=V1,
    ),
    mutant(
        "foreign-property-visible",
        "A property of another account can be read by its id.",
        leaking(("getPropertyById",)),
        check="foreign-records-are-unknown",
        versions=V2,
    ),
    mutant(
        "foreign-record-is-403",
        "A single record of another account is refused with 403.",
        leaking(SINGLES, _forbidden),
        check="foreign-records-are-unknown",
    ),
    mutant(
        "foreign-record-in-other-words",
        "A single record of another account is refused in other words.",
        leaking(SINGLES, _worded),
        check="foreign-records-are-unknown",
    ),
    mutant(
        "lists-mixed",
        "Lists show a record of another account too.",
        lambda: Mixed(LISTS),
        check="foreign-records-are-unknown",
    ),
    mutant(
        "units-mixed",
        "Units of another account are listed too.",
        lambda: Mixed(("listUnits",)),
        check="foreign-records-are-unknown",
        versions=V2,
    ),
    mutant(
        "imports-shared", "What one account imports, another one gets too.", SharedImports, check="same-ids-stay-apart"
    ),
    mutant(
        "imports-mixed-up",
        "Every import goes to the account that logged in last.",
        Mixup,
        check="accounts-can-take-turns",
    ),
    mutant(
        "log-in-ends-tokens-of-others",
        "A log-in ends the tokens of all other accounts.",
        BusyElsewhere,
        check="accounts-can-take-turns",
    ),
    mutant(
        "foreign-token-refused-with-404",
        "Whoever asks for a job of another account is told that the path does not exist.",
        on("getJob").refused(404).answer(lambda p: {**p, "rule": "operation-unknown", "title": "No such operation"}),
        check="unknown-job-is-refused",
    ),
)
