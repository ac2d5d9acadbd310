"""A client of one account: what an integration does."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from casavi_soak.wire import Answer, Wire

POLL_SECONDS = 0.05
POLLS = 2_000
FINAL = frozenset({"completed", "failed"})


class Client:
    """A client with one connection.

    Args:
        wire: The connection.
        key: Key of the account.
        secret: Secret of the account.
    """

    def __init__(self, wire: Wire, key: str, secret: str) -> None:
        self.wire = wire
        self.key = key
        self._secret = secret
        self.token = ""

    async def log_in(self, base: str = "") -> None:
        """Logs in.

        Args:
            base: Path of the version: empty or `/v2`.
        """
        body = json.dumps({"key": self.key, "secret": self._secret}).encode()
        answer = await self.wire.ask("POST", f"{base}/authenticate", owner=self.key, body=body)
        if answer.status == 200:
            self.token = answer.json()["token"]

    async def refresh(self, base: str = "") -> None:
        """Takes a new token for the old one; logs in if the old one was forgotten."""
        body = json.dumps({"apiKey": self.key, "token": self.token}).encode()
        path = f"{base}/refresh"
        answer = await self.wire.ask("POST", path, owner=self.key, token=self.token, body=body, expected=(200, 401))
        if answer.status == 200:
            self.token = answer.json()["token"]
        else:
            await self.log_in(base)

    async def call(
        self, method: str, path: str, *, body: bytes | None = None, expected: tuple[int, ...] = (200,)
    ) -> Answer:
        """Sends a request with the token; a token that the server has forgotten is replaced first."""
        for _ in range(3):
            answer = await self.wire.ask(
                method, path, owner=self.key, token=self.token, body=body, expected=(*expected, 401)
            )
            if answer.status != 401 or 401 in expected:
                return answer
            await self.log_in()
        self.wire.ledger.wrong(f"{method} {path[:80]}: 401 again and again")
        return answer

    async def send(self, body: bytes, records: int, base: str = "", expected: tuple[int, ...] = (202,)) -> str | None:
        """Sends an import and returns the id of its job; None if it was not told.

        Args:
            body: The import.
            records: How many records are in it.
            base: Path of the version.
            expected: Statuses that are no surprise.
        """
        answer = await self.call("POST", f"{base}/import", body=body, expected=expected)
        if answer.status != 202:
            return None
        self.accepted(records)
        if answer.cut:
            return None
        job_id: str = answer.json()["jobId"]
        return job_id

    def accepted(self, records: int) -> None:
        """Takes down that an import of so many records was accepted."""
        self.wire.ledger.imports[self.key] += 1
        self.wire.ledger.records[self.key] += records

    async def ended(self, job_id: str, records: int, base: str = "") -> Mapping[str, Any]:
        """Polls until a job has ended, and sees whether its counts are those of the import."""
        job: Mapping[str, Any] = {}
        for _ in range(POLLS):
            answer = await self.call("GET", f"{base}/jobs/{job_id}")
            if answer.status != 200 or answer.cut:
                return job
            job = answer.json()
            if job["status"] in FINAL:
                self.check_counts(job, records)
                return job
            await asyncio.sleep(POLL_SECONDS)
        self.wire.ledger.wrong(f"job {job_id} does not end: {job['status']}")
        return job

    def check_counts(self, job: Mapping[str, Any], records: int) -> None:
        """Sees whether the counts of a job add up to the records that were sent."""
        counted = total(job)
        if counted != records:
            self.wire.ledger.wrong(f"job {job['id']}: {counted} records counted, {records} sent")

    async def import_(self, body: bytes, records: int, base: str = "") -> Mapping[str, Any]:
        """Sends an import and waits for its end; returns the job, empty if there is none."""
        job_id = await self.send(body, records, base)
        return await self.ended(job_id, records, base) if job_id else {}

    async def walk(self, path: str, most: int) -> None:
        """Reads pages of version 2 by their links, so many at most; no record comes twice."""
        seen: set[str] = set()
        here: str | None = path
        for _ in range(most):
            assert here is not None, "the loop ends there"
            answer = await self.call("GET", here)
            if answer.status != 200:
                return
            page = answer.json()
            ids: Sequence[str] = [record["id"] for record in page["list"]]
            if not seen.isdisjoint(ids):
                self.wire.ledger.wrong(f"{here}: a record came twice")
            seen.update(ids)
            link = page["_links"]["next"]
            if link is None:
                return
            parts = urlsplit(link["href"] if isinstance(link, dict) else link)
            here = f"{parts.path}?{parts.query}"


def total(job: Mapping[str, Any]) -> int:
    """Returns how many records a job has counted."""
    return sum(number for outcomes in job["counts"].values() for number in outcomes.values())
