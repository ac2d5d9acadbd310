"""A server's accounts in a state file, without a server; and what a killed server would have left."""

import json
import random
import shutil
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

from casavi_mock.accounts import Account, Registry
from casavi_mock.domain.clock import ClockError
from casavi_mock.domain.faults import Effect, Fault
from casavi_mock.domain.jobs import Progress
from casavi_mock.domain.model import Key, Secret, token_digest
from casavi_mock.domain.ordering import plan
from casavi_mock.errors import Refused, Unsteerable
from casavi_mock.handlers import authentication, imports
from casavi_mock.handlers.jobs import status_of, view
from casavi_mock.state.keeper import Keeper, StateOptions
from tests.support.accounts import registry
from tests.support.time import FakeTime

KEY, SECRET = "the-key-of-the-account", "the-secret-of-the-account"
NEVER = 1_000_000.0
"""Seconds until what can be reckoned again is saved: not in this test, apart from what a command saves."""


class Kept:
    """Accounts that are kept in a file.

    Args:
        path: The file.
        time: The source of time.
        behind_seconds: As for the keeper.
        others: Fields of the settings.
    """

    def __init__(
        self,
        path: Path,
        time: FakeTime | None = None,
        *,
        behind_seconds: float = NEVER,
        journal: bool = False,
        secret: str = SECRET,
        seed: Mapping[str, Any] | None = None,
        **others: Any,
    ) -> None:
        self.path = path
        self.time = time or FakeTime()
        self.registry: Registry = registry(time=self.time, **others)
        texts = (f"{path.parent.name}-{number}" for number in count())
        self.registry._new_text = texts.__next__
        self.account = self.registry.create(KEY, Secret(secret))
        if seed is not None:
            self.account.load(plan(seed, self.account.settings.shape))
        self.account.mark_seed()
        options = StateOptions(path=str(path), behind_seconds=behind_seconds, journal=journal)
        self.keeper = Keeper(options, self.registry, self.time, [self.account] if seed is not None else ())

    def send(
        self,
        body: Mapping[str, Any],
        account: Account | None = None,
        forced: str | None = None,
        ordered: Mapping[tuple[str, Key], str] | None = None,
    ) -> str:
        """Imports as a client does; returns the id of the job."""
        account, raw = account or self.account, json.dumps(body).encode()
        planned = plan(body, account.settings.shape)
        planned.ordered = ordered or {}
        return imports.accept(account, planned, forced=forced, size=len(raw), body=raw).id

    def log_in(self, key: str = KEY, secret: str = SECRET) -> str:
        """Returns a token."""
        return authentication.authenticate(self.registry, {"key": key, "secret": secret}).token.text.reveal()

    def left_by_a_kill(self, folder: Path) -> Path:
        """Returns a copy of what is on the disk once everything is saved that has to be."""
        assert self.keeper.wait() is None
        folder.mkdir()
        for suffix in ("", "-wal"):
            shutil.copy(f"{self.path}{suffix}", folder / f"{self.path.name}{suffix}")
        return folder / self.path.name


def seen(kept: Kept) -> dict[str, Any]:
    """Returns all that clients and tests can see of the accounts."""
    return {account.key: _seen(account) for account in kept.registry}


def _seen(account: Account) -> dict[str, Any]:
    return {
        "state": account.state(),
        "jobs": [view(job, status_of(job, account.settings)) for job in account.jobs()],
        "queue": (
            account.progress,
            account.queue.held,
            account.queue.done,
            account.queue.unfinished,
            account.queue.submitted,
            account.next_due_seconds(),
        ),
        "tokens": [
            (
                one.name if isinstance(one.name, bytes) else token_digest(one.name),
                one.expires_at,
                one.revoked,
                one.number,
            )
            for one in account.tokens.by_name.values()
        ],
        "faults": (account.faults.list(), account.faults.added),
        "snapshots": account.snapshots(),
        "clock": (account.clock.now(), account.clock.frozen),
    }


