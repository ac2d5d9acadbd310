"""An exchange as something to run again: a command line, and a test with the pytest plugin."""

import json
import pprint
import shlex
from typing import Any
from urllib.parse import quote

from casavi_mock.domain.faults import IMPORT
from casavi_mock.domain.jobs import Job
from casavi_mock.domain.journal import Exchange
from casavi_mock.journal.redaction import MARK

_OWN = frozenset(
    {"host", "content-length", "connection", "user-agent", "accept", "accept-encoding", "token", "transfer-encoding"}
)
"""Headers that a client makes itself, or whose value is nobody's business."""

_MARK = MARK.decode()

_LOG_INS = ("authenticate", "refreshToken")
_INDENT = " " * 4

JOB = "getJob"

MAX_REFUSALS = 10
"""Refused records that a test names; of more it tells the number."""


def as_curl(exchange: Exchange, base_url: str) -> str:
    """Returns a command line that sends a request again; secrets come from variables of the shell.

    Args:
        exchange: What was sent.
        base_url: The address of the server, without a slash at its end.
    """
    parts = [f"curl -i -X {shlex.quote(exchange.method)} {_quoted(base_url + _address(exchange))}"]
    if any(name == b"token" for name, _ in exchange.request_headers):
        parts.append('-H "token: $CASAVI_TOKEN"')
    parts += [f"-H {_quoted(f'{name}: {value}')}" for name, value in _headers(exchange)]
    if exchange.operation in _LOG_INS:
        parts.append("""--data "{\\"key\\": \\"$CASAVI_API_KEY\\", \\"secret\\": \\"$CASAVI_API_SECRET\\"}\"""")
    elif exchange.request_bytes:
        body = _text(exchange)
        parts.append("--data-binary @body.json" if body is None else f"--data-binary {_quoted(body)}")
    return " \\\n  ".join(parts)


def as_test(exchange: Exchange, job: Job | None = None, status: str = "") -> str:
    """Returns a test that sends a request again and expects what came of it; it needs the pytest plugin.

    Args:
        exchange: What was sent.
        job: The job of an import, None if there is none.
        status: The status of that job as clients see it.
    """
    body = _json(exchange)
    why = f", by the rule {exchange.rule}" if exchange.rule else ""
    told = ascii(f"{exchange.method} {exchange.path[:80]} was answered {exchange.status}{why}.")[1:-1]
    test = [f"# {told}", *_before(exchange, job), *_call(exchange, has_body=body is not None)]
    test.append(f"assert answer.status_code == {exchange.status}, answer.text")
    if exchange.rule:
        test.append(f'assert answer.json()["rule"] == {exchange.rule!r}')
    if exchange.operation == IMPORT and job is not None and job.ended:
        test += _after(job, status)
    lines = ["import httpx", "import pytest", "", ""]
    lines += ['@pytest.mark.casavi(fail_on="never")  # one request is no client']
    lines += [f"def test_exchange_{exchange.number}(casavi):", *(f"{_INDENT}{line}" for line in test)]
    if body is not None:  # at the end, as it may be long
        lines += ["", "", f"BODY = {pprint.pformat(body, width=110, sort_dicts=False)}"]
    return "\n".join(lines) + "\n"


def _before(exchange: Exchange, job: Job | None) -> list[str]:
    """Returns what a test does first, so that the mock fails in the same way."""
    if exchange.rule == "token-expired":
        return ["token = casavi.token()", "casavi.expire_tokens()"]
    if exchange.operation == JOB and exchange.succeeded:
        return ["# The account of a test is a new one: let your client import before this."]
    if exchange.injected and exchange.effect == "status":
        return [f"casavi.faults.on({exchange.operation!r}).once().status({exchange.status})"]
    if exchange.operation != IMPORT or job is None or job.forced not in ("failed", "completed"):
        return []
    return [f"casavi.jobs.next.{'fail' if job.forced == 'failed' else 'complete'}()"]


def _after(job: Job, status: str) -> list[str]:
    lines = ["job = casavi.jobs.last.wait()", f"assert job.status == {status!r}"]
    if len(job.errors) <= MAX_REFUSALS:
        refused = [(error.entity, error.id, error.rule) for error in job.errors]
        lines.append(f"assert [(error.entity, error.id, error.rule) for error in job.errors] == {refused!a}")
    else:
        lines.append(f"assert len(job.errors) == {len(job.errors)}")
    return lines


def _call(exchange: Exchange, *, has_body: bool) -> list[str]:
    headers = dict(_headers(exchange))
    token = any(name == b"token" for name, _ in exchange.request_headers)
    address = f"casavi.url + {_address(exchange)!a}"
    if exchange.operation == JOB and exchange.succeeded:
        address = 'f"{casavi.url}/jobs/{casavi.jobs.last.id}"'
    parts = [ascii(exchange.method), address]
    if exchange.operation == "authenticate":
        secret = '"a wrong one"' if exchange.rule == "credentials-wrong" else "casavi.secret"
        parts.append(f'json={{"key": casavi.key, "secret": {secret}}}')
    elif exchange.operation == "refreshToken":
        parts.append('json={"apiKey": casavi.key, "token": casavi.token()}')
    elif has_body:
        headers.pop("content-type", None)
        parts.append("json=BODY")
    elif exchange.request_bytes:
        body = _text(exchange)
        parts.append("content=open('body.json', 'rb').read()" if body is None else f"content={body!a}.encode()")
    written = [f"{name!a}: {value!a}" for name, value in headers.items()]
    if token:
        wrong = {"token-unknown": '"a token that nobody gave out"', "token-expired": "token"}
        written.insert(0, f'"token": {wrong.get(exchange.rule or "", "casavi.token()")}')
    if written:
        parts.append("headers={" + ", ".join(written) + "}")
    return ["answer = httpx.request(", *(f"{_INDENT}{part}," for part in parts), ")"]


def _headers(exchange: Exchange) -> list[tuple[str, str]]:
    named = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in exchange.request_headers]
    return [
        (name, value)
        for name, value in named
        if name not in _OWN and not name.startswith("sec-") and _MARK not in value
    ]


def _address(exchange: Exchange) -> str:
    query = f"?{exchange.query}" if exchange.query else ""
    return f"{quote(exchange.path, safe='/[]:@!$&()*+,;=~%', errors='replace')}{query}"


def _text(exchange: Exchange) -> str | None:
    if len(exchange.request_body) != exchange.request_bytes:
        return None
    try:
        text = exchange.request_body.decode()
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text


def _json(exchange: Exchange) -> Any:
    text = None if exchange.operation in _LOG_INS else _text(exchange)
    try:
        return json.loads(text) if text else None
    except ValueError:
        return None


def _quoted(text: str) -> str:
    """Returns a text as one word of a shell, whatever it holds."""
    if text.isprintable() or text.replace("\n", "").replace("\t", "").isprintable():
        return shlex.quote(text)
    inner = "".join(
        c if c.isprintable() and c not in "'\\" else "".join(f"\\x{b:02x}" for b in c.encode()) for c in text
    )
    return f"$'{inner}'"
