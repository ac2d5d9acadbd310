"""Archives of traffic: every form in which tools write them, and every way in which they are broken."""

import base64
import gzip
import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from casavi_contracts.observe import entries, har
from casavi_contracts.observe.har import Archive, ArchiveError, Recorded, read_archive
from casavi_mock.domain.journal import Exchange
from casavi_mock.journal.har import archive as journal_archive
from tests.support.server import shared_mock

URL = "https://api.example.com/contacts?page=1"


def entry(**changed: Any) -> dict[str, Any]:
    """An entry of a GET with an answer, with other members."""
    made = {
        "startedDateTime": "2026-11-02T08:00:00.250+01:00",
        "time": 12.5,
        "request": {
            "method": "GET",
            "url": URL,
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": [{"name": "Token", "value": "abc"}],
            "queryString": [{"name": "page", "value": "1"}],
            "headersSize": -1,
            "bodySize": 0,
        },
        "response": {
            "status": 200,
            "statusText": "OK",
            "headers": [{"name": "Content-Type", "value": "application/json"}],
            "content": {"size": 2, "mimeType": "application/json", "text": "{}"},
            "bodySize": 2,
        },
        "cache": {},
        "timings": {"send": 0, "wait": 12.5, "receive": 0},
    }
    for name, value in changed.items():
        place, _, member = name.partition("__")
        if member:
            made[place] = {**made[place], member: value}  # type: ignore[dict-item]
        else:
            made[place] = value
    return made


def document(*found: Any) -> dict[str, Any]:
    return {"log": {"version": "1.2", "creator": {"name": "x", "version": "1"}, "entries": list(found)}}


def read(tmp_path: Path, content: Any, **limits: int) -> Archive:
    file = tmp_path / "traffic.har"
    file.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return read_archive(file, **limits)


def only(tmp_path: Path, **changed: Any) -> Recorded:
    (found,) = read(tmp_path, document(entry(**changed))).exchanges
    return found


def refused(tmp_path: Path, content: Any, **limits: int) -> str:
    with pytest.raises(ArchiveError) as caught:
        read(tmp_path, content, **limits)
    text = str(caught.value)
    assert text.startswith(str(tmp_path / "traffic.har") + ": ")
    assert "\n" not in text
    return text


def test_an_exchange_is_read_as_it_was_recorded(tmp_path: Path) -> None:
    found = only(tmp_path)
    assert found == Recorded(
        number=1,
        started=datetime(2026, 11, 2, 8, 0, 0, 250_000, tzinfo=timezone(timedelta(hours=1))),
        took_ms=12.5,
        method="GET",
        host="api.example.com",
        path="/contacts",
        query=(("page", "1"),),
        request_headers=(("token", "abc"),),
        request_body=b"",
        request_whole=True,
        status=200,
        response_headers=(("content-type", "application/json"),),
        response_body=b"{}",
        response_whole=True,
    )
    assert "abc" not in repr(found)
    assert "contacts" not in repr(found)


def test_the_journal_of_a_mock_is_read_back(tmp_path: Path) -> None:
    sent, came = b'{"contacts": [{"id": "C-1"}]}', b'{"jobId": "J-1", "x": "\xff"}'
    exchange = Exchange(
        number=7, at=datetime(2026, 11, 2, 8, tzinfo=UTC), duration_ms=3.25, method="POST", path="/import/a b|c",
        query="a=1&a=%2F&empty=", operation="importMasterData", rule=None, request_id="r-1",
        request_headers=((b"token", b"[redacted]"), (b"x-twice", b"1"), (b"x-twice", b"2")), request_body=sent[:10],
        request_bytes=len(sent), status=202, response_headers=((b"content-type", b"application/json"),),
        response_body=came, response_bytes=len(came),
    )  # fmt: skip
    made = read(tmp_path, journal_archive([exchange], "http://localhost:4227"))
    (found,) = made.exchanges
    assert (found.method, found.host, found.path) == ("POST", "localhost:4227", "/import/a%20b%7Cc")
    assert found.query == (("a", "1"), ("a", "/"), ("empty", ""))
    assert found.request_headers == (("token", "[redacted]"), ("x-twice", "1"), ("x-twice", "2"))
    assert (found.request_body, found.request_whole) == (sent[:10], False)
    assert (found.response_body, found.response_whole, found.took_ms) == (came, True, 3.25)
    assert made.notes == ("1 entry whose request was recorded in part (number 1)",)


