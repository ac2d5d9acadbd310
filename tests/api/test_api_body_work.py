"""No body makes the server work for long between two pauses, right or wrong; none at all for who has left.

Work is counted, not timed: bytes given to the parser or searched for brackets, calls of a validator, errors made.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Generator
from typing import Any

import orjson
import pytest

from casavi_contracts import spec
from casavi_fixtures import address, contact, contract, property_, responsibility, unit
from casavi_mock.bodies import bulk, parts, validation
from casavi_mock.bodies.body import BodyLimits, BodyReader
from casavi_mock.bodies.pauses import ClientGone, in_pauses
from casavi_mock.domain.ordering import planning
from casavi_mock.domain.steps import Steps, Work
from casavi_mock.errors import FieldError, Refused
from casavi_mock.vendor import operations
from tests.support.accounts import settings
from tests.support.client import Client

SETTINGS = settings()
DOCUMENT = dict(SETTINGS.document)
LIMITS = BodyLimits(max_bytes=100_000_000, max_nesting=64, max_records=1_000_000)
IMPORT = BodyReader(spec.request_schema(DOCUMENT, "importMasterData") or {}, LIMITS, shape=SETTINGS.shape)
LOG_IN = BodyReader(spec.request_schema(DOCUMENT, "authenticate") or {}, LIMITS, secret=True)

SIZE = 600_000


class Meter:
    """What was done in all, and in a step at most."""

    def __init__(self) -> None:
        self.total: Counter[str] = Counter()
        self.longest: Counter[str] = Counter()
        self._before: Counter[str] = Counter()

    def done(self, steps: Steps[Any]) -> Any:
        """Does steps, and returns what they come to; a refusal, too."""
        work = Work(steps)
        try:
            for _ in work:
                self._ends()
        except Refused as refusal:
            return refusal
        finally:
            self._ends()
        return work.result

    def _ends(self) -> None:
        for kind, done in self.total.items():
            self.longest[kind] = max(self.longest[kind], done - self._before[kind])
            self._before[kind] = done


@pytest.fixture
def meter(monkeypatch: pytest.MonkeyPatch) -> Meter:
    meter = Meter()
    total, loads, look = meter.total, orjson.loads, parts.Parts._look

    def parsed(text: bytes) -> Any:
        total["bytes"] += len(text)
        return loads(text)

    def looked(self: parts.Parts, limit: int) -> Any:
        before = self._seen
        try:
            return look(self, limit)
        finally:
            total["bytes"] += self._seen - before

    def made(*arguments: Any) -> FieldError:
        total["errors"] += 1
        return FieldError(*arguments)

    def counted(method: Callable[..., Any]) -> Callable[..., Any]:
        def check(self: validation.BodySchema, value: Any) -> Any:
            total["checks"] += 1
            return method(self, value)

        return check

    monkeypatch.setattr(orjson, "loads", parsed)
    monkeypatch.setattr(parts.Parts, "_look", looked)
    monkeypatch.setattr(validation, "FieldError", made)
    for name in ("satisfied_by", "plainly_satisfied_by"):
        monkeypatch.setattr(validation.BodySchema, name, counted(getattr(validation.BodySchema, name)))
    return meter


def many(text: bytes, size: int = SIZE) -> bytes:
    return b",".join([text] * (size // (len(text) + 1)))


def encoded(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def named(count: int, value: bytes) -> bytes:
    return b",".join(b'"k%d":%b' % (n, value) for n in range(count))


HOUSE = property_(addresses=[address(units=[unit(id=f"U-{n}", contracts=[contract()]) for n in range(5)])])
PROPERTY = b'{"properties":[{"id":"P","addresses":[{"street":"S","units":[%b]}]}]}'

RIGHT: dict[str, bytes] = {
    "contacts": b'{"contacts":[%b]}' % many(encoded(contact())),
    "contacts with unknown fields": b'{"contacts":[%b]}' % many(encoded({**contact(), "shoe": 44})),
    "responsibilities": b'{"responsibilities":[%b]}' % many(encoded(responsibility())),
    "properties": b'{"properties":[%b]}' % many(encoded(HOUSE)),
    "a property of many units": PROPERTY % many(encoded(unit(contracts=[contract()]))),
    "a unit of many contracts": PROPERTY % (b'{"id":"U","contracts":[%b]}' % many(encoded(contract()))),
    "a property of many addresses": b'{"properties":[{"id":"P","addresses":[%b]}]}' % many(encoded(address())),
    "a document": b'{"properties":[{"id":"P","documents":[{"id":"D","content":"%b"}]}]}' % (b"QUJD" * 600_000),
    "a text of escapes": b'{"contacts":[{"id":"C","note":"%b"}]}' % (b"\\u00fc" * 400_000),
    "many custom fields": b'{"contacts":[{"id":"C","customFields":{%b}}]}' % named(40_000, b"1"),
    "many unknown members": b'{"contacts":[],%b}' % named(40_000, b"{}"),
    "an unknown list": b'{"contacts":[],"x":[%b]}' % many(b"[[],{},0]"),
    "an unknown list of numbers": b'{"contacts":[],"x":[%b]}' % many(b"0"),
    "lists in lists": b'{"contacts":[],"x":[%b]}' % many(b"[" * 50 + b'"%b"' % (b"x" * 40_000) + b"]" * 50),
    "blanks": b'{"contacts":[]}' + b" " * 3_000_000,
}

WRONG: dict[str, bytes] = {
    "empty objects": b'{"responsibilities":[%b]}' % many(b"{}"),
    "empty lists": b'{"contacts":[%b]}' % many(b"[]"),
    "numbers": b'{"contacts":[%b]}' % many(b"7"),
    "short, and wrong everywhere": b'{"responsibilities":[%b]}' % many(b"{}", 255_000),
    "wrong types everywhere": b'{"contacts":[%b]}' % many(encoded(dict.fromkeys(contact(), 7))),
    "missing members": b'{"contacts":[%b]}' % many(b'{"lastName":"Muster"}'),
    "wrong custom fields": b'{"contacts":[{"id":"C","customFields":{%b}}]}' % named(40_000, b"[]"),
    "short, and wrong custom fields": b'{"contacts":[{"id":"C","customFields":{%b}}]}' % named(20_000, b"[]"),
    "wrong custom fields in many": b'{"contacts":[%b]}' % many(b'{"id":"C","customFields":{%b}}' % named(1_000, b"{}")),
    "empty units": PROPERTY % many(b"{}"),
    "empty contracts": PROPERTY % (b'{"id":"U","contracts":[%b]}' % many(b"{}")),
    "an object instead of a list": b'{"contacts":{%b}}' % named(40_000, b"{}"),
    "an object of anything": b"{%b}" % named(40_000, b"[1]"),
    "a list": b"[%b]" % many(encoded(contact())),
    "a text": b'"%b"' % (b"x" * 900_000),
    "a text instead of a list": b'{"contacts":"%b"}' % (b"x" * 3_000_000),
    "a name of megabytes": b'{"contacts":[{"%b":1}]}' % (b"x" * 3_000_000),
    "a number of megabytes": b'{"contacts":[{"id":%b}]}' % (b"1" * 3_000_000),
    "names that come again": b"{%b}" % many(b'"contacts":[5]'),
    "members that come again": b'{"contacts":[{%b}]}' % many(b'"id":5'),
    "too deep": b'{"contacts":[%b]}' % many(b'{"id":"C","x":%b}' % (b"[" * 70 + b"]" * 70)),
    "too deep and wide": b'{"contacts":[%b]}'
    % many(b'{"id":"C","x":%b%b%b}' % (b"[" * 61, many(b"[]", 90_000), b"]" * 61)),
    "never closed": b'{"contacts":%b' % (b"[" * SIZE),
    "a text never closed": b'{"contacts":[{"id":"%b' % (b"x" * 3_000_000),
    "malformed at the end": b'{"contacts":[%b' % many(encoded(contact())),
    "not UTF-8 at the end": b'{"contacts":[%b,{"id":"\xff"}]}' % many(encoded(contact())),
    "a lone surrogate at the end": b'{"contacts":[%b,{"id":"\\ud800"}]}' % many(encoded(contact())),
    "a byte order mark": b'\xef\xbb\xbf{"contacts":[%b]}' % many(encoded(contact())),
    "only blanks": b" " * 3_000_000,
}


def check_steps(meter: Meter) -> None:
    longest = meter.longest
    # A megabyte of one text is as much work as a fiftieth of it full of records; so is what is searched before it.
    assert longest["bytes"] <= 3 * parts.LONG_BYTES
    assert longest["checks"] <= 4 * bulk.STEP_VALUES
    assert longest["errors"] <= 4 * bulk.STEP_ERRORS


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_body_is_read_and_planned_in_short_steps(meter: Meter, name: str) -> None:
    raw = bytearray(RIGHT[name])
    body = meter.done(IMPORT.steps(raw))
    assert not isinstance(body, Refused), body
    check_steps(meter)
    assert meter.total["bytes"] < 6 * len(raw) + 3 * parts.LONG_BYTES, "nothing is parsed again and again"
    meter.done(planning(body, SETTINGS.shape, 500))
    assert meter.longest["bytes"] <= 3 * parts.LONG_BYTES


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_body_is_refused_in_short_steps(meter: Meter, name: str) -> None:
    raw = bytearray(WRONG[name])
    refusal = meter.done(IMPORT.steps(raw))
    assert isinstance(refusal, Refused)
    check_steps(meter)
    assert meter.total["errors"] <= 1.1 * validation.COUNTED_ERRORS, "no more errors are made than are counted"
    assert meter.total["bytes"] < 6 * len(raw) + 3 * parts.LONG_BYTES
    assert len(refusal.errors) <= validation.MAX_ERRORS
    assert refusal.error_count <= validation.COUNTED_ERRORS


@pytest.mark.parametrize("raw", [WRONG["an object of anything"], b'{"key":[%b],"secret":{}}' % many(b"0")])
def test_a_log_in_is_refused_in_short_steps(meter: Meter, raw: bytes) -> None:
    refusal = meter.done(LOG_IN.steps(raw))
    assert isinstance(refusal, Refused)
    assert refusal.rule == "schema-violation"
    check_steps(meter)


@pytest.mark.parametrize("name", ["contacts", "responsibilities", "properties", "a property of many units"])
def test_nothing_but_text_is_kept_of_records(name: str) -> None:
    """What is kept parsed is walked through by the collector, which stops everything else meanwhile."""
    body = Meter().done(IMPORT.steps(RIGHT[name]))
    assert _kept(body) < len(RIGHT[name]) / 500


def _kept(value: Any) -> int:
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + sum(map(_kept, inside))


@pytest.mark.parametrize(
    ("number", "least", "count"), [(999, "", 999), (1_000, "at least ", 1_000), (4_000, "at least ", 1_000)]
)
@pytest.mark.parametrize("length", [10, 1_000])
async def test_errors_are_counted_up_to_a_number(
    client: Client, number: int, least: str, count: int, length: int
) -> None:
    response = await client.send({"contacts": [{"note": "x" * length}] * number})
    problem = response.json()
    assert (response.status_code, problem["errorCount"], len(problem["errors"])) == (400, count, 20)
    assert problem["detail"].endswith(f"(and {least}{count - 1} more)")


def counting(done: list[int]) -> Generator[None, None, str]:
    for number in range(100):
        done.append(number)
        yield
    return "done"


async def test_work_ends_when_the_client_has_left() -> None:
    """A message that says something else ends nothing."""
    messages = [{"type": "http.request"}, {"type": "http.request"}, {"type": "http.disconnect"}]
    done: list[int] = []

    async def receive() -> dict[str, Any]:
        return messages.pop(0)

    with pytest.raises(ClientGone):
        await in_pauses(counting(done), receive)
    assert 1 <= len(done) < 10
    assert messages == []


async def test_nobody_listens_for_the_client_when_the_work_is_done() -> None:
    waiting: list[asyncio.Task[Any] | None] = []

    async def receive() -> dict[str, Any]:
        waiting.append(asyncio.current_task())
        await asyncio.Event().wait()
        raise AssertionError("nobody sets it")

    done: list[int] = []
    assert await in_pauses(counting(done), receive) == "done"
    await asyncio.sleep(0)
    assert len(done) == 100
    assert [task is not None and task.cancelled() for task in waiting] == [True]


@pytest.mark.parametrize("stage", ["read", "planned", "never"])
async def test_an_import_ends_when_the_client_has_left(
    client: Client, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    """While its body is checked, and while it is planned; nothing is imported then."""
    token = await client.log_in()
    left, answered = asyncio.Event(), []
    raw = RIGHT["a property of many units"]
    read = parts.Parts._next

    def leaving_while_read(self: parts.Parts) -> Any:
        left.set()
        return read(self)

    def leaving_while_planned(*arguments: Any) -> Any:
        left.set()
        return (yield from planning(*arguments))

    if stage == "read":
        monkeypatch.setattr(parts.Parts, "_next", leaving_while_read)
    elif stage == "planned":
        monkeypatch.setattr(operations, "planning", leaving_while_planned)
    body = [{"type": "http.request", "body": raw, "more_body": False}]

    async def receive() -> dict[str, Any]:
        if body:
            return body.pop()
        await left.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        answered.append(message)

    headers = [(b"content-type", b"application/json"), (b"token", token.encode()), (b"host", b"mock")]
    scope = {"type": "http", "method": "POST", "path": "/import", "raw_path": b"/import", "query_string": b""}
    await client.mock.app(scope | {"headers": headers, "scheme": "http", "server": ("mock", 80)}, receive, send)  # type: ignore[arg-type]
    assert bool(answered) == (stage == "never")
    assert len(client.account.jobs()) == (stage == "never")
