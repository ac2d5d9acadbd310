"""What a server keeps from one run to the next, as a user sees it."""

import json
import os
import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from click.testing import Result

from casavi_fixtures import portfolio_bytes
from casavi_mock.cli.options import EXAMPLE_KEY, credentials
from casavi_mock.server.portfolios import load
from casavi_mock.state import database, former, schema
from casavi_mock.state.keeper import Keeper, StateOptions
from tests.support.accounts import registry
from tests.support.kept import KEY, Kept, seen
from tests.support.time import FakeTime

Run = Callable[..., Result]
OLD = Path(__file__).parent / "states"
"""A file of each version that there was."""


def test_a_killed_server_goes_on(start: Callable, tmp_path: Path) -> None:
    """Accounts, tokens, clocks, jobs, records, snapshots and faults are there after `kill -9`."""
    file = tmp_path / "house.db"
    second = {"X-Mock-Key": "second-key-of-an-account"}
    with httpx.Client(
        base_url=(running := start("--state", str(file), "--progress", "manual")).url, timeout=60
    ) as http:
        own = {"key": EXAMPLE_KEY, "secret": credentials(None, None)[1].reveal()}
        other = {"key": second["X-Mock-Key"], "secret": "second-secret-of-an-account"}
        http.post("/_mock/accounts", json={**other, "load": "small-house"}).raise_for_status()
        tokens = [http.post("/authenticate", json=one).json()["token"] for one in (own, other)]
        http.post("/_mock/clock/advance", json={"days": 3}).raise_for_status()
        tokens[0] = http.post("/authenticate", json=own).json()["token"]
        http.put("/_mock/snapshots/before", headers=second).raise_for_status()
        fault = {"operation": "getJob", "effect": {"kind": "status", "status": 500}, "times": 1}
        http.post("/_mock/faults", json=fault, headers=second).raise_for_status()
        body = {"contacts": [{"id": "C-1"}]}
        jobs = [http.post("/import", json=body, headers={"token": one}).json()["jobId"] for one in tokens]
        moment = http.get("/_mock/clock").json()["now"]
    running.process.kill()
    running.process.wait()

    with httpx.Client(base_url=(again := start("--state", str(file), "--progress", "manual")).url, timeout=60) as http:
        assert http.get("/_mock/clock").json()["now"] >= moment
        assert http.get(f"/jobs/{jobs[0]}", headers={"token": tokens[0]}).json()["status"] == "waiting"
        assert [http.get(f"/jobs/{jobs[1]}", headers={"token": tokens[1]}).status_code for _ in "12"] == [500, 200]
        assert http.post("/_mock/queue/drain").json() == {"ended": 1}
        told = http.get("/contacts", headers={"token": tokens[0]}).json()
        assert [one["id"] for one in told["_embedded"]["contacts"]] if "_embedded" in told else told
        names = [one["name"] for one in http.get("/_mock/snapshots", headers=second).json()["snapshots"]]
        assert names == ["before"]
        assert http.post("/authenticate", json=other).status_code == 200
        assert http.get("/_mock/health").json()["records"]["contacts"] == 11
    code, log = again.stop()
    assert code == 0
    assert "took the state of" in log
    assert [path.name for path in tmp_path.iterdir()] == ["house.db"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    content = file.read_bytes()
    for secret in (own["secret"], other["secret"], *tokens):
        assert secret.encode() not in content


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("[]", "not a portfolio"),
        ('{"contacts": [', "Line 1"),
        ('{"contacts": [{"id": 1}], "_mock": {}}', "/contacts/0/id"),
        ('{"contacts": [], "_mock": {"version": 99}}', "/_mock/version"),
        ('{"contacts": []}', "--load"),
        ("SQLite format 3\0 and nothing of the kind", "damaged"),
    ],
)
def test_a_damaged_file_is_refused_and_left_alone(run: Run, tmp_path: Path, content: str, named: str) -> None:
    file = tmp_path / "house.db"
    file.write_text(content)

    result = run("serve", "--port", "0", "--state", str(file))

    assert result.exit_code == 2
    assert "house.db" in result.stderr
    assert named in result.stderr
    assert file.read_text() == content
    assert list(tmp_path.iterdir()) == [file]


