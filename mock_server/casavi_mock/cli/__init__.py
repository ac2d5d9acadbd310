"""The command `casavi-mock`."""

import contextlib
import errno
import signal
import sys
from types import FrameType
from typing import NoReturn


def main() -> NoReturn:
    """Runs the command line and ends the process.

    As the first process of a container SIGTERM has no default action, so it is given one before anything slow is
    imported; a stop during the start would otherwise take the engine's full grace time. SIGHUP, which comes when a
    terminal is closed, does what SIGTERM does, unless `nohup` had it ignored.
    """
    signal.signal(signal.SIGTERM, _end)
    hang_up = getattr(signal, "SIGHUP", None)  # Windows has none
    if hang_up is not None and signal.getsignal(hang_up) is not signal.SIG_IGN:
        signal.signal(hang_up, lambda number, frame: signal.raise_signal(signal.SIGTERM))
    from casavi_mock.cli import streams

    streams.prepare()
    try:
        try:
            _run()
        finally:
            streams.finish()
    except OSError as error:
        streams.give_up(1)
        if error.errno == errno.EPIPE:  # the reader has had enough, as `head` has
            sys.exit(0)
        where = f"{error.filename}: " if error.filename else ""
        with contextlib.suppress(OSError):
            print(f"casavi-mock: {where}{error.strerror or error}", file=sys.stderr, flush=True)  # noqa: T201
        streams.give_up(2)
        sys.exit(2)
    raise AssertionError("the command line exits")


def _run() -> None:
    from casavi_mock.cli.commands import cli

    cli(prog_name="casavi-mock")


def _end(number: int, frame: FrameType | None) -> NoReturn:
    sys.exit(128 + number)
