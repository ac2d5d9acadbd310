import base64
import hashlib
from typing import Any

import pytest

from casavi_fixtures import address, contact, contract, document, master_data, property_, responsibility, unit
from casavi_mock.domain.model import Outcome, RecordError
from tests.support.accounts import Bench, outcomes, planned, reference_evidence, refusals
from tests.support.time import START

REPLACE = {"upsert": "replace"}
NULL_STAYS = {"null-clears": False}
LAST_WINS = {"duplicate-ids": "last-wins"}


def contacts(*records: dict[str, Any]) -> dict[str, Any]:
    return {"contacts": list(records)}


def units(*records: dict[str, Any], street: str = "Musterweg 1", property_id: str = "P-1") -> dict[str, Any]:
    """A request with a contact, and units at one address of one property."""
    at = property_(id=property_id, addresses=[address(street=street, units=list(records))])
    return {"contacts": [contact()], "properties": [at]}


def leases(*contracts: dict[str, Any]) -> dict[str, Any]:
    """A request with one unit that has these contracts."""
    return units(unit(contracts=list(contracts)))


def papers(*documents: dict[str, Any]) -> dict[str, Any]:
    """A request with documents of one property."""
    return {"contacts": [contact()], "properties": [property_(documents=list(documents))]}


# Upsert.


@pytest.mark.parametrize(("choice", "note"), [("merge", "x"), ("replace", None)])
def test_omitted_fields_stay_only_when_merging(choice: str, note: str | None) -> None:
    """Whether a field that is not sent stays as it was is an assumption."""
    bench = Bench({"upsert": choice})
    bench.take(contacts({"id": "C-1", "note": "x", "city": "a"}))
    job = bench.take(contacts({"id": "C-1", "city": "b"}))
    assert outcomes(job) == {"updated": 1}
    assert bench.fields("contacts", "C-1").get("note") == note
    assert bench.fields("contacts", "C-1")["city"] == "b"


@pytest.mark.parametrize(("profile", "outcome"), [({}, "unchanged"), (REPLACE, "updated")])
def test_a_part_of_the_same_is_unchanged_only_when_merging(profile: dict[str, Any], outcome: str) -> None:
    """An import that takes nothing away and brings nothing new changes nothing."""
    bench = Bench(profile)
    bench.take(contacts({"id": "C-1", "note": "x"}))
    assert outcomes(bench.take(contacts({"id": "C-1"}))) == {outcome: 1}


@pytest.mark.parametrize(("clears", "left"), [(True, {}), (False, {"note": "x"})])
def test_null_clears_a_field_only_if_told(clears: bool, left: dict[str, Any]) -> None:
    """Whether null takes a stored value away, or says nothing, is an assumption."""
    bench = Bench({"null-clears": clears})
    bench.take(contacts({"id": "C-1", "note": "x"}))
    bench.take(contacts({"id": "C-1", "note": None}))
    assert bench.fields("contacts", "C-1") == left


@pytest.mark.parametrize("clears", [True, False])
def test_null_is_never_stored(clears: bool) -> None:
    """A field that was never filled and comes as null is not there, so that null and absence are one."""
    bench = Bench({"null-clears": clears})
    bench.take(contacts({"id": "C-1", "note": None, "customFields": None}))
    assert bench.fields("contacts", "C-1") == {}
    assert outcomes(bench.take(contacts({"id": "C-1"}))) == {"unchanged": 1}


@pytest.mark.parametrize(
    ("profile", "sent", "left"),
    [
        ({}, {"b": 2}, {"a": 1, "b": 2}),
        ({"custom-fields": "replace"}, {"b": 2}, {"b": 2}),
        ({}, {"a": None, "b": 2}, {"b": 2}),
        (NULL_STAYS, {"a": None, "b": 2}, {"a": 1, "b": 2}),
        ({}, {}, {"a": 1}),
        ({"custom-fields": "replace"}, {}, {}),
        ({"custom-fields": "replace"}, {"a": None}, {}),
        ({"custom-fields": "replace", **NULL_STAYS}, {"a": None}, {}),
    ],
)
def test_custom_fields_are_merged_by_name(profile: dict[str, Any], sent: dict[str, Any], left: dict[str, Any]) -> None:
    """Custom fields follow the same rules as the others, one level down."""
    bench = Bench(profile)
    bench.take(contacts({"id": "C-1", "customFields": {"a": 1}}))
    bench.take(contacts({"id": "C-1", "customFields": sent}))
    assert bench.fields("contacts", "C-1") == {"customFields": left}


