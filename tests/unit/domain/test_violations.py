"""Each rule about clients: a client that breaks it, near misses that do not, and a client that breaks none."""

import json
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Any, Self

import pytest

from casavi_contracts import spec
from casavi_mock.domain.journal import Exchange, Journal
from casavi_mock.domain.violations import (
    RULES,
    Command,
    Criteria,
    Steering,
    UnknownRule,
    Violation,
    find_violations,
)
from casavi_mock.domain.violations.checks import CHECKS
from tests.support.time import START

P1, P2, U1, C1 = ("properties", "P1"), ("properties", "P2"), ("units", "U1"), ("contacts", "C1")
MONTH = START + timedelta(days=30)


class Story:
    """What a client did, as a journal tells it; ten seconds pass between two exchanges unless something else is said."""

    def __init__(self) -> None:
        self.journal = Journal(1000)
        self.steering = Steering(1000)
        self.jobs: dict[str, bool | None] = {}
        """Whether a job has ended, None if it is gone; the others have."""
        self.now = START

    def add(self, operation: str | None, status: int = 200, after: float = 10, **others: Any) -> Self:
        self.now += timedelta(seconds=after)
        number = self.journal.next_number()
        basic = Exchange(number, f"r-{number}", self.now, "POST", "/somewhere", operation, status, 1.0, 1, 1)
        self.journal.add(basic._replace(**others))
        return self

    def log_in(self, token: str = "t1", until: datetime = MONTH, **others: Any) -> Self:
        return self.add("authenticate", **{"token": token, "token_until": until, **others})

    def sent(self, job: str, *provides: tuple[str, str], **others: Any) -> Self:
        return self.add("importMasterData", **{"status": 202, "job_id": job, "provides": provides, **others})

    def read(self, job: str, status: str = "completed", **others: Any) -> Self:
        final = status in ("completed", "failed")
        return self.add("getJob", **{"job_id": job, "job_status": status, "job_final": final, **others})

    def steered(self, kind: Command) -> Self:
        self.steering.note(kind, self.journal.last_number)
        return self

    def judged(self, **criteria: Any) -> list[Violation]:
        return find_violations(
            self.journal, Criteria(**criteria), self.steering, lambda job_id: self.jobs.get(job_id, True)
        )

    def broken(self, **criteria: Any) -> list[tuple[str, tuple[int, ...]]]:
        return [(violation.rule, violation.exchange_numbers) for violation in self.judged(**criteria)]

    def one(self, rule: str, *numbers: int) -> str:
        """Asserts that there is this violation alone, and returns its detail."""
        assert self.broken() == [(rule, numbers)]
        return self.judged()[0].detail


def well_mannered() -> Story:
    story = Story().log_in()
    story.sent("j1", P1).read("j1", "waiting").read("j1", "active", after=2).read("j1", refused=(P2,))
    story.sent("j2", P2, refers=(P1,)).read("j2")
    story.sent("j3", U1, refers=(P2,)).read("j3")
    return story.add("refreshToken", token="t2", token_until=MONTH + timedelta(days=30)).add("getContacts", token="t2")


def test_a_well_mannered_client_breaks_no_rule() -> None:
    assert well_mannered().judged() == []
    assert find_violations(()) == []


def test_rules_are_whole() -> None:
    """Each has a check and all that reports show of it; the gravest come first."""
    assert list(RULES) == list(CHECKS)
    severities = [about.severity for about in RULES.values()]
    assert severities == sorted(severities, key=["error", "warning", "note"].index)
    for about in RULES.values():
        assert about.evidence in spec.EVIDENCE
        assert about.advice.endswith(".")
        assert not about.title.endswith(".")


# What is asked


def test_violation_tells_all_of_its_rule() -> None:
    (violation,) = Story().log_in(notes=("deprecated parameters: email",)).judged()
    about = RULES["deprecated-parameters"]
    assert violation.rule == "deprecated-parameters"
    assert (violation.severity, violation.title, violation.advice, violation.evidence) == about


