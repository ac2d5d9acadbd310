"""Long bodies are read in parts; what is answered must not depend on that."""

import json
import re
from typing import Any

import pytest

from casavi_fixtures import (
    address,
    broken_names,
    contact,
    contract,
    document,
    load_broken,
    load_portfolio,
    property_,
    responsibility,
    unit,
)
from casavi_mock.bodies import body as reading
from casavi_mock.bodies import parts
from tests.support.client import Client
from tests.support.server import shared_mock

MANY = 23
"""Records of a test body; the tests' parts hold 4 or less, so that the last is not full."""


def contacts(*changes: tuple[int, dict[str, Any]], count: int = MANY) -> dict[str, Any]:
    records = [contact(id=f"C-{n}") for n in range(count)]
    for index, fields in changes:
        records[index] |= fields
    return {"contacts": records}


def deep(levels: int) -> Any:
    value: Any = 1
    for level in range(levels):
        value = [value] if level % 2 else {"a": value}
    return value


def encoded(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def replaced(value: Any, old: str, new: bytes) -> bytes:
    text = encoded(value)
    assert old.encode() in text
    return text.replace(old.encode(), new, 1)


MARK = (11, {"note": "MARK"})

BODIES: dict[str, bytes] = {
    "valid": encoded(contacts()),
    "valid, all three": encoded(load_portfolio("small-house")),
    "documentation example": encoded(load_portfolio("documentation-example")),
    "empty arrays": encoded({"contacts": [], "properties": []}),
    "no array": encoded({}),
    "one record": encoded(contacts(count=1)),
    "a slice exactly": encoded(contacts(count=4)),
    "blank and pretty": b" \n" + json.dumps(contacts(), indent=2).encode() + b"\n\t ",
    "one bad record last": encoded(contacts((MANY - 1, {"lastName": 7}))),
    "one bad record first": encoded(contacts((0, {"id": ""}))),
    "bad records in several parts": encoded(contacts((1, {"lastName": 7}), (9, {"city": []}), (22, {"id": None}))),
    "a record that is no object": replaced(contacts(MARK), json.dumps(contact(id="C-11") | {"note": "MARK"}), b"5"),
    "a record without id": replaced(contacts(MARK), '"id": "C-11", ', b""),
    "bad in all three arrays": encoded(
        contacts((3, {"fax": 1}))
        | {"properties": [property_(id=f"P-{n}") for n in range(9)] + [property_(postalCode=True)]}
        | {"responsibilities": [responsibility()] * 5 + [{}]}
    ),
    "bad unit far inside": encoded(
        {"properties": [property_(id=f"P-{n}", addresses=[{"street": "S", "units": [{"id": n}]}]) for n in range(7)]}
    ),
    "twenty errors": encoded(contacts(*((n, {"note": n}) for n in range(20)))),
    "more errors than are shown": encoded(contacts(*((n, {"note": n}) for n in range(MANY)))),
    "many more errors than are shown": encoded(contacts(*((n, {"note": n}) for n in range(200)), count=200)),
    "unknown fields": encoded(contacts((5, {"shoeSize": 44}), (6, {"shoeSize": 45})) | {"extra": [1, {"a": []}]}),
    "unknown member instead of an array": encoded({"contact": [1] * 40}),
    "not an array: object": encoded({"contacts": contacts()["contacts"][0], "properties": []}),
    "not an array: text": encoded({"contacts": "x" * 300}),
    "not an array: null": encoded({"contacts": None, "properties": [property_()]}),
    "not an array, and a bad record": encoded(contacts((2, {"note": 1})) | {"properties": 3}),
    "top: array": encoded(contacts()["contacts"]),
    "top: text": encoded("x" * 400),
    "top: number": b"1" * 300,
    "malformed in the middle": replaced(contacts(MARK), '"MARK"', b"MARK"),
    "malformed at the end": encoded(contacts())[:-1],
    "malformed after the end": encoded(contacts()) + b"}",
    "malformed, and a bad record before": replaced(contacts((0, {"note": 1}), MARK), '"MARK"', b"nul"),
    "comma too many": replaced(contacts(MARK), '"MARK"', b'"MARK",'),
    "array with a comma at its end": replaced(contacts(), '"}]}', b'"},]}'),
    "NaN": replaced(contacts(MARK), '"MARK"', b"NaN"),
    "NaN outside the arrays": replaced(contacts() | {"x": "MARK"}, '"MARK"', b"NaN"),
    "1e400": replaced(contacts(MARK), '"MARK"', b"1e400"),
    "bad record, then 1e400": replaced(contacts((0, {"note": 1}), MARK), '"MARK"', b"1e400"),
    "long integer": replaced(contacts(MARK), '"MARK"', b"9" * 5000),
    "lone surrogate": replaced(contacts(MARK), "MARK", b"\\ud800"),
    "lone surrogate in a name": replaced(contacts((11, {"MARK": 1})), "MARK", b"\\ud800"),
    "lone surrogate in a name at the top": replaced(contacts() | {"MARK": 1}, "MARK", b"\\ud800"),
    "lone surrogate outside the arrays": replaced(contacts() | {"x": "MARK"}, "MARK", b"\\udfff"),
    "bad UTF-8": replaced(contacts(MARK), "MARK", b"\xff"),
    "bad UTF-8 in a name": replaced(contacts((11, {"MARK": 1})), "MARK", b"\xc3\x28"),
    "bad UTF-8 in a name at the top": replaced(contacts() | {"MARK": 1}, "MARK", b"\xc3\x28"),
    "bad UTF-8 outside the arrays": replaced(contacts() | {"x": "MARK"}, "MARK", b"\xed\xa0\x80"),
    "surrogate pair": replaced(contacts(MARK), "MARK", b"\\ud83c\\udfe0"),
    "NUL": replaced(contacts(MARK), "MARK", b"\\u0000"),
    "raw control character": replaced(contacts(MARK), "MARK", b"\x00"),
    "byte order mark": b"\xef\xbb\xbf" + encoded(contacts()),
    "an array twice, the last is good": b'{"contacts":[{"id":5}],' + encoded(contacts())[1:],
    "an array twice, the last is bad": encoded(contacts())[:-1] + b',"contacts":[{"id":5}]}',
    "an array twice, by an escaped name": encoded(contacts())[:-1] + b',"cont\\u0061cts":[{"id":5}]}',
    "brackets inside texts": encoded(contacts((7, {"note": "[{" * 200}), (8, {"note": '"]}\\' * 100}))),
    "deep enough inside a record": encoded(contacts((21, {"x": deep(61)}))),
    "too deep inside a record": encoded(contacts((21, {"x": deep(62)}))),
    "far too deep inside a record": encoded(contacts((21, {"x": deep(500)}))),
    "beyond the parser inside a record": replaced(contacts(MARK), '"MARK"', b"[" * 5000 + b"]" * 5000),
    "deep enough outside the arrays": encoded(contacts() | {"x": deep(63)}),
    "too deep outside the arrays": encoded(contacts() | {"x": deep(64)}),
    "too deep, and a bad record before": encoded(contacts((0, {"note": 1}), (21, {"x": deep(62)}))),
    "too deep, and a bad record after": encoded(contacts((0, {"x": deep(62)}), (21, {"note": 1}))),
    "too deep, and malformed after": replaced(
        contacts((0, {"x": deep(62)}), (21, {"note": "MARK"})), '"MARK"', b"1e400"
    ),
    "too deep after more errors than are shown": encoded(
        contacts(*((n, {"note": n}) for n in range(50)), (99, {"x": deep(70)}), count=100)
    ),
    "too deep in custom fields": encoded(contacts((3, {"customFields": {"a": deep(70)}}))),
    "too deep in an array that comes again": encoded(contacts((1, {"x": deep(70)})))[:-1] + b',"contacts":[]}',
}
BODIES |= {
    f"a list at the root: {name}": encoded(elements)
    for name, elements in {
        "bodies": [contacts()] * 3,
        "bodies and a number": [contacts(), 1],
        "lists": [[]] * 200,
        "lists of records": [[contact()]] * 20,
        "texts": ["text"] * 100,
        "nulls": [None] * 100,
        "deep": [deep(70)],
        "nothing": [],
    }.items()
}
BODIES |= {
    f"lists in the place of {name}": encoded({name: [["a list"]] * 30})
    for name in ("contacts", "properties", "responsibilities")
}
BODIES |= {
    f"broken: {name}": encoded(load_broken(name).document) for name in broken_names() if name != "document-too-large"
}


def _without_ids(text: str) -> str:
    return re.sub(r"[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}|[0-9a-f]{8}-\d{6}", "ID", text)


async def _answer(client: Client, body: bytes) -> tuple[int, str, str]:
    """What the server says to a body, and the job if it takes it, without the ids."""
    client = client.another()
    response = await client.send(body)
    job = await client.finished(response.json()["jobId"]) if response.status_code == 202 else {}
    return response.status_code, _without_ids(response.text), _without_ids(json.dumps(job))


@pytest.mark.parametrize("size", [60, 1_200])
@pytest.mark.parametrize("name", BODIES)
async def test_same_answer_in_parts(client: Client, monkeypatch: pytest.MonkeyPatch, name: str, size: int) -> None:
    monkeypatch.setattr(reading, "LONG_FROM_BYTES", 1 << 40)
    at_once = await _answer(client, BODIES[name])
    monkeypatch.setattr(reading, "LONG_FROM_BYTES", 0)
    monkeypatch.setattr(parts, "PART_BYTES", size)
    assert await _answer(client, BODIES[name]) == at_once


@pytest.mark.parametrize("size", [60, 1_200])
@pytest.mark.parametrize("name", ["unknown fields", "one bad record last", "unknown member instead of an array"])
async def test_same_answer_in_parts_if_unknown_fields_are_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, size: int
) -> None:
    async with shared_mock(unknown_fields="refuse").client() as client:
        monkeypatch.setattr(reading, "LONG_FROM_BYTES", 1 << 40)
        at_once = await _answer(client, BODIES[name])
        monkeypatch.setattr(reading, "LONG_FROM_BYTES", 0)
        monkeypatch.setattr(parts, "PART_BYTES", size)
        assert await _answer(client, BODIES[name]) == at_once
        assert at_once[0] == 400


