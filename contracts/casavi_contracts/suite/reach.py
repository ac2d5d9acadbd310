"""How requests reach the server, and why they do not."""

import re
from typing import Any

import httpx

from casavi_contracts.failures import CouldNotRun
from casavi_contracts.http.network import UnusableVariable, connection_settings, without_bytes
from casavi_contracts.http.safety import Bounded
from casavi_contracts.http.target import ControlPlane, InProcess
from casavi_contracts.suite.settings import Settings

IN_PROCESS = "http://casavi-mock.test"
"""Address of an application in this process; no name of the network can be under `test`."""

CONTROL_HEADER = "X-Mock-Token"
"""By the name of this header a mock asks for its control token."""


def transport_to(settings: Settings) -> httpx.BaseTransport:
    """Returns what carries requests to the server; nothing is sent yet.

    Raises:
        CouldNotRun: There is neither address nor application, or the environment does not say how it is reached.
    """
    if settings.application is not None:
        return InProcess(settings.application, settings.timeout)
    if settings.url is None:
        raise CouldNotRun("there is nothing to judge: give an address, as CASAVI_URL or --casavi-check-url")
    try:
        reached = connection_settings(settings.url)
    except UnusableVariable as error:
        raise CouldNotRun(str(error)) from None
    return Bounded(httpx.Client(timeout=settings.timeout, **reached), settings.timeout)


class _Forgetful(httpx.Cookies):
    """Keeps no cookies: they would tie accounts together. To look for some in every answer took time, too."""

    def extract_cookies(self, response: httpx.Response) -> None:
        """Forgets those of an answer."""


_NO_COOKIES = _Forgetful()


class _Client(httpx.Client):
    """A client with one transport: nothing is redirected, nobody logs in by HTTP, no cookie is kept.

    Args:
        transport: Sends every request.
        more: As for `httpx.Client`.
    """

    def __init__(self, transport: httpx.BaseTransport, **more: Any) -> None:
        super().__init__(transport=transport, **more)
        self._only = transport

    def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        """Sends a request and returns the answer, whole; to look for ways on in each took a seventh of the time."""
        answer = self._only.handle_request(request)
        answer.request = request
        answer.read()
        return answer

    @property
    def cookies(self) -> httpx.Cookies:
        """None, ever."""
        return _NO_COOKIES

    @cookies.setter
    def cookies(self, cookies: object) -> None:
        """Changes nothing."""


def client_of(settings: Settings, transport: httpx.BaseTransport) -> httpx.Client:
    """Returns a client of the server that keeps no cookies."""
    return _Client(transport, base_url=settings.url or IN_PROCESS, timeout=settings.timeout)


def find_plane(settings: Settings, http: httpx.Client) -> ControlPlane | None:
    """Returns the control plane of a mock; None if the server has none, and so counts as real.

    Raises:
        CouldNotRun: There is no server, or it is a mock that wants another control token.
    """
    try:
        plane = ControlPlane.find(http, settings.control_token)
        if plane is None:
            _demand_token(settings, http)
    except httpx.HTTPError as error:
        raise CouldNotRun(f"{settings.url}: {why(error, settings.timeout)}") from error
    return plane


def _demand_token(settings: Settings, http: httpx.Client) -> None:
    """Tells a mock that wants a control token from a server that is none."""
    answer = http.get("/_mock/version")
    if answer.headers.get("www-authenticate") == CONTROL_HEADER:
        which = "does not take this control token" if settings.control_token else "wants a control token"
        raise CouldNotRun(f"the mock at {settings.url} {which} (--control-token, CASAVI_MOCK_CONTROL_TOKEN)")


def why(error: httpx.HTTPError, seconds: float) -> str:
    """Returns in words why no answer came, and what to do about it.

    Args:
        error: As httpx raised it.
        seconds: That were waited at most.
    """
    text = without_bytes(str(error))
    if isinstance(error, httpx.ConnectTimeout | httpx.PoolTimeout):
        return f"no connection within {seconds:g} s"
    if isinstance(error, httpx.TimeoutException):
        return f"no answer within {seconds:g} s (--timeout)"
    if "CERTIFICATE_VERIFY_FAILED" in text:
        detail = re.sub(r"^.*?CERTIFICATE_VERIFY_FAILED\]\s*|\s*\(_ssl.*$", "", text)
        return f"TLS: {detail}; if the certificate is good, name its issuer in SSL_CERT_FILE"
    if "SSL" in text or "TLS" in text:
        return f"TLS: the server does not speak it there as it should; is the address http:// ? ({_bare(text)})"
    if isinstance(error, httpx.ProxyError):
        return f"the proxy does not let it through: {_bare(text)}"
    if isinstance(error, httpx.ConnectError):
        return f"no connection ({_bare(text) or 'refused'}); is the server running, and is the address right?"
    return _bare(text) or type(error).__name__


def _bare(text: str) -> str:
    return re.sub(r"^\[(?:Errno|SSL)[^\]]*\]\s*|\s*\(_ssl.*$", "", text).strip()
