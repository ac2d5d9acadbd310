"""One portfolio with everything in it that has ever gone wrong: every odd id, every odd text in every field."""

from collections.abc import Iterator
from itertools import cycle, islice
from typing import Any

from casavi_contracts.contract import Contract
from casavi_contracts.strategies.alphabet import ODD_IDS, ODD_TEXTS
from casavi_contracts.strategies.records import CONTACT_TEXTS, DOCUMENT_TEXTS, PROPERTY_TEXTS, UNIT_TEXTS, Record
from casavi_contracts.strategies.values import CUSTOM_VALUES, FIELD_NAMES, contents, periods, postal_codes

_ADDRESSES = 4


def everything(contract: Contract) -> Record:
    """Returns a sound portfolio in which each odd id names a contact, a property, a unit and a document.

    It is the same every time, so that what goes wrong with one character is found in every run.

    Args:
        contract: The contract with its profile.
    """
    texts, profile = _Texts(), contract.values
    codes, terms, papers = cycle(postal_codes(profile)), cycle(periods(profile)), cycle(contents(profile))
    contacts: list[Record] = []
    properties: list[Record] = []
    for number, id_ in enumerate(ODD_IDS):
        way = ("LETTER", "ONLINE", None)[number % 3]
        contacts.append({"id": id_, **texts.of(CONTACT_TEXTS), "preferredWayOfContact": way, **_customs(number)})
        properties.append({"id": id_, **texts.of(PROPERTY_TEXTS), "postalCode": next(codes), **_customs(number)})
    for number, id_ in enumerate(ODD_IDS):
        start, end = next(terms)
        tenant = ODD_IDS[(number * 5 + 1) % len(ODD_IDS)]
        contract_: Record = {"id": id_, "contactId": tenant, "type": ("OWNER", "RENTER", None)[number % 3]}
        contract_ |= {"contractNumber": texts.next(), "startDate": start, "endDate": end}
        unit = {"id": id_, **texts.of(UNIT_TEXTS), "contracts": [contract_], **_customs(number)}
        home = properties[number // _ADDRESSES * _ADDRESSES]
        home.setdefault("addresses", []).append({"street": texts.street(), "units": [unit]})
        paper = {"id": id_, **texts.of(DOCUMENT_TEXTS), "content": next(papers), "contactId": tenant}
        (unit if number % 2 else home).setdefault("documents", []).append(paper)
    return {"contacts": contacts, "properties": properties, "responsibilities": [*_roles()]}


class _Texts:
    """Gives out the odd texts one after another, so that each comes to stand in every field."""

    def __init__(self) -> None:
        self._texts = cycle(ODD_TEXTS)
        self._count = 0

    def next(self) -> str:
        return next(self._texts)

    def of(self, fields: tuple[str, ...]) -> Record:
        self.next()  # so that a field has another text each time, even where their numbers share a factor
        return dict(zip(fields, islice(self._texts, len(fields)), strict=True))

    def street(self) -> str:
        self._count += 1
        return f"{self.next()} {self._count}"


def _customs(number: int) -> Record:
    values: Any = islice(cycle(CUSTOM_VALUES), number, number + 5)
    names = islice(cycle(FIELD_NAMES), number, number + 5)
    return {"customFields": dict(zip(names, values, strict=True))}


def _roles() -> Iterator[Record]:
    for number, text in enumerate(ODD_TEXTS):
        yield {
            "propertyId": ODD_IDS[number // 3],
            "contactId": ODD_IDS[-1 - number % len(ODD_IDS)],
            "roleName": text,
            "roleType": ("internal", "external")[number % 2],
        }