def test_allowed_rules_are_left_out() -> None:
    story = Story().log_in(notes=("deprecated parameters: email",), token_in_url=True)
    assert [rule for rule, _ in story.broken()] == ["token-in-url", "deprecated-parameters"]
    assert [rule for rule, _ in story.broken(allow=frozenset({"token-in-url"}))] == ["deprecated-parameters"]
    assert story.broken(allow=frozenset(RULES)) == []


def test_unknown_rule_is_refused_with_a_list() -> None:
    with pytest.raises(UnknownRule, match=r"there is no rule a, b; there are request-violates-contract, .*polls-too"):
        Criteria(allow=frozenset({"b", "a", "polls-too-fast"}))


def test_polls_may_be_as_fast_as_they_like_if_told() -> None:
    story = Story().sent("j").read("j", "active").read("j", after=0)
    assert story.judged() != []
    assert story.judged(poll_seconds=0) == []


@pytest.mark.parametrize("seconds", [-1, -0.001, float("nan")])
def test_impossible_time_is_refused(seconds: float) -> None:
    with pytest.raises(ValueError, match="poll_seconds"):
        Criteria(poll_seconds=seconds)


def test_order_is_that_of_the_journal_then_of_gravity() -> None:
    story = Story()
    story.add("getJob", token_form="bearer", notes=("deprecated way",)).add(
        "x", unknown_fields=("/a",), token_in_url=True
    )
    broken = [("token-with-bearer", (1,)), ("deprecated-parameters", (1,)), ("token-in-url", (2,))]
    assert story.broken() == [*broken, ("unknown-fields-sent", (2,))] == story.broken()


# request-violates-contract


def refusal(rule: str, status: int, **others: Any) -> dict[str, Any]:
    return {"status": status, "rule": rule, "detail": "Expected this.", **others}


def test_request_violates_contract() -> None:
    """The same mistake is told once."""
    story = Story()
    story.add("importMasterData", **refusal("schema-violation", 400, pointers=("/contacts/0/id", "")))
    story.add("importMasterData", **refusal("schema-violation", 400, pointers=("/contacts/0/id", "")))
    assert story.one("request-violates-contract", 1, 2) == (
        "importMasterData was refused by schema-violation at /contacts/0/id, the body: Expected this."
    )
    story.add("importMasterData", **refusal("schema-violation", 400, pointers=("/units",)))
    assert len(story.judged()) == 2


@pytest.mark.parametrize("detail", ["/units: Expected this.", "The body: Expected this.", "Expected this."])
def test_the_place_is_told_once(detail: str) -> None:
    """Refusals begin with it or not."""
    story = Story().add("importMasterData", **refusal("schema-violation", 400, pointers=("/units",), detail=detail))
    told = story.one("request-violates-contract", 1)
    assert told == "importMasterData was refused by schema-violation at /units: Expected this."


@pytest.mark.parametrize(
    ("rule", "status"),
    [
        ("json-malformed", 400),
        ("body-missing", 400),
        ("mixed-credentials", 400),
        ("method-not-allowed", 405),
        ("body-too-large", 413),
        ("media-type-unsupported", 415),
    ],
)
def test_request_violates_contract_in_many_ways(rule: str, status: int) -> None:
    assert spec.rules(spec.load_document())[rule].status == status
    assert rule in Story().add("importMasterData", **refusal(rule, status)).one("request-violates-contract", 1)


def test_address_without_operation() -> None:
    """Two wrong addresses are two mistakes."""
    wrong = refusal("operation-unknown", 404, detail=None)
    story = Story().add(None, path="/a", **wrong).add(None, path="/b", **wrong).add(None, path="/a", **wrong)
    assert story.broken() == [("request-violates-contract", (1, 3)), ("request-violates-contract", (2,))]
    assert story.judged()[0].detail == "POST /a was refused by operation-unknown: no reason is known."


def test_a_fault_during_a_wrong_request_is_no_excuse() -> None:
    wrong = refusal("json-malformed", 400, injected="fault-1", effect="delay")
    Story().add("importMasterData", **wrong).one("request-violates-contract", 1)


@pytest.mark.parametrize(
    "exchange",
    [
        {"status": 400},
        refusal("job-unknown", 404),
        refusal("token-expired", 401),
        refusal("queue-full", 429),
        refusal("internal-error", 500),
        refusal("schema-violation", 400, injected="fault-1", effect="status"),
        refusal("schema-violation", 400, injected="fault-1"),
    ],
    ids=str,
)
def test_request_is_not_blamed(exchange: dict[str, Any]) -> None:
    assert Story().add("getJob", **exchange).judged() == []


