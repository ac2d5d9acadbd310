"""The Flask application of the console: guards, headers, errors, files; the pages are in modules of their own."""

import functools
import hashlib
import io
import logging
from importlib.resources import files
from typing import IO, Any
from urllib.parse import quote

from flask import Flask, Request, Response, g, make_response, request, session, url_for
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from casavi_mock.console import accounts, clock, data, faults, jobs, journal, records, registers, sending
from casavi_mock.console.desk import Desk, Send
from casavi_mock.console.page import account_or_none, clock_version, desk, go, go_back, path_of, show, unchanged
from casavi_mock.console.session import (
    CookiePerPort,
    base_url,
    from_own_address,
    is_token,
    knows_token,
    log_in,
    only_navigates,
)
from casavi_mock.console.texts import Room, body_text, bytes_text, counted, moment_text, short, span_text, with_code
from casavi_mock.control.call import ControlPlane
from casavi_mock.control.guard import TOKEN_HEADER, check_browser
from casavi_mock.control.hosts import Hosts
from casavi_mock.control.problems import TITLES, Problem
from casavi_mock.control.verbs import MAX_STATE_BYTES
from casavi_mock.domain.model import Secret
from casavi_mock.system import entropy
from casavi_mock.version import __version__

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""Nothing but what this server has, and no script or style inside of a page."""

ASSETS = {
    "console.css": "text/css; charset=utf-8",
    "console.js": "text/javascript; charset=utf-8",
    "htmx.min.js": "text/javascript; charset=utf-8",
    "htmx-license.txt": "text/plain; charset=utf-8",
    "icon.svg": "image/svg+xml",
}

MAX_QUERY = 500
"""Characters of a query that each button of a page leads back to; of a longer one only the path."""

MAX_FORM_BYTES = 2_000_000
"""Longest body of a form that takes no file."""

TAKE_FILES = frozenset({"sending.send", "data.load"})
"""Endpoints whose forms take files."""

_HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # without a referrer a browser would call the origin of a form null
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

log = logging.getLogger("casavi_mock.control")


class _Request(Request):
    """A request whose files stay in memory: there may be no place to write to."""

    def _get_file_stream(self, *arguments: Any, **others: Any) -> IO[bytes]:
        return io.BytesIO()


def console_app(plane: ControlPlane, send: Send, token: Secret | None = None, *, hosts: Hosts | None = None) -> Flask:
    """Returns the console.

    Args:
        plane: The control plane.
        send: Posts to the vendor's API.
        token: The control token, without which only the log-in is shown; nobody needs one if None.
        hosts: The names under which it may be asked for, as for the control plane.
    """
    app = Flask("casavi_mock.console", static_folder=None)
    app.request_class = _Request
    app.secret_key = entropy(32)
    app.session_interface = CookiePerPort()
    app.config.update(
        MAX_CONTENT_LENGTH=MAX_STATE_BYTES + 1_000_000,
        MAX_FORM_MEMORY_SIZE=MAX_STATE_BYTES,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Strict",
    )
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    app.extensions["casavi_mock.desk"] = Desk(plane, send, base_url)
    known_hosts = hosts or Hosts()
    for module in (accounts, clock, data, faults, jobs, journal, records, registers, sending):
        app.register_blueprint(module.pages, url_prefix="/console")
    _guard(app, known_hosts, token)
    _handle_errors(app)
    _add_log_in(app, token)
    _add_templates(app, token)
    return app


def _guard(app: Flask, hosts: Hosts, token: Secret | None) -> None:
    @app.before_request
    def guarded() -> AnyResponse | None:
        hosts.check(request)
        if not only_navigates(request) and not from_own_address(request):
            check_browser(request, forwarded=hosts.forwarded)
        if request.endpoint not in TAKE_FILES:
            request.max_content_length = request.max_form_memory_size = MAX_FORM_BYTES
        site = request.headers.get("Sec-Fetch-Site", "same-origin").strip().lower()
        if request.method not in ("GET", "HEAD") and site not in ("same-origin", "none"):
            raise Problem(403, "A page of another origin sends this; only this server's own may.", "Sec-Fetch-Site")
        g.allowed = token is None or knows_token() or is_token(request.headers.get(TOKEN_HEADER, ""), token)
        if g.allowed or request.endpoint in ("asset", "log_in"):
            return None
        answer = make_response(show("log-in.html", wrong=False, back=_here() if _may_return() else ""), 401)
        answer.headers["WWW-Authenticate"] = TOKEN_HEADER
        if request.headers.get("HX-Request"):
            answer.headers["HX-Refresh"] = "true"  # what asks again by itself asks for the log-in
        return answer

    @app.after_request
    def with_headers(response: Response) -> Response:
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        response.headers.setdefault("Cache-Control", "no-store")
        return response


def _may_return() -> bool:
    return request.method == "GET" and len(request.full_path) < 1_000 and not request.headers.get("HX-Request")


def _add_log_in(app: Flask, token: Secret | None) -> None:
    @app.route("/console/log-in", endpoint="log_in", methods=["GET", "POST"])
    def log_in_page() -> Any:
        if token is None:
            return go("jobs.jobs")
        if request.method == "GET":
            return show("log-in.html", wrong=False, back="")
        if not is_token(request.form.get("token", ""), token):
            return make_response(show("log-in.html", wrong=True, back=request.form.get("back", "")), 401)
        log_in()
        return go_back("jobs.jobs")

    @app.post("/console/log-out")
    def log_out() -> AnyResponse:
        session.clear()
        return go("log_in")


def _add_templates(app: Flask, token: Secret | None) -> None:
    @app.get("/console/assets/<name>")
    def asset(name: str) -> AnyResponse:
        if name not in ASSETS:
            raise Problem(404, "There is no such file.")
        answer = make_response(_asset(name)[0])
        answer.headers["Content-Type"] = ASSETS[name]
        answer.headers["Cache-Control"] = "max-age=86400"
        return answer

    @app.get("/console")
    def console() -> AnyResponse:
        return go("jobs.jobs")

    @app.get("/console/strip")
    def strip() -> Any:
        found = account_or_none()
        if found is None:
            return make_response("", 204)
        version = _strip_version()
        return unchanged(version) or show("strip.html")

    @app.url_defaults
    def with_account(endpoint: str, values: dict[str, Any]) -> None:
        name = request.args.get("account", "") if request else ""
        if endpoint != "asset" and 0 < len(name) < 20:
            values.setdefault("account", name)

    @app.context_processor
    def common() -> dict[str, Any]:
        return {
            "asset": lambda name: url_for("asset", name=name, v=_asset(name)[1]),
            "release": __version__,
            "token_wanted": token is not None,
            "room": g.setdefault("room", Room()),
            "desk": desk(),
            "account": account_or_none() if g.get("allowed") else None,
            "allowed": g.get("allowed", False),
            "strip_version": _strip_version,
            "here": _here(),
        }

    app.jinja_env.filters.update(short=short, body=body_text, code=with_code, counted=counted)
    app.jinja_env.filters.update(bytes=bytes_text, moment=moment_text, span=span_text)


def _here() -> str:
    """Returns the path of the page that is shown: a part of one that htmx asks for tells it in a header."""
    address = request.headers.get("HX-Current-URL", "")
    shown = path_of(address)
    query = address.partition("#")[0].partition("?")[2] if shown else request.query_string.decode("ascii", "replace")
    path = shown or quote(f"{request.script_root}{request.path}")
    return f"{path}?{query}" if 0 < len(query) < MAX_QUERY else path


def _strip_version() -> str:
    found = account_or_none()
    if found is None:
        return ""
    parts = (found.queue.held, found.queue.unfinished, len(found.faults), clock_version(found))
    return "-".join(map(str, parts))


@functools.cache
def _asset(name: str) -> tuple[bytes, str]:
    """Returns a file and a mark of its contents, so that a browser asks for a new one under a new address."""
    content = files("casavi_mock.console").joinpath("assets", name).read_bytes()
    return content, hashlib.blake2b(content, digest_size=4).hexdigest()


def _handle_errors(app: Flask) -> None:
    @app.errorhandler(Problem)
    def refused(problem: Problem) -> AnyResponse:
        return _problem_page(problem)

    @app.errorhandler(HTTPException)
    def refused_by_routing(error: HTTPException) -> AnyResponse:
        if error.code in (301, 302, 303, 307, 308):
            return error.get_response()
        detail = {404: "The console has no such page.", 405: "This page takes no such request."}.get(error.code or 500)
        headers = [("Connection", "close")] if error.code == 413 else []  # what is left of the body is not read
        return _problem_page(Problem(error.code or 500, detail or error.description or error.name, headers=headers))

    @app.errorhandler(Exception)
    def failed(error: Exception) -> AnyResponse:
        log.error("the console failed", exc_info=error)
        return _problem_page(Problem(500, "The mock failed; its log has more."))


def _problem_page(problem: Problem) -> AnyResponse:
    try:
        account_or_none()
    except Problem:  # the account is what is unknown
        g.account = None
    title = TITLES.get(problem.status, "The request is refused")
    answer = make_response(show("problem.html", problem=problem, title=title), problem.status)
    for name, value in problem.headers:
        answer.headers[name] = value
    return answer
