"""`casavi-mock replay`: recordings at a mock, at an account, beside one another; what is accepted; what is unreadable."""

import functools
import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from click.testing import Result

from casavi_contracts import spec
from casavi_contracts.contract import Contract
from casavi_contracts.http.client import Client
from casavi_mock.server.app import system_now
from tests.support.server import ACCOUNT, CONSENT, GIVEN, Mock

Run = Callable[..., Result]

PERSON = {"firstName": "Joe", "lastName": "Smith", "email": "joe.smith@example.com"}
PORTFOLIO = {
    "contacts": [{**PERSON, "id": "C-1"}, {**PERSON, "id": "C-2", "companyName": "ACME"}],
    "properties": [
        {
            "id": "P-1", "name": "Haus", "city": "Munich", "addresses": [
                {"street": "Weg 1", "units": [{"id": "U/1", "name": "EG", "contracts": [{"contactId": "C-1", "type": "OWNER"}]},
                                              {"id": "U-2", "name": "OG", "contracts": [{"contactId": "C-9", "type": "RENTER"}]}]}
            ],
        }
    ],
}  # fmt: skip
CHANGED = {
    "job-id-field": "id",
    "unauthorized-status": 403,
    "job-status-names": ["queued", "running", "done", "failed"],
    "expires-at-format": "seconds",
}


PROFILES = Path(__file__).parents[1] / "profiles"
"""Vendors whose answers look otherwise."""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def record(path: Path, profile: dict[str, Any] | None = None, overlay: Any = None) -> dict[str, Any]:
    """Writes ordinary traffic with a mock under a profile into a file; returns the archive."""
    raw = recorded(json.dumps([profile, overlay]))
    path.write_bytes(raw)
    document: dict[str, Any] = json.loads(raw)
    return document


@functools.cache
def recorded(given: str) -> bytes:
    """Returns ordinary traffic as the mock's journal exports it."""
    profile, overlay = json.loads(given)
    with Mock(profile, overlay=overlay).target() as target:
        account = target.open()
        first, second = (Client(target, Contract(version, profile, overlay), account) for version in ("v1", "v2"))
        first.log_in()
        first.refresh()
        first.imported(PORTFOLIO)
        first.imported({"contacts": [{**PERSON, "id": f"D-{number}"} for number in range(60)]})
        first.imported({"contacts": [{**PERSON, "id": "C-1", "lastName": "Smyth"}]})
        first.send("getContacts", query="page=1")
        first.send("getContactById", id="C-1")
        first.send("getContactById", id="unknown")
        assert first.clock is not None
        first.clock.advance(86_400)
        for page in second.walk("listContacts", "modifiedAfter=2026-01-05T08%3A00%3A00Z"):
            assert page
        second.send("listUnits")
        second.send("getPropertyById", propertyId="P-1")
        first.send("authenticate", body={"key": account.key, "secret": "wrong"}, token=None)
        first.send("importMasterData", raw=b'{"contacts": 7}')
        headers = {"X-Mock-Key": account.key}
        return target.http.get("/_mock/requests?format=har&limit=1000", headers=headers).content