# token-with-bearer, token-in-url, unknown-fields-sent, deprecated-parameters


def test_token_with_bearer() -> None:
    story = Story().add("getJob", 401, token_form="bearer").add("getJob", 401, token_form="authorization")
    story.add("getJob", 401, token_form="bearer").add("getJob", token="t1")
    assert story.broken() == [("token-with-bearer", (1, 3)), ("token-with-bearer", (2,))]
    assert [violation.detail for violation in story.judged()] == [
        "The token came with `Bearer` before it in 2 requests.",
        "The token came in the header `Authorization` in 1 request.",
    ]


def test_token_in_url() -> None:
    story = Story().add("getJob", path="/jobs/1", query="a=[redacted]", token_in_url=True).add("getJob", query="page=1")
    detail = story.one("token-in-url", 1)
    assert detail == "1 address held one, the first was POST /jobs/1?a=[redacted]."
    story = Story().add("getJob", path="/x", token_in_url=True).add("getJob", token_in_url=True)
    assert story.one("token-in-url", 1, 2) == "2 addresses held one, the first was POST /x."


def test_unknown_fields_sent() -> None:
    """The same fields are told once; of many the first."""
    story = Story().add("x", unknown_fields=("/contacts/0/nick", "")).add("x").add("x", unknown_fields=("/units/0/a",))
    story.add("x", unknown_fields=("/contacts/0/nick", ""))
    assert story.broken() == [("unknown-fields-sent", (1, 4)), ("unknown-fields-sent", (3,))]
    assert story.judged()[0].detail == "Unknown: /contacts/0/nick, further fields."
    five = Story().add("x", unknown_fields=tuple(f"/{n}" for n in range(5)))
    assert five.judged()[0].detail == "Unknown: /0, /1, /2, /3, /4."
    many = Story().add("x", unknown_fields=tuple(f"/{n}" for n in range(8)))
    assert many.judged()[0].detail == "Unknown: /0, /1, /2, /3, /4 and 3 more."


def test_deprecated_parameters() -> None:
    story = Story().add("authenticate", notes=("deprecated parameters: apiKey",)).add("x", notes=("something else",))
    story.add("authenticate", notes=("deprecated parameters: apiKey",))
    assert story.one("deprecated-parameters", 1, 3) == "Deprecated parameters: apiKey."


# log-in-before-every-call


def test_log_in_before_every_call() -> None:
    story = Story()
    for name in ("a", "b", "c"):
        story.log_in(name).add("getContacts", token=name)
    assert story.one("log-in-before-every-call", 1, 2, 3, 4, 5, 6) == "3 log-ins in a row served one call each."
    story.log_in("d").add("getContacts").add("getContacts").log_in("e").add("getContacts")
    story.one("log-in-before-every-call", 1, 2, 3, 4, 5, 6)


def test_twice_is_no_habit() -> None:
    story = Story().log_in("a").add("x").log_in("b").add("x")
    assert story.judged() == []
    assert story.log_in("c").add("x").add("x").judged() == []


def test_a_row_is_broken_by_a_log_in_that_served_more() -> None:
    story = Story().log_in("a").add("x").log_in("b").add("x").add("x").log_in("c").add("x").log_in("d").add("x")
    assert story.judged() == []


def test_a_log_in_that_failed_serves_nothing() -> None:
    story = Story().log_in("a").add("x").add("authenticate", 401).log_in("b").add("x").add("authenticate", 401)
    story.log_in("c").add("x")
    story.one("log-in-before-every-call", 1, 2, 4, 5, 7, 8)


def test_log_in_after_a_refused_token_is_right() -> None:
    story = Story()
    for name in "abcd":
        story.log_in(name).add("x", 401, rule="token-revoked", token=name)
    assert story.judged() == []


def test_log_in_after_the_end_of_a_token_is_right() -> None:
    """A client that works once in a month cannot keep a token."""
    story = Story()
    for name in "abcd":
        story.now += timedelta(days=31)
        story.log_in(name, until=story.now + timedelta(days=30)).add("x", token=name)
    assert story.judged() == []


