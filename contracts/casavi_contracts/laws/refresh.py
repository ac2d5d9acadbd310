"""Laws about refreshing a token."""

from typing import Any

from hypothesis import strategies as st

from casavi_contracts.client import Client
from casavi_contracts.exchange import Answer
from casavi_contracts.laws import nearmisses
from casavi_contracts.laws.authentication import expiry_is_well_formed
from casavi_contracts.laws.calls import is_good, lists, signed_in
from casavi_contracts.laws.law import Law, law
from casavi_contracts.laws.moments import moment
from casavi_contracts.laws.refusals import refused
from casavi_contracts.laws.tokens import ends_when_told, lives_as_long
from casavi_contracts.target import Capability
from casavi_contracts.trial import Trial

CHAIN = 4
"""Refreshes one after another."""


@law(
    "refresh-gives-a-token",
    "The API key and the old token give a new token and its expiry; the secret is not needed.",
    evidence="documented",
    source="2.3",
    operations=("refreshToken",),
)
def refresh_gives_a_token(trial: Trial, case: Any) -> None:
    client = signed_in(trial)
    body = client.refresh()
    expiry_is_well_formed(trial, body)
    for operation in lists(trial.contract):
        answer = client.send(operation)
        trial.expect(answer.ok, f"a page from {operation} with the new token", f"status {answer.status}")


@law(
    "refresh-is-found-under-its-assumed-path",
    "A token is refreshed by a POST to the path that is assumed, without a token in the header.",
    evidence="assumed",
    source="2.3",
    assumption="refresh-path",
    operations=("refreshToken",),
)
def refresh_is_found(trial: Trial, case: Any) -> None:
    client = signed_in(trial)
    answer = _refresh(client, client.token)
    if trial.contract.values["refresh-needs-token-header"]:
        refused(trial, answer, "token-missing", "a refresh without the header")
        answer = _refresh(client, client.token, header=client.token)
    gone = answer.status in (404, 405)
    trial.expect(not gone, f"a refresh at {trial.contract.path('refreshToken')}", f"status {answer.status}")
    trial.expect(
        answer.ok, "a refresh without the header `token`", f"status {answer.status}",
        assumption="refresh-needs-token-header", value=True,
    )  # fmt: skip
    _learn(trial, answer)


@law(
    "refresh-revokes-the-old-token",
    "A refresh gives another token, and the old one is good for nothing any more.",
    evidence="assumed",
    source="2.3",
    assumption="refresh-revokes-old-token",
    operations=("refreshToken",),
)
def refresh_revokes_the_old_token(trial: Trial, case: Any) -> None:
    client = signed_in(trial)
    old = client.token
    client.refresh()
    trial.expect(client.token != old, "another token than the old one", "the same")
    revokes = trial.contract.values["refresh-revokes-old-token"]
    good = is_good(client, old)
    trial.expect(good != revokes, f"the old token to be {'refused' if revokes else 'good'}", "not so", value=not good)
    again = _refresh(client, old)
    _learn(trial, again)
    if revokes:
        refused(trial, again, "token-revoked", "a refresh of a token that was refreshed already")


@law(
    "refreshed-token-has-a-full-life",
    "The token of a refresh lives as long as that of a log-in, from the refresh on.",
    evidence="assumed",
    source="2.3",
    assumption="token-lifetime-days",
    operations=("refreshToken",),
    needs=(Capability.CLOCK,),
)
def refreshed_token_has_a_full_life(trial: Trial, case: Any) -> None:
    trial.clock.freeze()
    client = signed_in(trial)
    trial.clock.advance(trial.contract.values["token-lifetime-days"] * 86_400 / 2)
    expires_at = client.refresh()["expiresAt"]
    lives_as_long(trial, expires_at)
    ends_when_told(trial, client, expires_at)


@law(
    "refreshes-follow-each-other",
    "The token of a refresh can be refreshed in its turn; each is another one.",
    evidence="inferred",
    source="2.3",
    operations=("refreshToken",),
)
def refreshes_follow_each_other(trial: Trial, case: Any) -> None:
    client = signed_in(trial)
    for number in range(1, CHAIN + 1):
        client.refresh()
        trial.expect(is_good(client, client.token), f"a good token of refresh {number}", "one that is refused")


@law(
    "refresh-leaves-other-tokens-alone",
    "A refresh of one token does nothing to another one of the same account.",
    evidence="assumed",
    source="2.3",
    assumption="several-tokens",
    operations=("refreshToken",),
)
def refresh_leaves_other_tokens_alone(trial: Trial, case: Any) -> None:
    if trial.contract.values["several-tokens"] != "all-valid":
        return
    bystander, client = signed_in(trial), signed_in(trial)
    client.refresh()
    trial.expect(is_good(bystander, bystander.token), "the other token to stay good", "it is refused")


