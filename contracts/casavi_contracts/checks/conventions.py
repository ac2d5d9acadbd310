"""Checks about what holds for every operation: addresses, methods, queries, and that there is an answer at all."""

from collections.abc import Mapping
from itertools import product
from typing import Any
from urllib.parse import quote

from casavi_contracts import spec
from casavi_contracts.checks.definition import check, checks, row
from casavi_contracts.context import Context
from casavi_contracts.contract import Contract
from casavi_contracts.expect.calls import NOBODY, NOTHING, call, in_path, lists, secured, signed_in, tour
from casavi_contracts.expect.moments import moment_of
from casavi_contracts.expect.refusals import refused
from casavi_contracts.http.exchange import Answer
from casavi_contracts.http.target import Capability
from casavi_contracts.promises import Named

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

HARMLESS = ("GET", "HEAD", "OPTIONS")
"""What may be tried on a server that is no mock: nobody knows what the others would do there."""

TIMES = 12
"""How often a good request is sent."""

VARYING = frozenset({"date", "x-request-id", "age", "connection", "keep-alive"})
"""Headers that differ from answer to answer, or are about the connection."""

_NUMBERS = ("", "x", "-1", "+1", "1.5", "1e3", "0x1", " 1", "1 ", "1,2", "null", "٣", "9" * 20)
_BOOLEANS = ("", "TRUE", "True", "1", "0", "yes", "on", "null", " true", "truefalse")
_MOMENTS = ("", "yesterday", "2024-01-01", "2024-01-01T00:00:00", "2024-13-01T00:00:00Z", "2024-02-30T00:00:00Z",
            "01.01.2024", "1704067200", "2024-01-01T25:00:00Z", "null")  # fmt: skip


@check(inferred="4")
def every_request_is_answered(ctx: Context) -> None:
    """Every request is answered, and wholly."""
    client = signed_in(ctx)
    for _ in range(2):  # an answer with more to it than it says spoils the next one on its connection
        for method in ("HEAD", "GET"):
            client.send(lists(ctx.contract)[0], method=method, headers={"token": client.token})
    tour(ctx)  # whatever stays away breaks the check


@check(inferred="4")
def requests_succeed_again_and_again(ctx: Context) -> None:
    """What succeeds once succeeds each time: no good request is refused because others came before it."""
    client = signed_in(ctx)
    known, jobs = client.credentials, []
    times = TIMES // 4 if ctx.shared else TIMES
    for number in range(1, times + 1):
        log_in = client.send("authenticate", body={"key": known.key, "secret": known.secret})
        _expect_success(ctx, log_in, "authenticate", number)
        client.take(log_in, Named.LOG_IN_GIVES_A_TOKEN)
        refresh = client.send("refreshToken", body={"apiKey": known.key, "token": client.token})
        _expect_success(ctx, refresh, "refreshToken", number)
        client.take(refresh, Named.REFRESH_GIVES_A_TOKEN)
        for operation in lists(ctx.contract):
            _expect_success(ctx, client.send(operation), operation, number)
        if Capability.WRITE in ctx.target.capabilities:
            answer = client.send("importMasterData", body=NOTHING)
            _expect_success(ctx, answer, "importMasterData", number)
            jobs.append(client.job_id(answer, NOTHING))
            _expect_success(ctx, client.send("getJob", jobId=jobs[-1]), "getJob", number)
    for job in jobs:
        client.finish(job)


def _expect_success(ctx: Context, answer: Answer, operation: str, number: int) -> None:
    ctx.expect(answer.ok, f"{operation} to succeed for time {number} of {TIMES}", f"status {answer.status}")


