"""Checks about imports that wait for each other and take turns."""

from itertools import pairwise
from typing import Any

from casavi_contracts.checks.definition import check
from casavi_contracts.expect.moments import moment_of
from casavi_contracts.expect.observing import accepted, expect_job, expect_read, own
from casavi_contracts.model import Account
from casavi_contracts.strategies import interleavings
from casavi_contracts.target import Capability
from casavi_contracts.trial import Trial

WRITES = (Capability.WRITE,)
IMPORTS = ("importMasterData",)


@check(assumed="job-object", source="8.1", operations=("importMasterData", "getJob"), needs=WRITES)
def jobs_take_their_turn(trial: Trial) -> None:
    """The jobs of an account are done one after the other, in the order in which they were accepted."""
    bodies = [{"contacts": [{"id": f"C-{n}", "lastName": "Smith"} for n in range(size)]} for size in (8, 1, 4)]
    jobs = [trial.account.submit(trial.names.own(body)) for body in bodies]
    trial.account.job(jobs[0])
    last = trial.account.finish(jobs[-1])
    ended = [*map(trial.account.job, jobs[:-1]), last]
    for job in ended:
        final = job["status"] in trial.contract.final_states
        trial.expect(final, "a job to have ended before one that came later", repr(job["status"]))
    for one, other in pairwise(ended):
        first, second = moment_of(trial, one, "finishedAt"), moment_of(trial, other, "startedAt")
        assert first is not None, "it has ended"
        assert second is not None, "it has ended"
        trial.expect(first <= second, "a job to start when the one before has ended", f"{second} before {first}")


@check(inferred="8.1", operations=IMPORTS, needs=WRITES, each=lambda contract: (2, 3, 4))
def imports_in_flight_keep_their_order(trial: Trial, case: Any) -> None:
    """Of several imports that are sent one after another without waiting, the last one has the last word."""
    account, client = Account(trial.contract), trial.account
    sent = [trial.names.own(_edition(number)) for number in range(case)]
    expected = [accepted(trial, account, portfolio) for portfolio in sent]
    jobs = [client.submit(portfolio) for portfolio in sent]
    ended = [client.finish(job) for job in jobs]
    for number, contact in enumerate(own(trial, "contacts")):
        if number == 0:
            last = f"edition {case - 1}"
            trial.expect(contact["lastName"] == last, f"the contact as it was sent last, {last!r}", contact["lastName"])
    expect_read(trial, account)
    for job, prediction in zip(ended, expected, strict=True):
        expect_job(trial, job, prediction)


def _edition(number: int) -> dict[str, Any]:
    """Returns an import that changes the same contact each time, and adds one that the next edition's unit names."""
    contracts = [{"contactId": f"C{number - 1}"}] if number else []
    unit = {"id": "U", "name": f"edition {number}", "contracts": contracts}
    return {
        "contacts": [{"id": "C", "lastName": f"edition {number}"}, {"id": f"C{number}", "lastName": "x"}],
        "properties": [{"id": "P", "name": f"edition {number}", "addresses": [{"street": "x", "units": [unit]}]}],
    }


@check(
    inferred="8.1",
    operations=("importMasterData", "getJob", "refreshToken"),
    needs=WRITES,
    cases=lambda contract: interleavings(contract, most=7),
    examples=8,
)
def polls_reads_and_refreshes_do_not_disturb_imports(trial: Trial, case: Any) -> None:
    """Whatever a client does meanwhile, imports are done one after another, as they were sent."""
    account, client = Account(trial.contract), trial.account
    jobs: list[str] = []
    expected = []
    for command in case:
        if command["do"] == "import":
            portfolio = trial.names.own(command["portfolio"])
            expected.append(accepted(trial, account, portfolio))
            jobs.append(client.submit(portfolio))
        elif command["do"] == "poll":
            client.job(jobs[command["import"]])
        elif command["do"] == "refresh":
            client.refresh()
        else:
            own(trial, "contacts")
    ended = [client.finish(job) for job in jobs]
    expect_read(trial, account)
    for job, prediction in zip(ended, expected, strict=True):
        expect_job(trial, job, prediction)
