"""What keeps a run from harming a real account: budget, ledger, pace, patience, and a bound on answers."""

import gzip
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from casavi_contracts import spec
from casavi_contracts.failures import BudgetSpent, CouldNotRun, Unmet
from casavi_contracts.http.safety import (
    Bounded,
    Budget,
    Careful,
    Ledger,
    Pace,
    TooMuchPatience,
    WritePolicy,
    bounded,
    records_of,
    retry_after,
)
from tests.support.tamper import Request, Response
from tests.support.wrong_servers import serving

NOW = datetime(2026, 1, 5, 8, tzinfo=UTC)
RECORDS = records_of(spec.import_shape(spec.load_document()))
PORTFOLIO = {
    "contacts": [{"id": "run-C-1", "customFields": {"contacts": [{"id": "no record"}]}}],
    "properties": [
        {
            "id": "run-P-1",
            "addresses": [{"units": [{"id": "run-U-1", "contracts": [{"id": "part", "contactId": "run-C-1"}]}]}],
            "documents": [{"id": "run-D-1"}],
        }
    ],
    "responsibilities": [{"propertyId": "run-P-1", "contactId": "run-C-1"}],
}


class Watch:
    """Time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


class Bench:
    """A careful client of a server that is a function."""

    def __init__(self, answer: Callable[[httpx.Request], httpx.Response] | None = None, **options: Any) -> None:
        self.watch = Watch()
        self.sent: list[httpx.Request] = []
        self.budget = options.pop("budget", Budget())
        self.pace = Pace(options.pop("rate", None), self.watch, self.watch.sleep)
        answer = answer or (lambda request: httpx.Response(202, json={}))

        def handle(request: httpx.Request) -> httpx.Response:
            self.sent.append(request)
            return answer(request)

        options.setdefault("writes", WritePolicy(allowed=True, prefix="run-"))
        careful = Careful(
            httpx.MockTransport(handle),
            records=RECORDS,
            harmless=frozenset({"/authenticate"}),
            budget=self.budget,
            pace=self.pace,
            now=lambda: NOW + timedelta(seconds=self.watch.now),
            **options,
        )
        self.http = httpx.Client(transport=careful, base_url="http://api.example")

    def write(self, body: Any = PORTFOLIO) -> httpx.Response:
        return self.http.post("/import", json=body)


# What would be created.


def test_every_record_is_found() -> None:
    assert RECORDS(json.dumps(PORTFOLIO).encode()) == [
        ("contacts", "run-C-1"),
        ("properties", "run-P-1"),
        ("units", "run-U-1"),
        ("documents", "run-D-1"),
        ("responsibilities", None),
    ]


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"7", b'{"contacts": 7}', b'{"contacts": [7, null, []]}', b"\xff", b"[" * 100_000],
    ids=lambda body: repr(body[:20]),
)
def test_what_is_no_import_holds_no_records(body: bytes) -> None:
    assert RECORDS(body) == []


# Budget.


def test_budget_stops_before_more_is_sent_than_was_allowed() -> None:
    bench = Bench(budget=Budget(requests=3))
    for _ in range(3):
        bench.http.get("/contacts")

    with pytest.raises(BudgetSpent, match=r"budget of 3 requests is spent \(--budget-requests\)"):
        bench.http.get("/contacts")
    assert len(bench.sent) == bench.budget.requests == 3


def test_budget_of_writes_leaves_reading_alone() -> None:
    bench = Bench(budget=Budget(writes=1))
    bench.write()

    with pytest.raises(BudgetSpent, match="budget of 1 writes"):
        bench.write()
    bench.http.get("/contacts")
    bench.http.post("/authenticate", json={})
    assert (bench.budget.writes, bench.budget.requests, len(bench.sent)) == (1, 3, 3)


def test_budget_of_records_takes_an_import_whole_or_not_at_all() -> None:
    bench = Bench(budget=Budget(records=6))
    bench.write()

    with pytest.raises(BudgetSpent, match="budget of 6 records"):
        bench.write()
    bench.write({"contacts": [{"id": "run-C-2"}]})
    assert (bench.budget.records, bench.budget.writes) == (6, 2)


def test_budget_of_nothing_allows_nothing() -> None:
    with pytest.raises(BudgetSpent):
        Bench(budget=Budget(writes=0)).write()


def test_the_control_plane_costs_nothing() -> None:
    bench = Bench(budget=Budget(requests=1), writes=None)
    for _ in range(3):
        bench.http.post("/_mock/accounts")

    assert bench.budget.requests == 0


# Writes.


def test_nothing_is_written_unless_it_was_allowed() -> None:
    bench = Bench(writes=WritePolicy(allowed=False, prefix="run-"))

    for send in (bench.write, lambda: bench.http.post("/unknown", json={})):
        with pytest.raises(Unmet, match="not allowed"):
            send()
    bench.http.get("/contacts")
    bench.http.post("/authenticate", json={})
    assert [request.url.path for request in bench.sent] == ["/contacts", "/authenticate"]


def test_only_records_of_the_run_are_written() -> None:
    bench = Bench()

    with pytest.raises(Unmet, match="do not begin"):
        bench.write({"contacts": [{"id": "run-C-1"}, {"id": "C-2"}]})
    assert bench.sent == []


@pytest.mark.parametrize("method", ["DELETE", "PUT", "PATCH"])
def test_nothing_is_ever_deleted_or_replaced_at_a_real_account(method: str) -> None:
    bench = Bench()

    with pytest.raises(Unmet, match=method):
        bench.http.request(method, "/contacts/run-C-1")
    assert bench.sent == []


# Ledger.


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.jsonl"


def lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_write_is_in_the_ledger_before_it_is_sent(path: Path) -> None:
    seen: list[Any] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(lines(path))
        return httpx.Response(202)

    with Ledger(path, {"prefix": "run-"}, lambda: NOW) as ledger:
        Bench(answer, ledger=ledger).write()

    assert seen == [lines(path)]
    at = "2026-01-05T08:00:00.000+00:00"
    ids = {"contacts": ["run-C-1"], "properties": ["run-P-1"], "units": ["run-U-1"], "documents": ["run-D-1"]}
    assert seen[0] == [
        {"at": at, "ledger": "casavi-check", "prefix": "run-"},
        {"at": at, "method": "POST", "path": "/import", "records": 5, "ids": ids},
    ]


def test_the_ledger_of_an_earlier_run_stays(path: Path) -> None:
    for run in ("one-", "two-"):
        with Ledger(path, {"prefix": run}, lambda: NOW) as ledger:
            ledger.enter("POST", "/import", [("contacts", f"{run}C")])

    assert [line.get("prefix") for line in lines(path)] == ["one-", None, "two-", None]


def test_a_run_that_writes_nothing_leaves_no_ledger(path: Path) -> None:
    with Ledger(path, {}, lambda: NOW) as ledger:
        bench = Bench(ledger=ledger)
        bench.http.get("/contacts")
        bench.http.post("/authenticate", json={})

    assert not path.exists()


def test_without_its_ledger_nothing_is_sent(tmp_path: Path) -> None:
    with Ledger(tmp_path / "no" / "ledger", {}, lambda: NOW) as ledger:
        bench = Bench(ledger=ledger)
        with pytest.raises(CouldNotRun, match="No such file"):
            bench.write()

    assert bench.sent == []


def test_a_lone_surrogate_does_not_stop_the_ledger(path: Path) -> None:
    with Ledger(path, {}, lambda: NOW) as ledger:
        ledger.enter("POST", "/import", [("contacts", "run-\ud800")])

    assert lines(path)[1]["ids"] == {"contacts": ["run-?"]}


# Patience.


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0),
        ("7", 7),
        (" 90 ", 90),
        ("Mon, 05 Jan 2026 08:00:30 GMT", 30),
        ("Mon, 05 Jan 2026 07:00:00 GMT", 0),
        ("Mon, 05 Jan 2026 08:00:30 -0000", 30),
        (None, None),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("٣", None),
    ],
)
def test_retry_after_is_a_number_of_seconds_or_a_date(value: str | None, seconds: float | None) -> None:
    assert retry_after(value, NOW) == seconds


def refusing(times: int, **headers: str) -> Callable[[httpx.Request], httpx.Response]:
    left = iter(range(times))
    return lambda request: httpx.Response(202 if next(left, None) is None else 429, headers=headers)


@pytest.mark.parametrize("value", ["7", "Mon, 05 Jan 2026 08:00:07 GMT"])
def test_a_run_waits_as_long_as_it_is_asked_to_and_sends_again(value: str) -> None:
    bench = Bench(refusing(1, **{"Retry-After": value}))

    assert bench.write().status_code == 202
    assert (bench.watch.slept, bench.pace.pauses, bench.pace.waited) == ([7], 1, 7)
    assert bench.budget.writes == 2


def test_without_retry_after_pauses_get_longer() -> None:
    bench = Bench(refusing(3))

    assert bench.write().status_code == 202
    assert bench.watch.slept == [1, 2, 4]


def test_a_server_that_always_wants_a_pause_ends_the_run() -> None:
    bench = Bench(lambda request: httpx.Response(429))

    with pytest.raises(TooMuchPatience, match="answered 429 to POST /import 6 times"):
        bench.write()


def test_a_server_that_wants_a_long_pause_ends_the_run_at_once() -> None:
    bench = Bench(refusing(1, **{"Retry-After": "86400"}))

    with pytest.raises(TooMuchPatience, match="wait 86,400 s"):
        bench.write()
    assert bench.watch.slept == []


def test_a_repeated_write_is_in_the_ledger_twice(path: Path) -> None:
    with Ledger(path, {}, lambda: NOW) as ledger:
        Bench(refusing(1), ledger=ledger).write()

    assert len(lines(path)) == 3


def test_a_mock_is_shown_no_patience() -> None:
    bench = Bench(refusing(1, **{"Retry-After": "7"}), writes=None)

    assert bench.write().status_code == 429
    assert bench.watch.slept == []


def test_a_rate_is_kept() -> None:
    watch = Watch()
    pace = Pace(4, watch, watch.sleep)

    for _ in range(3):
        pace.keep()
    watch.now += 10
    pace.keep()
    pace.keep()

    assert watch.slept == [0.25, 0.25, 0.25]


# Bounds.


def test_an_answer_comes_whole_and_with_its_headers() -> None:
    body = b"\x00\xff" * 100_000
    with (
        serving(
            lambda asked: Response(418, httpx.Headers({"Content-Type": "application/x", "Set-Cookie": "a=b"}), body)
        ) as (url, asked),
        httpx.Client(transport=Bounded(httpx.Client(), 10), base_url=url) as http,
    ):
        answer = http.post("/x?y=z", content=b"sent", headers={"token": "t"})

    assert (answer.status_code, answer.content) == (418, body)
    assert (answer.headers["content-type"], answer.headers["set-cookie"]) == ("application/x", "a=b")
    assert (asked[0].path, asked[0].query, asked[0].body, asked[0].headers["token"]) == ("/x", "y=z", b"sent", "t")


def test_an_answer_without_end_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded, "MAX_BYTES", 1000)
    with (
        serving(lambda asked: Response(200, body=b"x" * 1001)) as (url, _),
        httpx.Client(transport=Bounded(httpx.Client(), 10)) as http,
        pytest.raises(httpx.ReadError, match="more than 1,000 bytes"),
    ):
        http.get(url)


def test_an_answer_that_unpacks_without_end_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousandth of what a server means may be enough to fill the memory."""
    monkeypatch.setattr(bounded, "MAX_BYTES", 100_000)

    def answer(asked: Request) -> Response:
        size = int(asked.path[1:])
        return Response(200, httpx.Headers({"Content-Encoding": "gzip"}), gzip.compress(bytes(size)))

    with (
        serving(answer) as (url, _),
        httpx.Client(transport=Bounded(httpx.Client(), 10), base_url=url) as http,
    ):
        assert http.get("/100000").content == bytes(100_000)
        with pytest.raises(httpx.ReadError, match="more than 100,000 bytes"):
            http.get("/100001")


def test_redirects_are_not_followed() -> None:
    following = httpx.Client(follow_redirects=True)
    with (
        serving(lambda asked: Response(302, httpx.Headers({"Location": "/elsewhere"}))) as (url, asked),
        httpx.Client(transport=Bounded(following, 10)) as http,
    ):
        assert http.get(url).status_code == 302

    assert len(asked) == 1