@pytest.mark.parametrize(("seconds", "right"), [(0, True), (1, False)])
def test_the_end_of_a_token_is_its_last_moment_no_more(seconds: int, right: bool) -> None:
    """A token that ends just when its client logs in again was of no use any more; one second more, and it was."""
    story = Story()
    for name in "abcd":  # twenty seconds from one log-in to the next
        story.log_in(name, until=story.now + timedelta(seconds=30 + seconds)).add("x", token=name)
    assert (story.judged() == []) is right


def test_log_in_with_unknown_end() -> None:
    story = Story()
    for name in "abc":
        story.log_in(name, token_until=None).add("x", token=name)
    assert [rule for rule, _ in story.broken()] == ["log-in-before-every-call"]


# refresh-never-or-too-late

EXPIRED = {"status": 401, "rule": "token-expired"}


def test_refresh_never() -> None:
    story = Story().log_in(until=START + timedelta(seconds=30))
    story.add("getContacts", token="t1").add("x", after=20, token="t1", **EXPIRED).add("x", token="t1", **EXPIRED)
    detail = story.one("refresh-never-or-too-late", 3, 4)
    assert detail == "The token lived until 2026-01-05T08:00:30+00:00, it was never refreshed: 2 requests failed."


def test_refresh_too_late() -> None:
    story = Story().log_in(until=START + timedelta(seconds=30))
    story.add("getContacts", token="t1").add("refreshToken", after=20, token="t1", **EXPIRED)
    assert "the refresh came too late: 1 request failed" in story.one("refresh-never-or-too-late", 3)


@pytest.mark.parametrize(
    "exchange",
    [
        {"token": "t1", **EXPIRED},
        {"token": "other", **EXPIRED, "after": 100},
        {"token": None, **EXPIRED, "after": 100},
        {"token": "t1", "status": 401, "rule": "token-revoked", "after": 100},
        {"token": "t1", "after": 100},
    ],
    ids=["earlier than told", "log-in unknown", "token unknown", "another reason", "taken all the same"],
)
def test_token_is_refreshed_in_time(exchange: dict[str, Any]) -> None:
    """A token that was ended by a command ends earlier than the client was told."""
    assert Story().log_in(until=START + timedelta(seconds=60)).add("getContacts", **exchange).judged() == []


@pytest.mark.parametrize(
    ("commands", "logs_in", "broken"),
    [
        ((None, Command.CLOCK), True, False),
        ((None, Command.CLOCK), False, True),
        ((Command.CLOCK, None), True, True),
        ((None, Command.JOBS), True, True),
    ],
    ids=["moved by the test", "without a new token", "moved before the log-in", "another command"],
)
def test_a_token_that_the_test_ended(
    commands: tuple[Command | None, Command | None], logs_in: bool, broken: bool
) -> None:
    before, after = commands
    story = Story()
    if before:
        story.steered(before)
    story.log_in(until=START + timedelta(seconds=30))
    if after:
        story.steered(after)
    story.add("getContacts", after=100, token="t1", **EXPIRED)
    if logs_in:
        story.log_in("t2")
    assert bool(story.judged()) is broken


def test_a_token_that_the_test_ended_and_that_is_used_on_after_a_log_in() -> None:
    story = Story().log_in(until=START + timedelta(seconds=30)).steered(Command.CLOCK)
    story.add("getContacts", after=100, token="t1", **EXPIRED).log_in("t2")
    story.add("getContacts", token="t1", **EXPIRED).one("refresh-never-or-too-late", 2, 4)


# polls-too-fast


def test_polls_too_fast() -> None:
    story = Story().sent("j").read("j", "waiting").read("j", "active", after=0.5).read("j", "active", after=0.25)
    story.read("j", "completed", after=1)
    assert story.one("polls-too-fast", 3, 4) == (
        "Job j was polled 2 times within 1 s of the last look; the shortest pause was 0.250 s."
    )
    assert story.judged(poll_seconds=0.25) == []
    assert story.broken(poll_seconds=2) == [("polls-too-fast", (3, 4, 5))]


