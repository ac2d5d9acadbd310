"""Mutants that answer otherwise than casavi is known to: jobs, tokens, errors and lists."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode

from pytest_casavi.mutants.exchange import Request, Response
from pytest_casavi.mutants.mutant import Ask, Respond

LOG_INS = ("authenticate", "refreshToken")
IMPORT = "importMasterData"
JOB = "getJob"

SLOW_SECONDS = 0.5
BURST = 2

ENTRIES = ("list", "content")
"""Members that hold the records of a page, in version 2 and 1."""


def problem(status: int, detail: str, **headers: str) -> Response:
    """Returns an error of casavi's form."""
    body = {"type": "about:blank", "title": detail, "status": status, "detail": detail}
    kind = {"content-type": "application/problem+json"}
    return Response(status, json=body, headers={**kind, **{name.replace("_", "-"): of for name, of in headers.items()}})


def _good_json(operations: tuple[str, ...], change: Callable[[Request, dict[str, Any]], object]) -> Respond:
    """Returns a mutant that changes objects in good answers of some operations; of all if none are named."""

    def respond(request: Request, response: Response) -> Response:
        wanted = request.operation in operations if operations else request.operation is not None
        if wanted and response.good and isinstance(response.json, dict):
            change(request, response.json)
        return response

    return respond


# Jobs


def _new_state(request: Request, job: dict[str, Any]) -> None:
    if job.get("status") == "completed":
        job["status"] = "done"


def _upper_state(request: Request, job: dict[str, Any]) -> None:
    job["status"] = str(job.get("status", "")).upper()


def _no_errors(request: Request, job: dict[str, Any]) -> None:
    if job.get("errors") == []:
        job["errors"] = None


def _fewer_errors(request: Request, job: dict[str, Any]) -> None:
    if job.get("errors"):
        job["errors"] = job["errors"][:-1]


def _no_zeros(request: Request, job: dict[str, Any]) -> None:
    counts = job.get("counts") or {}
    told = {kind: {name: number for name, number in one.items() if number} for kind, one in counts.items()}
    job["counts"] = {kind: one for kind, one in told.items() if one}


def _goes_back(request: Request, job: dict[str, Any]) -> None:
    looks = request.state[request.path] = request.state.get(request.path, 0) + 1
    if looks <= 2 and len(request.state) == 1:  # the first job alone: a client may wait for real
        job.update(status="active" if looks == 1 else "waiting", finishedAt=None)


def unknown_at_first(request: Request) -> Request | Response:
    """Says at the first look that there is no such job."""
    if request.operation != JOB or request.path in request.state:
        return request
    request.state[request.path] = True
    return problem(404, "There is no such job.")


def numbered(request: Request, response: Response) -> Response:
    """Gives out numbers as ids of jobs."""
    name = {IMPORT: "jobId", JOB: "id"}.get(request.operation or "")
    if name and response.good and isinstance(response.json, dict) and isinstance(response.json.get(name), str):
        ids = request.state.setdefault("ids", {})
        response.json[name] = ids.setdefault(response.json[name], 4000 + len(ids))
    return response


def by_number(request: Request) -> Request:
    """Finds a job by its number."""
    if request.operation == JOB:
        head, _, number = request.path.rpartition("/")
        known = {str(given): text for text, given in request.state.get("ids", {}).items()}
        request.path = f"{head}/{known.get(unquote(number), number)}"
    return request


def _first_import(fault: str) -> Ask:
    def ask(request: Request) -> Request:
        if request.operation == IMPORT and not request.faulty and fault not in request.state:
            request.state[fault] = True
            request.fault = fault
        return request

    return ask


failing = _first_import("job-fails")
lost = _first_import("lost-response")


def two_hundred(request: Request, response: Response) -> Response:
    """Answers an import by 200."""
    if request.operation == IMPORT and response.good:
        response.status = 200
    return response


def _more(request: Request, value: dict[str, Any]) -> None:
    value["links"] = {"self": request.path}
    for name in ENTRIES:
        for entry in value.get(name) or ():
            entry["etag"] = "W/1"


new_state = _good_json((JOB,), _new_state)
upper_state = _good_json((JOB,), _upper_state)
no_errors = _good_json((JOB,), _no_errors)
fewer_errors = _good_json((JOB,), _fewer_errors)
no_zeros = _good_json((JOB,), _no_zeros)
goes_back = _good_json((JOB,), _goes_back)
more_members = _good_json((), _more)

