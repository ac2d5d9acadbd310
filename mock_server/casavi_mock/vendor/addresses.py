"""Under which address a client reaches this server."""

import re
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from casavi_mock.messages.request import Request

_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[\w.~!$&'()*+,;=%-]+)(?::(\d{1,5}))?", re.ASCII)
_USUAL_PORTS = {"http": "80", "https": "443"}
_SCHEMES = frozenset(_USUAL_PORTS)


class Addresses:
    """Tells the address for links, and where paths begin.

    Args:
        base_url: The address that was given at the start; it counts before everything else.
        forwarded: Whether `X-Forwarded-Proto`, `-Host`, `-Port` and `-Prefix` of a proxy are believed.
        own: First segments of this server's own paths; a prefix that begins with one of them is never taken off.
    """

    def __init__(self, base_url: str | None = None, *, forwarded: bool = False, own: Iterable[str] = ()) -> None:
        self._base_url = base_url.rstrip("/") if base_url else None
        self._given_prefix = _prefix(urlsplit(base_url).path) if base_url else ""
        self._forwarded = forwarded
        self._own = frozenset(own)
        self.differ = bool(base_url or forwarded)
        """Whether clients may reach this server under another address than that of their requests."""

    def of(self, request: Request) -> str:
        """Returns the address that the client of a request used, without a slash at the end."""
        if self._base_url:
            return self._base_url
        host, scheme, prefix = _text(request.headers, b"host") or request.server, request.scheme, ""
        if self._forwarded:
            came = _text(request.headers, b"x-forwarded-proto").lower()
            scheme = came if came in _SCHEMES else scheme
            host = _public_host(request.headers, host, scheme)
            prefix = self.prefix(request.headers)
        return f"{scheme}://{host}{prefix}"

    def prefix(self, headers: Mapping[bytes, bytes]) -> str:
        """Returns what stands in front of this server's own paths at its public address.

        Args:
            headers: Those of the request.

        Returns:
            With a slash at its beginning and none at its end; empty if there is nothing.
        """
        if self._base_url or not self._forwarded:
            return self._given_prefix
        return _prefix(_text(headers, b"x-forwarded-prefix"))

    def own_path(self, path: str, prefix: str) -> str:
        """Returns a path as this server knows it, whether or not a proxy has taken the prefix off.

        Args:
            path: As it was sent.
            prefix: As `prefix` returns it.
        """
        if not prefix or prefix.split("/")[1] in self._own or not path.startswith(prefix):
            return path
        rest = path[len(prefix) :]
        return rest or "/" if rest[:1] in ("", "/") else path


def _public_host(headers: Mapping[bytes, bytes], host: str, scheme: str) -> str:
    found = _HOST.fullmatch(_text(headers, b"x-forwarded-host")) or _HOST.fullmatch(host)
    if found is None:
        return host
    name, port = found.groups()
    came = _text(headers, b"x-forwarded-port")
    port = came if re.fullmatch(r"\d{1,5}", came, re.ASCII) else port
    return name if port in (None, "", _USUAL_PORTS.get(scheme)) else f"{name}:{port}"


def _prefix(text: str) -> str:
    parts = [part for part in text.split("/") if part]
    return "".join(f"/{part}" for part in parts)


def _text(headers: Mapping[bytes, bytes], name: bytes) -> str:
    # of several proxies the first one is next to the client
    return headers.get(name, b"").decode("latin-1").partition(",")[0].strip()
