"""What a fuzzing run knows: its account, good tokens, and which records and jobs exist."""

import itertools
from collections import deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from casavi_contracts import spec
from casavi_contracts.context import Names
from casavi_contracts.failures import Broken
from casavi_contracts.fuzz.sent import Sent, needs_token
from casavi_contracts.http.client import Client
from casavi_contracts.http.exchange import Answer

AUTHENTICATE, REFRESH, IMPORT, JOB = "authenticate", "refreshToken", "importMasterData", "getJob"

MARGIN = timedelta(seconds=60)
"""How long before its end a token is refreshed; less if it lives shorter than ten times that."""

KEPT = 200
"""Ids of each kind, and tokens, that are remembered; the oldest go first."""

MOST_SEEN = 50_000
"""Ids of sent records that are remembered; beyond that no id counts as never sent."""

SEEDS: Mapping[str, Any] = {
    "contacts": [
        {"id": "K-1", "firstName": "Ada", "lastName": "Anders"},
        {"id": "K 2/ä", "companyName": "Bau & Söhne"},
        {"id": "0003", "lastName": "Conrad"},
    ],
    "properties": [
        {
            "id": "P-1",
            "name": "House one",
            "addresses": [
                {
                    "street": "First street 1",
                    "units": [{"id": "P-1/1", "contracts": [{"contactId": "K-1", "type": "RENTER"}]}],
                }
            ],
        },
        {"id": "P 2/ö", "name": "House two"},
    ],
    "responsibilities": [
        {"propertyId": "P-1", "contactId": "0003", "roleName": "Caretaker", "roleType": "external"},
    ],
}
"""What is imported first, so that there is something to refer to."""


class Pool:
    """Ids that exist; the oldest are forgotten."""

    def __init__(self, kept: int = KEPT) -> None:
        self._ids: deque[str] = deque(maxlen=kept)

    def __contains__(self, name: object) -> bool:
        return name in self._ids

    def __len__(self) -> int:
        return len(self._ids)

    def add(self, name: str) -> None:
        """Remembers an id that a path can carry: dots alone are taken for steps between folders."""
        if name not in self._ids and name not in (".", ".."):
            self._ids.append(name)

    def number(self, name: str) -> int:
        """Returns the place of an id that is there."""
        return self._ids.index(name)

    def pick(self, number: int) -> str | None:
        """Returns one of the ids, always the same for the same number and ids; None if there is none."""
        return self._ids[number % len(self._ids)] if self._ids else None


