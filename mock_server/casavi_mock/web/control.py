"""The control plane under `/_mock`, a Flask application."""

from collections.abc import Mapping
from typing import Any

from flask import Flask, jsonify
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from casavi_mock.domain.model import ENTITIES
from casavi_mock.version import __version__
from casavi_mock.world import Registry


def control_app(registry: Registry, readiness: Mapping[str, bool]) -> Flask:
    """Returns the control plane.

    Args:
        registry: The accounts.
        readiness: Parts of the server, and whether each is ready; read anew on each request.
    """
    app = Flask("casavi_mock", static_folder=None)

    @app.get("/health")
    def health() -> ResponseReturnValue:
        return jsonify({"status": "ok", "version": __version__, "accounts": len(registry), **_totals(registry)})

    @app.get("/ready")
    def ready() -> ResponseReturnValue:
        good = all(readiness.values())
        return jsonify({"status": "ready" if good else "starting", "parts": dict(readiness)}), 200 if good else 503

    @app.errorhandler(HTTPException)
    def refused(error: HTTPException) -> ResponseReturnValue:
        body = {"title": error.name, "status": error.code, "detail": error.description}
        return jsonify(body), error.code or 500, {"Content-Type": "application/problem+json"}

    return app


def _totals(registry: Registry) -> dict[str, Any]:
    """Returns what is held and what was dropped, over all accounts."""
    worlds = tuple(registry)
    return {
        "records": {entity: sum(world.store.count(entity) for world in worlds) for entity in ENTITIES},
        "jobs": {
            "kept": sum(len(world.queue) for world in worlds),
            "unfinished": sum(world.queue.unfinished for world in worlds),
            "dropped": sum(world.queue.dropped for world in worlds),
        },
        "journal": {
            "kept": sum(len(world.journal) for world in worlds) + len(registry.strangers),
            "dropped": sum(world.journal.dropped for world in worlds) + registry.strangers.dropped,
        },
    }
