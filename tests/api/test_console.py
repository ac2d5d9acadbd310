"""The console in process: guards, headers, every page, every button's command, hostile data, paging."""

import functools
import re
from collections.abc import AsyncIterator
from html import unescape
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest

from casavi_contracts import spec
from casavi_fixtures import load_portfolio
from casavi_mock.console.app import POLICY
from casavi_mock.console.desk import Desk
from casavi_mock.console.registers import MEANS
from casavi_mock.domain.jobs import Progress
from casavi_mock.domain.model import Secret
from casavi_mock.domain.ordering import plan
from casavi_mock.server import inside
from tests.support.client import Client
from tests.support.server import CONTROL_TOKEN, SECRET, Mock

ROOT = "/_mock/console"
PAGES = [
    "/",
    "/jobs",
    "/accounts",
    "/clock",
    "/journal",
    "/records",
    "/faults",
    "/violations",
    "/assumptions",
    "/state",
    "/import",
]
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "\u202eevil\u202c",
    "x" * 5000,
    "&<" * 2500,
    "\u202e" * 5000,
)
MAX_PAGE = 60_000


class Console:
    """The console for the account of a client, asked as a browser asks."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.account = client.account
        self.query = {"account": self._name()}

    def _name(self) -> str:
        flask = self.client.mock.app._console._flask
        assert flask is not None, "the console was asked for before"
        desk: Desk = flask.extensions["casavi_mock.desk"]
        return desk.name_of(self.client.account)

    async def get(self, path: str, **options: Any) -> httpx.Response:
        params = {**self.query, **options.pop("params", {})}
        answer = await self.client.connection.get(f"{ROOT}{path}", params=params, **options)
        assert SECRET not in answer.text
        assert self.account.key not in answer.text
        assert not self.client.token or self.client.token not in answer.text
        if answer.headers.get("content-type", "").startswith("text/html"):
            assert answer.headers["content-security-policy"] == POLICY
            assert len(answer.content) <= MAX_PAGE, (path, len(answer.content))
            Checked().feed(answer.text)
        return answer

    async def page(self, path: str, **options: Any) -> str:
        answer = await self.get(path, **options)
        assert answer.status_code == 200, (path, answer.status_code, answer.text[-1000:])
        return answer.text

    async def post(self, path: str, fields: Any = None, **options: Any) -> httpx.Response:
        headers = {"Origin": "http://mock", "Sec-Fetch-Site": "same-origin", **options.pop("headers", {})}
        return await self.client.connection.post(
            f"{ROOT}{path}", params=self.query, data=fields, headers=headers, **options
        )

    async def done(self, path: str, fields: Any = None, **options: Any) -> str:
        """Posts a form, follows it, and returns what the next page says of it."""
        answer = await self.post(path, fields, **options)
        assert answer.status_code == 303, (path, answer.status_code, answer.text[-1500:])
        target = answer.headers["location"]
        followed = await self.client.connection.get(
            target, headers={"Cookie": answer.headers.get("set-cookie", "").split(";")[0]}
        )
        assert followed.status_code == 200, followed.text
        return followed.text


class Checked(HTMLParser):
    """Fails for what a strict policy forbids: scripts and styles inside of a page, handlers, other addresses."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = dict(attrs)
        assert tag not in ("style", "iframe", "object", "base"), tag
        assert tag != "script" or (names.get("src") or "").startswith(f"{ROOT}/assets/"), attrs
        for name, value in attrs:
            assert not name.startswith("on"), (tag, name)
            assert name != "style", tag
            assert name not in ("hx-on", "hx-vals", "hx-vars"), tag
            if name in ("href", "src", "action", "hx-get"):
                assert re.match(r"/_mock/console|#", value or ""), (tag, value)

    def handle_data(self, data: str) -> None:
        pass


@functools.cache
def shared() -> Mock:
    """A server that most tests share, whose jobs take time; each looks at an account of its own."""
    mock = Mock()
    mock.account()  # the first one cannot be closed
    return mock


@pytest.fixture
async def console() -> AsyncIterator[Console]:
    """The console, for a new account."""
    async with shared().client() as client:
        await client.connection.get(f"{ROOT}/assets/icon.svg")
        yield Console(client)


