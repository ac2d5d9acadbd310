"""What a server keeps from one run to the next."""

import json
import os
import stat
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from click.testing import Result

from casavi_fixtures import master_data, portfolio_bytes
from casavi_mock.accounts import Account
from casavi_mock.domain.clock import timestamp
from casavi_mock.domain.model import Secret
from casavi_mock.domain.ordering import plan
from casavi_mock.errors import ConfigurationError
from casavi_mock.server import statefile
from casavi_mock.server.portfolios import load
from casavi_mock.server.statefile import StateFile
from tests.support.accounts import registry
from tests.support.time import FakeTime

Run = Callable[..., Result]


def open_account(portfolio: str | None = None) -> Account:
    account = registry().create("key-of-the-account", Secret("secret-of-the-account"))
    if portfolio:
        load(account, portfolio)
    return account


def kept(path: Path, account: Account) -> StateFile:
    return StateFile(str(path), account, FakeTime())


def records(url: str) -> dict[str, int]:
    held: dict[str, int] = httpx.get(f"{url}/_mock/health", timeout=60).json()["records"]
    return held


def test_records_outlive_the_server(start: Callable, run: Run, tmp_path: Path) -> None:
    file = tmp_path / "house.json"
    running = start("--state", str(file), "--progress", "immediate")
    body = json.dumps({"contacts": [{"id": "of the first run"}]})
    assert run("import", "-", "--url", running.url, stdin=body).exit_code == 0
    assert running.stop()[0] == 0

    again = start("--state", str(file), "--load", "small-house")

    assert (records(again.url)["contacts"], records(again.url)["units"]) == (
        1,
        0,
    )  # the state goes before what is loaded
    code, log = again.stop()
    assert code == 0
    saved = json.loads(file.read_text())
    assert f"took the state of {file}, saved at {saved['_mock']['savedAt']}: 1 contact" in log
    assert saved["contacts"] == [{"id": "of the first run"}]
    assert list(tmp_path.iterdir()) == [file]


def test_it_is_saved_while_the_server_runs(start: Callable, run: Run, tmp_path: Path) -> None:
    file = tmp_path / "house.json"
    running = start("--state", str(file), "--state-seconds", "0.01", "--progress", "immediate", "--log-format", "json")

    assert run("import", "-", "--url", running.url, stdin=portfolio_bytes("small-house")).exit_code == 0
    for line in running.process.stderr:  # killed as soon as it tells that it has saved what was imported
        if "saved the state" in line and len(json.loads(file.read_text())["contacts"]) == 10:
            break
    running.process.kill()
    running.process.wait()
    saved_at = json.loads(file.read_text())["_mock"]["savedAt"]

    health = httpx.get(f"{start('--state', str(file)).url}/_mock/health", timeout=60).json()
    assert health["records"]["contacts"] == 10
    assert health["state"] == {"file": "house.json", "loaded": saved_at, "saved": saved_at}


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("", "zero-length"),
        ('{"contacts": [', "Line 1"),
        ("[]", "not a portfolio"),
        ('{"contacts": [{"id": 1}], "_mock": {}}', "/contacts/0/id"),
        ('{"contacts": [], "_mock": {"version": 99}}', "/_mock/version"),
        ('{"contacts": []}', "--load"),
    ],
)
def test_a_damaged_file_is_refused_and_left_alone(run: Run, tmp_path: Path, content: str, named: str) -> None:
    file = tmp_path / "house.json"
    file.write_text(content)

    result = run("serve", "--port", "0", "--state", str(file))

    assert result.exit_code == 2
    assert "house.json" in result.stderr
    assert named in result.stderr
    assert file.read_text() == content
    assert list(tmp_path.iterdir()) == [file]


def test_a_folder_that_is_not_there_is_refused(run: Run, tmp_path: Path) -> None:
    result = run("serve", "--port", "0", "--state", str(tmp_path / "nowhere" / "house.json"))

    assert result.exit_code == 2
    assert "no such folder" in result.stderr


def test_a_file_that_cannot_be_read_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = kept(tmp_path / "house.json", open_account())
    monkeypatch.setattr(Path, "read_bytes", _denied)

    with pytest.raises(ConfigurationError, match="cannot be read: Permission denied"):
        file.load()


def _denied(*_: object) -> bytes:
    raise PermissionError(13, "Permission denied")


@pytest.mark.parametrize("portfolio", ["documentation-example", "small-house"])
def test_what_is_saved_is_what_is_loaded(tmp_path: Path, portfolio: str) -> None:
    account, other = open_account(portfolio), open_account()
    assert kept(tmp_path / "house.json", account).save()

    file = kept(tmp_path / "house.json", other)

    assert file.load()
    assert other.state() == account.state()
    assert not file.save()