def test_polls_of_other_jobs_or_of_ended_ones_may_be_fast() -> None:
    story = Story().sent("a").sent("b").read("a", "active").read("b", "active", after=0.1)
    assert story.read("a").read("a", after=0).read("b", after=1).judged() == []


def test_polls_that_failed_are_not_counted() -> None:
    story = Story().sent("j").read("j", "active").add("getJob", 500, 0.1, job_id="j").read("j", after=0.95)
    assert story.add("getJob", 404, 0.1, job_id="unknown", rule="job-unknown").judged() == []
    assert story.add("getJob", after=0).judged() == []


def test_a_poll_may_be_repeated_at_once_if_its_answer_was_lost() -> None:
    story = Story().sent("j").read("j", "active", injected="fault-1", effect="reset").read("j", after=0)
    assert story.judged() == []


@pytest.mark.parametrize(("server_seconds", "broken"), [(0.5, True), (1.0, False), (None, True)])
def test_both_clocks_must_agree(server_seconds: float | None, broken: bool) -> None:
    """The account's clock may stand still while a client really waits."""
    then = None if server_seconds is None else START + timedelta(seconds=server_seconds)
    story = Story().sent("j").read("j", "active", server_at=START).read("j", after=0, server_at=then)
    assert bool(story.judged()) is broken
    if not broken:
        moved_forward = Story().sent("j").read("j", "active", server_at=START).read("j", after=60, server_at=START)
        assert moved_forward.judged() == []


def test_polls_may_be_fast_after_a_command_of_the_test_to_jobs() -> None:
    story = Story().read("j", "active").steered(Command.JOBS).read("j", "active", after=0)
    assert story.judged() == []
    story.steered(Command.CLOCK).read("j", "active", after=0).one("polls-too-fast", 3)
    story.steered(Command.JOBS).read("j", after=0).one("polls-too-fast", 3)


# job-never-read-to-its-end


def test_job_never_read_to_its_end() -> None:
    story = Story().sent("a").sent("b").read("b", "active").sent("c").read("c")
    assert story.broken() == [("job-never-read-to-its-end", (1,)), ("job-never-read-to-its-end", (2, 3))]
    assert [violation.detail for violation in story.judged()] == [
        "Job a was never looked at.",
        "Job b was 'active' when it was looked at last.",
    ]


@pytest.mark.parametrize(
    "others",
    [
        {"injected": "fault-1", "effect": "lost-response"},
        {"injected": "fault-1"},
        {"status": 429, "job_id": None, "rule": "queue-full"},
        {"status": 500},
        {"job_id": None},
    ],
    ids=str,
)
def test_a_job_that_the_client_may_not_know_of_is_not_read(others: dict[str, Any]) -> None:
    assert Story().sent("j", **others).judged() == []


def test_a_job_that_was_read_excuses_none_behind_it() -> None:
    story = Story().sent("a").read("a").sent("b", injected="fault-1", effect="lost-response").sent("c")
    assert story.broken() == [("job-never-read-to-its-end", (4,))]


def test_a_stalled_job_has_no_end() -> None:
    stalls = {"injected": "fault-1", "effect": "job-stalls"}
    assert Story().sent("j", **stalls).read("j", "active").judged() == []
    Story().sent("j", **stalls).one("job-never-read-to-its-end", 1)


def test_a_job_that_the_test_read_counts_as_read() -> None:
    story = Story().sent("a").sent("b").read("b", "active")
    story.steering.note_read("a")
    story.one("job-never-read-to-its-end", 2, 3)
    story.steering.note_read("b")
    assert story.judged() == []


@pytest.mark.parametrize("ended", [True, False, None])
@pytest.mark.parametrize("polled", [True, False])
def test_a_job_without_an_end_has_to_be_looked_at_and_one_that_is_gone_does_not(
    ended: bool | None, polled: bool
) -> None:
    story = Story().sent("j")
    if polled:
        story.read("j", "active")
    story.jobs["j"] = ended
    assert bool(story.judged()) is (ended is True or (ended is False and not polled))


def test_a_job_that_is_gone_excuses_none_behind_it() -> None:
    story = Story().sent("a").sent("b")
    story.jobs["a"] = None
    story.one("job-never-read-to-its-end", 2)


