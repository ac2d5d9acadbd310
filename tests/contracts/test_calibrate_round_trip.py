"""From a vendor to what was found, and back: a mock that starts from it answers as the vendor did."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from casavi_contracts import spec
from casavi_contracts.observe import output
from casavi_contracts.observe.calibration import Calibration, calibrate
from casavi_mock.cli.commands import cli
from casavi_mock.cli.profiles import Profile
from tests.contracts.test_calibrate_documents import as_3_1, as_swagger
from tests.contracts.test_calibrate_traffic import TWENTY
from tests.support.traffic import Recorder, ordinary, vendor

SHAPES = Path(__file__).parents[1] / "profiles" / "states.yaml"
CHANGED = {**TWENTY, "v1-page-size": 12}
del CHANGED["job-status-names"], CHANGED["job-id-field"]


@pytest.fixture(scope="module")
def shapes() -> dict[str, Any]:
    whole: dict[str, Any] = yaml.safe_load(SHAPES.read_text())
    return whole


def from_result(found: Calibration, folder: Path) -> Mapping[str, Any]:
    """Returns the profile that was written, as the command line reads it."""
    output.write_folder(found, folder, force=False)
    return Profile().convert(str(folder / "profile.toml"), None, None)


def outline(client: Recorder) -> list[tuple[str, int, Any]]:
    """Returns what was answered, without what differs from run to run."""
    return [
        (
            f"{each['request']['method']} {each['request']['url'].rpartition('/jobs/')[0] or each['request']['url']}",
            each["response"]["status"],
            form(json.loads(each["response"]["content"]["text"])),
        )
        for each in client.entries
    ]


def form(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: form(item) for name, item in value.items()}
    if isinstance(value, list):
        return [form(item) for item in value]
    return value if value is None or isinstance(value, bool) else type(value).__name__


def test_a_mock_that_starts_from_recorded_traffic_answers_as_the_vendor_did(
    tmp_path: Path, shapes: dict[str, Any]
) -> None:
    with vendor(CHANGED, overlay=shapes) as client:
        ordinary(client)
    traffic = tmp_path / "traffic.har"
    traffic.write_text(json.dumps(client.archive()))
    found = calibrate([traffic], {})
    profile = from_result(found, tmp_path / "casavi")

    with vendor(profile["assumptions"], overlay=profile["overlay"], evidence=profile["evidence"]) as again:
        ordinary(again)
    first, second = outline(client), outline(again)
    assert len(first) == len(second)
    for mine, theirs in zip(first, second, strict=True):
        if mine[1] < 400:
            assert theirs == mine
        else:
            assert theirs[:2] == mine[:2]
    register = spec.assumptions(dict(again.mock.settings.document))
    assert register["import-status"].evidence == "observed"
    assert register["upsert"].value == "replace"
    name = again.mock.settings.documents["/v2"]["components"]["schemas"]["UnitV2"]["properties"]["propertyId"]
    assert name["x-evidence"] == "observed"
    assert name["x-observed"]["count"] > 1
    assert name["x-observed"]["from"] == ["traffic.har"]


@pytest.mark.parametrize(
    "form_of", [dict, *(pytest.param(form, marks=pytest.mark.slow) for form in (as_swagger, as_3_1))]
)
def test_the_document_of_such_a_mock_is_that_of_the_vendor(
    tmp_path: Path, shapes: dict[str, Any], form_of: Any
) -> None:
    theirs = spec.contract_documents({"import-path": "/bulk"}, shapes).by_version
    paths = []
    for version, document in theirs.items():
        paths.append(tmp_path / f"{version}.json")
        paths[-1].write_text(json.dumps(form_of(document)))
    profile = from_result(calibrate(paths, {}), tmp_path / "casavi")
    ours = spec.contract_documents(profile["assumptions"], profile["overlay"], profile["evidence"]).by_version
    job = spec.load_document()["paths"]["/jobs/{jobId}"]["get"]["responses"]["200"]["content"]["application/json"]
    values = {**job["example"], "status": "done"}
    for version in theirs:
        assert spec.shown(ours[version], "getJob", values) == spec.shown(theirs[version], "getJob", values)
        accepted = spec.shown(theirs[version], "importMasterData", {"jobId": "J"})
        assert spec.shown(ours[version], "importMasterData", {"jobId": "J"}) == accepted
    states = ours["v1"]["components"]["schemas"]["Job"]["properties"]["data"]["properties"]["state"]["x-states"]
    assert [*states] == ["queued", "validating", "importing", "done", "done_with_errors", "failed"]


def test_fields_and_required_fields_of_a_document_are_followed(tmp_path: Path) -> None:
    first, second = spec.contract_documents({}).by_version.values()
    for document in (first, second):
        document["components"]["schemas"]["Contact"]["required"].append("lastName")
    properties = second["components"]["schemas"]["ContactV2"]["properties"]
    properties["birthday"] = {"type": "string"}
    del properties["fax"]
    paths = []
    for number, document in enumerate((first, second)):
        paths.append(tmp_path / f"{number}.json")
        paths[-1].write_text(json.dumps(document))
    found = calibrate(paths, {})
    assert {each.name for each in found.findings if each.verdict == "refuted" and found.followed(each)} == {
        "required-fields",
        "v2-contact-fields",
    }
    profile = from_result(found, tmp_path / "casavi")
    ours = spec.contract_documents(profile["assumptions"], profile["overlay"]).by_version
    assert ours["v1"]["components"]["schemas"]["Contact"]["required"] == ["id", "lastName"]
    assert {*ours["v2"]["components"]["schemas"]["ContactV2"]["properties"]} == {*properties}


def test_what_was_found_before_stays_when_more_is_read(tmp_path: Path, shapes: dict[str, Any]) -> None:
    document = tmp_path / "v1.json"
    document.write_text(json.dumps(spec.contract_documents({"import-path": "/bulk"}, shapes).by_version["v1"]))
    known = from_result(calibrate([document], {}), tmp_path / "casavi")
    with vendor({"import-path": "/bulk", "v1-page-size": 9}, overlay=shapes) as client:
        ordinary(client)
    traffic = tmp_path / "traffic.har"
    traffic.write_text(json.dumps(client.archive()))

    found = calibrate([traffic], known["assumptions"], known["overlay"], known["evidence"])
    assert found.changed() == {"import-path": "/bulk", "v1-page-size": 9}
    assert {each.name for each in found.by_verdict("refuted")} == {"v1-page-size"}
    profile = from_result(found, tmp_path / "casavi")
    assert profile["overlay"]["actions"][: len(known["overlay"]["actions"])] == known["overlay"]["actions"]
    seen = profile["evidence"]["assumptions"]
    assert seen["document-type-levels"]["from"] == ["v1.json"]
    assert seen["v1-page-size"]["from"] == ["traffic.har"]
    assert not calibrate([traffic], profile["assumptions"], profile["overlay"], profile["evidence"]).refuted


@pytest.mark.slow  # a run of the kit
def test_the_kit_finds_nothing_wrong_with_a_mock_that_starts_from_the_result(
    tmp_path: Path, shapes: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    with vendor(CHANGED, overlay=shapes) as client:
        ordinary(client)
    (tmp_path / "traffic.har").write_text(json.dumps(client.archive()))
    output.write_folder(calibrate([tmp_path / "traffic.har"], {}), tmp_path / "casavi", force=False)
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(cli, ["check", "--quick", "--seed", "3", "--profile", "casavi/profile.toml"])
    assert done.exit_code == 0, done.output
