"""Sends a recording again, request by request, and compares what comes back."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx

from casavi_contracts import spec
from casavi_contracts.contract import Contract
from casavi_contracts.failures import BudgetSpent, CouldNotRun, Unmet
from casavi_contracts.http.network import without_bytes
from casavi_contracts.http.target import Clock, ControlPlane, Credentials
from casavi_contracts.observe.replay import forms
from casavi_contracts.observe.replay.binding import Account, Bindings, headers, texts_of
from casavi_contracts.observe.replay.forms import Found, Setting
from casavi_contracts.observe.replay.reading import is_state, state_of, token_of
from casavi_contracts.observe.replay.result import Result
from casavi_contracts.observe.replay.steps import Step

JOB_UNKNOWN = "its job was not created in this replay"
NO_ACCOUNT = "another account than the one that was given"
POLL = "a look at a job on its way; the number of looks may differ"
EXISTED = "a record that was there before the recording"

_MOST_SKIPPED = 400 * 86_400.0
"""Seconds by which time is moved on at most between two requests."""

_LEAST_SKIPPED = 0.5
_STEPS = (0.05, 0.05, 0.1, 0.1, 0.2, 0.5, 1.0, 5.0, 30.0)
_LOOKS = 200
_MAX_SENT = 500_000
"""Texts of a recording that are remembered as sent."""


@dataclass(frozen=True, slots=True)
class Place:
    """To where a recording is sent again."""

    http: httpx.Client
    name: str
    plane: ControlPlane | None
    """The control plane, if it is a mock."""
    credentials: tuple[Credentials, ...] = ()
    prefix: str = ""
    base: str = ""
    """What stands before the paths of the server."""
    job_timeout: float = 60.0
    keep_pace: Callable[[], None] = lambda: None
    sleep: Callable[[float], None] = time.sleep
    read_only: bool = False


@dataclass(slots=True)
class _Account:
    clock: Clock | None
    last: datetime | None = None
    """When the latest request for it was recorded."""


@dataclass(slots=True)
class Replay:
    """One run.

    Args:
        steps: What was recorded.
        contracts: By version, as the place follows them.
        place: Where it is sent.
        result: Where it is noted what came of it.
    """

    steps: Sequence[Step]
    contracts: Mapping[str, Contract]
    place: Place
    result: Result
    _opened: list[Credentials] = field(default_factory=list)
    _accounts: dict[int, _Account] = field(default_factory=dict)
    _bindings: Bindings = field(init=False, repr=False)
    _last_looks: frozenset[int] = frozenset()
    """Numbers of the requests that look at a job for the last time."""
    _held: frozenset[int] = frozenset()
    """Numbers of requests before which no time passes: a job is on its way that is looked at later."""

    def run(self) -> None:
        """Sends all that can be sent; what stops it early is noted."""
        shape = spec.import_shape(spec.load_document())
        sent = [step for step in self.steps if step.obstacle is None and self._forbidden(step) is None]
        prefix, imported = self.place.prefix, frozenset(_imported(sent, shape))
        self._bindings = Bindings(self._open, prefix, imported)
        self._held = frozenset(_held(self.steps))
        looks = {step.parameters["jobId"]: step.recorded.number for step in self.steps if step.operation == "getJob"}
        self._last_looks = frozenset(looks.values())
        setting = Setting(
            sent=frozenset(_sent(self.steps)),
            imported=imported,
            existed=bool(self.place.credentials) or existed(self.steps, imported),
            words=words_of(self.contracts),
            home={f"{prefix}{one}": one for one in imported} if prefix else {},
        )
        if setting.existed:
            self.result.notes.append("An account held or holds other records; numbers of records are not compared.")
        try:
            for step in self.steps:
                self._step(step, setting, shape)
        except (BudgetSpent, CouldNotRun) as stopped:
            self.result.stopped = str(stopped)
        finally:
            for one in self._opened:
                if self.place.plane is not None:
                    self._quietly(self.place.plane.delete_account, one.key)

    @staticmethod
    def _quietly(action: Callable[[str], None], key: str) -> None:
        try:
            action(key)
        except (httpx.HTTPError, CouldNotRun):
            return

    def _open(self, number: int) -> Credentials | None:
        if number < len(self.place.credentials):
            return self.place.credentials[number]
        if self.place.plane is None:
            return None
        made = Credentials(*self.place.plane.create_account())
        self._opened.append(made)
        return made

    def _step(self, step: Step, setting: Setting, shape: spec.Shape) -> None:
        number, title = step.recorded.number, step.title
        obstacle = step.obstacle or self._obstacle(step)
        account = self._bindings.of(step) if obstacle is None else None
        if obstacle is None and account is None:
            obstacle = NO_ACCOUNT
        if obstacle is not None:
            self.result.leave_out(number, title, obstacle)
            return
        assert account is not None, "there is one"
        self._move_time(step, account)
        poll = step.operation == "getJob" and step.recorded.status < 300
        try:
            answer = self._poll(step, account, shape) if poll else self._send(step, account, shape)
        except Unmet as unmet:
            self.result.leave_out(number, title, str(unmet))
            return
        except httpx.HTTPError as error:
            if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
                raise CouldNotRun(f"{self.place.name}: no connection: {without_bytes(str(error))}") from None
            self.result.take(
                number, title, step.recorded.status, [Found("status", "missing", "an answer", "no answer")]
            )
            return
        if answer is None:
            self.result.leave_out(number, title, POLL)
        elif self._was_there(step, answer, setting):
            self.result.leave_out(number, title, EXISTED)
        else:
            self._compare(step, answer, setting, account)

    def _obstacle(self, step: Step) -> str | None:
        looks = step.operation == "getJob" and step.recorded.status < 300
        if looks and step.parameters["jobId"] not in self._bindings.jobs:
            return JOB_UNKNOWN
        return self._forbidden(step)

    def _forbidden(self, step: Step) -> str | None:
        """Returns why a request must not be sent to an account; None if it may."""
        if self.place.plane is None:
            if step.recorded.method not in ("GET", "HEAD", "POST"):
                return f"{step.recorded.method} may destroy what is in a real account"
            if step.recorded.method == "POST" and step.operation is None:
                return "a request that writes and that the contract does not know"
            if step.operation == "importMasterData" and self.place.read_only:
                return "it creates records, and --read-only forbids it"
        return None

    def _was_there(self, step: Step, answer: httpx.Response, setting: Setting) -> bool:
        """Whether a record is missing only because the recording did not import it."""
        references = self.contracts[step.version].references(str(step.operation))
        asked = [value for name, value in step.parameters.items() if name in references]
        return (
            answer.status_code == 404
            and step.recorded.status < 300
            and any(one not in setting.imported for one in asked)
        )

    def _compare(self, step: Step, answer: httpx.Response, setting: Setting, account: Account) -> None:
        recorded = step.recorded
        was: Any = None
        found: list[Found] = []
        if answer.status_code != recorded.status:
            found = [Found("status", "value", str(recorded.status), str(answer.status_code))]
            now = forms.parsed(answer.content)
            was = forms.parsed(recorded.response_body or b"")
        else:
            one, other = (_media(dict(recorded.response_headers)), _media(dict(answer.headers)))
            body = recorded.response_body if recorded.response_whole else None
            if recorded.method == "HEAD" or self._bindings.is_unknown(step):
                body = None
            if one != other and one and body != b"":
                found.append(Found("content-type", "value", one, other or "none"))
            more, was, now = forms.compare(body, answer.content, setting, error=recorded.status >= 400)
            found += self._of_job(more, was, now, step) if step.operation == "getJob" else more
        self._bindings.learn(step, was, now, account, self.contracts[step.version])
        self.result.take(recorded.number, step.title, recorded.status, found)

    def _of_job(self, found: list[Found], was: Any, now: Any, step: Step) -> list[Found]:
        """Returns what two looks at a job say: on its way its numbers depend on the moment of the look."""
        contract = self.contracts[step.version]
        state = state_of(contract, was)
        if state != state_of(contract, now):
            return [one for one in found if is_state(one.place) or one.kind in ("missing", "form")]
        if state in contract.final_states:
            return found
        return [one for one in found if one.kind in ("missing", "new", "type", "form") and one.place[-2:] != "/*"]

    def _send(self, step: Step, account: Account, shape: spec.Shape) -> httpx.Response:
        sent = headers(step)
        token = dict(step.recorded.request_headers).get("token")
        if token is not None:
            refused = step.recorded.status in (401, 403)
            if not refused and account.token is None:
                self._log_in(step.version, account)
            sent["token"] = self._bindings.token(token, refused=refused, account=account) if token else token
        path = self._bindings.path(step, self.contracts[step.version], self.place.base)
        path = self._with_moments(step, path, account)
        body = self._bindings.body(step, account, shape)
        self.place.keep_pace()
        return self.place.http.send(
            self.place.http.build_request(step.recorded.method, path, headers=sent, content=body or None)
        )

    def _log_in(self, version: str, account: Account) -> None:
        """Gets a token for an account whose log-in is not in the recording."""
        contract = self.contracts[version]
        known = {"key": account.credentials.key, "secret": account.credentials.secret}
        self.place.keep_pace()
        answer = self.place.http.post(contract.path("authenticate"), json=known)
        account.token = token_of(contract, forms.parsed(answer.content)) if answer.is_success else None

    def _poll(self, step: Step, account: Account, shape: spec.Shape) -> httpx.Response | None:
        """Looks at a job until it is where it was when it was recorded; None if it has passed that."""
        contract = self.contracts[step.version]
        wanted = state_of(contract, forms.parsed(step.recorded.response_body or b""))
        final = contract.final_states
        last = wanted in final or (wanted not in contract.states and step.recorded.number in self._last_looks)
        can_wait = last or self._known(account).clock is not None
        waited = 0.0
        for look in range(_LOOKS):
            answer = self._send(step, account, shape)
            state = state_of(contract, forms.parsed(answer.content))
            if not answer.is_success or state is None or wanted is None or state == wanted:
                return answer
            if state in final or not (last or wanted in contract.states):
                return answer if last or wanted not in contract.states else None
            if waited >= self.place.job_timeout or not can_wait:
                break
            pause = _STEPS[min(look, len(_STEPS) - 1 if last else 2)]
            waited += pause
            self._wait(pause, account)
        return answer if last else None

    def _wait(self, seconds: float, account: Account) -> None:
        clock = self._known(account).clock
        if clock is not None:
            clock.advance(seconds)
        else:
            self.place.sleep(max(seconds, 0.5))

    def _known(self, account: Account) -> _Account:
        known = self._accounts.get(id(account))
        if known is None:
            plane = self.place.plane
            clock = None if plane is None else Clock(plane, account.credentials.key)
            known = self._accounts[id(account)] = _Account(clock)
            if clock is not None and account.credentials in self._opened:
                clock.freeze()
        return known

    def _move_time(self, step: Step, account: Account) -> None:
        """Lets as much time pass as passed between two requests of the recording, unless a job is on its way."""
        known, at = self._known(account), step.recorded.started
        if at is None or known.clock is None or account.credentials not in self._opened:
            return
        gap = (at - known.last).total_seconds() if known.last is not None else 0.0
        known.last = max(at, known.last) if known.last is not None else at
        if gap >= _LEAST_SKIPPED and step.recorded.number not in self._held:
            known.clock.advance(min(gap, _MOST_SKIPPED))

    def _with_moments(self, step: Step, path: str, account: Account) -> str:
        """Returns a path whose query speaks of moments as far from now as they were when it was recorded."""
        moments = [
            name for name, schema in self.contracts[step.version].query_parameters(step.operation).items()
            if schema.get("format") == "date-time" or name.endswith("After")
        ] if step.operation else []  # fmt: skip
        given = dict(step.recorded.query)
        clock = self._known(account).clock
        if step.recorded.started is None or not any(name in given for name in moments) or "?" not in path:
            return path
        now = datetime.fromisoformat(clock.now()) if clock is not None else datetime.now(UTC)
        address = httpx.URL(path)
        for name in moments:
            shifted = _shifted(given.get(name), step.recorded.started, now)
            if shifted is not None:
                address = address.copy_set_param(name, shifted)
        return str(address)


def _shifted(text: str | None, then: datetime, now: datetime) -> str | None:
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    if moment.utcoffset() is None:
        return None
    return (moment + (now - then)).astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _media(found: Mapping[str, str]) -> str:
    return found.get("content-type", "").partition(";")[0].strip().lower()[:60]


def _held(steps: Sequence[Step]) -> Iterator[int]:
    """Yields the numbers of requests between an import and the last look at its job."""
    looks = {step.parameters["jobId"]: place for place, step in enumerate(steps) if step.operation == "getJob"}
    for place, step in enumerate(steps):
        if step.operation == "importMasterData" and step.recorded.status < 300:
            given = texts_of(forms.parsed(step.recorded.response_body or b""))
            end = max((looks[one] for one in given if one in looks), default=place)
            yield from (one.recorded.number for one in steps[place + 1 : end + 1])


def _imported(steps: Sequence[Step], shape: spec.Shape) -> Iterator[str]:
    for step in steps:
        if step.operation == "importMasterData" or (step.operation is None and step.recorded.method == "POST"):
            body = forms.parsed(step.recorded.request_body or b"")
            for names in spec.identifiers(shape, body).values():
                yield from names


def _sent(steps: Sequence[Step]) -> Iterator[str]:
    """Yields texts that the client sent in bodies, bounded in number."""
    left = _MAX_SENT
    for step in steps:
        if step.recorded.method != "POST" or step.operation in ("authenticate", "refreshToken"):
            continue
        waiting = [forms.parsed(step.recorded.request_body or b"")]
        while waiting and left:
            left -= 1
            one = waiting.pop()
            if isinstance(one, dict):
                waiting += one.values()
            elif isinstance(one, list):
                waiting += one
            elif isinstance(one, str) and one:
                yield one


def existed(steps: Sequence[Step], imported: frozenset[str]) -> bool:
    """Whether the account of a recording held records that the recording did not import."""
    for step in steps:
        if step.operation is None or step.recorded.status >= 300 or step.recorded.method != "GET":
            continue
        body = forms.parsed(step.recorded.response_body or b"")
        for items in body.values() if isinstance(body, dict) and step.operation != "getJob" else ():
            records = items if isinstance(items, list) else []
            if any(isinstance(one, dict) and "id" in one and str(one["id"]) not in imported for one in records):
                return True
    return False


def words_of(contracts: Mapping[str, Contract]) -> frozenset[str]:
    """Returns the words of the contract, which say nothing about anybody: states, rules, enumerations."""
    found: set[str] = set()
    for contract in contracts.values():
        found.update(contract.states, contract.rules)
        waiting: list[Any] = [contract.document.get("components", {})]
        while waiting:
            one = waiting.pop()
            if isinstance(one, dict):
                found.update(word for word in one.get("enum", ()) if isinstance(word, str))
                waiting += one.values()
            elif isinstance(one, list):
                waiting += one
    return frozenset(found)
