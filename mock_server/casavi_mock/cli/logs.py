"""Log lines, as text for people or as one JSON object a line."""

import logging
import sys
from datetime import UTC, datetime

from casavi_mock.cli.text import json_bytes
from casavi_mock.domain.clock import timestamp


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


def set_up(log_format: str, level: str) -> None:
    """Sends the log to standard error.

    Args:
        log_format: `text` or `json`.
        level: The least level that is shown.
    """
    handler = logging.StreamHandler(sys.stderr)
    utf8 = (getattr(sys.stderr, "encoding", None) or "").lower() in ("utf-8", "utf8")
    text = logging.Formatter("%(asctime)s %(levelname)-7s %(message)s", "%H:%M:%S")
    handler.setFormatter(JsonLines(ascii_only=not utf8) if log_format == "json" else text)
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("casavi_mock").setLevel(level.upper())