def rewritten(document: dict[str, Any], path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    for entry in document["log"]["entries"]:
        change(entry)
    path.write_text(json.dumps(document))


def answer(entry: dict[str, Any], change: Callable[[dict[str, Any]], object]) -> None:
    body = json.loads(entry["response"]["content"]["text"])
    change(body)
    entry["response"]["content"]["text"] = json.dumps(body)


def of(entry: dict[str, Any], operation: str) -> bool:
    return entry["_operation"] == operation and entry["response"]["status"] < 300


def test_a_recording_of_the_mock_has_no_difference_with_it(run: Run, folder: Path) -> None:
    document = record(folder / "a.har")
    result = run("replay", "a.har", "--json", "a.json", "--junit", "a.xml")
    assert result.exit_code == 0, result.output
    told = json.loads((folder / "a.json").read_text())
    assert told["compared"] == len(document["log"]["entries"])
    assert told["differences"] == told["left_out"] == []
    suite = ET.fromstring((folder / "a.xml").read_text())[0]
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == (str(told["compared"]), "0", "0")
    assert "No difference." in result.output


def test_a_recording_of_another_vendor_differs_and_under_its_profile_it_does_not(run: Run, folder: Path) -> None:
    record(folder / "b.har", CHANGED)
    result = run("replay", "b.har", "--json", "b.json", LC_ALL="C")
    assert result.exit_code == 1
    names = {one["name"] for one in json.loads((folder / "b.json").read_text())["differences"]}
    assert names == {
        "v1 authenticate 200 /expiresAt form",
        "v1 authenticate 403 status value",
        "v1 getJob 200 /status value",
        "v1 importMasterData 202 /id missing",
        "v1 importMasterData 202 /jobId new",
        "v1 refreshToken 200 /expiresAt form",
        "v2 authenticate 200 /expiresAt form",
    }
    assert "mock wrong: 7 differences" in result.output
    assert max(map(len, result.output.splitlines())) <= 80
    lines = "\n".join(f"{name} = {json.dumps(value)}" for name, value in CHANGED.items())
    (folder / "profile.toml").write_text(f"[assumptions]\n{lines}\n")
    assert run("replay", "b.har", "--profile", "profile.toml").exit_code == 0


@pytest.mark.parametrize(
    "name",
    [
        "states",
        *(pytest.param(one.stem, marks=pytest.mark.slow) for one in PROFILES.glob("*.toml") if one.stem != "states"),
    ],
)
def test_a_recording_of_a_vendor_of_another_form_is_the_same_under_its_overlay(
    run: Run, folder: Path, name: str
) -> None:
    path = PROFILES / f"{name}.toml"
    profile = tomllib.loads(path.read_text())
    record(folder / "b.har", profile.get("assumptions"), spec.read_files(path, profile).get("overlay"))
    result = run("replay", "b.har", "--profile", str(path))
    assert result.exit_code == 0, result.output
    assert run("replay", "b.har").exit_code == 1


def test_each_kind_of_difference_is_told_by_its_place(run: Run, folder: Path) -> None:
    changes: dict[str, Callable[[dict[str, Any]], object]] = {
        "getContacts": lambda body: (
            body["content"][0].pop("city"),
            body["content"][1].update(x=1, lastName="z"),
            body.update(count=7),
            body["content"].reverse(),
        ),
        "getContactById": lambda body: body.update(internalId="1", isRegistered=True),
        "listUnits": lambda body: (body["list"].clear(), body.update(_links={"next": "http://h/x?page=2"})),
        "refreshToken": lambda body: body.update(expiresAt=7),
        "getPropertyById": lambda body: (body["addresses"].append({}), body.update(appLink="no address at all")),
    }
    document = record(folder / "c.har")

    def change(entry: dict[str, Any]) -> None:
        for operation, by in changes.items():
            if of(entry, operation):
                answer(entry, by)

    rewritten(document, folder / "c.har", change)
    result = run("replay", "c.har", "--json", "c.json")
    assert result.exit_code == 1, result.output
    assert sorted(one["name"] for one in json.loads((folder / "c.json").read_text())["differences"]) == [
        "v1 getContactById 200 /internalId type",
        "v1 getContactById 200 /isRegistered value",
        "v1 getContacts 200 /content/* order",
        "v1 getContacts 200 /content/*/city new",
        "v1 getContacts 200 /content/*/lastName value",
        "v1 getContacts 200 /content/*/x missing",
        "v1 getContacts 200 /count value",
        "v1 refreshToken 200 /expiresAt type",
        "v2 getPropertyById 200 /addresses count",
        "v2 getPropertyById 200 /appLink form",
        "v2 listUnits 200 /_links/next type",
        "v2 listUnits 200 /list/* new",
    ]


def test_statuses_and_media_types_are_compared(run: Run, folder: Path) -> None:
    document = record(folder / "c.har")

    def change(entry: dict[str, Any]) -> None:
        if of(entry, "listUnits"):
            entry["response"]["status"] = 206
        if of(entry, "getPropertyById"):
            entry["response"]["headers"] = [{"name": "content-type", "value": "application/hal+json"}]

    rewritten(document, folder / "c.har", change)
    output = run("replay", "c.har").output
    assert "v2 listUnits 206 status value" in output
    assert "v2 getPropertyById 200 content-type value" in output


def test_what_changes_from_run_to_run_is_no_difference(run: Run, folder: Path) -> None:
    """Other tokens, ids, moments, durations, hosts, texts of errors, and another number of looks at a job."""
    document = record(folder / "d.har")

    def change(entry: dict[str, Any]) -> None:
        entry["request"]["url"] = entry["request"]["url"].replace("http://mock", "https://api.example.com/base")
        if of(entry, "getContactById"):
            answer(entry, lambda body: body.update(internalId=99_123))
        if entry["response"]["status"] >= 400:
            answer(entry, lambda body: body.update(detail="Ein anderer Satz.", requestId="0815-4711-99"))

    rewritten(document, folder / "d.har", change)
    looks = [entry for entry in document["log"]["entries"] if entry["_operation"] == "getJob"]
    document["log"]["entries"].remove(looks[0])
    document["log"]["entries"].insert(document["log"]["entries"].index(looks[1]), looks[1])
    (folder / "d.har").write_text(json.dumps(document))
    result = run("replay", "d.har")
    assert result.exit_code == 0, result.output


def test_requests_are_sent_in_the_order_in_which_they_began(run: Run, folder: Path) -> None:
    document = record(folder / "d.har")
    entries = document["log"]["entries"]
    late = next(entry for entry in entries if of(entry, "listUnits"))
    entries.insert(0, entries.pop(entries.index(late)))
    (folder / "d.har").write_text(json.dumps(document))
    result = run("replay", "d.har")
    assert result.exit_code == 0, result.output
    late["startedDateTime"] = "unknown"
    (folder / "d.har").write_text(json.dumps(document))
    assert run("replay", "d.har").exit_code == 1


@pytest.mark.parametrize("left", ["bodies of log-ins", "log-ins"])
def test_a_recording_that_begins_with_a_token_gets_one_of_its_own(run: Run, folder: Path, left: str) -> None:
    document = record(folder / "d.har")
    entries = document["log"]["entries"]
    logins = [entry for entry in entries if entry["_operation"] in ("authenticate", "refreshToken")]
    for entry in logins:
        if left == "log-ins" or entry["response"]["status"] != 200 or entry["_operation"] == "refreshToken":
            entries.remove(entry)
        else:
            del entry["request"]["postData"], entry["response"]["content"]["text"]
    (folder / "d.har").write_text(json.dumps(document))
    result = run("replay", "d.har", "--json", "d.json")
    assert result.exit_code == 0, result.output
    assert json.loads((folder / "d.json").read_text())["compared"] == len(entries)


def test_what_cannot_be_reissued_is_told_with_its_reason(run: Run, folder: Path) -> None:
    document = record(folder / "e.har")
    entries = document["log"]["entries"]
    get = next(entry for entry in entries if of(entry, "getContactById"))
    post = next(entry for entry in entries if of(entry, "importMasterData"))

    def other(entry: dict[str, Any], **changes: Any) -> dict[str, Any]:
        copied: dict[str, Any] = json.loads(json.dumps(entry))
        for name, value in changes.items():
            (copied["response"] if name == "status" else copied["request"])[name] = value
        return copied

    entries += [
        other(get, url="https://analytics.example.com/contacts/C-1"),
        other(get, url="http://mock/_mock/requests"),
        other(get, status=0),
        other(get, status=503),
        other(get, url="http://mock/contacts/%5Bredacted%5D"),
        other(post, postData={}, bodySize=500),
        other(post, status=415, headers=[{"name": "content-encoding", "value": "gzip"}]),
        other(get, url="http://mock/jobs/6b1b0f0e-0000-0000-0000-000000000000", status=200),
    ]
    (folder / "e.har").write_text(json.dumps(document))
    result = run("replay", "e.har", "--json", "e.json")
    assert result.exit_code == 0, result.output
    reasons = {one["reason"]: one["entries"] for one in json.loads((folder / "e.json").read_text())["left_out"]}
    first = len(entries) - 8
    assert reasons == {
        "foreign host: not the API's": [first + 1],
        "unsupported: the control plane of a mock": [first + 2],
        "no answer was recorded": [first + 3],
        "unsupported: answered by load or a failure (429 or 5xx)": [first + 4],
        "secret redacted": [first + 5],
        "body not recorded, or in part": [first + 6],
        "unsupported: a compressed body, or one of several parts": [first + 7],
        "its job was not created in this replay": [first + 8],
    }
    assert "cannot be reissued, or not compared" in result.output


def test_records_that_were_there_before_are_compared_by_shape_alone(run: Run, folder: Path) -> None:
    document = record(folder / "f.har")

    def change(entry: dict[str, Any]) -> None:
        if of(entry, "getContacts"):
            answer(
                entry,
                lambda body: (body["content"].append({**body["content"][0], "id": "OLD-1"}), body.update(count=900)),
            )

    rewritten(document, folder / "f.har", change)
    result = run("replay", "f.har")
    assert result.exit_code == 0, result.output
    assert "numbers of records are not compared" in " ".join(result.output.split())
    rewritten(document, folder / "f.har", lambda entry: of(entry, "getContacts") and answer(
        entry, lambda body: body["content"][-1].pop("city")))  # fmt: skip
    assert "v1 getContacts 200 /content/*/city new" in run("replay", "f.har").output


# What is accepted.


def accepted(folder: Path, *entries: tuple[str, str]) -> None:
    lines = (f"[[accepted]]\nname = {json.dumps(name)}\nreason = {json.dumps(reason)}\n" for name, reason in entries)
    (folder / "accepted.toml").write_text("".join(lines))


def test_accepted_differences_do_not_fail_and_one_that_is_over_does_by_its_name(run: Run, folder: Path) -> None:
    document = record(folder / "g.har")
    rewritten(document, folder / "g.har", lambda entry: of(entry, "getContacts") and answer(
        entry, lambda body: body.update(count=7)))  # fmt: skip
    accepted(folder, ("v1 getContacts 200 /count value", "the vendor counts otherwise"))
    result = run("replay", "g.har", "--accepted", "accepted.toml", "--junit", "g.xml")
    assert result.exit_code == 0, result.output
    assert "the vendor counts otherwise" in result.output
    accepted(
        folder, ("v1 getContacts 200 /count value", "the vendor counts otherwise"), ("v1 listUnits 200 /gone new", "x")
    )
    result = run("replay", "g.har", "--accepted", "accepted.toml", "--junit", "g.xml")
    assert result.exit_code == 1
    assert "v1 listUnits 200 /gone new" in result.output
    failures = [case.get("name") for case in ET.fromstring((folder / "g.xml").read_text()).iter("testcase")
                if case.find("failure") is not None]  # fmt: skip
    assert failures == ["v1 listUnits 200 /gone new"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[accepted]]\nname = 'a'\n", "entry 1: has no reason"),
        ("[[accepted]]\nreason = 'a'\n", "entry 1: has no name"),
        ("[[accepted]]\nname = 'a'\nreason = ' '\n", "entry 1: has no reason"),
        ("[[accepted]]\nname = 'a'\nreason = 'b'\nx = 1\n", "unknown member 'x'"),
        ("[[accepted]]\nname = 'a'\nreason = 'b'\n" * 2, "comes twice"),
        ("accepted = 7", "is no list"),
        ("accepted = [7]", "is no table"),
        ("[other]\n", "unknown 'other'"),
        ("[[accepted\n", "not valid TOML"),
        ("\x00", "not valid TOML"),
    ],
)
def test_a_file_of_accepted_differences_that_is_wrong_is_refused(run: Run, folder: Path, text: str, said: str) -> None:
    (folder / "h.har").write_text("{}")
    (folder / "wrong.toml").write_text(text)
    result = run("replay", "h.har", "--accepted", "wrong.toml")
    assert result.exit_code == 2
    assert said in result.output.replace("\n", " ")


