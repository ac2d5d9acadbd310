"""mitmproxy in reverse mode with an add-on of ours: everything passes unchanged, and is looked at as it passes."""

import asyncio
import contextlib
import os
import signal
import ssl
import tempfile
import time
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from casavi_contracts.http.network import without_bytes
from casavi_mock.errors import ConfigurationError

MAX_WAITING = 64
"""Exchanges that wait to be written; beyond, the next ones wait for them."""

TOLD = 3
"""How often it is told that no answer came."""

_PORTS = {"http": 80, "https": 443}


class Kept:
    """What of a body is kept while it passes: all of it up to a bound, beyond that only its length.

    Args:
        most: Bytes.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._pieces: list[bytes] = []
        self.length = 0

    def __call__(self, piece: bytes) -> bytes:
        """Takes a piece, and lets it pass as it is."""
        self.length += len(piece)
        if self.length <= self._most:
            if piece:
                self._pieces.append(piece)
        else:
            self._pieces.clear()
        return piece

    def body(self, encoding: str) -> bytes | None:
        """Returns the body without its content encoding; None if it was too long, or cannot be decoded."""
        if self.length > self._most:
            return None
        return decoded(b"".join(self._pieces), encoding.strip().lower(), self._most)


def decoded(raw: bytes, encoding: str, most: int) -> bytes | None:
    """Returns a body without its content encoding; None if it is too long then, or cannot be decoded."""
    if encoding in ("", "identity") or not raw:
        return raw
    if encoding in ("gzip", "x-gzip", "deflate"):
        for bits in (47, -15):  # gzip or zlib by its beginning; deflate without either
            try:
                unpacking = zlib.decompressobj(bits)
                body = unpacking.decompress(raw, most)
            except zlib.error:
                continue
            return body if unpacking.eof else None
        return None
    from mitmproxy.net import encoding as codecs

    try:
        body = codecs.decode(raw, encoding)
    except ValueError:
        return None
    return body if isinstance(body, bytes) and len(body) <= most else None


class Addon:
    """Looks at what passes.

    Args:
        take: Judges and writes an exchange, and returns what is to be told.
        tell: Tells a line.
        most: Bytes of a body that are kept.
        proxy: That of the environment, `host` and `port` and whether it is spoken to with TLS; None if there is none.
    """

    def __init__(
        self,
        take: Callable[..., list[str]],
        tell: Callable[[str], None],
        most: int,
        proxy: tuple[str, tuple[str, int]] | None = None,
    ) -> None:
        self._take = take
        self._tell = tell
        self._most = most
        self._proxy = proxy
        self._pool = ThreadPoolExecutor(1, "recorder")
        self._waiting = asyncio.Semaphore(MAX_WAITING)
        self._lost = 0
        self.failed: BaseException | None = None
        """Why nothing can be written any more."""

    def requestheaders(self, flow: Any) -> None:
        """Lets the body of a request pass piece by piece."""
        flow.metadata["asked"] = flow.request.stream = Kept(self._most)
        if self._proxy is not None:
            flow.server_conn.via = self._proxy

    def responseheaders(self, flow: Any) -> None:
        """Lets the body of an answer pass piece by piece."""
        flow.metadata["answered"] = flow.response.stream = Kept(self._most)

    async def response(self, flow: Any) -> None:
        """Writes an exchange whose answer has passed."""
        await self._written(flow)

    async def error(self, flow: Any) -> None:
        """Writes an exchange without an answer, and tells why there is none, which never holds what was sent."""
        why = without_bytes(str(getattr(flow.error, "msg", "") or "")).splitlines()
        self._lost += 1
        if self._lost <= TOLD:
            self._tell(f"no answer from the API: {why[0][:200] if why else 'the connection ended'}")
        await self._written(flow)

    async def _written(self, flow: Any) -> None:
        async with self._waiting:
            loop = asyncio.get_running_loop()
            try:
                lines = await loop.run_in_executor(self._pool, self._take, *_passed(flow))
            except OSError as error:
                if self.failed is None:
                    self.failed = error
                    self._tell(f"nothing more is recorded: {error.strerror}")
                return
        for line in lines:
            self._tell(line)

    def done(self) -> None:
        """Waits until all is written."""
        self._pool.shutdown()


def _passed(flow: Any) -> tuple[dict[str, Any]]:
    """Returns what `casavi_contracts.observe.recording.Passed` is made of."""
    request, response = flow.request, flow.response
    asked = flow.metadata.get("asked") or Kept(0)
    answered = flow.metadata.get("answered") or Kept(0)
    lost = flow.error is not None or response is None
    made = {
        "method": request.method,
        "scheme": request.scheme,
        "host": request.host if request.port == _PORTS.get(request.scheme) else f"{request.host}:{request.port}",
        "target": request.path,
        "request_headers": _headers(request),
        "request_body": None if lost else asked.body(request.headers.get("content-encoding", "")),
        "request_bytes": asked.length,
        "started": request.timestamp_start,
        "took_ms": max(0.0, ((response and response.timestamp_end) or time.time()) - request.timestamp_start) * 1000,
    }
    if not lost:
        made |= {
            "status": response.status_code,
            "reason": response.reason,
            "response_headers": _headers(response),
            "response_body": answered.body(response.headers.get("content-encoding", "")),
            "response_bytes": answered.length,
        }
    return (made,)


def _headers(message: Any) -> list[tuple[str, str]]:
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in message.headers.fields]


async def passing(addon: Addon, upstream: str, host: str, port: int, ready: Callable[[str], None]) -> None:
    """Runs mitmproxy until SIGINT or SIGTERM.

    Args:
        addon: Looks at what passes.
        upstream: Scheme, host and port of the API.
        host: Address to listen at.
        port: To listen at, 0 for any free one.
        ready: Told the address as soon as it listens.

    Raises:
        ConfigurationError: It cannot listen there.
    """
    from mitmproxy.options import Options
    from mitmproxy.tools.dump import DumpMaster

    with tempfile.TemporaryDirectory(prefix="casavi-record-") as folder:
        options = Options(confdir=folder, mode=[f"reverse:{upstream}@{host}:{port}"])
        master = DumpMaster(options, with_termlog=False, with_dumper=False)
        master.options.update(
            connection_strategy="lazy", http2=True, http3=False, rawtcp=False, websocket=False, **_authorities()
        )
        master.addons.remove(master.addons.get("errorcheck"))
        start = _Start(ready, master)
        master.addons.add(addon, start)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            with contextlib.suppress(NotImplementedError):
                loop.add_signal_handler(number, master.shutdown)
        await master.run()
    if not start.listening:
        raise ConfigurationError(f"{host}:{port}: cannot listen there; is the port in use? (--port)")


class _Start:
    """Tells when it listens, and ends the run if it cannot.

    Args:
        ready: Told the address.
        master: Ends the run.
    """

    def __init__(self, ready: Callable[[str], None], master: Any) -> None:
        self._ready = ready
        self._master = master
        self.listening = False

    def running(self) -> None:
        """Tells the address, or ends the run."""
        servers = self._master.addons.get("proxyserver").servers
        addresses = [address for server in servers for address in server.listen_addrs]
        if not addresses:
            self._master.shutdown()
            return
        self.listening = True
        host, port = addresses[0][:2]
        self._ready(f"http://{f'[{host}]' if ':' in host else host}:{port}")


def _authorities() -> dict[str, str]:
    """Returns whom to trust: what the environment names, else the certificates of this system."""
    file, folder = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    if file:
        return {"ssl_verify_upstream_trusted_ca": file}
    if folder:
        return {"ssl_verify_upstream_trusted_confdir": folder}
    usual = ssl.get_default_verify_paths().cafile
    if usual and Path(usual).is_file() and Path(usual).stat().st_size:
        return {"ssl_verify_upstream_trusted_ca": usual}
    return {}


def proxy_of(address: str | None) -> tuple[str, tuple[str, int]] | None:
    """Returns the proxy of the environment as mitmproxy wants it.

    Raises:
        ConfigurationError: It wants a password, or is none of HTTP, which mitmproxy does not pass on.
    """
    if address is None:
        return None
    parts = urlsplit(address)
    if parts.scheme not in _PORTS or parts.username:
        raise ConfigurationError(
            "the proxy of the environment cannot be used: it has to be one of HTTP, without a password"
        )
    return parts.scheme, (parts.hostname or "", parts.port or _PORTS[parts.scheme])
