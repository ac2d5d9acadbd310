"""Answers that refuse: their status, form and words."""

from collections.abc import Callable

from tests.contracts.mutants.mutant import V2, mutant
from tests.contracts.mutants.toolkit import (
    ALL,
    LISTS,
    READS,
    SINGLES,
    TOKENS,
    WITH_TOKEN,
    change,
    drop,
    on,
    put,
    text,
)
from tests.support.tamper import Request, Response, serialised

HTML = b"<!DOCTYPE html><html><body><h1>An error occurred</h1></body></html>"


def _plain(_: Request, response: Response) -> Response:
    headers = response.headers.copy()
    headers["content-type"] = "application/json"
    return Response(response.status, headers, response.body)


def _html(_: Request, response: Response) -> Response:
    headers = response.headers.copy()
    headers["content-type"] = "text/html; charset=utf-8"
    return Response(response.status, headers, HTML)


def _null(_: Request, response: Response) -> Response:
    headers = response.headers.copy()
    headers["content-type"] = "application/json"
    return Response(200, headers, b"null")


def _empty_page(request: Request, response: Response) -> Response:
    headers = response.headers.copy()
    headers["content-type"] = "application/json"
    v1 = {"count": 0, "page": 0, "pageCount": 0, "content": []}
    return Response(200, headers, serialised(v1 if request.version == "v1" else {"list": [], "_links": {"next": None}}))


def _restated(status: int) -> Callable[[Request, Response], Response]:
    """Another status, in the body too."""

    def step(_: Request, response: Response) -> Response:
        return Response(status, response.headers, serialised({**response.json, "status": status}))

    return step


def _unrouted(request: Request) -> bool:
    return request.operation is None