@checks(
    row("accept-header-changes-nothing", "Whatever a client says that it accepts, it gets the same JSON.",
        {"Accept": ("application/json", "text/html", "application/xml;q=0.9, image/png", "nonsense", "")}),
    row("method-override-is-ignored",
        "The method of a request is the one in its first line, whatever a header says.",
        dict.fromkeys(("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"), ("POST",)),
        needs=(Capability.WRITE, Capability.CLOCK)),
    assumed="error-statuses",
    source="4",
)  # fmt: skip
def header_changes_nothing(ctx: Context, headers: Mapping[str, tuple[str, ...]]) -> None:
    """What the contract does not know of a header changes nothing."""
    client = ctx.ready()
    jobs = ("getJob",) if "getJob" in ctx.contract.operations else ()
    for (name, values), operation in product(headers.items(), (*lists(ctx.contract), *jobs)):  # pages, and an error
        plain = call(client, operation)
        for value in values:
            answer = call(client, operation, headers={name: value})
            expect_alike(ctx, answer, plain, f"{operation} with {name}: {value}")


@check(documented="3.2", operations=("importMasterData", "getJob"), needs=(Capability.WRITE,))
def moments_are_iso_8601_in_utc(ctx: Context) -> None:
    """Moments are told in ISO 8601, in UTC, with milliseconds, such as 2026-01-05T08:00:00.000Z."""
    job = ctx.account.submit(NOTHING)
    for seen in ctx.account.follow(job):
        for name in ("createdAt", "startedAt", "finishedAt"):
            moment_of(ctx, seen, name)


@check(assumed="error-statuses", source="4")
def unknown_path_is_refused(ctx: Context) -> None:
    """A path that the contract does not have leads nowhere, with a token and without."""
    client = ctx.ready()
    for what, path in _no_paths(ctx.contract).items():
        for headers in ({"token": client.token}, {}):
            answer = ctx.target.send("GET", path, headers=headers, version=ctx.contract.version)
            refused(ctx, answer, "operation-unknown", f"{what}, {'with' if headers else 'without'} a token")


@check(assumed="error-statuses", source="4", needs=(Capability.WRITE,))
def wrong_method_is_refused(ctx: Context) -> None:
    """An operation has the methods of the contract and no other; the refusal names those that it has."""
    client = ctx.ready()
    tried = METHODS if ctx.target.plane is not None else HARMLESS
    for path, allowed in _allowed(ctx.contract).items():
        for method in (method for method in tried if method not in allowed):
            for headers in ({"token": client.token}, {}):
                answer = ctx.target.send(method, path, headers=headers, version=ctx.contract.version)
                what = f"{method} {path}"
                if method != "HEAD":
                    refused(ctx, answer, "method-not-allowed", what)
                ctx.expect(answer.status == 405, f"status 405 for {what}", f"status {answer.status}")
                named = {name.strip() for name in answer.headers.get("allow", "").split(",")}
                ctx.expect(named == allowed, f"Allow: {', '.join(sorted(allowed))} for {what}", f"{sorted(named)}")


@check(assumed="error-statuses", source="4")
def head_is_a_get_without_body(ctx: Context) -> None:
    """HEAD answers what GET would answer, without the body."""
    client = ctx.ready()
    for operation in (name for name in secured(ctx) if name != "importMasterData"):
        for token in (client.token, NOBODY, None):
            headers = {} if token is None else {"token": token}
            get = call(client, operation, token=token)
            head = call(client, operation, token=None, headers=headers, method="HEAD")
            ctx.expect(head.body == b"", f"no body at HEAD of {operation}", f"{len(head.body)} bytes")
            expect_alike(ctx, head, get, f"HEAD of {operation}", body=False)


@check(assumed="error-statuses", source="4", each=lambda contract: (list(one) for one in _parameters(contract)))
def invalid_parameter_is_refused(ctx: Context, case: Any) -> None:
    """A parameter of the query with a value that the contract does not allow is refused, and named."""
    operation, name = case
    client = ctx.ready()
    for value in ctx.briefly(_wrong_values(ctx.contract.query_parameters(operation)[name]), 2):
        answer = client.send(operation, query=f"{name}={quote(value)}")
        refused(ctx, answer, "parameter-invalid", f"{name}={value!r} at {operation}")
        body = answer.json
        detail = str(body.get("detail")) if isinstance(body, dict) else ""
        told = spec.hides(body, "detail") or name in detail
        ctx.expect(told, f"an error that names {name}", "one that does not")
    good = client.send(operation)
    ctx.expect(good.ok, f"{operation} to succeed without it", f"status {good.status}", check=Named.LISTS_CAN_BE_READ)


