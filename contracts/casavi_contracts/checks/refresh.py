"""Checks about refreshing a token."""

from typing import Any

from casavi_contracts.checks.authentication import expiry_is_well_formed
from casavi_contracts.checks.definition import check
from casavi_contracts.checks.tokens import MARGIN, clock_of, expiry, lives_as_assumed
from casavi_contracts.context import Context
from casavi_contracts.expect.calls import call, is_good, lists, secured, signed_in
from casavi_contracts.expect.observing import pause
from casavi_contracts.expect.refusals import refused
from casavi_contracts.http.client import Client
from casavi_contracts.http.exchange import Answer
from casavi_contracts.http.target import Capability
from casavi_contracts.promises import Named

CHAIN = 4
"""The longest chain of refreshes."""


@check(documented="2.3", operations=("refreshToken",))
def refresh_gives_a_token(ctx: Context) -> None:
    """The API key and the old token give a new token, which is good for reading."""
    client = signed_in(ctx)
    answer = ask(client, client.token)
    ctx.expect(answer.ok, "a good token to be refreshed", f"status {answer.status}")
    body = answer.json
    client.token = body["token"]
    ctx.target.recorder.redact.learn(client.token)
    for operation in lists(ctx.contract):
        page = client.send(operation)
        ctx.expect(page.ok, f"a page from {operation} with the refreshed token", f"status {page.status}")
    expiry_is_well_formed(ctx, body)


@check(assumed="refresh-path", source="2.3", operations=("refreshToken",))
def refresh_is_found_under_its_assumed_path(ctx: Context) -> None:
    """A token is refreshed by a POST to the path that is assumed, without the secret and without a token in the
    header.
    """
    client = signed_in(ctx)
    body = {"apiKey": client.credentials.key, "token": client.token}
    without = client.send("refreshToken", body=body, token=None)
    path = ctx.contract.path("refreshToken")
    ctx.expect(without.status not in (404, 405), f"a refresh at {path}", f"status {without.status}")
    if without.ok and not ctx.contract.values["refresh-needs-token-header"]:
        return
    with_header = client.send("refreshToken", body=body, token=client.token)
    ctx.expect(
        ctx.contract.values["refresh-needs-token-header"] and with_header.ok,
        "a refresh to take the token in its body alone",
        f"status {without.status} without the header, {with_header.status} with it",
        assumption="refresh-needs-token-header",
        value=with_header.ok,
    )
    refused(ctx, without, "token-missing", "a refresh without a token in the header")


@check(assumed="refresh-revokes-old-token", source="2.3", operations=("refreshToken",))
def refreshed_token_is_another(ctx: Context) -> None:
    """A refresh gives another token than the one that it was given."""
    client = signed_in(ctx)
    old = client.token
    new = client.refresh()["token"]
    ctx.expect(new != old, "another token", "the same one")
    for text in (client.credentials.key, client.credentials.secret, old):
        ctx.expect(text not in new, "a token that holds no key, secret or older token", "one that does")


@check(assumed="refresh-revokes-old-token", source="2.3", operations=("refreshToken",))
def refresh_revokes_the_old_token(ctx: Context) -> None:
    """After a refresh the old token is good for nothing any more, not even for another refresh."""
    client = signed_in(ctx)
    old = client.token
    client.refresh()
    new = client.token
    revokes = ctx.contract.values["refresh-revokes-old-token"]
    still = is_good(client, old)
    if revokes or ctx.contract.values["several-tokens"] == "all-valid":
        wanted = "to be over" if revokes else "to stay good"
        ctx.expect(still != revokes, f"the old token {wanted}", "good" if still else "refused", value=not still)
    if revokes:
        for operation in secured(ctx):
            answer = call(client, operation, token=old)
            refused(ctx, answer, "token-revoked", f"a token that was refreshed, at {operation}")
        refused(ctx, ask(client, old), "token-revoked", "a token that was refreshed, refreshed again")
    ctx.expect(is_good(client, new), "the new token to stay good", "it is refused")


