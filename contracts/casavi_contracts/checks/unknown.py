"""Checks about tokens, keys and ids that nobody has given out, however much they resemble good ones."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from casavi_contracts.checks.definition import checks, row
from casavi_contracts.checks.refresh import ask
from casavi_contracts.context import Context
from casavi_contracts.expect import nearmisses
from casavi_contracts.expect.calls import NOBODY, NOTHING, call, expect_still_good, secured
from casavi_contracts.expect.refusals import refused
from casavi_contracts.http.client import Client
from casavi_contracts.http.exchange import Answer
from casavi_contracts.http.target import Capability


@dataclass(frozen=True, slots=True)
class Text:
    """A text that the server has to know character by character."""

    rule: str
    """By which another one is refused."""
    what: str
    right: Callable[[Context, Client], str]
    """Returns the good one."""
    asked: Callable[[Context, Client, str], Iterator[tuple[Answer, str]]]
    """Yields what is answered to another one, and where."""
    or_empty: bool = True
    """Whether an empty one is refused by the same rule."""


def _at_operations(ctx: Context, client: Client, wrong: str) -> Iterator[tuple[Answer, str]]:
    for operation in ctx.briefly(secured(ctx), 3):
        yield call(client, operation, token=wrong), f" at {operation}"


def _job(ctx: Context, client: Client) -> str:
    job = ctx.once(client.submit, NOTHING)
    if not ctx.shared:
        client.finish(job)
    return job


def _jobs(ctx: Context, client: Client, wrong: str) -> Iterator[tuple[Answer, str]]:
    for unknown in (wrong,) if ctx.shared else (wrong, NOBODY):
        yield client.send("getJob", jobId=unknown), ""


@checks(
    row("unknown-token-is-refused", "A token that was never given out opens nothing.",
        Text("token-unknown", "a token", lambda ctx, client: client.token, _at_operations, or_empty=False),
        inferred="2.4", each=lambda contract: nearmisses.IN_A_HEADER),
    row("refresh-of-an-unknown-token-is-refused", "A token that was never given out cannot be refreshed.",
        Text("token-unknown", "a token", lambda ctx, client: client.token,
             lambda ctx, client, wrong: iter([(ask(client, wrong), "")])),
        inferred="2.3", operations=("refreshToken",)),
    row("refresh-wants-the-key-of-the-token",
        "A token is refreshed with the key of its own account alone; otherwise it stays as it was.",
        Text("token-foreign", "a key", lambda ctx, client: client.credentials.key,
             lambda ctx, client, wrong: iter([(ask(client, client.token, key=wrong), "")]), or_empty=False),
        inferred="2.3", operations=("refreshToken",)),
    row("unknown-job-is-refused", "A job that does not exist is unknown, however much its id resembles a good one.",
        Text("job-unknown", "a job id", _job, _jobs),
        assumed="error-statuses", source="8.8", operations=("getJob",), needs=(Capability.WRITE,)),
    each=lambda contract: nearmisses.IN_A_BODY,
)  # fmt: skip
def unknown_is_refused(ctx: Context, text: Text, case: Any) -> None:
    """What is nearly a good token, key or id opens nothing, and leaves the good one as it was."""
    client = ctx.ready()
    right = text.right(ctx, client)
    wrong = nearmisses.IN_A_BODY[case](right)
    if wrong != right and (wrong or text.or_empty):
        for answer, where in text.asked(ctx, client, wrong):
            refused(ctx, answer, text.rule, f"{text.what} with {case}{where}")
    expect_still_good(ctx, client, "the good token to stay good")
    if text.rule == "job-unknown" and not ctx.shared:
        client.job(right)
