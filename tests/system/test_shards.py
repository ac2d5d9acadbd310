"""Several servers behind Debian's HAProxy: each account lives in one of them, and clients notice nothing."""

import asyncio
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from casavi_mock.cli.shards import configuration
from casavi_mock.domain.model import Secret
from casavi_mock.domain.tokens import MARK, shard_mark
from tests.cli.conftest import clean_environment
from tests.system.test_state_kills import Lane, Told, check

SHARD_KEY = "the-key-of-the-shards"
ACCOUNTS = [(f"key-{number}-of-an-account", f"secret-{number}-of-an-account") for number in range(64)]
SECONDS = 60.0

needs_haproxy = pytest.mark.skipif(
    shutil.which("haproxy") is None, reason="HAProxy is not installed; on Debian: apt-get install haproxy"
)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as one:
        return int(one.getsockname()[1])


class Shard:
    """One server with its state in a file, always at the same port."""

    def __init__(self, folder: Path, name: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._file, self._key = folder / f"{name}.db", folder / "shard-key.txt"
        self._key.write_text(SHARD_KEY)
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        options = ["--port", str(self.port), "--state", str(self._file), "--shard-key-file", str(self._key)]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "casavi_mock", "serve", *options, "--log-level", "error"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=clean_environment(),
        )
        wait_for(f"{self.url}/_mock/ready")

    def end(self, number: signal.Signals) -> None:
        if self.process is not None:
            self.process.send_signal(number)
            self.process.wait(SECONDS)
            self.process = None

    def accounts(self) -> int:
        """How many accounts it has beside the one that each server opens."""
        return int(httpx.get(f"{self.url}/_mock/accounts", timeout=SECONDS).json()["count"]) - 1


def wait_for(url: str) -> None:
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        try:
            if httpx.get(url, timeout=SECONDS).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)  # the start of another process
    raise AssertionError(f"{url} does not answer")


@contextmanager
def balanced(folder: Path, shards: list[Shard]) -> Iterator[str]:
    """An HAProxy in front of servers; yields its address."""
    port = free_port()
    file = folder / f"haproxy-{len(shards)}.cfg"
    servers = tuple(f"127.0.0.1:{shard.port}" for shard in shards)
    file.write_text(configuration(servers, Secret(SHARD_KEY), f"127.0.0.1:{port}"))
    process = subprocess.Popen(["haproxy", "-f", str(file)], stderr=subprocess.PIPE)
    try:
        wait_for(f"http://127.0.0.1:{port}/_mock/ready")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.communicate()


