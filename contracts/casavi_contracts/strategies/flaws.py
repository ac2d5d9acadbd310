"""One flaw for each rule that a job judges, and what has to be said about it."""

from collections.abc import Callable, Mapping
from typing import Any

from casavi_contracts.strategies.records import Record
from casavi_contracts.strategies.scene import Scene, escaped

Refusal = dict[str, Any]
"""`entity`, `id`, `pointer`, `rule` and `missing` of one refused record, as in the errors of a job."""

Flaw = Callable[[Scene], list[Refusal]]
"""Puts a flaw into a scene and returns which records are refused for it."""

Referring = Callable[[Scene, str, str | None], list[Refusal]]
"""Adds a record that names another, of this id or of one that is missing, and returns that it is refused by a rule."""


def refusal(
    scene: Scene, entity: str, record: Record, rule: str, place: str = "", missing: tuple[str, str] | None = None
) -> Refusal:
    """Returns what a job has to say about a record that stands in the scene; nothing may be added afterwards."""
    return {
        "entity": entity,
        "id": record.get("id"),
        "pointer": scene.pointer(record) + place,
        "rule": rule,
        "missing": {"entity": missing[0], "id": missing[1]} if missing else None,
    }


def missing_reference(scene: Scene) -> list[Refusal]:
    """A record names another that nobody sent."""
    refer: Referring = scene.pick(_REFERRING)
    return refer(scene, "missing-reference", None)


def refused_reference(scene: Scene) -> list[Refusal]:
    """A record names another that is refused because it is there twice."""
    contact, twin = _contact_twins(scene)
    inherited = scene.pick(_REFERRING_TO_CONTACTS)(scene, "refused-reference", contact["id"])
    return [*_twice(scene, "contacts", contact, twin), *inherited]


def _unit_naming(scene: Scene, rule: str, contact_id: str | None) -> list[Refusal]:
    contact_id = contact_id or scene.missing_id("contacts")
    unit = scene.unit()
    if scene.pick((False, True)):
        scene.contract(unit, scene.contact()["id"])
    contract = scene.contract(unit, contact_id)
    place = f"/contracts/{_index(unit['contracts'], contract)}/contactId"
    return [refusal(scene, "units", unit, rule, place, ("contacts", contact_id))]


def _document_naming(scene: Scene, rule: str, contact_id: str | None) -> list[Refusal]:
    contact_id = contact_id or scene.missing_id("contacts")
    document = scene.document(scene.pick((scene.property, scene.unit))())
    document["contactId"] = contact_id
    return [refusal(scene, "documents", document, rule, "/contactId", ("contacts", contact_id))]


def _responsibility_naming(scene: Scene, rule: str, contact_id: str | None) -> list[Refusal]:
    contact_id = contact_id or scene.missing_id("contacts")
    one = scene.responsibility(scene.property()["id"], contact_id)
    return [refusal(scene, "responsibilities", one, rule, "/contactId", ("contacts", contact_id))]


def _responsibility_of_no_property(scene: Scene, rule: str, _: str | None) -> list[Refusal]:
    property_id = scene.missing_id("properties")
    one = scene.responsibility(property_id, scene.contact()["id"])
    return [refusal(scene, "responsibilities", one, rule, "/propertyId", ("properties", property_id))]


_REFERRING_TO_CONTACTS = (_unit_naming, _responsibility_naming, _document_naming)
_REFERRING = (*_REFERRING_TO_CONTACTS, _responsibility_of_no_property)


def refused_parent(scene: Scene) -> list[Refusal]:
    """A record lies inside one that is refused."""
    if scene.profile["duplicate-ids"] == "refuse-all" and scene.pick((False, True)):
        return _inside_twin(scene)
    contact_id = scene.missing_id("contacts")
    unit = scene.unit()
    contract = scene.contract(unit, contact_id)
    document = scene.document(unit)
    place = f"/contracts/{_index(unit['contracts'], contract)}/contactId"
    return [
        refusal(scene, "units", unit, "missing-reference", place, ("contacts", contact_id)),
        refusal(scene, "documents", document, "refused-parent", missing=("units", unit["id"])),
    ]


def _inside_twin(scene: Scene) -> list[Refusal]:
    home = scene.property()
    home.pop("addresses", None)
    twin = scene.twin(scene.portfolio["properties"], home)
    entity, add = scene.pick((("units", scene.unit), ("documents", scene.document)))
    inside = add(home)
    return [
        *_twice(scene, "properties", home, twin),
        refusal(scene, entity, inside, "refused-parent", missing=("properties", home["id"])),
    ]


def duplicate_id(scene: Scene) -> list[Refusal]:
    """The same id is there twice."""
    flaw: Flaw = scene.pick(_TWINS)
    return flaw(scene)


def _contact_twins(scene: Scene) -> tuple[Record, Record]:
    contact = scene.contact()
    return contact, scene.twin(scene.portfolio["contacts"], contact)