# What is no recording.


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "the file is empty"),
        (b"{}", "no HTTP archive"),
        (b'{"log": {"entries": []}}', "no exchange in it"),
        (
            json.dumps(
                {"log": {"entries": [{"request": {"method": "GET", "url": "https://other.example/x"}}]}}
            ).encode(),
            "no request in the recording is one of the API (hosts: other.example)",
        ),
    ],
)
def test_what_holds_nothing_of_the_api_is_refused(run: Run, folder: Path, content: bytes, said: str) -> None:
    (folder / "i.har").write_bytes(content)
    for more in ((), ("--against", "i.har")):
        result = run("replay", "i.har", *more)
        assert result.exit_code == 2
        assert said in result.output
    assert run("replay", "missing.har").exit_code == 2


def test_a_recording_of_which_nothing_can_be_compared_is_not_green(run: Run, folder: Path) -> None:
    document = record(folder / "j.har")
    rewritten(document, folder / "j.har", lambda entry: entry["response"].update(status=0))
    result = run("replay", "j.har", "--junit", "j.xml")
    assert result.exit_code == 2
    assert "Nothing could be compared" in result.output
    assert 'errors="1"' in (folder / "j.xml").read_text()


# Two recordings.


def test_two_recordings_tell_what_the_vendor_has_changed(run: Run, folder: Path) -> None:
    record(folder / "old.har")
    record(folder / "same.har")
    record(folder / "new.har", CHANGED)
    assert run("replay", "same.har", "--against", "old.har").exit_code == 0
    result = run("replay", "new.har", "--against", "old.har")
    assert result.exit_code == 1
    assert "vendor changed" in result.output
    for name in ("v1 importMasterData 202 /jobId missing", "v1 importMasterData 202 /id new",
                 "v1 authenticate 200 /expiresAt type", "v1 getJob 200 /status value"):  # fmt: skip
        assert name in result.output


