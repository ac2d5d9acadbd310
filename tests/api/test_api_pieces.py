"""Parsing piece by piece comes to what parsing at once comes to, wherever the pieces end."""

import json
from typing import Any

import orjson
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from casavi_fixtures import contact, property_
from casavi_mock.bodies import slices
from casavi_mock.bodies.slices import Malformed, Member, Opening, Slice, Unsliceable, Whole, byte_position, pieces

ARRAYS = ("contacts", "properties")
SIZES = (1, 2, 3, 7, 20, 61, 300, 1 << 20)

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False) | st.text(max_size=12),
    lambda inside: st.lists(inside, max_size=6) | st.dictionaries(st.text(max_size=5), inside, max_size=5),
    max_leaves=25,
)
RECORDS = st.lists(
    st.dictionaries(st.sampled_from(["id", "note", "},{", "customFields"]), VALUES, max_size=3), max_size=9
)
BODIES = st.fixed_dictionaries({}, optional={"contacts": RECORDS | VALUES, "x": VALUES, "properties": RECORDS})


def in_pieces(raw: bytes, size: int, monkeypatch: pytest.MonkeyPatch) -> Any:
    """What the pieces come to: a value, or position and reason."""
    monkeypatch.setattr(slices, "SLICE_BYTES", size)
    body: Any = {}
    current: list[Any] = []
    try:
        for piece in pieces(raw, ARRAYS):
            match piece:
                case Whole():
                    body = current = piece.value
                case Member():
                    body[piece.name] = piece.value
                case Opening():
                    current = body[piece.name] = []
                case Slice():
                    assert orjson.loads(piece.text) is not None
                    current += piece.values
    except Malformed as error:
        return error.position, error.reason
    return body


def whole(raw: bytes) -> Any:
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        return byte_position(error), error.msg


def ordered(value: Any) -> Any:
    return json.dumps(value)  # tells true from 1, and in what order members come


def text_of(body: Any, indent: int | None, *, ascii_only: bool) -> bytes:
    return json.dumps(body, indent=indent, ensure_ascii=ascii_only).encode("utf-8", "replace")


@pytest.mark.parametrize("size", SIZES)
def test_valid_bodies(size: int) -> None:
    @given(BODIES | VALUES, st.none() | st.integers(0, 2), st.booleans())
    def check(body: Any, indent: int | None, ascii_only: bool) -> None:
        with pytest.MonkeyPatch.context() as patch:
            raw = text_of(body, indent, ascii_only=ascii_only)
            assert ordered(in_pieces(raw, size, patch)) == ordered(whole(raw))

    check()


@pytest.mark.parametrize("size", SIZES)
def test_broken_bodies(size: int) -> None:
    @given(BODIES, st.booleans(), st.data())
    def check(body: Any, ascii_only: bool, data: st.DataObject) -> None:
        raw = text_of(body, None, ascii_only=ascii_only)
        place = data.draw(st.integers(0, len(raw)))
        cut = data.draw(st.integers(0, 3))
        new = data.draw(
            st.sampled_from([b"", b",", b"]", b"}", b"{", b'"', b"\\", b"nul", b"1e400", b" ", b"\n", b"]}", b"\\ud8"])
        )
        raw = raw[:place] + new + raw[place + cut :]
        assume(raw.strip())
        assume(raw.decode("utf-8", "ignore").encode() == raw)  # where the encoding is wrong is found otherwise
        with pytest.MonkeyPatch.context() as patch:
            assert ordered(in_pieces(raw, size, patch)) == ordered(whole(raw))

    check()


@pytest.mark.parametrize("size", [1, 100, 5_000])
@pytest.mark.parametrize("records", [3, 400])
def test_many_records(monkeypatch: pytest.MonkeyPatch, size: int, records: int) -> None:
    body = {
        "contacts": [contact(id=f"C-{n}", note='},{"id":' if n % 5 == 0 else "ü" * n) for n in range(records)],
        "properties": [
            property_(id=f"P-{n}", addresses=[{"street": "S", "units": [{"id": "U"}] * n}]) for n in range(20)
        ],
    }
    for raw in (text_of(body, None, ascii_only=True), text_of(body, 1, ascii_only=False)):
        assert in_pieces(raw, size, monkeypatch) == body
        read = [piece for piece in pieces(raw, ARRAYS) if isinstance(piece, Slice)]
        assert [orjson.loads(piece.text) for piece in read] == [piece.values for piece in read]


def test_slices_are_not_longer_than_they_should_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slices, "SLICE_BYTES", 2_000)
    raw = text_of({"contacts": [contact(id=f"C-{n}") for n in range(1_000)]}, None, ascii_only=True)
    lengths = [len(piece.text) for piece in pieces(raw, ARRAYS) if isinstance(piece, Slice)]
    assert max(lengths) < 2_000 + 2 * len(text_of(contact(id="C-1000"), None, ascii_only=True))
    assert len(lengths) > 10


def test_no_error_is_found_twice_as_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """A broken record is found in its slice: what comes behind it is not parsed."""
    monkeypatch.setattr(slices, "SLICE_BYTES", 500)
    parsed: list[int] = []
    loads = orjson.loads
    monkeypatch.setattr(slices.orjson, "loads", lambda text: parsed.append(len(text)) or loads(text))  # type: ignore[attr-defined]
    contacts = [contact(id=f"C-{n}") for n in range(500)]
    raw = text_of({"contacts": contacts}, None, ascii_only=True).replace(b'"C-7"', b"C-7")
    with pytest.raises(Malformed) as error:
        list(pieces(raw, ARRAYS))
    assert error.value.position == raw.index(b"C-7")
    assert sum(parsed) < len(raw) / 10


@pytest.mark.parametrize("name", [b'"a"', b'"contacts"'])
def test_a_body_of_many_members_is_not_for_slices(name: bytes) -> None:
    raw = b"{" + b",".join([name + b":[]"] * (slices.MAX_MEMBERS + 1)) + b"}"
    with pytest.raises(Unsliceable):
        list(pieces(raw, ARRAYS))
    assert list(pieces(raw.replace(name + b":[],", b"", 1), ARRAYS))


def test_depth_that_the_parser_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    for template in ('{"contacts":[{"x":%s}]}', '{"contacts":[{}, {"x":%s}]}', '{"y":%s}', '{"contacts":%s}', "%s"):
        for levels in (300, 1_020, 1_021, 1_022, 1_023, 1_024, 1_025, 3_000):
            raw = (template % ("[" * levels + "]" * levels)).encode()
            found, told = in_pieces(raw, 1 << 20, monkeypatch), whole(raw)
            if isinstance(found, tuple):
                assert found == told
            else:
                assert isinstance(told, dict | list) or levels > 1_000
