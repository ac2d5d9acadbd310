"""HTTP by which the plugin reaches a mock at an address, past everything that tests put in the way of HTTP.

Recorders and mocks of HTTP replace methods and names of the libraries that clients use, also those of the standard
library. So the connections here are classes of their own, with the methods and sockets of before any test ran.
"""

import base64
import contextlib
import json
import os
import socket
import ssl
import threading
from collections.abc import Mapping
from functools import partial
from http.client import HTTPConnection, HTTPException, HTTPResponse
from types import FunctionType
from typing import Any, NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit

from casavi_contracts.http.network import UnusableVariable, proxy_for, trusted

CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 120.0
"""A clock that is moved by years has much to do."""

_getaddrinfo = partial(socket.getaddrinfo)
_Lock = partial(threading.Lock)


class Unreachable(Exception):
    """Nothing answers, or not as HTTP.

    Args:
        reason: Why.
        refused: Whether nobody listens there.
    """

    def __init__(self, reason: str, *, refused: bool = False) -> None:
        super().__init__(reason)
        self.refused = refused


class Reply(NamedTuple):
    """What was answered."""

    status: int
    body: bytes

    @property
    def good(self) -> bool:
        """Whether the answer says that all went well."""
        return 200 <= self.status < 300

    def json(self) -> Any:
        """Returns the body as JSON.

        Raises:
            ValueError: It is none.
        """
        try:
            return json.loads(self.body)
        except RecursionError:
            raise ValueError("it is nested too deeply") from None


class _Socket(socket.socket):
    """The socket that there was; `connect` is what some replace in its class."""

    connect = socket.socket.connect


class Connection(HTTPConnection):
    """A connection by a socket that nobody has replaced.

    Args:
        host: Name or address of whom it connects to.
        port: Its port.
        context: Whom it trusts; None for plain HTTP.
        tunnel: The address behind a proxy that it connects to; None if there is none.
        proxy_headers: What the proxy is told.
    """

    response_class = HTTPResponse

    def __init__(
        self,
        host: str,
        port: int,
        context: ssl.SSLContext | None = None,
        tunnel: SplitResult | None = None,
        proxy_headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(host, port)
        self._bounds: tuple[float | None, float | None] = CONNECT_SECONDS, ANSWER_SECONDS
        self._context = context
        self._name = host
        if tunnel is not None:
            self._name = str(tunnel.hostname)
            self.set_tunnel(self._name, _port(tunnel), proxy_headers or {})

    def bound(self, connect: float | None, answer: float | None) -> None:
        """Bounds how long it waits, in seconds; None for not at all.

        Args:
            connect: Until there is a connection.
            answer: For each part of an answer.
        """
        self._bounds = connect, answer
        if self.sock is not None:
            self.sock.settimeout(answer)

    def connect(self) -> None:
        """Connects; called when the first request is sent."""
        self.sock = self._connected()
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock.settimeout(self._bounds[1])
        if getattr(self, "_tunnel_host", None):
            self._tunnel()  # type: ignore[attr-defined]  # as in the standard library's own connect
        if self._context is not None:
            self.sock = self._context.wrap_socket(self.sock, server_hostname=self._name)

    def _connected(self) -> socket.socket:
        trouble: OSError = OSError("no address")
        for family, kind, protocol, _, address in _getaddrinfo(self.host, self.port, 0, socket.SOCK_STREAM):
            connection = _Socket(family, kind, protocol)
            connection.settimeout(self._bounds[0])
            try:
                connection.connect(address)
            except OSError as error:
                connection.close()
                trouble = error
            else:
                return connection
        raise trouble


for _name, _member in tuple(vars(HTTPConnection).items()):
    if isinstance(_member, FunctionType) and _name not in vars(Connection):
        setattr(Connection, _name, _member)


class Wire:
    """Sends requests to one address, one after another, by a connection that stays open.

    Args:
        url: The address.
        headers: That go with every request.

    Raises:
        casavi_contracts.http.network.UnusableVariable: The environment names a proxy or certificates that cannot be
            used.
    """

    def __init__(self, url: str, headers: Mapping[str, str] | None = None) -> None:
        self._url = urlsplit(url)
        self._headers = {"Accept": "application/json", **(headers or {})}
        self._lock = _Lock()
        self._kept: tuple[int, Connection] | None = None
        secure = self._url.scheme == "https"
        self._context = trusted(url) if secure else None
        proxy = proxy_for(url)
        self._proxy = None if proxy is None else urlsplit(proxy)
        if self._proxy is not None and self._proxy.scheme != "http":
            raise UnusableVariable(f"the plugin steers no mock through a proxy of {self._proxy.scheme}, only of http")

    def send(self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Reply:
        """Sends a request and returns what was answered.

        Args:
            method: Such as `GET`.
            path: With its query, below the address.
            body: A JSON value; none is sent if None.
            headers: Further ones.

        Raises:
            TypeError: The body cannot be said in JSON.
            Unreachable: Nothing answers.
        """
        raw = None if body is None else json.dumps(body).encode()
        sent = {**self._headers, **(headers or {})}
        if raw is not None:
            sent["Content-Type"] = "application/json"
        with self._lock:
            try:
                return self._answered(method, path, raw, sent)
            except (OSError, HTTPException) as error:
                self._drop()
                reason = str(error) or type(error).__name__
                raise Unreachable(reason, refused=isinstance(error, ConnectionRefusedError)) from error

    def close(self) -> None:
        """Closes the connection."""
        with self._lock:
            self._drop()

    def _answered(self, method: str, path: str, raw: bytes | None, headers: Mapping[str, str]) -> Reply:
        kept = self._kept is not None and self._kept[0] == os.getpid()
        try:
            return self._exchange(method, path, raw, headers)
        except (ConnectionError, HTTPException):
            if not kept:
                raise
        self._drop()  # it had been closed meanwhile, before it could take a request
        return self._exchange(method, path, raw, headers)

    def _exchange(self, method: str, path: str, raw: bytes | None, headers: Mapping[str, str]) -> Reply:
        if self._kept is None or self._kept[0] != os.getpid():  # a forked process has a connection of its own
            self._kept = os.getpid(), self._new()
        connection = self._kept[1]
        target = f"{self._url.path.rstrip('/')}{path}"
        if self._proxy is not None and self._context is None:
            headers = {**headers, **_proxy_headers(self._proxy)}
            target = f"{self._url.scheme}://{self._url.netloc}{target}"
        connection.request(method, target, raw, dict(headers))
        with connection.getresponse() as response:
            return Reply(response.status, response.read())

    def _new(self) -> Connection:
        place = self._proxy or self._url
        tunnel = self._url if self._proxy is not None and self._context is not None else None
        return Connection(str(place.hostname), _port(place), self._context, tunnel, _proxy_headers(place))

    def _drop(self) -> None:
        if self._kept is not None:
            pid, connection = self._kept
            self._kept = None
            if pid == os.getpid():
                with contextlib.suppress(OSError):
                    connection.close()


def _proxy_headers(proxy: SplitResult) -> dict[str, str]:
    """Returns what tells a proxy who asks, if its address does."""
    if proxy.username is None:
        return {}
    told = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return {"Proxy-Authorization": f"Basic {base64.b64encode(told.encode()).decode()}"}


def _port(place: SplitResult) -> int:
    return place.port or (443 if place.scheme == "https" else 80)