@check(inferred="2.3", operations=("refreshToken",), each=lambda contract: (2, CHAIN))
def refreshes_follow_each_other(ctx: Context, case: Any) -> None:
    """Every refreshed token can be refreshed in its turn, and the last one is good."""
    client = signed_in(ctx)
    tokens = [client.token, client.refresh()["token"]]
    for number in range(2, case + 1):
        again = ask(client, client.token)
        ctx.expect(again.ok, f"refresh {number} in a row to succeed", f"status {again.status}")
        client.take(again, Named.REFRESHES_FOLLOW_EACH_OTHER)
        tokens.append(client.token)
    ctx.expect(is_good(client, tokens[-1]), f"the token of refresh {case} to be good", "it is refused")
    if ctx.contract.values["refresh-revokes-old-token"]:
        good = [is_good(client, token) for token in tokens[:-1]]
        ctx.expect(
            not any(good),
            "all tokens before it to be over",
            f"{sum(good)} good ones",
            evidence="assumed",
            assumption="refresh-revokes-old-token",
        )


@check(third_party="2.4", assumption="token-lifetime-days", operations=("refreshToken",), needs=(Capability.CLOCK,))
def refreshed_token_has_a_full_life(ctx: Context) -> None:
    """A refreshed token lives as long as one of a log-in, beginning with the refresh."""
    ctx.clock.freeze()
    client = ctx.fresh()
    first = client.log_in()
    given = clock_of(ctx)
    lives_as_assumed(ctx, first, given, given)
    life = expiry(first) - given
    ctx.clock.advance((life * 2 / 3).total_seconds())
    now = clock_of(ctx)
    second = client.refresh()
    ctx.expect(expiry(second) > expiry(first), "a later expiry than that of the old token", str(second["expiresAt"]))
    lives_as_assumed(ctx, second, now, now)
    ctx.clock.advance((life * 2 / 3).total_seconds())  # past the end of the first, not of the second
    ctx.expect(is_good(client, client.token), "a token to outlive the one it came from", "it is refused")
    margin = min(MARGIN, life / 8)
    ctx.clock.advance((expiry(second) - margin - clock_of(ctx)).total_seconds())
    ctx.expect(is_good(client, client.token), "a refreshed token to be good until it expires", "it is refused")
    ctx.clock.advance((margin + MARGIN).total_seconds())
    answer = call(client, lists(ctx.contract)[0], token=client.token)
    refused(ctx, answer, "token-expired", "a refreshed token that has expired")


@check(assumed="refresh-accepts-expired-token", source="2.3", operations=("refreshToken",), needs=(Capability.CLOCK,))
def expired_token_cannot_be_refreshed(ctx: Context) -> None:
    """A token can be refreshed until it expires, and not after it."""
    ctx.clock.freeze()
    client = ctx.fresh()
    body = client.log_in()
    now = clock_of(ctx)
    lives_as_assumed(ctx, body, now, now)
    margin = min(MARGIN, (expiry(body) - now) / 8)
    ctx.clock.advance((expiry(body) - now - margin).total_seconds())
    last = ask(client, client.token)
    ctx.expect(last.ok, "a token to be refreshed just before it expires", f"status {last.status}", evidence="inferred")
    body = client.log_in()
    ctx.clock.advance((expiry(body) - clock_of(ctx) + MARGIN).total_seconds())
    late = ask(client, client.token)
    values = ctx.contract.values
    if values["refresh-accepts-expired-token"] and not values["refresh-needs-token-header"]:
        ctx.expect(late.ok, "an expired token to be refreshed", f"status {late.status}", value=False)
        return
    ctx.expect(not late.ok, "an expired token not to be refreshed", f"status {late.status}", value=True)
    refused(ctx, late, "token-expired", "an expired token")


@check(inferred="2.3", operations=("refreshToken",), needs=(Capability.TWO_ACCOUNTS,))
def foreign_token_cannot_be_refreshed(ctx: Context) -> None:
    """The token of one account cannot be refreshed with the key of another."""
    client, other = signed_in(ctx), ctx.other
    other.log_in()
    for one, key in ((client, other.credentials.key), (other, client.credentials.key)):
        refused(ctx, ask(client, one.token, key=key), "token-foreign", "the refresh of another account's token")
        ctx.expect(is_good(client, one.token), "the token to stay good for its own account", "it is refused")