def test_the_journal_that_a_server_exports_is_read_back(tmp_path: Path) -> None:
    with shared_mock().target() as target:
        account = target.open()
        known = json.dumps({"key": account.key, "secret": account.secret}).encode()
        target.send("POST", "/authenticate", headers={"content-type": "application/json"}, body=known)
        made = target.http.get("/_mock/requests?format=har", headers={"X-Mock-Key": account.key})
    found = read(tmp_path, made.content)
    assert not found.notes
    assert [(one.method, one.path, one.status) for one in found.exchanges] == [("POST", "/authenticate", 200)]
    assert found.exchanges[0].request_whole
    assert account.secret.encode() not in made.content


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"   ", "no JSON"),
        (b"\x00" * 50, "no JSON"),
        (b"<html>", "no JSON"),
        (b"\x1f\x8b\x08", "gzip"),
        (b"\x1f\x8bnonsense and more of it", "gzip"),
        (b"PK\x03\x04....", "ZIP"),
        (b"[]", "log.entries"),
        (b"7", "log.entries"),
        (b"{}", "log.entries"),
        (b'{"log": null}', "log.entries"),
        (b'{"log": []}', "log.entries"),
        (b'{"log": {"entries": {}}}', "log.entries"),
        (b'{"log": {"entries": null}}', "log.entries"),
        (b'{"log": {"pages": [{"entries": []}]}}', "log.entries"),
        (b'{"entries": []}', "log.entries"),
        (b'[{"log": {"entries": []}}]', "log.entries"),
        (b'{"openapi": "3.0.0", "paths": {}}', "an OpenAPI document"),
        (b'{"info": {}, "item": []}', "Postman"),
        (b'{"log": {"version": ', "breaks off"),
        (b'{"log": {"creator": tru}, "entries": []}', "breaks off or is broken"),
        (b'{"log": {"x": ' + b"[" * 100_000, "nested deeper"),
        (b'{"log": {"entries": [' + b"[" * 100_000, "nested deeper"),
        (b'{"log": {"entries": [{"request": ' + b'{"a":' * 100_000, "nested deeper"),
        (b'{"log": {"entries": [{"_other": ' + b'{"a":' * 100_000, "nested deeper"),
        (b"[" * 300_000, "nested deeper"),
    ],
)
def test_what_is_no_archive_is_refused_in_one_sentence(tmp_path: Path, content: bytes, said: str) -> None:
    assert said in refused(tmp_path, content)


def test_a_file_that_is_not_there_and_a_folder_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "missing.har", tmp_path):
        with pytest.raises(ArchiveError, match="cannot be read"):
            read_archive(path)


def test_an_archive_without_entries_is_read(tmp_path: Path) -> None:
    assert read(tmp_path, document()) == Archive(())


@pytest.mark.parametrize("cut", [1, 3, 40, 300])
def test_an_archive_that_breaks_off_is_read_as_far_as_it_goes(tmp_path: Path, cut: int) -> None:
    whole = json.dumps(document(entry(), entry(), entry())).encode()
    made = read(tmp_path, whole[:-cut])
    assert len(made.exchanges) == (3 if cut < 10 else 2)
    assert made.notes == (f"the file ends after entry {len(made.exchanges)}; what came before was read",)


def test_an_archive_that_is_broken_in_its_midst_is_read_up_to_there(tmp_path: Path) -> None:
    whole = json.dumps(document(entry(), entry(), entry(time="MARK"))).encode()
    for broken in (b"NaN", b"1e999", b'"\xff"', b"123456789012345678901234567890", b"'x'"):
        made = read(tmp_path, whole.replace(b'"MARK"', broken))
        assert [found.number for found in made.exchanges] == [1, 2]
        assert made.notes == ("the file is broken after entry 2; what came before was read",)


def test_byte_order_marks_gzip_and_utf_16_are_read(tmp_path: Path) -> None:
    text = json.dumps(document(entry(response__content={"size": 8, "text": '"Straße"'})), ensure_ascii=False)
    plain = text.encode()
    for packed in (b"\xef\xbb\xbf" + plain, gzip.compress(plain), text.encode("utf-16"),
                   gzip.compress(b"\xef\xbb\xbf" + plain)):  # fmt: skip
        (found,) = read(tmp_path, packed).exchanges
        assert found.response_body == '"Straße"'.encode()
    big = b"\xfe\xff" + text.encode("utf-16-be")
    assert read(tmp_path, big).exchanges[0].response_body == '"Straße"'.encode()


