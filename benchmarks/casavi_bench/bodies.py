"""What is sent: the same bytes to every server."""

import json
from collections.abc import Iterator

KEY = "04523b90-9ee1-49f7-af31-b1f24efe84ad"
SECRET = "ksdasji0-sf818-nfn81-ms9a-ams9d9a9as"
"""Key and secret as casavi's documentation prints them as an example."""

LOG_IN = json.dumps({"key": KEY, "secret": SECRET}).encode()


def contact(number: int, version: int = 0) -> dict[str, object]:
    """Returns a contact with all of its fields, about 0.8 kB of JSON.

    Args:
        number: Which one; it is in its id.
        version: Another number gives another content under the same id.
    """
    return {
        "id": f"C-{number:09}",
        "title": "Dr.",
        "salutation": "Familie",
        "firstName": f"Erika {number % 997}",
        "lastName": f"Mustermann-Schröder {number}",
        "companyName": "Hausverwaltung am Wasserturm GmbH & Co. KG",
        "companyRole": "Sachbearbeitung Nebenkosten",
        "email": f"erika.mustermann.{number}@example.com",
        "telephone": f"+49 341 {number:09}",
        "mobile": f"+49 171 {number:09}",
        "fax": f"+49 341 {number:09}-9",
        "street": f"Karl-Liebknecht-Straße {number % 200 + 1}",
        "postalCode": f"{4000 + number % 900:05}",
        "city": "Leipzig",
        "country": "Deutschland",
        "note": f"Stand {version}. Bitte nur zwischen neun und zwölf Uhr anrufen, sonst eine E-Mail schreiben.",
        "preferredWayOfContact": "LETTER",
        "customFields": {"Email2": f"privat.{number}@example.org", "Wohnfläche": 85.5, "Schlüssel erhalten": True},
    }


def portfolio(start: int, count: int, version: int = 0) -> bytes:
    """Returns an import of so many contacts, numbered from `start`."""
    contacts = [contact(number, version) for number in range(start, start + count)]
    return json.dumps({"contacts": contacts}, ensure_ascii=False).encode()


def small_imports(start: int = 0) -> Iterator[bytes]:
    """Yields imports of one contact, always a new one."""
    number = start
    while True:
        yield portfolio(number, 1)
        number += 1
