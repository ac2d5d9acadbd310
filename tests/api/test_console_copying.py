"""What the console copies: a command line that a shell takes apart as it was meant, and a test that runs and passes."""

import subprocess

import pytest

from casavi_fixtures import load_portfolio
from casavi_mock.accounts import Account
from casavi_mock.console.advice import ADVICE
from casavi_mock.console.copying import as_curl, as_test
from casavi_mock.domain.faults import Effect, Fault
from casavi_mock.domain.journal import Exchange
from casavi_mock.handlers.jobs import status_of
from tests.support.client import Client

HOSTILE = (
    "it's",
    "$HOME `id` $(id)",
    '"; rm x; "',
    "\u202eä\u0000",
    "line\nline",
    "a\\b",
    "'''",
    '"""',
    "\ud83d".encode("utf-8", "replace").decode(),
)


def words(command: str) -> list[str]:
    """What a shell makes of a command line, the name of the command left out."""
    assert command.startswith("curl ")
    done = subprocess.run(
        ["bash", "-c", "printf '%s\\0' " + command.removeprefix("curl ")],
        capture_output=True,
        check=True,
        env={"CASAVI_TOKEN": "the-token"},
    )
    return done.stdout.decode().split("\0")[:-1]


def copied(account: Account, number: int) -> str:
    """The test of an exchange."""
    exchange = next(one for one in account.journal if one.number == number)
    job = account.queue.find(exchange.job_id, account.clock.now()) if exchange.job_id else None
    return as_test(exchange, job, status_of(job, account.settings) if job else "")


def with_body(exchange: Exchange, text: str) -> Exchange:
    raw = text.encode()
    return exchange._replace(request_body=raw, request_bytes=len(raw), path=f"/contacts/{text}", query="")


@pytest.mark.parametrize("text", HOSTILE)
async def test_a_shell_gets_what_was_sent(client: Client, text: str) -> None:
    await client.send({"contacts": []})
    exchange = client.account.journal.last
    assert exchange is not None
    command = as_curl(with_body(exchange, text), "http://127.0.0.1:1")
    if "\0" in text:
        assert words(command)[-1] == "@body.json"
    else:
        assert words(command)[-2:] == ["--data-binary", text]
    assert "token: the-token" in words(command)
    compile(as_test(with_body(exchange, text)), "test_copied.py", "exec")


async def test_a_log_in_is_copied_without_its_secret(client: Client) -> None:
    await client.log_in()
    exchange = client.account.journal.last
    assert exchange is not None
    await client.connection.get("/contacts", headers={"token": client.token, "authorization": "Bearer something-else"})
    other = client.account.journal.last
    assert other is not None
    assert "uthorization" not in as_curl(other, "http://127.0.0.1:1") + as_test(other)
    for text in (as_curl(exchange, "http://127.0.0.1:1"), as_test(exchange)):
        assert client.account.secret.reveal() not in text
        assert client.account.key not in text


async def exchanges(client: Client) -> list[str]:
    """Tests of exchanges of all kinds."""
    account = client.account
    await client.log_in()  # 1
    await client.imported({"contacts": [{"id": "C-ä\u202e"}]})  # 2, 3
    await client.imported({"properties": [{"id": "P", "documents": [{"id": "D", "contactId": "nobody"}]}]})
    await client.send({"contacts": 7})
    account.force("failed")
    await client.imported(load_portfolio("small-house"))
    await client.get("/jobs/none")
    with account.lock:
        account.faults.add(Fault(operation="getContacts", effect=Effect(kind="status", status=503), times=1))
    await client.connection.get("/contacts", headers={"token": client.token})
    await client.connection.get("/contacts", headers={"token": "wrong"})
    return [copied(account, one.number) for one in account.journal]


async def test_copied_tests_are_python(client: Client) -> None:
    tests = await exchanges(client)
    assert len(tests) > 9
    for text in tests:
        compile(text, "test_copied.py", "exec")
        assert text.replace("\n", "").isprintable()


@pytest.mark.slow
async def test_copied_tests_pass(client: Client, pytester: pytest.Pytester) -> None:
    tests = [text for text in await exchanges(client) if "casavi.jobs.last.id" not in text]
    for number, text in enumerate(tests):
        pytester.makepyfile(**{f"test_{number}": text})
    outcome = pytester.runpytest_subprocess("-p", "no:randomly", "-p", "no:xdist", "-q")
    outcome.assert_outcomes(passed=len(tests))


def test_there_is_advice_for_every_rule_of_a_job(client: Client) -> None:
    rules = {name for name, rule in client.mock.settings.rules.items() if rule.status is None}
    assert set(ADVICE) == rules - {"unknown-field", "forced"}, "these two are warnings"