def test_gzip_that_breaks_off_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    packed = gzip.compress(json.dumps(document(*[entry(time=n) for n in range(2_000)])).encode())
    made = read(tmp_path, packed[: len(packed) // 2])
    assert 0 < len(made.exchanges) < 2_000
    assert made.notes[-1].startswith(f"the file ends after entry {len(made.exchanges)}")


def test_size_is_bounded_also_where_gzip_hides_it(tmp_path: Path) -> None:
    huge = json.dumps(document(entry(response__content={"text": "x" * 400_000}))).encode()
    for content in (huge, gzip.compress(huge)):
        assert "more than 100,000 bytes" in refused(tmp_path, content, max_bytes=100_000)
    assert len(read(tmp_path, huge, max_bytes=len(huge)).exchanges) == 1


def test_the_number_of_entries_is_bounded(tmp_path: Path) -> None:
    made = read(tmp_path, document(*[entry()] * 5), max_entries=3)
    assert len(made.exchanges) == 3
    assert made.notes == ("only the first 3 entries were read; there are more",)
    assert not read(tmp_path, document(*[entry()] * 3), max_entries=3).notes


def test_an_entry_of_too_many_members_is_skipped_and_the_next_ones_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(har, "MAX_VALUES", 200)
    full = entry(request__headers=[{"name": "a", "value": "b"}] * 100)
    made = read(tmp_path, document(entry(), full, entry(_initiator=[[]] * 500)))
    assert [found.number for found in made.exchanges] == [1, 3]
    assert made.notes == ("1 entry skipped: more than 200 members and values (number 2)",)
    monkeypatch.setattr(har, "MAX_EVENTS", 300)
    assert "more than 300 members and values" in refused(tmp_path, document(full))


WRONG: list[Any] = [None, True, -1, 0, 1.5, 10**17, "", "x", "0", [], [[]], [None], {}, {"a": 1}, [{}], [{"name": 3}]]


@pytest.mark.parametrize(
    "place",
    [
        "startedDateTime", "time", "request", "response", "cache", "request__method", "request__url",
        "request__headers", "request__queryString", "request__bodySize", "request__postData", "response__status",
        "response__headers", "response__content", "response__bodySize",
    ],
)  # fmt: skip
def test_wrong_types_everywhere_end_nothing(tmp_path: Path, place: str) -> None:
    made = read(tmp_path, document(*[entry(**{place: wrong}) for wrong in WRONG], entry()))
    assert made.exchanges[-1].number == len(WRONG) + 1
    assert made.exchanges[-1].status == 200


@pytest.mark.parametrize("member", ["text", "size", "mimeType", "encoding", "compression", "params", "_encoding"])
def test_wrong_types_in_bodies_end_nothing(tmp_path: Path, member: str) -> None:
    base = {"mimeType": "application/x-www-form-urlencoded", "text": "ab", "size": 2}
    found = [
        entry(
            request__method="POST", request__postData={**base, member: wrong}, response__content={**base, member: wrong}
        )
        for wrong in WRONG
    ]
    assert len(read(tmp_path, document(*found)).exchanges) == len(WRONG)


def test_values_in_place_of_entries_are_counted(tmp_path: Path) -> None:
    made = read(tmp_path, document(None, 3, "x", [[1]], {}, {"request": 7}, entry()))
    assert [found.number for found in made.exchanges] == [7]
    assert made.notes == ("6 entries skipped: no request in it (number 1, 2, 3, 4, 5, …)",)


@pytest.mark.parametrize(
    "url",
    ["", "no address", "ws://h/x", "wss://h/x", "data:text/plain,x", "blob:https://h/1", "chrome-extension://a/b",
     "file:///etc/passwd", "http://[::1", "http://h:99999/", "http://h:port/", "about:blank", "http:///x y", 7, None],
)  # fmt: skip
def test_what_is_no_http_is_skipped(tmp_path: Path, url: Any) -> None:
    made = read(tmp_path, document(entry(request__url=url)))
    if url == "http:///x y":
        assert made.exchanges[0].host == ""
    else:
        assert not made.exchanges
        assert made.notes[0].startswith("1 entry skipped: ")


@pytest.mark.parametrize(
    ("url", "host", "path", "query"),
    [
        ("HTTPS://API.Example.com:443/A", "api.example.com", "/A", ()),
        ("http://api.example.com:8080", "api.example.com:8080", "/", ()),
        ("http://user:pass@h/contacts/104%2F001#part", "h", "/contacts/104%2F001", ()),
        ("http://[::1]:4227/x", "[::1]:4227", "/x", ()),
        ("http://h/a|b ü?x=%C3%BC+1&x=2&y", "h", "/a%7Cb%20%C3%BC", (("x", "ü 1"), ("x", "2"), ("y", ""))),
        ("/only/path?page=1", "from.header", "/only/path", (("page", "1"),)),
    ],
)
def test_addresses_are_taken_apart(
    tmp_path: Path, url: str, host: str, path: str, query: tuple[tuple[str, str], ...]
) -> None:
    found = only(tmp_path, request__url=url, request__headers=[{"name": "Host", "value": "from.header"}],
                 request__queryString=[])  # fmt: skip
    assert (found.host, found.path, found.query) == (host, path, query)


def test_a_query_that_stands_in_the_list_alone_is_read(tmp_path: Path) -> None:
    found = only(tmp_path, request__url="https://h/contacts", request__queryString=[{"name": "a", "value": "b c"}])
    assert found.query == (("a", "b c"),)


def test_headers_keep_their_order_and_their_doubles_without_pseudo_headers(tmp_path: Path) -> None:
    listed = [
        {"name": ":authority", "value": "h"}, {"name": "X-A", "value": "1"}, {"name": "x-a", "value": "2"},
        {"name": "Set-Cookie", "value": "a=1\nb=2"}, {"name": "empty", "value": None}, {"name": "number", "value": 3},
    ]  # fmt: skip
    found = only(tmp_path, request__headers=listed)
    assert found.request_headers == (
        ("x-a", "1"), ("x-a", "2"), ("set-cookie", "a=1"), ("set-cookie", "b=2"), ("empty", ""), ("number", "3"),
    )  # fmt: skip


def test_an_address_of_http_2_stands_in_the_pseudo_headers(tmp_path: Path) -> None:
    pseudo = [{"name": ":authority", "value": "API.example.com"}, {"name": ":path", "value": "/contacts?page=2"}]
    found = only(tmp_path, request__url="", request__headers=pseudo, request__queryString=[])
    assert (found.host, found.path, found.query) == ("api.example.com", "/contacts", (("page", "2"),))


@pytest.mark.parametrize(
    ("status", "seen"),
    [(200, 200), ("201", 201), (204.0, 204), (0, 0), (-1, 0), (None, 0), ("", 0), (True, 0), (999, 0), ("x", 0)],
)
def test_a_status_is_a_number_or_0(tmp_path: Path, status: Any, seen: int) -> None:
    made = read(tmp_path, document(entry(response__status=status)))
    assert made.exchanges[0].status == seen
    assert bool(made.notes) == (seen == 0)


def test_no_answer_has_no_body(tmp_path: Path) -> None:
    found = only(tmp_path, response={"status": 0, "headers": [], "content": {"size": 0, "mimeType": "x-unknown"}})
    assert (found.status, found.response_body) == (0, b"")
    found = only(tmp_path, response={"status": 0})
    assert (found.response_body, found.response_whole) == (None, False)


@pytest.mark.parametrize(
    ("content", "body", "whole"),
    [
        ({"size": 6, "text": "YQBi\nAGMA", "encoding": "base64"}, b"a\0b\0c\0", True),
        ({"size": 3, "text": "!!!!", "encoding": "base64"}, None, False),
        ({"size": 3, "text": "YWJ", "encoding": "BASE64"}, None, False),
        ({"size": 40}, None, False),
        ({}, None, False),
        ({"size": 0}, b"", True),
        ({"size": -1}, None, False),
        ({"size": 900, "text": '{"a": [1, 2'}, b'{"a": [1, 2', False),
        ({"size": 900, "text": '{"a": 1}'}, b'{"a": 1}', True),
        ({"size": 60, "compression": -52, "text": "12345678"}, b"12345678", True),
        ({"size": 0, "text": "abc"}, b"abc", True),
        ({"size": 3, "text": "abc", "_truncated": True}, b"abc", False),
        ({"size": 1, "text": "\ud800"}, b"?", True),
    ],
)
def test_bodies_of_answers(tmp_path: Path, content: dict[str, Any], body: bytes | None, whole: bool) -> None:
    found = only(tmp_path, response__content=content)
    assert (found.response_body, found.response_whole) == (body, whole)


@pytest.mark.parametrize("status", [204, 304])
def test_an_answer_that_can_have_no_body_has_an_empty_one(tmp_path: Path, status: int) -> None:
    assert only(tmp_path, response__status=status, response__content={}).response_body == b""


@pytest.mark.parametrize(
    ("asked", "body", "whole"),
    [
        ({"bodySize": 0}, b"", True),
        ({"bodySize": 9}, None, False),
        ({"bodySize": -1}, None, False),
        ({"bodySize": -1, "headers": [{"name": "Content-Length", "value": "0"}]}, b"", True),
        ({"bodySize": 0, "headers": [{"name": "Content-Length", "value": "12"}]}, None, False),
        ({"bodySize": 2, "postData": {"text": "{}"}}, b"{}", True),
        ({"bodySize": 2, "postData": {"text": "e30=", "encoding": "base64"}}, b"{}", True),
        ({"bodySize": 2, "postData": {"text": "e30=", "_encoding": "base64"}}, b"{}", True),
        ({"bodySize": 7, "postData": {"text": "{}"}}, b"{}", True),
        ({"bodySize": 7, "postData": {"text": '{"a":'}}, b'{"a":', False),
        ({"bodySize": 7, "postData": {"text": ""}}, None, False),
        ({"bodySize": -1, "postData": {"text": ""}}, b"", True),
        ({"bodySize": -1, "postData": {"text": "", "mimeType": "multipart/form-data", "params": [{}]}}, None, False),
        (
            {"bodySize": -1, "postData": {"mimeType": "application/x-www-form-urlencoded; charset=utf-8",
                                          "params": [{"name": "a", "value": "ü&"}, {"name": "b"}]}},
            b"a=%C3%BC%26&b=", True,
        ),
    ],
)  # fmt: skip
def test_bodies_of_requests(tmp_path: Path, asked: dict[str, Any], body: bytes | None, whole: bool) -> None:
    sent = {"method": "POST", "url": URL, "headers": [], **asked}
    found = only(tmp_path, request=sent)
    assert (found.request_body, found.request_whole) == (body, whole)


def test_gzip_that_a_tool_has_left_on_a_body_is_taken_off(tmp_path: Path) -> None:
    packed = base64.b64encode(gzip.compress(b'{"a": 1}')).decode()
    headers = [{"name": "Content-Encoding", "value": "gzip"}]
    found = only(
        tmp_path, response__headers=headers, response__content={"size": 8, "text": packed, "encoding": "base64"}
    )
    assert (found.response_body, found.response_whole) == (b'{"a": 1}', True)
    kept = only(tmp_path, response__content={"size": 8, "text": packed, "encoding": "base64"})
    assert kept.response_body == base64.b64decode(packed)


def test_a_compressed_request_is_shorter_on_the_wire_and_whole_all_the_same(tmp_path: Path) -> None:
    found = only(
        tmp_path, request__method="POST", request__headers=[{"name": "content-encoding", "value": "gzip"}],
        request__bodySize=90, request__postData={"text": "short"},
    )  # fmt: skip
    assert (found.request_body, found.request_whole) == (b"short", True)


@pytest.mark.parametrize(
    ("text", "aware"),
    [
        ("2026-11-02T08:00:00Z", True), ("2026-11-02T08:00:00.123456789+01:00", True), ("2026-11-02T08:00:00", False),
        ("2.11.2026", False), ("", False), (1_700_000_000, False), ("9999-99-99T00:00:00Z", False),
    ],
)  # fmt: skip
def test_moments_are_aware_or_none(tmp_path: Path, text: Any, aware: bool) -> None:
    assert (only(tmp_path, startedDateTime=text).started is not None) is aware


@pytest.mark.parametrize(("took", "seen"), [(0, 0.0), (1.5, 1.5), (-1, None), (True, None), ("3", None), (None, None)])
def test_a_duration_is_a_number_or_none(tmp_path: Path, took: Any, seen: float | None) -> None:
    assert only(tmp_path, time=took).took_ms == seen


def test_a_query_of_endless_members_is_skipped(tmp_path: Path) -> None:
    made = read(tmp_path, document(entry(request__url="http://h/?" + "a&" * (entries.MAX_QUERY + 1))))
    assert made.notes[0].startswith("1 entry skipped: a query of more than 1,000 members")
