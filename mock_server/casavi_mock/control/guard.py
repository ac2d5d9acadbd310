"""Who may use the control plane: no browser of another origin, and only with the control token if there is one."""

import hmac
from urllib.parse import urlsplit

from flask import Request

from casavi_mock.control.problems import Problem
from casavi_mock.domain.model import Secret

TOKEN_HEADER = "X-Mock-Token"  # noqa: S105  # the name of a header


def check_browser(request: Request, *, forwarded: bool = False) -> None:
    """Refuses what a page of another origin makes a browser send.

    Args:
        request: The request.
        forwarded: Whether a proxy tells in `X-Forwarded-Host` what the page is called.

    Raises:
        Problem: The request comes from another origin.
    """
    origin = request.headers.get("Origin")
    host = (forwarded and request.headers.get("X-Forwarded-Host", "").partition(",")[0].strip()) or None
    if origin is not None and not _same(origin, host or request.headers.get("Host", "")):
        raise _foreign("Origin")
    if request.headers.get("Sec-Fetch-Site", "").strip().lower() == "cross-site":
        raise _foreign("Sec-Fetch-Site")


def check_token(request: Request, token: Secret) -> None:
    """Refuses whoever does not know the control token.

    Raises:
        Problem: The token is missing or wrong.
    """
    came = request.headers.get(TOKEN_HEADER)
    # headers come as latin-1; comparing bytes takes as long whatever differs
    if came is None or not hmac.compare_digest(came.encode("latin-1", "replace"), token.reveal().encode()):
        got = "none" if came is None else "another one"
        detail = f"Send the control token of this server in the header {TOKEN_HEADER}."
        raise Problem(401, detail, TOKEN_HEADER, "the control token", got, headers=[("WWW-Authenticate", TOKEN_HEADER)])


def read_body(request: Request, max_bytes: int) -> bytes:
    """Returns the body of a request; no more than so many bytes are read.

    Raises:
        Problem: It is longer than that, or ends too early.
    """
    announced = request.headers.get("Content-Length", "")
    length = int(announced[:20]) if announced.isdecimal() and announced.isascii() else None
    if length is not None and length > max_bytes:
        raise _too_long(max_bytes)
    # werkzeug takes a body without an announced length for none at all; an ASGI server knows its end
    raw: bytes = request.environ["wsgi.input"].read(max_bytes + 1 if length is None else length)
    if len(raw) > max_bytes:
        raise _too_long(max_bytes)
    if length is not None and len(raw) < length:
        raise Problem(400, "The body ended too early.", "", f"{length} bytes", f"{len(raw)} bytes")
    return raw


def _same(origin: str, host: str) -> bool:
    try:
        came = urlsplit(origin)
    except ValueError:
        return False
    return bool(came.netloc) and came.scheme in ("http", "https") and came.netloc.lower() == host.lower()


def _foreign(header: str) -> Problem:
    detail = f"The header {header} says that a page of another origin sends this; only this server's own may."
    return Problem(403, detail, header, "the origin of this server, or no browser at all", "another origin")


def _too_long(max_bytes: int) -> Problem:
    detail = f"The body is longer than {max_bytes} bytes."
    # what is left of the body is not read
    return Problem(413, detail, "", f"at most {max_bytes} bytes", "more", headers=[("Connection", "close")])
