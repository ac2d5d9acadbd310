"""Checks about imports that wait for each other and take turns."""

from itertools import pairwise
from typing import Any

from casavi_contracts.checks.definition import check
from casavi_contracts.context import Context
from casavi_contracts.expect.moments import moment_of
from casavi_contracts.expect.observing import accepted, expect_job, expect_read, own
from casavi_contracts.http.target import Capability
from casavi_contracts.model import Account
from casavi_contracts.strategies import interleavings

WRITES = (Capability.WRITE,)
IMPORTS = ("importMasterData",)


@check(assumed="job-object", source="8.1", operations=("importMasterData", "getJob"), needs=WRITES)
def jobs_take_their_turn(ctx: Context) -> None:
    """The jobs of an account are done one after the other, in the order in which they were accepted."""
    bodies = [{"contacts": [{"id": f"C-{n}", "lastName": "Smith"} for n in range(size)]} for size in (8, 1, 4)]
    jobs = [ctx.account.submit(ctx.names.own(body)) for body in bodies]
    ctx.account.job(jobs[0])
    last = ctx.account.finish(jobs[-1])
    ended = [*map(ctx.account.job, jobs[:-1]), last]
    for job in ended:
        final = job["status"] in ctx.contract.final_states
        ctx.expect(final, "a job to have ended before one that came later", repr(job["status"]))
    for one, other in pairwise(ended):
        first, second = moment_of(ctx, one, "finishedAt"), moment_of(ctx, other, "startedAt")
        assert first is not None, "it has ended"
        assert second is not None, "it has ended"
        ctx.expect(first <= second, "a job to start when the one before has ended", f"{second} before {first}")


@check(inferred="8.1", operations=IMPORTS, needs=WRITES, each=lambda contract: (2, 3, 4))
def imports_in_flight_keep_their_order(ctx: Context, case: Any) -> None:
    """Of several imports that are sent one after another without waiting, the last one has the last word."""
    account, client = Account(ctx.contract), ctx.account
    sent = [ctx.names.own(_edition(number)) for number in range(case)]
    expected = [accepted(ctx, account, portfolio) for portfolio in sent]
    jobs = [client.submit(portfolio) for portfolio in sent]
    ended = [client.finish(job) for job in jobs]
    for number, contact in enumerate(own(ctx, "contacts")):
        if number == 0:
            last = f"edition {case - 1}"
            ctx.expect(contact["lastName"] == last, f"the contact as it was sent last, {last!r}", contact["lastName"])
    expect_read(ctx, account)
    for job, prediction in zip(ended, expected, strict=True):
        expect_job(ctx, job, prediction)


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
def polls_reads_and_refreshes_do_not_disturb_imports(ctx: Context, case: Any) -> None:
    """Whatever a client does meanwhile, imports are done one after another, as they were sent."""
    account, client = Account(ctx.contract), ctx.account
    jobs: list[str] = []
    expected = []
    for command in case:
        if command["do"] == "import":
            portfolio = ctx.names.own(command["portfolio"])
            expected.append(accepted(ctx, account, portfolio))
            jobs.append(client.submit(portfolio))
        elif command["do"] == "poll":
            client.job(jobs[command["import"]])
        elif command["do"] == "refresh":
            client.refresh()
        else:
            own(ctx, "contacts")
    ended = [client.finish(job) for job in jobs]
    expect_read(ctx, account)
    for job, prediction in zip(ended, expected, strict=True):
        expect_job(ctx, job, prediction)