def test_a_look_that_failed_is_none() -> None:
    Story().sent("j").add("getJob", 500, job_id="j").one("job-never-read-to-its-end", 1)


# partial-failure-ignored


def test_partial_failure_ignored() -> None:
    story = Story().sent("a", P1, P2).read("a", refused=(P2, ("responsibilities", None)))
    story.sent("b", U1, refers=(P1, P2, P2)).read("b")
    assert story.one("partial-failure-ignored", 2, 3) == "Refused as the job told, yet referred to: properties 'P2'."


def body(**portfolio: Any) -> dict[str, Any]:
    raw = json.dumps(portfolio).encode()
    return {"request_body": raw, "request_bytes": len(raw)}


def house(name: str = "x", **others: Any) -> dict[str, Any]:
    return {"id": "P1", "name": name, **others}


INSIDE = house(addresses=[{"street": "x", "units": [{"id": "U1"}]}])


@pytest.mark.parametrize("again", [(house(), (P1,)), (INSIDE, (P1, U1))], ids=["by itself", "around another"])
def test_refused_and_sent_again_unchanged(again: tuple[dict[str, Any], tuple[tuple[str, str], ...]]) -> None:
    sent, records = again
    story = Story().sent("a", P1, **body(properties=[house()])).read("a", "failed", refused=(P1,))
    story.sent("b", *records, **body(properties=[sent])).read("b", "failed", refused=records).read("b", refused=records)
    detail = story.one("partial-failure-ignored", 2, 3, 4)
    assert detail == "Refused as the job told, sent again unchanged and refused again: properties 'P1'."


@pytest.mark.parametrize(
    "story",
    [
        Story().sent("b", P1, **body(properties=[house("y")])).read("b", "failed", refused=(P1,)),
        Story().sent("b", P1, **body(properties=[house()])).read("b"),
        Story()
        .sent("b", P1, **body(properties=[house()]) | {"request_bytes": 99_999})
        .read("b", "failed", refused=(P1,)),
        Story().sent("b", P1, **body() | {"request_body": b"{", "request_bytes": 1}).read("b", "failed", refused=(P1,)),
        Story().sent("b", P1, **body(contacts=[house()])).read("b", "failed", refused=(P1,)),
    ],
    ids=["changed", "its reason has gone", "a long body", "no JSON", "not there"],
)
def test_refused_and_sent_again_with_reason(story: Story) -> None:
    told = Story().sent("a", P1, **body(properties=[house()])).read("a", "failed", refused=(P1,))
    for exchange in story.journal:
        told.journal.add(exchange._replace(number=told.journal.next_number()))
    assert told.broken() == []


def test_failure_that_was_repaired() -> None:
    story = Story().sent("a", P2).read("a", "failed", refused=(P2,))
    repaired = story.sent("b", P2).read("b").sent("c", U1, refers=(P2,)).read("c")
    assert repaired.judged() == []
    together = Story().sent("a", P2).read("a", "failed", refused=(P2,)).sent("b", P2, U1, refers=(P2,)).read("b")
    assert together.judged() == []


def test_failure_that_the_client_could_not_know() -> None:
    story = Story().sent("a", P2).sent("b", U1, refers=(P2,)).read("a", refused=(P2,)).read("b")
    assert story.judged() == []
    lost = {"refused": (P2,), "injected": "fault-1", "effect": "truncate"}
    assert Story().sent("a", P2).read("a", **lost).sent("b", U1, refers=(P2,)).read("b").judged() == []


def test_reference_to_an_earlier_version_is_good() -> None:
    """A later version of it was refused; it is stored all the same."""
    story = Story().sent("a", P2).read("a").sent("b", P2).read("b", refused=(P2,))
    assert story.sent("c", U1, refers=(P2,)).read("c").judged() == []


def test_import_that_was_refused_as_a_whole_refers_to_nothing() -> None:
    story = Story().sent("a", P2).read("a", refused=(P2,))
    assert story.sent("b", U1, refers=(P2,), status=429, rule="queue-full").judged() == []


def test_failure_of_a_job_that_the_journal_has_lost() -> None:
    story = Story().read("gone", refused=(P2,)).sent("b", U1, refers=(P2,)).read("b")
    story.one("partial-failure-ignored", 1, 2)


