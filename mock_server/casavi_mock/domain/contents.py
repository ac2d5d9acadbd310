"""Contents of documents: base64 texts of up to many megabytes, read piece by piece."""

import binascii
import hashlib

PIECE_CHARACTERS = 100_000
"""Characters that are read at once: a quarter of a millisecond of work."""

_WHITESPACE = b" \t\n\v\f\r"
_PADDING = "incorrect padding"


class Content:
    """What a base64 text stands for. ASCII whitespace in it, such as encoders for mail put there, does not count.

    Args:
        text: The text.
        keep: Whether what it stands for is kept, and not size and digest alone.
    """

    def __init__(self, text: str, *, keep: bool = False) -> None:
        self.text = text
        self.error: str | None = None
        """Why it is not base64; None if it is, as far as it was read."""
        self._keep = keep
        self._pieces: list[bytes] = []
        self._digest = hashlib.sha256()
        self._at = 0
        self._characters = 0
        """Those that were read, without whitespace."""
        self._tail = b""
        """The last three of them."""
        self._rest = b""
        """Those that are left over from groups of four."""
        self._padded = False
        """Whether a group with padding was read; nothing may follow it."""

    def read_on(self) -> bool:
        """Reads the next piece; returns whether there is more."""
        piece = self.text[self._at : self._at + PIECE_CHARACTERS]
        try:
            compact = piece.encode("ascii").translate(None, _WHITESPACE)
        except UnicodeEncodeError as error:
            self.error = f"character {self._at + error.start + 1} is beyond ASCII"
            self._at = len(self.text)
            return False
        self._at += len(piece)
        self._characters += len(compact)
        self._tail = (self._tail + compact[-3:])[-3:]
        if self.error is None and compact:
            self._decode(self._rest + compact)
        return self._at < len(self.text)

    def read(self) -> None:
        """Reads what is left."""
        while self.read_on():
            pass
        if self.error is None and (self._rest or self._tail == b"==="):  # the decoder lets some surplus padding pass
            self.error = _PADDING

    @property
    def size(self) -> int:
        """How many bytes it stands for, once it was read; if it is not base64, how many it would."""
        return self._characters * 3 // 4 - self._tail[-2:].count(b"=")

    @property
    def digest(self) -> str:
        """Tells it from others, once it was read."""
        return f"sha256:{self._digest.hexdigest()}"

    @property
    def kept(self) -> bytes | None:
        """What it stands for, once it was read; None if that is not kept."""
        return b"".join(self._pieces) if self._keep else None

    def _decode(self, compact: bytes) -> None:
        if self._padded:
            self.error = "data after the padding"
            return
        whole = len(compact) // 4 * 4
        try:
            decoded = binascii.a2b_base64(compact[:whole], strict_mode=True)
        except binascii.Error as error:
            self.error = str(error)
            return
        self._rest, self._padded = compact[whole:], compact[:whole].endswith(b"=")
        self._digest.update(decoded)
        if self._keep:
            self._pieces.append(decoded)