def test_a_file_with_holes_is_refused(run: Run, tmp_path: Path) -> None:
    kept = Kept(tmp_path / "house.db")
    load(kept.account, "small-house")
    kept.keeper.close()
    whole = kept.path.read_bytes()
    kept.path.write_bytes(whole[:4096] + bytes(8192) + whole[12288:])
    holes = kept.path.read_bytes()

    result = run("serve", "--port", "0", "--state", str(kept.path))

    assert (result.exit_code, "damaged" in result.stderr) == (2, True)
    assert kept.path.read_bytes() == holes


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (f"PRAGMA user_version = {schema.VERSION + 1}", "newer casavi-mock"),
        ("PRAGMA application_id = 1", "another program"),
        ("UPDATE parts SET about = '{}x'", "damaged"),
        ("UPDATE records SET record = '[]'", "damaged"),
        ("DELETE FROM parts", "damaged"),
    ],
)
def test_a_file_that_cannot_be_understood_is_left_alone(run: Run, tmp_path: Path, change: str, named: str) -> None:
    kept = Kept(tmp_path / "house.db")
    load(kept.account, "small-house")
    kept.keeper.close()
    with sqlite3.connect(kept.path) as connection:
        connection.execute(change)
    connection.close()
    with sqlite3.connect(kept.path) as connection:
        before = list(connection.iterdump())
    connection.close()

    result = run("serve", "--port", "0", "--state", str(kept.path))

    assert (result.exit_code, named in result.stderr) == (2, True), result.stderr
    with sqlite3.connect(kept.path) as connection:
        assert list(connection.iterdump()) == before
    connection.close()


@pytest.mark.parametrize("content", [b"my notes", b"\x00\x01", b"PK\x03\x04", b"127.0.0.1 localhost", b"\xff\xfe{"])
def test_a_file_of_something_else_is_named_and_left_alone(run: Run, tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "notes.txt"
    file.write_bytes(content)

    result = run("serve", "--port", "0", "--state", str(file))

    assert result.exit_code == 2
    assert result.stderr == f"casavi-mock: {file}: no state that casavi-mock saved; give another file\n"
    assert file.read_bytes() == content


def test_a_folder_that_is_not_there_is_refused(run: Run, tmp_path: Path) -> None:
    result = run("serve", "--port", "0", "--state", str(tmp_path / "nowhere" / "house.db"))

    assert result.exit_code == 2
    assert "no such folder" in result.stderr


def test_a_file_that_cannot_be_made_is_refused(run: Run) -> None:
    result = run("serve", "--port", "0", "--state", "/proc/house.db")

    assert result.exit_code == 2
    assert "cannot be written" in result.stderr


def test_a_file_that_cannot_be_written_is_refused(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Kept(tmp_path / "house.db")
    kept.keeper.close()
    monkeypatch.setattr(os, "access", lambda path, mode: path != kept.path)  # to root everything is writable

    result = run("serve", "--port", "0", "--state", str(kept.path))

    assert result.exit_code == 2
    assert "read-only" in result.stderr


def test_two_servers_do_not_share_a_file(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.01)
    kept = Kept(tmp_path / "house.db")

    result = run("serve", "--port", "0", "--state", str(kept.path))

    assert result.exit_code == 2
    assert "house.db: another server keeps its state in it" in result.stderr
    assert kept.send({"contacts": [{"id": "C-1"}]})
    assert kept.keeper.wait() is None
    kept.keeper.close()


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("PRAGMA query_only = 1; CREATE TABLE a (b)", "read-only"),
        ("PRAGMA max_page_count = 1; CREATE TABLE a (b)", "disk is full"),
        ("SELECT 1 FROM nowhere", "cannot be used: no such table"),
    ],
)
def test_what_sqlite_refuses_is_told_in_a_sentence(statement: str, told: str) -> None:
    connection = sqlite3.connect(":memory:")
    first, _, second = statement.partition(";")
    if second:
        connection.execute(first).fetchall()
    with pytest.raises(sqlite3.Error) as refused:
        connection.execute(second or first)
    connection.close()

    assert told in database.reason(refused.value)


@pytest.mark.parametrize("name", sorted(path.name for path in OLD.iterdir()))
def test_a_file_of_every_version_is_taken(tmp_path: Path, name: str) -> None:
    """`0.json` is of the time when the records of one account were kept as JSON."""
    file = tmp_path / "house.db"
    if name.endswith(".json"):
        file.write_bytes((OLD / name).read_bytes())
    else:
        connection = sqlite3.connect(file)
        connection.executescript((OLD / name).read_text())
        connection.close()

    kept = Kept(file)

    documentation = registry().create(KEY, kept.account.secret)
    load(documentation, "small-house")
    portfolio = {name: part for name, part in documentation.state().items() if name != "_mock"}
    found = kept.account.state()
    assert {name: part for name, part in found.items() if name != "_mock"} == portfolio
    expected = seen(kept)
    kept.keeper.close()
    again = Kept(file)
    assert seen(again) == expected
    again.keeper.close()
    if name.endswith(".json"):
        assert (tmp_path / "house.db.former").read_bytes() == (OLD / name).read_bytes()


