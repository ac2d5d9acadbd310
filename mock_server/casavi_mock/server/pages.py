"""Prepared pages: the contract document and its reader, both without any address outside this server."""

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
<link rel="stylesheet" href="/docs/swagger-ui.css">
<link rel="icon" href="/docs/favicon-32x32.png">
</head>
<body>
<div id="reader"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/swagger-ui-standalone-preset.js"></script>
<script>
SwaggerUIBundle({
  urls: [
    {name: "version 1", url: "/openapi.json"},
    {name: "version 2", url: "/v2/openapi.json"},
    {name: "control plane", url: "/_mock/openapi.json"}
  ],
  layout: "StandaloneLayout", dom_id: "#reader", deepLinking: true, showExtensions: true, validatorUrl: null,
  presets: [SwaggerUIBundle.presets.apis, SwaggerUIStandalonePreset],
  persistAuthorization: true, tryItOutEnabled: true, defaultModelsExpandDepth: 0
});
</script>
</body>
</html>
"""

_ASSETS = {
    "swagger-ui.css": b"text/css; charset=utf-8",
    "swagger-ui-bundle.js": b"text/javascript; charset=utf-8",
    "swagger-ui-standalone-preset.js": b"text/javascript; charset=utf-8",
    "favicon-32x32.png": b"image/png",
}


class Pages:
    """Pages by path; each is made once.

    Args:
        documents: The contract documents by the path they are served under.
    """

    def __init__(self, documents: Mapping[str, Mapping[str, Any]]) -> None:
        self._pages = {"/docs": Answer(200, _READER, b"text/html; charset=utf-8")}
        for base_path, whole in documents.items():
            self._pages[f"{base_path}/openapi.json"] = Answer(200, orjson.dumps(whole), JSON)

        self.paths = frozenset([*self._pages, *(f"/docs/{name}" for name in _ASSETS)])
        """Where there are pages."""

    def page(self, path: str) -> Answer:
        """Returns the page at one of the paths."""
        if path not in self._pages:
            self._pages[path] = _asset(path.removeprefix("/docs/"))
        return self._pages[path]


def _asset(name: str) -> Answer:
    """Returns a file of the reader; read when it is first asked for, since most runs never show the page."""
    folder = files("swagger_ui_bundle").joinpath("vendor/swagger-ui-4.15.5")
    return Answer(200, folder.joinpath(name).read_bytes(), _ASSETS[name], ((b"cache-control", b"max-age=86400"),))
