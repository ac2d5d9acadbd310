"""Verbs about the server as a whole."""

import functools
from typing import Any
from urllib.parse import urlsplit

from casavi_contracts import spec
from casavi_mock.accounts import Registry
from casavi_mock.control.call import Call, Handler, Reply, reply
from casavi_mock.domain.model import ENTITIES
from casavi_mock.version import __version__


def health(call: Call) -> Reply:
    """Tells that the server answers, and what it holds."""
    registry = call.plane.registry
    told = {name: fact() for name, fact in call.plane.facts.items()}
    status = "degraded" if told.get("state", {}).get("trouble") else "ok"
    about = {"status": status, "version": __version__, "accounts": len(registry)}
    return reply({**about, **_totals(registry), **told})


def ready(call: Call) -> Reply:
    """Tells whether every part of the server is ready."""
    parts = dict(call.plane.readiness)
    good = all(parts.values())
    return reply({"status": "ready" if good else "starting", "parts": parts}, 200 if good else 503)


def version(call: Call) -> Reply:
    """Tells the versions of mock and contract."""
    return reply({"version": __version__, "contract": call.plane.registry.settings.document["info"]["version"]})


def document(call: Call) -> Reply:
    """Returns the control plane's own document."""
    prefix = urlsplit(call.base_url).path
    servers = [{"url": prefix + server["url"]} for server in call.plane.document["servers"]]
    return reply({**call.plane.document, "servers": servers})


def assumptions(call: Call) -> Reply:
    """Lists the guesses, with the values of this server beside the defaults."""
    register = spec.assumptions(call.plane.registry.settings.document)
    defaults = _defaults()
    rows = [
        {
            "name": name,
            "question": entry.question,
            "value": entry.value,
            "default": defaults[name],
            "possible": entry.possible,
            "evidence": entry.evidence,
            "source": entry.source,
            "reason": entry.reason,
            "check": entry.check,
        }
        for name, entry in register.items()
    ]
    return reply({"assumptions": rows})


@functools.cache
def _defaults() -> dict[str, Any]:
    return {name: entry.value for name, entry in spec.assumptions(spec.load_document()).items()}


def _totals(registry: Registry) -> dict[str, Any]:
    """Returns what is held and what was dropped, over all accounts."""
    accounts = tuple(registry)
    return {
        "records": {entity: sum(account.store.count(entity) for account in accounts) for entity in ENTITIES},
        "jobs": {
            "kept": sum(len(account.queue) for account in accounts),
            "unfinished": sum(account.queue.unfinished for account in accounts),
            "dropped": sum(account.queue.dropped for account in accounts),
            "refused": sum(account.queue.refused for account in accounts),
        },
        "tokens": {
            "kept": sum(len(account.tokens) for account in accounts),
            "dropped": sum(account.tokens.dropped for account in accounts),
        },
        "journal": {
            "kept": sum(len(account.journal) for account in accounts) + len(registry.strangers),
            "dropped": sum(account.journal.dropped for account in accounts) + registry.strangers.dropped,
        },
    }


HANDLERS: dict[str, Handler] = {
    "getHealth": health,
    "getReady": ready,
    "getVersion": version,
    "getDocument": document,
    "listAssumptions": assumptions,
}
