"""How far a request travels through our code until it is answered: what a reader of the server has to follow.

Counted are calls of functions of `casavi_mock`, the files that they are in, and how often the way comes back to a file
that it had left. So a short way stays short; the page "A request, end to end" in docs/explanation/design.md tells it.
"""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from types import FrameType
from typing import Any

import casavi_mock
from tests.support.server import Mock

ROOT = Path(casavi_mock.__file__).parent
CONTACT = {"contacts": [{"id": "C-1", "firstName": "Eva", "lastName": "Example"}]}
Place = tuple[str, str, int]


@contextmanager
def traced(way: list[Place]) -> Iterator[None]:
    """Notes file, name and line of every function of the server that is called inside."""

    def called(frame: FrameType, event: str, argument: Any) -> None:
        if event == "call" and (path := Path(frame.f_code.co_filename)).is_relative_to(ROOT):
            way.append((path.relative_to(ROOT).as_posix(), frame.f_code.co_name, frame.f_lineno))

    sys.setprofile(called)
    try:
        yield
    finally:
        sys.setprofile(None)


class Asked:
    """Sends requests to the application itself, without a client between."""

    def __init__(self, mock: Mock) -> None:
        self.mock = mock
        self.headers: list[tuple[bytes, bytes]] = []

    async def __call__(self, method: str, path: str, body: Any = None, way: list[Place] | None = None) -> Any:
        """Returns the answer's JSON; notes the way until the answer is sent."""
        raw = b"" if body is None else json.dumps(body).encode()
        own = [(b"content-type", b"application/json"), (b"content-length", str(len(raw)).encode())]
        scope = {
            "type": "http",
            "http_version": "1.1",
            "scheme": "http",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": [(b"host", b"mock"), *(own if raw else ()), *self.headers],
            "client": ("127.0.0.1", 50_000),
            "server": ("mock", 80),
        }
        sent: list[Any] = []

        async def receive() -> Any:
            return {"type": "http.request", "body": raw, "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        if way is None:
            await self.mock.app(scope, receive, send)
        else:
            with traced(way):
                await self.mock.app(scope, receive, send)
        assert sent[0]["status"] < 300, sent
        return json.loads(sent[1]["body"])


async def asked(mock: Mock) -> Asked:
    """Requests of a client that is logged in, on a server that has answered each kind of them before."""
    account = mock.account("the-secret-of-an-account")
    ask = Asked(mock)
    told = await ask("POST", "/authenticate", {"key": account.key, "secret": account.secret.reveal()})
    ask.headers = [(b"token", told["token"].encode())]
    job = await ask("POST", "/import", CONTACT)
    mock.time.advance(seconds=5)
    await ask("GET", f"/jobs/{job['jobId']}")
    return ask


def figures(way: list[Place]) -> tuple[int, int, int]:
    """Calls, files, and returns to a file that was left already."""
    files = [file for file, _ in groupby(file for file, _, _ in way)]
    return len(way), len(set(files)), len(files) - len(set(files))


def check(what: str, way: list[Place], most: tuple[int, int, int]) -> None:
    found = figures(way)
    print(what, "calls, files, returns:", *found, "at most:", *most)  # noqa: T201  # shown by pytest -s
    told = "\n".join(f"  {file}:{line} {name}" for file, name, line in way)
    assert all(one <= bound for one, bound in zip(found, most, strict=True)), f"{what}: {found} > {most}\n{told}"


async def test_an_import_of_one_record_takes_a_short_way() -> None:
    mock = Mock()
    async with mock.app.running():
        ask, way = await asked(mock), list[Place]()
        await ask("POST", "/import", CONTACT, way)
    check("import of one record", way, (60, 16, 10))


async def test_a_look_at_a_job_takes_a_short_way() -> None:
    mock = Mock()
    async with mock.app.running():
        ask, way = await asked(mock), list[Place]()
        job = await ask("POST", "/import", CONTACT)
        mock.time.advance(seconds=5)
        await ask("GET", f"/jobs/{job['jobId']}")
        await ask("GET", f"/jobs/{job['jobId']}", way=way)
    check("look at a job", way, (40, 12, 6))


async def test_faults_strike_at_one_line() -> None:
    """Whoever wants to know where a fault takes effect finds one place."""
    calls = [
        f"{path.name}:{number}"
        for path in sorted((ROOT / "vendor").glob("*.py"))
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if "await self._strike(" in line
    ]
    assert len(calls) == 1, calls
