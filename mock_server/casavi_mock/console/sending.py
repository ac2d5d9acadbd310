"""Imports that the console sends: a sample, a file, a pasted text, or a payload that was sent before, edited."""

import functools
from typing import Any

import orjson
from flask import Blueprint, request
from werkzeug.datastructures import FileStorage

from casavi_contracts.spec import ERROR
from casavi_fixtures import broken_names, load_broken, load_portfolio, portfolio_bytes, portfolio_names
from casavi_mock.accounts import Account
from casavi_mock.console.desk import Sent
from casavi_mock.console.jobs import editable, import_path, whole_body
from casavi_mock.console.page import account, desk, go, number, say, show
from casavi_mock.console.texts import short
from casavi_mock.control.problems import Problem
from casavi_mock.domain.faults import IMPORT

pages = Blueprint("sending", __name__)

FLAWED = "small-house with one flaw"
"""A sample in which a contract names a contact that is nowhere."""

MAX_EDITED = 45_000
"""Bytes that a payload may take in a page of its own."""

_HUGE = frozenset({"document-too-large"})


@pages.get("/import")
def form() -> Any:
    """The form for an import, filled with a sample or with what an exchange sent."""
    of = account()
    sample, exchange = request.args.get("sample", ""), number("exchange")
    text = sample_text(sample) if sample else _sent_before(of, exchange) if exchange else ""
    shown = editable(text.encode(), MAX_EDITED)
    return show(
        "import.html",
        text=shown or "",
        too_long=shown is None,
        sample=sample,
        exchange=exchange,
        portfolios=(FLAWED, *portfolio_names()),
        broken=_broken(),
    )


@pages.post("/import")
def send() -> Any:
    """Sends an import as a client would; the way to its job, or the refusal."""
    of = account()
    body = _body()
    sent = _send(of, body)
    job_id = _job_id(of, sent)
    if job_id is not None:
        desk().ask("getJob", of, path={"id": job_id})  # the console's own import blames no client for not looking
        say(f"The import was answered {sent.status}; this is its job.")
        return go("jobs.job", job_id=job_id)
    last = of.journal.last
    exchange = last.number if last and last.operation == IMPORT else 0
    return show(
        "import-refused.html",
        sent=sent,
        problem=_problem(of, sent),
        exchange=exchange,
        text=editable(body, MAX_EDITED),
    )


@functools.cache
def _broken() -> tuple[tuple[str, str], ...]:
    return tuple((name, load_broken(name).summary) for name in broken_names() if name not in _HUGE)


def sample_text(name: str) -> str:
    """Returns a sample as text.

    Raises:
        Problem: There is none of that name.
    """
    if name == FLAWED:
        return orjson.dumps(flawed(), option=orjson.OPT_INDENT_2).decode()
    if name in portfolio_names():
        return portfolio_bytes(name).decode()
    if name in broken_names() and name not in _HUGE:
        return orjson.dumps(load_broken(name).document, option=orjson.OPT_INDENT_2).decode()
    raise Problem(404, "There is no such sample.", "sample", possible=portfolio_names())


def flawed() -> dict[str, Any]:
    """Returns the small house, with one contract that names a contact which is nowhere."""
    portfolio: dict[str, Any] = load_portfolio("small-house")
    units = (
        unit
        for property_ in portfolio["properties"]
        for address in property_["addresses"]
        for unit in address.get("units", ())
    )
    contract = next(contract for unit in units for contract in unit.get("contracts", ()))
    contract["contactId"] = "C-999"
    return portfolio


def _sent_before(of: Account, exchange_number: int) -> str:
    found = next((one for one in of.journal if one.number == exchange_number), None)
    if found is None:
        raise Problem(404, "The journal has no such exchange; it may have gone to make room.")
    body = whole_body(found)
    if body is None:
        detail = "The journal keeps only the beginning of this body. Send the file itself."
        raise Problem(409, detail, possible=["the form Import, with the file"])
    return body.decode()


def _body() -> bytes:
    file: FileStorage | None = request.files.get("file")
    if file is not None and file.filename:
        return file.stream.read()
    if request.form.get("sample"):
        return sample_text(request.form["sample"]).encode()
    if request.form.get("exchange", "").isdecimal():
        return _sent_before(account(), int(request.form["exchange"][:16])).encode()
    return request.form.get("text", "").replace("\r\n", "\n").encode()  # as browsers send what was written in a form


def _send(of: Account, body: bytes) -> Sent:
    token = desk().ask("issueToken", of)["token"]
    return Sent(*desk().send(import_path(of), body, token))


def _job_id(of: Account, sent: Sent) -> str | None:
    if not 200 <= sent.status < 300:
        return None
    try:
        body = orjson.loads(sent.body)
        shape = of.settings.answers.get(IMPORT)
        told = (body if shape is None else shape.read(body))["jobId"]
    except (orjson.JSONDecodeError, KeyError, TypeError):  # a fault cut it
        return None
    return told if isinstance(told, str) else None


def _problem(of: Account, sent: Sent) -> dict[str, Any]:
    try:
        told = orjson.loads(sent.body)
    except orjson.JSONDecodeError:
        told = None
    shape = of.settings.answers.get(ERROR)
    told = told if shape is None or sent.status < 400 else shape.read(told)
    if isinstance(told, dict):
        return {"detail": sent.note, **told}
    return {"detail": sent.note or short(sent.body.decode(errors="replace"), 500)}