async def test_browsers_are_led_to_the_console_and_programs_are_not(client: Client) -> None:
    ask = client.connection.get
    seen = await ask("/", headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    assert (seen.status_code, seen.headers["location"]) == (307, "_mock/console/")
    assert (await ask("/", headers={"Accept": "application/json"})).status_code == 404
    assert (await ask("/", headers={"Accept": "*/*"})).headers["location"] == "docs"


@pytest.mark.parametrize("path", PAGES)
async def test_every_page_of_an_empty_account(console: Console, path: str) -> None:
    text = await console.page(path)
    assert "<h1>" in text
    assert '<main id="main"' in text


async def test_pages_before_there_is_an_account() -> None:
    mock = Mock()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(mock.app), base_url="http://mock") as connection:
        for path in PAGES:
            answer = await connection.get(f"{ROOT}{path}")
            assert answer.status_code in (200, 404), path
            assert answer.status_code != 404 or "Open one" in answer.text, path


async def test_files_of_the_console(client: Client) -> None:
    page = (await client.connection.get(f"{ROOT}/")).text
    for address in re.findall(r'(?:src|href)="(/_mock/console/assets/[^"]+)"', page):
        answer = await client.connection.get(address)
        assert answer.status_code == 200
        assert "max-age" in answer.headers["cache-control"]
    licence = await client.connection.get(f"{ROOT}/assets/htmx-license.txt")
    assert "BSD" in licence.text
    assert (await client.connection.get(f"{ROOT}/assets/nothing.js")).status_code == 404
    assert (await client.connection.get(f"{ROOT}/assets/../app.py")).status_code == 404


async def test_why_a_flat_was_refused(console: Console) -> None:
    form = await console.page("/import", params={"sample": "small-house with one flaw"})
    payload = re.search(r'<textarea id="payload"[^>]*>(.*?)</textarea>', form, re.DOTALL)
    assert payload is not None
    answer = await console.post("/import", {"text": unescape(payload[1])})
    assert answer.status_code == 303, answer.text
    job_id = answer.headers["location"].rpartition("/")[2].partition("?")[0]
    console.client.mock.time.advance(seconds=10)
    text = await console.page(f"/jobs/{job_id}")
    for word in (
        "missing-reference",
        "documented",
        "/contactId",
        "C-999",
        "would pass",
        "Import contacts",
        "Send again",
    ):
        assert word in text, word
    assert "the client did nothing wrong" in await console.page("/violations")
    journal = await console.page("/journal")
    assert "/import" in journal
    exchange = await console.page("/journal/1")
    assert "curl -i -X POST http://mock/import" in exchange
    assert "def test_exchange_1(casavi):" in exchange
    assert "Copy as pytest test" in exchange


async def sent(console: Console, body: Any) -> str:
    """Imports by the client of the account, and returns the id of the job."""
    answer = await console.client.send(body)
    return str(answer.json()["jobId"])


async def test_hold_step_drain_release_force(console: Console) -> None:
    assert "The queue is held" in await console.done("/queue/hold")
    job_id = await sent(console, {"contacts": [{"id": "C-1"}, {"id": "C-2"}]})
    await sent(console, {"contacts": [{"id": "C-3"}]})
    console.client.mock.time.advance(seconds=10)
    assert "first unfinished job moved" in await console.done("/queue/step-record")
    assert "1 of 2 records" in await console.page(f"/jobs/{job_id}")
    assert "first unfinished job moved" in await console.done("/queue/step-job")
    assert "1 job ended" in await console.done("/queue/drain")
    assert "There is nothing to move" in await console.done("/queue/step-job")
    assert "Jobs move again" in await console.done("/queue/release")
    told = await console.done("/jobs/next/outcome", {"outcome": "failed"})
    assert "The next job that starts is forced: failed" in told
    assert "the next one is forced: failed" in await console.page("/jobs")
    last = await sent(console, {"contacts": [{"id": "C-4"}]})
    console.client.mock.time.advance(seconds=10)
    text = await console.page(f"/jobs/{last}")
    assert 'class="chip failed"' in text
    await console.done("/queue/hold")
    stalled = await sent(console, {"contacts": [{"id": "C-5"}]})
    assert "forced: stalled" in await console.done(f"/jobs/{stalled}/outcome", {"outcome": "stalled"})
    assert (await console.post(f"/jobs/{stalled}/outcome", {"outcome": "nothing"})).status_code == 400
    assert (await console.post("/jobs/none/outcome", {"outcome": "failed"})).status_code == 404
    assert (await console.post("/queue/nothing")).status_code == 404


async def test_how_jobs_move_on(console: Console) -> None:
    told = await console.done("/queue/progress", {"progress": "manual", "polls": "0", "job_seconds": ""})
    assert "Jobs move on: manual" in told
    assert console.account.progress.polls == 0
    refused = await console.post("/queue/progress", {"progress": "time", "job_seconds": "soon"})
    assert refused.status_code == 400
    assert "job_seconds" in refused.text


