"""Verbs about what was asked and answered, and how good the client was at it."""

from typing import Any

from casavi_mock.control.asked import Asked, Handler, Reply, moment, reply
from casavi_mock.domain.violations import Criteria
from casavi_mock.journal.har import archive
from casavi_mock.journal.reports import exchange_view, junit, sarif, violation_view

_FILTERS = ("operation", "status", "job", "rule")


def list_requests(asked: Asked) -> Reply:
    """Lists exchanges, the oldest first; also as a HAR file."""
    journal = asked.account.journal
    found = journal.find(**_filters(asked))
    shown = found[-asked.query["limit"] :]
    if asked.query["format"] == "har":
        return reply(archive(shown, asked.base_url))
    return reply({"requests": [exchange_view(each) for each in shown], "count": len(found), "dropped": journal.dropped})


def count_requests(asked: Asked) -> Reply:
    """Counts exchanges."""
    return reply({"count": len(asked.account.journal.find(**_filters(asked)))})


def clear_requests(asked: Asked) -> Reply:
    """Empties the journal."""
    journal = asked.account.journal
    number = len(journal)
    journal.clear()
    return reply({"removed": number})


def list_violations(asked: Asked) -> Reply:
    """Lists what the client did wrong; also as JUnit XML and as SARIF."""
    given = {"poll_seconds": asked.query["poll-seconds"]} if "poll-seconds" in asked.query else {}
    criteria = Criteria(allow=frozenset(asked.query.get("allow", ())), **given)
    account = asked.account
    with account.lock:
        exchanges = list(account.journal)
        found = account.violations(criteria)
    if asked.query["format"] == "junit":
        return Reply(junit(found, exchanges).encode(), media_type="application/xml")
    if asked.query["format"] == "sarif":
        return reply(sarif(found, exchanges))
    return reply({"violations": [violation_view(each) for each in found], "count": len(found)})


def _filters(asked: Asked) -> dict[str, Any]:
    filters = {name: asked.query[name] for name in _FILTERS if name in asked.query}
    since = asked.query.get("since")
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
