"""Reference ids that are changed on the way."""

import unicodedata
from collections.abc import Callable
from typing import Any

from tests.contracts.mutants.mutant import mutant
from tests.contracts.mutants.toolkit import Edit, change, edits, on
from tests.support.tamper import Request

IMPORT = on("importMasterData")

ID_NAMES = ("id", "contactId", "propertyId")


def ids(edit: Callable[[str], str]) -> Edit:
    """Returns an edit of all reference ids of an import; custom fields have none."""

    def edited(value: Any) -> Any:
        if isinstance(value, list):
            return [edited(item) for item in value]
        if not isinstance(value, dict):
            return value
        return {
            name: (edit(member) or member)
            if name in ID_NAMES and isinstance(member, str)
            else member
            if name == "customFields"
            else edited(member)
            for name, member in value.items()
        }

    return edited


def _path(edit: Callable[[str], str]) -> Callable[[Request], Request]:
    def changed(request: Request) -> Request:
        head, _, tail = request.path.rpartition("/")
        return request.but(path=f"{head}/{edit(tail)}")

    return changed


MUTANTS = (
    mutant(
        "ids-lower-case",
        "Reference ids are written in lower case.",
        IMPORT.request(ids(str.lower)),
        check="different-ids-are-different-records",
    ),
    mutant(
        "ids-upper-case",
        "Reference ids are written in capitals.",
        IMPORT.request(ids(str.upper)),
        check="different-ids-are-different-records",
    ),
    mutant(
        "ids-trimmed",
        "Blanks around reference ids are lost.",
        IMPORT.request(ids(str.strip)),
        check="different-ids-are-different-records",
    ),
    mutant(
        "ids-normalised",
        "Reference ids are brought into Unicode's composed form.",
        IMPORT.request(ids(lambda i: unicodedata.normalize("NFC", i))),
        check="different-ids-are-different-records",
    ),
    mutant(
        "ids-compatibility-form",
        "Reference ids are brought into Unicode's compatibility form.",
        IMPORT.request(ids(lambda i: unicodedata.normalize("NFKC", i))),
        check="different-ids-are-different-records",
    ),
    mutant(
        "ids-without-leading-zeros",
        "Zeros at the beginning of the last part of an id are lost.",
        IMPORT.request(ids(lambda i: "-".join([*i.split("-")[:-1], i.split("-")[-1].lstrip("0") or "0"]))),
        check="different-ids-are-different-records",
    ),
    mutant(
        "ids-cut",
        "Reference ids are cut after 64 characters.",
        IMPORT.request(ids(lambda i: i[:64])),
        check="different-ids-are-different-records",
    ),
    mutant(
        "ids-without-slashes",
        "Slashes in reference ids become hyphens.",
        IMPORT.request(ids(lambda i: i.replace("/", "-"))),
        check="different-ids-are-different-records",
    ),
    mutant(
        "ids-decoded",
        "Percent signs in reference ids are taken for an encoding.",
        IMPORT.request(ids(lambda i: i.replace("%20", " ").replace("%2F", "/").replace("%25", "%"))),
        check="different-ids-are-different-records",
    ),
    mutant(
        "ids-blanks-joined",
        "Several blanks in a reference id become one.",
        IMPORT.request(ids(lambda i: " ".join(i.split(" ")) if "  " not in i else i.replace("  ", " "))),
        check="different-ids-are-different-records",
    ),
    mutant(
        "ids-ascii",
        "Letters in reference ids lose their marks.",
        IMPORT.request(ids(lambda i: unicodedata.normalize("NFD", i).encode("ascii", "ignore").decode() or i)),
        check="names-of-records-do-not-matter",
    ),
    mutant(
        "ids-of-answers-lower-case",
        "Lists show reference ids in lower case.",
        on("getContacts", "listContacts", "listUnits", "listProperties")
        .good()
        .answer(edits(change("content/*/id", str.lower), change("list/*/id", str.lower))),
        check="different-ids-are-different-records",
    ),
    mutant(
        "ids-replaced-by-the-internal-number",
        "Lists show the vendor's own number in place of the reference id.",
        on("getContacts", "listContacts", "listUnits", "listProperties")
        .good()
        .answer(
            edits(
                change("content/*", lambda r: {**r, "id": str(r["internalId"])}),
                change("list/*", lambda r: {**r, "id": str(r["internalId"])}),
            )
        ),
        check="different-ids-are-different-records",
    ),
    mutant(
        "id-of-a-record-internal",
        "A single record shows the vendor's own number in place of the reference id.",
        on("getContactById", "getPropertyById").good().answer(lambda r: {**r, "id": str(r["internalId"])}),
        check="record-is-found-by-its-encoded-id",
    ),
    mutant(
        "records-found-in-any-case",
        "A single record is found in any case of its id.",
        on("getContactById", "getPropertyById").asked_instead(_path(str.lower)),
        check="unknown-record-is-refused",
    ),
)