async def test_the_clock(console: Console) -> None:
    before = console.account.clock.now()
    assert "stopped at" in await console.done("/clock/freeze")
    assert console.account.clock.frozen
    await sent(console, {"contacts": [{"id": "C-1"}]})
    assert "a job ends" in (page := await console.page("/clock")) or "a job that waits ends" in page
    assert "1 of 1 jobs ended" in await console.done("/clock/1-minute")
    for step in ("1-hour", "1-day"):
        await console.done(f"/clock/{step}")
    assert (console.account.clock.now() - before).total_seconds() == 60 + 3600 + 86_400
    await console.done("/clock/advance", {"number": "2.5", "unit": "seconds"})
    await console.done("/clock/set", {"to": "2099-01-01T00:00:00Z"})
    assert console.account.clock.now().year == 2099
    assert "running" in await console.done("/clock/unfreeze")
    for path, fields in (
        ("/set", {"to": "1999-01-01T00:00:00Z"}),
        ("/set", {"to": "soon"}),
        ("/advance", {"number": "x"}),
    ):
        assert (await console.post(f"/clock{path}", fields)).status_code in (400, 409)
    await console.done("/clock/freeze", {"at": "2100-01-01T00:00:00Z"})
    assert console.account.clock.now().year == 2100


async def test_faults_by_the_form_of_the_document(console: Console) -> None:
    form = await console.page("/faults", params={"kind": "status"})
    assert "retryAfterSeconds" in form
    assert "bytesPerSecond" in await console.page("/faults", params={"kind": "drip"})
    assert (await console.get("/faults", params={"kind": "none"})).status_code == 404
    fields = {
        "kind": "status",
        "operation": "importMasterData",
        "status": "503",
        "headers": "X-One: 1\nX-Two: 2",
        "times": "1",
    }
    assert "fault-1" in await console.done("/faults/add", fields)
    assert "0 of 0" in await console.page("/faults")
    token = await console.client.log_in()
    answer = await console.client.connection.post("/import", json={}, headers={"token": token})
    assert (answer.status_code, answer.headers["x-two"]) == (503, "2")
    assert "1 of 1" in await console.page("/faults")
    assert (
        await console.post("/faults/add", {"kind": "status", "operation": "getJob", "status": "99"})
    ).status_code == 400
    assert "fault is forgotten" in await console.done("/faults/remove", {"id": "fault-1"})
    await console.done("/faults/add", {"kind": "job-fails", "operation": "importMasterData"})
    assert "1 fault went" in await console.done("/faults/clear")


async def test_snapshots_state_reset(console: Console) -> None:
    loaded = await console.done("/state/load", {"sample": "small-house", "how": "load"})
    assert "Loaded. The account holds 10 contacts" in loaded
    assert "snapshot is kept" in await console.done("/snapshots/save", {"name": HOSTILE[0]})
    page = await console.page("/state")
    assert HOSTILE[0] not in page
    await console.done("/state/reset")
    assert console.account.store.total == 0
    assert "Restored" in await console.done("/snapshots/restore", {"name": HOSTILE[0]})
    state = await console.get("/state.json")
    assert state.headers["content-disposition"].startswith("attachment")
    assert "forgotten" in await console.done("/snapshots/delete", {"name": HOSTILE[0]})
    await console.done("/state/reset")
    told = await console.done("/state/load", {"how": "replace"}, files={"file": ("state.json", state.content)})
    assert "Replaced. The account holds 10 contacts" in told
    assert (await console.post("/snapshots/save", {"name": ""})).status_code == 400
    assert (await console.post("/state/load", {"text": "no json"})).status_code == 400
    await console.client.log_in()
    assert "1 token ended" in await console.done("/state/expire-tokens")


async def test_records_as_a_tree_and_back(console: Console) -> None:
    console.account.load(plan(load_portfolio("small-house"), console.account.settings.shape))
    listed = await console.page("/records")
    place = re.search(r'href="/_mock/console(/records/properties/\d+)', listed)
    assert place is not None
    house = await console.page(place[1])
    unit = re.search(r'href="/_mock/console(/records/units/\d+)', house)
    contact = re.search(r'href="/_mock/console(/records/contacts/\d+)', house)
    assert unit is not None
    assert contact is not None
    assert "Contracts" in await console.page(unit[1])
    assert "Contracts of this contact" in await console.page(contact[1])
    assert "Albrecht" in await console.page("/records", params={"entity": "contacts", "text": "ALBRECHT"})
    assert "Nothing is found" in await console.page("/records", params={"entity": "contacts", "text": "nobody"})
    whole = await console.get(f"{contact[1]}.json")
    assert whole.json()["id"]
    for entity in ("units", "contacts", "responsibilities", "documents"):
        await console.page("/records", params={"entity": entity})
    assert (await console.get("/records/contacts/9999")).status_code == 404
    assert (await console.get("/records/nothing/0")).status_code == 404


