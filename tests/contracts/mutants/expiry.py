"""The answer with a token: its form, and the moment at which the token expires."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

from tests.contracts.mutants.mutant import mutant
from tests.contracts.mutants.toolkit import TOKENS, Edit, change, drop, on, put, rename, text


def moment(edit: Callable[[datetime], str]) -> Edit:
    """Returns an edit of the moment at which the token expires."""
    return change("expiresAt", text(lambda told: edit(datetime.fromisoformat(told))))


def _stamp(when: datetime) -> str:
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


MUTANTS = (
    mutant(
        "expiry-in-the-past",
        "The token is said to have expired a day ago.",
        on(*TOKENS).answer(moment(lambda told: _stamp(told - timedelta(days=31)))),
        check="token-lives-as-long-as-assumed",
    ),
    mutant(
        "expiry-told-late",
        "The token is said to live an hour longer than it does.",
        on(*TOKENS).answer(moment(lambda told: _stamp(told + timedelta(hours=1)))),
        check="token-lives-as-long-as-assumed",
    ),
    mutant(
        "expiry-told-early",
        "The token is said to expire an hour before it does.",
        on(*TOKENS).answer(moment(lambda told: _stamp(told - timedelta(hours=1)))),
        check="token-lives-as-long-as-assumed",
    ),
    mutant(
        "expiry-in-a-year",
        "The token is said to live for a year.",
        on(*TOKENS).answer(moment(lambda told: _stamp(told + timedelta(days=335)))),
        check="token-lives-as-long-as-assumed",
    ),
    mutant(
        "expiry-of-refresh-in-the-past",
        "A refreshed token is said to have expired already.",
        on("refreshToken").answer(moment(lambda told: _stamp(told - timedelta(days=31)))),
        check="refreshed-token-has-a-full-life",
    ),
    mutant(
        "expiry-not-in-utc",
        "The moment of expiry is written in the time of Berlin.",
        on(*TOKENS).answer(
            moment(lambda told: told.astimezone(timezone(timedelta(hours=2))).isoformat(timespec="milliseconds"))
        ),
        check="expiry-is-a-moment-in-utc",
    ),
    mutant(
        "expiry-local-time-called-utc",
        "The moment of expiry is the time of Berlin, yet called UTC.",
        on(*TOKENS).answer(moment(lambda told: _stamp(told + timedelta(hours=2)))),
        check="token-lives-as-long-as-assumed",
    ),
    mutant(
        "expiry-without-zone",
        "The moment of expiry has no time zone.",
        on(*TOKENS).answer(change("expiresAt", text(lambda told: told.rstrip("Z")))),
        check="expiry-is-a-moment-in-utc",
    ),
    mutant(
        "expiry-without-milliseconds",
        "The moment of expiry has no milliseconds.",
        on(*TOKENS).answer(change("expiresAt", text(lambda told: f"{told[:19]}Z"))),
        check="expiry-is-a-moment-in-utc",
    ),
    mutant(
        "expiry-with-microseconds",
        "The moment of expiry has microseconds.",
        on(*TOKENS).answer(change("expiresAt", text(lambda told: f"{told[:-1]}000Z"))),
        check="expiry-is-a-moment-in-utc",
    ),
    mutant(
        "expiry-a-date-only",
        "The moment of expiry is a date.",
        on(*TOKENS).answer(change("expiresAt", text(lambda told: told[:10]))),
        check="expiry-is-a-moment-in-utc",
    ),
    mutant(
        "expiry-with-a-blank",
        "The moment of expiry has a blank in place of the T.",
        on(*TOKENS).answer(change("expiresAt", text(lambda told: told.replace("T", " ")))),
        check="expiry-is-a-moment-in-utc",
    ),
    mutant(
        "expiry-as-a-number",
        "The moment of expiry is a number of seconds.",
        on(*TOKENS).answer(change("expiresAt", lambda told: int(datetime.fromisoformat(told).timestamp()))),
        check="expiry-is-a-moment-in-utc",
    ),
    mutant(
        "expiry-missing",
        "The log-in does not say when its token expires.",
        on("authenticate").answer(drop("expiresAt")),
        check="expiry-is-a-moment-in-utc",
    ),
    mutant(
        "expiry-null",
        "A refresh answers null for the moment of expiry.",
        on("refreshToken").answer(put("expiresAt", None)),
        check="refresh-gives-a-token",
    ),
    mutant(
        "token-renamed",
        "The token comes under the name that OAuth gives it.",
        on(*TOKENS).answer(rename("token", "access_token")),
        check="log-in-gives-a-token",
    ),
    mutant(
        "token-a-number",
        "The refreshed token is answered as a number.",
        on("refreshToken").good().answer(put("token", 4711)),
        check="refresh-gives-a-token",
    ),
    mutant(
        "token-answer-wrapped",
        "The answer with the token stands inside `data`.",
        on(*TOKENS).good().answer(lambda value: {"data": value}),
        check="log-in-gives-a-token",
    ),
    mutant(
        "token-answer-in-a-list",
        "The refresh answers a list with one token.",
        on("refreshToken").good().answer(lambda value: [value]),
        check="refresh-gives-a-token",
    ),
)
