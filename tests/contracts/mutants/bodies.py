"""Bodies of answers: their bytes, media type and shape."""

import re
from dataclasses import replace

from tests.contracts.mutants.mutant import V1, V2, mutant
from tests.contracts.mutants.toolkit import (
    ALL,
    CONTACTS,
    LISTS,
    READS,
    SINGLES,
    TOKENS,
    Edit,
    change,
    drop,
    edits,
    on,
    page,
    put,
    records,
    rename,
    strings,
)
from tests.support.tamper import Request, Response


def _snake(value: object) -> object:
    if isinstance(value, list):
        return [_snake(item) for item in value]
    if isinstance(value, dict):
        return {re.sub(r"(?<=[a-z])([A-Z])", lambda m: "_" + m[1].lower(), k): _snake(v) for k, v in value.items()}
    return value


def _without_nulls(value: object) -> object:
    if isinstance(value, list):
        return [_without_nulls(item) for item in value]
    if isinstance(value, dict):
        return {name: _without_nulls(member) for name, member in value.items() if member is not None}
    return value


def _as_texts(kind: type) -> Edit:
    def edited(value: object) -> object:
        if isinstance(value, list):
            return [edited(item) for item in value]
        if isinstance(value, dict):
            return {name: edited(member) for name, member in value.items()}
        return str(value).lower() if type(value) is kind else value

    return edited


def _cut(_: Request, response: Response) -> Response:
    return replace(response, broken_off=True)


OK = on(*ALL).good()

