"""A real proxy: listens at a port, hands every exchange through a tamper, and forwards to a server over HTTP."""

from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

import httpx

from tests.support.server import Listener
from tests.support.tamper import Request, Response, Tamper, Tampered, untouched

OF_THE_CONNECTION = ("connection", "keep-alive", "transfer-encoding", "content-length")
"""Headers that are not forwarded."""


class Proxy:
    """An ASGI application in front of a server at another address.

    Args:
        url: The address of the server.
        tamper: What is wrong.
        keep_host: Whether the server is told the host that the client asked; otherwise it sees its own.
    """

    def __init__(self, url: str, tamper: Tamper = untouched, *, keep_host: bool = True) -> None:
        self._url = httpx.URL(url)
        self._keep_host = keep_host
        self._tampered = Tampered(self._lifespan, tamper, self._forward)
        self._http: httpx.AsyncClient | None = None

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        """Handles one ASGI connection."""
        await self._tampered(scope, receive, send)

    async def _lifespan(self, scope: Any, receive: Any, send: Any) -> None:
        await receive()
        async with httpx.AsyncClient(timeout=30, trust_env=False) as self._http:
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})

    async def _forward(self, request: Request) -> Response:
        assert self._http is not None, "the lifespan comes first"
        headers = request.headers.copy()
        for name in OF_THE_CONNECTION:
            headers.pop(name, None)
        if not self._keep_host:
            headers["host"] = self._url.netloc.decode()
        target = f"{request.path}?{request.query}" if request.query else request.path
        address = self._url.copy_with(raw_path=target.encode("ascii"))
        answer = await self._http.send(httpx.Request(request.method, address, headers=headers, content=request.body))
        return Response(answer.status_code, answer.headers.copy(), answer.content)


@contextmanager
def proxy(url: str, tamper: Tamper = untouched, *, keep_host: bool = True) -> Iterator[str]:
    """Yields the address of a proxy, as long as it runs; arguments as those of `Proxy`."""
    with Listener(Proxy(url, tamper, keep_host=keep_host)).running() as there:
        yield there.url
