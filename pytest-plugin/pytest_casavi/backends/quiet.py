"""Keeps the mock's own log out of the log that a test of the client may look at."""

import logging

_EXCHANGES = "casavi_mock.exchanges"
_UVICORN = ("uvicorn.error", "uvicorn.access")


class QuietLog:
    """Silences what the mock tells of refused requests, and a server of its routine; errors are told all the same.

    Args:
        thread_name: Name of the thread in which a server runs; what others tell is left alone. None if there is no such
            thread: then all that run in this process are silenced.
    """

    def __init__(self, thread_name: str | None = None) -> None:
        self._thread_name = thread_name
        # Filters, since several of these may end in any order; a level would be put back by the wrong one.
        logging.getLogger(_EXCHANGES).addFilter(self._serious)
        for name in _UVICORN:
            logging.getLogger(name).addFilter(self._told)

    def close(self) -> None:
        """Lets it tell again."""
        logging.getLogger(_EXCHANGES).removeFilter(self._serious)
        for name in _UVICORN:
            logging.getLogger(name).removeFilter(self._told)

    def _serious(self, record: logging.LogRecord) -> bool:
        return record.levelno >= logging.ERROR or self._thread_name not in (None, record.threadName)

    def _told(self, record: logging.LogRecord) -> bool:
        return record.levelno > logging.INFO or record.threadName != self._thread_name
