"""Plays commands at a target, and holds what it sees against a model of its own."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from casavi_contracts.checks.refresh import ask
from casavi_contracts.checks.tokens import MARGIN
from casavi_contracts.context import Accounts, Context
from casavi_contracts.expect.calls import is_good, lists
from casavi_contracts.expect.moments import moment
from casavi_contracts.expect.observing import LISTS, expect_read, expect_refused, predicted
from casavi_contracts.expect.refusals import refused
from casavi_contracts.failures import Broken, CouldNotRun, Unmet
from casavi_contracts.http.client import Client
from casavi_contracts.http.target import Capability
from casavi_contracts.model import Account, Rejected, shown
from casavi_contracts.promises import Named
from casavi_contracts.stateful.commands import Command, checked
from casavi_contracts.stateful.imports import Sent
from casavi_contracts.stateful.tokens import State, Token, Tokens

WALK = Named.PAGE_WALK_RETURNS_EVERY_RECORD_ONCE


def play(ctx: Context, case: Any) -> None:
    """Plays commands in accounts of their own, as far as the target gives any, and then reads everything.

    Args:
        ctx: The context.
        case: The commands.

    Raises:
        casavi_contracts.failures.Broken: The target does something else than the model; `case` are the commands so far,
            if it was seen before the end.
        casavi_contracts.failures.CouldNotRun: The case is no sequence of commands.
        casavi_contracts.failures.Unmet: The target lacks what a command needs.
    """
    commands = checked(case)
    accounts = Accounts(ctx.target, ctx.contract, ctx.names.prefix)
    try:
        executor = Executor(accounts.context())
        for number, command in enumerate(commands, 1):
            with _telling(commands[:number]):
                executor.play(command)
        with _telling(None):
            executor.end()
    finally:
        accounts.close()


@contextmanager
def _telling(commands: Sequence[Command] | None) -> Iterator[None]:
    """Lets a check that is broken tell after which commands, None after all."""
    case = None if commands is None else list(commands)
    try:
        yield
    except Broken as broken:
        broken.case = case
        raise
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        # As in a check: an answer of another form than the contract's makes it stumble.
        raise Broken("an answer of the contract's form", repr(error), case=case) from error


@contextmanager
def _by(check: str) -> Iterator[None]:
    """Names the check that is broken, where nobody else has."""
    try:
        yield
    except Broken as broken:
        broken.check = broken.check or check
        raise


class _One:
    """One account: a client of it, and the model of what it holds."""

    def __init__(self, number: int, client: Client) -> None:
        self.number = number
        self.client = client
        self.tokens = Tokens(client.contract)
        self.model = Account(client.contract)
        self.certain: dict[str, set[str]] = {}
        """Ids of records that were read when nothing was being imported."""
        self._clock = client.clock
        self._now: datetime | None = None
        if self._clock is not None:
            self._clock.freeze()

    def now(self) -> datetime:
        """Returns the time of the account; where that cannot be asked, the time here."""
        if self._clock is None:
            return self.client.target.now()
        if self._now is None:
            self._now = moment(self._clock.now())
            assert self._now is not None, "a mock writes its time as it writes all times"
        return self._now

    def moved(self) -> None:
        """Notes that the time of the account was moved."""
        self._now = None


class Executor:
    """A client of up to two accounts that knows what has to come of what it does.

    Args:
        ctx: The context; what was in its accounts before does not matter.
    """

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._opened: dict[int, _One] = {}
        self._sent: list[Sent | None] = []
        """Imports in the order in which they were sent; None for one that had to be refused."""
        self._doing: dict[str, Callable[[_One, Command], None]] = {
            "authenticate": lambda one, command: self._log_in(one),
            "refresh": self._refresh,
            "show": lambda one, command: self._show(one, one.tokens.back(command["token"])),
            "expire": lambda one, command: self._expire(one),
            "wait": lambda one, command: self._advance(one, command["seconds"]),
            "import": lambda one, command: self._import(one, command["portfolio"]),
            "fill": lambda one, command: self._import(one, _many(command["count"])),
            "read": lambda one, command: self._read(one),
            "walk": lambda one, command: self._walk(one),
        }

    def play(self, command: Command) -> None:
        """Does what a command says.

        Args:
            command: A command of the form that `casavi_contracts.stateful.commands` describes.

        Raises:
            casavi_contracts.failures.Broken: The target does something else than the model.
            casavi_contracts.failures.Unmet: The target lacks what the command needs.
        """
        if command["do"] == "poll":
            one = self._poll(command)
        else:
            one = self._ready(command["account"])
            self._doing[command["do"]](one, command)
        self._expect_no_log_in(one)

    def end(self) -> None:
        """Waits for all imports, looks at their jobs once more, and reads all accounts."""
        for number in [*self._opened]:
            self._read(self._ready(number))
        for sent in self._sent:
            if sent is not None:
                self._look(sent)

    # Accounts.

    def _ready(self, number: int) -> _One:
        """Returns an account with a good token."""
        if number and Capability.TWO_ACCOUNTS not in self._ctx.target.capabilities:
            raise Unmet(f"the case needs a second account, and the target lacks {Capability.TWO_ACCOUNTS}")
        if number not in self._opened:
            self._opened[number] = _One(number, self._ctx.other if number else self._ctx.account)
        one = self._opened[number]
        if not len(one.tokens) or one.tokens.state(one.tokens.back(0), one.now()) is not State.GOOD:
            self._log_in(one)
        return one

    def _advance(self, one: _One, seconds: float) -> None:
        if one.client.clock is None:
            raise Unmet(f"the case moves time, and the target lacks {Capability.CLOCK}")
        one.client.clock.advance(seconds)
        one.moved()

    # Tokens.

    def _log_in(self, one: _One) -> None:
        now = one.now()
        one.client.log_in()
        one.tokens.give(one.client.token, now)
        self._ctx.expect(
            is_good(one.client, one.client.token),
            "a new token to be good",
            "it is refused",
            check=Named.LOG_IN_GIVES_A_TOKEN,
        )

    def _refresh(self, one: _One, command: Command) -> None:
        token = one.tokens.back(command["token"])
        state = one.tokens.state(token, one.now())
        if "key" in command and command["key"] != command["account"]:
            key = self._ready(command["key"]).client.credentials.key
            self._expect_foreign(one, token.text, state, key)
            return
        if state is State.GOOD:
            self._renew(one, command["token"])
        elif state is not State.OPEN:
            self._expect_no_refresh(one, command["token"], state)

    def _expect_foreign(self, one: _One, token: str, state: State, key: str) -> None:
        with _by(Named.FOREIGN_TOKEN_CANNOT_BE_REFRESHED):
            answer = ask(one.client, token, key=key)
            self._ctx.expect(
                not answer.ok, "the refresh of another account's token to be refused", f"status {answer.status}"
            )
            if state is State.GOOD:
                refused(self._ctx, answer, "token-foreign", "the refresh of another account's token")

    def _renew(self, one: _One, back: int) -> None:
        token, now = one.tokens.back(back), one.now()
        answer = self._asked(one, token.text)
        with _by(Named.REFRESH_GIVES_A_TOKEN):
            self._ctx.expect(answer.ok, "a good token to be refreshed", f"status {answer.status}")
            text = answer.json["token"]
            one.client.target.recorder.redact.learn(text)
            self._ctx.expect(is_good(one.client, text), "a refreshed token to be good", "it is refused")
        one.client.token = text
        one.tokens.refresh(token, text, now)
        self._show(one, token)

    def _expect_no_refresh(self, one: _One, back: int, state: State) -> None:
        token, now, values = one.tokens.back(back), one.now(), self._ctx.contract.values
        answer = self._asked(one, token.text)
        late = values["refresh-accepts-expired-token"] and not values["refresh-needs-token-header"]
        if state is State.EXPIRED and late:
            with _by(Named.EXPIRED_TOKEN_CANNOT_BE_REFRESHED):
                self._ctx.expect(answer.ok, "an expired token to be refreshed", f"status {answer.status}")
                text = answer.json["token"]
                one.client.target.recorder.redact.learn(text)
            one.client.token = text
            one.tokens.refresh(token, text, now)
            return
        with _by(Named.EXPIRED_TOKEN_CANNOT_BE_REFRESHED if state is State.EXPIRED else one.tokens.check(token)):
            refused(self._ctx, answer, _RULES[state], f"the refresh of a token that is {state}")

    def _asked(self, one: _One, token: str) -> Any:
        """Asks for a refresh with that token alone, whatever other tokens there are."""
        needs_header = self._ctx.contract.values["refresh-needs-token-header"]
        body = {"apiKey": one.client.credentials.key, "token": token}
        return one.client.send("refreshToken", body=body, token=token if needs_header else None)

    def _show(self, one: _One, token: Token) -> None:
        """Reads with a token, and breaks a check unless it is worth what it should be."""
        state = one.tokens.state(token, one.now())
        answer = one.client.send(lists(self._ctx.contract)[0], token=token.text)
        if state is State.GOOD:
            check = (
                Named.EARLIER_LOG_INS_STAY_GOOD
                if token is not one.tokens.back(0)
                else Named.TOKEN_WORKS_AGAIN_AND_AGAIN
            )
            self._ctx.expect(answer.ok, "a good token to stay good", f"status {answer.status}", check=check)
        elif state is not State.OPEN:
            with _by(one.tokens.check(token)):
                refused(self._ctx, answer, _RULES[state], f"a token that is {state}")

    def _expire(self, one: _One) -> None:
        self._settle(one)
        self._advance(one, one.tokens.whole_life.total_seconds())
        self._show(one, one.tokens.back(0))

    def _expect_no_log_in(self, one: _One) -> None:
        """Breaks a check if the client had to log in again though its token was good."""
        newest = one.tokens.back(0)
        if one.client.token != newest.text:
            expired = one.tokens.state(newest, one.now()) is not State.GOOD
            self._ctx.expect(
                expired, "a good token to stay good", "it was refused", check=Named.TOKEN_WORKS_AGAIN_AND_AGAIN
            )

    # Imports.

    def _import(self, one: _One, portfolio: Any) -> None:
        sent = self._ctx.names.own(portfolio)
        expected = one.model.apply(sent)
        if isinstance(expected, Rejected):
            self._sent.append(None)
            with _by(Named.INVALID_IMPORT_IS_REFUSED):
                expect_refused(self._ctx, sent, list(expected.pointers), one.client)
            return
        now = one.now()
        job = one.client.submit(sent)
        known = [other.job for other in self._sent if other is not None]
        self._ctx.expect(job not in known, "a job of its own", "one of before", check=Named.IMPORT_ANSWERS_A_JOB_ID)
        self._sent.append(Sent(one.number, job, expected, now))

    def _poll(self, command: Command) -> _One:
        """Looks at a job and returns the account that did."""
        sent = self._sent[command["import"]]
        if sent is None:
            raise CouldNotRun(f"import {command['import']} is refused, so that there is no job to look at")
        viewer = command.get("account", sent.account)
        one = self._ready(viewer)
        if viewer == sent.account:
            self._look(sent)
        else:
            with _by(Named.FOREIGN_JOB_IS_UNKNOWN):
                answer = one.client.send("getJob", jobId=sent.job)
                refused(self._ctx, answer, "job-unknown", "a job of another account")
        return one

    def _look(self, sent: Sent) -> None:
        """Looks at a job of an account once."""
        one = self._ready(sent.account)
        now, kept = one.now(), timedelta(days=self._ctx.contract.values["job-retention-days"])
        if sent.ended_at is not None and now - sent.sent_at > kept - MARGIN:
            if now - sent.ended_at > kept + MARGIN:
                with _by(Named.JOB_STAYS_KNOWN):
                    answer = one.client.send("getJob", jobId=sent.job)
                    refused(self._ctx, answer, "job-unknown", "a job that is kept no longer")
            return
        self._see(sent, one.client.job(sent.job))

    def _see(self, sent: Sent, seen: Mapping[str, Any]) -> None:
        one = self._opened[sent.account]
        sent.expect(self._ctx, seen, one.now)
        if sent.rank > 0:
            self._expect_turn(sent, one)

    def _expect_turn(self, sent: Sent, one: _One) -> None:
        """Breaks the check unless all imports before one that has begun have ended."""
        for other in self._sent:
            if other is sent:
                return
            if other is not None and other.account == sent.account and other.ended is None:
                other.expect(self._ctx, one.client.job(other.job), one.now)
                self._ctx.expect(
                    other.ended is not None,
                    "a job to begin when those before have ended",
                    "one before that has not",
                    check=Named.JOBS_TAKE_THEIR_TURN,
                )

    def _settle(self, one: _One) -> None:
        """Follows every job of an account to its end, the oldest first."""
        for sent in self._sent:
            if sent is not None and sent.account == one.number and sent.ended is None:
                for seen in one.client.follow(sent.job, patient=True):
                    one.moved()
                    self._see(sent, seen)

    # Reading.

    def _predicted(self, one: _One) -> dict[str, set[str]]:
        return {entity: set(records) for entity, records in predicted(self._ctx, one.model).items()}

    def _read(self, one: _One) -> None:
        self._settle(one)
        expect_read(self._ctx, one.model, one.client)
        one.certain = self._predicted(one)

    def _walk(self, one: _One) -> None:
        """Walks through every list: what is certain is there once, and nothing that was not imported."""
        for entity, possible in self._predicted(one).items():
            operation = LISTS[self._ctx.contract.version][entity]
            seen = [record["id"] for record in self._ctx.listed(one.client, operation)]
            twice = sorted({self._local(reference) for reference in seen if seen.count(reference) > 1})
            self._ctx.expect(not twice, f"each of the {entity} once", f"{shown(twice)} more than once", check=WALK)
            gone = sorted(map(self._local, one.certain.get(entity, set()) - set(seen)))
            self._ctx.expect(not gone, f"all {entity} that were there before", f"all but {shown(gone)}")
            strange = sorted(map(self._local, set(seen) - possible))
            self._ctx.expect(not strange, f"no other {entity} than were imported", f"{shown(strange)} as well")

    def _local(self, reference: str) -> str:
        return self._ctx.names.local(reference)


_RULES = {State.REPLACED: "token-revoked", State.EXPIRED: "token-expired"}


def _many(count: int) -> dict[str, Any]:
    """Returns a portfolio that fills more than a page if there are enough records."""
    units = [{"id": f"U{number}", "name": f"unit {number}"} for number in range(count)]
    return {
        "contacts": [{"id": f"C{number}", "lastName": f"contact {number}"} for number in range(count)],
        "properties": [{"id": "many", "name": "many", "addresses": [{"street": "many", "units": units}]}],
    }