# Tokens


def _expires(written: Callable[[datetime], Any]) -> Respond:
    def change(request: Request, token: dict[str, Any]) -> None:
        if isinstance(token.get("expiresAt"), str):
            token["expiresAt"] = written(datetime.fromisoformat(token["expiresAt"]))

    return _good_json(LOG_INS, change)


expires_naive = _expires(lambda at: at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds"))
expires_seconds = _expires(lambda at: int(at.timestamp()))
expires_offset = _expires(lambda at: at.astimezone(timezone(timedelta(hours=2))).isoformat(timespec="milliseconds"))
expires_null = _expires(lambda at: None)


def no_refresh(request: Request, response: Response) -> Response:
    """Refuses every refresh."""
    return problem(401, "This token cannot be refreshed.") if request.operation == "refreshToken" else response


def forbidden(request: Request, response: Response) -> Response:
    """Answers a token that is no good by 403."""
    if response.status == 401 and request.operation not in LOG_INS:
        response.status = 403
        if isinstance(response.json, dict) and "status" in response.json:
            response.json["status"] = 403
    return response


# Errors


def dated_retry_after(request: Request, response: Response) -> Response:
    """Says by a date when to come back."""
    if (seconds := response.headers.get("retry-after", "")).isdigit():
        due = (request.now + timedelta(seconds=int(seconds) + 1)).astimezone(UTC)  # a date has no parts of a second
        response.headers["retry-after"] = format_datetime(due, usegmt=True)
    return response


def _error(body: bytes, media_type: str) -> Respond:
    def respond(request: Request, response: Response) -> Response:
        if response.status >= 400:
            response.body, response.headers["content-type"] = body, media_type
        return response

    return respond


html_error = _error(b"<html><body><h1>Something went wrong</h1></body></html>", "text/html; charset=utf-8")
list_error = _error(b'[{"message": "Something went wrong"}]', "application/json")
empty_error = _error(b"", "application/json")

# Lists


def unfiltered_link(request: Request, response: Response) -> Response:
    """Leaves the filters out of the link to the next page."""
    links = response.json.get("_links") if response.good and isinstance(response.json, dict) else None
    if links and links.get("next"):
        address, _, query = links["next"].partition("?")
        place = [(name, value) for name, value in parse_qsl(query) if name in ("page", "after")]
        links["next"] = f"{address}?{urlencode(place)}"
    return response


def _page(request: Request, response: Response) -> tuple[str | None, bool]:
    """Returns the member that holds the records of a page of a list, and whether it is a further one."""
    value = response.json if response.good and request.method == "GET" else None
    name = next((one for one in ENTRIES if isinstance(value, dict) and isinstance(value.get(one), list)), None)
    place = dict(parse_qsl(request.query))
    return name, "after" in place or place.get("page", "0") not in ("0", "")


def no_last_page(request: Request, response: Response) -> Response:
    """Leaves the last page empty, if it is not the only one."""
    name, further = _page(request, response)
    if name and further:
        value = response.json
        last = value["_links"]["next"] is None if "_links" in value else value["page"] + 1 >= value["pageCount"]
        if last:
            value[name] = []
    return response


def same_page(request: Request, response: Response) -> Response:
    """Shows the records of the first page in the place of those of the second."""
    name, further = _page(request, response)
    if name is None:
        return response
    if not further:
        request.state[request.path] = response.json[name]
    elif request.path in request.state:
        response.json[name] = request.state.pop(request.path)
    return response


# Connections and limits


def burst(request: Request) -> Request | Response:
    """Refuses the first calls after a log-in."""
    if request.operation in (None, *LOG_INS) or request.faulty or request.state.get("calls", 0) >= BURST:
        return request
    request.state["calls"] = request.state.get("calls", 0) + 1
    return problem(429, "Too many requests.", retry_after="1")


def slow(request: Request, response: Response) -> Response:
    """Lets the first byte of one answer wait."""
    if request.operation not in (None, *LOG_INS) and "slow" not in request.state:
        request.state["slow"] = True
        response.seconds = SLOW_SECONDS
    return response


def reset(request: Request) -> Request | Response:
    """Resets the connection at the first look at a job."""
    if request.operation != JOB or request.faulty or "reset" in request.state:
        return request
    request.state["reset"] = True
    return Response(cut="reset")