class Client:
    """A client of one account, behind the balancer."""

    def __init__(self, url: str, account: tuple[str, str]) -> None:
        self.http = httpx.Client(base_url=url, timeout=SECONDS)
        self.key, self.secret = account
        self.steering = {"X-Mock-Key": self.key}
        self.token = ""

    def open(self) -> None:
        self.http.post("/_mock/accounts", json={"key": self.key, "secret": self.secret}).raise_for_status()

    def log_in(self) -> None:
        self.token = self.http.post("/authenticate", json={"key": self.key, "secret": self.secret}).json()["token"]

    def ask(self, method: str, path: str, body: Any = None) -> httpx.Response:
        return self.http.request(method, path, json=body, headers={"token": self.token})

    def steer(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.http.request(method, f"/_mock/{path}", json=body, headers=self.steering)
        return answer.raise_for_status().json()

    def use(self) -> str:
        """Logs in and refreshes, imports, and steers; returns the id of its job."""
        self.log_in()
        refreshed = self.http.post("/refresh", json={"apiKey": self.key, "token": self.token}).raise_for_status()
        self.token = refreshed.json()["token"]
        self.steer("POST", "clock/advance", {"days": 2})
        self.log_in()
        job = str(self.ask("POST", "/import", {"contacts": [{"id": f"of {self.key}"}]}).json()["jobId"])
        self.steer("POST", "queue/drain")
        self.steer("PUT", "snapshots/one")
        self.steer("POST", "faults", {"operation": "getJob", "effect": {"kind": "status", "status": 500}, "times": 1})
        return job

    def check(self, job: str) -> None:
        """Finds all that `use` left in one place."""
        told = [self.ask("GET", f"/jobs/{job}") for _ in "12"]
        assert [answer.status_code for answer in told] == [500, 200]
        assert told[1].json()["status"] == "completed"
        assert [one["name"] for one in self.steer("GET", "snapshots")["snapshots"]] == ["one"]
        assert list(self.steer("GET", "state")["contacts"]) == [{"id": f"of {self.key}"}]
        assert self.steer("GET", "requests/count")["count"] >= 2
        self.steer("POST", "faults", {"operation": "getJob", "effect": {"kind": "status", "status": 500}, "times": 1})


@needs_haproxy
def test_the_configuration_is_one_that_haproxy_takes(tmp_path: Path) -> None:
    file = tmp_path / "haproxy.cfg"
    file.write_text(configuration(("127.0.0.1:4227", "mock-2:4227"), Secret('a "key" \\ # with {all}')))

    checked = subprocess.run(["haproxy", "-c", "-f", str(file)], capture_output=True, text=True, check=False)

    told = checked.stdout + checked.stderr
    assert checked.returncode == 0 or "could not resolve address 'mock-2'" in told, told


@needs_haproxy
@pytest.mark.slow
def test_accounts_live_in_one_server_each(tmp_path: Path) -> None:
    shards = [Shard(tmp_path, str(number)) for number in range(4)]
    with ExitStack() as stack, ThreadPoolExecutor(16) as threads:
        for shard in shards:
            stack.callback(shard.end, signal.SIGKILL)
        list(threads.map(Shard.start, shards))
        url = stack.enter_context(balanced(tmp_path, shards))
        clients = [Client(url, account) for account in ACCOUNTS]
        for client in clients:
            stack.callback(client.http.close)
        list(threads.map(Client.open, clients))
        assert sum(shard.accounts() for shard in shards) == len(clients)
        assert all(shard.accounts() for shard in shards)
        jobs = list(threads.map(Client.use, clients))
        assert all(one.token[:MARK] == shard_mark(SHARD_KEY, one.key) for one in clients)
        list(threads.map(Client.check, clients, jobs))
        _check_what_has_no_account(url, shards)
        _check_other_tokens(clients)
        _check_a_kill(shards, clients, jobs, threads)
        _check_a_further_server(tmp_path, shards, clients, threads)


@needs_haproxy
@pytest.mark.slow
def test_a_server_that_is_killed_under_load_loses_nothing_and_bothers_nobody(tmp_path: Path) -> None:
    shards = [Shard(tmp_path, str(number)) for number in range(2)]
    accounts = [{"key": key, "secret": secret} for key, secret in ACCOUNTS[:8]]
    told = Told()
    with ExitStack() as stack, ThreadPoolExecutor(1) as threads:
        for shard in shards:
            stack.callback(shard.end, signal.SIGKILL)
            shard.start()
        url = stack.enter_context(balanced(tmp_path, shards))
        with httpx.Client(base_url=url, timeout=SECONDS) as http:
            for account in accounts:
                http.post("/_mock/accounts", json=account).raise_for_status()

        async def load() -> None:
            lanes = [Lane(url, one, f"lane{number}", told) for number, one in enumerate(accounts)]
            running = [asyncio.ensure_future(lane.run()) for lane in lanes]
            await asyncio.sleep(0.7)  # the moment is what is tested
            shards[0].end(signal.SIGKILL)
            await asyncio.get_running_loop().run_in_executor(threads, shards[0].start)
            await asyncio.sleep(0.7)
            for one in running:
                one.cancel()
            await asyncio.gather(*running, return_exceptions=True)

        asyncio.run(load())
        check(url, told, accounts)
        here = _keys(shards[1], accounts)
        assert 0 < len(here) < len(accounts)
        assert {key for key, status in told.statuses if status >= 400} <= {one["key"] for one in accounts} - here


def _keys(shard: Shard, accounts: list[dict[str, str]]) -> set[str]:
    """Which of the accounts a server has."""
    found = set()
    for account in accounts:
        headers = {"X-Mock-Key": account["key"]}
        if httpx.get(f"{shard.url}/_mock/clock", headers=headers, timeout=SECONDS).status_code == 200:
            found.add(account["key"])
    return found


def _check_what_has_no_account(url: str, shards: list[Shard]) -> None:
    with httpx.Client(base_url=url, timeout=SECONDS) as http:
        listed = http.get("/_mock/accounts")
        assert listed.status_code == 400
        assert all(f"{shard.url}/_mock/accounts" in listed.json()["detail"] for shard in shards)
        assert http.post("/_mock/reset").status_code == 400
        assert http.get("/_mock/health").status_code == 200
        for _ in range(8):  # opened without a key, it is where the key that is told leads
            made = http.post("/_mock/accounts").json()
            log_in = http.post("/authenticate", json={"key": made["key"], "secret": made["secret"]})
            assert log_in.status_code == 200
            assert http.delete(f"/_mock/accounts/{made['key']}").status_code == 204


def _check_other_tokens(clients: list[Client]) -> None:
    """A log-in goes where its key leads, whatever token a careless client sends with it."""
    for client, other in zip(clients[:8], clients[8:], strict=False):
        for header in ("", other.token):
            body = {"apiKey": client.key, "password": client.secret, "email": "eva@example.com"}
            log_in = client.http.post("/authenticate", json=body, headers={"token": header})
            assert log_in.status_code == 200, log_in.text


def _check_a_kill(shards: list[Shard], clients: list[Client], jobs: list[str], threads: ThreadPoolExecutor) -> None:
    """A server that is killed takes its own accounts with it for a while, and loses nothing of them."""
    shards[0].end(signal.SIGKILL)
    answers = list(threads.map(lambda client: client.ask("GET", "/contacts").status_code, clients))
    assert set(answers) == {200, 503}
    away = [client for client, status in zip(clients, answers, strict=True) if status == 503]
    here = [client for client in clients if client not in away]
    list(threads.map(Client.check, here, [jobs[clients.index(client)] for client in here]))

    shards[0].start()

    assert shards[0].accounts() == len(away)
    list(threads.map(Client.check, clients, jobs))


def _check_a_further_server(
    folder: Path, shards: list[Shard], clients: list[Client], threads: ThreadPoolExecutor
) -> None:
    """It takes over its share: the others find their accounts where they were."""
    further = Shard(folder, "further")
    further.start()
    try:
        with balanced(folder, [*shards, further]) as url:
            there = list(threads.map(lambda one: _is_there(url, one), clients))
    finally:
        further.end(signal.SIGKILL)
    assert 0 < there.count(False) < len(clients) // 2


def _is_there(url: str, client: Client) -> bool:
    return httpx.get(f"{url}/contacts", headers={"token": client.token}, timeout=SECONDS).status_code == 200


@needs_haproxy
@pytest.mark.slow
def test_the_suite_finds_nothing_through_the_balancer(tmp_path: Path) -> None:
    shards = [Shard(tmp_path, str(number)) for number in range(2)]
    with ExitStack() as stack:
        for shard in shards:
            stack.callback(shard.end, signal.SIGKILL)
            shard.start()
        url = stack.enter_context(balanced(tmp_path, shards))
        done = subprocess.run(
            [sys.executable, "-m", "casavi_mock", "check", "--url", url, "--version", "v1", "--max-examples", "2"],
            capture_output=True,
            text=True,
            check=False,
            env=clean_environment(),
            cwd=tmp_path,  # where it leaves its replays
        )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
