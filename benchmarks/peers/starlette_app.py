"""Bare Starlette: parses the body, answers something fixed.

It checks no token, no credentials and no record, and keeps nothing: this is what routing, JSON and a server cost.
"""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

TOKEN = {"token": "a2cf47a9-3d2e-455e-a34b-7a79f11aa7f9", "expiresAt": "2100-01-01T00:00:00.000Z"}
JOB = "0b8f1c52-6c1e-4a44-9d61-3f0a7f7a4d0e"


async def give_token(request: Request) -> JSONResponse:
    await request.json()
    return JSONResponse(TOKEN)


async def take_import(request: Request) -> JSONResponse:
    await request.json()
    return JSONResponse({"jobId": JOB}, 202)


async def get_job(request: Request) -> JSONResponse:
    counts = dict.fromkeys(["created", "updated", "unchanged", "refused"], 0)
    return JSONResponse(
        {
            "id": request.path_params["job_id"],
            "status": "completed",
            "createdAt": "2026-01-05T08:00:00.000Z",
            "startedAt": "2026-01-05T08:00:00.000Z",
            "finishedAt": "2026-01-05T08:00:00.200Z",
            "progress": {"processed": 1, "total": 1},
            "counts": dict.fromkeys(["contacts", "properties", "units", "responsibilities", "documents"], counts),
            "errors": [],
            "warnings": [],
        }
    )


app = Starlette(
    routes=[
        Route("/authenticate", give_token, methods=["POST"]),
        Route("/refresh", give_token, methods=["POST"]),
        Route("/import", take_import, methods=["POST"]),
        Route("/jobs/{job_id}", get_job, methods=["GET"]),
    ]
)