@pytest.mark.parametrize(("clears", "left"), [(True, {}), (False, {"customFields": {"a": 1}})])
def test_null_clears_all_custom_fields_at_once(clears: bool, left: dict[str, Any]) -> None:
    """Null in the place of all custom fields is null like any other."""
    bench = Bench({"null-clears": clears})
    bench.take(contacts({"id": "C-1", "customFields": {"a": 1}}))
    bench.take(contacts({"id": "C-1", "customFields": None}))
    assert bench.fields("contacts", "C-1") == left


def test_custom_fields_may_be_called_like_fields() -> None:
    """What managers call their fields has no meaning to the import."""
    own = {"postalCode": 80331, "addresses": "none", "customFields": True, "id": "x", "content": "y"}
    bench = Bench()
    bench.take(contacts({"id": "C-1", "customFields": own}))
    assert bench.fields("contacts", "C-1") == {"customFields": own}


def test_true_takes_the_place_of_one() -> None:
    """A custom field that changes from 1 to true has changed."""
    bench = Bench()
    bench.take(contacts({"id": "C-1", "customFields": {"a": 1}}))
    assert outcomes(bench.take(contacts({"id": "C-1", "customFields": {"a": True}}))) == {"updated": 1}
    assert bench.fields("contacts", "C-1")["customFields"]["a"] is True


@pytest.mark.parametrize("profile", [{}, REPLACE], ids=["merge", "replace"])
def test_addresses_never_go(profile: dict[str, Any]) -> None:
    """An address stays with its property even if a later import names another one, or none."""
    bench = Bench(profile)
    streets = ["a 1", "b 2"]
    bench.take({"properties": [property_(addresses=[address(street=street) for street in streets])]})
    bench.take({"properties": [property_(addresses=[address(street="c 3"), address(street="a 1")])]})
    assert bench.fields("properties", "P-1")["addresses"] == ["a 1", "b 2", "c 3"]
    assert outcomes(bench.take({"properties": [property_()]})) == {"unchanged": 1}
    assert bench.fields("properties", "P-1")["addresses"] == ["a 1", "b 2", "c 3"]


@pytest.mark.parametrize("value", [7, 1.5, True])
def test_a_number_or_truth_value_takes_the_place_of_what_was_there(value: object) -> None:
    """No field of today's contract takes one, apart from the postal code; one of tomorrow's may."""
    bench = Bench()
    bench.take(contacts(contact(note="before")))
    assert outcomes(bench.take(contacts(contact(note=value)))) == {"updated": 1}
    kept = bench.fields("contacts", "C-1")["note"]
    assert (type(kept), kept) == (type(value), value)


def test_an_address_sent_twice_is_one() -> None:
    """The street names an address inside its property."""
    bench = Bench()
    twice = [address(units=[unit(id="U-1")]), address(units=[unit(id="U-2")])]
    bench.take({"properties": [property_(addresses=twice)]})
    assert bench.fields("properties", "P-1")["addresses"] == ["Musterweg 1"]
    assert bench.store.count("units") == 2


def test_records_stay_that_are_not_sent_again() -> None:
    """An import takes no record away."""
    bench = Bench(REPLACE)
    bench.take(contacts(contact(id="C-1"), contact(id="C-2")))
    bench.take(contacts(contact(id="C-1")))
    assert bench.store.count("contacts") == 2


def test_a_unit_moves_to_another_property() -> None:
    """The id of a unit is unique in the account, so a unit under another property has moved there."""
    bench = Bench()
    bench.take(units(unit(note="x"), street="a 1"))
    job = bench.take(units(unit(), street="b 2", property_id="P-2"))
    assert job.counts["units"][Outcome.UPDATED] == 1
    record = bench.record("units", "U-1")
    assert record.place == {"propertyId": "P-2", "street": "b 2"}
    assert record.fields["note"] == "x"


