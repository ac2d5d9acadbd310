"""Who may see the console: a cookie, given for the control token, that no script can read and no other site sends."""

import hmac
from typing import Any

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
        return f"casavi-mock-{port if port.isdecimal() else 'console'}"

    def get_cookie_path(self, app: Flask) -> str:
        """Returns where the cookie is sent."""
        return f"{request.script_root}/console"

    def get_cookie_secure(self, app: Flask) -> bool:
        """Returns whether the cookie goes over TLS alone."""
        return request.is_secure


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