MUTANTS = (
    mutant(
        "refusals-with-status-200",
        "What is refused comes with status 200 and the error in the body.",
        on(*ALL).refused().status(200),
        check="unknown-token-is-refused",
    ),
    mutant(
        "wrong-credentials-with-status-200",
        "Wrong credentials are refused with status 200.",
        on("authenticate").refused(401).status(200),
        check="wrong-secret-is-refused",
    ),
    mutant(
        "wrong-credentials-are-403",
        "Wrong credentials are refused with 403.",
        on("authenticate").refused(401).then(_restated(403)),
        check="wrong-secret-is-refused",
    ),
    mutant(
        "wrong-credentials-are-400",
        "Wrong credentials are refused with 400.",
        on("authenticate").refused(401).then(_restated(400)),
        check="wrong-secret-is-refused",
    ),
    mutant(
        "wrong-credentials-are-500",
        "Wrong credentials make the server fail.",
        on("authenticate").refused(401).then(_restated(500)),
        check="wrong-secret-is-refused",
    ),
    mutant(
        "bad-refresh-is-400",
        "A refresh with a bad token is refused with 400.",
        on("refreshToken").refused(401).then(_restated(400)),
        check="refresh-of-an-unknown-token-is-refused",
    ),
    mutant(
        "bad-token-is-403",
        "Bad tokens are refused with 403.",
        on(*WITH_TOKEN).refused(401).then(_restated(403)),
        check="unknown-token-is-refused",
    ),
    mutant(
        "bad-token-at-the-import-is-403",
        "The import refuses bad tokens with 403.",
        on("importMasterData").refused(401).then(_restated(403)),
        check="unknown-token-is-refused",
    ),
    mutant(
        "bad-token-at-jobs-is-404",
        "A look at a job with a bad token says that there is no such job.",
        on("getJob").refused(401).then(_restated(404)),
        check="unknown-token-is-refused",
    ),
    mutant(
        "bad-token-reads-nothing",
        "A list read with a bad token is empty.",
        on(*LISTS).refused(401).then(_empty_page),
        check="unknown-token-is-refused",
    ),
    mutant(
        "missing-token-is-400",
        "A missing token is refused with 400.",
        on(*WITH_TOKEN).asking(lambda r: not r.token).refused(401).then(_restated(400)),
        check="every-operation-wants-a-token",
    ),
    mutant(
        "unknown-job-is-401",
        "An unknown job is refused with 401.",
        on("getJob").refused(404).then(_restated(401)),
        check="unknown-job-is-refused",
    ),
    mutant(
        "unknown-job-is-403",
        "An unknown job is refused with 403.",
        on("getJob").refused(404).then(_restated(403)),
        check="unknown-job-is-refused",
    ),
    mutant(
        "unknown-job-is-410",
        "An unknown job is said to be gone.",
        on("getJob").refused(404).then(_restated(410)),
        check="unknown-job-is-refused",
    ),
    mutant(
        "unknown-job-is-null",
        "An unknown job is answered with 200 and null.",
        on("getJob").refused(404).then(_null),
        check="unknown-job-is-refused",
    ),
    mutant(
        "unknown-job-is-500",
        "An unknown job makes the server fail.",
        on("getJob").refused(404).then(_restated(500)),
        check="unknown-job-is-refused",
    ),
    mutant(
        "unknown-record-is-null",
        "An unknown record is answered with 200 and null.",
        on(*SINGLES).refused(404).then(_null),
        check="answers-satisfy-the-contract",
    ),
    mutant(
        "unknown-record-is-400",
        "An unknown record is refused with 400.",
        on(*SINGLES).refused(404).then(_restated(400)),
        check="answers-satisfy-the-contract",
    ),
    mutant(
        "unknown-property-is-403",
        "An unknown property is refused with 403.",
        on("getPropertyById").refused(404).then(_restated(403)),
        check="answers-satisfy-the-contract",
        versions=V2,
    ),
    mutant(
        "bad-import-is-422",
        "An import that does not satisfy the contract is refused with 422.",
        on("importMasterData").refused(400).then(_restated(422)),
        check="invalid-import-is-refused",
    ),
    mutant(
        "bad-import-is-500",
        "An import that does not satisfy the contract makes the server fail.",
        on("importMasterData").refused(400).then(_restated(500)),
        check="invalid-import-is-refused",
    ),
    mutant(
        "bad-body-at-log-in-is-401",
        "A log-in without a key is refused as if the secret were wrong.",
        on("authenticate").refused(400).then(_restated(401)),
        check="half-credentials-are-refused",
    ),
    mutant(
        "bad-body-at-refresh-is-500",
        "A refresh without a token makes the server fail.",
        on("refreshToken").refused(400).then(_restated(500)),
        check="half-a-refresh-is-refused",
    ),
    mutant(
        "other-media-type-is-400",
        "A body that is not called JSON is refused with 400.",
        on(*ALL).refused(415).then(_restated(400)),
        check="other-media-type-is-refused",
    ),
    mutant(
        "bad-parameter-is-404",
        "An impossible parameter is answered with 404.",
        on(*LISTS).refused(400).then(_restated(404)),
        check="invalid-parameter-is-refused",
    ),
    mutant(
        "bad-parameter-reads-nothing",
        "An impossible parameter gets an empty page.",
        on(*LISTS).refused(400).then(_empty_page),
        check="invalid-parameter-is-refused",
    ),
    mutant(
        "refusals-in-html",
        "What is refused comes as a page of HTML.",
        on(*ALL).refused().then(_html),
        check="answers-satisfy-the-contract",
    ),
    mutant(
        "refusals-of-the-import-in-html",
        "A refused import comes as a page of HTML.",
        on("importMasterData").refused(400).then(_html),
        check="answers-satisfy-the-contract",
    ),
    mutant(
        "refusals-called-plain-json",
        "Refusals are called `application/json`.",
        on(*ALL).refused().then(_plain),
        check="answers-satisfy-the-contract",
    ),
    mutant(
        "refusals-of-log-ins-called-plain-json",
        "Refused log-ins are called `application/json`.",
        on(*TOKENS).refused().then(_plain),
        check="answers-satisfy-the-contract",
    ),
    mutant(
        "refusals-empty",
        "What is refused has no body.",
        on(*ALL).refused().body(lambda body: b""),
        check="answers-satisfy-the-contract",
    ),
    mutant(
        "refusal-status-differs",
        "The status in the body of a refusal is another one.",
        on(*ALL).refused().answer(put("status", 500)),
        check="errors-explain-themselves",
    ),
    mutant(
        "refusal-status-a-text",
        "The status in the body of a refusal is a text.",
        on(*ALL).refused().answer(change("status", str)),
        check="answers-satisfy-the-contract",
    ),
    mutant(
        "refusal-without-detail",
        "Refusals do not say what to do.",
        on(*ALL).refused().answer(drop("detail")),
        check="answers-satisfy-the-contract",
    ),
    mutant(
        "refusal-without-rule",
        "Refusals do not name the rule.",
        on(*ALL).refused().answer(drop("rule")),
        check="answers-satisfy-the-contract",
    ),
    mutant(
        "refusal-names-an-unknown-rule",
        "Refusals name rules that nobody knows.",
        on(*ALL).refused().answer(put("rule", "E-4711")),
        check="errors-explain-themselves",
    ),
    mutant(
        "refusal-rule-and-type-differ",
        "Type and rule of a refusal speak of different things.",
        on(*ALL).refused().answer(put("type", "about:blank")),
        check="errors-explain-themselves",
    ),
    mutant(
        "expired-token-called-unknown",
        "An expired token is refused as an unknown one.",
        on(*WITH_TOKEN).refused(401).answer(change("rule", lambda rule: "token-unknown")),
        check="token-ends-when-it-was-told",
    ),
    mutant(
        "refusal-without-places",
        "A refused import does not say what is wrong with it.",
        on("importMasterData").refused(400).answer(drop("errors")),
        check="invalid-import-is-refused",
    ),
    mutant(
        "refusal-without-pointers",
        "The places of a refused import have no pointer.",
        on("importMasterData").refused(400).answer(drop("errors/*/pointer")),
        check="answers-satisfy-the-contract",
    ),
    mutant(
        "refusal-points-at-the-wrong-record",
        "A refused import counts its records from 1.",
        on("importMasterData")
        .refused(400)
        .answer(
            change("errors/*/pointer", lambda p: "/".join(str(int(s) + 1) if s.isdigit() else s for s in p.split("/")))
        ),
        check="invalid-import-is-refused",
    ),
    mutant(
        "refusal-points-at-the-whole",
        "A refused import names no place inside the request.",
        on("importMasterData").refused(400).answer(change("errors/*/pointer", lambda p: "")),
        check="invalid-import-is-refused",
    ),
    mutant(
        "malformed-body-located-wrongly",
        "The refusal of a body that is no JSON counts its lines from 0.",
        on(*ALL).refused(400).answer(change("errors/*/line", lambda line: line and line - 1)),
        check="unreadable-body-is-located",
    ),
    mutant(
        "refusal-of-log-ins-points-at-the-whole",
        "The refusal of a log-in or a refresh of the wrong shape names no place in it.",
        on(*TOKENS).refused(400).answer(change("errors/*/pointer", lambda pointer: "")),
        check="wrong-credentials-shape-is-located",
    ),
    mutant(
        "refusal-names-one-place-only",
        "Of all that is wrong with an import one place is named.",
        on("importMasterData").refused(400).answer(change("errors", lambda errors: errors[:1])),
        check="all-wrong-places-are-named",
    ),
    mutant(
        "request-id-lost",
        "Answers carry no id of the request.",
        on(*ALL).header("x-request-id", None),
        check="every-answer-has-an-id-of-its-own",
    ),
    mutant(
        "request-id-differs",
        "The id of the request is another one in the body than in the header.",
        on(*ALL).refused().answer(put("requestId", "0-0")),
        check="errors-explain-themselves",
    ),
    mutant(
        "unknown-operation-answers",
        "A path that there is not is answered with 200.",
        on().asking(_unrouted).refused(404).then(_null),
        check="unknown-path-is-refused",
    ),
    mutant(
        "unknown-operation-is-401",
        "A path that there is not asks for a token.",
        on().asking(_unrouted).refused(404).then(_restated(401)),
        check="unknown-path-is-refused",
    ),
    mutant(
        "unknown-operation-is-500",
        "A path that there is not makes the server fail.",
        on().asking(_unrouted).refused(404).then(_restated(500)),
        check="unknown-path-is-refused",
    ),
    mutant(
        "unknown-operation-in-html",
        "A path that there is not is answered in HTML.",
        on().asking(_unrouted).refused(404).then(_html),
        check="answers-satisfy-the-contract",
    ),
    mutant(
        "wrong-method-is-404",
        "A wrong method is answered as an unknown path.",
        on().asking(_unrouted).refused(405).then(_restated(404)),
        check="wrong-method-is-refused",
    ),
    mutant(
        "wrong-method-is-500",
        "A wrong method makes the server fail.",
        on().asking(_unrouted).refused(405).then(_restated(500)),
        check="wrong-method-is-refused",
    ),
    mutant(
        "wrong-method-without-allow",
        "The refusal of a wrong method does not say which are right.",
        on().asking(_unrouted).refused(405).header("allow", None),
        check="wrong-method-is-refused",
    ),
    mutant(
        "wrong-method-allows-everything",
        "The refusal of a wrong method allows the method that it refuses.",
        on().asking(_unrouted).refused(405).header("allow", "DELETE, GET, PATCH, POST, PUT"),
        check="wrong-method-is-refused",
    ),
    mutant(
        "refusal-title-shouted",
        "Titles of refusals are another text each time.",
        on(*READS)
        .refused()
        .then(lambda q, a: a.with_json({**a.json, "title": f"{a.json['title']} ({a.json['requestId']})"})),
        check="errors-explain-themselves",
    ),
    mutant(
        "refusal-evidence-raised",
        "Refusals claim to be documented.",
        on(*ALL).refused().answer(change("evidence", text(lambda _: "documented"))),
        check="errors-explain-themselves",
    ),
)