def test_a_document_moves_from_property_to_unit() -> None:
    """A document belongs to what it was sent under last."""
    bench = Bench()
    bench.take(papers(document()))
    assert bench.record("documents", "D-1").place == {"propertyId": "P-1"}
    bench.take(units(unit(documents=[document()])))
    assert bench.record("documents", "D-1").place == {"unitId": "U-1"}


@pytest.mark.parametrize(("sent", "kept"), [(80331, "80331"), (1067, "1067"), ("01067", "01067"), (0, "0"), ("", "")])
def test_postal_code_is_kept_as_text(sent: int | str, kept: str) -> None:
    """A postal code may come as a number; what came as text keeps its leading zero."""
    bench = Bench()
    bench.take({"properties": [property_(postalCode=sent)]})
    assert bench.fields("properties", "P-1")["postalCode"] == kept
    assert outcomes(bench.take({"properties": [property_(postalCode=kept)]})) == {"unchanged": 1}


def test_unknown_fields_are_kept_out() -> None:
    """What the contract does not know is stored nowhere, neither in records nor in their parts."""
    bench = Bench()
    bench.take(
        {
            "contacts": [{**contact(), "hobby": 1}],
            "properties": [
                {
                    **property_(addresses=[address(units=[{**unit(contracts=[{**contract(), "x": 1}]), "hobby": 1}])]),
                    "hobby": 1,
                }
            ],
        }
    )
    assert bench.fields("contacts", "C-1") == {"lastName": "Muster"}
    assert bench.fields("properties", "P-1") == {"name": "Musterhaus", "addresses": ["Musterweg 1"]}
    assert bench.fields("units", "U-1") == {"name": "Wohnung 1", "contracts": [{"contactId": "C-1", "type": "RENTER"}]}


@pytest.mark.parametrize(("choice", "told"), [("report", 1), ("ignore", 0), ("refuse", 1)])
def test_unknown_fields_are_told_unless_ignored(choice: str, told: int) -> None:
    """Whether a job tells of unknown fields is an assumption; they are kept out in any case."""
    bench = Bench({"unknown-fields": choice})
    job = bench.take(contacts({**contact(), "hobby": 1}))
    assert len(job.warnings) == told
    assert bench.fields("contacts", "C-1") == {"lastName": "Muster"}


# Contracts, which are parts of their unit.


def test_contracts_take_the_place_of_the_former_ones() -> None:
    """Contracts are imported with their unit, all at once."""
    bench = Bench()
    bench.take(leases(contract(type="OWNER"), contract()))
    bench.take(leases(contract(contractNumber="7", startDate="2024-01-01", endDate=None)))
    assert bench.fields("units", "U-1")["contracts"] == [
        {"contactId": "C-1", "type": "RENTER", "contractNumber": "7", "startDate": "2024-01-01"}
    ]


def test_contracts_in_another_order_are_the_same() -> None:
    """The order inside a request never matters, so it is no change either; the order that came first stays."""
    bench = Bench()
    first, second = contract(id="V-1"), contract(id="V-2", type="OWNER")
    bench.take(leases(first, second))
    assert outcomes(bench.take(leases(second, first))) == {"unchanged": 3}
    assert [entry["id"] for entry in bench.fields("units", "U-1")["contracts"]] == ["V-1", "V-2"]


def test_one_contract_less_is_a_change() -> None:
    """Two contracts that look alike are still two."""
    bench = Bench()
    bench.take(leases(contract(), contract()))
    assert outcomes(bench.take(leases(contract()))) == {"unchanged": 2, "updated": 1}


