"""Standard output and error: writable in any encoding, and no reason for a traceback when they are closed or full."""

import codecs
import contextlib
import io
import os
import sys
from typing import Any, TextIO

_OUTPUT, _ERROR = "standard output", "standard error"


def prepare() -> None:
    """Makes the standard streams of this process safe to write to; called once, before anything is written."""
    for descriptor in range(3):
        _hold(descriptor)
    sys.stdin = sys.stdin or open(0, encoding="utf-8", closefd=False)  # noqa: SIM115  # as long as the process
    sys.stdout = _escaping(sys.stdout or _opened(1, _OUTPUT), _OUTPUT)
    sys.stderr = _escaping(sys.stderr or _opened(2, _ERROR), _ERROR)


def finish() -> None:
    """Writes what is not written yet.

    Raises:
        OSError: Standard output cannot be written.
    """
    try:
        sys.stderr.flush()
    except OSError:  # nobody is left who could be told
        give_up(2)
    sys.stdout.flush()


def give_up(*descriptors: int) -> None:
    """Lets all that is written from now on vanish, so that the end of the process does not complain again.

    Args:
        descriptors: 1 for standard output, 2 for standard error.
    """
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for descriptor in descriptors:
        with contextlib.suppress(OSError):
            os.dup2(nowhere, descriptor)
    os.close(nowhere)


def _hold(descriptor: int) -> None:
    """Keeps the number of a closed descriptor from becoming that of a file or a socket; to use it stays an error."""
    try:
        os.fstat(descriptor)
    except OSError:
        # The lowest free number is taken, and all below this one are taken already.
        os.set_inheritable(os.open(os.devnull, os.O_WRONLY if descriptor == 0 else os.O_RDONLY), True)


def _opened(descriptor: int, name: str) -> TextIO:
    """Returns a stream for a descriptor that was closed; whatever is written to it fails."""
    return io.TextIOWrapper(_Named(descriptor, name), encoding="utf-8")  # unbuffered


def _escaping(stream: TextIO, name: str) -> TextIO:
    """Returns a stream that writes what its encoding does not have as escapes, and whose errors say its name."""
    if not isinstance(stream, io.TextIOWrapper) or not isinstance(stream.encoding, str):
        return stream
    raw = getattr(stream.buffer, "raw", stream.buffer)
    if type(raw) is not io.FileIO:  # the console of Windows
        stream.reconfigure(errors="backslashreplace")
        return stream
    named = _Named(raw.fileno(), name)
    # click takes a stream in ASCII for one that is set up wrongly, and writes UTF-8 to it.
    ascii_only = codecs.lookup(stream.encoding).name == "ascii"
    return (_Ascii if ascii_only else io.TextIOWrapper)(
        named if raw is stream.buffer else io.BufferedWriter(named),  # the former as Python itself does
        encoding="latin-1" if ascii_only else stream.encoding,
        errors="backslashreplace",
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )


class _Named(io.FileIO):
    """A standard stream that says in its errors which one it is.

    Args:
        descriptor: Its number; it stays open when this is closed.
        name: What errors call it.
    """

    def __init__(self, descriptor: int, name: str) -> None:
        super().__init__(descriptor, "w", closefd=False)
        self._said = name

    def write(self, content: Any, /) -> int:
        """Writes bytes; returns how many."""
        try:
            return super().write(content)
        except OSError as error:
            error.filename = self._said
            raise


class _Ascii(io.TextIOWrapper):
    """A stream that writes ASCII alone, and says that it is in another encoding."""

    def write(self, text: str, /) -> int:
        """Writes a text; returns how many characters it has."""
        super().write(text.encode("ascii", "backslashreplace").decode("ascii"))
        return len(text)
