"""Servers that are ended at any moment under load: everything that they answered is there when they are started again."""

import asyncio
import json
import os
import random
import re
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from casavi_mock.cli.options import EXAMPLE_KEY, credentials

OWN = {"key": EXAMPLE_KEY, "secret": credentials(None, None)[1].reveal()}
OTHER = {"key": "the-key-of-another-account", "secret": "the-secret-of-another-account"}
FAULTS = (
    {"operation": "importMasterData", "effect": {"kind": "lost-response"}, "first": 7, "times": 2},
    {"operation": "importMasterData", "effect": {"kind": "job-fails"}, "first": 3, "times": 4},
    {"operation": "importMasterData", "effect": {"kind": "status", "status": 503}, "first": 12, "times": 3},
    {"operation": "getJob", "effect": {"kind": "reset"}, "first": 20, "times": 1},
)
LANES = 6
"""Clients at once."""


@dataclass
class Told:
    """What a server has told its clients."""

    accepted: list[tuple[str, str, list[str]]] = field(default_factory=list)
    """Key of the account, id of the job and ids of the contacts of each import that was answered."""
    ended: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Jobs as they were shown when they had ended."""
    statuses: set[tuple[str, int]] = field(default_factory=set)
    """Keys of accounts, and how their imports were answered."""
    refused: int = 0
    """Imports that were answered 503 by the server itself."""


@contextmanager
def served(file: Path, *options: str, file_bytes: int | None = None) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A server with its state in a file.

    Args:
        file: The file.
        options: Further options.
        file_bytes: The longest file that it may write.
    """

    def limit() -> None:
        if file_bytes is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, file_bytes))

    environment = {name: value for name, value in os.environ.items() if not name.startswith("CASAVI_")}
    command = [sys.executable, "-m", "casavi_mock", "serve", "--port", "0", "--log-level", "error"]
    process = subprocess.Popen(
        [*command, "--state", str(file), "--job-seconds", "0.01", "--record-seconds", "0.002", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment,
        preexec_fn=limit,  # no thread of ours holds a lock here
    )
    try:
        yield process, _url(process)
    finally:
        process.kill()
        process.communicate()


def _url(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        if found := re.search(r"http://[0-9.:]+\d", line):
            return found.group()
    raise AssertionError("the server did not start")


class Lane:
    """One client on a connection of its own: imports, and looks at the last job now and then."""

    def __init__(self, url: str, account: dict[str, str], name: str, told: Told) -> None:
        self._host, _, self._port = url.removeprefix("http://").partition(":")
        self._account, self._name, self._told = account, name, told
        self._token = ""

    async def run(self) -> None:
        """Goes on until the server has gone."""
        number = 0
        while True:
            try:
                self._reader, self._writer = await asyncio.open_connection(self._host, int(self._port))
            except OSError:
                return
            try:
                await self._log_in()
                while True:
                    number += 1
                    await self._import(number)
            except (asyncio.IncompleteReadError, ConnectionResetError):
                continue  # by a fault; or the server has gone, and then the next connection fails
            finally:
                self._writer.transport.abort()

    async def _log_in(self) -> None:
        if not self._token:
            status, told = await self._ask("POST", "/authenticate", self._account)
            self._token = told.get("token", "") if status == 200 else ""

    async def _import(self, number: int) -> None:
        ids = [f"{self._name}-{number}-{part}" for part in range(1 + number % 3)]
        status, told = await self._ask(
            "POST", "/import", {"contacts": [{"id": one, "firstName": "Eva"} for one in ids]}
        )
        self._told.statuses.add((self._account["key"], status))
        if status == 202:
            self._told.accepted.append((self._account["key"], told["jobId"], ids))
            if number % 3 == 0:
                names = [f"{self._name}-{number}-more-{part}" for part in range(400 if number % 6 == 0 else 1)]
                more = [{"id": one, "firstName": "E" * 200} for one in names]
                await self._ask("POST", "/import", {"contacts": more})
                status, job = await self._ask("GET", f"/jobs/{told['jobId']}")
                if status == 200 and job["finishedAt"]:
                    self._told.ended[job["id"]] = job
        elif status == 503 and told.get("rule") == "state-unsaved":
            self._told.refused += 1

    async def _ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        raw = b"" if body is None else json.dumps(body).encode()
        head = f"{method} {path} HTTP/1.1\r\nhost: a\r\ntoken: {self._token}\r\ncontent-type: application/json\r\n"
        self._writer.write(f"{head}content-length: {len(raw)}\r\n\r\n".encode() + raw)
        headers = (await self._reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(headers.partition("content-length: ")[2].partition("\r\n")[0])
        return int(headers[9:12]), json.loads(await self._reader.readexactly(length))


def under_load(url: str, told: Told, name: str, end: Callable[[], None], after: float) -> None:
    """Lets clients import until a server has gone, which is ended after so many seconds."""

    async def load() -> None:
        lanes = [Lane(url, (OWN, OTHER)[n % 2], f"{name}-{n}", told) for n in range(LANES)]
        running = [asyncio.ensure_future(lane.run()) for lane in lanes]
        await asyncio.sleep(after)  # the moment is what is tested
        end()
        await asyncio.gather(*running)

    asyncio.run(load())


def begin(url: str) -> None:
    """Opens the second account, and plans faults in both."""
    with httpx.Client(base_url=url, timeout=60) as http:
        http.post("/_mock/accounts", json=OTHER).raise_for_status()
        plan_faults(http)


def plan_faults(http: httpx.Client) -> None:
    for account in (OWN, OTHER):
        for fault in FAULTS:
            http.post("/_mock/faults", json=fault, headers={"X-Mock-Key": account["key"]}).raise_for_status()


def check(url: str, told: Told, accounts: Sequence[dict[str, str]] = (OWN, OTHER)) -> None:
    """Looks for everything that was answered."""
    with httpx.Client(base_url=url, timeout=60) as http:
        for account in accounts:
            headers = {"X-Mock-Key": account["key"]}
            http.delete("/_mock/faults", headers=headers).raise_for_status()
            http.post("/_mock/queue/drain", headers=headers).raise_for_status()
            jobs = http.get("/_mock/jobs?limit=10000", headers=headers).json()["jobs"]
            state = http.get("/_mock/state", headers=headers).json()
            _check_account(account["key"], {job["id"]: job for job in jobs}, state, told)


def _check_account(key: str, jobs: dict[str, dict[str, Any]], state: dict[str, Any], told: Told) -> None:
    stored = {contact["id"] for contact in state["contacts"]}
    history = state["_mock"]["records"]["contacts"]
    assert [one["internalId"] for one in history] == list(range(1, len(history) + 1))
    assert all(one["createdAt"] <= one["modifiedAt"] for one in history)
    accepted = [(job_id, ids) for owner, job_id, ids in told.accepted if owner == key]
    for job_id, ids in accepted:
        job = jobs[job_id]  # whatever was answered is there
        assert job["progress"] == {"processed": len(ids), "total": len(ids)}
        there = stored.intersection(ids)
        assert there == (set() if job["state"] == "failed" else set(ids)), job
    for job_id, before in told.ended.items():
        if job_id in jobs:
            same = ("status", "createdAt", "startedAt", "finishedAt", "counts", "progress")
            assert {name: jobs[job_id][name] for name in same} == {name: before[name] for name in same}
    for name in ("createdAt", "finishedAt"):
        moments = [job[name] for job in jobs.values()]
        assert moments == sorted(moments, reverse=True), "jobs run in the order in which they were taken"
    places = {job_id: place for place, job_id in enumerate(reversed(jobs))}
    lanes: dict[str, list[int]] = {}
    for job_id, ids in accepted:
        lanes.setdefault(ids[0].rsplit("-", 2)[0], []).append(places[job_id])
    assert all(lane == sorted(lane) for lane in lanes.values()), "and taken in the order in which they were sent"


def kill_often(file: Path, kills: int, chance: random.Random, *options: str, least: int, longest: float = 0.8) -> None:
    """Kills a server again and again, and looks for everything that it has answered."""
    told = Told()
    for number in range(kills):
        with served(file, *options) as (process, url):
            if number == 0:
                begin(url)
            else:
                with httpx.Client(base_url=url, timeout=60) as http:
                    plan_faults(http)
            after = chance.uniform(0.02, longest)
            under_load(url, told, f"k{number}", lambda: os.kill(process.pid, signal.SIGKILL), after)
            process.wait()
        if chance.random() < 0.3:
            with served(file, *options) as (_, url):
                check(url, told)
    with served(file, *options) as (process, url):
        check(url, told)
        process.terminate()
        assert process.wait(60) == 0
    assert len(told.accepted) >= least
    content = file.read_bytes()
    assert OWN["secret"].encode() not in content
    assert OTHER["secret"].encode() not in content
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_kills_under_load_lose_nothing(tmp_path: Path) -> None:
    kill_often(tmp_path / "a.db", 2, random.Random(1), least=1, longest=0.2)


@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    [(), ("--progress", "immediate"), ("--state-sync", "full", "--state-journal"), ("--state-seconds", "0.01")],
    ids=" ".join,
)
def test_many_kills_under_load_lose_nothing(tmp_path: Path, options: tuple[str, ...]) -> None:
    kill_often(tmp_path / "a.db", 8, random.Random(" ".join(options)), *options, least=100)


@pytest.mark.slow
@pytest.mark.parametrize("after", [0.1, 1.0])
def test_sigterm_under_load_loses_nothing(tmp_path: Path, after: float) -> None:
    told = Told()
    with served(tmp_path / "a.db") as (process, url):
        begin(url)
        under_load(url, told, "t", process.terminate, after)
        assert process.wait(60) == 0
    with served(tmp_path / "a.db") as (_, url):
        check(url, told)
    assert told.accepted


@pytest.mark.slow
def test_a_disk_that_fills_up_loses_nothing_that_was_promised(tmp_path: Path) -> None:
    told = Told()
    with served(tmp_path / "a.db", file_bytes=400_000) as (process, url):
        begin(url)
        health = []

        def end() -> None:
            health.append(httpx.get(f"{url}/_mock/health", timeout=60).json())
            process.kill()

        under_load(url, told, "d", end, 4.0)
    assert health[0]["status"] == "degraded"
    assert told.accepted
    assert told.refused
    with served(tmp_path / "a.db") as (_, url):
        check(url, told)
