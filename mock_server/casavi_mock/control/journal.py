"""Verbs about what was asked and answered, and how good the client was at it."""

from typing import Any

from casavi_mock.control.call import Call, Handler, Reply, moment, reply
from casavi_mock.domain.violations import Criteria
from casavi_mock.journal.har import archive
from casavi_mock.journal.reports import exchange_view, junit, sarif, violation_view

_FILTERS = ("operation", "status", "job", "rule")


def list_requests(call: Call) -> Reply:
    """Lists exchanges, the oldest first; also as a HAR file."""
    journal = call.account.journal
    under_way = [*call.account.in_flight.values()]  # before the journal: what lands meanwhile is told twice, not never
    found = journal.find(**_filters(call))
    shown = found[-call.query["limit"] :]
    if call.query["format"] == "har":
        return reply(archive(shown, call.base_url))
    wanted = call.query.get("operation")
    return reply(
        {
            "requests": [exchange_view(each) for each in shown],
            "count": len(found),
            "dropped": journal.dropped,
            "inFlight": [operation for operation in under_way if wanted in (None, operation)],
        }
    )


def count_requests(call: Call) -> Reply:
    """Counts exchanges."""
    return reply({"count": len(call.account.journal.find(**_filters(call)))})


def clear_requests(call: Call) -> Reply:
    """Empties the journal."""
    account = call.account
    journal = account.journal
    number = len(journal)
    journal.clear()
    account.note_decision()
    return reply({"removed": number})


def list_violations(call: Call) -> Reply:
    """Lists what the client did wrong; also as JUnit XML and as SARIF."""
    given = {"poll_seconds": call.query["poll-seconds"]} if "poll-seconds" in call.query else {}
    criteria = Criteria(allow=frozenset(call.query.get("allow", ())), **given)
    account = call.account
    with account.lock:
        exchanges = list(account.journal)
        found = account.violations(criteria)
    if call.query["format"] == "junit":
        return Reply(junit(found, exchanges).encode(), media_type="application/xml")
    if call.query["format"] == "sarif":
        return reply(sarif(found, exchanges, call.query["file"], call.query["line"]))
    return reply({"violations": [violation_view(each) for each in found], "count": len(found)})


def _filters(call: Call) -> dict[str, Any]:
    filters = {name: call.query[name] for name in _FILTERS if name in call.query}
    since = call.query.get("since")
    if since is not None:
        filters["since"] = moment(since) if isinstance(since, str) else since
    return filters


HANDLERS: dict[str, Handler] = {
    "listRequests": list_requests,
    "clearRequests": clear_requests,
    "countRequests": count_requests,
    "listViolations": list_violations,
    "clearViolations": clear_requests,
}
