"""Files of a failed test: an HTTP archive, what its client did wrong as SARIF, and everything else as JSON."""

import hashlib
import io
import json
import os
import re
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from pytest_casavi.factory import Opened
from pytest_casavi.handle.requests import ALL
from pytest_casavi.secret_text import SECRETS

# Bound here, as the test that failed may have replaced the file system.
_open, _make_folders = partial(io.open), partial(os.makedirs)

_NAME_LENGTH = 100
_PATH_LENGTH = 1_000


def write(folder: Path, report: pytest.TestReport, opened: Opened, number: int) -> str:
    """Writes `NAME.har`, `NAME.json` and `NAME.sarif`, and returns a text that names them.

    Args:
        folder: Where; it is made if it is not there.
        report: Of the test.
        opened: The account.
        number: Which account of the test it is, from 1.
    """
    steering = opened.account.steering
    archive = steering.ask("listRequests", query={"limit": ALL, "format": "har"})
    _make_folders(str(folder), exist_ok=True)
    paths = [folder / f"{file_name(report.nodeid, number)}.{kind}" for kind in ("har", "json", "sarif")]
    file, line, _ = report.location
    place = {"format": "sarif", "file": file[-_PATH_LENGTH:], "line": (line or 0) + 1}
    violations = steering.ask("listViolations", query=place)
    for path, content in zip(paths, (archive, _everything(report, opened), violations), strict=True):
        with _open(str(path), "w", encoding="utf-8") as file_written:
            file_written.write(SECRETS.clean(json.dumps(content, indent=1, ensure_ascii=False)))
    return "\n".join(map(str, paths))


def file_name(node_id: str, number: int = 1) -> str:
    """Returns the name of a test's files, without an extension: safe everywhere, and different for different tests.

    Args:
        node_id: Id of the test.
        number: Which account of the test it is, from 1.
    """
    plain = re.sub(r"[^A-Za-z0-9_.-]+", "_", node_id.replace(".py::", "-").replace("::", "-")).strip("._")
    mark = hashlib.sha256(node_id.encode()).hexdigest()[:8]
    ends = [mark, *([str(number)] if number > 1 else []), *filter(None, [os.environ.get("PYTEST_XDIST_WORKER")])]
    return "-".join([plain[-_NAME_LENGTH:].lstrip("._-"), *ends])


def _everything(report: pytest.TestReport, opened: Opened) -> dict[str, Any]:
    ask = opened.account.steering.ask
    journal = ask("listRequests", query={"limit": ALL})
    return {
        "test": report.nodeid,
        "phase": report.when,
        "url": opened.account.url,
        "clock": ask("getClock"),
        "queue": ask("getQueue"),
        "jobs": [job.json for job in opened.casavi.jobs.all],
        "faults": ask("listFaults")["faults"],
        "violations": ask("listViolations")["violations"],
        "requests": journal["requests"],
        "dropped": journal["dropped"],
    }