def test_an_operation_that_does_not_succeed_any_more_is_told(run: Run, folder: Path) -> None:
    document = record(folder / "old.har")

    def change(entry: dict[str, Any]) -> None:
        if of(entry, "listUnits"):
            entry["response"]["status"] = 410
        if of(entry, "getContactById"):
            entry["response"]["status"] = 203

    rewritten(document, folder / "new.har", change)
    result = run("replay", "new.har", "--against", "old.har", "--json", "n.json")
    assert result.exit_code == 1
    found = json.loads((folder / "n.json").read_text())["differences"]
    assert [(one["name"], one["recorded"], one["now"]) for one in found] == [
        ("v1 getContactById status value", "200", "203"),
        ("v2 listUnits status value", "200", "410"),
    ]
    document["log"]["entries"] = document["log"]["entries"][:3]
    (folder / "new.har").write_text(json.dumps(document))
    result = run("replay", "new.har", "--against", "old.har")
    assert result.exit_code == 0
    assert "Only in the older recording: v1 getContactById" in " ".join(result.output.split())


# Servers at an address.


def test_a_running_mock_gets_an_account_for_the_replay_and_loses_it_again(run: Run, folder: Path) -> None:
    record(folder / "k.har")
    with Mock(now=system_now).listening() as live:
        live.mock.account()
        result = run("replay", "k.har", "--url", live.url)
        assert result.exit_code == 0, result.output
        assert len(live.mock.registry) == 1


