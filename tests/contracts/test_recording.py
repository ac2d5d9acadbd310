"""What a recorder writes: no secret, nothing about people, the same pseudonym for the same text, and a whole file."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from casavi_contracts.contract import Contract
from casavi_contracts.observe.har import read_archive
from casavi_contracts.observe.recording import ArchiveFile, Passed, Recorder
from casavi_contracts.observe.redact import MASK, Redaction
from casavi_contracts.observe.replay.sending import words_of

CONTRACTS = {version: Contract(version) for version in ("v1", "v2")}
TOKEN, KEY, SECRET = "tok-3f0a9c1e-value", "key-of-the-account", "s3cr3t-of-the-account"
JSON = [("content-type", "application/json")]
CONTACT = {
    "id": "C-104/001", "firstName": "Joe", "lastName": "Smith", "email": "joe.smith@acme.com", "note": "call after six",
    "telephone": "+49 (0) 89 132", "street": "Example street 7", "postalCode": "80331", "city": "Munich",
    "preferredWayOfContact": "LETTER", "customFields": {"E-Mail 2": "j@x.org", "Area": 85.1, "Checked": True},
    "unknownField": "something else",
}  # fmt: skip


def passed(method: str, target: str, body: Any = None, answer: Any = None, **changes: Any) -> Passed:
    made = {
        "method": method, "scheme": "https", "host": "api.example.com", "target": target,
        "request_headers": [("Token", TOKEN), *JSON, ("Cookie", "a=b"), ("X-Unknown", "hello")],
        "request_body": b"" if body is None else json.dumps(body).encode(), "request_bytes": 7, "started": 1_790_000_000.5,
        "took_ms": 12.25, "status": 200, "reason": "OK", "response_headers": JSON,
        "response_body": b"" if answer is None else json.dumps(answer).encode(), "response_bytes": 9,
    }  # fmt: skip
    return Passed(**{**made, **changes})


@pytest.fixture
def recorder(tmp_path: Path) -> Iterator[Recorder]:
    file = ArchiveFile(tmp_path / "traffic.har", ("test", "1"))
    yield Recorder(CONTRACTS, Redaction(words=words_of(CONTRACTS), salt=b"salt"), file)
    file.close()


def written(tmp_path: Path) -> str:
    return (tmp_path / "traffic.har").read_text()


# Pseudonyms.


def test_a_pseudonym_is_the_same_in_one_recording_and_another_one_in_the_next() -> None:
    one, other = Redaction(), Redaction()
    assert one.pseudonym("Smith") == one.pseudonym("Smith") != "Smith"
    assert one.pseudonym("C-0000312") != other.pseudonym("C-0000312")
    assert "Smith" not in repr(one)


def test_a_pseudonym_has_the_form_of_the_text() -> None:
    redaction = Redaction(salt=b"1")
    made = redaction.pseudonym("Müller-7 /|B.")
    assert [c.isalpha() for c in made] == [c.isalpha() for c in "Müller-7 /|B."]
    assert [c.isdigit() for c in made] == [c.isdigit() for c in "Müller-7 /|B."]
    assert redaction.pseudonym("joe.smith@acme.com").endswith("@example.com")
    token = redaction.pseudonym("04523b90-9ee1-49f7-af31-b1f24efe84ad")
    assert set(token) <= set("0123456789abcdef-")
    assert redaction.pseudonym("") == ""


def test_no_two_texts_get_the_same_pseudonym_however_short_they_are() -> None:
    redaction = Redaction(salt=b"1")
    texts = [str(number) for number in range(200)]
    assert len({redaction.pseudonym(text) for text in texts}) == 200


def test_a_body_keeps_what_says_nothing_about_people() -> None:
    redaction = Redaction(words=words_of(CONTRACTS), salt=b"1")
    body = json.loads(
        redaction.body(json.dumps({"contacts": [CONTACT], "n": 7, "at": "2026-01-05T08:00:00Z"}).encode()) or b""
    )
    contact = body["contacts"][0]
    assert contact.keys() == CONTACT.keys()
    assert contact["customFields"].keys() == CONTACT["customFields"].keys()
    assert (body["n"], body["at"], contact["preferredWayOfContact"]) == (7, "2026-01-05T08:00:00Z", "LETTER")
    same = [name for name in CONTACT if contact[name] == CONTACT[name]]
    assert same == ["preferredWayOfContact"]
    assert isinstance(contact["customFields"]["Area"], float)
    assert contact["customFields"]["Checked"] is True


@pytest.mark.parametrize(
    ("keep", "fields"),
    [
        ("names", {"firstName", "lastName"}), ("contact", {"email", "telephone"}), ("notes", {"note"}), ("ids", {"id"}),
        ("address", {"street", "postalCode", "city"}), ("custom", {"customFields"}), ("other", {"unknownField"}),
    ],
)  # fmt: skip
def test_fields_of_a_class_can_be_kept(keep: str, fields: set[str]) -> None:
    body = json.loads(Redaction([keep], words_of(CONTRACTS)).body(json.dumps(CONTACT).encode()) or b"")
    assert {name for name in CONTACT if body[name] == CONTACT[name]} == fields | {"preferredWayOfContact"}


def test_what_is_no_json_is_not_written() -> None:
    for raw in (b"{", b"<html>", b"\xff", b"[" * 100_000, b"key=1&secret=2"):
        assert Redaction().body(raw) is None


# Secrets.


def test_secrets_are_nowhere_in_what_is_written_and_people_neither(recorder: Recorder, tmp_path: Path) -> None:
    login = {"key": KEY, "secret": SECRET}
    recorder.take(passed("POST", "/authenticate", login, {"token": TOKEN, "expiresAt": "2026-01-05T08:00:00.000Z"}))
    recorder.take(passed("POST", "/import", {"contacts": [CONTACT]}, {"jobId": "6b1b0f0e-1"}, status=202))
    recorder.take(passed("GET", "/contacts/C-104%2F001?token=" + TOKEN + "&q=Smith", None, CONTACT))
    refusal = {
        "title": f"No {TOKEN}", "detail": f"'Joe' and Smith of Example street 7 with {SECRET}", "status": 400,
        "x": TOKEN, "y": [f"a {KEY} b"],
    }  # fmt: skip
    recorder.take(passed("POST", "/import", {"contacts": [CONTACT], TOKEN: SECRET}, refusal, status=400))
    recorder.take(
        passed("GET", f"/{TOKEN}/contacts", None, None, status=404, request_headers=[("Authorization", SECRET)])
    )
    encoded = base64.b64encode(TOKEN.encode()).decode()
    agents = [("User-Agent", f"x {encoded}"), ("Etag", quote(SECRET)), ("Server", json.dumps("ä" + KEY))]
    recorder.take(
        passed("GET", "/contacts?page=" + TOKEN, None, {"status": encoded, "rule": SECRET}, request_headers=agents)
    )
    text = written(tmp_path)
    for hidden in (TOKEN, KEY, SECRET, *(base64.b64encode(one.encode()).decode() for one in (TOKEN, SECRET))):
        assert hidden not in text
    for about in (
        "Joe",
        "Smith",
        "smith@",
        "acme",
        "132",
        "Example street",
        "80331",
        "Munich",
        "C-104",
        "j@x.org",
        "a=b",
    ):
        assert about not in text


def test_what_refers_to_something_still_does(recorder: Recorder, tmp_path: Path) -> None:
    login = {"key": KEY, "secret": SECRET}
    recorder.take(passed("POST", "/authenticate", login, {"token": TOKEN}))
    recorder.take(passed("POST", "/import", {"contacts": [CONTACT]}, {"jobId": "6b1b0f0e-1"}, status=202))
    recorder.take(passed("GET", "/jobs/6b1b0f0e-1", None, {"id": "6b1b0f0e-1", "status": "completed"}))
    recorder.take(passed("GET", "/contacts/C-104%2F001", None, CONTACT))
    first, second, third, fourth = read_archive(tmp_path / "traffic.har").exchanges
    token = json.loads(first.response_body or b"")["token"]
    assert dict(second.request_headers)["token"] == token
    assert json.loads(first.request_body or b"")["secret"] == MASK
    sent = json.loads(second.request_body or b"")["contacts"][0]
    assert json.loads(fourth.response_body or b"") == sent
    assert fourth.path == "/contacts/" + sent["id"].replace("/", "%2F")
    assert (third.path, json.loads(third.response_body or b"")["id"]) == ("/jobs/6b1b0f0e-1", "6b1b0f0e-1")
    assert (first.host, first.took_ms, first.started is not None) == ("api.example.com", 12.25, True)


def test_ids_that_are_numbers_are_the_same_in_bodies_and_paths(recorder: Recorder, tmp_path: Path) -> None:
    for number in (7, 1042, 10):
        recorder.take(passed("GET", f"/contacts/{number}", None, {"id": number, "internalId": 55, "postalCode": 80331}))
    recorder.take(passed("POST", "/import", {"contacts": []}, {"jobId": 1042_000}, status=202))
    recorder.take(passed("GET", "/jobs/1042000", None, {"id": 1042_000, "status": "active"}))
    *contacts, _, job = read_archive(tmp_path / "traffic.har").exchanges
    seen = [json.loads(one.response_body or b"") for one in contacts]
    assert [one.path for one in contacts] == [f"/contacts/{body['id']}" for body in seen]
    assert not {7, 1042, 10} & {body["id"] for body in seen}
    assert {body["internalId"] for body in seen} == {55}
    assert 80331 not in {body["postalCode"] for body in seen}
    assert (job.path, json.loads(job.response_body or b"")["id"]) == ("/jobs/1042000", 1042_000)


def test_bodies_that_are_not_kept_are_told_by_their_length_alone(recorder: Recorder, tmp_path: Path) -> None:
    recorder.take(
        passed("POST", "/import", request_body=None, request_bytes=10**8, response_body=b"<html>", status=413)
    )
    (found,) = read_archive(tmp_path / "traffic.har").exchanges
    assert (found.request_body, found.request_whole, found.response_body, found.status) == (None, False, None, 413)
    assert recorder.unkept == 2
    assert "html" not in written(tmp_path)


# Violations.


def test_violations_of_both_sides_are_told_without_values_and_at_most_three_times(recorder: Recorder) -> None:
    wrong = {"contacts": [{"id": "C-1", "lastName": 7}]}
    lines = [recorder.take(passed("POST", "/import", wrong, {"other": "Smith"}, status=202)) for _ in range(5)]
    assert lines[0] == [
        "#1 client violates: v1 importMasterData: /contacts/*/lastName: type",
        "#1 vendor violates: v1 importMasterData 202: the body: expected required jobId",
    ]
    assert [len(told) for told in lines] == [2, 2, 2, 0, 0]
    assert set(recorder.violations.values()) == {5}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (passed("GET", "/nothing/C-1/there"), "client violates: GET /nothing/*/there: no operation of the contract"),
        (passed("GET", "/contacts", request_headers=[]), "client violates: v1 getContacts: no header `token`"),
        (passed("POST", "/import", request_body=b"{"), "client violates: v1 importMasterData: the body is no JSON"),
        (passed("GET", "/contacts", status=299), "vendor violates: v1 getContacts 299: status: expected one of"),
        (
            passed("GET", "/contacts", response_headers=[]),
            "vendor violates: v1 getContacts 200: content-type: expected",
        ),
    ],
)
def test_each_kind_of_violation_is_told(recorder: Recorder, given: Passed, said: str) -> None:
    assert any(said in line for line in recorder.take(given))


# The file.


def test_the_file_is_whole_after_each_entry_and_readable_when_it_is_cut(tmp_path: Path) -> None:
    path = tmp_path / "traffic.har"
    file = ArchiveFile(path, ("test", "1"))
    assert json.loads(path.read_bytes())["log"]["entries"] == []
    recorder = Recorder(CONTRACTS, Redaction(), file)
    for number in range(1, 4):
        recorder.take(passed("GET", "/contacts", None, {"content": []}))
        assert len(json.loads(path.read_bytes())["log"]["entries"]) == number
    whole = path.read_bytes()
    path.write_bytes(whole[:-200])
    assert len(read_archive(path).exchanges) == 2
    file.close()
    assert path.stat().st_mode & 0o77 == 0


def test_a_file_that_is_there_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "traffic.har").write_text("mine")
    with pytest.raises(FileExistsError):
        ArchiveFile(tmp_path / "traffic.har", ("test", "1"))
    assert written(tmp_path) == "mine"


@pytest.mark.parametrize("query", ["p=12", "pageNo=0", "hideInactive=true", "since=2026-01-05T08%3A00%3A00Z", "page=3"])
def test_numbers_of_pages_and_switches_stay_in_a_query(query: str) -> None:
    assert Redaction(salt=b"salt").query(query) == query


@pytest.mark.parametrize("query", ["name=Smith", "phone=089123456", "zip=80331", "q=true%20Smith"])
def test_what_may_be_about_somebody_does_not(query: str) -> None:
    assert Redaction(salt=b"salt").query(query) != query