class Session:
    """One account under a fuzzing run.

    Args:
        client: The account.
        names: The reference ids of the run's own.
        fresh: Whether the account was opened for the run, so that nothing is in it but what the run sends.
        writes: Whether the run may import.
        now: Returns the time, to tell how long a token still lives.
    """

    def __init__(
        self,
        client: Client,
        names: Names,
        *,
        fresh: bool,
        writes: bool = True,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.client = client
        self.contract = client.contract
        self.shape = spec.import_shape(self.contract.document)
        self.names = names
        self.fresh = fresh
        self.writes = writes
        self.known = {shape.entity: Pool() for shape in self.shape.walk() if shape.entity and "id" in shape.identity}
        self.jobs = Pool()
        self.tokens: deque[str] = deque(maxlen=KEPT)
        """Every token that was given out, whether it is still good or not."""
        self.request_ids: deque[str] = deque(maxlen=KEPT)
        self.states: set[str] = set()
        self.broken: Broken | None = None
        """The first step that had to succeed and did not."""
        self._now = now
        self._turns = itertools.count()
        self._token: str | None = None
        self._refused: str | None = None
        self._ends: datetime | None = None
        self._seen: set[str] = set()
        self._pending: dict[str, dict[str, list[str]]] = {}

    def begin(self) -> None:
        """Logs in, and sees to it that there is something to refer to.

        Raises:
            casavi_contracts.failures.Broken: The account cannot be used.
        """
        self.token()
        try:
            if self.writes:
                self._import_seeds()
            else:
                self._read_what_exists()
        except Broken as error:
            self.broken = error

    @property
    def token_in_use(self) -> str | None:
        """The newest token, None before the first log-in and after a refusal."""
        return self._token

    @property
    def refused_token(self) -> str | None:
        """The last one that was refused while it was the newest."""
        return self._refused

    def token(self) -> str:
        """Returns a good token: logs in if there is none, refreshes one that is about to end."""
        if self._token is None:
            self._log_in()
        elif self._ends is not None and self._now() >= self._ends:
            self._renew()
        assert self._token is not None, "a log-in sets it"
        return self._token

    def send(self, operation: str, **options: Any) -> Answer:
        """Sends a request of the run itself, with a good token."""
        return self.client.send(operation, token=self.token(), **options)

    def turn(self) -> int:
        """Counts up, so that what exists is used by turns."""
        return next(self._turns)

    def never_sent(self, name: str) -> bool:
        """Whether no record with this id can be in the account."""
        return self.fresh and len(self._seen) < MOST_SEEN and name not in self._seen

    def never_accepted(self, job: str) -> bool:
        """Whether no import of the run was answered with this job id; those of others cannot be guessed."""
        return len(self._seen) < MOST_SEEN and job not in self._seen

    def note(self, sent: Sent, answer: Answer) -> None:
        """Learns from an answer, before it is judged."""
        if sent.operation in (AUTHENTICATE, REFRESH):
            if answer.ok:
                self._take_token(answer)
        elif sent.operation == IMPORT and answer.ok:
            self._take_import(sent, answer)
        elif sent.operation == JOB and answer.ok:
            self._take_job(answer)
        if self._was_refused(sent, answer):
            self._token, self._refused = None, self._token

    def _was_refused(self, sent: Sent, answer: Answer) -> bool:
        refused = answer.status == self.contract.values["unauthorized-status"]
        return refused and sent.token == self._token is not None and needs_token(self.contract, sent.operation)

    def _log_in(self) -> None:
        self._take(self.client.log_in())

    def _renew(self) -> None:
        try:
            self._take(self.client.refresh(self._token))
        except (Broken, spec.NotShown):
            self._log_in()

    def _take(self, body: Any) -> None:
        """Takes the token of an answer into use."""
        token = body.get("token") if isinstance(body, dict) else None
        if not isinstance(token, str) or not token:
            return
        self._token = token
        self.client.token = token
        self.client.target.recorder.redact.learn(token)
        self.tokens.append(token)
        self._ends = self._end(body.get("expiresAt"))

    def _end(self, text: Any) -> datetime | None:
        try:
            moment = datetime.fromisoformat(text)
        except (TypeError, ValueError):
            return None  # that the date is none is found by the checks
        left = moment.replace(tzinfo=moment.tzinfo or UTC) - self._now()
        if left <= timedelta(0):
            return None  # the account has another time than we have; a refusal will tell
        return self._now() + left - min(MARGIN, left / 10)

    def _take_token(self, answer: Answer) -> None:
        try:
            self._take(answer.lenient)
        except Broken:
            return

    def _take_import(self, sent: Sent, answer: Answer) -> None:
        found = spec.identifiers(self.shape, sent.json)
        if len(self._seen) < MOST_SEEN:
            self._seen.update(name for names in found.values() for name in names)
        try:
            job = answer.json.get("jobId")
        except (Broken, AttributeError):
            return
        if isinstance(job, str) and job:
            self._accept(job)
            self._pending[job] = found
            if len(self._pending) > KEPT:
                del self._pending[next(iter(self._pending))]

    def _accept(self, job: str) -> None:
        self.jobs.add(job)
        if len(self._seen) < MOST_SEEN:
            self._seen.add(job)

    def _take_job(self, answer: Answer) -> None:
        """What a job without errors has imported exists from then on."""
        try:
            job = answer.lenient
        except Broken:
            return
        if not isinstance(job, dict):
            return
        status = job.get("status")
        if isinstance(status, str):
            self.states.add(status)
        state = self.contract.states.get(str(status))
        whole = state is not None and state.role == "completed" and state.when != "refused"
        imported = whole and job.get("errors") == []
        if imported and isinstance(job.get("id"), str):
            self._remember(self._pending.pop(job["id"], {}))

    def _remember(self, found: Mapping[str, list[str]]) -> None:
        for entity, pool in self.known.items():
            for name in found.get(entity, ()):
                pool.add(name)

    def _import_seeds(self) -> None:
        body = self.names.own(SEEDS)
        found = spec.identifiers(self.shape, body)
        self._seen.update(name for names in found.values() for name in names)
        self.token()
        job = self.client.submit(body)
        self._accept(job)
        self.states.add(self.client.finish(job)["status"])
        self._remember(found)

    def _read_what_exists(self) -> None:
        """Takes the ids of the first page of each list; nothing is written."""
        for operation, entity in (
            ("getContacts", "contacts"),
            ("listContacts", "contacts"),
            ("listProperties", "properties"),
        ):
            if operation in self.contract.operations:
                page = self.client.page(operation)
                listed = page.get("content") or page.get("list") or []
                self._remember({entity: [record["id"] for record in listed]})
