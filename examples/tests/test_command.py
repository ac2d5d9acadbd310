"""The command in a process of its own, other HTTP clients, and two accounts."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from erp_sync.__main__ import main
from erp_sync.api import CasaviApi

from pytest_casavi import Casavi, MakeCasavi

HERE = Path(__file__).parents[1]


def command(casavi: Casavi) -> "subprocess.CompletedProcess[str]":
    """Runs the command as cron would."""
    if casavi.transport is not None:
        pytest.skip("another process needs a socket, and the backend inprocess has none")
    return subprocess.run(
        [sys.executable, "-m", "erp_sync", "export"],
        cwd=HERE,
        env={**os.environ, **casavi.env},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_command_syncs(casavi: Casavi) -> None:
    done = command(casavi)

    assert (done.returncode, done.stdout) == (0, "7 created, 0 updated, 0 unchanged\n"), done.stderr
    assert len(casavi.contacts) == 3


def test_the_command_says_when_casavi_refuses_it(
    casavi: Casavi, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if casavi.transport is not None:
        pytest.skip("the command has no transport, and the backend inprocess no socket")
    casavi.faults.on("authenticate").status(401)
    monkeypatch.setattr(sys, "argv", ["erp_sync", str(HERE / "export")])
    for name, value in casavi.env.items():
        monkeypatch.setenv(name, value)

    assert main() == 2
    told = capsys.readouterr().err
    assert told.startswith("erp_sync: POST /authenticate: 401")
    assert casavi.secret not in told


def test_two_customers_do_not_see_each_other(make_casavi: MakeCasavi) -> None:
    one, other = make_casavi(load="small-house"), make_casavi()

    def sleep(seconds: float) -> None:
        other.clock.advance(seconds=seconds)

    with CasaviApi(other.url, other.key, other.secret, sleep=sleep, transport=other.transport) as api:
        api.finished(api.import_master_data({"contacts": [{"id": "C-101", "lastName": "Somebody else"}]}))

    assert one.contacts["C-101"]["lastName"] == "Albrecht"
    assert len(other.contacts) == 1


@pytest.mark.asyncio
async def test_an_async_client_reads_what_was_synced(casavi: Casavi) -> None:
    casavi.load("small-house")

    async with casavi.async_client() as client:
        page = (await client.get("/v2/contacts")).json()

    assert {contact["id"] for contact in page["list"]} == set(casavi.contacts)
