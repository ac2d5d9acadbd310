"""`casavi-mock record`: what it refuses, what of a body it keeps, and mitmproxy between a client and a mock."""

import gzip
import importlib.util
import json
import os
import signal
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from click.testing import Result

from casavi_contracts.observe.har import read_archive
from casavi_mock.cli import passing
from casavi_mock.cli.options import EXAMPLE_KEY, EXAMPLE_SECRET
from casavi_mock.errors import ConfigurationError
from tests.cli.conftest import clean_environment
from tests.support.server import Live

Run = Callable[..., Result]

_OWN = Path(__file__).parents[2] / ".venv-record" / "bin" / "python"
PYTHON = os.environ.get("CASAVI_RECORD_PYTHON", str(_OWN) if _OWN.exists() else sys.executable)
"""A Python with mitmproxy, some of whose libraries are older than those of this project."""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("upstream", "said"),
    [
        ("http://h/path", "give scheme and host alone"),
        ("http://h?x=1", "give scheme and host alone"),
        ("ftp://h", "give scheme and host alone"),
        ("h", "give scheme and host alone"),
        ("http://h:x", "give scheme and host alone"),
        ("http://[::1", "give scheme and host alone"),
        ("http://me:pass@h", "the address holds a user name"),
    ],
)
def test_an_upstream_that_is_no_host_is_refused(run: Run, upstream: str, said: str) -> None:
    result = run("record", "--upstream", upstream, "--output", "a.har")
    assert result.exit_code == 2
    assert said in " ".join(result.output.split())
    assert "me:pass" not in result.output


def test_a_class_that_is_none_is_refused_with_those_that_are(run: Run) -> None:
    result = run("record", "--upstream", "http://h", "--output", "a.har", "--keep", "secrets")
    assert result.exit_code == 2
    assert "names, contact, address" in " ".join(result.output.split())


def test_without_mitmproxy_one_sentence_says_how_to_get_it(
    run: Run, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    result = run("record", "--upstream", "http://h", "--output", "a.har")
    assert result.exit_code == 2
    assert "pip install 'casavi-mock[record]'" in result.output
    assert not list(folder.iterdir())


def test_a_recording_that_is_there_is_not_written_over(run: Run, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    (folder / "a.har").write_text("mine")
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: True if name == "mitmproxy" else find(name))
    result = run("record", "--upstream", "http://h", "--output", "a.har")
    assert result.exit_code == 2
    assert "is there already" in result.output
    assert (folder / "a.har").read_text() == "mine"


def test_a_body_passes_as_it_is_and_is_kept_up_to_a_bound() -> None:
    kept = passing.Kept(10)
    assert [kept(piece) for piece in (b"123", b"45", b"")] == [b"123", b"45", b""]
    assert kept.body("") == b"12345"
    assert kept(b"6" * 50) == b"6" * 50
    assert (kept.body(""), kept.length) == (None, 55)


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "deflate", "GZIP ", "raw"])
def test_content_encodings_are_taken_off(encoding: str) -> None:
    kept = passing.Kept(1_000)
    if encoding == "raw":
        kept(zlib.compress(b"abc")[2:-4])
    else:
        kept(zlib.compress(b"abc") if encoding == "deflate" else gzip.compress(b"abc"))
    assert kept.body("deflate" if encoding == "raw" else encoding) == b"abc"


def test_a_body_that_unpacks_to_too_much_or_is_broken_is_not_kept() -> None:
    for raw in (gzip.compress(b"x" * 5_000), gzip.compress(b"abc")[:-5], b"no gzip"):
        kept = passing.Kept(1_000)
        kept(raw)
        assert kept.body("gzip") is None


def test_a_proxy_with_a_password_is_refused_and_not_shown() -> None:
    assert passing.proxy_of(None) is None
    assert passing.proxy_of("http://proxy:3128") == ("http", ("proxy", 3128))
    for address in ("http://me:pass@proxy:3128", "socks5://proxy:1080"):
        with pytest.raises(ConfigurationError) as caught:
            passing.proxy_of(address)
        assert "pass@" not in str(caught.value)


def message(text: str = "", **more: Any) -> SimpleNamespace:
    headers = httpx.Headers({"content-type": "application/json"})
    return SimpleNamespace(headers=SimpleNamespace(fields=tuple(headers.raw), get=headers.get), stream=None, **more)


def flow(status: int | None = 200, lost: str | None = None) -> SimpleNamespace:
    """An exchange as the add-on sees it in mitmproxy."""
    request = message(
        method="POST", scheme="https", host="api.example.com", port=443, path="/import?a=1", timestamp_start=5.0
    )
    response = None if status is None else message(status_code=status, reason="OK", timestamp_end=5.25)
    error = None if lost is None else SimpleNamespace(msg=lost)
    return SimpleNamespace(
        request=request, response=response, error=error, metadata={}, server_conn=SimpleNamespace(via=None)
    )


