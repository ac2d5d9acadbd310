"""The server answers in the shapes that an overlay gives, and a strict one finds them in its own document."""

from pathlib import Path
from typing import Any

import yaml

from tests.support.server import Mock

STATES = yaml.safe_load((Path(__file__).parents[1] / "profiles/states.yaml").read_text())
BODY = {
    "contacts": [{"id": "C-1"}],
    "responsibilities": [{"propertyId": "P", "contactId": "C-1", "roleName": "R", "roleType": "internal"}],
}


def mock(**more: Any) -> Mock:
    return Mock({"error-media-type": "application/json"}, "manual", overlay=STATES, strict=True, **more)


async def test_import_and_job_have_the_shape_of_the_overlay() -> None:
    async with mock().client() as client:
        accepted = (await client.send(BODY)).json()
        assert list(accepted) == ["job"]
        seen = []
        for _ in range(6):
            job = await client.read(f"/jobs/{accepted['job']['uid']}")
            seen.append(job["data"]["state"])
        assert list(dict.fromkeys(seen)) == ["queued", "validating", "done_with_errors"]
        assert job["data"] == {
            "uid": accepted["job"]["uid"],
            "state": "done_with_errors",
            "kind": "import",
            "created": 1,
            "changed": 0,
            "rejected": 1,
            "problems": ["propertyId names properties 'P', which is neither stored nor in this request"],
        }


async def test_errors_have_the_shape_of_the_overlay() -> None:
    async with mock().client() as client:
        answer = await client.get("/jobs/no-such")
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/json"
        assert answer.json()["error"] == {
            "code": "job-unknown",
            "text": "This account has no job with the id that was asked for.",
        }


async def test_the_document_shows_the_shape() -> None:
    async with mock().client() as client:
        document = (await client.get("/openapi.json")).json()
    job = document["components"]["schemas"]["Job"]["properties"]["data"]["properties"]
    assert job["state"]["enum"] == ["queued", "validating", "importing", "done", "done_with_errors", "failed"]
    answer = document["paths"]["/import"]["post"]["responses"]["202"]
    assert answer["links"]["follow the job"]["parameters"]["jobId"] == "$response.body#/job/uid"


async def test_each_rule_may_have_a_status_of_its_own() -> None:
    change = {"overlay": "1.0.0", "actions": [{"target": "$['x-rules']['token-unknown']", "update": {"status": 498}}]}
    async with Mock(overlay=change, strict=True).client() as client:
        answers = [await client.request("GET", "/contacts", headers=sent) for sent in ({}, {"token": "x"})]
        assert [one.status_code for one in answers] == [401, 498]


def test_answers_as_shipped_are_built_as_before() -> None:
    """No shape stands in the way of an answer that no profile changes."""
    assert Mock().settings.answers == {}
    assert Mock({"job-id-field": "id"}).settings.answers.keys() == {"importMasterData"}