# children-before-parents


def test_children_before_parents() -> None:
    story = Story().sent("a", U1, refers=(P1,)).read("a", "active", missing=(P1,)).read("a", "failed", missing=(P1, C1))
    story.sent("b", P1).read("b")
    assert story.one("children-before-parents", 1, 2, 4) == "Referred to first and sent later: properties 'P1'."


def test_parents_that_are_sent_once_more_are_in_order() -> None:
    story = Story().sent("a", U1, refers=(P1, P2)).read("a", "failed", missing=(P1, P2)).sent("b", P1).read("b")
    story.sent("c", P1).read("c").sent("d", P1, P2).read("d")
    assert story.broken() == [("children-before-parents", (1, 2, 3)), ("children-before-parents", (1, 2, 7))]
    assert story.judged()[1].detail == "Referred to first and sent later: properties 'P2'."


def test_children_before_parents_while_the_job_runs() -> None:
    story = Story().sent("a", U1, refers=(P1,)).sent("b", P1).read("a", "failed", missing=(P1,)).read("b")
    story.one("children-before-parents", 1, 2, 3)


@pytest.mark.parametrize(
    "story",
    [
        Story().sent("a", U1).read("a", "failed", missing=(P1,)).sent("b", P2).read("b"),
        Story().sent("b", P1).sent("a", U1).read("b", refused=(P1,)).read("a", missing=(P1,)),
        Story().read("a", "failed", missing=(P1,)).sent("b", P1).read("b"),
        Story().sent("a", U1).read("a", missing=(P1,), injected="fault-1", effect="reset").sent("b", P1).read("b"),
        Story().sent("a", U1).read("a", missing=(P1,)).sent("b", P1, status=429, job_id=None, rule="queue-full"),
    ],
    ids=["never sent", "sent before", "import unknown", "answer lost", "not accepted"],
)
def test_order_is_right(story: Story) -> None:
    assert "children-before-parents" not in dict(story.broken())


# same-import-sent-again-after-lost-response

LOST = {"injected": "fault-1", "effect": "lost-response", "fingerprint": "same"}


def test_same_import_sent_again() -> None:
    story = Story().sent("a", **LOST).sent("b", fingerprint="same").read("b")
    detail = story.one("same-import-sent-again-after-lost-response", 1, 2)
    assert detail == "The same import was sent 2 times; the first answer was lost."


def test_what_else_was_asked_in_between_is_no_look_at_the_job() -> None:
    story = Story().sent("a", **LOST).add("getContacts").sent("b", fingerprint="same").read("b")
    story.one("same-import-sent-again-after-lost-response", 1, 3)


@pytest.mark.parametrize("status", [500, 503])
def test_same_import_sent_again_after_a_failure_of_the_server(status: int) -> None:
    story = Story().add("importMasterData", status, fingerprint="same").sent("a", **LOST).sent("b", fingerprint="same")
    assert story.broken(allow=frozenset({"job-never-read-to-its-end"})) == [
        ("same-import-sent-again-after-lost-response", (1, 2, 3))
    ]


@pytest.mark.parametrize(
    "story",
    [
        Story().sent("a", **LOST).add("getJob", job_id="x").sent("b", fingerprint="same").read("b"),
        Story().sent("a", **LOST).sent("b", fingerprint="other").read("b"),
        Story().sent("a", fingerprint="same").sent("b", fingerprint="same").read("a").read("b"),
        Story().sent("a", **{**LOST, "fingerprint": None}).sent("b").read("b"),
        Story().sent("a", **LOST),
    ],
    ids=["looked in between", "another import", "nothing was lost", "unknown", "not sent again"],
)
def test_import_is_not_sent_again_blindly(story: Story) -> None:
    assert story.judged() == []


# never-authorized


def unauthorized(rule: str = "token-missing", **others: Any) -> dict[str, Any]:
    return {"status": 401, "rule": rule, **others}


