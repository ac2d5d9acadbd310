"""Sequences of steps through `casavi-mock check`: at a wrong server, again from a file, and at a server that is no mock."""

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from casavi_contracts.stateful import NAME
from casavi_mock.server.app import system_now
from tests.contracts.mutants import counts
from tests.support.server import ACCOUNT, CONSENT, SECOND, Mock
from tests.support.tamper import Tamper

Run = Callable[..., Result]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def counting_twice() -> Tamper:
    (found,) = (mutant for mutant in counts.MUTANTS if mutant.name == "counts-created-doubled")
    return found.make()


@pytest.mark.slow
def test_steps_are_told_and_played_again(run: Run) -> None:
    with Mock(progress="immediate", accounts=2).listening(counting_twice()) as server:
        first = run("check", "--only", NAME, "--version", "v1", "--url", server.url)
        (command,) = re.findall(r"again:  (casavi-mock check .*--replay \S+\.json)$", first.stdout, re.MULTILINE)
        again = run(*shlex.split(command)[1:])
    healthy = run("check", "--replay", shlex.split(command)[-1])

    assert (first.exit_code, again.exit_code, healthy.exit_code) == (1, 1, 0), again.output + healthy.output
    for result in (first, again):
        assert f"{NAME} [v1]" in result.stdout
        assert re.search(r"step 1 +account \d imports ", result.stdout)
        assert not re.search(r"step 2 ", result.stdout)


def test_at_an_account_every_id_has_the_prefix_and_nothing_expires(run: Run, folder: Path) -> None:
    with Mock(progress="immediate", accounts=2, control=False, now=system_now).listening(recording=True) as server:
        result = run(
            "check", "--only", NAME, "--url", server.url, "--allow-writes", "--rate", "1000", "--max-examples", "2",
            "--json", "a.json", **ACCOUNT, **SECOND, **CONSENT,
        )  # fmt: skip
        imports = [json.loads(one.body) for one in server.imports]

    assert result.exit_code == 0, result.output
    told = json.loads((folder / "a.json").read_text())
    assert [check["outcome"] for check in told["checks"]] == ["passed", "passed"]
    ids = [
        record["id"]
        for body in imports
        for records in body.values()
        for record in (records if isinstance(records, list) else ())
        if isinstance(record, dict) and isinstance(record.get("id"), str) and record["id"]
    ]
    assert len(ids) > 10
    assert all(reference.startswith(told["run"]["prefix"]) for reference in ids)
    assert not any(secret in result.output for secret in (*ACCOUNT.values(), *SECOND.values(), *server.tokens))