async def test_the_add_on_lets_bodies_pass_and_hands_on_what_passed() -> None:
    taken: list[dict[str, Any]] = []
    told: list[str] = []
    addon = passing.Addon(lambda made: taken.append(made) or ["#1 said"], told.append, 10, ("http", ("proxy", 3128)))
    one = flow()
    addon.requestheaders(one)
    assert one.server_conn.via == ("http", ("proxy", 3128))
    assert one.request.stream(b'{"a": 1}') == b'{"a": 1}'
    addon.responseheaders(one)
    assert one.response.stream(b"longer than ten") == b"longer than ten"
    await addon.response(one)
    (made,) = taken
    assert (made["host"], made["target"], made["took_ms"]) == ("api.example.com", "/import?a=1", 250.0)
    assert (made["request_body"], made["response_body"], made["response_bytes"]) == (b'{"a": 1}', None, 15)
    assert told == ["#1 said"]
    addon.done()


async def test_the_add_on_tells_why_no_answer_came_three_times_at_most() -> None:
    taken: list[dict[str, Any]] = []
    told: list[str] = []
    addon = passing.Addon(lambda made: taken.append(made) or [], told.append, 10)
    for _ in range(5):
        one = flow(None, "Certificate verify failed: b'secret'\nmore")
        addon.requestheaders(one)
        one.request.stream(b"{")
        await addon.error(one)
    assert told == ["no answer from the API: Certificate verify failed"] * 3
    assert [(made["request_body"], made["request_bytes"], "status" in made) for made in taken] == [(None, 1, False)] * 5
    addon.done()


async def test_a_disk_that_is_full_ends_no_traffic_and_is_told_once() -> None:
    told: list[str] = []

    def full(made: dict[str, Any]) -> list[str]:
        raise OSError(28, "No space left on device")

    addon = passing.Addon(full, told.append, 10)
    for _ in range(3):
        one = flow()
        addon.requestheaders(one)
        addon.responseheaders(one)
        await addon.response(one)
    assert told == ["nothing more is recorded: No space left on device"]
    assert addon.failed is not None
    addon.done()


# With mitmproxy.


@pytest.fixture
def recorder(folder: Path) -> Iterator[Callable[..., tuple["subprocess.Popen[str]", str]]]:
    """Starts a recorder in front of a server; returns process and address."""
    found = subprocess.run([PYTHON, "-c", "import mitmproxy, casavi_mock"], capture_output=True, check=False)
    if found.returncode:
        pytest.skip("mitmproxy is not installed; make test-record makes an environment with it")
    started: list[subprocess.Popen[str]] = []

    def start(upstream: str, *options: str) -> tuple["subprocess.Popen[str]", str]:
        command = [
            PYTHON,
            "-m",
            "casavi_mock",
            "record",
            "--upstream",
            upstream,
            "--port",
            "0",
            "--output",
            "traffic.har",
        ]
        environment = clean_environment() | {
            "PYTHONUNBUFFERED": "1",
            "SSL_CERT_FILE": os.environ.get("SSL_CERT_FILE", ""),
        }
        process = subprocess.Popen([*command, *options], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                   env={name: value for name, value in environment.items() if value})  # fmt: skip
        started.append(process)
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("recording "), line + process.stdout.read()
        return process, line.split(" at ")[1].split(" into ")[0]

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.slow  # starts mitmproxy
def test_what_a_client_and_a_mock_said_is_replayed_without_a_difference(
    run: Run, serve: Callable[..., Live], recorder: Callable[..., tuple["subprocess.Popen[str]", str]], folder: Path
) -> None:
    run("data", "generate", "-n", "1", "--output", "portfolio.json")
    live = serve("time")
    process, address = recorder(live.url)
    imported = run("import", "portfolio.json", "--url", address)
    assert imported.exit_code == 0, imported.output
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0, output
    assert "violates" not in output
    text = (folder / "traffic.har").read_text()
    portfolio = json.loads((folder / "portfolio.json").read_text())
    for hidden in (
        EXAMPLE_KEY,
        EXAMPLE_SECRET,
        *(one["lastName"] for one in portfolio["contacts"][:5] if "lastName" in one),
    ):
        assert hidden not in text
    assert len(read_archive(folder / "traffic.har").exchanges) >= 3
    result = run("replay", "traffic.har")
    assert result.exit_code == 0, result.output
    assert " 0 not." in result.output


@pytest.mark.slow  # starts mitmproxy
def test_a_recorder_that_is_killed_leaves_what_it_has_recorded(
    run: Run, serve: Callable[..., Live], recorder: Callable[..., tuple["subprocess.Popen[str]", str]], folder: Path
) -> None:
    (folder / "portfolio.json").write_text('{"contacts": [{"id": "C-1", "lastName": "Smith"}]}')
    process, address = recorder(serve().url)
    assert run("import", "portfolio.json", "--url", address).exit_code == 0
    process.kill()
    process.wait(60)
    archive = read_archive(folder / "traffic.har")
    assert [(one.method, one.status) for one in archive.exchanges][:2] == [("POST", 200), ("POST", 202)]


@pytest.mark.slow  # starts mitmproxy
def test_nothing_recorded_is_not_green_and_leaves_no_file(
    serve: Callable[..., Live], recorder: Callable[..., tuple["subprocess.Popen[str]", str]], folder: Path
) -> None:
    process, _ = recorder(serve().url)
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 2, output
    assert "nothing was recorded" in output
    assert not (folder / "traffic.har").exists()
