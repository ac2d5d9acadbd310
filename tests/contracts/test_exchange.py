"""What is remembered of exchanges holds no secret, wherever it stands."""

import base64
import json
import re
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from casavi_contracts.http.exchange import MASK, UNMISTAKABLE, Redactor

FEW = st.text("ab-", max_size=30)
"""Of few characters, so that parts of texts and of secrets are often the same."""


def redactor(*secrets: str) -> Redactor:
    made = Redactor()
    for secret in secrets:
        made.learn(secret)
    return made


@given(st.lists(FEW, max_size=5), st.lists(FEW, max_size=5), st.integers(0, 5))
@example(["a" * UNMISTAKABLE], ["b" * 5, "b" * 11], 1)
def test_secrets_are_found_wherever_they_stand(secrets: list[str], around: list[str], at: int) -> None:
    text = "".join([*around[:at], *secrets[:1], *around[at:]])
    redact = redactor(*secrets)
    assert redact.found_in(text) == any(len(one) >= UNMISTAKABLE and one in text for one in secrets)
    left = text
    for _, secret in sorted(((len(one), one) for one in secrets if len(one) >= 4), reverse=True):
        left = left.replace(secret, MASK)
    assert redact.known(text) == left
    assert not any(len(one) >= 4 and one in part for one in secrets for part in redact.known(text).split(MASK))


@pytest.mark.parametrize("length", [UNMISTAKABLE - 1, UNMISTAKABLE, UNMISTAKABLE + 1, 36])
@pytest.mark.parametrize("before", range(13))
def test_a_secret_is_found_at_every_place(length: int, before: int) -> None:
    secret = "".join(chr(ord("a") + number % 26) for number in range(length))
    text = f"{'.' * before}{secret}!"
    assert redactor(secret).known(text) == f"{'.' * before}{MASK}!"
    assert redactor(secret).found_in(text) == (length >= UNMISTAKABLE)


def test_one_inside_another_goes_with_it() -> None:
    redact = redactor("the-whole-secret", "whole", "secret-and-more")
    assert redact.known("x the-whole-secret y") == f"x {MASK} y"
    assert repr(redact) == "<Redactor of 3 secrets>"


def test_what_is_short_is_left_alone() -> None:
    assert redactor("abc").known("abcdef") == "abcdef"


def test_members_that_are_named_like_a_secret_lose_their_value() -> None:
    assert Redactor()('{"token": "x\\"y", "id": "1"}') == f'{{"token": "{MASK}", "id": "1"}}'


SECRET = 'sécret "of" a\\test/account'


@pytest.mark.parametrize(
    "spelled",
    [
        SECRET,
        json.dumps(SECRET),
        json.dumps(SECRET, ensure_ascii=False),
        json.dumps(json.dumps(SECRET)),
        json.dumps(SECRET).replace("/", "\\/"),
        "".join(f"\\u{ord(character):04x}" for character in SECRET),
        repr(SECRET),
        ascii(SECRET),
        repr(f'{{"secret": "{SECRET}"}}'.encode()),
        f"illegal status line: {bytearray(SECRET.encode())!r}",
        repr(json.dumps(SECRET).encode()),
        SECRET.encode().decode("latin-1"),
        quote(SECRET),
        quote(SECRET, safe=""),
        quote_plus(SECRET),
        re.sub("%..", lambda found: found[0].lower(), quote(SECRET)),
        quote(quote(SECRET)),
        "".join(f"%{byte:02x}" for byte in SECRET.encode()),
        *(
            base64.b64encode(f"{before}{SECRET}{after}".encode()).decode()
            for before in ("", "a", "ab")
            for after in ("", "z")
        ),
        base64.urlsafe_b64encode(f"key:{SECRET}".encode()).decode(),
    ],
)
def test_a_secret_is_found_however_it_is_written(spelled: str) -> None:
    left = redactor(SECRET)(f"before <{spelled}> after")

    assert MASK in left
    for part in ("of", "test", "account", base64.b64encode(b"of").decode()[:3], "%61", "u0061"):
        assert part not in left.replace("before", "").replace("after", ""), left


@pytest.mark.parametrize("text", ["50 % of C:\\new\\table", "%zz%", "\\u12", "\\", "%", "a%20b\\u00e4"])
def test_what_is_escaped_and_no_secret_stays(text: str) -> None:
    assert redactor(SECRET, "short").known(text) == text
