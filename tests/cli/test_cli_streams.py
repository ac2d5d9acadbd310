"""Standard output and error in any encoding, closed, full, or read by nobody any more."""

import contextlib
import json
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from click.testing import Result

from casavi_mock.cli.streams import _escaping
from casavi_mock.cli.text import json_bytes, shown
from tests.cli.conftest import clean_environment
from tests.support.server import Live

Run = Callable[..., Result]

ID = "Łódź 😀 ü/1"
COMMAND = [sys.executable, "-m", "casavi_mock"]
FULL = pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no device that is always full")


def command(*words: str, **variables: str) -> subprocess.CompletedProcess[bytes]:
    """Runs a verb in a process of its own."""
    return subprocess.run(
        [*COMMAND, *words], capture_output=True, env=clean_environment() | variables, timeout=60, check=False
    )


def shell(line: str) -> subprocess.CompletedProcess[str]:
    """Runs a line of a shell; `$MOCK` is the command."""
    variables = clean_environment() | {"MOCK": f"{sys.executable} -m casavi_mock"}
    return subprocess.run(["sh", "-c", line], capture_output=True, text=True, env=variables, timeout=60, check=False)


@pytest.mark.parametrize("encoding", ["cp1252", "cp437", "ascii", "latin-1", "koi8-r", "shift_jis", "utf-8", "utf-16"])
def test_texts_become_escapes_where_an_encoding_has_no_characters(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "out"
    with file.open("w", encoding=encoding, newline="\n") as made:
        stream = _escaping(made, "standard output")
        print(f"{ID} \udcff", file=stream, flush=True)

    text = file.read_bytes().decode(encoding)
    assert text == text.encode(encoding).decode(encoding)
    assert text.encode("ascii", "backslashreplace").decode("ascii").endswith(r"\udcff" + "\n")
    assert ("😀" in text) is encoding.startswith("utf")


@pytest.mark.parametrize("encoding", ["cp1252", pytest.param("ascii", marks=pytest.mark.slow)])
def test_a_whole_command_ends_well_in_a_narrow_encoding(serve: Callable[..., Live], encoding: str) -> None:
    """What is shown as a text, as a table, as help, as JSON and as an error."""
    url = serve().url
    body = json.dumps({"units": [], "properties": [{"id": "P", "responsibilities": []}], "contacts": [{"id": ID}]})
    narrow = {"PYTHONIOENCODING": encoding, "CASAVI_URL": url}
    with subprocess.Popen(
        [*COMMAND, "import", "-", "--json"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=clean_environment() | narrow,
    ) as process:
        out, _ = process.communicate(body.encode(), timeout=60)
    asked = command("control", "requests", "--json", **narrow)
    unknown = command("control", "jobs", ID, **narrow)

    assert json.loads(out)["status"]
    assert json.loads(asked.stdout)["requests"]
    assert unknown.returncode == 2
    assert b"Traceback" not in unknown.stderr
    unknown.stderr.decode(encoding)


@pytest.mark.parametrize("words", [("control", "requests"), ("control", "requests", "--json")], ids=" ".join)
def test_ids_are_whole_where_there_is_no_terminal(serve: Callable[..., Live], run: Run, words: tuple[str, ...]) -> None:
    url, long = serve().url, "an-id-of-" + "x" * 300
    token = run("control", "token", "--url", url).stdout.strip()
    assert httpx.get(f"{url}/contacts/{long}", headers={"token": token}, timeout=60).status_code == 404

    assert long in run(*words, "--url", url, COLUMNS="80").stdout


def test_json_is_utf8_and_has_nothing_that_steers_a_terminal() -> None:
    value = {ID: ["\x9b\u202e\u2028\x1b\x7f\ufeff", 2**70, "\ud800"]}

    for ascii_only in (True, False):
        for one in (value, {ID: value[ID][:1]}):
            raw = json_bytes(one, ascii_only=ascii_only)
            assert json.loads(raw.decode()) == one
            assert all(line.isprintable() for line in raw.decode().split("\n"))
    assert ID in json_bytes({ID: 1}).decode()
    assert shown("a\x1b\nb") == r"a\x1b\nb"


def test_a_pipe_without_a_reader_ends_quietly() -> None:
    result = shell("$MOCK data generate -n 200 | head -c 5")

    assert (result.stdout, result.stderr) == ('{"con', "")


@FULL
@pytest.mark.parametrize(
    "line",
    [
        "$MOCK env > /dev/full",
        "$MOCK check --list > /dev/full",
        "$MOCK data show small-house >&-",
        "$MOCK --version >/dev/full",
    ],
)
def test_what_cannot_be_written_is_one_line(line: str) -> None:
    result = shell(line)

    assert result.returncode == 2
    assert result.stderr.startswith("casavi-mock: standard output: ")
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.slow
@FULL
@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", ">&- 2>&-", "<&- >&- 2>&-", ">/dev/full 2>/dev/full"])
@pytest.mark.parametrize(
    "verb", ["env", "assumptions", "doctor --port 0", "control clock --port 1", "import -", "--help", "no-such-verb"]
)
def test_no_verb_ends_in_a_traceback(closed: str, verb: str) -> None:
    result = shell(f"$MOCK {verb} {closed}")

    assert result.returncode in (0, 1, 2)
    assert "Traceback" not in result.stderr + result.stdout
    assert "Exception ignored" not in result.stderr


@contextlib.contextmanager
def served(*words: str, redirected: str = "") -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Yields a server whose outputs are somewhere else, and its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    line = f"exec {sys.executable} -m casavi_mock serve --port {port} {' '.join(words)} {redirected}"
    process = subprocess.Popen(["sh", "-c", line], text=True, env=clean_environment(), stdout=subprocess.PIPE)
    try:
        yield process, port
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def wait_until_ready(port: int) -> None:
    assert command("health", "--wait", "60", "--quiet", "--port", str(port)).returncode == 0


def test_a_server_goes_on_when_nobody_reads_what_it_prints() -> None:
    with served("2>/dev/null") as (process, port):
        assert process.stdout is not None
        process.stdout.close()
        wait_until_ready(port)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0


@pytest.mark.slow
@FULL
@pytest.mark.parametrize("redirected", [">/dev/full 2>/dev/full", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_server_goes_on_without_its_outputs(redirected: str) -> None:
    with served("--log-level", "debug", redirected=redirected) as (process, port):
        wait_until_ready(port)
        httpx.get(f"http://127.0.0.1:{port}/contacts", timeout=60)
        assert httpx.get(f"http://127.0.0.1:{port}/_mock/health", timeout=60).json()["status"] == "ok"
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="the system has no such signal")
def test_a_terminal_that_is_closed_saves_the_state(start: Callable, tmp_path: Path) -> None:
    file = tmp_path / "house.db"
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)  # the tests may run under `nohup`, which is handed on
    try:
        running = start("--state", str(file), "--load", "small-house")
    finally:
        signal.signal(signal.SIGHUP, before)

    running.process.send_signal(signal.SIGHUP)
    _, log = running.process.communicate(timeout=60)

    assert running.process.returncode == 0, log
    assert [path.name for path in tmp_path.iterdir()] == ["house.db"]  # all that stood in its log is in it
    kept = sqlite3.connect(file)
    assert kept.execute("SELECT count(*) FROM records").fetchone() > (0,)
    kept.close()


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="the system has no such signal")
def test_nohup_is_obeyed() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with served(redirected="2>/dev/null") as (process, port):
            wait_until_ready(port)
            process.send_signal(signal.SIGHUP)
            assert command("health", "--port", str(port)).returncode == 0
    finally:
        signal.signal(signal.SIGHUP, before)
