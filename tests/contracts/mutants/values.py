"""Values that arrive as others than were sent: changed on the way in or on the way out."""

import html
import struct
import unicodedata
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from tests.contracts.mutants.mutant import V2, mutant
from tests.contracts.mutants.toolkit import Edit, change, edits, on, strings, text

IMPORT = on("importMasterData")
UNITS = "properties/*/addresses/*/units/*"
CONTRACTS = f"{UNITS}/contracts/*"

ID_NAMES = ("id", "contactId", "propertyId")


def plain(edit: Callable[[str], str]) -> Edit:
    """Returns an edit of all free texts of an import: no ids, no enumerations, no dates."""
    kept = {
        *ID_NAMES,
        "type",
        "roleType",
        "preferredWayOfContact",
        "startDate",
        "endDate",
        "content",
        "roleName",
        "street",
    }

    def edited(value: Any) -> Any:
        if isinstance(value, list):
            return [edited(item) for item in value]
        if isinstance(value, dict):
            return {name: member if name in kept else edited(member) for name, member in value.items()}
        return edit(value) if isinstance(value, str) else value

    return edited


def custom(edit: Edit) -> Edit:
    """Returns an edit of every custom field of an import."""
    places = ("contacts/*/customFields/*", "properties/*/customFields/*", f"{UNITS}/customFields/*")
    return edits(*(change(place, edit) for place in places))


def _shifted(told: str) -> str:
    try:
        return (date.fromisoformat(told[:10]) + timedelta(days=1)).isoformat() + told[10:]
    except (ValueError, OverflowError):
        return told


def _single(value: int) -> int:
    """A whole number as one of single precision holds it."""
    rounded: float = struct.unpack("f", struct.pack("f", value))[0]
    return int(rounded)


