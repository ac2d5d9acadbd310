"""Who may see the console: a cookie, given for the control token, that no script can read and no other site sends."""

import hmac
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Request, request, session
from flask.sessions import SecureCookieSessionInterface

from casavi_mock.domain.model import Secret

MEMBER = "known"
"""Member of the session of whoever has sent the control token."""

_NAVIGATES = {"sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}


class CookiePerPort(SecureCookieSessionInterface):
    """Flask's signed cookie, under a name of its own for each port: browsers tell no port of a host from another."""

    def get_cookie_name(self, app: Flask) -> str:
        """Returns the name of the cookie."""
        port = request.host.rpartition(":")[2]
        return f"casavi-mock-{port if port.isdecimal() and len(port) < 6 else 'console'}"

    def get_cookie_path(self, app: Flask) -> str:
        """Returns where the cookie is sent."""
        return f"{request.script_root}/console"

    def get_cookie_secure(self, app: Flask) -> bool:
        """Returns whether the cookie goes over TLS alone."""
        return base_url().startswith("https:")


def base_url() -> str:
    """Returns the address of the server as its users know it, without a slash at its end."""
    return public_address(request) or f"{request.scheme}://{request.host}"


def public_address(asked: Request) -> str:
    """Returns the address that the server was told to have, empty if it was told none."""
    address: str = asked.environ.get("asgi.scope", {}).get("casavi_mock.address", "")
    return address


def from_own_address(asked: Request) -> bool:
    """Whether a page of the server sends this, behind a proxy that has its own idea of the header `Host`."""
    address, origin = public_address(asked), asked.headers.get("Origin")
    if not address or origin is None or asked.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        return False
    own = urlsplit(address)
    return origin.lower() == f"{own.scheme}://{own.netloc}".lower()


def is_token(came: str, token: Secret) -> bool:
    """Whether a text is the control token."""
    return hmac.compare_digest(came.encode("utf-8", "replace"), token.reveal().encode())


def log_in() -> None:
    """Remembers that the browser has sent the control token."""
    session.clear()
    session[MEMBER] = True


def knows_token() -> bool:
    """Whether the browser has sent the control token."""
    return session.get(MEMBER) is True


def only_navigates(asked: Request) -> bool:
    """Whether a browser shows this page to its user, and no page of another origin gets to see or frame it."""
    headers: Any = asked.headers
    return asked.method in ("GET", "HEAD") and all(
        headers.get(name, "").strip().lower() == value for name, value in _NAVIGATES.items()
    )
