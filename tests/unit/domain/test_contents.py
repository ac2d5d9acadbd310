"""Contents of documents, read in whatever pieces: as the standard library reads them in one."""

import base64
import binascii
import hashlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from casavi_mock.domain import contents
from casavi_mock.domain.contents import Content

PIECES = (1, 2, 3, 4, 5, 7, 1_000)


def read(text: str, *, keep: bool = True) -> Content:
    content = Content(text, keep=keep)
    content.read()
    return content


def in_one(text: str) -> bytes | None:
    """What the standard library makes of a text; None if it is not base64 with all of its padding."""
    try:
        compact = text.encode("ascii").translate(None, b" \t\n\v\f\r")
        if len(compact) % 4 or compact.endswith(b"==="):
            return None
        return base64.b64decode(compact, validate=True)
    except (UnicodeEncodeError, binascii.Error):
        return None


@pytest.fixture(params=PIECES)
def pieces(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(contents, "PIECE_CHARACTERS", request.param)
    characters: int = request.param
    return characters


@pytest.mark.parametrize("size", range(8))
@pytest.mark.parametrize("encode", [base64.b64encode, base64.encodebytes])
def test_what_was_encoded_comes_back(pieces: int, size: int, encode: object) -> None:
    raw = bytes(range(size))
    assert callable(encode)
    content = read(encode(raw).decode())
    assert (content.error, content.size, content.kept) == (None, size, raw)
    assert content.digest == f"sha256:{hashlib.sha256(raw).hexdigest()}"


def test_only_what_is_kept_is_kept() -> None:
    assert read("SGFsbG8=", keep=False).kept is None


@given(
    text=st.text("Ab0+/= \n!é", max_size=20) | st.binary(max_size=30).map(lambda raw: base64.b64encode(raw).decode()),
    characters=st.sampled_from(PIECES),
)
@example("SGFsbG8=SGFs", 8)
@example("SGFsbA==", 7)
@example("SGFs====", 4)
@example("SGFsAAAA====", 8)
@example("A===", 4)
def test_it_is_judged_as_in_one_piece(text: str, characters: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(contents, "PIECE_CHARACTERS", characters)
        content = read(text)
    expected = in_one(text)
    assert (content.error is None) == (expected is not None), content.error
    if expected is not None:
        assert (content.kept, content.size) == (expected, len(expected))


def test_a_long_one_is_read_in_short_pieces() -> None:
    content = Content("A" * (10 * contents.PIECE_CHARACTERS))
    steps = 1
    while content.read_on():
        steps += 1
    assert steps == 10
    content.read()
    assert (content.error, content.size) == (None, 10 * contents.PIECE_CHARACTERS * 3 // 4)


def test_what_is_beyond_ascii_is_named_by_its_place(pieces: int) -> None:
    assert read("SGFsb\nG8é").error == "character 9 is beyond ASCII"
