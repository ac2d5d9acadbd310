"""Exchanges as an HTTP archive (HAR 1.2), which browsers and HTTP tools open.

Source: HTTP Archive format 1.2. Names with a `_` at their beginning are ours, as the format allows.
"""

import base64
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, quote

from casavi_mock.domain.journal import Exchange, Headers
from casavi_mock.messages.answers import phrase
from casavi_mock.version import __version__

UNKNOWN = -1
"""What the format says where something is not known."""


def archive(exchanges: Iterable[Exchange], base_url: str = "http://localhost") -> dict[str, Any]:
    """Returns an HTTP archive.

    Args:
        exchanges: A journal's, in the order in which they are to stand.
        base_url: The address of the server, without a slash at its end; the format wants whole addresses.
    """
    return {
        "log": {
            "version": "1.2",
            "creator": {"name": "casavi-mock", "version": __version__},
            "entries": [_entry(exchange, base_url) for exchange in exchanges],
            "comment": "Times are those of the account's clock. Tokens and secrets are redacted.",
        }
    }


def moment(at: datetime) -> str:
    """Returns a moment as the format wants it, in ISO 8601 with its time zone."""
    return at.isoformat(timespec="milliseconds")


def _entry(exchange: Exchange, base_url: str) -> dict[str, Any]:
    took = round(exchange.duration_ms, 3)
    entry: dict[str, Any] = {
        "startedDateTime": moment(exchange.at),
        "time": took,
        "request": _request(exchange, base_url),
        "response": _response(exchange),
        "cache": {},
        "timings": {"send": 0, "wait": took, "receive": 0},
        "_number": exchange.number,
        "_requestId": exchange.request_id,
        "_operation": exchange.operation,
        "_rule": exchange.rule,
        "_injected": exchange.injected,
    }
    told = [*exchange.notes, *([exchange.detail] if exchange.detail else [])]
    if exchange.injected is not None:
        effect = f" ({exchange.effect})" if exchange.effect else ""
        told.insert(0, f"injected by {exchange.injected}{effect}")
    if told:
        entry["comment"] = "; ".join(told)
    return entry


def _request(exchange: Exchange, base_url: str) -> dict[str, Any]:
    query = f"?{exchange.query}" if exchange.query else ""
    request: dict[str, Any] = {
        "method": exchange.method,
        "url": f"{base_url}{quote(exchange.path, safe='/[]:@!$&()*+,;=~%', errors='replace')}{query}",
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _headers(exchange.request_headers),
        "queryString": [
            {"name": name, "value": value} for name, value in parse_qsl(exchange.query, keep_blank_values=True)
        ],
        "headersSize": UNKNOWN,
        "bodySize": exchange.request_bytes,
    }
    if exchange.request_body:
        text, encoding = _text(exchange.request_body)
        request["postData"] = {"mimeType": _media_type(exchange.request_headers), "text": text}
        if encoding:
            request["postData"]["_encoding"] = encoding
        if len(exchange.request_body) < exchange.request_bytes:
            request["postData"]["comment"] = f"the first {len(exchange.request_body)} bytes"
    return request


def _response(exchange: Exchange) -> dict[str, Any]:
    text, encoding = _text(exchange.response_body)
    content: dict[str, Any] = {
        "size": exchange.response_bytes,
        "mimeType": _media_type(exchange.response_headers),
        "text": text,
    }
    if encoding:
        content["encoding"] = encoding
    if len(exchange.response_body) < exchange.response_bytes:
        content["comment"] = f"the first {len(exchange.response_body)} bytes"
    return {
        "status": exchange.status,
        "statusText": phrase(exchange.status),
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _headers(exchange.response_headers),
        "content": content,
        "redirectURL": "",
        "headersSize": UNKNOWN,
        "bodySize": exchange.response_bytes,
    }


def _headers(headers: Headers) -> list[dict[str, str]]:
    return [{"name": name.decode("latin-1"), "value": value.decode("latin-1")} for name, value in headers]


def _media_type(headers: Headers) -> str:
    return next((value.decode("latin-1") for name, value in headers if name == b"content-type"), "")


def _text(body: bytes) -> tuple[str, str | None]:
    """Returns a body as text, and how it is encoded if it is not UTF-8; a character that was cut at its end goes."""
    try:
        return body.decode(), None
    except UnicodeDecodeError as error:
        if error.reason == "unexpected end of data":
            return body[: error.start].decode(), None
        return base64.b64encode(body).decode(), "base64"
