"""What calls say about statuses, paths, names, moments and headers."""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from casavi_contracts.observe.calls import Call, Traffic, is_json_kind
from casavi_contracts.observe.pages import page_of
from casavi_contracts.observe.roles import AUTHENTICATE, IMPORT, JOB, REFRESH
from casavi_contracts.observe.sights import OBSERVED, Sight

_OLD, _NEW = {"apiKey", "password"}, {"key", "secret"}
_MILLISECONDS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\Z")
_SECONDS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\Z")
_DAY = 86_400.0
_TIGHT, _LOOSE = 2.0, 120.0
"""Seconds by which the moment of an answer may be off: by the time it took, and by the clock of the client."""

_LINKS = {("after", "page"): "page-and-position", ("page",): "page"}
"""What a link to the next page carries, by the members that it has beside the filters."""

_MAX_LIFETIME_DAYS = 3650


def sight(call: Call, name: str, value: Any, *others: Any) -> Sight:
    """Returns what a call says about an assumption."""
    return Sight(name, value, call.place, call.source, OBSERVED, call.at, others)


def sights(traffic: Traffic) -> Iterator[Sight]:
    """Yields what the calls say, one by one."""
    for call in traffic.calls:
        yield from _of_errors(call)
        if call.role in (AUTHENTICATE, REFRESH):
            yield from _of_log_in(call)
        elif call.role == IMPORT and call.good:
            yield sight(call, "import-path", call.path)
            yield sight(call, "import-status", call.recorded.status)
        elif (call.role, call.version) == ("contact", "v1") and call.good and "firstName" in (call.got or {}):
            yield sight(call, "contact-path", call.path.rpartition("/")[0] + "/{id}")
    yield from _of_request_ids(traffic)
    yield from _of_lifetimes(traffic.by_role(AUTHENTICATE, REFRESH))
    yield from _of_job_ids(traffic)
    yield from _of_versions(traffic)
    yield from _of_old_names(traffic)
    yield from _of_page_links(traffic)


def _of_errors(call: Call) -> Iterator[Sight]:
    status = call.recorded.status
    if not 400 <= status < 500:
        return
    if call.refused:
        yield sight(call, "unauthorized-status", status)
    if is_json_kind(call.media_type) and isinstance(call.got, dict | list):
        yield sight(call, "error-media-type", call.media_type)
    readable = call.role in (AUTHENTICATE, REFRESH, IMPORT) and isinstance(call.sent, dict) and call.sent_whole
    if status == 422:
        yield sight(call, "error-statuses", "unprocessable-content")
    elif status in (413, 415):
        yield sight(call, "error-statuses", "rfc9110", "unprocessable-content")
    elif status == 400 and readable and not is_json_kind((call.header("content-type") or "").partition(";")[0]):
        yield sight(call, "error-statuses", "bad-request")
    elif status == 400 and readable:
        yield sight(call, "error-statuses", "rfc9110", "bad-request")


def _of_log_in(call: Call) -> Iterator[Sight]:
    names = {*call.sent} if isinstance(call.sent, dict) else set()
    if not call.good or not isinstance(call.got, dict):
        return
    yield sight(call, "authenticate-status", call.recorded.status)
    if call.role == REFRESH:
        yield sight(call, "refresh-path", call.path)
    elif names >= _OLD:
        if not names & _NEW:
            yield sight(call, "deprecation-header", call.answered("deprecation") is not None)
        if call.version == "v2":
            yield sight(call, "deprecated-parameters-in-v2", True)
    moment = call.expires
    if isinstance(moment, str):
        form = "milliseconds" if _MILLISECONDS.match(moment) else "seconds" if _SECONDS.match(moment) else None
        yield sight(call, "expires-at-format", form or f"another form: {_form(moment)}")


def _form(moment: str) -> str:
    return re.sub(r"\d", "9", moment)[:40]


def _of_request_ids(traffic: Traffic) -> Iterator[Sight]:
    carried = {call.answered("x-request-id") is not None for call in traffic.calls if call.recorded.response_headers}
    if len(carried) == 1:
        yield from (
            sight(call, "request-id", carried == {True}) for call in traffic.calls if call.recorded.response_headers
        )


def moment_of(text: Any) -> datetime | None:
    """Returns an aware moment of ISO 8601; None if it is none."""
    if not isinstance(text, str) or not 19 <= len(text) <= 40:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


