"""One entry of an HTTP archive: what tools write in different ways becomes one form."""

import base64
import binascii
import json
import math
import re
import zlib
from datetime import datetime
from enum import Enum, auto
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

MAX_QUERY = 1_000
"""Members of a query."""

MAX_UNPACKED = 256 * 1024 * 1024
"""Bytes of a body that an archive holds compressed."""

_METHOD = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}\Z")
_BODILESS = frozenset({"GET", "HEAD", "OPTIONS", "DELETE", "TRACE"})
_PORTS = {"http": 80, "https": 443}
_FORM = "application/x-www-form-urlencoded"


class Skipped(Exception):
    """An entry is no exchange that can be read; the text goes on from "skipped:"."""


class Unlike(Enum):
    """What is not as it should be in an entry that can be read all the same."""

    UNANSWERED = auto()
    NO_REQUEST_BODY = auto()
    NO_RESPONSE_BODY = auto()
    CUT_REQUEST = auto()
    CUT_RESPONSE = auto()
    BAD_BASE64 = auto()
    BAD_MOMENT = auto()


def recorded(entry: Any) -> tuple[dict[str, Any], list[Unlike]]:
    """Returns the members of `casavi_contracts.observe.har.Recorded` but its number, and what is odd about them.

    Args:
        entry: A value of `log.entries`, whatever it is.

    Raises:
        Skipped: It is no exchange.
    """
    if not isinstance(entry, dict) or not isinstance(entry.get("request"), dict):
        raise Skipped("no request in it")
    asked, answered = entry["request"], _members(entry.get("response"))
    odd: list[Unlike] = []
    method = _method(asked.get("method"))
    sent, came = _headers(asked.get("headers")), _headers(answered.get("headers"))
    host, path, query = _address(asked, dict(sent))
    status = _status(answered.get("status"))
    request_body, request_whole = _request_body(asked, method, sent, odd)
    response_body, response_whole = _response_body(answered, method, status, came, odd)
    started = _moment(entry.get("startedDateTime"))
    odd += [Unlike.BAD_MOMENT] if started is None else []
    odd += [Unlike.UNANSWERED] if not status else []
    members = {
        "started": started, "took_ms": _milliseconds(entry.get("time")), "method": method, "host": host, "path": path,
        "query": query, "request_headers": _visible(sent), "request_body": request_body,
        "request_whole": request_whole, "status": status, "response_headers": _visible(came),
        "response_body": response_body, "response_whole": response_whole,
    }  # fmt: skip
    return members, list(dict.fromkeys(odd))


