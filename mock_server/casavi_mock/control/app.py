"""The Flask application of the control plane; its routes are those of the document."""

import logging
from collections.abc import Callable, Mapping
from typing import Any

import orjson
from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound

from casavi_mock.accounts import Registry
from casavi_mock.control import accounts, data, faults, jobs, journal, server
from casavi_mock.control.call import KEY_HEADER, NEW_KEY_HEADER, Call, ControlPlane, Handler
from casavi_mock.control.document import load_document
from casavi_mock.control.guard import check_browser, check_token, read_body
from casavi_mock.control.hosts import Hosts
from casavi_mock.control.problems import MEDIA_TYPE, Problem
from casavi_mock.control.verbs import Verb, verbs
from casavi_mock.domain.model import Secret
from casavi_mock.vendor.suggestions import did_you_mean

HANDLERS: Mapping[str, Handler] = {
    **server.HANDLERS,
    **accounts.HANDLERS,
    **data.HANDLERS,
    **journal.HANDLERS,
    **jobs.HANDLERS,
    **faults.HANDLERS,
}
"""What does the work of each operation of the document."""

ADDRESS = "casavi_mock.address"
"""Where the scope of a request holds the public address of the server, if that is not the one of the request."""

log = logging.getLogger("casavi_mock.control")


def control_app(
    registry: Registry,
    readiness: Mapping[str, bool],
    token: Secret | None = None,
    *,
    only_open: bool = False,
    hosts: Hosts | None = None,
    facts: Mapping[str, Callable[[], Any]] | None = None,
    saved: Callable[[], str | None] | None = None,
) -> Flask:
    """Returns the control plane.

    Args:
        registry: The accounts.
        readiness: Parts of the server, and whether each is ready; read anew on each request.
        token: The control token, without which only health and readiness are told; nobody needs one if None.
        only_open: Whether there is nothing but health and readiness.
        hosts: The names under which it may be asked for, health and readiness apart; only those of loopback, and the
            address that a request came to, if None.
        facts: What health tells beside what the accounts hold, by name; asked anew on each request.
        saved: Waits until what was done is saved, and returns why it cannot be; None if nothing is saved.
    """
    app = Flask("casavi_mock", static_folder=None)
    app.url_map.merge_slashes = False
    document = load_document(registry.settings)
    plane = ControlPlane(registry, readiness, document, facts, saved)
    known = {verb.id: verb for verb in verbs(document) if verb.open or not only_open}

    known_hosts = hosts or Hosts()

    @app.before_request
    def guarded() -> None:
        check_browser(request, forwarded=known_hosts.forwarded)
        verb = known.get(request.endpoint or "")
        if verb and verb.open:
            return
        known_hosts.check(request)
        if token is not None:
            check_token(request, token)

    for verb in known.values():
        path = verb.path.replace("{key}", "<path:key>").replace("{", "<").replace("}", ">")
        app.add_url_rule(path, verb.id, _view(plane, verb), methods=[verb.method], provide_automatic_options=False)
    _handle_errors(app, sorted({verb.path for verb in known.values()}), document["x-former"])
    return app


def _view(plane: ControlPlane, verb: Verb) -> Callable[..., Response]:
    def view(**path: str) -> Response:
        verb.check_path(path)
        query = verb.query(request.args.to_dict(flat=False))
        raw = b"" if verb.open else read_body(request, verb.max_bytes)  # nobody can keep health waiting
        headers = {name.lower().encode("latin-1"): value.encode("latin-1") for name, value in request.headers.items()}
        body = verb.body(headers, raw)
        key = headers.get(KEY_HEADER.lower().encode())
        if verb.id == "createAccount":  # there is no account that could be meant, but there may be a key for it
            key = headers.get(NEW_KEY_HEADER.lower().encode())
        named = None if key is None else key.decode("utf-8", "replace")
        address = request.environ.get("asgi.scope", {}).get(ADDRESS)
        base_url = address or f"{request.scheme}://{request.headers.get('Host', 'localhost')}"
        call = Call(plane, named, base_url, path, query, body)
        answer = HANDLERS[verb.id](call)
        plane.settle(verb.method)
        return _response(answer.body, answer.status, answer.media_type)

    return view


def _handle_errors(app: Flask, paths: list[str], former: Mapping[str, str]) -> None:
    @app.errorhandler(Problem)
    def refused(problem: Problem) -> Response:
        return _problem(problem)

    @app.errorhandler(HTTPException)
    def refused_by_routing(error: HTTPException) -> Response:
        return _problem(_from_http(error, paths, former))

    @app.errorhandler(Exception)
    def failed(error: Exception) -> Response:
        log.error("the control plane failed", exc_info=error)
        return _problem(Problem(500, "The mock failed; its log has more."))


def _from_http(error: HTTPException, paths: list[str], former: Mapping[str, str]) -> Problem:
    if isinstance(error, MethodNotAllowed):
        possible = sorted(set(error.valid_methods or ()) - {"HEAD"})
        detail = f"{request.method[:20]} cannot be done with {(request.script_root + request.path)[:200]!r}."
        return Problem(405, detail, "", " or ".join(possible), request.method[:20], possible)
    if isinstance(error, NotFound):
        known = [request.script_root + path for path in paths]
        if new := former.get(request.path):
            here = request.script_root + new
            return Problem(404, f"This path is {here} now.", "", here, "its former name", [here])
        detail = f"The control plane has nothing at this path.{did_you_mean(request.script_root + request.path, known)}"
        return Problem(404, detail, "", "a known path", "another one", known)
    return Problem(error.code or 500, error.description or error.name)


def _problem(problem: Problem) -> Response:
    response = _response(orjson.dumps(problem.body), problem.status, MEDIA_TYPE)
    for name, value in problem.headers:
        response.headers[name] = value
    if problem.status == 405:
        response.headers["Allow"] = ", ".join(problem.possible)
    return response


def _response(body: bytes, status: int, media_type: str) -> Response:
    response = Response(body, status, content_type=media_type)
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    if status == 204:
        del response.headers["Content-Type"]
    return response