PERIODS = [
    ("2024-01-02", "2024-01-01", True),
    ("2024-01-01", "2024-01-01", False),
    ("2024-01-01", "2024-01-02", False),
    ("2024-01-01", None, False),
    (None, "2024-01-01", False),
    ("2024-01-01T12:00:00Z", "2024-01-01T11:59:59Z", True),
    ("2024-01-01T12:00:00Z", "2024-01-01T12:00:00Z", False),
    ("2024-01-01T12:00:00+02:00", "2024-01-01T10:30:00Z", False),
    ("2024-01-01T12:00:00Z", "2024-01-01T13:30:00+02:00", True),
    ("2024-01-01T12:00:00Z", "2024-01-01", False),
    ("2024-01-01", "2024-01-01T00:00:00+02:00", False),
    ("2024-01-02T00:00:00Z", "2024-01-01", True),
    ("2016-12-31T23:59:60Z", "2016-12-31T00:00:00Z", False),
]


@pytest.mark.parametrize(("start", "end", "ends_early"), PERIODS)
def test_contract_that_ends_before_it_starts_is_refused(start: str | None, end: str | None, ends_early: bool) -> None:
    """Moments are compared as moments; beside a bare date only the day counts; what has no meaning is let pass."""
    job = Bench().take(leases(contract(startDate=start, endDate=end)))
    assert refusals(job) == ([("units", "U-1", "contract-period-invalid")] if ends_early else [])


@pytest.mark.parametrize(("choice", "refused"), [("refuse", 1), ("accept", 0)])
def test_contract_period_matters_only_if_told(choice: str, refused: int) -> None:
    """Whether a contract may end before it starts is an assumption."""
    body = leases(contract(startDate="2024-01-02", endDate="2024-01-01"))
    assert len(Bench({"contract-period": choice}).take(body).errors) == refused


def test_contract_id_twice_in_a_unit_is_refused() -> None:
    """Neither of two contracts with one id can win; contracts without an id are never twins."""
    job = Bench().take(leases(contract(), contract(id="V-1"), contract(), contract(id="V-1", type="OWNER")))
    (error,) = job.errors
    assert (error.rule, error.pointer) == ("duplicate-id", "/properties/0/addresses/0/units/0/contracts/3/id")


def test_last_contract_of_an_id_wins_if_told() -> None:
    """Where the last one wins among records, it wins among contracts too."""
    bench = Bench(LAST_WINS)
    bench.take(leases(contract(id="V-1"), contract(), contract(id="V-1", type="OWNER")))
    assert bench.fields("units", "U-1")["contracts"] == [
        {"contactId": "C-1", "type": "OWNER", "id": "V-1"},
        {"contactId": "C-1", "type": "RENTER"},
    ]


def test_contract_id_may_come_again_in_another_unit() -> None:
    """A contract is part of its unit, and so is its id."""
    body = units(unit(id="U-1", contracts=[contract(id="V-1")]), unit(id="U-2", contracts=[contract(id="V-1")]))
    assert Bench().take(body).errors == []


# Who is refused, and why.


def test_missing_reference_names_what_is_missing() -> None:
    """The error says which record names what, with the evidence for that rule."""
    job = Bench().take(master_data(properties=[property_()], responsibilities=[responsibility(contactId="C/9 ä")]))
    assert job.errors == [
        RecordError(
            "responsibilities",
            None,
            "/responsibilities/0/contactId",
            "missing-reference",
            reference_evidence("Responsibility", "contactId"),
            "contactId names contacts 'C/9 ä', which is neither stored nor in this request",
            ("contacts", "C/9 ä"),
        )
    ]


def test_evidence_of_a_missing_contact_is_that_of_the_reference() -> None:
    """How sure it is that a record waits for its contact depends on the kind of record."""
    bench = Bench()
    unit_job = bench.take({"properties": [property_(addresses=[address(units=[unit(contracts=[contract()])])])]})
    document_job = bench.take({"properties": [property_(documents=[document(contactId="C-1")])]})
    evidence = [reference_evidence(schema, "contactId") for schema in ("Contract", "Document")]
    assert [error.evidence for error in unit_job.errors + document_job.errors] == evidence
    assert evidence[0] != evidence[1]


def test_empty_reference_refers_to_nothing() -> None:
    """A document without a contact, or with null, needs none."""
    assert Bench().take(papers(document(contactId=None), document(id="D-2"))).errors == []