def test_no_recorded_secret_is_sent_and_none_is_shown(run: Run, folder: Path) -> None:
    document = record(folder / "k.har")
    entries = document["log"]["entries"]
    secrets = ["the-vendors-token-1", "the-vendors-key-2", "the-vendors-secret-3", "the-vendors-cookie-4"]
    token, key, secret, cookie = secrets
    headers = [
        {"name": name, "value": value} for name, value in (("Token", token), ("Cookie", cookie), ("Authorization", key))
    ]
    known = json.dumps({"key": key, "secret": secret, "apiKey": key, "password": secret, "token": token})
    for entry in entries:
        entry["request"]["headers"] = [*headers, {"name": "content-type", "value": "application/json"}]
        if entry["_operation"] in ("authenticate", "refreshToken"):
            entry["request"]["postData"]["text"] = known
    foreign = json.loads(json.dumps(entries[0]))
    foreign["request"] |= {"url": f"http://mock/sign-in?token={token}&apiKey={key}"}
    refused = json.loads(json.dumps(entries[0]))
    refused["response"]["status"] = 401
    entries += [foreign, refused]
    (folder / "k.har").write_text(json.dumps(document))
    with Mock(now=system_now).listening(recording=True) as live:
        live.mock.account()
        result = run("replay", "k.har", "--url", live.url, "--json", "k.json", "--junit", "k.xml")
        sent = [f"{one.path}?{one.query} {one.headers.raw} {one.body!r}" for one in live.requests]
    assert any("/sign-in" in one for one in sent)
    shown = [result.output, *((folder / name).read_text() for name in ("k.json", "k.xml"))]
    assert not [one for one in (*sent, *shown) for hidden in secrets if hidden in one]


