"""Text that can be sent and must not be shown, and how it is found again, wherever it was written.

Whatever the mocks of a session give out begins and ends with a mark that this process has made up. So no list has to be
kept of them, however many there are, and what was shortened to its beginning or its end is found as well. Only
credentials that come from elsewhere are remembered one by one.
"""

import base64
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from urllib.parse import quote

from casavi_mock.system import entropy

SHOWN = "[secret]"
"""What stands in the place of a secret."""

_MARK_BYTES = 4
_LEAST = 6
"""Characters; what is shorter may be a word."""
_FRAGMENT = 10
"""Characters of a remembered secret that tell it, where the rest was cut away."""
_PART = 8
_MAX_KNOWN = 200


class SecretText(str):
    """A text like any other to whoever sends it, but without a telling `repr`: a key, a secret or a token."""

    __slots__ = ()

    def __repr__(self) -> str:
        return SHOWN


class Secrets:
    """Makes the secrets of a session, and takes them out of texts.

    Args:
        marks: With which they begin and end; made up if not given.
    """

    def __init__(self, marks: tuple[str, str] | None = None) -> None:
        self.marks = marks or (entropy(_MARK_BYTES).hex(), entropy(_MARK_BYTES).hex())
        self._made = _Marked(self.marks, "[0-9a-f-]")
        self._spelled = _Marked([core for mark in self.marks for core in _base64(mark)], r"[\w+/-]", "={0,2}")
        self._known: dict[str, tuple[str, ...]] = {}  # a dict keeps their order
        self.living: dict[object, Callable[[], Iterable[str]]] = {}
        """Return the secrets that can be used now, by who gives them out: those are found by any of their parts."""

    def new(self, size: int) -> SecretText:
        """Returns an unguessable text in hexadecimal digits.

        Args:
            size: Bytes that it stands for.
        """
        begin, end = self.marks
        return SecretText(begin + entropy(size - 2 * _MARK_BYTES).hex() + end)

    def new_token(self) -> str:
        """Returns an unguessable text that looks as tokens do."""
        begin, end = self.marks
        digits = entropy(7).hex()
        return f"{begin}-{digits[:4]}-4{digits[4:7]}-8{digits[7:10]}-{digits[10:14]}{end}"

    def remember(self, text: str | None) -> None:
        """Keeps a secret that came from elsewhere out of all texts; of very many, the oldest are forgotten."""
        if text and len(text) >= _LEAST and not (self._made.stands_in(text) or self._spelled.stands_in(text)):
            plain = str(text)
            self._known.pop(plain, None)
            self._known[plain] = tuple(dict.fromkeys(_forms(plain)))
            for oldest in list(islice(self._known, max(len(self._known) - _MAX_KNOWN, 0))):
                del self._known[oldest]

    def clean(self, text: str) -> str:
        """Returns a text with a mark in the place of each secret, whole or cut."""
        text = self._spelled.without(self._made.without(text))
        known = tuple(self._known.values())
        for form in sorted((form for forms in known for form in forms), key=len, reverse=True):
            text = text.replace(form, SHOWN)
        for forms in known:
            text = _without_ends(text, forms[0])
        return text

    def without_fragments(self, text: str) -> str:
        """Returns a text with a mark in the place of parts of secrets that can be used now, cut at both ends."""
        living = [secret for secrets in self.living.values() for secret in islice(secrets(), _MAX_KNOWN)]
        parts = {secret[i : i + _PART] for secret in living for i in range(len(secret) - _PART + 1)}
        places = [i for i in range(len(text) - _PART + 1) if text[i : i + _PART] in parts] if parts else []
        cleaned: list[str] = []
        end = 0
        for place in places:
            if place > end or not cleaned:
                cleaned += [text[end:place], SHOWN]
            end = place + _PART
        return "".join([*cleaned, text[end:]]) if cleaned else text


class _Marked:
    """Finds texts that hold a mark, and takes them out of others, in a time that grows with the length alone.

    Args:
        marks: Any of them is enough.
        character: Pattern of those that such a text consists of.
        end: Pattern of what may follow them.
    """

    def __init__(self, marks: Iterable[str], character: str, end: str = "") -> None:
        self._mark = re.compile("|".join(map(re.escape, marks)), re.IGNORECASE)
        self._character = re.compile(character, re.IGNORECASE)
        self._run = re.compile(f"{character}*{end}", re.IGNORECASE)

    def stands_in(self, text: str) -> bool:
        """Whether there is one in a text."""
        return self._mark.search(text) is not None

    def without(self, text: str) -> str:
        """Returns a text with `SHOWN` in the place of each."""
        parts: list[str] = []
        end = 0
        # One pattern with runs on both sides of the mark would look through each run anew from each of its characters.
        for mark in self._mark.finditer(text):
            if mark.start() < end:
                continue
            start = mark.start()
            while start > end and self._character.match(text, start - 1):
                start -= 1
            run = self._run.match(text, mark.end())
            assert run is not None, "it matches nothing, too"
            parts += [text[end:start], SHOWN]
            end = run.end()
        return "".join([*parts, text[end:]]) if parts else text


def _forms(text: str) -> Iterator[str]:
    yield text
    yield repr(text)[1:-1]
    yield "".join(f"\\u{ord(c):04x}" if ord(c) > 126 else c for c in text)
    yield quote(text, safe="")
    yield quote(text)
    if len(text) > 2 * _LEAST:
        yield from _base64(text)


def _base64(text: str) -> Iterator[str]:
    """Returns what a text becomes in base64, wherever in it the text stands, without what depends on its neighbours."""
    raw = text.encode()
    for before in range(3):
        spelled = base64.b64encode(b"\0" * before + raw).decode()
        first = (before * 8 + 5) // 6
        last = (before + len(raw)) * 8 // 6
        yield spelled[first:last]


def _without_ends(text: str, secret: str) -> str:
    """Takes beginnings and ends of a secret out of a text."""
    if secret[:_FRAGMENT] not in text and secret[-_FRAGMENT:] not in text:
        return text
    for length in range(len(secret) - 1, _FRAGMENT - 1, -1):
        for part in (secret[:length], secret[-length:]):
            if part in text:
                text = text.replace(part, SHOWN)
    return text


SECRETS = Secrets()
"""Those of this process."""