@law(
    "refresh-of-an-unknown-token-is-refused",
    "Nothing but a token that was given out can be refreshed.",
    evidence="inferred",
    source="2.3",
    assumption="unauthorized-status",
    operations=("refreshToken",),
    cases=lambda contract: st.sampled_from([*nearmisses.IN_A_BODY]),
    examples=len(nearmisses.IN_A_BODY) + 1,
)
def refresh_of_an_unknown_token_is_refused(trial: Trial, case: Any) -> None:
    client = signed_in(trial)
    client.refresh()  # whoever remembers good refreshes must not answer with one of them
    wrong = nearmisses.IN_A_BODY[case](client.token)
    if wrong != client.token:
        answer = _refresh(client, wrong)
        refused(trial, answer, "token-unknown", f"the refresh of a token with {case}")
    trial.expect(is_good(client, client.token), "the token itself to stay good", "it is refused")


@law(
    "refresh-wants-the-key-of-the-token",
    "A token is refreshed with the API key of its own account; another key, or none, is refused.",
    evidence="inferred",
    source="2.3",
    assumption="unauthorized-status",
    operations=("refreshToken",),
)
def refresh_wants_the_key_of_the_token(trial: Trial, case: Any) -> None:
    client = signed_in(trial)
    token, key = client.token, client.credentials.key
    for wrong in (f"{key}0", key[:-1], key.swapcase(), "casavi-check"):
        if wrong != key:
            answer = client.send("refreshToken", body={"apiKey": wrong, "token": token}, token=None)
            trial.expect(not answer.ok, "a refresh with a wrong key to be refused", f"status {answer.status}")
    for body in ({"token": token}, {"apiKey": key}, {"key": key, "token": token}, {"apiKey": "", "token": token}, {}):
        answer = client.send("refreshToken", body=body, token=None)
        refused(trial, answer, "schema-violation", f"a refresh with {' and '.join(body) or 'nothing'} alone")
    trial.expect(is_good(client, token), "the token to stay good", "it is refused")


@law(
    "foreign-token-cannot-be-refreshed",
    "The token of one account cannot be refreshed with the key of another.",
    evidence="inferred",
    source="2.3",
    assumption="unauthorized-status",
    operations=("refreshToken",),
    needs=(Capability.TWO_ACCOUNTS,),
)
def foreign_token_cannot_be_refreshed(trial: Trial, case: Any) -> None:
    client, other = signed_in(trial), trial.other
    other.log_in()
    for key, token in (
        (client.credentials.key, other.token),
        (other.credentials.key, client.token),
    ):
        answer = client.send("refreshToken", body={"apiKey": key, "token": token}, token=None)
        refused(trial, answer, "token-foreign", "the refresh of another account's token")
    for one in (client, other):
        trial.expect(is_good(one, one.token), "both tokens to stay good", "one is refused")


@law(
    "expired-token-cannot-be-refreshed",
    "A refresh has to come before the token is over.",
    evidence="assumed",
    source="2.3",
    assumption="refresh-accepts-expired-token",
    operations=("refreshToken",),
    needs=(Capability.CLOCK,),
)
def expired_token_cannot_be_refreshed(trial: Trial, case: Any) -> None:
    trial.clock.freeze()
    client = trial.fresh()
    now, end = moment(trial.clock.now()), moment(client.log_in()["expiresAt"])
    assert now is not None, "the control plane tells the time in UTC"
    trial.expect(end is not None, "an expiry in UTC", "none", law="expiry-is-a-moment-in-utc")
    assert end is not None, "it was just made sure of"
    trial.clock.advance((end - now).total_seconds() + 1)
    answer = _refresh(client, client.token, header=client.token)
    _learn(trial, answer)
    wanted = trial.contract.values["refresh-accepts-expired-token"]
    if wanted:
        trial.expect(answer.ok, "an expired token to be refreshed", f"status {answer.status}", value=False)
        return
    trial.expect(not answer.ok, "the refresh of an expired token to be refused", f"status {answer.status}", value=True)
    refused(trial, answer, "token-expired", "the refresh of an expired token")


def _refresh(client: Client, token: str, *, header: str | None = None) -> Answer:
    return client.send("refreshToken", body={"apiKey": client.credentials.key, "token": token}, token=header)


def _learn(trial: Trial, answer: Answer) -> None:
    if answer.ok:
        trial.target.recorder.redact.learn(str(answer.json.get("token", "")))


LAWS: tuple[Law, ...] = (
    refresh_gives_a_token,
    refresh_is_found,
    refresh_revokes_the_old_token,
    refreshed_token_has_a_full_life,
    refreshes_follow_each_other,
    refresh_leaves_other_tokens_alone,
    refresh_of_an_unknown_token_is_refused,
    refresh_wants_the_key_of_the_token,
    foreign_token_cannot_be_refreshed,
    expired_token_cannot_be_refreshed,
)