def test_never_authorized() -> None:
    detail = (
        Story()
        .log_in()
        .add("getContacts", **unauthorized())
        .add("getContacts", **unauthorized())
        .one("never-authorized", 2, 3)
    )
    assert detail == "getContacts was refused by token-missing 2 times, and never got through."
    Story().add("authenticate", **unauthorized("credentials-wrong")).one("never-authorized", 1)
    Story().log_in().add("getJob", **unauthorized("token-unknown", token="x")).add("getContacts").one(
        "never-authorized", 2
    )


@pytest.mark.parametrize(
    "story",
    [
        Story().add("getContacts", **unauthorized()).log_in().add("getContacts"),
        Story().add("authenticate", **unauthorized("credentials-wrong")).log_in(),
        Story().log_in().add("authenticate", **unauthorized("credentials-wrong")),
        Story().add("getContacts", **unauthorized("token-unknown", injected="fault-1", effect="truncate")),
        Story().log_in().add("getContacts", token="t1").add("getContacts", **unauthorized("token-unknown", token="t1")),
        Story().add("getContacts", 404, rule="contact-unknown"),
        Story().add("getContacts", **unauthorized("token-expired")),
    ],
    ids=[
        "logs in",
        "right at last",
        "was right before",
        "a fault",
        "a token that was good",
        "nothing there",
        "expired",
    ],
)
def test_got_through_or_could_not(story: Story) -> None:
    assert story.broken() == []


def test_a_token_in_the_wrong_place_is_named_once() -> None:
    bearer = {"token": "t1", "token_form": "bearer"}
    Story().log_in().add("getContacts", **unauthorized("token-unknown", **bearer)).one("token-with-bearer", 2)


def test_a_token_in_the_address_is_no_lack_of_one() -> None:
    in_address = Story().log_in().add("getContacts", **unauthorized(token_in_url=True))
    assert "never-authorized" not in [rule for rule, _ in in_address.broken()]


# retry-after-ignored


def asks(wait: str, status: int = 503, **others: Any) -> dict[str, Any]:
    return {"status": status, "response_headers": ((b"Retry-After", wait.encode()),), **others}


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_ignored(status: int) -> None:
    detail = Story().add("getJob", **asks("11", status)).add("getJob", after=10).one("retry-after-ignored", 1, 2)
    assert detail == f"getJob was called again 10.000 s after an answer {status} that asked for 11 s."


@pytest.mark.parametrize(("seconds", "broken"), [(58, True), (59, False), (60, False)])
def test_retry_after_a_date(seconds: int, broken: bool) -> None:
    """A date has no parts of a second, so a client that rounds is a second early."""
    date = format_datetime(START + timedelta(seconds=10 + 60), usegmt=True)
    story = Story().add("getJob", **asks(date)).add("getJob", after=seconds)
    assert story.broken() == ([("retry-after-ignored", (1, 2))] if broken else [])


@pytest.mark.parametrize(
    "wait", ["", "soon", "-1", "1.5", "9" * 40, "9" * 10, "Mon, 01 Jan 2020 00:00:00", "Mon, 32 Jan 2020 00:00:00 GMT"]
)
def test_what_asks_for_no_time(wait: str) -> None:
    assert Story().add("getJob", **asks(wait)).add("getJob", after=0).broken() == []


@pytest.mark.parametrize(
    "story",
    [
        Story().add("getJob", **asks("10")).add("getJob", after=10),
        Story().add("getJob", **asks("60")).add("getContacts"),
        Story().add("getJob", **asks("60", 500)).add("getJob"),
        Story().add("getJob", **asks("60", injected="fault-1", effect="truncate")).add("getJob"),
        Story().add("getJob", **asks("60", server_at=START)).add("getJob", server_at=START + timedelta(minutes=1)),
        Story().add("getJob", **asks("60", server_at=START)).add("getJob", server_at=START),
        Story().add("getJob", **asks("0")).add("getJob", after=0),
    ],
    ids=["waits", "another call", "another status", "lost", "by the server's clock", "under way", "no time"],
)
def test_waits_as_long_as_it_is_asked(story: Story) -> None:
    assert story.broken() == []


def test_each_answer_is_waited_for() -> None:
    story = (
        Story().add("getJob", **asks("15")).add("getJob", **asks("15")).add("getJob", after=15).add("getJob", after=0)
    )
    story.one("retry-after-ignored", 1, 2)
