"""The journal: what was asked and answered, one exchange, and what can be copied of it."""

from typing import Any
from urllib.parse import quote

import orjson
from flask import Blueprint, make_response, request

from casavi_mock.accounts import Account
from casavi_mock.console.copying import as_curl, as_test
from casavi_mock.console.jobs import whole_body
from casavi_mock.console.page import PER_PAGE, account, desk, go, number, say, show, unchanged
from casavi_mock.console.texts import Room, counted, folded, pretty, short, weight
from casavi_mock.control.problems import Problem
from casavi_mock.domain.faults import IMPORT
from casavi_mock.domain.journal import Exchange, Headers
from casavi_mock.handlers.jobs import status_of
from casavi_mock.journal.har import archive

pages = Blueprint("journal", __name__)

FILTERS = ("operation", "status", "rule", "job", "text")
MAX_HEADERS = 5_000
"""Bytes that the headers of a message may take in a page."""

MAX_FILTER = 200
"""Characters of a filter; it stands in many links of a page."""

MAX_COPY = 9_000
"""Bytes of a text to be copied that a page shows; of a longer one it shows the beginning, and a file has the whole."""


@pages.get("/journal")
def journal() -> Any:
    """Lists exchanges, the newest first."""
    of = account()
    return show("journal.html", **_listed(of), filters=_filters(), operations=of.settings.operations)


@pages.get("/journal/new")
def new() -> Any:
    """How many exchanges came since the page was made, behind a button: rows never move under a reader."""
    of = account()
    newest = number("newest")
    last = of.journal.last_number
    came = len([one for one in _found(of) if one.number > newest]) if last > newest else -1 if last < newest else 0
    return unchanged(came) or show("journal-new.html", came=came, newest=newest, filters=_filters())


@pages.get("/journal.har")
def har() -> Any:
    """What the list shows, as an HTTP archive."""
    answer = make_response(orjson.dumps(archive(_found(account()), desk().base_url())))
    return _file(answer, "application/json", "journal.har")


@pages.get("/journal/<int:exchange_number>")
def exchange(exchange_number: int) -> Any:
    """One exchange."""
    of = account()
    found = _one(of, exchange_number)
    return show(
        "exchange.html",
        exchange=found,
        request_headers=_headers(found.request_headers),
        response_headers=_headers(found.response_headers),
        request_body=_body(found.request_body, found.request_bytes),
        response_body=_body(found.response_body, found.response_bytes),
        rule=of.settings.rules.get(found.rule or ""),
        violations=[one for one in desk().violations(of) if found.number in one.exchange_numbers],
        curl=_copy(as_curl(found, desk().base_url())),
        test=_copy(_test(of, found)),
        again=found.operation == IMPORT and whole_body(found) is not None,
        neighbours=_neighbours(of, found),
    )


@pages.get("/journal/<int:exchange_number>/<which>.txt")
def copied(exchange_number: int, which: str) -> Any:
    """An exchange as something to run again, as a text."""
    of = account()
    found = _one(of, exchange_number)
    if which not in ("curl", "test"):
        raise Problem(404, "The console has no such page.")
    text = _test(of, found) if which == "test" else as_curl(found, desk().base_url())
    name = f"test_exchange_{found.number}.py" if which == "test" else f"exchange-{found.number}.sh"
    return _file(make_response(text), "text/plain; charset=utf-8", name)


@pages.get("/journal/<int:exchange_number>/<which>-body")
def body(exchange_number: int, which: str) -> Any:
    """A body as it was kept, as a file of plain text."""
    found = _one(account(), exchange_number)
    if which not in ("request", "response"):
        raise Problem(404, "The console has no such page.")
    raw = found.request_body if which == "request" else found.response_body
    return _file(make_response(raw), "text/plain; charset=utf-8", f"exchange-{found.number}-{which}.txt")


@pages.post("/journal/clear")
def clear() -> Any:
    """Empties the journal."""
    say(f"{counted(desk().ask('clearRequests', account())['removed'], 'exchange')} went.")
    return go("journal.journal")


def _filters() -> dict[str, str]:
    return {name: request.args[name][:MAX_FILTER] for name in FILTERS if request.args.get(name)}


def _found(of: Account) -> list[Exchange]:
    asked = _filters()
    status = asked.get("status", "")
    if status and not (status.isascii() and status.isdecimal() and len(status) < 4):
        raise Problem(400, "A status is a number.", "status", "a number such as 400", "something else")
    found = of.journal.find(
        operation=asked.get("operation"),
        status=int(status) if status else None,
        rule=asked.get("rule"),
        job=asked.get("job"),
    )
    text = asked.get("text")
    return found if text is None else [one for one in found if _holds(one, text.lower())]


def _holds(one: Exchange, text: str) -> bool:
    if text in one.path.lower() or text in one.query.lower() or text in (one.rule or ""):
        return True
    raw = text.encode()
    return raw in one.request_body.lower() or raw in one.response_body.lower()


def _listed(of: Account) -> dict[str, Any]:
    found = _found(of)
    before = number("before")
    older = [one for one in found if one.number < before] if before else found
    rows = older[-PER_PAGE:][::-1]
    return {
        "rows": rows,
        "count": len(found),
        "newest": of.journal.last_number,
        "older": rows[-1].number if len(older) > len(rows) else None,
        "before": before,
        "dropped": of.journal.dropped,
        "in_flight": [*of.in_flight.values()][:20],
        "broken": _broken(of),
    }


def _broken(of: Account) -> dict[int, str]:
    """Returns a rule about clients for each exchange that breaks one."""
    return {number: one.rule for one in reversed(desk().violations(of)) for number in one.exchange_numbers}


def _one(of: Account, exchange_number: int) -> Exchange:
    found = next((one for one in of.journal if one.number == exchange_number), None)
    if found is None:
        raise Problem(404, "The journal has no such exchange; it may have gone to make room, or with a reset.")
    return found


def _neighbours(of: Account, found: Exchange) -> tuple[int | None, int | None]:
    numbers = [one.number for one in of.journal]
    place = numbers.index(found.number) if found.number in numbers else 0
    return (numbers[place - 1] if place else None), (numbers[place + 1] if place + 1 < len(numbers) else None)


def _body(raw: bytes, length: int) -> dict[str, Any]:
    return {"node": folded(raw), "text": _copy(pretty(raw)), "kept": len(raw), "length": length}


def _headers(headers: Headers) -> list[tuple[str, str]]:
    """Returns headers as a page shows them, as many as there is room for."""
    room, shown = Room(MAX_HEADERS), []
    for name, value in headers:
        pair = short(name.decode("latin-1")), short(value.decode("latin-1"), 200)
        if not room.take("".join(pair) + " " * 20):
            break
        shown.append(pair)
    return shown


def _copy(text: str) -> dict[str, Any]:
    """Returns a text as a page shows it: all of it, or its beginning."""
    whole = weight(text) <= MAX_COPY
    return {"text": text if whole else f"{text[: MAX_COPY // 6]}…", "whole": whole}


def _test(of: Account, found: Exchange) -> str:
    job = None
    if found.job_id is not None and found.operation == IMPORT:
        with of.lock:
            job = of.queue.find(found.job_id, of.clock.now())
    return as_test(found, job, status_of(job, of.settings) if job else "")


def _file(answer: Any, media_type: str, name: str) -> Any:
    answer.headers["Content-Type"] = media_type
    answer.headers["Content-Disposition"] = f"attachment; filename*=utf-8''{quote(name)}"
    return answer