def test_refused_records_drag_others_down_and_name_the_root() -> None:
    """Whatever rests on a refused record is refused too, and every error names where the fault lies."""
    flat = unit(contracts=[contract()], documents=[document(id="D-1")])
    body = master_data(
        contacts=[contact(), contact()],
        properties=[property_(addresses=[address(units=[flat])])],
        responsibilities=[responsibility()],
    )
    job = Bench().take(body)
    assert refusals(job)[2:] == [
        ("units", "U-1", "refused-reference"),
        ("responsibilities", None, "refused-reference"),
        ("documents", "D-1", "refused-parent"),
    ]
    assert {error.missing for error in job.errors[2:]} == {("contacts", "C-1")}
    assert {error.evidence for error in job.errors[2:]} == {"inferred"}
    assert job.errors[2].message == "contactId names contacts 'C-1', which was refused because of contacts 'C-1'"
    assert job.errors[4].message == "it lies inside contacts 'C-1', which was refused"


def test_document_in_a_unit_at_fault_names_the_unit() -> None:
    """A unit that names a missing contact is itself the root for what lies inside it."""
    flat = unit(contracts=[contract(contactId="C-9")], documents=[document()])
    job = Bench().take({"properties": [property_(addresses=[address(units=[flat])])]})
    assert [error.missing for error in job.errors] == [("contacts", "C-9"), ("units", "U-1")]


def test_own_id_counts_before_what_a_record_stands_in() -> None:
    """A twin is refused as a twin, even inside a refused property."""
    flat = property_(addresses=[address(units=[unit()])])
    job = Bench().take({"properties": [flat, flat]})
    assert {rule for entity, _, rule in refusals(job) if entity == "units"} == {"duplicate-id"}


@pytest.mark.parametrize("turned", [False, True])
def test_rule_does_not_depend_on_the_order_of_contracts(turned: bool) -> None:
    """A reference to nothing counts before one to a refused record, a twin before a wrong period."""
    inherited, own = contract(contactId="C-2"), contract(contactId="C-9")
    late = contract(startDate="2024-01-02", endDate="2024-01-01")
    two = contract(id="V-1"), contract(id="V-1")
    first = [own, inherited] if turned else [inherited, own]
    second = [*two, late] if turned else [late, *two]
    body = units(unit(id="U-1", contracts=first), unit(id="U-2", contracts=second))
    body["contacts"] += [contact(id="C-2"), contact(id="C-2")]
    job = Bench().take(body)
    assert refusals(job)[2:] == [("units", "U-1", "missing-reference"), ("units", "U-2", "duplicate-id")]


def test_stored_record_outlives_its_refused_twins() -> None:
    """A refused record does not take back what is stored, so others may refer to it."""
    bench = Bench()
    bench.take(contacts(contact(note="x")))
    body = leases(contract())
    body["contacts"] = [contact(note="y"), contact(note="z")]
    assert refusals(bench.take(body)) == [("contacts", "C-1", "duplicate-id")] * 2
    assert bench.fields("contacts", "C-1")["note"] == "x"


def test_duplicate_without_an_id_is_named_by_its_fields() -> None:
    """A responsibility has no id; the error points at the record and names the fields."""
    body = master_data(
        contacts=[contact()], properties=[property_()], responsibilities=[responsibility(), responsibility()]
    )
    error = Bench().take(body).errors[0]
    assert (error.id, error.pointer, error.rule) == (None, "/responsibilities/0", "duplicate-id")
    assert error.message.startswith("the same propertyId, contactId, roleName occurs more than once")


def test_last_duplicate_wins_if_told() -> None:
    """Where the last one wins, twins are imported one after the other."""
    bench = Bench(LAST_WINS)
    job = bench.take(contacts(contact(note="x"), contact(note="y")))
    assert outcomes(job) == {"created": 1, "updated": 1}
    assert bench.fields("contacts", "C-1")["note"] == "y"


