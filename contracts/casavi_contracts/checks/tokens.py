"""Checks about the use of a token: where it is sent, for how long it is good, and what is no token."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from casavi_contracts.checks.definition import check, checks, row
from casavi_contracts.context import Context
from casavi_contracts.expect.calls import call, is_good, lists, other_list, secured, signed_in
from casavi_contracts.expect.histories import in_version
from casavi_contracts.expect.moments import moment
from casavi_contracts.expect.refusals import refused
from casavi_contracts.failures import Broken
from casavi_contracts.http.client import Client
from casavi_contracts.http.exchange import Answer
from casavi_contracts.http.target import Capability
from casavi_contracts.promises import Named

MARGIN = timedelta(seconds=1)
"""Before its expiry a token has to work, and after it must not, at this distance; times are cut to seconds at worst."""

MONTH = 0.07
"""By which share of its life a token may expire earlier or later where the server's clock cannot be asked: a month has
28 to 31 days."""

SPELLINGS = ("token", "Token", "TOKEN", "tOkEn")


def expiry(body: dict[str, Any]) -> datetime:
    """Returns when a token expires by the answer that gave it.

    Raises:
        casavi_contracts.failures.Broken: It does not tell.
    """
    text = body.get("expiresAt")
    told = moment(text) if isinstance(text, str) else None
    if told is None:
        raise Broken("the moment of expiry", repr(text), check=Named.EXPIRY_IS_A_MOMENT_IN_UTC)
    return told


def lives_as_assumed(ctx: Context, body: dict[str, Any], before: datetime, after: datetime) -> None:
    """Demands that a token expires as late as the assumption `token-lifetime-days` says.

    Args:
        ctx: The context.
        body: The answer that gave the token.
        before: A moment before it was given, by the clock of the account.
        after: A moment after it was given.

    Raises:
        casavi_contracts.failures.Broken: It does not; that breaks the check `token-lives-as-long-as-assumed`.
    """
    life = timedelta(days=ctx.contract.values["token-lifetime-days"])
    tolerance = MARGIN if ctx.account.clock else max(life * MONTH, timedelta(minutes=2))
    told = expiry(body)
    if not before + life - tolerance <= told <= after + life + tolerance:
        days = round((told - before) / timedelta(days=1), 6)
        raise Broken(
            f"a token that expires {life / timedelta(days=1):g} days from now",
            f"{days:g} days",
            check=Named.TOKEN_LIVES_AS_LONG_AS_ASSUMED,
            value=int(days) if days == int(days) else days,
        )


def clock_of(ctx: Context) -> datetime:
    """Returns the time of the account."""
    now = moment(ctx.clock.now())
    assert now is not None, "a mock writes its time as it writes all times"
    return now


@check(third_party="2.4", assumption="token-lifetime-days", operations=("authenticate",))
def token_lives_as_long_as_assumed(ctx: Context) -> None:
    """A token expires one month after it was given out."""
    client = ctx.fresh()
    if client.clock:
        before = clock_of(ctx)
        body = client.log_in()
        lives_as_assumed(ctx, body, before, clock_of(ctx))
        return
    known = client.credentials
    answer = client.send("authenticate", body={"key": known.key, "secret": known.secret})
    ctx.expect(answer.ok, "a log-in to succeed", f"status {answer.status}", check=Named.LOG_IN_GIVES_A_TOKEN)
    now = _date_of(answer) or ctx.target.now()
    lives_as_assumed(ctx, answer.json, now, now)


@check(inferred="2.1", operations=("authenticate",), needs=(Capability.CLOCK,))
def token_ends_when_it_was_told(ctx: Context) -> None:
    """A token is good until the moment that it was given out with, and not after it."""
    ctx.clock.freeze()
    now = clock_of(ctx)
    client = ctx.fresh()
    body = client.log_in()
    lives_as_assumed(ctx, body, now, now)
    token, life = client.token, expiry(body) - now
    margin = min(MARGIN, life / 8)
    for moment_of_life in (life / 4, life / 2, life * 3 / 4, life - margin):
        ctx.clock.advance((now + moment_of_life - clock_of(ctx)).total_seconds())
        what = f"the token to be good {_words(life - moment_of_life)} before it expires"
        ctx.expect(is_good(client, token), what, "it is refused")
    ctx.clock.advance((margin + MARGIN).total_seconds())
    for operation in secured(ctx):
        refused(ctx, call(client, operation, token=token), "token-expired", f"an expired token at {operation}")
    client.log_in()
    ctx.expect(is_good(client, client.token), "the token of a new log-in to be good", "it is refused")


Way = tuple[str, dict[str, str], str, str, str]
"""An operation, headers and a query that hold no good token, the rule by which that is refused, and what it is."""


def _without(ctx: Context, client: Client) -> Iterator[Way]:
    known = client.credentials
    log_in = client.send("authenticate", body={"key": known.key, "secret": known.secret})
    cookie = log_in.headers.get("set-cookie", "").partition(";")[0]
    without: dict[str, dict[str, str]] = {"no token": {}, "an empty token": {"token": ""}}
    if cookie:  # nobody promises one, and none may stand for a token
        without["a cookie in place of a token"] = {"Cookie": cookie}
    for operation in secured(ctx):
        for what, headers in without.items():
            yield operation, headers, "", "token-missing", what


def _credentials(ctx: Context, client: Client) -> Iterator[Way]:
    known = client.credentials
    for name, text in (("key", known.key), ("secret", known.secret)):
        if text.isascii() and text.isprintable():
            yield lists(ctx.contract)[0], {"token": text}, "", "token-unknown", f"the {name} in place of a token"


def _at_other_places(ctx: Context, client: Client) -> Iterator[Way]:
    token = client.token
    for operation in ctx.briefly(secured(ctx), 3):
        for what, headers in _elsewhere(token).items():
            rule = "token-unknown" if "token" in headers else "token-missing"
            yield operation, headers, "", rule, f"a token {what}"
        for name in ("token", "access_token", "apiKey"):
            yield operation, {}, f"{name}={token}", "token-missing", f"a token in the query parameter {name}"
    for name in SPELLINGS:
        answer = client.send(lists(ctx.contract)[0], token=None, headers={name: token})
        ctx.expect(answer.ok, f"the same token to be good in the header {name}", f"status {answer.status}")


@checks(
    row("credentials-are-no-token", "Neither key nor secret is taken for a token.", _credentials),
    row("every-operation-wants-a-token", "Without a token nothing is answered but the log-in and the refresh.",
        _without),
    row("token-comes-raw-in-its-header",
        "The token counts in the header `token` alone, in upper or lower case: raw, without Bearer, and in no other "
        "place.",
        _at_other_places),
    inferred="2.4",
)  # fmt: skip
def token_is_wanted(ctx: Context, ways: Callable[[Context, Client], Iterator[Way]]) -> None:
    """Nothing but the token in its header opens an operation."""
    client = signed_in(ctx)
    for operation, headers, query, rule, what in ways(ctx, client):
        answer = call(client, operation, token=None, headers=headers, query=query)
        refused(ctx, answer, rule, f"{what} at {operation}")


@check(assumed="token-across-versions", source="2.4", operations=("authenticate",))
def token_is_good_for_both_versions(ctx: Context) -> None:
    """A token of one version is good for the other, and opens the same account there."""
    client = signed_in(ctx)
    version, operation, path = other_list(ctx)
    answer = ctx.target.send("GET", path, headers={"token": client.token}, operation=operation, version=version)
    answer = replace(answer, shape=in_version(ctx.contract, version).shape_of(operation, answer.status))
    ctx.expect(answer.ok, f"a page of contacts from {version}", f"status {answer.status}")
    here = client.send(lists(ctx.contract)[0])
    one, other = _ids(here), _ids(answer)
    size = min(len(one), len(other))
    ctx.expect(one[:size] == other[:size], f"the same {size} contacts first in both versions", "others")


def _elsewhere(token: str) -> dict[str, dict[str, str]]:
    return {
        "in Authorization": {"Authorization": token},
        "in Authorization, with Bearer": {"Authorization": f"Bearer {token}"},
        "in Authorization, with Token": {"Authorization": f"Token {token}"},
        "with Bearer": {"token": f"Bearer {token}"},
        "in X-Token": {"X-Token": token},
        "in X-Auth-Token": {"X-Auth-Token": token},
        "in a cookie": {"Cookie": f"token={token}"},
    }


def _ids(answer: Answer) -> list[str]:
    page = answer.json
    return [record["id"] for record in page["content" if "content" in page else "list"]]


def _date_of(answer: Answer) -> datetime | None:
    """Returns when an answer was made, by its header."""
    try:
        return parsedate_to_datetime(answer.headers["date"]).astimezone(UTC)
    except (KeyError, ValueError):
        return None


def _words(span: timedelta) -> str:
    days = span / timedelta(days=1)
    return f"{days:g} days" if days >= 1 else f"{span.total_seconds():g} s"
