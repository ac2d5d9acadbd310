"""What the client does when something goes wrong, or takes long."""

from datetime import timedelta
from email.utils import format_datetime

import pytest
from erp_sync.api import CasaviApi, CasaviError
from erp_sync.erp import Export
from erp_sync.sync import sync

from pytest_casavi import Casavi


def test_a_token_is_refreshed_before_it_ends(casavi: Casavi, api: CasaviApi, export: Export) -> None:
    sync(export, api)
    casavi.clock.advance(days=29.5)
    sync(export, api)

    casavi.requests.to("refreshToken").one()
    casavi.requests.where(status=401).none()


def test_after_a_month_it_logs_in_again(casavi: Casavi, api: CasaviApi, export: Export) -> None:
    sync(export, api)
    casavi.clock.advance(days=31)
    sync(export, api)

    assert casavi.requests.to("authenticate").count() == 2
    casavi.requests.to("refreshToken").none()


def test_a_token_that_ends_early_costs_one_refusal(casavi: Casavi, api: CasaviApi, export: Export) -> None:
    sync(export, api)
    casavi.expire_tokens()
    sync(export, api)

    assert casavi.requests.where(status=401).one().rule == "token-expired"


def test_a_busy_casavi_is_asked_again_when_it_says_so(casavi: Casavi, api: CasaviApi, export: Export) -> None:
    casavi.faults.on("importMasterData").times(2).status(503, retry_after=60)
    begun = casavi.clock.now
    sync(export, api)

    statuses = [request.status for request in casavi.requests.to("importMasterData")]
    assert statuses == [503, 503, 202, 202]
    assert (casavi.clock.now - begun).total_seconds() >= 120


def test_it_may_say_so_by_a_date_and_without_a_word(casavi: Casavi, api: CasaviApi, export: Export) -> None:
    begun = casavi.clock.now
    due = format_datetime(begun + timedelta(minutes=5), usegmt=True)
    casavi.faults.on("importMasterData").once().json(["come back later"], status=503, headers={"Retry-After": due})
    sync(export, api)

    assert (casavi.clock.now - begun).total_seconds() >= 299


def test_too_busy_is_given_up(casavi: Casavi, api: CasaviApi, export: Export) -> None:
    casavi.faults.on("importMasterData").status(429, retry_after=1)
    with pytest.raises(CasaviError, match="429"):
        sync(export, api)

    assert casavi.requests.to("importMasterData").count() == 4
    assert len(casavi.contacts) == 0


def test_an_import_whose_answer_was_lost_is_sent_again(casavi: Casavi, api: CasaviApi, export: Export) -> None:
    casavi.faults.on("importMasterData").once().lost_response()
    report = sync(export, api)

    assert casavi.requests.to("importMasterData").count() == 3
    assert report.unchanged == 6  # the first one had arrived
    assert [violation.rule for violation in casavi.violations] == ["same-import-sent-again-after-lost-response"]


@pytest.mark.casavi(progress="time", job_seconds=1800)
def test_a_slow_job_is_waited_for_with_patience(casavi: Casavi, api: CasaviApi, export: Export) -> None:
    sync(export, api)

    polls = casavi.requests.to("getJob").where(job=casavi.jobs.all[0].id).count() - 1
    assert 30 <= polls <= 40  # every minute, once it has become patient


def test_a_job_that_fails_is_told(casavi: Casavi, api: CasaviApi, export: Export) -> None:
    casavi.jobs.next.fail()
    report = sync(export, api)

    assert report.refused == [f"job {casavi.jobs.last.id} failed as a whole"]
    assert len(casavi.jobs.all) == 1  # what would refer to it was not sent


def test_a_job_that_never_ends_is_given_up(casavi: Casavi, api: CasaviApi, export: Export) -> None:
    casavi.jobs.next.stall()
    with pytest.raises(CasaviError, match="still 'active'"):
        sync(export, api)

    assert casavi.jobs.last.status == "active"


def test_the_client_can_be_seen_waiting(casavi: Casavi, api: CasaviApi, export: Export) -> None:
    casavi.queue.hold()
    job_id = api.import_master_data({"contacts": [{"id": "K1", "lastName": "Demir"}]})

    assert api.job(job_id)["status"] == "waiting"
    assert casavi.jobs[job_id].wait().status == "completed"