@pytest.mark.parametrize("turned", [False, True])
def test_a_refused_twin_does_not_spoil_the_good_one(turned: bool) -> None:
    """Where twins are imported, one of them may be refused, and only what lies inside it goes with it."""
    bad = unit(contracts=[contract(contactId="C-9")], documents=[document(id="D-1")])
    good = unit(documents=[document(id="D-2")])
    bench = Bench(LAST_WINS)
    job = bench.take(units(*((good, bad) if turned else (bad, good))))
    assert refusals(job) == [("units", "U-1", "missing-reference"), ("documents", "D-1", "refused-parent")]
    assert job.errors[1].missing == ("units", "U-1")
    assert bench.store.has("documents", "D-2")


def test_take_says_what_became_of_a_record() -> None:
    """Outside a job, a record is imported in the same way."""
    bench = Bench()
    body = contacts(contact(), {"id": "C-2"})
    importer = bench.importer(bench.plan(body))
    assert [importer.take(record, START) for record in planned(bench, body, "contacts")] == [Outcome.CREATED] * 2


# Documents.


def stored_digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


@pytest.mark.parametrize("keep", [True, False])
def test_content_is_kept_only_if_asked(keep: bool) -> None:
    """Of a document's content, digest and size are kept; the content itself only on demand, and never as a field."""
    bench = Bench(keep_documents=keep)
    bench.take(papers(document(content="SGFsbG8=")))
    fields = bench.fields("documents", "D-1")
    assert (fields["digest"], fields["size"]) == (stored_digest(b"Hallo"), 5)
    assert "content" not in fields
    assert bench.store.content("D-1") == (b"Hallo" if keep else None)


@pytest.mark.parametrize("profile", [{}, REPLACE], ids=["merge", "replace"])
def test_new_metadata_leaves_the_content(profile: dict[str, Any]) -> None:
    """A document may be renamed without sending its content again."""
    bench = Bench(profile, keep_documents=True)
    bench.take(papers(document(content="SGFsbG8=", title="a")))
    job = bench.take(papers({"id": "D-1", "title": "b"}))
    fields = bench.fields("documents", "D-1")
    assert job.counts["documents"][Outcome.UPDATED] == 1
    assert (fields["title"], fields["digest"], fields["size"]) == ("b", stored_digest(b"Hallo"), 5)
    assert ("fileName" in fields) is (profile != REPLACE)
    assert bench.store.content("D-1") == b"Hallo"


def test_document_without_content_has_no_digest() -> None:
    """A document may come as metadata alone; null is no content either."""
    bench = Bench()
    assert bench.take(papers({"id": "D-1", "title": "a"}, {"id": "D-2", "content": None})).errors == []
    assert bench.fields("documents", "D-1") == {"title": "a"}
    assert bench.fields("documents", "D-2") == {}


def test_same_content_is_unchanged_and_new_content_is_not() -> None:
    """The digest tells whether content is new, however it was broken into lines."""
    bench = Bench()
    bench.take(papers(document(content="SGFsbG8=")))
    assert outcomes(bench.take(papers(document(content="SGFs\r\nbG8=")))) == {"unchanged": 3}
    assert outcomes(bench.take(papers(document(content="SGFsbG8h")))) == {"unchanged": 2, "updated": 1}


def test_empty_content_is_content() -> None:
    """A file of no bytes is a file."""
    bench = Bench()
    bench.take(papers(document(content="")))
    assert bench.fields("documents", "D-1")["size"] == 0


@pytest.mark.parametrize(
    "text",
    ["SGFs\nbG8=", "SGFs\r\nbG8=\r\n", "\tSGFs bG8=", "SGFsbG8\n=", "S\nG\nF\ns\nb\nG\n8\n=\n", "\v\fSGFsbG8="],
)
def test_content_may_be_broken_into_lines(text: str) -> None:
    """Encoders for mail break base64 into lines; ASCII whitespace is passed over wherever it stands."""
    bench = Bench()
    assert bench.take(papers(document(content=text))).errors == []
    assert (bench.fields("documents", "D-1")["size"]) == 5


def test_lines_of_the_standard_encoder_are_taken() -> None:
    """What Python's own encoder for mail writes is taken."""
    content = bytes(range(256)) * 4
    bench = Bench(keep_documents=True)
    bench.take(papers(document(content=base64.encodebytes(content).decode())))
    assert bench.store.content("D-1") == content


