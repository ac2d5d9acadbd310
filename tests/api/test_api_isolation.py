"""Two accounts over HTTP: whatever one does or has done to it, the other notices nothing."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import httpx
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from casavi_mock.domain.jobs import Progress
from casavi_mock.domain.model import Secret
from tests.support.server import Mock

NAMES = ("left", "right")
names = st.sampled_from(NAMES)


RETENTION = timedelta(days=30)
"""How long an ended job is known, as assumed."""


class Account:
    """What one account should be like."""

    def __init__(self, name: str, now: datetime) -> None:
        self.key, self.secret = f"key-of-{name}", f"secret-of-{name}"
        self.now = now
        self.forget()

    def forget(self) -> None:
        self.contacts: list[str] = []
        self.jobs: dict[str, datetime] = {}
        """When each ended, by its id."""
        self.token: str | None = None
        self.token_until: datetime | None = None
        self.faults = 0
        self.requests = 0

    @property
    def known_jobs(self) -> set[str]:
        return {job for job, ended in self.jobs.items() if self.now - ended <= RETENTION}

    @property
    def header(self) -> dict[str, str]:
        return {"token": self.token or "none"}

    @property
    def good(self) -> bool:
        return self.token is not None and self.token_until is not None and self.now < self.token_until


class TwoAccounts(RuleBasedStateMachine):
    @initialize()
    def open(self) -> None:
        self.runner = asyncio.Runner()
        self.mock = Mock(progress=Progress(progress="immediate"))
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(self.mock.app), base_url="http://mock")
        self.runner.run(self.start())
        self.accounts = {name: Account(name, self.mock.time.now) for name in NAMES}
        for account in self.accounts.values():
            self.mock.registry.create(account.key, Secret(account.secret))

    async def start(self) -> None:
        self.running = self.mock.app.running()
        await self.running.__aenter__()

    def teardown(self) -> None:
        if hasattr(self, "runner"):
            try:
                for account in getattr(self, "accounts", {}).values():
                    assert self.steer(account, "GET", "requests/count")["count"] == account.requests
            finally:
                self.runner.run(self.stop())
                self.runner.close()

    async def stop(self) -> None:
        await self.http.aclose()
        await self.running.__aexit__(None, None, None)

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        return self.runner.run(self.http.request(method, path, **options))

    def steer(self, account: Account, method: str, path: str, **options: Any) -> Any:
        answer = self.ask(method, f"/_mock/{path}", headers={"X-Mock-Key": account.key}, **options)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    # What clients do.

    @rule(name=names)
    def log_in(self, name: str) -> None:
        account = self.accounts[name]
        answer = self.ask("POST", "/authenticate", json={"key": account.key, "secret": account.secret})
        account.requests += 1
        account.token = answer.json()["token"]
        account.token_until = account.now + timedelta(days=30)

    @rule(name=names, number=st.integers(1, 5))
    def import_contact(self, name: str, number: int) -> None:
        account = self.accounts[name]
        body = {"contacts": [{"id": f"C-{number}", "note": name}]}
        answer = self.ask("POST", "/import", json=body, headers=account.header)
        if account.token:
            account.requests += 1  # a token that is no good any more still has an owner
        assert answer.status_code == (202 if account.good else 401)
        if account.good:
            account.jobs[answer.json()["jobId"]] = account.now
            if f"C-{number}" not in account.contacts:
                account.contacts.append(f"C-{number}")

    @rule(name=names, other=names, number=st.integers(0, 3))
    def look_at_a_job(self, name: str, other: str, number: int) -> None:
        account, jobs = self.accounts[name], [*self.accounts[other].jobs]
        if not account.good or number >= len(jobs):
            return
        answer = self.ask("GET", f"/jobs/{jobs[number]}", headers=account.header)
        account.requests += 1
        if account.faults:
            account.faults -= 1
            assert answer.status_code == 503
        else:
            assert answer.status_code == (200 if jobs[number] in account.known_jobs else 404)

    # What tests do to one of them.

    @rule(name=names, days=st.integers(0, 20))
    def advance(self, name: str, days: int) -> None:
        self.steer(self.accounts[name], "POST", "clock/advance", json={"days": days})
        self.accounts[name].now += timedelta(days=days)

    @rule(name=names)
    def add_fault(self, name: str) -> None:
        fault = {"operation": "getJob", "times": 1, "effect": {"kind": "status", "status": 503}}
        account = self.accounts[name]
        if account.faults == 0:  # several at once count the same call
            self.steer(account, "POST", "faults", json=fault)
            account.faults = 1

    @rule(name=names)
    def expire_tokens(self, name: str) -> None:
        account = self.accounts[name]
        self.steer(account, "POST", "tokens/expire")
        account.token_until = account.now

    @rule(name=names)
    def reset(self, name: str) -> None:
        account = self.accounts[name]
        self.steer(account, "POST", "reset")
        account.forget()
        account.now = self.mock.time.now

    # What must hold for both, whatever was done.

    @invariant()
    def each_is_as_if_it_were_alone(self) -> None:
        for account in getattr(self, "accounts", {}).values():
            held = self.mock.registry.get(account.key)
            assert held is not None
            assert [str(record.key) for record in held.store.records("contacts")] == account.contacts
            assert {record.fields["note"] for record in held.store.records("contacts")} <= {account.key[7:]}
            assert {job.id for job in held.jobs()} == account.known_jobs
            assert held.clock.now() == account.now
            assert len(held.journal) == account.requests
            assert sum(not fault.over for fault in held.faults.list()) == account.faults


TestTwoAccounts = TwoAccounts.TestCase
