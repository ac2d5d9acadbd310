"""Stock connexion AsyncApp, with state by hand: the document is checked by the library, the rest is what a user writes.

It executes no import: a job is its id and the number of its contacts.
"""

import json
import os
import uuid
import warnings
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from connexion import AsyncApp
    from connexion.resolver import Resolver

KEY, SECRET = os.environ["BENCH_KEY"], os.environ["BENCH_SECRET"]
AS_JSON = {"Content-Type": "application/json"}
"""connexion wants to be told: the document has another media type for errors."""

tokens: set[str] = set()
jobs: dict[str, int] = {}


def issue() -> dict[str, str]:
    token = str(uuid.uuid4())
    tokens.add(token)
    return {"token": token, "expiresAt": (datetime.now(UTC) + timedelta(days=30)).isoformat()}


async def authenticate(body: dict[str, Any]) -> Any:
    if (body.get("key"), body.get("secret")) != (KEY, SECRET):
        return {"title": "refused"}, 401, AS_JSON
    return issue(), 200, AS_JSON


async def refresh_token(body: dict[str, Any]) -> Any:
    if body["apiKey"] != KEY or body["token"] not in tokens:
        return {"title": "refused"}, 401, AS_JSON
    tokens.discard(body["token"])
    return issue(), 200, AS_JSON


async def import_master_data(body: dict[str, Any]) -> Any:
    job = str(uuid.uuid4())
    jobs[job] = len(body.get("contacts", ()))
    return {"jobId": job}, 202, AS_JSON


async def get_job(jobId: str) -> Any:  # noqa: N803  # the document's name for it
    if jobId not in jobs:
        return {"title": "unknown"}, 404, AS_JSON
    counts = dict.fromkeys(["created", "updated", "unchanged", "refused"], 0)
    others = dict.fromkeys(["properties", "units", "responsibilities", "documents"], counts)
    view = {
        "id": jobId,
        "status": "completed",
        "createdAt": "2026-01-05T08:00:00.000Z",
        "startedAt": "2026-01-05T08:00:00.000Z",
        "finishedAt": "2026-01-05T08:00:00.200Z",
        "progress": {"processed": jobs[jobId], "total": jobs[jobId]},
        "counts": {"contacts": counts | {"created": jobs[jobId]}, **others},
        "errors": [],
        "warnings": [],
    }
    return view, 200, AS_JSON


async def not_written() -> Any:
    return {"title": "not part of the comparison"}, 501, AS_JSON


async def known(token: str, required_scopes: Any = None) -> dict[str, str] | None:
    return {"sub": KEY} if token in tokens else None


def document() -> dict[str, Any]:
    """Returns the document, in which connexion wants the name of the function that knows tokens."""
    found: dict[str, Any] = json.loads(Path(os.environ["BENCH_DOCUMENT"]).read_text())
    found["components"]["securitySchemes"]["tokenAuth"]["x-apikeyInfoFunc"] = f"{__name__}.known"
    return found


HANDLERS = {
    "authenticate": authenticate,
    "refreshToken": refresh_token,
    "importMasterData": import_master_data,
    "getJob": get_job,
}
app = AsyncApp(__name__)
app.add_api(document(), resolver=Resolver(lambda name: HANDLERS.get(name, not_written)))
