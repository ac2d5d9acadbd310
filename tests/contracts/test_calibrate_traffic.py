"""Recorded traffic in, a verdict for each guess out: over vendors whose guesses are other than ours."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from casavi_contracts import spec
from casavi_contracts.observe import telling
from casavi_contracts.observe.calibration import Calibration, IncomparableError, calibrate
from casavi_contracts.observe.files import UnreadableError
from casavi_contracts.observe.sights import CONFIRMED, CONTRADICTORY, REFUTED
from tests.support.traffic import ADDRESS, NEW, ordinary, vendor
from tests.support.traffic import usual as usual_archive
from tests.support.vendors import alien_profile

Archive = dict[str, Any]

TWENTY: dict[str, Any] = {
    "authenticate-status": 201,
    "refresh-path": "/session/extend",
    "refresh-needs-token-header": True,
    "refresh-revokes-old-token": False,
    "deprecation-header": False,
    "token-lifetime-days": 12.5,
    "expires-at-format": "seconds",
    "unauthorized-status": 403,
    "error-media-type": "application/json",
    "import-path": "/masterdata",
    "import-status": 200,
    "job-id-field": "importId",
    "upsert": "replace",
    "custom-fields": "replace",
    "unknown-fields": "ignore",
    "contract-date-format": "date",
    "contract-period": "accept",
    "duplicate-ids": "last-wins",
    "job-status-names": ["queued", "running", "done", "broken"],
    "v1-page-size": 10,
    "v2-page-size": 7,
    "inactive-contracts": "ended",
    "v2-absent-values": "omitted",
}
"""Guesses of which an ordinary client sees something."""


@pytest.fixture(scope="module")
def archive() -> Archive:
    return recorded(TWENTY)


@pytest.fixture(scope="module")
def usual() -> Archive:
    whole: Archive = json.loads(usual_archive())
    return whole


def recorded(profile: dict[str, Any], seed: int = 0, *, secrets: bool = True) -> Archive:
    with vendor(profile, seed, secrets=secrets) as client:
        ordinary(client)
    return client.archive()


def read(folder: Path, *archives: Any, overrides: dict[str, Any] | None = None) -> Calibration:
    paths = []
    for number, each in enumerate(archives):
        paths.append(folder / f"traffic-{number}.har")
        paths[-1].write_text(each if isinstance(each, str) else json.dumps(each))
    return calibrate(paths, overrides or {})


def judge(found: Calibration, profile: dict[str, Any]) -> set[str]:
    """Returns the guesses that are refuted with a value, all of them right; nothing that differs is confirmed."""
    register = spec.assumptions(spec.load_document())
    theirs = spec.resolve_profile(register, profile)
    changed = {name for name, entry in register.items() if theirs[name] != entry.value}
    refuted = {each.name: each.theirs for each in found.by_verdict(REFUTED) if each.expressible}
    assert refuted == {name: theirs[name] for name in refuted}
    assert not changed & {each.name for each in found.by_verdict(CONFIRMED)}
    assert {each.name for each in found.by_verdict(REFUTED)} <= changed
    return {*refuted}


def test_ordinary_traffic_says_all_that_differs(tmp_path: Path, archive: Archive) -> None:
    assert len(archive["log"]["entries"]) == pytest.approx(200, abs=10)
    found = read(tmp_path, archive)
    assert judge(found, TWENTY) == TWENTY.keys()
    status = next(each for each in found.findings if each.name == "job-status-names")
    assert status.count > 10
    assert status.first is not None
    assert status.last is not None
    assert status.first < status.last


def test_what_traffic_can_tell_is_what_is_said_of_it(tmp_path: Path, usual: Archive, archive: Archive) -> None:
    one, other = read(tmp_path, usual), read(tmp_path, archive)
    seen = {each.name for found in (one, other) for each in found.findings if each.verdict != "not seen"}
    assert seen == telling.IN_TRAFFIC


def test_traffic_with_a_mock_like_ours_refutes_nothing(tmp_path: Path, usual: Archive) -> None:
    found = read(tmp_path, usual)
    assert not found.refuted
    assert len(found.by_verdict(CONFIRMED)) >= 30


@pytest.mark.slow  # the journal, which is tried in the fast run, has none either
def test_redacted_tokens_are_tolerated(tmp_path: Path) -> None:
    archive = recorded(TWENTY, secrets=False)
    assert NEW["secret"] not in json.dumps(archive)
    assert len(judge(read(tmp_path, archive), TWENTY)) >= 20


@pytest.mark.parametrize("seed", range(1))
def test_what_is_refuted_is_right(tmp_path: Path, seed: int) -> None:
    profile = alien_profile(seed)
    judge(read(tmp_path, recorded(profile, seed, secrets=seed != 1)), profile)


@pytest.mark.slow  # many vendors
@pytest.mark.parametrize("seed", range(1, 120))
def test_what_is_refuted_is_right_of_many_vendors(tmp_path: Path, seed: int) -> None:
    profile = alien_profile(seed)
    judge(read(tmp_path, recorded(profile, seed, secrets=seed % 3 != 1)), profile)


def test_the_journal_of_a_mock_says_the_same(tmp_path: Path) -> None:
    with vendor(TWENTY) as client:
        ordinary(client)
        exported = client.journal()
    assert len(judge(read(tmp_path, exported), TWENTY)) >= 20


Change = Callable[[list[dict[str, Any]]], None]


def changed(archive: Archive, change: Change) -> Archive:
    made = copy.deepcopy(archive)
    change(made["log"]["entries"])
    return made


def odd_status(path: str, status: int, number: int = 0) -> Change:
    def change(entries: list[dict[str, Any]]) -> None:
        found = [each for each in entries if each["request"]["url"].endswith(path) and each["response"]["status"] < 300]
        found[number]["response"]["status"] = status

    return change


def test_one_odd_exchange_settles_nothing(tmp_path: Path, usual: Archive) -> None:
    found = read(tmp_path, changed(usual, odd_status("/import", 200)))
    status = next(each for each in found.findings if each.name == "import-status")
    assert status.verdict == CONFIRMED
    assert len(status.against) == 1
    assert status.against[0].startswith("200 (entry ")


def test_contradictions_are_shown_and_not_settled(tmp_path: Path, usual: Archive) -> None:
    def change(entries: list[dict[str, Any]]) -> None:
        for number in (0, 3):
            odd_status("/import", 200, number)(entries)

    status = next(each for each in read(tmp_path, changed(usual, change)).findings if each.name == "import-status")
    assert status.verdict == CONTRADICTORY
    assert {each[:3] for each in status.against} >= {"200", "202"}


def test_two_files_that_contradict_each_other_settle_nothing(tmp_path: Path, usual: Archive, archive: Archive) -> None:
    found = {each.name: each.verdict for each in read(tmp_path, usual, archive).findings}
    assert found["import-status"] == CONTRADICTORY
    assert found["v1-page-size"] == CONTRADICTORY
    assert found["contact-path"] == CONFIRMED


def test_a_refusal_says_nothing_about_the_schema_of_a_request(tmp_path: Path) -> None:
    with vendor({"contact-name-required": True, "unknown-fields": "refuse"}) as client:
        client.log_in()
        client.bring({"contacts": [{"id": "C-1"}]}, {"contacts": [{"id": "C-1", "lastName": "L", "shoeSize": "1"}]})
    found = {each.name: each.verdict for each in read(tmp_path, client.archive()).findings}
    assert found["contact-name-required"] == found["unknown-fields"] == "not seen"


FOREIGN = {
    "log": {
        "entries": [
            {
                "startedDateTime": "2026-01-05T08:00:00.000Z",
                "request": {
                    "method": method,
                    "url": f"https://crm.example/v3/{path}",
                    "headers": [{"name": "authorization", "value": "Bearer x"}],
                    "postData": {"mimeType": "application/json", "text": json.dumps(sent)},
                },
                "response": {
                    "status": 200,
                    "headers": [],
                    "content": {"mimeType": "application/json", "text": json.dumps(got)},
                },
            }
            for method, path, sent, got in [
                ("POST", "login", {"user": "a", "password": "b"}, {"token": "c"}),
                ("POST", "authenticate", {"user": "a", "password": "b"}, {"token": "c"}),
                ("GET", "contacts", None, {"results": [{"id": "1", "firstName": "A", "lastName": "B"}], "paging": {}}),
                ("GET", "jobs/1", None, {"status": "done"}),
            ]
        ]
    }
}


@pytest.mark.parametrize("archive", [FOREIGN, {"log": {"entries": []}}])
def test_traffic_with_another_api_is_nothing_comparable(tmp_path: Path, archive: Archive) -> None:
    with pytest.raises(IncomparableError, match="nothing comparable"):
        read(tmp_path, archive)


@pytest.mark.parametrize("text", ["", "{", '{"log": 3}', '{"log": {"entries": 3}}'])
def test_broken_traffic_is_told_in_one_sentence(tmp_path: Path, text: str) -> None:
    with pytest.raises(UnreadableError) as caught:
        read(tmp_path, text)
    assert "\n" not in str(caught.value)


def test_other_hosts_in_the_same_file_are_passed_over(tmp_path: Path, archive: Archive) -> None:
    mixed = {"log": {"entries": FOREIGN["log"]["entries"] * 20 + archive["log"]["entries"]}}
    assert len(judge(read(tmp_path, mixed), TWENTY)) >= 20


def test_an_api_behind_a_prefix_is_found(tmp_path: Path, archive: Archive) -> None:
    moved = json.dumps(archive).replace(ADDRESS, f"{ADDRESS}/manager/api")
    assert len(judge(read(tmp_path, moved), TWENTY)) >= 20


def test_no_secret_is_in_what_was_found(tmp_path: Path, archive: Archive) -> None:
    shown = repr(read(tmp_path, archive))
    tokens = {
        json.loads(each["response"]["content"]["text"])["token"]
        for each in archive["log"]["entries"]
        if '"token"' in each["response"]["content"]["text"]
    }
    assert len(tokens) > 2
    assert not [secret for secret in (*tokens, *NEW.values()) if secret in shown]


@pytest.mark.slow  # three files of two hundred exchanges
def test_a_file_counts_once_and_two_of_one_name_are_told_apart(tmp_path: Path, usual: Archive) -> None:
    path, other = tmp_path / "traffic.har", tmp_path / "other" / "traffic.har"
    other.parent.mkdir()
    for each in (path, other):
        each.write_text(json.dumps(usual))
    once = {each.name: each.count for each in calibrate([path], {}).findings}
    assert {each.name: each.count for each in calibrate([path, path], {}).findings} == once
    found = calibrate([path, other], {})
    assert found.sources == [str(path), str(other)]
    assert found.findings[0].count == 2 * once[found.findings[0].name]


def test_a_log_in_at_another_path_is_found_by_what_it_takes(tmp_path: Path, archive: Archive) -> None:
    moved = json.dumps(archive).replace("/authenticate", "/auth/log-in")
    assert len(judge(read(tmp_path, moved), TWENTY)) >= 20


@pytest.mark.parametrize(
    ("name", "theirs"),
    [("null-clears", False), ("null-clears", True), ("custom-fields", "replace"), ("upsert", "merge")],
)
def test_an_import_counts_that_is_not_the_last_one_before_a_contact_is_read(
    tmp_path: Path, name: str, theirs: Any
) -> None:
    """A client seldom reads after each import: what came in between may say nothing about the field."""
    sent: list[dict[str, Any]] = [
        {"note": "call after six", "customFields": {"a": "1"}},
        {"firstName": "Joe"},
        {"note": None},
        {"customFields": {"b": "2"}},
        {"city": "Bonn"},
    ]
    with vendor({name: theirs}) as client:
        client.log_in()
        for fields in sent:
            client.bring({"contacts": [{"id": "C-1", "lastName": "Smith", **fields}]})
        client.bring({"contacts": [{"id": "C-2", "lastName": "Miller", "note": "shown"}]})
        client.read_second("contacts")
    found = {each.name: each for each in read(tmp_path, client.archive()).findings}
    expected = CONFIRMED if theirs == spec.assumptions(spec.load_document())[name].value else REFUTED
    assert (found[name].verdict, found[name].theirs if expected == REFUTED else theirs) == (expected, theirs)
