"""Files that are wrong in odd places: what is read of them never breaks, and what is written of it can be used."""

import copy
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from casavi_contracts import spec
from casavi_contracts.observe import output
from casavi_contracts.observe.calibration import IncomparableError, calibrate
from casavi_contracts.observe.files import UnreadableError
from casavi_mock.cli.profiles import Profile
from tests.support.traffic import usual
from tests.support.vendors import as_swagger, documents

ODD: tuple[Any, ...] = (
    None, True, 0, -1, 1.5, 10**30, "", "x", "[redacted]", [], {}, [[]], [{}], {"a": {}}, [None], {"$ref": "#"},
    {"$ref": "#/definitions/Contact"}, "2026-13-45T99:99:99Z", "\ud800", {"": ""},
)  # fmt: skip
NAMES = ("x", "items", "token", "id", "contacts", "type", "")


@pytest.fixture(scope="module")
def archive() -> dict[str, Any]:
    whole: dict[str, Any] = json.loads(usual())
    return whole


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    for key, item in [*value.items()] if isinstance(value, dict) else [*enumerate(value)]:
        yield value, key
        if isinstance(item, dict | list):
            yield from places(item)


def spoil(chance: random.Random, value: Any, times: int) -> None:
    """Puts odd values into odd places."""
    for holder, key in chance.sample([*places(value)], times):
        if isinstance(holder, dict) and chance.random() < 0.2:
            holder[chance.choice(NAMES)] = copy.deepcopy(chance.choice(ODD))
        else:
            holder[key] = copy.deepcopy(chance.choice(ODD))


def spoilt_archive(chance: random.Random, archive: dict[str, Any]) -> dict[str, Any]:
    made = copy.deepcopy(archive)
    for entry in chance.sample(made["log"]["entries"], 60):
        for part in (entry["response"]["content"], entry["request"].get("postData")):
            body = {"body": json.loads(part["text"])} if part and part["text"] else None
            if body is not None:
                spoil(chance, body, 1)
                part["text"] = json.dumps(body["body"])
    spoil(chance, made["log"]["entries"], chance.randint(0, 20))
    return made


def spoilt_document(chance: random.Random) -> dict[str, Any]:
    made = chance.choice(documents({}))
    made = json.loads(json.dumps(as_swagger(made) if chance.random() < 0.5 else made))
    spoil(chance, made, chance.randint(1, 15))
    return made


def used(folder: Path, whole: Any, name: str) -> None:
    path = folder / name
    path.write_text(json.dumps(whole))
    try:
        found = calibrate([path], {})
    except (UnreadableError, IncomparableError):
        return
    json.dumps(output.report(found))
    output.write_folder(found, folder / "casavi", force=False)
    profile = Profile().convert(str(folder / "casavi" / "profile.toml"), None, None)
    spec.contract_documents(*(profile.get(name) for name in ("assumptions", "overlay", "evidence")))


@pytest.mark.parametrize("seed", range(1))
def test_spoilt_files_break_nothing(tmp_path: Path, seed: int, archive: dict[str, Any]) -> None:
    chance = random.Random(seed)
    used(tmp_path, spoilt_archive(chance, archive), "traffic.har")
    for _ in range(3):
        used(tmp_path, spoilt_document(chance), "vendor.json")


@pytest.mark.slow  # many files
@pytest.mark.parametrize("seed", range(1, 80))
def test_many_spoilt_files_break_nothing(tmp_path: Path, seed: int, archive: dict[str, Any]) -> None:
    chance = random.Random(seed)
    used(tmp_path, spoilt_archive(chance, archive), "traffic.har")
    used(tmp_path, spoilt_document(chance), "vendor.json")