MUTANTS = (
    mutant(
        "texts-trimmed",
        "Blanks around texts are lost.",
        IMPORT.request(plain(str.strip)),
        check="texts-and-ids-stay-as-they-are",
    ),
    mutant(
        "texts-normalised",
        "Texts are brought into Unicode's composed form.",
        IMPORT.request(plain(lambda t: unicodedata.normalize("NFC", t))),
        check="texts-and-ids-stay-as-they-are",
    ),
    mutant(
        "texts-in-ascii",
        "Letters that ASCII does not have become question marks.",
        IMPORT.request(plain(lambda t: t.encode("ascii", "replace").decode())),
        check="texts-and-ids-stay-as-they-are",
    ),
    mutant(
        "texts-without-emoji",
        "Characters beyond the basic plane become question marks.",
        IMPORT.request(plain(lambda t: "".join("?" if ord(c) > 0xFFFF else c for c in t))),
        check="texts-and-ids-stay-as-they-are",
    ),
    mutant(
        "texts-doubly-encoded",
        "Texts are encoded twice.",
        IMPORT.request(plain(lambda t: t.encode().decode("latin-1"))),
        check="texts-and-ids-stay-as-they-are",
    ),
    mutant(
        "texts-escaped-on-import",
        "Texts are escaped for HTML when they come.",
        IMPORT.request(plain(html.escape)),
        check="texts-and-ids-stay-as-they-are",
    ),
    mutant(
        "texts-unescaped-on-import",
        "Entities of HTML in texts are resolved.",
        IMPORT.request(plain(html.unescape)),
        check="texts-and-ids-stay-as-they-are",
    ),
    mutant(
        "texts-with-other-line-breaks",
        "Line breaks of Windows become those of Unix.",
        IMPORT.request(plain(lambda t: t.replace("\r\n", "\n"))),
        check="texts-and-ids-stay-as-they-are",
    ),
    mutant(
        "texts-on-one-line",
        "Line breaks in texts become blanks.",
        IMPORT.request(plain(lambda t: t.replace("\n", " "))),
        check="texts-and-ids-stay-as-they-are",
    ),
    mutant(
        "texts-without-control-characters",
        "Control characters in texts are lost.",
        IMPORT.request(plain(lambda t: "".join(c for c in t if unicodedata.category(c) != "Cc"))),
        check="texts-and-ids-stay-as-they-are",
    ),
    mutant(
        "texts-cut-at-30",
        "Texts are cut after 30 characters.",
        IMPORT.request(plain(lambda t: t[:30])),
        check="texts-and-ids-stay-as-they-are",
    ),
    mutant(
        "texts-cut-at-255",
        "Texts are cut after 255 characters.",
        IMPORT.request(plain(lambda t: t[:255])),
        check="texts-and-ids-stay-as-they-are",
    ),
    mutant(
        "texts-without-backslashes",
        "Backslashes in texts are lost.",
        IMPORT.request(plain(lambda t: t.replace("\\", ""))),
        check="texts-and-ids-stay-as-they-are",
    ),
    mutant(
        "texts-without-quotes",
        "Quotation marks in texts are doubled.",
        IMPORT.request(plain(lambda t: t.replace("'", "''"))),
        check="texts-and-ids-stay-as-they-are",
    ),
    mutant(
        "texts-capitalised",
        "First names begin with a capital.",
        IMPORT.request(change("contacts/*/firstName", text(lambda t: t[:1].upper() + t[1:]))),
        check="texts-and-ids-stay-as-they-are",
    ),
    mutant(
        "email-lower-case",
        "Addresses of mail are written in lower case.",
        IMPORT.request(change("contacts/*/email", text(str.lower))),
        check="texts-and-ids-stay-as-they-are",
    ),
    mutant(
        "telephone-digits-only",
        "Of telephone numbers only the digits stay.",
        IMPORT.request(change("contacts/*/telephone", text(lambda t: "".join(c for c in t if c.isdigit())))),
        check="texts-and-ids-stay-as-they-are",
    ),
    mutant(
        "postal-code-a-number",
        "Postal codes of contacts lose their leading zeros.",
        IMPORT.request(change("contacts/*/postalCode", text(lambda t: t.lstrip("0")))),
        check="texts-and-ids-stay-as-they-are",
    ),
    mutant(
        "postal-code-of-properties-a-number",
        "Postal codes of properties lose their leading zeros.",
        IMPORT.request(change("properties/*/postalCode", text(lambda t: t.lstrip("0")))),
        check="postal-code-of-a-property-is-text-or-number",
        versions=V2,
    ),
    mutant(
        "postal-code-number-read-as-number",
        "Postal codes of properties are answered as numbers.",
        on("listProperties", "getPropertyById")
        .good()
        .answer(
            edits(
                change("postalCode", lambda t: int(t) if t and t.isascii() and t.isdigit() else t),
                change("list/*/postalCode", lambda t: int(t) if t and t.isascii() and t.isdigit() else t),
            )
        ),
        check="answers-satisfy-the-contract",
        versions=V2,
    ),
    mutant(
        "custom-numbers-as-texts",
        "Numbers in custom fields become texts.",
        IMPORT.request(custom(lambda v: str(v) if type(v) in (int, float) else v)),
        check="custom-fields-keep-their-types",
        versions=V2,
    ),
    mutant(
        "custom-numbers-rounded",
        "Numbers in custom fields are rounded to one decimal.",
        IMPORT.request(custom(lambda v: round(v, 1) if type(v) is float else v)),
        check="custom-fields-keep-their-types",
        versions=V2,
    ),
    mutant(
        "custom-numbers-cut",
        "Numbers in custom fields lose their decimals.",
        IMPORT.request(custom(lambda v: int(v) if type(v) is float else v)),
        check="custom-fields-keep-their-types",
        versions=V2,
    ),
    mutant(
        "custom-numbers-floated",
        "Large whole numbers in custom fields lose their last digits.",
        IMPORT.request(custom(lambda v: _single(v) if type(v) is int else v)),
        check="custom-fields-keep-their-types",
        versions=V2,
    ),
    mutant(
        "custom-numbers-absolute",
        "Numbers in custom fields lose their sign.",
        IMPORT.request(custom(lambda v: abs(v) if type(v) in (int, float) else v)),
        check="custom-fields-keep-their-types",
        versions=V2,
    ),
    mutant(
        "custom-booleans-as-texts",
        "Booleans in custom fields become texts.",
        IMPORT.request(custom(lambda v: str(v).lower() if isinstance(v, bool) else v)),
        check="custom-fields-keep-their-types",
        versions=V2,
    ),
    mutant(
        "custom-booleans-as-numbers",
        "Booleans in custom fields become numbers.",
        IMPORT.request(custom(lambda v: int(v) if isinstance(v, bool) else v)),
        check="custom-fields-keep-their-types",
        versions=V2,
    ),
    mutant(
        "custom-texts-as-numbers",
        "Texts in custom fields that look like numbers become numbers.",
        IMPORT.request(custom(lambda v: int(v) if isinstance(v, str) and v.isascii() and v.isdigit() else v)),
        check="custom-fields-keep-their-types",
        versions=V2,
    ),
    mutant(
        "custom-false-lost",
        "Custom fields that are false are lost.",
        IMPORT.request(custom(lambda v: None if v is False else v)),
        check="custom-fields-keep-their-types",
        versions=V2,
    ),
    mutant(
        "custom-zero-lost",
        "Custom fields that are zero are lost.",
        IMPORT.request(custom(lambda v: None if v == 0 and type(v) in (int, float) else v)),
        check="custom-fields-keep-their-types",
        versions=V2,
    ),
    mutant(
        "custom-empty-lost",
        "Custom fields that are an empty text are lost.",
        IMPORT.request(custom(lambda v: None if v == "" else v)),
        check="custom-fields-keep-their-types",
        versions=V2,
    ),
    mutant(
        "contract-times-cut",
        "Dates of contracts lose their time.",
        IMPORT.request(
            edits(
                change(f"{CONTRACTS}/startDate", text(lambda t: t[:10])),
                change(f"{CONTRACTS}/endDate", text(lambda t: t[:10])),
            )
        ),
        check="dates-of-contracts-read-in-one-form",
        versions=V2,
    ),
    mutant(
        "contract-dates-a-day-late",
        "Contracts start a day late.",
        IMPORT.request(change(f"{CONTRACTS}/startDate", text(_shifted))),
        check="dates-of-a-contract-are-dates-or-date-times",
        versions=V2,
    ),
    mutant(
        "contract-dates-without-a-time",
        "Dates of contracts are shown without a time.",
        on("listUnits").good().answer(change("list/*/contracts/*/startDate", text(lambda t: t[:10]))),
        check="dates-of-contracts-read-in-one-form",
        versions=V2,
    ),
    mutant(
        "contract-dates-german",
        "Dates of contracts are shown as in German.",
        on("listUnits", "listContacts")
        .good()
        .answer(change("list/*/contracts/*/startDate", text(lambda t: f"{t[8:10]}.{t[5:7]}.{t[:4]}"))),
        check="texts-and-ids-stay-as-they-are",
        versions=V2,
    ),
    mutant(
        "role-names-trimmed",
        "Blanks around names of roles are lost.",
        IMPORT.request(change("responsibilities/*/roleName", text(str.strip))),
        check="texts-and-ids-stay-as-they-are",
        versions=V2,
    ),
    mutant(
        "role-names-lower-case",
        "Names of roles are written in lower case.",
        IMPORT.request(change("responsibilities/*/roleName", text(str.lower))),
        check="texts-and-ids-stay-as-they-are",
        versions=V2,
    ),
    mutant(
        "streets-trimmed",
        "Blanks around streets are lost.",
        IMPORT.request(change("properties/*/addresses/*/street", text(str.strip))),
        check="texts-and-ids-stay-as-they-are",
        versions=V2,
    ),
    mutant(
        "streets-abbreviated",
        "Streets are abbreviated.",
        IMPORT.request(
            change(
                "properties/*/addresses/*/street", text(lambda t: t.replace("street", "st.").replace("straße", "str."))
            )
        ),
        check="import-is-read-back",
        versions=V2,
    ),
    mutant(
        "answers-in-ascii",
        "Lists show letters that ASCII does not have as question marks.",
        on("getContacts", "listContacts", "listUnits", "listProperties")
        .good()
        .answer(strings(lambda t: t.encode("ascii", "replace").decode())),
        check="texts-and-ids-stay-as-they-are",
    ),
    mutant(
        "answers-with-surrogates-lost",
        "Lists show no character beyond the basic plane.",
        on("getContacts", "listContacts", "listUnits", "listProperties")
        .good()
        .answer(strings(lambda t: "".join(c for c in t if ord(c) <= 0xFFFF))),
        check="texts-and-ids-stay-as-they-are",
    ),
)