BAD_CONTENT = [
    "Das ist kein Base64!",
    "SGFsbG8",
    "SGFsbG8==",
    "SGFsbG8=====",
    "SGFsAAAA====",
    "A",
    "=",
    "====",
    "SGF=bG8=",
    "SGFsbG8=SGFsbG8=",
    "SGFs-_8=",
    "SGFsbG8=\u00a0",
    "SGFsbG8=\u2028",
    "SGFsbÖ8=",
    "SGFs\x00bG8=",
    "data:;base64,SGFsbG8=",
    "🏠",
]


@pytest.mark.parametrize("text", BAD_CONTENT)
def test_content_that_is_not_base64_is_refused(text: str) -> None:
    """But for whitespace, base64 is judged strictly: alphabet, length, padding; nothing is guessed or thrown away."""
    bench = Bench()
    job = bench.take(papers(document(content=text)))
    (error,) = job.errors
    assert (error.rule, error.pointer) == ("document-content-invalid", "/properties/0/documents/0/content")
    assert error.message.startswith("the content is not base64: ")
    assert bench.store.count("documents") == 0


@pytest.mark.parametrize(("size", "refused"), [(29, False), (30, False), (31, True), (32, True), (33, True)])
@pytest.mark.parametrize("broken", [False, True])
def test_document_may_be_exactly_as_large_as_the_limit(size: int, refused: bool, broken: bool) -> None:
    """The limit is meant decoded; one byte more is too much, and line breaks do not count."""
    encoder = base64.encodebytes if broken else base64.b64encode
    content = encoder(bytes(size)).decode()
    job = Bench({"document-max-mb": 0.00003}).take(papers(document(content=content)))
    assert refusals(job) == ([("documents", "D-1", "document-too-large")] if refused else [])
    if refused:
        assert job.errors[0].message == f"the content has {size} bytes, the limit is 30 bytes (3e-05 MB)"


# What a request refers to.


def test_the_targets_of_a_plan_are_what_its_records_and_their_parts_refer_to() -> None:
    """A reference counts wherever it stands, once for each place; what is not filled refers to nothing."""
    leases = [contract(contactId="C-1"), {"id": "K"}, contract(contactId="C-2")]
    flat = unit(id="U-1", contracts=leases, documents=[document()])
    body = master_data(
        contacts=[contact(id="C-1")],
        properties=[property_(id="P-1", addresses=[address(units=[flat])])],
        responsibilities=[responsibility(propertyId="P-9", contactId="C-9")],
    )
    assert sorted(Bench().plan(body).targets()) == [
        ("contacts", "C-1"),
        ("contacts", "C-2"),
        ("contacts", "C-9"),
        ("properties", "P-9"),
    ]
    assert Bench().plan({}).targets() == ()


def test_the_names_of_a_plan_are_those_of_its_records_in_import_order() -> None:
    body = master_data(
        properties=[property_(id="P-1")], contacts=[contact(id="C-1")], responsibilities=[responsibility()]
    )
    assert Bench().plan(body).names() == (("contacts", "C-1"), ("properties", "P-1"), ("responsibilities", None))


# Refused on request.


@pytest.mark.parametrize(
    ("entity", "rule", "pointer"),
    [
        ("units", "missing-reference", "/properties/0/addresses/0/units/0/contracts/0/contactId"),
        ("units", "account-full", "/properties/0/addresses/0/units/0"),
        ("properties", "missing-reference", "/properties/0"),
    ],
)
def test_a_record_is_refused_on_request(entity: str, rule: str, pointer: str) -> None:
    """It is refused as it would be by that rule, and with it what lies inside."""
    bench = Bench()
    plan = bench.plan(units(unit(id="U-1", contracts=[contract(contactId="C-1")])))
    plan.ordered = {(entity, {"units": "U-1", "properties": "P-1"}[entity]): rule}
    importer = bench.importer(plan)
    refused = [found for one in plan.records if isinstance(found := importer.take(one, START), RecordError)]
    assert (refused[0].entity, refused[0].rule, refused[0].pointer) == (entity, rule, pointer)
    assert [one.rule for one in refused[1:]] == (["refused-parent"] if entity == "properties" else [])
