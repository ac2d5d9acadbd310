"""Log lines, as text for people or as one JSON object a line."""

import logging
import sys
import time
from datetime import UTC, datetime

import orjson

from casavi_mock.domain.clock import timestamp


class JsonLines(logging.Formatter):
    """One JSON object a line: time, level, logger, message, and the data that came with it."""

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
        return orjson.dumps(line, default=str).decode()


class TextLines(logging.Formatter):
    """One line of text: time of day, level, message."""

    def __init__(self) -> None:
        super().__init__()
        self._second = -1
        self._shown = ""

    def format(self, record: logging.LogRecord) -> str:
        """Returns the line."""
        second = int(record.created)
        if second != self._second:  # the same for all lines of a second
            self._second, self._shown = second, time.strftime("%H:%M:%S", time.localtime(second))
        line = f"{self._shown} {record.levelname:<7} {record.getMessage()}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def set_up(log_format: str, level: str) -> None:
    """Sends the log to standard error.

    Args:
        log_format: `text` or `json`.
        level: The least level that is shown.
    """
    # No line shows where it came from, so that need not be found out.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging._srcfile = None  # so says the HOWTO of the standard library
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if log_format == "json" else TextLines())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("casavi_mock").setLevel(level.upper())
