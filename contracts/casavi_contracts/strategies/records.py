"""Records, one by one; what they refer to is still open."""

from itertools import combinations
from typing import Any

from hypothesis import strategies as st

from casavi_contracts.strategies.values import ABSENT, Values

Record = dict[str, Any]
"""A record, or a whole portfolio, as JSON."""

CONTACT_TEXTS = (
    "lastName", "firstName", "companyName", "title", "salutation", "companyRole", "email", "telephone", "mobile", "fax",
    "street", "postalCode", "city", "country", "note",
)  # fmt: skip
PROPERTY_TEXTS = ("name", "note", "country", "city", "number", "mscNumber", "mscProviderName", "mscProviderIdentifier")
UNIT_TEXTS = ("name", "number", "usage", "note")
DOCUMENT_TEXTS = ("title", "fileName", "contentType")

_TYPES = (ABSENT, "OWNER", "RENTER", None)
_WAYS = (ABSENT, "LETTER", "ONLINE", None)
_ROLE_TYPES = ("internal", "external")


def _choices(fields: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    """Returns which fields may come together: none, each alone, each two, half, all."""
    singles = tuple((field,) for field in fields)
    return ((), *singles, *combinations(fields, 2), fields[::2], fields)


class Records:
    """Strategies of single records. Built once: to build strategies while drawing costs more than the drawing.

    What a record refers to is a number, until it is known which records there are.

    Args:
        values: What fields may hold.
    """

    def __init__(self, values: Values) -> None:
        self.values = values
        self.somebody = st.integers(0, 9)
        self._fields: dict[tuple[str, ...], st.SearchStrategy[tuple[str, ...]]] = {
            fields: st.sampled_from(_choices(fields))
            for fields in (CONTACT_TEXTS, PROPERTY_TEXTS, UNIT_TEXTS, DOCUMENT_TEXTS)
        }
        self._ways = st.sampled_from(_WAYS)
        self._types = st.sampled_from(_TYPES)
        self._role_types = st.sampled_from(_ROLE_TYPES)
        self._somebody_or_none = st.sampled_from((ABSENT, None, *range(10)))
        self._numbers = st.sampled_from((ABSENT, None, "x", "007", "4711/b"))
        self._contract_ids = st.sampled_from((ABSENT, "A", "a", "1/2", "01", "1"))
        self._contract_counts = st.sampled_from((1, 0, 2, 3))
        self._address_counts = st.sampled_from((ABSENT, 0, 1, 2))
        self._customs = st.sampled_from((False, True))

    def contact(self, draw: st.DrawFn) -> Record:
        """Draws a contact."""
        contact = self._named(draw, CONTACT_TEXTS, preferredWayOfContact=draw(self._ways))
        self._customize(draw, contact)
        if self.values.profile["contact-name-required"]:
            contact["lastName"] = contact.get("lastName") or "Muster"
        return contact

    def property(self, draw: st.DrawFn) -> Record:
        """Draws a property without units and documents."""
        property_ = self._named(draw, PROPERTY_TEXTS, postalCode=draw(self.values.postal_codes))
        self._customize(draw, property_)
        count = draw(self._address_counts)
        if count is not ABSENT:
            streets = dict.fromkeys(draw(self.values.texts) for _ in range(count))
            property_["addresses"] = [{"street": street} for street in streets]
        return property_

    def unit(self, draw: st.DrawFn) -> Record:
        """Draws a unit with its contracts."""
        unit = self._named(draw, UNIT_TEXTS)
        self._customize(draw, unit)
        contracts = [self.contract(draw) for _ in range(draw(self._contract_counts))]
        ids = [contract["id"] for contract in contracts if "id" in contract]
        if len(set(ids)) == len(ids):
            unit["contracts"] = contracts
        return unit

    def contract(self, draw: st.DrawFn) -> Record:
        """Draws a contract."""
        start, end = draw(self.values.periods)
        return _present(
            contactId=draw(self.somebody),
            startDate=ABSENT if start is None else start,
            endDate=ABSENT if end is None else end,
            type=draw(self._types),
            contractNumber=draw(self._numbers),
            id=draw(self._contract_ids),
        )

    def document(self, draw: st.DrawFn) -> Record:
        """Draws a document."""
        return self._named(
            draw,
            DOCUMENT_TEXTS,
            content=draw(self.values.contents),
            type=draw(self.values.document_types),
            contactId=draw(self._somebody_or_none),
        )

    def responsibility(self, draw: st.DrawFn) -> Record:
        """Draws a responsibility."""
        return {
            "propertyId": draw(self.somebody),
            "contactId": draw(self.somebody),
            "roleName": draw(self.values.names),
            "roleType": draw(self._role_types),
        }

    def _named(self, draw: st.DrawFn, texts: tuple[str, ...], **more: Any) -> Record:
        record: Record = {"id": draw(self.values.ids)}
        for field in draw(self._fields[texts]):
            record[field] = draw(self.values.texts_or_null)
        return record | _present(**more)

    def _customize(self, draw: st.DrawFn, record: Record) -> None:
        if draw(self._customs):
            names = draw(self.values.custom_names)
            record["customFields"] = (
                None if names is None else {name: draw(self.values.custom_values) for name in names}
            )


def _present(**fields: Any) -> Record:
    return {name: value for name, value in fields.items() if value is not ABSENT}