class Chance:
    """Does what clients and tests may do to an account, in an order left to chance.

    Args:
        kept: The accounts.
        seed: Decides the order.
    """

    def __init__(self, kept: Kept, seed: int) -> None:
        self.kept = kept
        self.chance = random.Random(seed)
        self._numbers = count(1)
        self._moves = [
            *[self.send] * 6,
            *[self.pass_time] * 3,
            self.log_in,
            self.refresh,
            self.move_clock,
            self.command,
            self.change_progress,
            self.force,
            self.poll,
            self.reset,
            self.take_snapshot,
            self.restore,
            self.put_state,
            self.plan_fault,
            self.strike,
            self.expire,
            self.load,
            self.open_or_close,
        ]

    def move(self) -> str:
        """Does something; returns what."""
        one = self.chance.choice(self._moves)
        try:
            one()
        except (Unsteerable, ClockError, Refused):
            return f"{one.__name__} (refused)"
        return one.__name__

    def account(self) -> Account:
        return self.chance.choice(list(self.kept.registry))

    def body(self) -> dict[str, Any]:
        number = self.chance.randint(1, 12)
        contact = {"id": f"C-{number}", "firstName": f"Eva {next(self._numbers)}", "customFields": {"a": number}}
        unit = {"id": f"U-{number}", "contracts": [{"id": "V-1", "contactId": f"C-{self.chance.randint(1, 14)}"}]}
        document = {"id": f"D-{number}", "name": "a.txt", "content": self.chance.choice(["QUJD", "nonsense!"])}
        house = {
            "id": f"P-{number % 3}",
            "addresses": [{"street": "Some 1", "units": [{**unit, "documents": [document]}]}],
        }
        role = {
            "contactId": f"C-{number}",
            "propertyId": f"P-{self.chance.randint(0, 4)}",
            "roleName": "Caretaker",
            "roleType": "internal",
        }
        parts = {"contacts": [contact], "properties": [house], "responsibilities": [role]}
        return {name: part for name, part in parts.items() if name == "contacts" or self.chance.random() < 0.7}

    def send(self) -> None:
        account = self.account()
        forced = self.chance.choice([None, None, None, "failed", "stalled"])
        ordered = {("contacts", f"C-{self.chance.randint(1, 12)}"): "account-full"}
        self.kept.send(self.body(), account, forced, self.chance.choice([None, ordered]))

    def pass_time(self) -> None:
        self.kept.time.advance(seconds=self.chance.choice([0.05, 0.4, 3.0]))
        self.account().run_due(self.chance.randint(1, 4))

    def log_in(self) -> None:
        self.kept.log_in()

    def refresh(self) -> None:
        texts = [name for name in self.kept.account.tokens.by_name if isinstance(name, str)]
        if texts:
            authentication.refresh(self.kept.registry, KEY, self.chance.choice(texts))

    def move_clock(self) -> None:
        account = self.account()
        self.chance.choice(
            [account.freeze, account.unfreeze, lambda: account.advance(timedelta(hours=self.chance.randint(0, 30)))]
        )()

    def command(self) -> None:
        account = self.account()
        self.chance.choice(
            [account.hold, account.release, lambda: account.step("job"), lambda: account.step("record"), account.drain]
        )()

    def change_progress(self) -> None:
        ways = [Progress(progress="immediate"), Progress(progress="manual", polls=2), Progress(record_seconds=0.3)]
        self.account().set_progress(self.chance.choice(ways))

    def force(self) -> None:
        account = self.account()
        jobs = [job.id for job in account.jobs() if not job.ended]
        account.force(self.chance.choice(["completed", "failed"]), self.chance.choice([None, *jobs]))

    def poll(self) -> None:
        self.account().poll()

    def reset(self) -> None:
        if self.chance.random() < 0.3:
            self.account().reset()

    def take_snapshot(self) -> None:
        self.account().snapshot(self.chance.choice("abc"))

    def restore(self) -> None:
        account, name = self.account(), self.chance.choice("abc")
        if self.chance.random() < 0.3:
            account.delete_snapshot(name)
        else:
            account.restore(name)

    def put_state(self) -> None:
        document = self.account().state()
        self.account().put_state(document)

    def plan_fault(self) -> None:
        account = self.account()
        with account.lock:
            account.faults.add(Fault(operation="*", effect=Effect(kind="delay", seconds=1.0), times=3))
            account.note_decision()

    def strike(self) -> None:
        self.account().take_fault("getJob")

    def expire(self) -> None:
        self.account().expire_tokens()

    def load(self) -> None:
        account = self.account()
        account.load(plan(self.body(), account.settings.shape))

    def open_or_close(self) -> None:
        registry = self.kept.registry
        if len(registry) < 3:
            registry.create(f"key-{next(self._numbers)}-of-an-account", Secret("another-secret"))
        else:
            registry.delete(list(registry)[-1].key)


def with_progress(kept: Kept, **fields: Any) -> None:
    """Lets jobs of the account move on in another way."""
    kept.account.set_progress(replace(kept.account.progress, **fields))
