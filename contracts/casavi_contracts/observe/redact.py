"""Takes secrets and personal data out of traffic before it is written, so that what refers to something still does.

What stays is listed; everything else is replaced. The same text becomes the same pseudonym within one recording, in
each field, path and query, and another one in the next recording, since each has a salt of its own.
"""

import hashlib
import hmac
import json
import re
import secrets
import string
from collections.abc import Collection, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode

from casavi_contracts.http.exchange import MASK as SECRET
from casavi_contracts.http.exchange import Redactor

MASK = "[redacted]"

CLASSES: Mapping[str, frozenset[str]] = {
    "names": frozenset({
        "title", "salutation", "firstName", "lastName", "companyName", "companyRole", "company", "contactName", "name",
        "roleName",
    }),
    "contact": frozenset({"email", "telephone", "mobile", "fax", "website"}),
    "address": frozenset({"street", "postalCode", "city", "country"}),
    "notes": frozenset({"note"}),
    "custom": frozenset({"customFields"}),
    "ids": frozenset({"id"}),
}  # fmt: skip
"""Fields by what they tell about people; `--keep` takes these names. `other` is every field that is not known."""

FIELD_CLASSES = (*CLASSES, "other")

_CLASS_OF = {name: kind for kind, names in CLASSES.items() for name in names}
_REFERENCE = re.compile(r"[a-z](?:Id|Ids)\Z|\Aunits\Z")
_PLAIN = frozenset({
    "status", "state", "type", "entity", "rule", "code", "evidence", "assumption", "pointer", "preferredWayOfContact",
    "roleType", "usage", "requestId", "jobId", "expiresAt", "createdAt", "modifiedAt", "startedAt", "finishedAt",
    "startDate", "endDate",
})  # fmt: skip
"""Members that say nothing about people."""

_PROSE = frozenset({"message", "detail", "description", "error", "reason", "hint"})
_SECRET_MEMBERS = frozenset({"secret", "password", "clientsecret", "passwd"})
_TOKEN_MEMBERS = frozenset({"token", "accesstoken", "refreshtoken", "key", "apikey"})

_PLAIN_HEADERS = frozenset({
    "accept", "accept-charset", "accept-encoding", "accept-language", "accept-ranges", "age", "allow", "cache-control",
    "connection", "content-encoding", "content-language", "content-length", "content-type", "date", "etag", "expect",
    "host", "if-match", "if-modified-since", "if-none-match", "if-unmodified-since", "keep-alive", "last-modified",
    "pragma", "retry-after", "server", "te", "trailer", "transfer-encoding", "user-agent", "vary", "x-request-id",
    "ratelimit-limit", "ratelimit-remaining", "ratelimit-reset", "x-ratelimit-limit", "x-ratelimit-remaining",
    "x-ratelimit-reset",
})  # fmt: skip
_PLAIN_QUERY = frozenset({"page", "pageSize", "size", "limit", "offset", "modifiedAfter", "isRegistered", "isInvited",
                          "includeInactiveContracts", "role", "sort", "order"})  # fmt: skip

_MOMENT = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?\Z")
_IMPERSONAL = re.compile(rf"{_MOMENT.pattern}|(?:[0-9]{{1,4}}|true|false|null)\Z", re.IGNORECASE)
"""Values of a query that say nothing about a person: moments, numbers of pages, switches."""

_QUOTED = re.compile(r"'([^']{1,500})'|\"([^\"]{1,500})\"")
_WORD = re.compile(r"[^\s'\",;()\[\]{}]{2,200}")
_HEX = re.compile(r"[0-9a-fA-F-]*\Z")
_REMEMBERED = 2_000_000
"""Texts whose pseudonyms are remembered, so that no two get the same."""

_MAX_DEPTH = 100

_UNMISTAKABLE = 6
"""Characters of a secret that does not stand anywhere by chance."""

_SECRETS = 500
"""Secrets that are looked for wherever they stand, the latest ones."""

_QUOTABLE = 4
_RECENT = 2_000
"""Texts of one exchange that are looked for in its sentences, and the characters that they have at least."""


