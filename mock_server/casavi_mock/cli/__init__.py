"""The command `casavi-mock`."""

import signal
import sys
from types import FrameType
from typing import NoReturn


def main() -> NoReturn:
    """Runs the command line and ends the process.

    As the first process of a container SIGTERM has no default action, so it is given one before anything slow is
    imported; a stop during the start would otherwise take the engine's full grace time.
    """
    signal.signal(signal.SIGTERM, _end)
    from casavi_mock.cli.commands import cli

    cli(prog_name="casavi-mock")
    sys.exit(0)


def _end(number: int, frame: FrameType | None) -> NoReturn:
    sys.exit(128 + number)
