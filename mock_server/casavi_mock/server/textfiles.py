"""Files that people write: with a byte order mark or without, and never in UTF-16."""

import codecs
from pathlib import Path

from casavi_mock.errors import ConfigurationError

_OTHERS = {
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
    b"{\0": "UTF-16",
    b"\0{": "UTF-16",
    b"[\0": "UTF-16",
    b"\0[": "UTF-16",
}
"""How files begin that are in another encoding; the longest come first."""

HEAD_BYTES = 4
"""Bytes from the beginning of a file that tell how it is written."""


def mark_length(content: bytes, source: str) -> int:
    """Returns how many bytes of a file in UTF-8 are its byte order mark.

    Args:
        content: Its beginning, at least `HEAD_BYTES` bytes if it has so many.
        source: What it is called in errors.

    Raises:
        ConfigurationError: It is in another encoding.
    """
    other = next((name for start, name in _OTHERS.items() if content.startswith(start)), None)
    if other is not None:
        raise ConfigurationError(f"{source}: it is written in {other}; save it as UTF-8")
    return len(codecs.BOM_UTF8) if content.startswith(codecs.BOM_UTF8) else 0


def read(path: Path | str) -> bytes:
    """Returns what is in a file, a pipe or a device, without a byte order mark.

    Raises:
        ConfigurationError: It cannot be read, or is in another encoding than UTF-8.
    """
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror or error}") from None
    return content[mark_length(content, str(path)) :]
