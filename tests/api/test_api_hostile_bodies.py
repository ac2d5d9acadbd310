"""Hostile bodies: each is refused by a documented status with rule and place, and changes nothing."""

import gzip
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from casavi_fixtures import contact, property_
from casavi_mock.accounts import Limits
from casavi_mock.bodies import body as reading
from casavi_mock.bodies import bulk
from casavi_mock.bodies.bulk import MAX_INSIDE
from casavi_mock.domain.jobs import Progress
from casavi_mock.errors import Refused
from casavi_mock.journal.recorder import Recorder
from casavi_mock.messages.request import Trail
from tests.support.client import Client
from tests.support.server import Mock, shared_mock

SOUND = {"contacts": [contact()]}
SOUND_BYTES = json.dumps(SOUND).encode()


async def attempt(client: Client, body: bytes, path: str = "/import", **options: Any) -> Any:
    """Sends a body and returns status and parsed answer; a refused one must have changed nothing."""
    token = client.token or await client.log_in()
    before = client.held()
    response = await client.post(path, body, token=token, **options)
    if response.status_code >= 400:
        assert client.held() == before
    return response


def only_error(response: Any) -> dict[str, Any]:
    (error,) = response.json()["errors"]
    return error


END = "the end of the body"

MALFORMED: list[tuple[bytes, int, int, str]] = [
    (b"{", 1, 2, END),
    (b"[", 1, 2, END),
    (b'"', 1, 2, END),
    (b"-", 1, 2, END),
    (b'{"contacts"', 1, 12, END),
    (b'{"contacts":', 1, 13, END),
    (b'{"contacts":[', 1, 14, END),
    (b'{"contacts":[{"id":"C-1"}', 1, 26, END),
    (b'{"contacts":[]', 1, 15, END),
    (b"[[[]]", 1, 6, END),
    (b'"\\"', 1, 4, END),
    (b'{"a":"\\', 1, 8, END),
    (b'{"a":"\\u', 1, 9, END),
    (b'{"a" : tru', 1, 11, END),
    ('{"a":"ü"'.encode(), 1, 9, END),
    (b'{"contacts":[]}}', 1, 16, "'}'"),
    (b'{"contacts":[]} {}', 1, 17, "'{}'"),
    (b'{"a":{}}]', 1, 9, "']'"),
    (b"1 2", 1, 3, "'2'"),
    (b"[1 2]", 1, 4, "'2]'"),
    (b'{"contacts":[],}', 1, 15, "',}'"),
    (b'{"contacts":[1,]}', 1, 15, "',]}'"),
    (b'{"contacts":[,1]}', 1, 14, "',1]}'"),
    (b'{,"contacts":[]}', 1, 2, "',\"contacts\":[]'"),
    (b'{"a":1,,"b":2}', 1, 8, "',\"b\":2}'"),
    (b'{"a":1 "b":2}', 1, 8, "'\"b\":2}'"),
    (b"{'contacts':[]}", 1, 2, "\"'contacts':[]}\""),
    (b"{contacts:[]}", 1, 2, "'contacts:[]}'"),
    (b"{1:2}", 1, 2, "'1:2}'"),
    (b"{null:1}", 1, 2, "'null:1}'"),
    (b'{"contacts" []}', 1, 13, "'[]}'"),
    (b'{"contacts":[}', 1, 14, "'}'"),
    (b'{"contacts":]}', 1, 13, "']}'"),
    (b'{"contacts":[{"id":C-1}]}', 1, 20, "'C-1}]}'"),
    (b'{"contacts":[{"id":"C-1","note":"a\nb"}]}', 1, 35, "'\\nb\"}]}'"),
    (b'{"contacts":[{"id":"C-1","note":"a\tb"}]}', 1, 35, "'\\tb\"}]}'"),
    (b'{"contacts":[{"id":"C-1","note":"a\x00b"}]}', 1, 35, "'\\x00b\"}]}'"),
    (b'{"contacts":[{"id":"C-1","note":"\\x41"}]}', 1, 34, "'\\\\x41\"}]}'"),
    (b'{"contacts":[{"id":"C-1","note":"\\u00g0"}]}', 1, 34, "'\\\\u00g0\"}]}'"),
    (b'{"contacts":[{"id":"C-1","note":"\\u12"}]}', 1, 34, "'\\\\u12\"}]}'"),
    (b'{"contacts":[True]}', 1, 14, "'True]}'"),
    (b'{"contacts":[None]}', 1, 14, "'None]}'"),
    (b'{"contacts":[undefined]}', 1, 14, "'undefined]}'"),
    (b'{"contacts":[nul]}', 1, 14, "'nul]}'"),
    (b'{"contacts":[01]}', 1, 14, "'01]}'"),
    (b'{"contacts":[-01]}', 1, 15, "'01]}'"),
    (b'{"contacts":[+1]}', 1, 14, "'+1]}'"),
    (b'{"contacts":[.5]}', 1, 14, "'.5]}'"),
    (b'{"contacts":[1.]}', 1, 16, "']}'"),
    (b'{"contacts":[1e]}', 1, 16, "']}'"),
    (b'{"contacts":[-]}', 1, 15, "']}'"),
    (b'{"contacts":[--1]}', 1, 15, "'-1]}'"),
    (b'{"contacts":[0x10]}', 1, 15, "'x10]}'"),
    (b'{"contacts":[1_000]}', 1, 15, "'_000]}'"),
    (b'// hi\n{"contacts":[]}', 1, 1, "'// hi\\n{\"contac'"),
    (b'{"contacts":[/* none */]}', 1, 14, "'/* none */]}'"),
    (b'{"contacts":[]} # end', 1, 17, "'# end'"),
    (b"contacts=1", 1, 1, "'contacts=1'"),
    (b"<contacts/>", 1, 1, "'<contacts/>'"),
    (b"---\ncontacts: []\n", 1, 2, "'--\\ncontacts: ['"),
    (b'{"contacts":[]\n\n\n  oops', 4, 3, "'oops'"),
    ('{"note":"üö"\n "x"}'.encode(), 2, 2, "'\"x\"}'"),
    ('{"note":"🏠" x}'.encode(), 1, 13, "'x}'"),
    (b'{\r\n"a":1,\r\n"b":}', 3, 5, "'}'"),
    (b"\x00", 1, 1, "'\\x00'"),
    (b'{"contacts":[]}\x00', 1, 16, "'\\x00'"),
    (b"\x0b{}", 1, 1, "'\\x0b{}'"),
    (b"\x1e{}", 1, 1, "'\\x1e{}'"),
    ("\u00a0{}".encode(), 1, 1, "'\\xa0{}'"),
    ("\u200b{}".encode(), 1, 1, "'\\u200b{}'"),
    (b'\xef\xbb\xbf{"contacts":[]}', 1, 1, "'\\ufeff{\"contacts\":['"),
    (b"NaN", 1, 1, "'NaN'"),
    (b'{"contacts":[NaN]}', 1, 14, "'NaN]}'"),
    (b'{"contacts":[{"id":"a","customFields":{"x":NaN}}]}', 1, 44, "'NaN}}]}'"),
    (b'{"a":Infinity}', 1, 6, "'Infinity}'"),
    (b'{"a":-Infinity}', 1, 7, "'Infinity}'"),
    (b'{"a":nan}', 1, 6, "'nan}'"),
    (b'{"a":"\\ud800"}', 1, 7, "'\\\\ud800\"}'"),
    (b'{"a":"\\udc00"}', 1, 7, "'\\\\udc00\"}'"),
    (b'{"a":"\\ud800\\ud800"}', 1, 7, "'\\\\ud800\\\\ud800\"}'"),
    (b'{"\\ud83c":1}', 1, 3, "'\\\\ud83c\":1}'"),
    (b"{\x00}\x00", 1, 2, "'\\x00}\\x00'"),
]


