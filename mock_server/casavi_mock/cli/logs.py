"""Log lines, as text for people or as one JSON object a line."""

import logging
import os
import sys
from datetime import UTC, datetime

from casavi_mock.cli.text import json_bytes
from casavi_mock.domain.clock import timestamp

EXCHANGES = "casavi_mock.exchanges"

_COLOURS = {2: "32", 3: "36", 4: "33", 5: "31"}
"""Of a request's line, by the first digit of its status: green, cyan, yellow, red."""


class TextLines(logging.Formatter):
    """Lines for people.

    Args:
        coloured: Whether requests are shown shortly, in a colour for their status.
    """

    def __init__(self, *, coloured: bool) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(message)s", "%H:%M:%S")
        self._coloured = coloured

    def format(self, record: logging.LogRecord) -> str:
        """Returns the line."""
        if not self._coloured or record.name != EXCHANGES:
            return super().format(record)
        colour = _COLOURS.get(record.__dict__["data"]["status"] // 100, "0")
        return f"{self.formatTime(record, self.datefmt)} \x1b[{colour}m{record.getMessage()}\x1b[0m"


class JsonLines(logging.Formatter):
    """One JSON object a line: time, level, logger, message, and the data that came with it.

    Args:
        ascii_only: Whether all other characters are escaped, since what is written to cannot take UTF-8.
    """

    def __init__(self, *, ascii_only: bool) -> None:
        super().__init__()
        self._ascii_only = ascii_only

    def format(self, record: logging.LogRecord) -> str:
        """Returns the line."""
        line = {
            "time": timestamp(datetime.fromtimestamp(record.created, UTC)),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "data", {}),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json_bytes(line, indent=False, ascii_only=self._ascii_only).decode()


def set_up(log_format: str, level: str, *, requests: bool | None = False) -> None:
    """Sends the log to standard error.

    Args:
        log_format: `text` or `json`.
        level: The least level that is shown.
        requests: Whether every request is shown, at whatever level; None does so on a terminal.
    """
    handler = logging.StreamHandler(sys.stderr)
    terminal = sys.stderr.isatty()
    utf8 = (getattr(sys.stderr, "encoding", None) or "utf-8").lower() in ("utf-8", "utf8")
    text = TextLines(coloured=terminal and not os.environ.get("NO_COLOR"))
    handler.setFormatter(JsonLines(ascii_only=not utf8) if log_format == "json" else text)
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("casavi_mock").setLevel(level.upper())
    shown = requests or (requests is None and terminal)
    logging.getLogger(EXCHANGES).setLevel(logging.DEBUG if shown else logging.NOTSET)
