"""The kit raises no false alarm where documents show other things: each profile is a vendor that resembles nothing of ours.

What a check needs and a document does not show makes it skipped, never failed.
"""

import functools
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import pytest

from casavi_contracts import spec
from casavi_contracts.checks import CHECKS, Check
from casavi_contracts.context import Accounts
from casavi_contracts.contract import VERSIONS, Contract
from casavi_contracts.outcome import Outcome
from casavi_contracts.runner import Runner
from tests.support.server import Mock

ROOT = Path(__file__).parents[2]
PROFILES = {path.stem: path for folder in ("tests/profiles", "examples") for path in (ROOT / folder).glob("*.toml")}
NAMES = sorted(PROFILES.keys() - {"pyproject"})
BY_NAME = {check.name: check for check in CHECKS}
SAMPLE = (
    "import-answers-a-job-id", "job-moves-forward", "job-fails-if-all-was-refused", "job-counts-add-up",
    "answers-satisfy-the-contract", "errors-explain-themselves", "page-walk-returns-every-record-once",
)  # fmt: skip
"""Checks that read jobs, errors and pages."""


@dataclass(frozen=True)
class Vendor:
    """What a profile says."""

    values: dict[str, Any]
    overlay: dict[str, Any] | None

    def mock(self) -> Mock:
        mock = Mock(self.values, overlay=self.overlay, strict=True)
        mock.keep_running()
        return mock

    def contract(self, version: str) -> Contract:
        return Contract(version, self.values, self.overlay)


@functools.cache
def vendor(name: str) -> Vendor:
    path = PROFILES[name]
    profile = tomllib.loads(path.read_text(encoding="utf-8"))
    return Vendor(profile["assumptions"], spec.read_files(path, profile)["overlay"])


ROOTS = {
    "Job": "job", "ContactV1": "contact", "ContactV2": "contact", "UnitV2": "unit", "Property": "property",
    "RecordError": "error", "RecordWarning": "warning", "Problem": "problem", "FieldError": "place",
    "ContactContract": "contract", "UnitContract": "contract", "AddressV2": "address",
    "ResponsibilityV2": "responsibility", "Token": "login", "ContactPageV1": "page",
}  # fmt: skip
"""Response schemas, and the first part of the values that they show."""

KEPT = {"Job": ["status"], "ContactPageV1": ["content"], "Token": ["token"]} | {
    name: ["id"] for name in ("ContactV1", "ContactV2", "UnitV2", "Property")
}
"""What no client gets on without."""


def shuffled(seed: int) -> Vendor:
    """Returns a vendor whose answers lack some members, and have others under other names or one level deeper."""
    chance, actions = Random(seed), []
    schemas = spec.load_document("v2")["components"]["schemas"] | spec.load_document()["components"]["schemas"]
    for name, root in ROOTS.items():
        place = f"$.components.schemas.{name}"
        if "required" in schemas[name]:
            actions.append({"target": f"{place}.required", "remove": True})
        for member, schema in schemas[name]["properties"].items():
            fate = chance.choice(["drop", "rename", "nest", *["keep"] * 4])
            if fate == "keep" or (fate == "drop" and member in KEPT.get(name, ())):
                continue
            actions.append({"target": f"{place}.properties.{member}", "remove": True})
            shown = {f"x_{member}": {**schema, "x-value": schema.get("x-value", f"{root}.{member}")}}
            if fate == "nest":
                shown = {"meta": {"type": "object", "properties": shown}}
            if fate != "drop":
                actions.append({"target": place, "update": {"properties": shown}})
    return Vendor({"error-media-type": "application/json"}, {"overlay": "1.0.0", "actions": actions})


def alarms(who: Vendor, checks: list[Check], depth: float, versions: Sequence[str] = VERSIONS) -> dict[str, str]:
    """Returns what is not passed and not skipped, and why."""
    found = {}
    for version in versions:
        contract = who.contract(version)
        with who.mock().target() as target:
            runner = Runner(BY_NAME, functools.partial(Accounts, target, contract, "p-"), depth=depth, shrink_cases=0)
            for check in checks:
                result = runner.run(check)
                if result.outcome not in (Outcome.PASSED, Outcome.SKIPPED):
                    said = result.findings[0] if result.findings else result.reason
                    found[f"{version} {check.name}"] = f"{result.outcome}: {said}"
    return found


def test_there_are_six_vendors() -> None:
    assert len(NAMES) == 6


@pytest.mark.parametrize("name", NAMES)
def test_no_false_alarm_in_a_sample(name: str) -> None:
    version = VERSIONS[NAMES.index(name) % 2] if name != "flat" else "v1"  # whose second version has no imports
    assert alarms(vendor(name), [BY_NAME[one] for one in SAMPLE], 0.1, [version]) == {}


@pytest.mark.slow  # every check in both versions: half a minute of processor time for each profile
@pytest.mark.parametrize("name", NAMES)
def test_no_false_alarm_in_any_check(name: str) -> None:
    assert alarms(vendor(name), list(CHECKS), 0.5) == {}


@pytest.mark.slow  # a quarter of a minute of processor time for each
@pytest.mark.parametrize("seed", range(1, 5))
def test_no_false_alarm_where_members_are_dropped_renamed_and_nested_at_random(seed: int) -> None:
    assert alarms(shuffled(seed), list(CHECKS), 0.1) == {}
