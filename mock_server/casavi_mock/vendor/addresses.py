"""Under which address a client reaches this server."""

from casavi_mock.messages.request import Request


class Addresses:
    """Tells the address for links.

    Args:
        base_url: The address that was given at the start; it counts before everything else.
        forwarded: Whether `X-Forwarded-Proto`, `-Host` and `-Prefix` of a proxy are believed.
    """

    def __init__(self, base_url: str | None = None, *, forwarded: bool = False) -> None:
        self._base_url = base_url.rstrip("/") if base_url else None
        self._forwarded = forwarded

    def of(self, request: Request) -> str:
        """Returns the address that the client of a request used, without a slash at the end."""
        if self._base_url:
            return self._base_url
        host, scheme, prefix = _text(request, b"host") or request.server, request.scheme, ""
        if self._forwarded:
            host = _text(request, b"x-forwarded-host") or host
            scheme = _text(request, b"x-forwarded-proto") or scheme
            prefix = _text(request, b"x-forwarded-prefix").rstrip("/")
        return f"{scheme}://{host}{prefix}"


def _text(request: Request, name: bytes) -> str:
    # of several proxies the first one is next to the client
    return request.headers.get(name, b"").decode("latin-1").partition(",")[0].strip()