@pytest.mark.parametrize(("body", "line", "column", "got"), MALFORMED)
async def test_malformed_json(client: Client, body: bytes, line: int, column: int, got: str) -> None:
    response = await attempt(client, body)
    problem = response.json()
    assert (response.status_code, problem["rule"]) == (400, "json-malformed")
    error = only_error(response)
    assert (error["pointer"], error["expected"], error["got"]) == ("", "valid JSON", got)
    assert (error["line"], error["column"]) == (line, column)
    assert problem["detail"].startswith(f"Line {line}, column {column}: ")


@pytest.mark.parametrize("body", [b"{", b'{"key": "k", "secret": s3cr3t}', b'{"key"', b"key=1"])
@pytest.mark.parametrize("path", ["/authenticate", "/refresh"])
async def test_malformed_json_where_secrets_are_expected(client: Client, path: str, body: bytes) -> None:
    response = await attempt(client, body, path)
    assert (response.status_code, response.json()["rule"]) == (400, "json-malformed")
    assert only_error(response)["line"] == 1
    assert b"s3cr3t" not in response.content


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity"])
async def test_the_answer_says_what_to_do_about_numbers_that_are_none(client: Client, word: str) -> None:
    response = await attempt(client, f'{{"contacts":[{{"id":"C-1","customFields":{{"x":{word}}}}}]}}'.encode())
    assert "NaN and Infinity are not JSON" in response.json()["detail"]