def test_every_class_of_evidence_is_explained() -> None:
    assert list(MEANS) == list(spec.EVIDENCE)


async def test_accounts_are_opened_chosen_and_closed(timed: Client) -> None:
    await timed.connection.get(f"{ROOT}/assets/icon.svg")
    console = Console(timed)
    opened = await console.post("/accounts/open", {"load": "small-house"})
    assert opened.status_code == 200
    assert opened.headers["content-disposition"].startswith("attachment")
    key = re.search("CASAVI_API_KEY=(.+)", opened.text)
    assert key is not None
    assert "is open" in await console.done("/accounts/open", {"key": "an-own-key", "secret": "an-own-secret"})
    page = await console.page("/accounts")
    assert key[1] not in page
    assert "an-own-key" not in page
    other = re.findall(r'name="name" value="(\w+)"', page)
    assert len(other) == 2  # the default account cannot be closed
    chosen = await console.page("/accounts", params={"account": other[0]})
    assert f"account={other[0]}" in chosen
    assert "is closed" in await console.done("/accounts/close", {"name": other[1]})
    assert len(console.client.mock.registry) == 2
    assert (await console.get("/jobs", params={"account": other[1]})).status_code == 404
    assert (await console.post("/accounts/open", {"key": "a space"})).status_code == 400


async def test_a_page_that_has_the_newest_gets_nothing(console: Console) -> None:
    job_id = await sent(console, {"contacts": [{"id": "C-1"}]})
    console.account.freeze()
    places = {"/jobs": "/jobs/rows", f"/jobs/{job_id}": f"/jobs/{job_id}/part", "/clock": "/clock/part"}
    places |= {"/faults": "/faults/rows", "/violations": "/violations/part", "/accounts": "/accounts/rows"}
    for page, part in places.items():
        text = await console.page(page)
        address = next(one for one in re.findall(r'hx-get="([^"]+)"', text) if part in one)
        again = await console.client.connection.get(address.replace("&amp;", "&"))
        assert again.status_code == 204, part
    strip = next(one for one in re.findall(r'hx-get="([^"]+)"', await console.page("/state")))
    assert (await console.client.connection.get(strip.replace("&amp;", "&"))).status_code == 204
    text = await console.page("/jobs")
    address = next(one for one in re.findall(r'hx-get="([^"]+)"', text) if "/jobs/rows" in one).replace("&amp;", "&")
    await console.done("/queue/drain")
    changed = await console.client.connection.get(address)
    assert changed.status_code == 200
    assert "completed" in changed.text


async def test_new_exchanges_wait_behind_a_button(console: Console) -> None:
    await console.client.log_in()
    text = await console.page("/journal")
    address = next(one for one in re.findall(r'hx-get="([^"]+)"', text) if "/journal/new" in one).replace("&amp;", "&")
    assert (await console.client.connection.get(address)).status_code == 204
    await console.client.log_in()
    waiting = await console.client.connection.get(address)
    assert "1 new" in waiting.text
    console.account.reset()
    assert "was emptied" in (await console.client.connection.get(address)).text
    assert "2 exchanges" not in text


async def test_the_journal_is_filtered_and_emptied(console: Console) -> None:
    await console.client.send({"contacts": [{"id": "findme-ä"}]})
    await console.client.send({"contacts": 7})
    for query, number in (
        ({"status": "400"}, 1),
        ({"operation": "authenticate"}, 1),
        ({"text": "FINDME"}, 1),
        ({"rule": "schema-violation"}, 1),
        ({"text": "nowhere"}, 0),
    ):
        text = await console.page("/journal", params=query)
        assert text.count('id="row-') == number, query
        har = await console.get("/journal.har", params=query)
        assert len(har.json()["log"]["entries"]) == number
    assert (await console.get("/journal", params={"status": "x"})).status_code == 400
    text = await console.page("/journal/3")
    assert "schema-violation" in text
    assert "request-violates-contract" in text
    raw = await console.get("/journal/2/request-body")
    assert raw.headers["content-disposition"].startswith("attachment")
    assert "3 exchanges went" in await console.done("/journal/clear")
    assert (await console.get("/journal/1")).status_code == 404


