"""Conventions about what an answer says of earlier ones: jobs, records, credentials, pages."""

import math
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from casavi_contracts import spec
from casavi_contracts.failures import Broken
from casavi_contracts.fuzz.checks.check import Check, body_of, check
from casavi_contracts.fuzz.filler import MADE_UP, NEW_NAMES, OLD_NAMES
from casavi_contracts.fuzz.sent import Sent
from casavi_contracts.fuzz.session import AUTHENTICATE, IMPORT, JOB, REFRESH, Session
from casavi_contracts.http.exchange import Answer


@check(
    "The job of an accepted import is known at once, under the id that was answered.",
    evidence="documented",
    source="8.8",
)
def accepted_job_is_known_at_once(session: Session, sent: Sent, answer: Answer) -> None:
    if sent.operation != IMPORT or not answer.ok:
        return
    body = body_of(answer)
    job = body.get("jobId") if isinstance(body, dict) else None
    if not isinstance(job, str) or not job:
        raise Broken("a job id", "none", assumption="job-id-field", evidence="assumed")
    seen = session.send(JOB, jobId=job)
    session.note(Sent(JOB, "GET", "", {}, b""), seen)
    if not seen.ok:
        raise Broken("the job to be known", f"status {seen.status}")
    found = body_of(seen)
    if not isinstance(found, dict) or (found.get("id") != job and not spec.hides(found, "id")):
        raise Broken(
            "the job with the id that was answered", "another one", evidence="assumed", assumption="job-object"
        )


@check("What was imported, and every accepted job, is found under its id.", evidence="third-party", source="7")
def known_ids_are_found(session: Session, sent: Sent, answer: Answer) -> None:
    if answer.status == 404 and _asked(session, sent, known=True):
        evidence = "documented" if sent.operation == JOB else None
        raise Broken(f"{sent.operation} to find what exists", "404", evidence=evidence)


@check("What was never sent, and a job that nobody has accepted, is not found.", evidence="inferred", source="8.8")
def unknown_ids_are_not_found(session: Session, sent: Sent, answer: Answer) -> None:
    if answer.ok and _asked(session, sent, known=False):
        raise Broken(f"{sent.operation} to find nothing under an id that was made up", f"status {answer.status}")


@check("An answer is about the record or job that was asked for.", evidence="third-party", source="3.1")
def answer_is_about_what_was_asked(session: Session, sent: Sent, answer: Answer) -> None:
    body = body_of(answer)
    if not answer.ok or not sent.parameters or not isinstance(body, dict):
        return
    named = {"jobId"} if sent.operation == JOB else session.contract.references(sent.operation or "").keys()
    for name, value in sent.parameters.items():
        if name in named and body.get("id") != value and not spec.hides(body, "id"):
            guess: dict[str, Any] = {"evidence": "assumed", "assumption": "job-object"} if sent.operation == JOB else {}
            raise Broken(f"the one whose id was asked for by {sent.operation}", "another id", **guess)


@check(
    "A good token is taken everywhere, and credentials alone decide about a log-in.", evidence="documented", source="2"
)
def credentials_decide(session: Session, sent: Sent, answer: Answer) -> None:
    refused = answer.status == session.contract.values["unauthorized-status"]
    if sent.operation in (AUTHENTICATE, REFRESH):
        good = _is_good_log_in(session, sent)
        if good and sent.valid and refused:
            raise Broken("good credentials to be taken", f"status {answer.status}")
        if good is False and answer.ok:
            raise Broken("made-up credentials to be refused", f"status {answer.status}")
    elif refused and sent.valid and sent.token and sent.token == session.refused_token:
        raise Broken("a good token to be taken", f"status {answer.status}")