@pytest.mark.parametrize(
    ("body", "line", "column", "byte"),
    [
        (b"\xff", 1, 1, "0xff"),
        (b'{"a":"\xff"}', 1, 7, "0xff"),
        (b'{"a":\n"\xc3"}', 2, 2, "0xc3"),
        (b'{"a":"\xed\xa0\x80"}', 1, 7, "0xed"),
        (b'{"a":"\xc0\xaf"}', 1, 7, "0xc0"),
        (b'{"a":"\xf5\x80\x80\x80"}', 1, 7, "0xf5"),
        (b'{"\xc3\xbc":"\xff"}', 1, 7, "0xff"),
        (b'{"a":1,\n"\xf0\x9f\x8f\xa0":"\x80"}', 2, 6, "0x80"),
        ('{"note":"Müller"}'.encode("latin-1"), 1, 11, "0xfc"),
        ('{"note":"Müller"}'.encode("cp1252"), 1, 11, "0xfc"),
        (SOUND_BYTES.decode().encode("utf-16"), 1, 1, "0xff"),
        (b"\xfe\xff" + SOUND_BYTES.decode().encode("utf-16-be"), 1, 1, "0xfe"),
        (gzip.compress(SOUND_BYTES, mtime=0), 1, 2, "0x8b"),
    ],
)
async def test_not_utf8(client: Client, body: bytes, line: int, column: int, byte: str) -> None:
    response = await attempt(client, body)
    assert (response.status_code, response.json()["rule"]) == (400, "encoding-invalid")
    error = only_error(response)
    assert (error["pointer"], error["expected"], error["got"]) == ("", "UTF-8", f"the byte {byte}")
    assert (error["line"], error["column"]) == (line, column)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
async def test_other_encodings_without_a_mark(client: Client, encoding: str) -> None:
    response = await attempt(client, SOUND_BYTES.decode().encode(encoding))
    assert (response.status_code, response.json()["rule"]) == (400, "json-malformed")


@pytest.mark.parametrize("path", ["/import", "/authenticate", "/refresh"])
@pytest.mark.parametrize("body", [b"", b" ", b"\n\r\t ", b" " * 300_000])
async def test_no_body(client: Client, path: str, body: bytes) -> None:
    response = await attempt(client, body, path)
    assert (response.status_code, response.json()["rule"]) == (400, "body-missing")
    assert (only_error(response)["pointer"], only_error(response)["got"]) == ("", "no body")


@pytest.mark.parametrize("path", ["/import", "/authenticate", "/refresh"])
@pytest.mark.parametrize("body", [b"null", b"true", b"0", b"-0.0", b'""', b'"x"', b"[]", b"[{}]", b"[null]", b"1e308"])
async def test_no_object_at_the_top(client: Client, path: str, body: bytes) -> None:
    response = await attempt(client, body, path)
    assert (response.status_code, response.json()["rule"]) == (400, "schema-violation")
    assert {error["pointer"] for error in response.json()["errors"]} == {""}
    assert "object" in {error["expected"] for error in response.json()["errors"]}


@pytest.mark.parametrize(
    "number",
    ["1e400", "-1e400", "1e999999999", "9" * 309, "9" * 5_000, "-" + "9" * 100_000, "1" + "0" * 400 + ".5", "1e+309"],
    ids=lambda number: number[:6] + str(len(number)),
)
@pytest.mark.parametrize("place", ['{"contacts":[{"id":"C-1","customFields":{"x":%s}}]}', '{"y":%s}', "%s"])
async def test_numbers_out_of_range(client: Client, place: str, number: str) -> None:
    response = await attempt(client, (place % number).encode())
    assert (response.status_code, response.json()["rule"]) == (400, "number-out-of-range")
    error = only_error(response)
    assert (error["pointer"], error["line"], error["column"]) == ("", 1, place.index("%") + 1)
    assert len(response.content) < 1_000