def test_there_is_a_file_of_every_version() -> None:
    assert sorted(path.stem for path in OLD.iterdir()) == [str(number) for number in range(schema.VERSION + 1)]


def test_a_former_file_stays_if_there_is_no_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "house.db"
    file.write_bytes((OLD / "0.json").read_bytes())

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(former, "_replace", full)
    with pytest.raises(former.ConfigurationError, match="cannot be saved: No space left"):
        Kept(file)

    assert file.read_bytes() == (OLD / "0.json").read_bytes()


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "link.db").symlink_to(tmp_path / "house.db")

    Kept(tmp_path / "link.db").keeper.close()

    assert (tmp_path / "link.db").is_symlink()
    assert (tmp_path / "house.db").is_file()


def test_a_reset_goes_back_to_what_was_loaded(tmp_path: Path) -> None:
    seed = {"contacts": [{"id": "of the start"}]}
    kept = Kept(tmp_path / "house.db", seed=seed)
    kept.send({"contacts": [{"id": "of a client"}]})
    kept.keeper.close()

    again = Kept(tmp_path / "house.db", kept.time)
    assert again.account.store.count("contacts") == 2
    again.account.reset()
    assert [record.key for record in again.account.store.records("contacts")] == ["of the start"]
    again.keeper.close()

    third = Kept(tmp_path / "house.db", kept.time, seed={"contacts": [{"id": "of a later start"}]})
    assert [record.key for record in third.account.store.records("contacts")] == ["of the start"]
    third.account.reset()
    assert [record.key for record in third.account.store.records("contacts")] == ["of a later start"]
    third.keeper.close()


def test_the_options_of_a_start_decide_how_jobs_go_on(tmp_path: Path) -> None:
    from casavi_mock.domain.jobs import Progress

    kept = Kept(tmp_path / "house.db", progress=Progress(job_seconds=100))
    kept.send({"contacts": [{"id": "C-1"}]})
    kept.keeper.close()

    again = Kept(tmp_path / "house.db", kept.time, progress=Progress(job_seconds=1))
    assert again.account.progress.job_seconds == 1
    again.account.set_progress(Progress(progress="manual"))
    again.keeper.close()

    third = Kept(tmp_path / "house.db", kept.time, progress=Progress(job_seconds=1))
    assert third.account.progress.manual
    third.keeper.close()


def test_a_clock_never_goes_back(tmp_path: Path) -> None:
    """Not even if that of the system was set back while the server was down."""
    kept = Kept(tmp_path / "house.db")
    kept.time.advance(days=2)
    job = kept.send({"contacts": [{"id": "C-1"}]})
    told = kept.account.clock.now()
    kept.keeper.close()
    kept.time.advance(days=-5)

    again = Kept(tmp_path / "house.db", kept.time)

    assert again.account.clock.now() >= told
    again.send({"contacts": [{"id": "C-1", "firstName": "Eva"}]})
    (record,) = again.account.store.records("contacts")
    assert record.created_at <= record.modified_at
    assert again.account.read_job(job) is not None
    again.keeper.close()


def test_an_unfinished_import_under_another_profile_is_told(tmp_path: Path) -> None:
    from casavi_mock.domain.jobs import Progress
    from casavi_mock.errors import ConfigurationError

    kept = Kept(tmp_path / "house.db", progress=Progress(progress="manual"))
    kept.send(json.loads(portfolio_bytes("small-house")) | {"contacts": [{"id": ""}]})
    kept.keeper.close()

    with pytest.raises(ConfigurationError, match="none under this profile"):
        Kept(tmp_path / "house.db", kept.time)


def test_more_accounts_than_there_may_be_are_told(tmp_path: Path) -> None:
    from casavi_mock.accounts import Limits
    from casavi_mock.domain.model import Secret
    from casavi_mock.errors import ConfigurationError

    kept = Kept(tmp_path / "house.db")
    kept.registry.create("another-key-of-an-account", Secret("s"))
    kept.keeper.close()

    with pytest.raises(ConfigurationError, match="not all accounts"):
        Kept(tmp_path / "house.db", kept.time, limits=Limits(max_accounts=1))


def test_the_state_of_the_first_account_alone_stood_in_former_files(tmp_path: Path) -> None:
    file = tmp_path / "house.db"
    file.write_bytes((OLD / "0.json").read_bytes())
    accounts = registry(time=FakeTime())
    first, second = (accounts.create(f"key-{number}-of-an-account", credentials(None, None)[1]) for number in "12")

    Keeper(StateOptions(path=str(file)), accounts, FakeTime()).close()

    assert (first.store.total > 0, second.store.total) == (True, 0)
