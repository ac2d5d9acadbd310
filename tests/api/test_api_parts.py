"""Parsing in parts comes to what parsing at once comes to, wherever the parts end."""

import json
from typing import Any

import orjson
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from casavi_fixtures import contact, property_
from casavi_mock.bodies import parts
from casavi_mock.bodies.malformed import Malformed, byte_position
from casavi_mock.bodies.parts import Closes, Opens, Overfull, Part, Parts, Scalar

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


def in_parts(raw: bytes, size: int, monkeypatch: pytest.MonkeyPatch, long: int = 1_000_000) -> Any:
    """What the parts come to: a value, or position and reason."""
    monkeypatch.setattr(parts, "PART_BYTES", size)
    monkeypatch.setattr(parts, "LONG_BYTES", long)
    try:
        return together(raw)
    except Malformed as error:
        return error.position, error.reason


def together(raw: bytes) -> Any:
    opened: list[tuple[str | None, Any]] = []
    texts: list[tuple[bytes, Any]] = []
    for event in Parts(raw):
        match event:
            case Scalar():
                return event.value
            case Opens():
                opened.append((event.name, event.value))
            case Part(value=list()):
                opened[-1][1].extend(event.value)
                texts.append((event.text, event.value))
            case Part():
                opened[-1][1].update(event.value)
                texts.append((event.text, event.value))
            case Closes():
                name, value = opened.pop()
                if not opened:
                    body = value
                elif name is None:
                    opened[-1][1].append(value)
                else:
                    opened[-1][1][name] = value
    for text, value in texts:
        assert text.count(b"[[") > 200 or not text or orjson.loads(text) == value
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


@given(BODIES | VALUES, st.none() | st.integers(0, 2), st.booleans())
def test_valid_bodies(body: Any, indent: int | None, ascii_only: bool) -> None:
    raw = text_of(body, indent, ascii_only=ascii_only)
    check_every_size(raw)


@given(BODIES, st.booleans(), st.data())
def test_broken_bodies(body: Any, ascii_only: bool, data: st.DataObject) -> None:
    raw = text_of(body, None, ascii_only=ascii_only)
    place = data.draw(st.integers(0, len(raw)))
    cut = data.draw(st.integers(0, 3))
    new = data.draw(
        st.sampled_from([b"", b",", b"]", b"}", b"{", b'"', b"\\", b"nul", b"1e400", b" ", b"\n", b"]}", b"\\ud8"])
    )
    raw = raw[:place] + new + raw[place + cut :]
    assume(raw.strip())
    assume(raw.decode("utf-8", "ignore").encode() == raw)  # where the encoding is wrong is found otherwise
    check_every_size(raw)


def check_every_size(raw: bytes) -> None:
    """To draw a body costs more than to parse it, so each is parsed in parts of every size."""
    expected = ordered(whole(raw))
    with pytest.MonkeyPatch.context() as patch:
        for size in SIZES:
            assert ordered(in_parts(raw, size, patch)) == expected, f"in parts of {size} bytes"


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
        assert in_parts(raw, size, monkeypatch) == body


def test_parts_are_not_longer_than_they_should_be(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever the records are, and whatever a list or an object holds."""
    monkeypatch.setattr(parts, "PART_BYTES", 2_000)
    record = contact(id="C-1000")
    for body in (
        {"contacts": [record] * 1_000},
        {"properties": [property_(addresses=[{"street": "S", "units": [{"id": "U"}] * 5_000}])]},
        {"contacts": [contact(customFields={f"field-{n}": n for n in range(5_000)})]},
        {"x": list(range(20_000))},
        {"x": ["text"] * 10_000},
        {"x": [[[[record] * 100]] * 10] * 5},
    ):
        raw = text_of(body, None, ascii_only=True)
        lengths = [len(event.text) for event in Parts(raw) if isinstance(event, Part)]
        assert max(lengths) < 2 * 2_000 + 2 * len(text_of(record, None, ascii_only=True))
        assert len(lengths) > 10


def test_no_error_is_found_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """A broken record is found in its part: what comes behind it is not parsed."""
    monkeypatch.setattr(parts, "PART_BYTES", 500)
    parsed: list[int] = []
    loads = orjson.loads
    monkeypatch.setattr(parts.orjson, "loads", lambda text: parsed.append(len(text)) or loads(text))  # type: ignore[attr-defined]
    contacts = [contact(id=f"C-{n}") for n in range(500)]
    raw = text_of({"contacts": contacts}, None, ascii_only=True).replace(b'"C-7"', b"C-7")
    with pytest.raises(Malformed) as error:
        list(Parts(raw))
    assert error.value.position == raw.index(b"C-7")
    assert sum(parsed) < len(raw) / 10


@pytest.mark.parametrize("length", [1, 150, 700, 3_000])
@pytest.mark.parametrize("text", ["x", "ü", "🏠", "\\n", "\\\\", "\\u00fc", "\\ud83c\\udfe0", '\\"', "],["])
def test_long_texts(monkeypatch: pytest.MonkeyPatch, text: str, length: int) -> None:
    """A piece of a text never ends inside of a character, however that is written."""
    for template in ('"%s"', '["%s"]', '{"a":[1,{}, "%s",2]}', '{"a":1,"b" : "%s" , "c":{}}', '[{"x":"%s"},{}]'):
        for raw in ((template % ("a" * shift + text * length)).encode() for shift in range(4)):
            if len(raw) < 400 or not template.startswith('"'):
                assert in_parts(raw, 100, monkeypatch, 400) == orjson.loads(raw)
            end = raw.rindex(b'"')
            for broken in (raw[:end], raw[:end] + b'\x01"', raw[:end] + b'\\ud83c"', raw[:end] + b'\\x"'):
                if len(raw) < 400 or not template.startswith('"'):
                    assert in_parts(broken, 100, monkeypatch, 400) == whole(broken)


@pytest.mark.parametrize(
    "raw",
    [
        b'{"%s":1}' % (b"x" * 2_000),
        b'{"a":1,"%s":1}' % (b"x" * 2_000),
        b"[%s]" % (b"1" * 2_000),
        b'{"a":0.%s}' % (b"1" * 2_000),
        b"[1,%s2]" % (b" " * 2_000),
        b"[[1]%s,2]" % (b" " * 2_000),
        b'"%s"' % (b"x" * 2_000),
        b"0.%s" % (b"1" * 2_000),
    ],
    ids=lambda raw: raw[:12].decode(),
)
def test_what_is_too_long_to_be_parsed_at_once(monkeypatch: pytest.MonkeyPatch, raw: bytes) -> None:
    """Names, numbers and blanks of a megabyte, and a text of that length instead of the body."""
    monkeypatch.setattr(parts, "PART_BYTES", 100)
    monkeypatch.setattr(parts, "LONG_BYTES", 1_000)
    with pytest.raises(Overfull):
        list(Parts(raw))


def test_depth_that_the_parser_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    for template in ('{"contacts":[{"x":%s}]}', '{"contacts":[{}, {"x":%s}]}', '{"y":%s}', '{"contacts":%s}', "%s"):
        for levels in (300, 1_020, 1_021, 1_022, 1_023, 1_024, 1_025, 3_000):
            raw = (template % ("[" * levels + "]" * levels)).encode()
            found, told = in_parts(raw, 1 << 20, monkeypatch), whole(raw)
            if isinstance(found, tuple):
                assert found == told
            else:
                assert isinstance(told, dict | list) or levels > 1_000