def _of_lifetimes(calls: Iterable[Call]) -> Iterator[Sight]:
    """Yields how long tokens live: what is simplest and agrees with all log-ins, or else with each."""
    spans = []
    for call in calls:
        expires = moment_of(call.expires) if call.good else None
        now = _now(call)
        if expires is not None and now is not None and expires > now:
            spans.append((call, (expires - now).total_seconds()))
    if not spans:
        return
    tight = max(s for _, s in spans) - _TIGHT, min(s for _, s in spans) + _TIGHT
    loose = max(s for _, s in spans) - _LOOSE, min(s for _, s in spans) + _LOOSE
    for call, seconds in spans:
        if tight[0] <= tight[1]:
            days = _simplest(tight, (*_ROUND, 1.0)) if (whole := _simplest(loose, _ROUND[:1])) is None else whole
        elif loose[0] <= loose[1]:
            days = _simplest(loose, _ROUND)
        else:
            days = _simplest((seconds - _LOOSE, seconds + _LOOSE), (*_ROUND, 1.0))
        if days is not None and 0 < days <= _MAX_LIFETIME_DAYS:
            yield sight(call, "token-lifetime-days", days)


_ROUND = (_DAY, 3_600.0, 864.0, 60.0, 86.4)
"""Seconds of what people choose as a lifetime: days, hours, hundredths of a day, minutes, thousandths of a day."""


def _simplest(span: tuple[float, float], rounds: Iterable[float]) -> float | None:
    """Returns the roundest number of days between two numbers of seconds; None if none is round."""
    middle = sum(span) / 2
    for step in rounds:
        times = round(middle / step)
        if times and span[0] <= times * step <= span[1]:
            days = times / 100 if step == 864.0 else times / 1000 if step == 86.4 else times * step / _DAY
            return int(days) if days == int(days) else days
    return None


def _now(call: Call) -> datetime | None:
    """Returns when the server answered: by its own clock, if that and the client's are not wholly apart."""
    ended = call.ended
    try:
        date = parsedate_to_datetime(call.answered("date") or "")
    except (ValueError, TypeError):
        return ended
    if date.tzinfo is None or (ended is not None and abs(date - ended) > timedelta(minutes=10)):
        return ended
    if ended is not None and abs(date - ended) < timedelta(seconds=2):
        return ended  # both clocks agree, and this one has milliseconds
    return date + timedelta(seconds=0.5)


def _of_job_ids(traffic: Traffic) -> Iterator[Sight]:
    """Yields under which member the import answers the id by which a job is asked for afterwards."""
    asked = {call.path.rsplit("/", 1)[-1] for call in traffic.by_role(JOB) if call.good}
    for call in traffic.by_role(IMPORT):
        if not call.good or not isinstance(call.got, dict):
            continue
        texts = [(path, str(value)) for path, value in _leaves(call.got) if _is_id(value)]
        linked = [path for path, value in texts if value in asked]
        if len(linked) == 1 or (not linked and len(texts) == 1 and len(call.got) == 1):
            yield sight(call, "job-id-field", (linked or [texts[0][0]])[0])


def _is_id(value: Any) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool)


def _leaves(value: Any, depth: int = 0) -> Iterator[tuple[str, Any]]:
    for name, item in value.items():
        if isinstance(item, dict) and depth < 2:
            yield from ((f"{name}.{inner}", leaf) for inner, leaf in _leaves(item, depth + 1))
        else:
            yield name, item


def _of_versions(traffic: Traffic) -> Iterator[Sight]:
    second = [call for call in traffic.by_role(IMPORT, JOB, REFRESH, version="v2") if call.good]
    if {IMPORT, JOB} <= {call.role for call in second}:
        yield from (sight(call, "v2-twins", True) for call in second)
    elif not second and any(call.good for call in traffic.by_role(IMPORT, version="v1")):
        for call in traffic.by_role(IMPORT, version="v2"):
            if call.recorded.status in (404, 405):
                yield sight(call, "v2-twins", False)


def _of_old_names(traffic: Traffic) -> Iterator[Sight]:
    """Yields log-ins of version 2 by the old names that are refused, where all else about them goes well."""
    pairs = [(call, {*call.sent}) for call in traffic.by_role(AUTHENTICATE) if isinstance(call.sent, dict)]
    old = [call for call, names in pairs if names >= _OLD and not names & _NEW]
    fine = any(call.good and call.version == "v1" for call in old)
    if fine and any(call.good and call.version == "v2" and names >= _NEW for call, names in pairs):
        for call in old:
            if call.version == "v2" and call.recorded.status in (400, 401, 403, 422):
                yield sight(call, "deprecated-parameters-in-v2", False)


def _of_page_links(traffic: Traffic) -> Iterator[Sight]:
    for call in traffic.calls:
        link = next_link(call)
        if link:
            names = {name for name, _ in parse_qsl(urlsplit(link).query, keep_blank_values=True)}
            added = sorted(names - {*call.query} | names & {"page", "after"})
            value = _LINKS.get(tuple(added), f"also {', '.join(added) or 'nothing'}")
            yield sight(call, "next-link-parameters", value)


def next_link(call: Call) -> str | None:
    """Returns the address of the next page of a list of version 2, as it stands in the answer."""
    return page_of(call.got).next if call.good and isinstance(call.got, dict) else None