@check(inferred="4", operations=("refreshToken",))
def half_a_refresh_is_refused(ctx: Context) -> None:
    """A refresh without key or without token, or with an empty key, gives nothing."""
    client = signed_in(ctx)
    key, secret, token = client.credentials.key, client.credentials.secret, client.token
    for what, body in {
        "an empty key": {"apiKey": "", "token": token},
        "no key": {"token": token},
        "no token": {"apiKey": key},
        "a key that is null": {"apiKey": None, "token": token},
        "a token that is null": {"apiKey": key, "token": None},
        "key and secret": {"key": key, "secret": secret},
        "the key of a log-in": {"key": key, "token": token},
        "the secret in place of the token": {"apiKey": key, "secret": secret},
    }.items():
        answer = client.send("refreshToken", body=body)
        refused(ctx, answer, "schema-violation", f"a refresh with {what}")
    empty = client.send("refreshToken", body={"apiKey": key, "token": ""})
    refused(ctx, empty, "token-unknown", "a refresh with an empty token")
    ctx.expect(is_good(client, token), "the token to stay good", "it is refused")


@check(assumed="several-tokens", source="15", operations=("refreshToken",))
def refresh_leaves_other_tokens_alone(ctx: Context) -> None:
    """A refresh ends no token but the one that it was given."""
    one, other = signed_in(ctx), signed_in(ctx)
    if ctx.contract.values["several-tokens"] == "all-valid":
        one.refresh()
        ctx.expect(is_good(other, other.token), "the token of another log-in to stay good", "it is refused")
        other.refresh()
        ctx.expect(is_good(one, one.token), "the token of another refresh to stay good", "it is refused")
    else:
        other.refresh()
        ctx.expect(is_good(other, other.token), "the newest token to be good", "it is refused")


@check(
    inferred="2.3",
    operations=("refreshToken", "importMasterData"),
    needs=(Capability.WRITE, Capability.TWO_ACCOUNTS),
)
def refreshed_token_opens_its_own_account(ctx: Context) -> None:
    """A refreshed token opens the account of the token that it replaces, and no other."""
    owners = {"one": ctx.account, "other": ctx.other}
    for name, client in owners.items():
        client.imported(ctx.names.own({"contacts": [{"id": "C-1", "lastName": f"Muster {name}"}]}))
    for name, client in owners.items():
        client.refresh()
        seen = [record["lastName"] for record in ctx.listed(client, lists(ctx.contract)[0])]
        ctx.expect(seen == [f"Muster {name}"], "the contact of the account whose token was refreshed", f"{seen}")


@check(inferred="2.3", operations=("refreshToken", "importMasterData", "getJob"), needs=(Capability.WRITE,))
def refresh_changes_no_data(ctx: Context) -> None:
    """A refresh changes neither records nor jobs."""
    client = signed_in(ctx)
    ended = client.submit(ctx.names.own({"contacts": [{"id": "C-1", "lastName": "Muster"}]}))
    client.finish(ended)
    before = _seen(client, ended)
    client.refresh()
    pause(ctx, 60)
    after = _seen(client, ended)
    for what, value in before.items():
        ctx.expect(after[what] == value, f"the same from {what} before and after a refresh", "something else")
    running = client.submit(ctx.names.own({"contacts": [{"id": "C-2", "lastName": "Muster"}]}))
    client.refresh()
    created = client.finish(running)["counts"]["contacts"]["created"]
    ctx.expect(created == 1, "an import to go on through a refresh and create its contact", f"{created} created")


def ask(client: Client, token: str, *, key: str | None = None) -> Answer:
    """Asks for a refresh and returns what came, whatever it is."""
    body = {"apiKey": client.credentials.key if key is None else key, "token": token}
    return client.send("refreshToken", body=body)


def _seen(client: Client, job: str) -> dict[str, Any]:
    first = {name: client.send(name).json for name in lists(client.contract)}
    return {**first, "getJob": client.job(job)}