MUTANTS = (
    mutant(
        "read-truncated",
        "Lists break off in the middle of their JSON.",
        on(*LISTS).good().body(lambda body: body[: len(body) // 2]),
        check="answers-satisfy-the-contract",
    ),
    mutant(
        "job-truncated",
        "Jobs break off in the middle of their JSON.",
        on("getJob").good().body(lambda body: body[:-1]),
        check="answers-satisfy-the-contract",
    ),
    mutant(
        "import-answer-empty",
        "An import is accepted without a body.",
        on("importMasterData").good().body(lambda body: b""),
        check="answers-satisfy-the-contract",
    ),
    mutant(
        "read-empty",
        "A single record comes without a body.",
        on(*SINGLES).good().body(lambda body: b""),
        check="answers-satisfy-the-contract",
    ),
    mutant(
        "trailing-garbage",
        "Behind the JSON there is more.",
        OK.body(lambda body: body + b"\n<!-- cached -->"),
        check="answers-satisfy-the-contract",
    ),
    mutant(
        "byte-order-mark",
        "Bodies begin with a byte order mark.",
        OK.body(lambda body: b"\xef\xbb\xbf" + body),
        check="answers-satisfy-the-contract",
    ),
    mutant(
        "jsonp",
        "Lists are answered as a call of a function.",
        on(*LISTS).good().body(lambda body: b"callback(" + body + b")"),
        check="answers-satisfy-the-contract",
    ),
    mutant(
        "latin-1",
        "Lists are encoded in Latin-1.",
        on(*READS).good().body(lambda body: body.decode().encode("latin-1", "replace")),
        check="answers-satisfy-the-contract",
    ),
    mutant(
        "utf-16",
        "Jobs are encoded in UTF-16.",
        on("getJob").good().body(lambda body: body.decode().encode("utf-16")),
        check="answers-satisfy-the-contract",
    ),
    mutant(
        "media-type-text",
        "JSON is called plain text.",
        OK.header("content-type", "text/plain; charset=utf-8"),
        check="answers-satisfy-the-contract",
    ),
    mutant(
        "media-type-of-lists-html",
        "Lists are called HTML.",
        on(*LISTS).good().header("content-type", "text/html"),
        check="answers-satisfy-the-contract",
    ),
    mutant(
        "media-type-of-tokens-a-problem",
        "Tokens are called a problem.",
        on(*TOKENS).good().header("content-type", "application/problem+json"),
        check="answers-satisfy-the-contract",
    ),
    mutant(
        "media-type-missing",
        "Jobs have no media type.",
        on("getJob").good().header("content-type", None),
        check="answers-satisfy-the-contract",
    ),
    mutant(
        "names-in-snake-case",
        "Names of members are written with underscores.",
        OK.answer(_snake),
        check="answers-satisfy-the-contract",
    ),
    mutant(
        "job-names-in-snake-case",
        "Names of a job's members are written with underscores.",
        on("getJob").good().answer(_snake),
        check="answers-satisfy-the-contract",
    ),
    mutant(
        "nulls-left-out",
        "Members that are null are left out.",
        OK.answer(_without_nulls),
        check="answers-satisfy-the-contract",
    ),
    mutant(
        "nulls-left-out-of-jobs",
        "Members of a job that are null are left out.",
        on("getJob").good().answer(_without_nulls),
        check="answers-satisfy-the-contract",
    ),
    mutant(
        "numbers-as-texts",
        "Numbers are written as texts.",
        OK.answer(_as_texts(int)),
        check="answers-satisfy-the-contract",
    ),
    mutant(
        "booleans-as-texts",
        "Booleans are written as texts.",
        OK.answer(_as_texts(bool)),
        check="answers-satisfy-the-contract",
    ),
    mutant(
        "nulls-as-empty-texts",
        "What is absent is an empty text.",
        on(*READS).good().answer(records(lambda r: {k: "" if v is None else v for k, v in r.items()})),
        check="answers-satisfy-the-contract",
    ),
    mutant(
        "empty-lists-null",
        "An empty list of a record is null.",
        on(*READS).good().answer(records(lambda r: {k: None if v == [] else v for k, v in r.items()})),
        check="answers-satisfy-the-contract",
        versions=V2,
    ),
    mutant(
        "empty-page-null",
        "An empty page is null.",
        on(*LISTS).good().answer(lambda value: {k: None if v == [] else v for k, v in value.items()}),
        check="answers-satisfy-the-contract",
    ),
    mutant(
        "lists-without-envelope",
        "Lists come without their envelope.",
        on(*LISTS).good().answer(lambda value: value.get("content", value.get("list"))),
        check="answers-satisfy-the-contract",
    ),
    mutant(
        "records-by-number",
        "Lists come as an object with numbers as names.",
        on(*LISTS).good().answer(page(lambda rs: {str(n): r for n, r in enumerate(rs)})),
        check="answers-satisfy-the-contract",
    ),  # type: ignore[arg-type]
    mutant(
        "page-renamed",
        "The records of a page stand under another name.",
        on(*LISTS).good().answer(edits(rename("content", "items"), rename("list", "items"))),
        check="answers-satisfy-the-contract",
    ),
    mutant(
        "single-record-in-a-list",
        "A single record comes inside a list.",
        on(*SINGLES).good().answer(lambda value: [value]),
        check="answers-satisfy-the-contract",
    ),
    mutant(
        "job-wrapped",
        "The job stands inside `job`.",
        on("getJob").good().answer(lambda value: {"job": value}),
        check="answers-satisfy-the-contract",
    ),
    mutant(
        "job-without-errors",
        "Jobs have no list of errors.",
        on("getJob").good().answer(drop("errors")),
        check="answers-satisfy-the-contract",
    ),
    mutant(
        "job-without-warnings",
        "Jobs have no list of warnings.",
        on("getJob").good().answer(drop("warnings")),
        check="answers-satisfy-the-contract",
    ),
    mutant(
        "job-errors-null",
        "A job without errors has null for them.",
        on("getJob").good().answer(change("errors", lambda errors: errors or None)),
        check="answers-satisfy-the-contract",
    ),
    mutant(
        "job-without-counts",
        "Jobs do not count.",
        on("getJob").good().answer(drop("counts")),
        check="answers-satisfy-the-contract",
    ),
    mutant(
        "job-without-progress",
        "Jobs do not tell their progress.",
        on("getJob").good().answer(drop("progress")),
        check="answers-satisfy-the-contract",
    ),
    mutant(
        "job-without-id",
        "Jobs do not tell their id.",
        on("getJob").good().answer(drop("id")),
        check="answers-satisfy-the-contract",
    ),
    mutant(
        "job-without-dates-of-others",
        "Jobs without documents do not count documents.",
        on("getJob").good().answer(drop("counts/documents")),
        check="answers-satisfy-the-contract",
    ),
    mutant(
        "job-status-capitalised",
        "States of jobs are written in capitals.",
        on("getJob").good().answer(change("status", str.upper)),
        check="job-moves-forward",
    ),
    mutant(
        "job-status-other-words",
        "States of jobs have the names of another queue.",
        on("getJob")
        .good()
        .answer(change("status", lambda s: {"waiting": "queued", "active": "running", "completed": "done"}.get(s, s))),
        check="job-moves-forward",
    ),
    mutant(
        "job-status-a-number",
        "The state of a job is a number.",
        on("getJob").good().answer(put("status", 2)),
        check="answers-satisfy-the-contract",
    ),
    mutant(
        "job-id-renamed",
        "The import answers the job id as `id`.",
        on("importMasterData").good().answer(rename("jobId", "id")),
        check="import-answers-a-job-id",
    ),
    mutant(
        "job-id-a-number",
        "The import answers a number for the job.",
        on("importMasterData").good().answer(put("jobId", 17)),
        check="import-answers-a-job-id",
    ),
    mutant(
        "job-id-null",
        "The import answers null for the job.",
        on("importMasterData").good().answer(put("jobId", None)),
        check="import-answers-a-job-id",
    ),
    mutant(
        "import-answers-200",
        "An import is accepted with 200.",
        on("importMasterData").good().status(200),
        check="answers-satisfy-the-contract",
    ),
    mutant(
        "import-answers-204",
        "An import is accepted with 204, without a body.",
        on("importMasterData").good().status(204).body(lambda body: b""),
        check="answers-satisfy-the-contract",
    ),
    mutant(
        "import-answers-500",
        "The import answers 500 although it works.",
        on("importMasterData").good().status(500),
        check="valid-import-is-accepted",
    ),
    mutant(
        "lists-answer-206",
        "Lists are answered as a part.",
        on(*LISTS).good().status(206),
        check="answers-satisfy-the-contract",
    ),
    mutant(
        "job-answers-202",
        "A look at a job is answered with 202.",
        on("getJob").good().status(202),
        check="answers-satisfy-the-contract",
    ),
    mutant(
        "head-answers-204",
        "HEAD is answered with 204, whatever GET would answer.",
        on().asking(lambda r: r.method == "HEAD").status(204),
        check="head-is-a-get-without-body",
    ),
    mutant(
        "internal-number-a-text",
        "The vendor's own number is a text.",
        on(*READS).good().answer(records(change("internalId", str))),
        check="answers-satisfy-the-contract",
    ),
    mutant(
        "internal-number-missing",
        "The vendor's own number is missing.",
        on("getContacts", "getContactById", "listProperties", "getPropertyById")
        .good()
        .answer(records(drop("internalId"))),
        check="answers-satisfy-the-contract",
    ),
    mutant(
        "internal-number-changes",
        "The vendor's own number is another one in each answer.",
        lambda: _Renumbered(),
        check="reading-has-no-effect",
    ),
    mutant(
        "registered-null",
        "Whether somebody has registered is null.",
        on(*CONTACTS).good().answer(records(put("isRegistered", None))),
        check="answers-satisfy-the-contract",
    ),
    mutant(
        "website-left-out",
        "The contact of version 1 has no `website`.",
        on("getContacts", "getContactById").good().answer(records(drop("website"))),
        check="answers-satisfy-the-contract",
        versions=V1,
    ),
    mutant(
        "company-named-as-imported",
        "The contact of version 1 has `companyName` in place of `company`.",
        on("getContacts", "getContactById").good().answer(records(rename("company", "companyName"))),
        check="answers-satisfy-the-contract",
        versions=V1,
    ),
    mutant(
        "units-of-a-property-as-records",
        "A property shows its units whole in place of their ids.",
        on("listProperties", "getPropertyById")
        .good()
        .answer(records(change("addresses/*/units/*", lambda i: {"id": i}))),
        check="answers-satisfy-the-contract",
        versions=V2,
    ),
    mutant(
        "link-null-missing",
        "The last page has no link in place of null.",
        on(*LISTS).good().answer(change("_links", lambda links: {k: v for k, v in links.items() if v})),
        check="answers-satisfy-the-contract",
        versions=V2,
    ),
    mutant(
        "link-an-object",
        "The link to the next page is an object.",
        on(*LISTS).good().answer(change("_links/next", lambda link: link and {"href": link})),
        check="answers-satisfy-the-contract",
        versions=V2,
    ),
    mutant(
        "counts-as-texts",
        "Count and number of pages are texts.",
        on("getContacts").good().answer(edits(change("count", str), change("pageCount", str))),
        check="answers-satisfy-the-contract",
        versions=V1,
    ),
    mutant(
        "texts-escaped-for-html",
        "Texts are escaped as if they were shown in HTML.",
        on(*READS).good().answer(strings(lambda s: s.replace("&", "&amp;").replace("<", "&lt;").replace("'", "&#39;"))),
        check="imported-records-are-stored",
    ),
    mutant(
        "connection-lost-in-lists",
        "The connection ends in the middle of a list.",
        on(*LISTS).good().then(_cut),
        check="every-request-is-answered",
        sockets=True,
    ),
    mutant(
        "connection-lost-in-jobs",
        "The connection ends in the middle of a job.",
        on("getJob").good().then(_cut),
        check="every-request-is-answered",
        sockets=True,
    ),
)


class _Renumbered:
    """Gives every record another number of the vendor's in each answer."""

    def __init__(self) -> None:
        self._number = 0

    async def __call__(self, request, forward):  # type: ignore[no-untyped-def]
        response = await forward(request)
        if request.operation not in READS or not response.ok:
            return response
        self._number += 1000
        return response.with_json(records(change("internalId", lambda n: n + self._number))(response.json))
