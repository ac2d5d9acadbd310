"""docs/how-to/shapes.md says what is true: its values exist, none is missing, and its overlays do what it says."""

import re
from pathlib import Path
from typing import Any

import yaml

from casavi_contracts.contract import Contract
from casavi_contracts.spec import roles

PAGE = (Path(__file__).parents[2] / "docs/how-to/shapes.md").read_text(encoding="utf-8")
BLOCKS = [yaml.safe_load(text) for text in re.findall(r"(?ms)^```yaml\n(.*?)^```", PAGE)]
RECORDS = {"contact", "unit", "property", "contract", "address", "responsibility", "count"}


def known() -> dict[str, roles.Role]:
    return {name: role for operation in roles.ROOTS for name, role in roles.catalogue(operation).items()}


def test_every_value_of_the_page_exists() -> None:
    table = PAGE.partition("| answer | values |")[2].partition("\n\n")[0]
    named = {name for name in re.findall(r"`([a-z]+\.[\w.]+)`", table) if name.partition(".")[0] not in RECORDS}
    assert named - known().keys() == set()
    assert len(named) > 50


def test_the_page_names_every_value() -> None:
    singles = {
        name
        for name, role in known().items()
        if name.partition(".")[0] not in RECORDS and role.kind != "object" and name.count(".") < 3
    }
    assert {name for name in singles if f"`{name}`" not in PAGE and not name.startswith("job.counts.")} == set()


def test_the_first_overlay_does_what_it_says() -> None:
    shape = Contract(overlay=BLOCKS[0]).shapes["getJob"]
    values: dict[str, Any] = {"id": "J", "status": "completed", "createdAt": "2026-01-05T08:00:00.000Z"}
    assert shape.shown(values) == {"uid": "J", "state": "completed"}


def test_the_states_of_the_page_can_be() -> None:
    properties = BLOCKS[1]
    job = "$.components.schemas.Job"
    change = [
        {"target": f"{job}['properties', 'required']", "remove": True},
        {"target": job, "update": {"properties": properties}},
    ]
    states = Contract(overlay={"overlay": "1.0.0", "actions": change}).states
    assert [state.share for state in states.of("active")] == [0.0, 0.1]
    assert states.shown("completed", refused=1).name == "done_with_errors"
