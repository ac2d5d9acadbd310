"""Real HTTP clients hold a whole conversation with the mock, each as a small program in its own language.

Log in, import with umlauts, slashes and an emoji in ids, follow the job, read back by id, refresh, one refused record, one
import of a hundred: over one connection, where the client keeps one. What was said is judged by the journal of the server.
A client that is not there is skipped; docs/how-to/clients.md has the table.
"""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any, ClassVar

import pytest

from casavi_fixtures import address, contact, contract, property_, unit
from casavi_mock.accounts import Account
from casavi_mock.domain.jobs import Progress
from casavi_mock.server import serving
from casavi_mock.server.protocol import BoundedProtocol
from tests.support.pages import blocks, read
from tests.support.server import ACCOUNT, SECRET, Live, Mock

PROGRAMS = Path(__file__).parent / "programs"
IDS = ["Müller/1", "a b+c", "🏠-ß/ü", "100%", "x?y#z", "Łódź;v=1", "..%2F.."]
SECONDS = 240
"""Longest wait for a program; Go compiles its library first."""


@dataclass(frozen=True)
class Program:
    """A client.

    Args:
        name: What it is called in docs/how-to/clients.md.
        command: The program and its arguments; files are those of the folder.
        needs: The tool, or the package of Python, without which it cannot run.
        connections: How many it opens at most; None if it opens one for each request.
        variables: What is in its environment.
    """

    name: str
    command: tuple[str, ...]
    needs: str
    connections: int | None = 1
    variables: dict[str, str] = field(default_factory=dict)


def python(package: str) -> Program:
    return Program(f"Python {package}", (sys.executable, f"python_{package}.py"), f"python:{package}")


def curl(name: str, options: str) -> Program:
    return Program(f"curl {name}".strip(), ("bash", "curl.sh"), "curl", None, {"CURL_OPTIONS": options})


CLIENTS = [
    Program("JDK HttpClient", ("java", "JdkHttpClient.java"), "java"),
    Program("JDK HttpURLConnection", ("java", "UrlConnection.java"), "java"),
    Program("Node fetch", ("node", "node_fetch.mjs"), "node", 2),
    Program("Node http", ("node", "node_http.mjs"), "node"),
    Program("Go net/http", ("go", "run", "net_http.go"), "go"),
    Program("PHP curl", ("php", "php_curl.php"), "php:curl"),
    Program("PHP streams", ("php", "php_streams.php"), "php", None),
    Program("Ruby net/http", ("ruby", "net_http.rb"), "ruby"),
    Program("Perl HTTP::Tiny", ("perl", "http_tiny.pl"), "perl"),
    curl("", "--http1.1"),
    curl("--http2", "--http2"),
    curl("with Expect", "-H Expect:100-continue"),
    curl("--http1.0", "--http1.0"),
    curl("in chunks", "-H Transfer-Encoding:chunked"),
    python("requests"),
    python("httpx"),
    python("aiohttp"),
    python("urllib3"),
]


def missing(needed: str) -> bool:
    tool, _, part = needed.partition(":")
    if tool == "python":
        return importlib.util.find_spec(part) is None
    if shutil.which(tool) is None:
        return True
    return bool(part) and part not in subprocess.run(["php", "-m"], capture_output=True, text=True).stdout.split()


class Counting(BoundedProtocol):
    """Counts the connections that were opened."""

    opened: ClassVar[Counter[int]] = Counter()

    def connection_made(self, transport: Any) -> None:
        Counting.opened[transport.get_extra_info("sockname")[1]] += 1
        super().connection_made(transport)


def prepare(folder: Path, account: Account) -> None:
    """Puts programs and what they send into a folder."""
    shutil.copytree(PROGRAMS, folder, dirs_exist_ok=True)
    tenant = contract(id="V-1", contactId="nobody")
    orphan = property_(id="P-1", addresses=[address(units=[unit(id="U-1", contracts=[tenant])])])
    bodies: dict[str, Any] = {
        "log-in": {"key": account.key, "secret": SECRET},
        "umlauts": {"contacts": [contact(id=one, lastName="Weiß-Übel 🏠") for one in IDS]},
        "refresh": {"apiKey": account.key, "token": "OLD-TOKEN"},
        "refused": {"properties": [orphan]},
        "hundred": {"contacts": [contact(id=f"C-{number}") for number in range(100)]},
    }
    for name, body in bodies.items():
        (folder / f"{name}.json").write_text(json.dumps(body, ensure_ascii=name == "refused"), encoding="utf-8")
    (folder / "ids.txt").write_text("\n".join(IDS), encoding="utf-8")


def run(program: Program, live: Live, folder: Path) -> None:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "JAVA_HOME", "SYSTEMROOT") if name in os.environ}
    variables = {**kept, "LANG": "C.UTF-8", "CASAVI_URL": live.url, "GOCACHE": str(folder / "go"), "GO111MODULE": "off"}
    done = subprocess.run(
        program.command,
        cwd=folder,
        env={**variables, **program.variables},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


CONVERSATION = [
    *("authenticate 200", "importMasterData 202", "getJob 200", *["getContactById 200"] * len(IDS), "refreshToken 200"),
    *("importMasterData 202", "getJob 200", "importMasterData 202", "getJob 200"),
]


def said(account: Account) -> list[str]:
    """Operations and statuses in their order; of the looks at a job only one."""
    entries = [(entry.operation, entry.status) for entry in account.journal]
    steps: list[str] = []
    for (operation, status), group in groupby(entries):
        steps += [f"{operation} {status}"] * (1 if operation == "getJob" else len(list(group)))
    return steps


@pytest.mark.parametrize(
    "program",
    [pytest.param(one, id=one.name, marks=() if one.name == "curl --http2" else pytest.mark.slow) for one in CLIENTS],
)
def test_a_whole_conversation(program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if missing(program.needs):
        pytest.skip(f"{program.name}: {program.needs} is not installed")
    monkeypatch.setattr(serving, "BoundedProtocol", Counting)
    with Mock(progress=Progress(progress="manual", polls=1)).listening() as live:
        account = live.mock.account()
        prepare(tmp_path, account)
        run(program, live, tmp_path)
        opened = Counting.opened[live.port]
    assert said(account) == CONVERSATION
    assert account.store.count("contacts") == len(IDS) + 100
    stored = {record.key: record.fields["lastName"] for record in account.store.records("contacts")}
    assert {stored[one] for one in IDS} == {"Weiß-Übel 🏠"}
    assert [name for entry in account.journal for name in entry.refused] == [("units", "U-1")]
    assert {entry.rule for entry in account.journal} == {None}
    assert opened <= (program.connections or len(list(account.journal)))


def test_every_client_is_in_the_table() -> None:
    page = read("how-to/clients")
    rows = [line.split("|")[1].strip().strip("`") for line in page.splitlines() if line.startswith("| ")]
    assert {program.name for program in CLIENTS} <= set(rows)


@pytest.mark.slow  # the JDK compiles it first
def test_the_client_of_the_page_runs(tmp_path: Path) -> None:
    if shutil.which("java") is None:
        pytest.skip("java is not installed")
    (code,) = blocks(read("how-to/clients"), "java")
    (tmp_path / "Sync.java").write_text(code, encoding="utf-8")
    with Mock(accounts=1, progress="immediate").listening() as live:
        environment = {**os.environ, "CASAVI_URL": live.url, **ACCOUNT}
        command = ["java", str(tmp_path / "Sync.java")]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=SECONDS)
    assert (done.stdout, done.stderr) == ("completed\n", "")
