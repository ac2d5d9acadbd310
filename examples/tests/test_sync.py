"""What reaches casavi, and in which order."""

import pytest
from conftest import without
from erp_sync.api import CasaviApi
from erp_sync.erp import Export
from erp_sync.sync import sync

from pytest_casavi import Casavi


def test_an_export_arrives(casavi: Casavi, api: CasaviApi, export: Export) -> None:
    report = sync(export, api)

    assert (report.created, report.refused) == (7, [])
    assert casavi.contacts["K4711"]["lastName"] == "Demir"
    assert casavi.properties["O100"]["postalCode"] == "01067"
    lease = casavi.units["O100/2"]["contracts"][0]
    assert (lease["type"], lease["startDate"]) == ("OWNER", "2019-07-01")
    assert casavi.units["O100/2"].street == "Ahornallee 7"
    assert casavi.responsibilities[0]["contactId"] == "K9000"


def test_the_second_night_changes_nothing(casavi: Casavi, api: CasaviApi, export: Export) -> None:
    sync(export, api)
    report = sync(export, api)

    assert (report.created, report.updated, report.unchanged) == (0, 0, 7)


def test_two_imports_are_enough(casavi: Casavi, api: CasaviApi, export: Export) -> None:
    sync(export, api)

    first, second = casavi.requests.to("importMasterData").all
    assert set(first.json) == {"contacts", "properties"}
    assert set(second.json) == {"responsibilities"}
    casavi.requests.to("authenticate").one()


def test_a_contact_that_the_export_lacks_is_reported(casavi: Casavi, api: CasaviApi, export: Export) -> None:
    report = sync(without(export, contacts="4712"), api)

    assert len(report.refused) == 1
    assert report.refused[0].startswith("units O100/2: ")
    error = casavi.jobs.all[0].errors[0]
    assert (error.rule, error.missing and error.missing.id) == ("missing-reference", "K4712")
    assert "O100/1" in casavi.units
    assert "O100/2" not in casavi.units


@pytest.mark.casavi(load="small-house")
def test_what_is_there_already_stays(casavi: Casavi, api: CasaviApi, export: Export) -> None:
    before = set(casavi.contacts)
    sync(export, api)

    assert before < set(casavi.contacts)


def test_a_changed_name_is_an_update(casavi: Casavi, api: CasaviApi, export: Export) -> None:
    sync(export, api)
    with casavi.snapshot():
        export.contacts[0]["last_name"] = "Demir-Yılmaz"
        assert sync(export, api).updated == 1
        assert casavi.contacts["K4711"]["lastName"] == "Demir-Yılmaz"

    assert casavi.contacts["K4711"]["lastName"] == "Demir"
