"""A request of httpx as an ASGI application gets it."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import httpx


def scope_of(request: "httpx.Request") -> dict[str, Any]:
    """Returns the scope of a request that is sent to an application in this process.

    Args:
        request: As the client sends it.
    """
    url = request.url
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method,
        "headers": [(name.lower(), value) for name, value in request.headers.raw],
        "scheme": url.scheme,
        "path": url.path,
        "raw_path": url.raw_path.partition(b"?")[0],
        "query_string": url.query,
        "server": (url.host, url.port),
        "client": ("127.0.0.1", 123),
        "root_path": "",
    }