SLOW = pytest.mark.slow
SAMPLE = [
    pytest.param(name, marks=() if place in (0, 4) else SLOW, id=str(place)) for place, name in enumerate(HOSTILE)
]


@pytest.mark.parametrize("name", SAMPLE)
async def test_hostile_ids_are_text_everywhere(console: Console, name: str) -> None:
    body = {
        "contacts": [{"id": name, "lastName": name}],
        "properties": [
            {
                "id": f"P{name}",
                "name": name,
                "addresses": [
                    {
                        "street": name,
                        "units": [
                            {
                                "id": f"U{name}",
                                "name": name,
                                "contracts": [
                                    {
                                        "id": name,
                                        "contactId": f"nobody{name}",
                                        "type": "RENTER",
                                        "startDate": "2020-01-01",
                                    }
                                ],
                            }
                        ],
                    }
                ],
            }
        ],
    }
    job_id = await sent(console, body)
    console.client.mock.time.advance(seconds=10)
    pages = [
        f"/jobs/{job_id}",
        "/jobs",
        "/journal",
        "/journal/2",
        "/violations",
        "/records",
        "/records/properties/0",
        "/records/contacts/0",
    ]
    pages += ["/records?entity=contacts", "/import?exchange=2", "/clock", f"/jobs/{name[:200].replace('/', '')}"]
    for page in pages:
        text = (
            (await console.get(page)).text
            if "?" not in page
            else (await console.client.connection.get(f"{ROOT}{page}&account={console.query['account']}")).text
        )
        assert "<script>alert" not in text, page
        assert "<img src=x" not in text, page
        assert "\u202e" not in text or "<textarea" in text, page
        assert len(text.encode()) <= MAX_PAGE, (page, len(text))
    for page in ("/journal", "/records"):
        await console.page(page, params={"text": name})


async def test_a_control_token_is_asked_for() -> None:
    mock = Mock(accounts=1, control_token=Secret(CONTROL_TOKEN))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(mock.app), base_url="http://mock") as browser:
        for path in PAGES:
            answer = await browser.get(f"{ROOT}{path}")
            assert (answer.status_code, "Account 1" in answer.text) == (401, False), path
        assert (await browser.post(f"{ROOT}/state/reset")).status_code == 401
        part = await browser.get(f"{ROOT}/strip", headers={"HX-Request": "true"})
        assert (part.status_code, part.headers["hx-refresh"]) == (401, "true")
        assert (await browser.get(f"{ROOT}/assets/console.css")).status_code == 200
        wrong = await browser.post(f"{ROOT}/log-in", data={"token": "another"})
        assert (wrong.status_code, "set-cookie" in wrong.headers) == (401, False)
        for back, leads in (
            (f"{ROOT}/clock", f"{ROOT}/clock"),
            ("https://evil.example/", f"{ROOT}/jobs"),
            ("//evil.example", f"{ROOT}/jobs"),
        ):
            right = await browser.post(f"{ROOT}/log-in", data={"token": CONTROL_TOKEN, "back": back})
            assert right.status_code == 303
            assert right.headers["location"] in (leads, f"{ROOT}/")
        cookie = right.headers["set-cookie"]
        for word in ("HttpOnly", "SameSite=Strict", f"Path={ROOT}"):
            assert word in cookie
        assert CONTROL_TOKEN not in cookie
        assert (await browser.get(f"{ROOT}/jobs")).status_code == 200
        assert (await browser.get("/_mock/accounts", headers={"Cookie": cookie.partition(";")[0]})).status_code == 401
        assert (await browser.post(f"{ROOT}/log-out")).status_code == 303
        assert (await browser.get(f"{ROOT}/jobs")).status_code == 401
        assert (await browser.get(f"{ROOT}/jobs", headers={"X-Mock-Token": CONTROL_TOKEN})).status_code == 200


FOREIGN = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://mock:1"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Host": "evil.example"},
]


@pytest.mark.parametrize("headers", FOREIGN, ids=["origin", "null", "port", "cross-site", "same-site", "host"])
async def test_pages_of_other_origins_command_nothing(console: Console, headers: dict[str, str]) -> None:
    await sent(console, {"contacts": [{"id": "C-1"}]})
    answer = await console.client.connection.post(f"{ROOT}/state/reset", headers=headers)
    assert answer.status_code == 403
    assert "Account" not in answer.text
    assert len(console.account.queue) == 1