async def test_a_long_body_is_read_in_parts(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []

    class Spy(parts.Parts):
        def __init__(self, raw: bytes | bytearray) -> None:
            read.append(len(raw))
            super().__init__(raw)

    monkeypatch.setattr(reading, "Parts", Spy)
    base = len(encoded({"contacts": [contact(note="")]}))
    for length, times in ((255_999, 0), (256_000, 1)):
        body = encoded({"contacts": [contact(note="x" * (length - base))]})
        assert len(body) == length
        assert (await client.imported(body))["status"] == "completed"
        assert len(read) == times


async def test_a_text_that_is_parsed_in_steps_is_the_same(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "LONG_FROM_BYTES", 0)
    monkeypatch.setattr(parts, "PART_BYTES", 200)
    monkeypatch.setattr(parts, "LONG_BYTES", 400)
    text = "x" * 300 + "\\n\\ud83c\\udfe0ü🏠" * 100
    raw = f'{{"contacts":[{{"id":"C-1","note":"{text}"}}, {{"id":"C-2","customFields":{{"a":"{text}"}}}}]}}'.encode()
    assert (await client.imported(raw))["status"] == "completed"
    plain = json.loads(f'"{text}"')
    first, second = (client.account.store.get("contacts", name) for name in ("C-1", "C-2"))
    assert first is not None
    assert second is not None
    assert (first.fields["note"], second.fields["customFields"]) == (plain, {"a": plain})


async def test_a_large_property_is_imported_like_a_small_one(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Units and documents far inside wait as text, and become what they would be otherwise."""
    units = [
        unit(id=f"U-{n}", contracts=[contract(contactId="C-1")], documents=[document(id=f"D-{n}")]) for n in range(90)
    ]
    house = property_(addresses=[address(units=units[:40]), address(street="B", units=units[40:])])
    body = {"contacts": [contact(id="C-1")], "properties": [house, property_(id="P-2", documents=[document(id="D")])]}
    whole, other = await _stored(client.another(), body), {}
    monkeypatch.setattr(reading, "LONG_FROM_BYTES", 0)
    for size in (100, 1_500, 1 << 20):
        monkeypatch.setattr(parts, "PART_BYTES", size)
        other[size] = await _stored(client.another(), body)
    assert other == dict.fromkeys(other, whole)
    assert len(whole["units"]) == 90


async def _stored(client: Client, body: dict[str, Any]) -> dict[str, list[Any]]:
    assert (await client.imported(body))["errors"] == []
    store = client.account.store
    return {
        entity: sorted(([record.key, record.fields, record.place] for record in store.records(entity)), key=str)
        for entity in ("contacts", "properties", "units", "documents")
    }
