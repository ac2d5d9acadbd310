"""The ledger of a run at a real account: every record is listed before it is sent."""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

from casavi_contracts.failures import CouldNotRun


class Ledger:
    """A file of JSON lines: one for the run, then one for each write, on the disk before the write is sent.

    Args:
        path: The file; lines of earlier runs stay in it.
        head: What the line of the run says.
        now: Returns the present, aware.
    """

    def __init__(self, path: Path, head: Mapping[str, Any], now: Callable[[], datetime]) -> None:
        self.path = path
        self._head = head
        self._now = now
        self._file: BinaryIO | None = None
        self.entries = 0
        """Writes that are listed."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def enter(self, method: str, path: str, records: Sequence[tuple[str, str | None]]) -> None:
        """Lists a write that is about to be sent.

        Args:
            method: Of the request.
            path: Of the request.
            records: Entity and reference id of all that it may create.

        Raises:
            CouldNotRun: The file cannot be written; the write must not be sent then.
        """
        ids: dict[str, list[str]] = {}
        for entity, reference in records:
            if reference is not None:
                ids.setdefault(entity, []).append(reference)
        self._write({"method": method, "path": path, "records": len(records), "ids": ids})
        self.entries += 1

    def _write(self, line: Mapping[str, Any]) -> None:
        try:
            if self._file is None:
                self._file = self.path.open("ab")
                self._append({"ledger": "casavi-check", **self._head})
            self._append(line)
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise CouldNotRun(f"{self.path}: {error.strerror}; without its ledger nothing is sent") from error

    def _append(self, line: Mapping[str, Any]) -> None:
        assert self._file is not None, "it was opened before"
        at = self._now().isoformat(timespec="milliseconds")
        self._file.write(json.dumps({"at": at, **line}, ensure_ascii=False).encode(errors="replace") + b"\n")