async def test_a_link_on_another_page_leads_here_but_nothing_else_does(client: Client) -> None:
    ask = client.connection.get
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    assert (await ask(f"{ROOT}/jobs", headers=link)).status_code == 200
    assert (await ask(f"{ROOT}/jobs", headers={**link, "Sec-Fetch-Dest": "iframe"})).status_code == 403
    assert (
        await ask(f"{ROOT}/jobs", headers={"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"})
    ).status_code == 403
    assert (await ask(f"{ROOT}/jobs", headers={"Origin": "https://evil.example"})).status_code == 403


async def test_there_is_no_console_without_a_control_plane() -> None:
    async with Mock(control=False).client() as client:
        assert (await client.connection.get(f"{ROOT}/")).status_code == 404
        seen = await client.connection.get("/", headers={"Accept": "text/html"})
        assert seen.headers["location"] == "docs"


async def test_behind_a_prefix() -> None:
    async with Mock(base_url="https://tools.example/mock").client() as client:
        headers = {"Host": "tools.example"}
        page = await client.connection.get("/_mock/console/jobs", headers=headers)
        assert 'href="/mock/_mock/console/clock' in page.text
        seen = await client.connection.get("/", headers={"Accept": "text/html", **headers})
        assert seen.headers["location"] == "https://tools.example/mock/_mock/console/"
        for origin, status in (
            ("https://tools.example", 303),
            ("http://tools.example", 403),
            ("https://evil.example", 403),
        ):
            command = {"Host": "127.0.0.1:4227", "Origin": origin, "Sec-Fetch-Site": "same-origin"}  # as a proxy asks
            answer = await client.connection.post(f"{ROOT}/queue/hold", headers=command)
            assert answer.status_code == status, origin
            assert status == 403 or "Secure" in answer.headers["set-cookie"]


async def test_a_fault_that_cuts_the_own_import_is_told(console: Console) -> None:
    for kind in ("reset", "lost-response", "truncate"):
        await console.done("/faults/add", {"kind": kind, "operation": "importMasterData", "times": "1"})
        answer = await console.post("/import", {"text": "{}"})
        assert answer.status_code == 200, kind
        assert "fault" in answer.text
    answer = await console.post("/import", {"text": "no json"})
    assert answer.status_code == 200
    assert "json-malformed" in answer.text


async def test_an_own_import_waits_no_longer_than_a_person(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inside, "SECONDS", 0.05)
    await console.done(
        "/faults/add", {"kind": "delay", "operation": "importMasterData", "seconds": "3600", "times": "1"}
    )
    answer = await console.post("/import", {"text": "{}"})
    assert "The answer did not come within" in answer.text
    assert len(console.account.queue) == 0
    console.client.mock.app._inside.loop = None
    assert "not running" in (await console.post("/import", {"text": "{}"})).text


async def test_pages_of_long_lists(console: Console) -> None:
    mock, account = console.client.mock, console.account
    account.set_progress(Progress(progress="immediate"))
    for number in range(120):
        await console.client.send({"contacts": [{"id": f"C-{number}"}]})
    mock.time.advance(seconds=1)
    first = await console.page("/jobs")
    assert first.count('id="row-') == 50
    assert "120 jobs" in first
    assert (await console.page("/jobs", params={"from": "100"})).count('id="row-') == 20
    journal = await console.page("/journal")
    older = re.search(r'rel="next" href="/_mock/console(/journal)\?before=(\d+)', journal)
    assert older is not None
    assert (await console.page("/journal", params={"before": older[2]})).count('id="row-') == 50
    assert (await console.page("/records", params={"entity": "contacts", "from": "100"})).count('id="row-') == 20


async def test_what_goes_wrong_is_a_page(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    for path, status in (
        ("/nothing", 404),
        ("/jobs/none", 404),
        ("/journal/99", 404),
        ("/import?exchange=9", 404),
        ("/import?sample=x", 404),
    ):
        answer = await console.client.connection.get(f"{ROOT}{path}")
        assert (answer.status_code, "<h1>" in answer.text) == (status, True), path
    assert (await console.post("/clock")).status_code == 405

    def fails(*arguments: Any) -> Any:
        raise RuntimeError("a bug with a secret")

    monkeypatch.setattr(type(console.account), "jobs", fails)
    answer = await console.get("/jobs")
    assert answer.status_code == 500
    assert "a bug" not in answer.text
