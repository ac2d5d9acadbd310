"""Takes secrets out of what journal and log show: by the name they stand under, and wherever a known one stands.

Known are the credentials of accounts and all tokens that were given out. They are found as they are, escaped in JSON,
percent-encoded (however often) and in base64. It happens when an exchange is written down, so nothing kept holds one.
"""

import base64
import binascii
import re
import string
from collections.abc import Collection, Iterable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import Any
from urllib.parse import unquote_to_bytes

from casavi_mock.accounts import Account
from casavi_mock.domain.model import Secret

REDACTED = "[redacted]"
MARK = REDACTED.encode()

UNMISTAKABLE = 12
"""Shorter credentials may be words: they are hidden where they stand alone, and not looked for in base64."""

_TELLING = 8
"""Characters of a known secret that tell too much of it, where an error text quotes the beginning of what came."""

_NAMED_SECRET = re.compile(rb"token|secret|passw|pwd|auth|cookie|session|credential|key$", re.IGNORECASE)
_NAMED_TOKEN = re.compile(
    rb"(?:x-)?(?:access|api|auth|bearer)?[-_]?token|secret|password|api[-_]?key|authorization", re.IGNORECASE
)
_MEMBER = re.compile(rb'("(?:token|secret|password|apiKey)"\s*:\s*)"(?:[^"\\]|\\.)*(?:"|\\?$)', re.DOTALL)
_MEMBER_NAMES = frozenset({"key", "secret", "apiKey", "email", "password", "token"})
_ESCAPE = re.compile(rb"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_HYPHENS = re.compile(rb"-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")
"""A UUID, as tokens are, from its first hyphen on: a pattern that begins with a fixed character is found fast."""
_HYPHENS_IN_BASE64 = re.compile(rb"L[\w+/-]{6}t")
"""What two hyphens of a UUID become in base64, wherever in it the UUID begins; for the same reason."""
_BASE64 = re.compile(rb"[A-Za-z0-9+/]{16,}")
_IN_BASE64 = string.ascii_letters.encode() + b"0123456789+/-_"
_WORD = re.compile(rb"[^\s\"'=&;,:/?{}\[\]()<>|\\\x00-\x1f]{8,200}")
"""What may be a secret of which only the digest is known."""
_URL_SAFE, _STANDARD = bytes.maketrans(b"+/", b"-_"), bytes.maketrans(b"-_", b"+/")


@dataclass(frozen=True, slots=True)
class Known:
    """A secret, in the forms in which it is looked for."""

    plain: tuple[bytes, ...]
    base64: tuple[bytes, ...] = ()
    alone: re.Pattern[bytes] | None = None
    """Finds it where it stands alone, if it may be a word."""

    def stands_in(self, raw: bytes) -> bool:
        """Whether it stands in bytes, as it is or in base64."""
        for form in self.plain:
            if form in raw and (self.alone is None or self.alone.search(raw)):
                return True
        for form in self.base64:  # noqa: SIM110  # this is done for every exchange, and a generator costs more
            if form in raw:
                return True
        return False

    def without(self, raw: bytes, *, quotes: bool) -> bytes:
        """Returns bytes with `MARK` in its place.

        Args:
            raw: Any bytes.
            quotes: Whether beginnings of it may stand in them; those of eight characters or more go too.
        """
        if self.alone is not None:
            return self.alone.sub(MARK, raw)
        for form in self.plain:
            raw = _without_beginning(raw, form, _TELLING if quotes else len(form))
        for form in self.base64:
            while (start := raw.find(form)) >= 0:
                left, right = raw[:start], raw[start + len(form) :]
                raw = left.rstrip(_IN_BASE64) + MARK + right.lstrip(_IN_BASE64 + b"=")
        return raw

    def begins_at_the_end(self, raw: bytes) -> int:
        """Returns how many of the last bytes are a beginning of it; 0 if fewer than four are, which tell nothing."""
        lengths = (
            n for form in self.plain for n in range(min(len(form) - 1, len(raw)), 3, -1) if raw.endswith(form[:n])
        )
        return next(lengths, 0)


@dataclass(frozen=True, slots=True)
class Credentials:
    """Key and secret of an account, as they are looked for."""

    known: tuple[Known, ...]
    forms: tuple[bytes, ...]
    """All of their forms, for a look whether any is there."""


@lru_cache(100)
def credentials(key: str, secret: Secret) -> Credentials:
    """Returns key and secret of an account, ready to be looked for."""
    each = tuple(known(text) for text in (key, secret.reveal()) if text)
    return Credentials(each, tuple(form for one in each for form in one.plain + one.base64))


def known(text: str) -> Known:
    """Returns the forms of a secret text: UTF-8, latin-1, and, if it cannot be a word, base64."""
    plain = tuple(dict.fromkeys((text.encode(errors="replace"), text.encode("latin-1", "replace"))))
    if len(text) < UNMISTAKABLE:
        word = b"|".join(map(re.escape, plain))
        return Known(plain, alone=re.compile(rb'(?<![^"/=&;,\n])(?:' + word + rb')(?![^"/=&;,\n])'))
    return Known(plain, tuple(dict.fromkeys(core for form in plain for core in _cores(form))))


@lru_cache(1_000)
def names_secret(name: bytes) -> bool:
    """Whether the name of a header, or of a member of a query, says that its value is secret."""
    return bool(_NAMED_SECRET.search(name))


def members_view(names: tuple[str, ...]) -> bytes:
    """Returns a body that holds secrets as JSON with nothing but the names that the contract knows."""
    return _view(names if _MEMBER_NAMES.issuperset(names) else tuple(_known_names(names)))


@lru_cache(100)
def _view(names: tuple[str, ...]) -> bytes:
    return b"{" + b", ".join(f'"{name}": "{REDACTED}"'.encode() for name in names) + b"}" if names else b""


def _known_names(names: Iterable[str]) -> Iterable[str]:
    return dict.fromkeys(name if name in _MEMBER_NAMES else "[unknown field]" for name in names)


def without_members(shown: MutableMapping[str, Any]) -> None:
    """Takes the values of members that are named like a secret out of the bodies of an exchange."""
    raw = shown["request_body"] + shown["response_body"]
    if b'"token"' in raw or b'"secret"' in raw or b'"password"' in raw or b'"apiKey"' in raw:
        for body in ("request_body", "response_body"):
            shown[body] = _MEMBER.sub(rb'\1"' + MARK + b'"', shown[body])


def nothing_hidden(shown: Mapping[str, Any], hidden: Credentials, issued: Collection[str], *, quotes: bool) -> bool:
    """Whether path, headers and bodies hold neither credentials nor a token; False also where that is not told fast.

    Args:
        shown: What an exchange shows, by the names of its fields.
        hidden: The credentials to look for.
        issued: The texts of all tokens.
        quotes: Whether the answer may hold what a client sent; if not, it is not looked at.
    """
    path = shown["path"].encode(errors="replace")
    received = shown["response_body"] if quotes else b""
    raw = b"\n".join((path, *chain.from_iterable(shown["request_headers"]), shown["request_body"], received))
    for reading in _readings(raw) if b"\\" in raw or b"%" in raw else (raw,):
        if _HYPHENS_IN_BASE64.search(reading):
            return False
        for form in hidden.forms:
            if form in reading:
                return False
        for found in _HYPHENS.finditer(reading):
            if reading[max(found.start() - 8, 0) : found.end()].decode("latin-1").lower() in issued:
                return False
    return True


def tokens_in(raw: bytes, issued: Collection[str]) -> list[str]:
    """Returns the tokens that stand in bytes in any form."""
    return [token.lower() for token in _spelled_tokens(raw, issued)]


def standing_in(raw: bytes, accounts: Iterable[Account]) -> list[Known]:
    """Returns the keys and secrets that stand in bytes in any form, each once, whoever has it."""
    readings = list(_readings(raw))
    text = b"\n".join([*readings, *(decoded for reading in readings for decoded in _from_base64(reading))])
    text += text.decode(errors="replace").encode("latin-1", "replace")
    each = (one for account in accounts for one in (account.key, account.secret.reveal()))
    return [known(one) for one in dict.fromkeys(each) if one and one.encode(errors="replace") in text]


def recognised(raw: bytes, secret: Secret) -> Secret | None:
    """Returns a secret of which only the digest is known, if it stands in bytes as a word, in any form.

    Args:
        raw: Any bytes.
        secret: One whose text nobody here knows.
    """
    readings = list(_readings(raw))
    text = b" ".join([*readings, *(decoded for reading in readings for decoded in _from_base64(reading))])
    for word in dict.fromkeys(_WORD.findall(text)):
        for spelled in (word.decode(errors="replace"), word.decode("latin-1")):
            if secret.matches(spelled):
                return Secret(spelled)
    return None


class Redaction:
    """Takes secrets out of the texts of one exchange.

    Args:
        secrets: Those to take out.
        issued: The texts of all tokens.
        raw: All that is to be shown; the tokens that stand in it are taken out too.
    """

    def __init__(self, secrets: Iterable[Known], issued: Collection[str], raw: bytes) -> None:
        self._secrets = [*secrets, *(known(text) for text in dict.fromkeys(_spelled_tokens(raw, issued)))]

    def stands_in(self, raw: bytes) -> bool:
        """Whether a secret stands in bytes in any form."""
        return any(secret.stands_in(reading) for reading in _readings(raw) for secret in self._secrets)

    def shown(self, raw: bytes, *, cut: bool = False, quotes: bool = False) -> bytes:
        """Returns bytes without the secrets; what spells one in another form than it is goes as a whole.

        Args:
            raw: The bytes, UTF-8 or not.
            cut: Whether more followed, so that the end may be the beginning of a secret.
            quotes: Whether they may quote beginnings of what came, as refusals do.
        """
        for secret in self._secrets:
            raw = secret.without(raw, quotes=quotes)
        if (b"\\" in raw or b"%" in raw) and self.stands_in(raw):
            return MARK
        length = max((secret.begins_at_the_end(raw) for secret in self._secrets), default=0) if cut else 0
        return raw[:-length] + MARK if length else raw

    def text(self, text: str) -> str:
        """Returns a text that may quote what came, without the secrets and their beginnings."""
        return self.shown(text.encode(errors="replace"), quotes=True).decode(errors="replace")

    def path(self, path: str) -> str:
        """Returns a path without the secrets; a segment that holds one goes as a whole."""
        if not self._in_text(path):  # what stands in no path stands in none of its many segments
            return path
        segments = "/".join(REDACTED if self._in_text(part) else part for part in path.split("/"))
        return REDACTED if self._in_text(segments) else segments

    def query(self, query: str) -> str:
        """Returns a query without the secrets, and without the values of members that are named like one."""
        hidden = self._in_text(query)
        members = "".join(self._member(part, hidden) for part in re.split(r"([&;])", query))
        return REDACTED if hidden and self._in_text(members) else members

    def holds_token(self, query: str) -> bool:
        """Whether a secret stands in a query, or a member that is named like one."""
        named = (_plain(name) for name, _, value in (part.partition("=") for part in re.split("[&;]", query)) if value)
        return self._in_text(query) or any(_NAMED_TOKEN.fullmatch(name) for name in named)

    def _member(self, part: str, hidden: bool) -> str:
        """Returns a member without its secret; `hidden` says whether one stands anywhere in the query."""
        name, _, value = part.partition("=")
        if hidden and self._in_text(name):
            return REDACTED
        secret = value and (names_secret(_plain(name)) or (hidden and self._in_text(value)))
        return f"{name}={REDACTED}" if secret else part

    def _in_text(self, text: str) -> bool:
        return self.stands_in(text.encode(errors="replace"))


def _readings(raw: bytes) -> Iterator[bytes]:
    """Yields bytes as they are, then percent-decoded and without JSON's escapes, as often as a client may do that."""
    yield raw
    for _ in range(3):
        if b"%" in raw:
            yield (raw := unquote_to_bytes(raw))
        if b"\\" in raw:
            yield (raw := _ESCAPE.sub(_unescaped, raw))


def _spelled_tokens(raw: bytes, issued: Collection[str]) -> Iterator[str]:
    """Yields the tokens that stand in bytes in any form, as they are spelled there."""
    for reading in _readings(raw):
        for text in (reading, *_from_base64(reading)) if _HYPHENS_IN_BASE64.search(reading) else (reading,):
            for found in _HYPHENS.finditer(text):
                token = text[max(found.start() - 8, 0) : found.end()].decode("latin-1")
                if token.lower() in issued:
                    yield token


def _from_base64(raw: bytes) -> Iterator[bytes]:
    """Yields what bytes are that may be base64, wherever in them it begins."""
    for run in _BASE64.findall(raw.translate(_STANDARD)):
        for skip in range(4):
            text = run[skip:] if len(run[skip:]) % 4 != 1 else run[skip:-1]  # one character alone is no byte
            yield binascii.a2b_base64(text + b"=" * (-len(text) % 4))


def _cores(form: bytes) -> Iterator[bytes]:
    """Yields what a text becomes in base64, wherever in three bytes it begins, without what its neighbours decide."""
    for skip in range(3):
        encoded = base64.b64encode(bytes(skip) + form)
        core = encoded[skip and skip + 1 : (skip + len(form)) * 8 // 6]
        yield core
        yield core.translate(_URL_SAFE)


def _without_beginning(raw: bytes, form: bytes, least: int) -> bytes:
    """Returns bytes without any beginning of a secret that has a least length."""
    head = form[:least]
    start = raw.find(head)
    while start >= 0:
        end = start + len(head)
        while end - start < len(form) and raw[end : end + 1] == form[end - start : end - start + 1]:
            end += 1
        raw = raw[:start] + MARK + raw[end:]
        start = raw.find(head, start + len(MARK))
    return raw


def _plain(name: str) -> bytes:
    *_, plain = _readings(name.encode(errors="replace"))
    return plain


def _unescaped(match: re.Match[bytes]) -> bytes:
    code, other = match.groups()
    return chr(int(code, 16)).encode(errors="replace") if code else other