@check(assumed="error-statuses", source="4")
def unknown_parameter_is_ignored(ctx: Context) -> None:
    """A parameter of the query that the contract does not have changes nothing."""
    client = ctx.ready()
    if Capability.WRITE in ctx.target.capabilities:
        client.imported(ctx.names.own({"contacts": [{"id": f"C-{n}", "lastName": "Muster"} for n in range(3)]}))
    for operation in lists(ctx.contract):
        plain = records_of(client.send(operation))
        for query in ("casavi-check=1", "casavi-check=&casavi-check=%C3%A4&Page=999"):
            answer = client.send(operation, query=query)
            ctx.expect(answer.ok, f"{operation} with an unknown parameter to succeed", f"status {answer.status}")
            same = records_of(answer) == plain
            ctx.expect(same, f"{operation} to show the same with an unknown parameter", "something else")


def expect_alike(ctx: Context, one: Answer, other: Answer, what: str, *, body: bool = True) -> None:
    """Demands that two answers differ in nothing but what differs from answer to answer.

    Args:
        ctx: The context.
        one: The answer that is judged.
        other: The one that it has to be like.
        what: What was asked for, in words.
        body: Whether the bodies have to be alike too.
    """
    ctx.expect(one.status == other.status, f"status {other.status} for {what}", f"status {one.status}")
    lengths = set() if body else {"content-length", "transfer-encoding"}
    for name in sorted({*one.headers, *other.headers} - VARYING - lengths - {"content-length"}):
        told, wanted = one.headers.get(name), other.headers.get(name)
        ctx.expect(told == wanted, f"the header {name} of {what} to be {wanted!r}", repr(told))
    if body:
        same = _without_id(one) == _without_id(other)
        ctx.expect(same, f"the body of {what} to be the same", "another one")


def records_of(answer: Answer) -> Any:
    """Returns the records of a page."""
    page = answer.json
    return page.get("content", page.get("list"))


def _without_id(answer: Answer) -> Any:
    value = answer.json
    return {name: member for name, member in value.items() if name != "requestId"} if isinstance(value, dict) else value


def _no_paths(contract: Contract) -> dict[str, str]:
    """Returns paths that the contract does not have, by what they are."""
    base = contract.base
    known = contract.path(lists(contract)[0])
    return {
        "a made-up path": f"{base}/{NOBODY}",
        "a path below a list that is too long": f"{known}/{NOBODY}/{NOBODY}",
        "a path below the log-in": f"{contract.path('authenticate')}/{NOBODY}",
        "a path below a job": f"{base}/jobs/{NOBODY}/{NOBODY}",
        "the jobs without an id": f"{base}/jobs",
        "the jobs with an empty id": f"{base}/jobs/",
        "a list with a slash behind": f"{known}/",
        "a list in upper case": base + known.removeprefix(base).upper(),
        "a list with a letter missing": known[:-1],
    }


def _allowed(contract: Contract) -> dict[str, set[str]]:
    """Returns the methods of every path; ids in it are those of nobody."""
    methods: dict[str, set[str]] = {}
    for name, one in contract.operations.items():
        path = contract.path(name, **dict.fromkeys(in_path(contract, name), NOBODY))
        methods.setdefault(path, set()).update({"GET", "HEAD"} if one.method == "GET" else {one.method})
    return methods


def _parameters(contract: Contract) -> list[tuple[str, str]]:
    return [
        (operation, name)
        for operation in lists(contract)
        for name, schema in contract.query_parameters(operation).items()
        if _wrong_values(schema)
    ]


def _wrong_values(schema: Mapping[str, Any]) -> tuple[str, ...]:
    if schema["type"] == "boolean":
        return _BOOLEANS
    if schema.get("format") == "date-time":
        return _MOMENTS
    if schema["type"] == "string":
        return ("",) if schema.get("minLength") else ()
    bounds = (schema["minimum"] - 1 if "minimum" in schema else -1, schema.get("maximum", 10**19) + 1)
    return (*_NUMBERS, *map(str, bounds))