def _members(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _method(value: Any) -> str:
    if not isinstance(value, str) or not _METHOD.match(value.strip()):
        raise Skipped("no method in it")
    return value.strip().upper()


def _status(value: Any) -> int:
    """Returns a status, 0 for everything that is none; some tools write it as text, some a negative one."""
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit():
        value = int(value.strip()[:9])
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 100 <= value <= 599 else 0


def _moment(value: Any) -> datetime | None:
    try:
        at = datetime.fromisoformat(value.strip()) if isinstance(value, str) else None
        return at if at is not None and at.utcoffset() is not None else None
    except (ValueError, OverflowError):
        return None


def _milliseconds(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        took = float(value)
    except OverflowError:
        return None
    return took if math.isfinite(took) and took >= 0 else None


def _headers(value: Any) -> list[tuple[str, str]]:
    """Returns headers, names in lower case; one that a browser folded into lines stands once for each line."""
    if isinstance(value, dict):  # some exports have an object in place of the list
        value = [{"name": name, "value": one} for name, one in value.items()]
    found: list[tuple[str, str]] = []
    for header in value if isinstance(value, list) else ():
        name = header.get("name") if isinstance(header, dict) else None
        if isinstance(name, str) and name.strip():
            lines = _plain(header.get("value")).split("\n")
            found += [(name.strip().lower(), line.strip()) for line in lines if line.strip() or len(lines) == 1]
    return found


def _visible(headers: list[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in headers if not name.startswith(":"))


def _plain(value: Any) -> str:
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def _address(asked: dict[str, Any], headers: dict[str, str]) -> tuple[str, str, tuple[tuple[str, str], ...]]:
    """Returns host, path and query of a request."""
    url = asked.get("url")
    if not isinstance(url, str) or not url.strip():
        url = headers.get(":path", "")
    try:
        parts = urlsplit(url.strip())
        scheme, host, port = parts.scheme.lower(), parts.hostname or "", parts.port
    except ValueError:
        raise Skipped("an address that cannot be read") from None
    if scheme not in ("http", "https", "") or not (host or parts.path.startswith("/")):
        raise Skipped("no HTTP" if scheme else "an address that cannot be read")
    if not host:
        host, port = headers.get(":authority") or headers.get("host", ""), None
    shown = f"[{host}]" if ":" in host and parts.hostname else host
    shown += f":{port}" if port not in (None, _PORTS.get(scheme)) else ""
    path = quote(parts.path or "/", safe="/%[]:@!$&'()*+,;=~", errors="replace")
    return shown.lower(), path, _query(parts.query, asked.get("queryString"))


def _query(query: str, listed: Any) -> tuple[tuple[str, str], ...]:
    """Returns the members of a query: those of the address, otherwise those of the list, which some tools decode."""
    try:
        found = parse_qsl(query, keep_blank_values=True, max_num_fields=MAX_QUERY)
    except ValueError:
        raise Skipped(f"a query of more than {MAX_QUERY:,} members") from None
    if found or query:
        return tuple(found)
    pairs = [member for member in listed if isinstance(member, dict)] if isinstance(listed, list) else []
    named = [(member.get("name"), _plain(member.get("value"))) for member in pairs[:MAX_QUERY]]
    return tuple((name, value) for name, value in named if isinstance(name, str))


def _size(*values: Any) -> int:
    """Returns the first number of bytes that is told, -1 if none is."""
    for value in values:
        text = _plain(value).strip().removesuffix(".0")
        if text.isascii() and text.isdigit():
            return int(text[:18])
    return -1


def _request_body(
    asked: dict[str, Any], method: str, headers: list[tuple[str, str]], odd: list[Unlike]
) -> tuple[bytes | None, bool]:
    """Returns the body of a request, and whether it is whole."""
    data = asked.get("postData")
    told = _size(asked.get("bodySize"), dict(headers).get("content-length"))
    told = max(told, _size(dict(headers).get("content-length")))
    body = _posted(data, odd) if isinstance(data, dict) else None
    if body is None or (not body and told > 0):
        if told == 0 or (told < 0 and (method in _BODILESS or body is not None)):
            return b"", True
        odd.append(Unlike.NO_REQUEST_BODY)
        return None, False
    body, packed = _unpacked(body, headers)
    if not packed and _cut(body, told, data, compressed=_is_compressed(headers)):
        odd.append(Unlike.CUT_REQUEST)
        return body, False
    return body, True


def _posted(data: dict[str, Any], odd: list[Unlike]) -> bytes | None:
    """Returns what was posted: the text, or a form made of its members."""
    text = data.get("text")
    params = data.get("params")
    if isinstance(text, str) and (text or not params):
        return _decoded(text, data.get("_encoding") or data.get("encoding"), odd)
    media = _plain(data.get("mimeType")).partition(";")[0].strip().lower()
    if isinstance(params, list) and params and media == _FORM:
        pairs = [(_plain(one.get("name")), _plain(one.get("value"))) for one in params if isinstance(one, dict)]
        return urlencode(pairs).encode()
    return None


def _response_body(
    answered: dict[str, Any], method: str, status: int, headers: list[tuple[str, str]], odd: list[Unlike]
) -> tuple[bytes | None, bool]:
    """Returns the body of an answer, and whether it is whole."""
    content = _members(answered.get("content"))
    text = content.get("text")
    told = _size(content.get("size"))
    body = _decoded(text, content.get("encoding"), odd) if isinstance(text, str) else None
    if not body and (method == "HEAD" or status in (204, 304) or told == 0 or (body is not None and told < 0)):
        return b"", True
    if not status and not body:
        return None, False
    if not body:
        odd.append(Unlike.NO_RESPONSE_BODY)
        return None, False
    body, packed = _unpacked(body, headers)
    saved = content.get("compression")
    if isinstance(saved, int | float) and math.isfinite(saved) and saved < 0 <= told:
        told = max(0, told + int(saved))  # mitmproxy tells the size on the wire, and what packing has "saved"
    if not packed and _cut(body, told, content, compressed=False):
        odd.append(Unlike.CUT_RESPONSE)
        return body, False
    return body, True


def _decoded(text: str, encoding: Any, odd: list[Unlike]) -> bytes | None:
    if isinstance(encoding, str) and encoding.strip().lower() == "base64":
        try:
            return binascii.a2b_base64("".join(text.split()).encode("ascii"), strict_mode=True)
        except (binascii.Error, UnicodeEncodeError):
            odd.append(Unlike.BAD_BASE64)
            return None
    return text.encode(errors="replace")


def _is_compressed(headers: list[tuple[str, str]]) -> bool:
    return dict(headers).get("content-encoding", "identity").lower() not in ("", "identity")


def _unpacked(body: bytes, headers: list[tuple[str, str]]) -> tuple[bytes, bool]:
    """Returns a body without gzip, which some tools leave on it, and whether it was on it."""
    if not body.startswith(b"\x1f\x8b") or not _is_compressed(headers):
        return body, False
    try:
        unpacking = zlib.decompressobj(wbits=31)
        plain = unpacking.decompress(body, MAX_UNPACKED)
    except zlib.error:
        return body, False
    return (plain, True) if unpacking.eof else (body, False)


def _cut(body: bytes, told: int, holder: Any, *, compressed: bool) -> bool:
    """Whether a body is shorter than it was.

    Args:
        body: As it was recorded.
        told: Its length by the archive, -1 if it is not told.
        holder: The object that the body stands in; a browser says there that it has cut it.
        compressed: Whether the length is that of something else.
    """
    marked = any(holder.get(name) is True for name in ("truncated", "_truncated", "postDataDiscarded"))
    if not marked and (compressed or len(body) >= told):
        return False
    if body.rstrip()[-1:] in (b"}", b"]"):
        try:
            json.loads(body)  # whole all the same: lengths are counted in other ways too, as in characters
        except (ValueError, RecursionError):
            return True
        return False
    return True


def text_of(body: bytes) -> tuple[str, str | None]:
    """Returns a body as an archive holds it, and how it is encoded if it is not UTF-8."""
    try:
        return body.decode(), None
    except UnicodeDecodeError:
        return base64.b64encode(body).decode(), "base64"