def test_the_file_tells_about_itself_but_no_secret(tmp_path: Path) -> None:
    kept(tmp_path / "house.json", open_account("small-house")).save()

    text = (tmp_path / "house.json").read_text()

    about = json.loads(text)["_mock"]
    assert about["savedAt"] == "2026-01-05T08:00:00.000Z"
    assert about["account"] == "key-of-the-account"
    assert "secret-of-the-account" not in text


def test_only_changes_are_saved(tmp_path: Path) -> None:
    account = open_account()
    file = kept(tmp_path / "house.json", account)

    assert [file.load(), file.save(), file.save()] == [False, True, False]
    account.load(plan(master_data(), account.settings.shape))
    assert [file.save(), file.save()] == [True, False]


def test_a_failed_saving_leaves_the_former_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    account = open_account("small-house")
    file = kept(tmp_path / "house.json", account)
    file.save()
    before = (tmp_path / "house.json").read_bytes()
    account.reset()
    with monkeypatch.context() as full:
        full.setattr(os, "fsync", _full)
        with pytest.raises(ConfigurationError, match="cannot be saved: No space left"), file.kept(1000):
            file.save_or_log()  # tells it, and goes on
    assert (tmp_path / "house.json").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["house.json"]

    assert file.save()  # as soon as it can be


def _full(number: int) -> None:
    raise OSError(28, "No space left on device")


def test_trouble_inside_the_mock_is_logged(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(statefile, "_replace", lambda path, content: 1 / 0)

    kept(tmp_path / "house.json", open_account()).save_or_log()

    assert "could not be saved" in caplog.text


def test_the_mode_of_the_file_stays(tmp_path: Path) -> None:
    path = tmp_path / "house.json"
    account = open_account()
    kept(path, account).save()
    path.chmod(0o600)
    account.reset()

    kept(path, account).save()

    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "link.json").symlink_to(tmp_path / "house.json")

    kept(tmp_path / "link.json", open_account()).save()

    assert (tmp_path / "link.json").is_symlink()
    assert (tmp_path / "house.json").is_file()


@pytest.mark.parametrize(
    "url", ["casavi.test", "ftp://mock", "http://", "http://mock:x", "http://mock/?a=1", "http://a:b@c"]
)
def test_an_unusable_address_is_refused(run: Run, url: str) -> None:
    result = run("serve", "--base-url", url)

    assert result.exit_code == 2
    assert "give an address" in result.stderr


def test_an_unusable_control_token_is_refused_and_not_repeated(run: Run) -> None:
    result = run("serve", CASAVI_MOCK_CONTROL_TOKEN="half a token")

    assert result.exit_code == 2
    assert "no blanks" in result.stderr
    assert "half a token" not in result.stderr


def test_the_address_that_is_told_is_printed(start: Callable) -> None:
    running = start("--base-url", "http://127.0.0.1:1/manager/", "--control-token", "t0ken", "--log-format", "json")

    _, log = running.stop()

    assert json.loads(running.printed[-1])["url"] == "http://127.0.0.1:1/manager"
    assert "t0ken" not in log + "".join(running.printed)


@pytest.mark.parametrize(
    ("told", "loaded"),
    [(None, None), (7, None), ("nonsense", None), ("2026-01-05T08:00:00+01:00", "2026-01-05T07:00:00.000Z")],
)
def test_when_it_was_saved_is_told_as_far_as_the_file_does(tmp_path: Path, told: object, loaded: str | None) -> None:
    file = tmp_path / "house.json"
    kept(file, open_account("small-house")).save()
    content = json.loads(file.read_text())
    file.write_text(json.dumps(content | {"_mock": content["_mock"] | {"savedAt": told}}))

    state = kept(file, open_account())

    assert state.view() == {"file": "house.json", "loaded": None, "saved": None}
    assert state.load()
    assert state.view() == {"file": "house.json", "loaded": loaded, "saved": loaded}


def test_what_had_happened_when_it_was_saved_is_in_it(tmp_path: Path) -> None:
    """The time in the file is that before its records were taken, not after."""
    account, time = open_account("small-house"), FakeTime()
    state = StateFile(str(tmp_path / "house.json"), account, time)
    before = timestamp(time())
    taken = account.state

    def slow() -> dict[str, object]:
        time.advance(seconds=5)
        return taken()

    account.state = slow  # type: ignore[method-assign]
    assert state.save()
    assert json.loads((tmp_path / "house.json").read_text())["_mock"]["savedAt"] == before
