"""Any JSON value is judged alike, whether it is read as a whole or in parts: also what resembles no import at all."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casavi_contracts import spec
from casavi_mock.bodies import body as reading
from casavi_mock.bodies import parts
from casavi_mock.bodies.body import BodyLimits, BodyReader
from casavi_mock.domain.steps import Work
from casavi_mock.errors import Refused
from tests.support.accounts import settings

SETTINGS = settings()
LIMITS = BodyLimits(max_bytes=100_000_000, max_nesting=64, max_records=1_000_000)
IMPORT = BodyReader(
    spec.request_schema(dict(SETTINGS.document), "importMasterData") or {}, LIMITS, shape=SETTINGS.shape
)

IMPORT_NAMES = ["contacts", "properties", "responsibilities", "addresses", "units", "contracts", "documents"]
FIELD_NAMES = ["customFields", "id", "contactId", "propertyId", "roleName", "roleType", "content", "fileName", "other"]
NAMES = st.sampled_from([*IMPORT_NAMES, *FIELD_NAMES])
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-5, 10**6)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=4)
    | st.sampled_from(["2020-01-01", "QQ==", "internal"])
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(NAMES, inner, max_size=5),
    max_leaves=30,
)
LISTS = st.fixed_dictionaries({"contacts": st.lists(VALUES, min_size=1, max_size=4)}) | st.lists(VALUES, min_size=1)


def judged(raw: bytes, *, long_from: int, part: int) -> Any:
    """Returns whether a body is taken, or how it is refused."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "LONG_FROM_BYTES", long_from)
        patch.setattr(parts, "PART_BYTES", part)
        work = Work(IMPORT.steps(raw))
        try:
            for _ in work:
                pass
        except Refused as refusal:
            return refusal
        return "taken"


@given(VALUES | LISTS)
def test_any_value_is_judged_alike_in_parts(value: Any) -> None:
    raw = json.dumps(value).encode()
    at_once = judged(raw, long_from=1 << 40, part=1 << 20)
    for part in (20, 60, 200):
        assert judged(raw, long_from=0, part=part) == at_once