def test_an_account_gets_nothing_before_its_owner_has_agreed(run: Run, folder: Path) -> None:
    record(folder / "l.har")
    with Mock(progress="immediate", accounts=1, control=False, now=system_now).listening(recording=True) as live:
        result = run("replay", "l.har", "--url", live.url, **ACCOUNT)
        assert result.exit_code == 2, result.output
        assert "nothing was sent" in result.output
        assert [one.path for one in live.requests] == ["/_mock/version"] * 2
        assert run("replay", "l.har", "--url", live.url, "--allow-writes", **ACCOUNT).exit_code == 2
        assert run("replay", "l.har", "--url", live.url, **ACCOUNT, **CONSENT).exit_code == 2
        assert not live.imports
        result = run("replay", "l.har", "--url", live.url, "--read-only", "--rate", "1000", **ACCOUNT)
        assert result.exit_code == 0, result.output
        assert not live.imports
        assert "--read-only forbids it" in result.output


def test_at_an_account_ids_have_a_prefix_and_are_listed_first(run: Run, folder: Path) -> None:
    record(folder / "m.har")
    with Mock(progress="immediate", accounts=1, control=False, now=system_now).listening(recording=True) as live:
        result = run("replay", "m.har", "--url", live.url, "--allow-writes", "--rate", "1000", **ACCOUNT, **CONSENT)
        sent = [one.json for one in live.imports if isinstance(one.json["contacts"], list)]
        tokens = live.tokens
    assert result.exit_code == 0, result.output
    ids = [contact["id"] for body in sent for contact in body["contacts"]]
    assert all(name.startswith("casavi-replay-") for name in ids)
    contracts = [one for unit in sent[0]["properties"][0]["addresses"][0]["units"] for one in unit["contracts"]]
    assert [one["contactId"] for one in contracts] == [ids[0], "C-9"]
    assert "\n".join(ids[:2]).split("\n")[0] in (folder / "casavi-replay-ledger.jsonl").read_text()
    for text in (result.output, (folder / "casavi-replay-ledger.jsonl").read_text()):
        assert not [secret for secret in (*tokens, GIVEN[0].secret, GIVEN[0].key) if secret in text]


def test_records_that_an_account_holds_already_are_no_difference(run: Run, folder: Path) -> None:
    record(folder / "m.har")
    others = {"contacts": [{**PERSON, "id": f"A-{number}"} for number in range(70)]}
    (folder / "others.json").write_text(json.dumps(others))
    with Mock(progress="immediate", accounts=1, control=False, now=system_now).listening() as live:
        assert run("import", "others.json", "--url", live.url, **ACCOUNT).exit_code == 0
        result = run("replay", "m.har", "--url", live.url, "--allow-writes", "--rate", "1000", **ACCOUNT, **CONSENT)
        assert result.exit_code == 0, result.output


def test_a_budget_ends_a_replay_and_it_is_not_green(run: Run, folder: Path) -> None:
    record(folder / "n.har")
    result = run("replay", "n.har", "--budget-requests", "5")
    assert result.exit_code == 1
    assert "the budget of 5 requests is spent" in result.output


def test_a_report_that_cannot_be_written_ends_the_run_before_anything_is_sent(run: Run, folder: Path) -> None:
    record(folder / "o.har")
    for more in (("--junit", "none/a.xml"), ("--json", "none/a.json")):
        result = run("replay", "o.har", "--url", "http://127.0.0.1:9", *more)
        assert result.exit_code == 2
        assert more[1] in result.output


def test_nobody_at_the_address_is_one_sentence(run: Run, folder: Path) -> None:
    record(folder / "o.har")
    result = run("replay", "o.har", "--url", "http://127.0.0.1:9")
    assert result.exit_code == 2
    assert "no answer" in result.output