@pytest.mark.parametrize("number", ["1e308", "-1e308", "1e-400", "0.1", "9" * 300, "-0", "1E5", "18446744073709551616"])
async def test_numbers_in_range(client: Client, number: str) -> None:
    body = f'{{"contacts":[{{"id":"C-1","customFields":{{"x":{number}}}}}]}}'.encode()
    assert (await client.imported(body))["status"] == "completed"


def objects(levels: int) -> str:
    return '{"a":' * levels + "1" + "}" * levels


def arrays(levels: int) -> str:
    return "[" * levels + "]" * levels


def mixed(levels: int) -> str:
    return '[{"a":' * (levels // 2) + ("[]" if levels % 2 else "1") + "}]" * (levels // 2)


NESTINGS = {"objects": objects, "arrays": arrays, "mixed": mixed}

PLACES = {
    # where, with the level at which the value stands, its pointer, and whether the contract allows it there
    "unknown field at the top": ('{"contacts":[],"x":%s}', 1, "/x", True),
    "unknown field of a record": ('{"contacts":[{"id":"C-1","x":%s}]}', 3, "/contacts/0/x", True),
    "custom field": (
        '{"contacts":[{"id":"C-1","customFields":{"x":%s}}]}',
        4,
        "/contacts/0/customFields/x",
        False,
    ),
    "known field": ('{"contacts":[{"id":%s}]}', 3, "/contacts/0/id", False),
    "array of records": ('{"contacts":%s}', 1, "/contacts", False),
    "instead of the body": ("%s", 0, "", False),
}


@pytest.mark.parametrize("kind", NESTINGS)
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("levels", [65, 300, 1_000])
async def test_nesting_too_deep(client: Client, place: str, kind: str, levels: int) -> None:
    """So many levels in all, the body's own included."""
    template, above, pointer, _ = PLACES[place]
    response = await attempt(client, (template % NESTINGS[kind](levels - above)).encode())
    assert (response.status_code, response.json()["rule"]) == (400, "nesting-too-deep")
    error = only_error(response)
    assert error["pointer"].startswith(pointer)
    assert error["expected"] == "at most 64 levels of nesting"
    assert len(response.content) < 2_500


@pytest.mark.parametrize("kind", NESTINGS)
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("levels", [2_000, 100_000])
async def test_nesting_beyond_the_parser(client: Client, place: str, kind: str, levels: int) -> None:
    template = PLACES[place][0]
    response = await attempt(client, (template % NESTINGS[kind](levels)).encode())
    assert (response.status_code, response.json()["rule"]) == (400, "nesting-too-deep")
    error = only_error(response)
    assert (error["pointer"], error["line"]) == ("", 1)


@pytest.mark.parametrize("kind", NESTINGS)
@pytest.mark.parametrize("place", PLACES)
async def test_nesting_just_deep_enough(client: Client, place: str, kind: str) -> None:
    template, above, _, allowed = PLACES[place]
    response = await attempt(client, (template % NESTINGS[kind](64 - above)).encode())
    assert response.status_code == (202 if allowed else 400)
    assert response.status_code == 202 or response.json()["rule"] == "schema-violation"


@pytest.mark.parametrize("levels", [65, 100_000])
@pytest.mark.parametrize("opening", [b"[", b"{"])
async def test_nesting_that_is_never_closed(client: Client, opening: bytes, levels: int) -> None:
    response = await attempt(client, b'{"contacts":' + opening * levels)
    assert response.status_code == 400
    assert response.json()["rule"] in ("nesting-too-deep", "json-malformed")


@pytest.mark.parametrize(
    "text", ["[" * 100_000, "{[" * 1_000 + "]}" * 1_000, '\\"[{' * 500, "\\\\", '\\\\\\"' + "[" * 100, "]" * 300_000]
)
async def test_brackets_inside_texts_are_no_nesting(client: Client, text: str) -> None:
    body = f'{{"contacts":[{{"id":"C-1","note":"{text}","customFields":{{"{text}":"{text}"}}}}]}}'.encode()
    job = await client.imported(body)
    assert (job["status"], job["errors"]) == ("completed", [])
    record = client.account.store.get("contacts", "C-1")
    assert record is not None
    assert record.fields["note"] == json.loads(f'"{text}"')


async def test_wide_bodies_are_not_deep(client: Client) -> None:
    body = {"contacts": [contact(id=f"C-{n}", customFields={}) for n in range(200)], "x": [[], {}] * 1_000}
    assert (await client.imported(body))["status"] == "completed"


async def test_of_a_name_that_comes_twice_the_last_counts(client: Client) -> None:
    job = await client.imported(b'{"contacts":[{"id":5}],"contacts":[{"id":"C-1","note":"a","note":"b"}]}')
    assert job["errors"] == []
    record = client.account.store.get("contacts", "C-1")
    assert record is not None
    assert record.fields["note"] == "b"
    response = await attempt(client, b'{"contacts":[{"id":"C-1","id":5}]}')
    assert only_error(response)["pointer"] == "/contacts/0/id"


@pytest.mark.parametrize(
    "text", ["\\u0000", "a\\u0000b", "\\ud83c\\udfe0", "\\uffff", "\\u2028", "\x7f", "ﷺ", "\\r\\n", "A\u0301", " "]
)
async def test_odd_texts_are_taken_as_they_are(client: Client, text: str) -> None:
    body = f'{{"contacts":[{{"id":"{text}","lastName":"{text}","customFields":{{"{text}":"{text}"}}}}]}}'
    job = await client.imported(body.encode())
    assert (job["status"], job["errors"]) == ("completed", [])
    plain = json.loads(f'"{text}"')
    record = client.account.store.get("contacts", plain)
    assert record is not None
    assert (record.fields["lastName"], record.fields["customFields"]) == (plain, {plain: plain})


JSON_SPELLINGS = [
    *("application/json", "APPLICATION/JSON", "Application/Json", " application/json ", "application/json;"),
    *("application/json; charset=utf-8", "application/json;charset=UTF-8", 'application/json; charset="utf-8"'),
    *("application/json ; Charset=utf8", "application/json; charset=us-ascii", "application/json; profile=x"),
    *("application/json; charset=utf-8; x=y", "application/json; boundary"),
]

OTHER_TYPES = [
    *("", "json", "text/json", "text/plain", "application/xml", "application/x-www-form-urlencoded"),
    *("multipart/form-data; boundary=x", "application/problem+json", "application/vnd.api+json", "application/jsonx"),
    *("application/*", "*/*", "application/json, text/plain", "application", "/", ";", "application/ json"),
    *("application/json+utf8", "x" * 5_000, "application/octet-stream", "\x7f", "applicatıon/json"),
]

OTHER_CHARSETS = [
    *("latin-1", "iso-8859-1", "utf-16", "utf-16le", "UTF-32", "windows-1252", "bogus", "", "utf-7", "x" * 5_000),
]


@pytest.mark.parametrize("spelling", JSON_SPELLINGS)
async def test_spellings_of_json(client: Client, spelling: str) -> None:
    assert (await attempt(client, SOUND_BYTES, headers={"content-type": spelling})).status_code == 202


@pytest.mark.parametrize("path", ["/import", "/authenticate"])
@pytest.mark.parametrize("media_type", OTHER_TYPES, ids=lambda media_type: media_type[:40])
async def test_other_media_types(client: Client, media_type: str, path: str) -> None:
    response = await attempt(client, SOUND_BYTES, path, headers={"content-type": media_type.encode()})
    assert (response.status_code, response.json()["rule"]) == (415, "media-type-unsupported")
    error = only_error(response)
    assert (error["pointer"], error["expected"]) == ("", "Content-Type: application/json")
    assert len(response.content) < 1_000


@pytest.mark.parametrize("charset", OTHER_CHARSETS, ids=lambda charset: charset[:40])
async def test_other_charsets(client: Client, charset: str) -> None:
    headers = {"content-type": f"application/json; charset={charset}"}
    response = await attempt(client, SOUND_BYTES, headers=headers)
    assert (response.status_code, response.json()["rule"]) == (415, "media-type-unsupported")
    assert only_error(response)["expected"] == "charset utf-8"
    assert len(response.content) < 1_000


async def test_no_media_type(client: Client) -> None:
    token = await client.log_in()
    for path in ("/import", "/authenticate", "/refresh"):
        response = await client.request("POST", path, content=SOUND_BYTES, headers={"token": token})
        assert (response.status_code, response.json()["rule"]) == (415, "media-type-unsupported")
        assert only_error(response)["got"] == "no Content-Type"


async def test_of_two_media_types_the_first_counts(client: Client) -> None:
    token = await client.log_in()
    kinds = ["application/json", "text/plain"]
    for order, status in ((kinds, 202), (kinds[::-1], 415)):
        headers = [("token", token), *(("content-type", kind) for kind in order)]
        assert (await client.request("POST", "/import", content=SOUND_BYTES, headers=headers)).status_code == status


@pytest.mark.parametrize("coding", ["gzip", "GZIP", "br", "deflate", "zstd", "gzip, identity", "x-custom", "x" * 5_000])
async def test_compressed_bodies(client: Client, coding: str) -> None:
    response = await attempt(client, gzip.compress(SOUND_BYTES), headers={"content-encoding": coding})
    assert (response.status_code, response.json()["rule"]) == (415, "content-encoding-unsupported")
    assert response.json()["title"] == "The body is compressed"
    assert response.headers["accept-encoding"] == "identity"
    assert only_error(response)["expected"] == "an uncompressed body"
    assert len(response.content) < 1_000


@pytest.mark.parametrize("coding", ["identity", "Identity", ""])
async def test_no_compression_may_be_said(client: Client, coding: str) -> None:
    assert (await attempt(client, SOUND_BYTES, headers={"content-encoding": coding})).status_code == 202


class Chunks:
    """A body in chunks that knows how much of it was read."""

    def __init__(self, *chunks: bytes) -> None:
        self._chunks = chunks
        self.read = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self._chunks:
            self.read += 1
            yield chunk


@pytest.mark.parametrize("size", [1, 2, 7, 1_000])
async def test_chunked_uploads(client: Client, size: int) -> None:
    pieces = [SOUND_BYTES[start : start + size] for start in range(0, len(SOUND_BYTES), size)]
    assert (await chunked(client, *pieces)).status_code == 202


async def chunked(client: Client, *pieces: bytes) -> Any:
    token = client.token or await client.log_in()
    headers = {"content-type": "application/json", "token": token}
    return await client.request("POST", "/import", content=Chunks(*pieces), headers=headers)


async def test_chunks_that_split_a_character(client: Client) -> None:
    body = json.dumps({"contacts": [contact(id="ü🏠")]}, ensure_ascii=False).encode()
    assert (await chunked(client, *(body[n : n + 1] for n in range(len(body))))).status_code == 202


async def test_chunks_without_anything_in_them(client: Client) -> None:
    assert (await chunked(client, b"", SOUND_BYTES, b"", b"")).status_code == 202
    response = await chunked(client, b"", b"")
    assert (response.status_code, response.json()["rule"]) == (400, "body-missing")


LIMIT = 1_000


@pytest.mark.parametrize("path", ["/import", "/authenticate", "/refresh"])
async def test_too_long_by_its_announcement(path: str) -> None:
    async with shared_mock(max_body_mb=0.001).client() as client:
        response = await attempt(client, b" " * (LIMIT + 1), path)
        problem = response.json()
        assert (response.status_code, problem["rule"], problem["limitBytes"]) == (413, "body-too-large", LIMIT)
        assert only_error(response)["pointer"] == ""
        assert response.headers["connection"] == "close"


async def test_exactly_as_long_as_it_may_be() -> None:
    async with shared_mock(max_body_mb=0.001).client() as client:
        for content in (SOUND_BYTES.ljust(LIMIT), Chunks(SOUND_BYTES, b" " * (LIMIT - len(SOUND_BYTES)))):
            headers = {"content-type": "application/json", "token": await client.log_in()}
            assert (await client.request("POST", "/import", content=content, headers=headers)).status_code == 202


async def test_too_long_while_it_comes() -> None:
    """What is left of the body is not read."""
    async with shared_mock(max_body_mb=0.001).client() as client:
        token = await client.log_in()
        before = client.held()
        for pieces, read in (([b" " * 100] * 1_000, 11), ([b" " * 5_000] * 3, 1), ([b" " * 1_000, b"", b" ", b" "], 3)):
            body = Chunks(*pieces)
            headers = {"content-type": "application/json", "token": token}
            response = await client.request("POST", "/import", content=body, headers=headers)
            assert (response.status_code, response.json()["rule"]) == (413, "body-too-large")
            assert body.read == read
        assert client.held() == before


@pytest.mark.parametrize("note", ["", "x" * 100_000], ids=["at once", "in parts"])
async def test_more_records_than_an_import_may_have(note: str) -> None:
    async with Mock(progress=Progress(progress="immediate"), limits=Limits(max_import_records=3)).client() as client:
        body = {"contacts": [{**contact(id=f"C-{n}"), "note": note} for n in range(3)], "responsibilities": []}
        assert (await client.send(body)).status_code == 202
        more = await client.send({**body, "properties": [property_()]})
        assert (more.status_code, more.json()["rule"]) == (413, "body-too-large")
        assert only_error(more)["expected"] == "at most 3 records"
        assert client.account.store.total == 3


CROWDED: dict[str, Callable[[int], bytes]] = {
    # so many objects, lists or members; of numbers, which count as a tenth, ten times as many
    "beside the records": lambda count: b'{"x": [' + b"{}," * count + b"{}]}",
    "in a record": lambda count: b'{"contacts": [{"id": "1", "x": [' + b"[]," * count + b"[]]}]}",
    "numbers": lambda count: b'{"contacts": [{"id": "1", "x": [' + b"0," * (10 * count) + b"0]}]}",
    "members": lambda count: b"{" + b"".join(b'"%d":1,' % n for n in range(count)) + b'"x":1}',
}
SMALLER = 20_000
"""A limit that takes as many steps to be reached, each with less in it."""


@pytest.mark.parametrize(
    ("place", "limit"),
    [
        *((place, SMALLER) for place in CROWDED),
        ("beside the records", MAX_INSIDE),
        *(
            pytest.param(place, MAX_INSIDE, marks=pytest.mark.slow)
            for place in CROWDED
            if place != "beside the records"
        ),
    ],
)
async def test_one_value_may_not_hold_too_much(
    client: Client, monkeypatch: pytest.MonkeyPatch, place: str, limit: int
) -> None:
    """What cannot be divided is looked at in one go, and takes memory many times over: a few bytes an object."""
    for module in (bulk, reading):
        monkeypatch.setattr(module, "MAX_INSIDE", limit)
    monkeypatch.setattr(reading, "LONG_FROM_BYTES", limit // 2)
    response = await attempt(client, CROWDED[place](limit * 6 // 5))
    assert (response.status_code, response.json()["rule"]) == (413, "body-too-large")
    assert only_error(response)["expected"].startswith(f"at most {limit} objects")
    if limit == SMALLER:  # what is less may be wrong, but not for that
        assert (await attempt(client, CROWDED[place](limit * 4 // 5))).json().get("rule") != "body-too-large"


async def test_what_is_refused_is_not_kept(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """The way to a refusal knows the whole body; nothing of it may stay until the collector comes by."""
    kept: list[Refused] = []
    record = Recorder.record

    def recorded(self: Recorder, trail: Trail) -> None:
        if trail.refusal is not None:
            kept.append(trail.refusal)
        record(self, trail)

    monkeypatch.setattr(Recorder, "record", recorded)
    await attempt(client, b'{"contacts": ["' + b"x" * 300_000)
    assert (kept[-1].rule, kept[-1].__traceback__, kept[-1].__context__) == ("json-malformed", None, None)


@pytest.mark.parametrize("length", ["1" * 5_000, "99999999999999999999999999", "1001"])
async def test_absurd_announcements(length: str) -> None:
    async with shared_mock(max_body_mb=0.001).client() as client:
        response = await attempt(client, SOUND_BYTES, headers={"content-length": length})
        assert (response.status_code, response.json()["rule"]) == (413, "body-too-large")


async def test_huge_headers(client: Client) -> None:
    response = await attempt(
        client, SOUND_BYTES, headers={"x-huge": "x" * 1_000_000, **{f"x-{n}": "y" for n in range(500)}}
    )
    assert response.status_code == 202


async def test_the_token_is_looked_at_before_the_body(client: Client) -> None:
    body = Chunks(b"{", b"}")
    response = await client.request("POST", "/import", content=body, headers={"content-type": "text/plain"})
    assert (response.status_code, response.json()["rule"]) == (401, "token-missing")
    assert body.read == 0


async def test_a_body_where_none_is_expected(client: Client) -> None:
    job_id = (await client.imported(SOUND))["id"]
    response = await client.request("GET", f"/jobs/{job_id}", content=b"{{{", headers={"token": client.token})
    assert response.status_code == 200