class Redaction:
    """Pseudonyms of one recording.

    Args:
        keep: Field classes that stay as they are; secrets never do.
        words: Texts of the contract, such as the names of states, that stay.
        salt: Of this recording; a new one by itself.
    """

    def __init__(self, keep: Collection[str] = (), words: Collection[str] = (), salt: bytes | None = None) -> None:
        self._keep = frozenset(keep)
        self._words = frozenset(words)
        self._salt = salt or secrets.token_bytes(32)
        self._given: dict[str, str] = {}
        self._taken: set[str] = set()
        self._left: set[str] = set()
        self._error = False
        self._hidden: dict[str, None] = {}
        self._secrets = Redactor()
        self._recent: dict[str, None] = {}

    def __repr__(self) -> str:
        return f"<Redaction of {len(self._given)} texts>"

    def pseudonym(self, text: str) -> str:
        """Returns a text of the same form that says nothing: letters for letters, digits for digits."""
        known = self._given.get(text)
        if len(text) >= _QUOTABLE and len(self._recent) < _RECENT and known != text:
            self._recent[text] = None
        if known is not None or not text:
            return known or ""
        made = self._made(text, 0)
        for number in range(1, 60):
            if made not in self._taken and made != text:
                break
            made = self._made(text + "0" * (number // 30), number)
        if len(self._given) < _REMEMBERED:
            self._given[text] = made
            self._taken.add(made)
        else:
            self._recent.pop(text, None)
        return made

    def _made(self, text: str, attempt: int) -> str:
        digest = hmac.new(self._salt, f"{attempt}:{text}".encode(errors="replace"), hashlib.sha256).digest()
        letters = "abcdef" if len(text) >= 8 and _HEX.match(text) else string.ascii_lowercase
        local, at, domain = text.partition("@")
        shown = local if at and "." in domain else text
        stream = iter(_stream(digest))
        made = "".join(_like(character, next(stream), letters) for character in shown)
        if made[:1] == "0" != shown[:1]:  # a number does not begin with it
            made = "9" + made[1:]
        return f"{made}@example.com" if shown is local and at else made

    def secret(self, text: str) -> str:
        """Returns the pseudonym of a token or a key, and makes sure that it stands nowhere else."""
        self.learn(text)
        return self.pseudonym(text)

    def learn(self, text: str) -> None:
        """Remembers a secret that stands nowhere in what is written."""
        if len(text) < _UNMISTAKABLE or text in self._hidden:
            return
        self._hidden[text] = None
        if len(self._hidden) > _SECRETS:  # each is looked for in many forms, so only the latest ones are
            self._hidden = dict.fromkeys([*self._hidden][-_SECRETS // 2 :])
            self._secrets = Redactor()
            for one in self._hidden:
                self._secrets.learn(one)
        self._secrets.learn(text)

    def begin(self) -> None:
        """Begins an exchange: only what is quoted from its own request is looked for in its sentences."""
        self._recent.clear()

    def leave(self, text: str) -> None:
        """Remembers a text that a server has made up and that says nothing about people, such as the id of a job."""
        if len(self._left) < _REMEMBERED:
            self._left.add(text)

    def body(self, raw: bytes, *, error: bool = False) -> bytes | None:
        """Returns a JSON body without what has to go; None if it is none: what is not understood is not written.

        Args:
            raw: The body.
            error: Whether it says what is wrong: its title is a sentence then, and not that of a person.
        """
        self._error = error
        try:
            value = json.loads(raw)
        except (ValueError, RecursionError):
            return None
        self._learn_secrets(value)
        try:
            return json.dumps(self._value("", value, 0), ensure_ascii=False, separators=(",", ":")).encode(
                errors="replace"
            )
        except (RecursionError, ValueError):
            return None

    def _learn_secrets(self, value: Any) -> None:
        waiting = [value]
        while waiting:
            one = waiting.pop()
            if isinstance(one, dict):
                for name, member in one.items():
                    if isinstance(member, str) and _folded(name) in _SECRET_MEMBERS | _TOKEN_MEMBERS:
                        self.learn(member)
                    else:
                        waiting.append(member)
            elif isinstance(one, list):
                waiting += one

    def _value(self, name: str, value: Any, depth: int, inherited: str = "") -> Any:
        if depth > _MAX_DEPTH:
            return None
        if isinstance(value, dict):
            below = "custom" if name == "customFields" else inherited
            return {self.plain(key): self._value(key, one, depth + 1, below) for key, one in value.items()}
        if isinstance(value, list):
            return [self._value(name, one, depth + 1, inherited) for one in value]
        if isinstance(value, str):
            return self._text(name, value, inherited)
        if isinstance(value, bool) or value is None:
            return value
        kind = inherited or _CLASS_OF.get(name, "")
        if not kind or kind in self._keep or str(value) in self._left:
            return value
        try:
            return json.loads(self.pseudonym(str(value)))
        except ValueError:
            return 0

    def _text(self, name: str, text: str, inherited: str) -> str:
        folded = _folded(name)
        if folded in _SECRET_MEMBERS:
            return MASK if text else ""
        if folded in _TOKEN_MEMBERS:
            return self.secret(text)
        if text in self._words or text in self._left or (_MOMENT.match(text) and not inherited) or not text:
            return text
        if name in _PROSE or (self._error and name == "title"):
            return self.prose(text)
        kind = inherited or _CLASS_OF.get(name) or ("ids" if _REFERENCE.search(name) and name != "jobId" else "other")
        if not inherited and name in _PLAIN:
            return self.plain(text)
        if kind == "other" and text.startswith(("http://", "https://")):
            return self.address(text)
        if kind in self._keep:
            return self.plain(text)
        return self.pseudonym(text)

    def prose(self, text: str) -> str:
        """Returns a sentence without what it quotes from a request, and without words that have a pseudonym."""
        text = _QUOTED.sub(lambda found: self._quoted(found[0]), text)
        for quoted in self._recent:
            if quoted in text:
                text = text.replace(quoted, self._given[quoted])
        return self.plain(_WORD.sub(lambda found: self._given.get(found[0], found[0]), text))

    def _quoted(self, quoted: str) -> str:
        inner = quoted[1:-1]
        shown = inner if inner in self._words or _CLASS_OF.get(inner) or inner in _PLAIN else self.pseudonym(inner)
        return f"{quoted[0]}{shown}{quoted[0]}"

    def plain(self, text: str) -> str:
        """Returns a text that stays as it is, apart from secrets that stand in it."""
        if len(text) < _UNMISTAKABLE or not self._hidden:
            return text
        return self._secrets.known(text).replace(SECRET, MASK)

    def header(self, name: str, value: str) -> str:
        """Returns the value of a header: of those that say nothing it is the same, of a token its pseudonym."""
        name = name.lower()
        if name == "token":
            return self.secret(value) if value else value
        if name == "location":
            return self.address(value)
        return self.plain(value) if name in _PLAIN_HEADERS else MASK

    def path(self, path: str, ids: Collection[str] = ()) -> str:
        """Returns a path without ids of people.

        Args:
            path: Encoded.
            ids: Its parameters that are such, encoded.
        """
        if "ids" in self._keep:
            return self.plain(path)
        parts = (quote(self.pseudonym(unquote(part)), safe="") if part in ids else part for part in path.split("/"))
        return self.plain("/".join(parts))

    def query(self, query: str) -> str:
        """Returns a query without values that may be about people, or secret."""
        pairs = parse_qsl(query, keep_blank_values=True)
        return self.plain(urlencode([(self.plain(name), self._member(name, value)) for name, value in pairs]))

    def _member(self, name: str, value: str) -> str:
        if _folded(name) in _SECRET_MEMBERS | _TOKEN_MEMBERS:
            return self.secret(value)
        if name in _PLAIN_QUERY or value in self._words or "other" in self._keep or _IMPERSONAL.match(value):
            return self.plain(value)
        return self.pseudonym(value)

    def address(self, address: str) -> str:
        """Returns an address with its host and words, without ids and values of its query."""
        address, _, query = address.partition("?")
        head, separator, path = address.partition("://")
        host, _, rest = path.partition("/") if separator else ("", "", address)
        parts = (quote(self._given.get(unquote(part), unquote(part)), safe="") for part in rest.split("/"))
        start = f"{head}://{host.rpartition('@')[2]}/" if separator else ""
        return self.plain(start + "/".join(parts)) + (f"?{self.query(query)}" if query else "")


def _folded(name: str) -> str:
    return name.replace("_", "").replace("-", "").lower()


def _stream(digest: bytes) -> Iterator[int]:
    while True:
        yield from digest
        digest = hashlib.sha256(digest).digest()


def _like(character: str, number: int, letters: str) -> str:
    if character.isdigit():
        return string.digits[number % 10]
    if character.isalpha():
        letter = letters[number % len(letters)]
        return letter.upper() if character.isupper() else letter
    return character
