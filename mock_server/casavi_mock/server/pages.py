"""Prepared pages: the contract document and its reader, both without any address outside this server."""

import base64
import hashlib
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import orjson

from casavi_mock.messages.answers import JSON, Answer

_READER = b"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>casavi Manager API (mock)</title>
<link rel="stylesheet" href="docs/swagger-ui.css">
<link rel="icon" href="docs/favicon-32x32.png">
</head>
<body>
<div id="reader"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/swagger-ui-standalone-preset.js"></script>
<script>
SwaggerUIBundle({
  urls: [
    {name: "version 1", url: "openapi.json"},
    {name: "version 2", url: "v2/openapi.json"},
    {name: "control plane", url: "_mock/openapi.json"}
  ],
  layout: "StandaloneLayout", dom_id: "#reader", deepLinking: true, showExtensions: true, validatorUrl: null,
  presets: [SwaggerUIBundle.presets.apis, SwaggerUIStandalonePreset],
  persistAuthorization: true, tryItOutEnabled: true, defaultModelsExpandDepth: 0
});
</script>
</body>
</html>
"""

_POLICY = (
    b"default-src 'none'; connect-src 'self'; img-src 'self' data:; script-src 'self' 'sha256-%s'; style-src 'self' "
    b"'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
) % base64.b64encode(hashlib.sha256(_READER.split(b"<script>")[1].split(b"</script>")[0]).digest())

_GUARDED = (
    (b"content-security-policy", _POLICY),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
)
"""Keeps a page from what is not its own, and out of the frames of others."""

_ASSETS = {
    "swagger-ui.css": b"text/css; charset=utf-8",
    "swagger-ui-bundle.js": b"text/javascript; charset=utf-8",
    "swagger-ui-standalone-preset.js": b"text/javascript; charset=utf-8",
    "favicon-32x32.png": b"image/png",
}


_KEPT = (b"cache-control", b"max-age=86400")


class Pages:
    """Pages by path; each is made once.

    Args:
        documents: The contract documents by the path they are served under.
        console: Whether there is a console; then it is what people see first.
    """

    def __init__(self, documents: Mapping[str, Mapping[str, Any]], *, console: bool = False) -> None:
        self._first = "_mock/console/" if console else "docs"
        self._pages = {"/docs": Answer(200, _READER, b"text/html; charset=utf-8", headers=_GUARDED)}
        self._documents = {f"{base_path}/openapi.json": (base_path, whole) for base_path, whole in documents.items()}
        for path, (_, whole) in self._documents.items():
            self._pages[path] = Answer(200, orjson.dumps(whole), JSON)
        self.paths = frozenset([*self._pages, "/", "/docs/", *(f"/docs/{name}" for name in _ASSETS)])
        """Where there are pages, or what leads to one."""

    def page(self, path: str, accept: bytes, address: str = "") -> Answer | None:
        """Returns the page at one of the paths.

        Args:
            path: One of `paths`.
            accept: The header `Accept`; what wants no page is not led to one.
            address: The public address of the server, if that is not the one of the request.

        Returns:
            None if the path only leads to a page, and none is wanted.
        """
        if path == "/" and b"text/html" in accept:
            return _leading(f"{address}/{self._first}" if address else self._first)
        if path in ("/", "/docs/"):
            wanted = path == "/docs/" or b"text/html" in accept or b"*/*" in accept
            return _leading(f"{address}/docs" if address else "docs" if path == "/" else "../docs") if wanted else None
        if address and path in self._documents:
            base_path, whole = self._documents[path]
            return Answer(200, orjson.dumps({**whole, "servers": [{"url": address + (base_path or "/")}]}), JSON)
        if path not in self._pages:
            self._pages[path] = _asset(path.removeprefix("/docs/"))
        return self._pages[path]


def _leading(where: str) -> Answer:
    return Answer(307, b"", b"text/html; charset=utf-8", ((b"location", where.encode("latin-1", "replace")),))


def _asset(name: str) -> Answer:
    """Returns a file of the reader; read when it is first asked for, since most runs never show the page."""
    folder = files("swagger_ui_bundle").joinpath("vendor/swagger-ui-4.15.5")
    return Answer(200, folder.joinpath(name).read_bytes(), _ASSETS[name], (_KEPT, _GUARDED[1]))