@check(
    "A page tells its own number, how many there are, and where the next one is.",
    evidence="third-party",
    source="5",
)
def pages_agree_with_themselves(session: Session, sent: Sent, answer: Answer) -> None:
    body = body_of(answer)
    if sent.operation is None or not answer.ok or not isinstance(body, dict):
        return
    listed = body.get("content", body.get("list"))
    if not isinstance(listed, list):
        return
    ids = [record.get("id") for record in listed if isinstance(record, dict)]
    if len({repr(one) for one in ids}) != len(ids):
        raise Broken("every record once on a page", "one twice")
    if "content" in body:
        _judge_page_v1(session, sent, body, len(listed))
    else:
        _judge_page_v2(session, sent, body, len(listed))


CHECKS: tuple[Check, ...] = (
    accepted_job_is_known_at_once,
    known_ids_are_found,
    unknown_ids_are_not_found,
    answer_is_about_what_was_asked,
    credentials_decide,
    pages_agree_with_themselves,
)


def _asked(session: Session, sent: Sent, *, known: bool) -> bool:
    """Whether a request asks for something that is known to be there, or, if not `known`, known not to be."""
    for name, value in sent.parameters.items():
        if sent.operation == JOB:
            return value in session.jobs if known else session.never_accepted(value)
        entity = session.contract.references(sent.operation or "").get(name)
        if entity is not None:
            return value in session.known[entity] if known else session.never_sent(value)
    return False


def _is_good_log_in(session: Session, sent: Sent) -> bool | None:
    """Whether a log-in or refresh carries good credentials; None where that cannot be told."""
    body, account = sent.json, session.client.credentials
    if not isinstance(body, dict):
        return None
    if any(
        isinstance(body.get(name), str) and body[name].startswith(MADE_UP) for name in ("secret", "password", "token")
    ):
        return False if _one_naming(body) else None
    if sent.operation == REFRESH:
        # The refresh itself has ended the token that it sent, if it was taken.
        return (body.get("apiKey") == account.key and body.get("token") == session.token_in_use) or None
    for names in (NEW_NAMES, OLD_NAMES):
        if [body.get(name) for name in names] == [account.key, account.secret]:
            return True if _one_naming(body) else None
    return None


def _one_naming(body: Mapping[str, Any]) -> bool:
    return not (any(name in body for name in NEW_NAMES) and any(name in body for name in OLD_NAMES))


def _judge_page_v1(session: Session, sent: Sent, body: Mapping[str, Any], length: int) -> None:
    asked = sent.query.get(session.contract.page_parameter, ["0"])
    count, page, pages = body.get("count"), body.get("page"), body.get("pageCount")
    if not all(isinstance(number, int) for number in (count, page, pages)):
        return  # the schema is judged elsewhere
    if len(asked) == 1 and asked[0].isascii() and asked[0].isdigit() and int(asked[0]) != page:
        raise Broken(f"page {asked[0]}", f"page {page}")
    size = session.contract.values["v1-page-size"]
    assert isinstance(count, int), "it was looked at above"
    assert isinstance(page, int), "it was looked at above"
    guess: dict[str, Any] = {"evidence": "assumed", "assumption": "v1-page-size"}
    if pages != math.ceil(count / size):
        raise Broken(f"{math.ceil(count / size)} pages of {count} records", f"{pages}", **guess)
    due = max(0, min(size, count - page * size))
    if length != due:
        raise Broken(f"{due} of {count} records on page {page}", f"{length}", **guess)


def _judge_page_v2(session: Session, sent: Sent, body: Mapping[str, Any], length: int) -> None:
    links = body.get("_links")
    following = links.get("next") if isinstance(links, dict) else None
    if not isinstance(following, str):
        return
    there = urlsplit(following)
    if there.path != sent.path.partition("?")[0]:
        raise Broken(
            "a next page of the same list", "another path", evidence="assumed", assumption="next-link-parameters"
        )
    asked, carried = sent.query, parse_qs(there.query, keep_blank_values=True)
    filters = {name: values for name, values in asked.items() if name not in ("page", "after")}
    if any(carried.get(name) != values for name, values in filters.items()):
        raise Broken("a link that carries the filters", f"a link with {', '.join(sorted(carried))}")
    size = session.contract.values["v2-page-size"]
    if length != size:
        raise Broken(f"{size} records before a next page", f"{length}", evidence="assumed", assumption="v2-page-size")
