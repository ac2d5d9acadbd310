"""Takes tokens and secrets out of what the journal and the log show.

Known secrets are taken out wherever they stand; what is named like a secret is taken out by its name. All of it happens
when an exchange is written down, so that nothing that is kept holds a secret.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote

from casavi_mock.accounts import Account, Registry
from casavi_mock.domain.journal import Headers, Named

REDACTED = "[redacted]"
MAX_HEADERS = 100
"""Headers of a request that are kept."""

MAX_HEADER_BYTES = 2_000
"""Bytes of a header's value that are kept."""

MARK = REDACTED.encode()
UNMISTAKABLE = 12
"""Shorter keys and secrets may be words; those are taken out where they stand alone."""

_LONGEST = 1_000
_NAMED_SECRET = re.compile(r"token|secret|passw|pwd|auth|cookie|session|credential|key$", re.IGNORECASE)
_NAMED_TOKEN = re.compile(
    r"(?:x-)?(?:access|api|auth|bearer)?[-_]?token|secret|password|api[-_]?key|authorization", re.IGNORECASE
)
_PIECES = re.compile(r"[\w.~-]{6,}")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_UUID_BYTES = re.compile(_UUID.pattern.encode(), re.IGNORECASE)
_MEMBERS = (b'"token"', b'"secret"', b'"password"', b'"apiKey"')
_MEMBER = re.compile(rb'("(?:token|secret|password|apiKey)"\s*:\s*)"(?:[^"\\]|\\.)*(?:"|\\?$)', re.DOTALL)
_GIVEN_TOKEN = re.compile(rb'("token"\s*:\s*)"((?:[^"\\]|\\.)*)"')
_ESCAPE = re.compile(rb"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_MEMBER_NAMES = frozenset({"key", "secret", "apiKey", "email", "password", "token"})


@dataclass(frozen=True, slots=True)
class Presented:
    """The token that came with a request."""

    text: str = ""
    """Empty if there was none."""
    form: str | None = None
    """How it came, if not raw in its own header: `bearer` or `authorization`."""


def presented(token: bytes | None, authorization: bytes | None) -> Presented:
    """Returns the token that came with a request.

    Args:
        token: The header `token`.
        authorization: The header `authorization`.
    """
    text = (token or b"").decode("latin-1")
    if text[:7].lower() == "bearer ":
        return Presented(text[7:].strip(), "bearer")
    if authorization is None:
        return Presented(text)
    scheme, _, rest = authorization.decode("latin-1").partition(" ")
    if rest and scheme.lower() not in ("bearer", "token"):
        return Presented(text)  # something else than a token, such as a gateway's own
    return Presented(text or (rest or scheme).strip(), "authorization")


class Hidden:
    """What must not be shown of one exchange.

    Args:
        registry: The accounts, with all tokens.
    """

    __slots__ = ("_accounts", "_needles", "_registry", "_texts")

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._texts: dict[str, None] = {}  # a dict keeps their order
        self._accounts: list[str] = []
        self._needles: list[tuple[bytes, bytes]] = []

    def add_token(self, text: str) -> None:
        """Hides a token that came."""
        if len(text) >= 6:
            self._add(text)

    def add_account(self, account: Account) -> None:
        """Hides the credentials of an account."""
        texts, needles = _of_account(account.key, account.secret.reveal())
        self._accounts += texts
        self._needles += needles

    def add_known(self, text: str) -> list[str]:
        """Hides all tokens of the registry that stand in a text; returns them."""
        token = self._registry.token
        found: list[str] = []
        for piece in _PIECES.findall(text):
            if token(piece):
                found.append(piece)
            elif len(piece) > 36 or piece[8:9] == "-":
                found += [some for some in _UUID.findall(piece) if token(some) or token(some.lower())]
        for known in found:
            self._add(known)
        return found

    def stands_in(self, text: str) -> bool:
        """Whether something of it stands in a text, percent-encoded or not."""
        return any(self._stands_plainly_in(spelled) for spelled in _spellings(text))

    def path(self, path: str) -> tuple[str, bool]:
        """Returns a decoded path without it, and whether there was any; a segment that holds some goes as a whole."""
        if not self.stands_in(path):
            return path, False
        segments = "/".join(self._segment(part) for part in path.split("/"))
        return REDACTED if self.stands_in(segments) else segments, True

    def query(self, query: str) -> tuple[str, bool]:
        """Returns a query as it came without it, and whether there was any, or a member named like a token."""
        members = [self._member(part) for part in re.split(r"([&;])", query)]
        text = "".join(part for part, _ in members)
        if self.stands_in(text):
            return REDACTED, True
        return text, any(held for _, held in members)

    def headers(self, headers: Iterable[tuple[bytes, bytes]]) -> Headers:
        """Returns headers without it, as many and as long as are kept."""
        shown = [(name, MARK if names_secret(name) else value) for name, value in headers]
        everything = b"\n".join([part for header in shown for part in header])
        if everything.count(b"-") > 3:
            self._note_uuids(everything)
        if len(everything) < MAX_HEADER_BYTES and not self._in_bytes(everything):
            return tuple(shown[:MAX_HEADERS])
        kept = MAX_HEADER_BYTES
        return tuple(
            (self.raw(name[: kept + _LONGEST], cut=True)[:kept], self.raw(value[: kept + _LONGEST], cut=True)[:kept])
            for name, value in shown[:MAX_HEADERS]
        )

    def raw(self, raw: bytes, *, cut: bool = False, quotes: bool = False) -> bytes:
        """Returns bytes without it.

        Args:
            raw: The bytes, UTF-8 or not.
            cut: Whether more followed, so that the end may be the beginning of something hidden.
            quotes: Whether they may quote beginnings of what came, as refusals do.
        """
        for needle, shown in self._needles:
            if needle in raw:
                raw = raw.replace(needle, shown)
            if quotes:
                raw = _without_quotes(raw, needle)
        if b"\\" in raw and self._in_bytes(_ESCAPE.sub(_unescaped, raw)):
            return MARK
        return _without_beginning(raw, [needle for needle, _ in self._needles]) if cut else raw

    def body(self, raw: bytes, *, cut: bool = False) -> bytes:
        """Returns a body without it, and without the values of members named like a secret."""
        if any(member in raw for member in _MEMBERS):
            raw = _MEMBER.sub(rb'\1"' + MARK + b'"', raw)
        return self.raw(raw, cut=cut)

    def text(self, text: str) -> str:
        """Returns a text without it, not even its beginning."""
        return self.raw(text.encode(errors="replace"), quotes=True).decode(errors="replace")

    def records(self, records: Named) -> Named:
        """Returns entities and ids without it."""
        quoted = [f'"{name}"'.encode(errors="replace") for _, name in records if name is not None]
        if not self._in_bytes(b" ".join(quoted)):
            return records
        return tuple((entity, name and self.text(f'"{name}"')[1:-1]) for entity, name in records)

    def _stands_plainly_in(self, text: str) -> bool:
        for hidden in self._texts:
            if hidden in text:
                return True
        for hidden in self._accounts:
            if hidden in text and _stands(hidden, text):
                return True
        return bool(self.add_known(text))

    def _segment(self, part: str) -> str:
        if not self.stands_in(part):
            return part
        self._add_spellings(part)
        return REDACTED

    def _add_spellings(self, text: str) -> None:
        """Hides a text in every spelling, as answers and refusals may quote any of them."""
        for spelled in _spellings(text):
            self.add_token(spelled)

    def _member(self, part: str) -> tuple[str, bool]:
        name, _, value = part.partition("=")
        if self.stands_in(name):
            self._add_spellings(name)
            return REDACTED, True
        if not value:
            return part, False
        *_, plain = _spellings(name)
        held = bool(_NAMED_TOKEN.fullmatch(plain)) or self.stands_in(value)
        if not held and not _NAMED_SECRET.search(plain):
            return part, False
        self._add_spellings(value)
        return f"{name}={REDACTED}", held

    def _add(self, text: str) -> None:
        text = text[:_LONGEST]
        if text not in self._texts:
            self._texts[text] = None
            self._needles.append((text.encode(errors="replace"), MARK))
            if not text.isascii():
                self._needles.append((text.encode("latin-1", "replace"), MARK))

    def _in_bytes(self, raw: bytes) -> bool:
        for needle, _ in self._needles:  # noqa: SIM110  # this is done for every exchange, and a generator costs more
            if needle in raw:
                return True
        return False

    def _note_uuids(self, raw: bytes) -> None:
        for text in uuids(raw):
            if self._registry.token(text) or self._registry.token(text.lower()):
                self._add(text)


@lru_cache(100)
def _of_account(key: str, secret: str) -> tuple[list[str], list[tuple[bytes, bytes]]]:
    """Returns the credentials of an account, and what is looked for in bytes with what takes its place."""
    texts = [text for text in (key, secret) if text]
    needles = []
    for text in texts:
        needle = text.encode(errors="replace")
        alone = (b'"' + needle + b'"', b'"' + MARK + b'"')
        needles.append((needle, MARK) if len(text) >= UNMISTAKABLE else alone)
    return texts, needles


def uuids(raw: bytes) -> list[str]:
    """Returns what has the form of a UUID, as tokens have."""
    return [found.decode() for found in _UUID_BYTES.findall(raw)]


def may_hide_more(body: bytes) -> bool:
    """Whether a body has members named like a secret, or escapes by which something may be spelled in another way."""
    if b"\\" in body:
        return True
    for member in _MEMBERS:  # noqa: SIM110  # this is done for every exchange, and a generator costs more
        if member in body:
            return True
    return False


@lru_cache(1_000)
def names_secret(name: bytes) -> bool:
    """Whether a header's name says that its value is secret."""
    return bool(_NAMED_SECRET.search(name.decode("latin-1")))


def members_view(names: Iterable[str]) -> bytes:
    """Returns a body that holds secrets as JSON with nothing but the names that the contract knows."""
    shown = dict.fromkeys(name if name in _MEMBER_NAMES else "[unknown field]" for name in names)
    return b"{" + b", ".join(f'"{name}": "{REDACTED}"'.encode() for name in shown) + b"}" if shown else b""


def token_answer(raw: bytes) -> tuple[bytes, str]:
    """Returns the answer to a log-in without its token, and the token; nothing of it if there is none to be found."""
    match = _GIVEN_TOKEN.search(raw)
    if match is None:
        return MARK, ""
    return raw[: match.start(2)] + MARK + raw[match.end(2) :], match.group(2).decode(errors="replace")


def _spellings(text: str) -> Iterator[str]:
    """Yields a text as it is, and decoded as often as a careless client may have encoded it."""
    yield text
    for _ in range(3):
        if "%" not in text:
            return
        text = unquote(text)
        yield text


def _stands(hidden: str, text: str) -> bool:
    if len(hidden) >= UNMISTAKABLE:
        return hidden in text
    return bool(hidden) and hidden in re.split(r"[/=&;,\s]", text)


def _unescaped(match: re.Match[bytes]) -> bytes:
    code, other = match.groups()
    return chr(int(code, 16)).encode(errors="replace") if code else other


def _without_beginning(raw: bytes, needles: list[bytes]) -> bytes:
    """Returns bytes without the beginning of a needle at their end, if that is long enough to tell anything."""
    for needle in needles:
        for length in range(min(len(needle) - 1, len(raw)), 3, -1):
            if raw.endswith(needle[:length]):
                return raw[:-length] + MARK
    return raw


def _without_quotes(raw: bytes, needle: bytes) -> bytes:
    """Returns bytes without any beginning of a needle that is long enough to tell it."""
    head = needle[:8]
    start = raw.find(head) if len(head) == 8 else -1
    while start >= 0:
        end = start + 8
        while end - start < len(needle) and raw[end : end + 1] == needle[end - start : end - start + 1]:
            end += 1
        raw = raw[:start] + MARK + raw[end:]
        start = raw.find(head, start + len(MARK))
    return raw


def shortened(text: str, limit: int, separator: str) -> str:
    """Returns a text of at most about that length; a part that is cut goes as a whole, since it may begin a secret."""
    return text if len(text) <= limit else text[:limit].rpartition(separator)[0] + separator + "…"
