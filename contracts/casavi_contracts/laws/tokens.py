"""Laws about what a token opens, and until when."""

from datetime import timedelta
from typing import Any

from hypothesis import strategies as st

from casavi_contracts.client import Client
from casavi_contracts.laws import nearmisses
from casavi_contracts.laws.calls import call, is_good, lists, other_list, secured, signed_in
from casavi_contracts.laws.law import Law, law
from casavi_contracts.laws.moments import moment
from casavi_contracts.laws.refusals import refused
from casavi_contracts.target import Capability
from casavi_contracts.trial import Trial

DAY = 86_400.0


@law(
    "every-operation-wants-a-token",
    "Without a token nothing can be read or imported.",
    evidence="inferred",
    source="2.4",
    assumption="unauthorized-status",
)
def every_operation_wants_a_token(trial: Trial, case: Any) -> None:
    client = signed_in(trial)
    for operation in secured(trial):
        refused(trial, call(client, operation, token=None), "token-missing", f"{operation} without a token")


@law(
    "unknown-token-is-refused",
    "Anything but the very token that was given out opens nothing, however much it resembles it.",
    evidence="inferred",
    source="2.4",
    assumption="unauthorized-status",
    cases=lambda contract: st.sampled_from([*nearmisses.IN_A_HEADER]),
    examples=len(nearmisses.IN_A_HEADER) + 1,
)
def unknown_token_is_refused(trial: Trial, case: Any) -> None:
    client = signed_in(trial)
    wrong = nearmisses.IN_A_HEADER[case](client.token)
    for operation in secured(trial):
        if wrong != client.token:
            answer = call(client, operation, token=wrong)
            refused(trial, answer, "token-unknown", f"{operation} with a token with {case}")


@law(
    "token-comes-raw-in-its-header",
    "A token counts in the header `token`, as it came, and nowhere else.",
    evidence="documented",
    source="2.4",
)
def token_comes_raw_in_its_header(trial: Trial, case: Any) -> None:
    client = signed_in(trial)
    token = client.token
    for operation in secured(trial):
        bearer = call(client, operation, token=f"Bearer {token}")
        refused(trial, bearer, "token-unknown", f"{operation} with `Bearer` before the token")
        for name, value in (
            ("Authorization", f"Bearer {token}"),
            ("Authorization", token),
            ("X-Token", token),
            ("Cookie", f"token={token}"),
        ):
            answer = call(client, operation, token=None, headers={name: value})
            refused(trial, answer, "token-missing", f"{operation} with the token in the header {name}")
        if operation in lists(trial.contract):
            answer = call(client, operation, token=None, query=f"token={token}")
            refused(trial, answer, "token-missing", f"{operation} with the token in the address")


@law(
    "token-is-good-for-both-versions",
    "A token of one version opens the other one too.",
    evidence="assumed",
    source="2.4",
    assumption="token-across-versions",
)
def token_is_good_for_both_versions(trial: Trial, case: Any) -> None:
    client = signed_in(trial)
    version, operation, path = other_list(trial)
    answer = trial.target.send("GET", path, headers={"token": client.token}, operation=operation, version=version)
    trial.expect(answer.ok, f"a page of contacts of {version}", f"status {answer.status}")


@law(
    "token-lives-as-long-as-assumed",
    "A token lives for a month from the moment of the log-in.",
    evidence="third-party",
    source="2.4",
    assumption="token-lifetime-days",
    operations=("authenticate",),
    needs=(Capability.CLOCK,),
)
def token_lives_as_long_as_assumed(trial: Trial, case: Any) -> None:
    trial.clock.freeze()
    lives_as_long(trial, trial.fresh().log_in()["expiresAt"])


def lives_as_long(trial: Trial, expires_at: str) -> None:
    """Demands that a token which was just given out lives for the assumed time, by the clock of the account."""
    now, end = moment(trial.clock.now()), moment(expires_at)
    days = trial.contract.values["token-lifetime-days"]
    trial.expect(now is not None and end is not None, "two moments in UTC", f"{trial.clock.now()} and {expires_at}")
    assert now is not None, "it was just made sure of"
    assert end is not None, "it was just made sure of"
    lived = (end - now) / timedelta(days=1)
    # An expiry without milliseconds may be up to one second early.
    trial.expect(abs(lived - days) * DAY <= 1.0, f"{days} days to live", f"{lived:.6f}", value=round(lived, 6))


@law(
    "token-ends-when-it-was-told",
    "A token is good until its `expiresAt` and not a moment longer; after that a new log-in helps.",
    evidence="inferred",
    source="2.1",
    assumption="token-lifetime-days",
    operations=("authenticate",),
    needs=(Capability.CLOCK,),
)
def token_ends_when_it_was_told(trial: Trial, case: Any) -> None:
    trial.clock.freeze()
    client = trial.fresh()
    ends_when_told(trial, client, client.log_in()["expiresAt"])
    client.log_in()
    trial.expect(is_good(client, client.token), "a new log-in to give a good token", "one that is refused")


def ends_when_told(trial: Trial, client: Client, expires_at: str) -> None:
    """Demands that the client's token, which was just given out, is good until the end that was told, and no longer."""
    now, end = moment(trial.clock.now()), moment(expires_at)
    trial.expect(now is not None and end is not None and end > now, "an expiry in the future", expires_at)
    assert now is not None, "it was just made sure of"
    assert end is not None, "it was just made sure of"
    left = (end - now).total_seconds()
    spare = min(2.0, left / 2)  # an expiry without milliseconds may be up to one second early
    trial.clock.advance(left - spare)
    for operation in secured(trial):
        answer = call(client, operation, token=client.token)
        trial.expect(
            answer.status != trial.contract.values["unauthorized-status"],
            f"{operation} to take the token {spare:g} s before its end",
            f"status {answer.status}",
        )
    trial.clock.advance(2 * spare)
    for operation in secured(trial):
        answer = call(client, operation, token=client.token)
        refused(trial, answer, "token-expired", f"{operation} with a token that is over")


@law(
    "reading-with-another-case-of-the-header-works",
    "The name of the header `token` is a header's name: upper and lower case are one.",
    evidence="inferred",
    source="2.4",
)
def header_name_has_no_case(trial: Trial, case: Any) -> None:
    client = signed_in(trial)
    for name in ("Token", "TOKEN"):
        answer = call(client, lists(trial.contract)[0], token=None, headers={name: client.token})
        trial.expect(answer.ok, f"the header {name} to be taken", f"status {answer.status}")


LAWS: tuple[Law, ...] = (
    every_operation_wants_a_token,
    unknown_token_is_refused,
    token_comes_raw_in_its_header,
    header_name_has_no_case,
    token_is_good_for_both_versions,
    token_lives_as_long_as_assumed,
    token_ends_when_it_was_told,
)