def _twin_contacts(scene: Scene) -> list[Refusal]:
    return _twice(scene, "contacts", *_contact_twins(scene))


def _twin_properties(scene: Scene) -> list[Refusal]:
    one = scene.property()
    one.pop("addresses", None)
    return _twice(scene, "properties", one, scene.twin(scene.portfolio["properties"], one))


def _twin_units(scene: Scene) -> list[Refusal]:
    one, other = scene.unit(), scene.unit()
    other["id"] = one["id"]
    return _twice(scene, "units", one, other)


def _twin_documents(scene: Scene) -> list[Refusal]:
    one, other = scene.document(scene.property()), scene.document(scene.property())
    other["id"] = one["id"]
    return _twice(scene, "documents", one, other)


def _twin_responsibilities(scene: Scene) -> list[Refusal]:
    one = scene.responsibility(scene.property()["id"], scene.contact()["id"])
    other = scene.twin(scene.portfolio["responsibilities"], one)
    other["roleType"] = scene.pick(("internal", "external"))
    return [refusal(scene, "responsibilities", each, "duplicate-id") for each in (one, other)]


def _twin_contracts(scene: Scene) -> list[Refusal]:
    unit, contact_id = scene.unit(), scene.contact()["id"]
    id_ = scene.new_id()
    for _ in range(2):
        scene.contract(unit, contact_id)["id"] = id_
    return [refusal(scene, "units", unit, "duplicate-id", "/contracts/1/id")]


_TWINS = (
    _twin_contacts,
    _twin_properties,
    _twin_units,
    _twin_documents,
    _twin_responsibilities,
    _twin_contracts,
)


def _twice(scene: Scene, entity: str, one: Record, other: Record) -> list[Refusal]:
    return [refusal(scene, entity, each, "duplicate-id", "/id") for each in (one, other)]


def document_content_invalid(scene: Scene) -> list[Refusal]:
    """The content of a document is not base64."""
    return _document_with(scene, scene.draw(scene.records.values.no_base64), "document-content-invalid")


def document_too_large(scene: Scene) -> list[Refusal]:
    """A document is longer than the limit."""
    triples = int(scene.profile["document-max-mb"] * 1_000_000) // 3 + 1
    return _document_with(scene, "AAAA" * triples, "document-too-large")


def _document_with(scene: Scene, content: str, rule: str) -> list[Refusal]:
    document = scene.document(scene.pick((scene.property, scene.unit))())
    document["content"] = content
    return [refusal(scene, "documents", document, rule, "/content")]


def contract_period_invalid(scene: Scene) -> list[Refusal]:
    """A contract ends before it starts."""
    unit, contact_id = scene.unit(), scene.contact()["id"]
    if scene.pick((False, True)):
        scene.contract(unit, contact_id)
    contract = scene.contract(unit, contact_id)
    contract["startDate"], contract["endDate"] = scene.draw(scene.records.values.early_ends)
    place = f"/contracts/{_index(unit['contracts'], contract)}/endDate"
    return [refusal(scene, "units", unit, "contract-period-invalid", place)]


def unknown_field(scene: Scene) -> str:
    """A record has a field that the contract does not know; returns its pointer."""
    record = scene.pick(tuple(SHAPES.values()))(scene)
    name = scene.pick(("nickname", "birth date", "a/b~c", "\u00e4", "Id", "x-note"))
    record[name] = scene.pick(("x", 1, None, [], {"id": "x"}, True))
    return f"{scene.pointer(record)}/{escaped(name)}"


def _address(scene: Scene) -> Record:
    home = scene.property()
    scene.unit(home)
    address: Record = home["addresses"][-1]
    return address


SHAPES: Mapping[str, Callable[[Scene], Record]] = {
    "Contact": Scene.contact,
    "PropertyImport": Scene.property,
    "Address": _address,
    "Unit": Scene.unit,
    "Contract": lambda scene: scene.contract(scene.unit(), scene.contact()["id"]),
    "Responsibility": lambda scene: scene.responsibility(scene.property()["id"], scene.contact()["id"]),
    "Document": lambda scene: scene.document(scene.unit()),
    "MasterData": lambda scene: scene.portfolio,
}
"""By the name of its schema, how a new object of that shape comes into a scene."""


def _index(records: list[Record], record: Record) -> int:
    return next(number for number, one in enumerate(records) if one is record)


FLAWS: Mapping[str, Flaw] = {
    "missing-reference": missing_reference,
    "refused-reference": refused_reference,
    "refused-parent": refused_parent,
    "duplicate-id": duplicate_id,
    "document-content-invalid": document_content_invalid,
    "document-too-large": document_too_large,
    "contract-period-invalid": contract_period_invalid,
}
"""By the rule that they violate."""

SWITCHES: Mapping[str, tuple[str, str]] = {
    "refused-reference": ("duplicate-ids", "refuse-all"),
    "duplicate-id": ("duplicate-ids", "refuse-all"),
    "contract-period-invalid": ("contract-period", "refuse"),
}
"""Rules that hold only while an assumption has a value."""
