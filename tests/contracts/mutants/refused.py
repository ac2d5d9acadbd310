"""Requests that are refused though they are right."""

import json
from collections.abc import Callable
from typing import Any

import httpx

from casavi_contracts.contract import Contract
from tests.contracts.mutants.mutant import mutant
from tests.contracts.mutants.toolkit import LISTS, SINGLES, on
from tests.support.tamper import Forward, Request, Response, serialised

KNOWN_OF_CONTACTS = set(Contract("v1").document["components"]["schemas"]["Contact"]["properties"])


class Refuses:
    """Refuses requests that are right.

    Args:
        wrong: Whether a request is refused.
        status: The status of the refusal.
        rule: The rule that it names.
    """

    def __init__(self, wrong: Callable[[Request], bool], status: int = 400, rule: str = "schema-violation") -> None:
        self._wrong = wrong
        self._status = status
        self._rule = rule

    async def __call__(self, request: Request, forward: Forward) -> Response:
        if request.operation is None or not self._wrong(request):
            return await forward(request)
        problem = {
            "type": f"urn:casavi-mock:rule:{self._rule}", "title": "Refused", "status": self._status,
            "detail": "The request does not satisfy the contract.", "rule": self._rule, "evidence": "assumed",
            "requestId": "0-1", "errors": [], "errorCount": 0,
        }  # fmt: skip
        headers = httpx.Headers({"content-type": "application/problem+json", "x-request-id": "0-1"})
        return Response(self._status, headers, serialised(problem))


def refuses(
    wrong: Callable[[Request], bool], status: int = 400, rule: str = "schema-violation"
) -> Callable[[], Refuses]:
    """Returns a maker of `Refuses`; arguments as its."""
    return lambda: Refuses(wrong, status, rule)


def _texts(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for member in value.values() for text in _texts(member)]
    return [text for item in value for text in _texts(item)] if isinstance(value, list) else []


def _ids(value: object) -> list[str]:
    if isinstance(value, dict):
        own = [value["id"]] if isinstance(value.get("id"), str) else []
        return own + [i for name, member in value.items() if name != "customFields" for i in _ids(member)]
    return [i for item in value for i in _ids(item)] if isinstance(value, list) else []


def _importing(condition: Callable[[dict], bool]) -> Callable[[Request], bool]:  # type: ignore[type-arg]
    def such(request: Request) -> bool:
        body = request.json
        return request.operation == "importMasterData" and isinstance(body, dict) and condition(body)

    return such


KNOWN = {"page", "after", "modifiedAfter", "isRegistered", "isInvited", "role", "includeInactiveContracts"}


def _unknown_parameter(request: Request) -> bool:
    names = {pair.partition("=")[0] for pair in request.query.split("&") if pair}
    return request.operation in LISTS and not names <= KNOWN


def _units(body: dict[str, Any]) -> list[dict[str, Any]]:
    addresses = [a for p in body.get("properties", ()) for a in p.get("addresses") or ()]
    return [u for a in addresses for u in a.get("units") or ()]


def _custom(body: dict[str, Any]) -> list[dict[str, Any]]:
    holders = [*body.get("contacts", ()), *body.get("properties", ()), *_units(body)]
    return [h["customFields"] for h in holders if isinstance(h.get("customFields"), dict)]


MUTANTS = (
    mutant(
        "charset-refused",
        "A media type with a charset is refused.",
        refuses(lambda r: "charset" in r.headers.get("content-type", ""), 415, "media-type-unsupported"),
        check="json-is-taken-in-any-spelling",
    ),
    mutant(
        "media-type-in-capitals-refused",
        "A media type in capitals is refused.",
        refuses(
            lambda r: r.headers.get("content-type", "") != r.headers.get("content-type", "").lower(),
            415,
            "media-type-unsupported",
        ),
        check="json-is-taken-in-any-spelling",
    ),
    mutant(
        "log-in-without-key-is-401",
        "A log-in that lacks the key is judged as one with an empty secret.",
        on("authenticate").asked_instead(
            lambda r: (
                r
                if not isinstance(r.json, dict) or {"key", "apiKey"} & set(r.json)
                else r.with_json({"key": "nobody", "secret": "none"})
            )
        ),
        check="half-credentials-are-refused",
    ),
    mutant(
        "slash-in-id-refused",
        "An import is refused if an id has a slash.",
        refuses(_importing(lambda b: any("/" in i for i in _ids(b)))),
        check="valid-import-is-accepted",
    ),
    mutant(
        "long-id-refused",
        "An import is refused if an id has more than 40 characters.",
        refuses(_importing(lambda b: any(len(i) > 40 for i in _ids(b)))),
        check="ids-and-texts-are-free",
    ),
    mutant(
        "umlaut-in-id-refused",
        "An import is refused if an id has other letters than those of English.",
        refuses(_importing(lambda b: any(not i.isascii() for i in _ids(b)))),
        check="valid-import-is-accepted",
    ),
    mutant(
        "blank-in-id-refused",
        "An import is refused if an id has a blank.",
        refuses(_importing(lambda b: any(" " in i for i in _ids(b)))),
        check="valid-import-is-accepted",
    ),
    mutant(
        "emoji-refused",
        "An import is refused if it has a character beyond the basic plane.",
        refuses(_importing(lambda b: any(ord(c) > 0xFFFF for t in _texts(b) for c in t))),
        check="valid-import-is-accepted",
    ),
    mutant(
        "unknown-field-refused",
        "An import is refused if a contact has a field that the contract does not know.",
        refuses(_importing(lambda b: any(not set(c) <= KNOWN_OF_CONTACTS for c in b.get("contacts", ())))),
        check="unknown-fields-are-reported-and-kept-out",
    ),
    mutant(
        "null-refused",
        "An import is refused if a field of a contact is null.",
        refuses(_importing(lambda b: any(v is None for c in b.get("contacts", ()) for v in c.values()))),
        check="valid-import-is-accepted",
    ),
    mutant(
        "empty-array-refused",
        "An import is refused if an array is empty.",
        refuses(_importing(lambda b: [] in b.values())),
        check="valid-import-is-accepted",
    ),
    mutant(
        "contact-without-name-refused",
        "An import is refused if a contact has no name.",
        refuses(
            _importing(lambda b: any("lastName" not in c and "companyName" not in c for c in b.get("contacts", ())))
        ),
        check="record-needs-only-its-id",
    ),
    mutant(
        "properties-alone-refused",
        "An import is refused if it has properties but no contacts.",
        refuses(_importing(lambda b: "properties" in b and "contacts" not in b)),
        check="record-needs-only-its-id",
    ),
    mutant(
        "responsibilities-alone-refused",
        "An import is refused if it has only responsibilities.",
        refuses(_importing(lambda b: set(b) == {"responsibilities"})),
        check="any-part-of-a-portfolio-may-come-alone",
    ),
    mutant(
        "number-as-postal-code-refused",
        "An import is refused if the postal code of a property is a number.",
        refuses(_importing(lambda b: any(isinstance(p.get("postalCode"), int) for p in b.get("properties", ())))),
        check="postal-code-of-a-property-is-text-or-number",
    ),
    mutant(
        "text-as-postal-code-refused",
        "An import is refused if the postal code of a property is a text.",
        refuses(_importing(lambda b: any(isinstance(p.get("postalCode"), str) for p in b.get("properties", ())))),
        check="postal-code-of-a-property-is-text-or-number",
    ),
    mutant(
        "date-time-of-contract-refused",
        "An import is refused if the date of a contract has a time.",
        refuses(
            _importing(
                lambda b: (
                    "T"
                    in json.dumps(
                        [
                            c.get("startDate")
                            for p in b.get("properties", ())
                            for a in p.get("addresses", ())
                            for u in a.get("units", ())
                            for c in u.get("contracts", ())
                        ]
                    ).replace("null", "")
                )
            )
        ),
        check="dates-of-a-contract-are-dates-or-date-times",
    ),
    mutant(
        "long-text-refused",
        "An import is refused if a text has more than 250 characters.",
        refuses(_importing(lambda b: any(len(t) > 250 for t in _texts(b)))),
        check="valid-import-is-accepted",
    ),
    mutant(
        "empty-text-refused",
        "An import is refused if a text is empty.",
        refuses(_importing(lambda b: "" in _texts(b))),
        check="any-part-of-a-portfolio-may-come-alone",
    ),
    mutant(
        "line-break-refused",
        "An import is refused if a text has a line break.",
        refuses(_importing(lambda b: any("\n" in t for t in _texts(b)))),
        check="ids-and-texts-are-free",
    ),
    mutant(
        "markup-refused",
        "An import is refused if a text has an angle bracket.",
        refuses(_importing(lambda b: any("<" in t for t in _texts(b)))),
        check="ids-and-texts-are-free",
    ),
    mutant(
        "quote-refused",
        "An import is refused if a text has an apostrophe.",
        refuses(_importing(lambda b: any("'" in t for t in _texts(b)))),
        check="ids-and-texts-are-free",
    ),
    mutant(
        "custom-number-refused",
        "An import is refused if a custom field is a number.",
        refuses(_importing(lambda b: any(type(v) in (int, float) for f in _custom(b) for v in f.values()))),
        check="any-part-of-a-portfolio-may-come-alone",
    ),
    mutant(
        "custom-boolean-refused",
        "An import is refused if a custom field is a boolean.",
        refuses(_importing(lambda b: any(isinstance(v, bool) for f in _custom(b) for v in f.values()))),
        check="any-part-of-a-portfolio-may-come-alone",
    ),
    mutant(
        "no-custom-fields-refused",
        "An import is refused if a record has an empty object of custom fields.",
        refuses(_importing(lambda b: {} in _custom(b))),
        check="any-part-of-a-portfolio-may-come-alone",
    ),
    mutant(
        "unit-without-contracts-refused",
        "An import is refused if a unit has no contracts.",
        refuses(_importing(lambda b: any(not u.get("contracts") for u in _units(b)))),
        check="any-part-of-a-portfolio-may-come-alone",
    ),
    mutant(
        "two-contracts-refused",
        "An import is refused if a unit has two contracts.",
        refuses(_importing(lambda b: any(len(u.get("contracts") or ()) > 1 for u in _units(b)))),
        check="any-part-of-a-portfolio-may-come-alone",
    ),
    mutant(
        "open-contract-refused",
        "An import is refused if a contract has no end.",
        refuses(_importing(lambda b: any(not c.get("endDate") for u in _units(b) for c in u.get("contracts") or ()))),
        check="ids-and-texts-are-free",
    ),
    mutant(
        "document-without-content-refused",
        "An import is refused if a document of a property has no content.",
        refuses(
            _importing(
                lambda b: any("content" not in d for p in b.get("properties", ()) for d in p.get("documents") or ())
            )
        ),
        check="any-part-of-a-portfolio-may-come-alone",
    ),
    mutant(
        "property-without-address-refused",
        "An import is refused if a property has no address.",
        refuses(_importing(lambda b: any(not p.get("addresses") for p in b.get("properties", ())))),
        check="any-part-of-a-portfolio-may-come-alone",
    ),
    mutant(
        "second-address-refused",
        "An import is refused if a property has two addresses.",
        refuses(_importing(lambda b: any(len(p.get("addresses") or ()) > 1 for p in b.get("properties", ())))),
        check="ids-and-texts-are-free",
    ),
    mutant(
        "known-record-refused",
        "An import is refused if it has a contact that was imported before.",
        lambda: _Known(),
        check="valid-import-is-accepted",
    ),
    mutant(
        "many-contacts-refused",
        "An import of more than 20 contacts is refused.",
        refuses(_importing(lambda b: len(b.get("contacts", ())) > 20), 413, "body-too-large"),
        check="large-import-is-whole",
    ),
    mutant(
        "large-import-refused",
        "An import of more than 20,000 bytes is refused.",
        refuses(lambda r: r.operation == "importMasterData" and len(r.body) > 20_000, 413, "body-too-large"),
        check="large-import-is-whole",
    ),
    mutant(
        "dangling-reference-refused-at-once",
        "An import with a reference that leads nowhere is refused whole, before the job.",
        refuses(
            _importing(
                lambda b: bool(
                    {r.get("contactId") for r in b.get("responsibilities", ())}
                    - {c.get("id") for c in b.get("contacts", ())}
                )
            )
        ),
        check="rest-of-a-request-is-imported",
    ),
    mutant(
        "second-import-refused",
        "While a job is not finished no further import is taken.",
        lambda: _OneAtATime(),
        check="valid-import-is-accepted",
    ),
    mutant(
        "extra-member-at-log-in-refused",
        "A log-in with a member that the contract does not know is refused.",
        refuses(
            lambda r: (
                r.operation == "authenticate"
                and isinstance(r.json, dict)
                and not set(r.json) <= {"key", "secret", "apiKey", "password", "email"}
            )
        ),
        check="further-members-are-ignored",
    ),
    mutant(
        "unknown-parameter-refused",
        "A parameter that the contract does not know is refused.",
        refuses(_unknown_parameter, 400, "parameter-invalid"),
        check="unknown-parameter-is-ignored",
    ),
    mutant(
        "id-with-slash-not-read",
        "A record whose id has a slash cannot be read.",
        refuses(lambda r: r.operation in SINGLES and "/" in r.id, 404, "operation-unknown"),
        check="record-is-found-by-its-encoded-id",
    ),
    mutant(
        "id-with-percent-not-read",
        "A record whose id has a percent sign cannot be read.",
        refuses(lambda r: r.operation in SINGLES and "%" in r.id, 404, "operation-unknown"),
        check="record-is-found-by-its-encoded-id",
    ),
    mutant(
        "plus-in-id-a-blank",
        "In a path a plus sign is taken for a blank.",
        on(*SINGLES).asked_instead(lambda r: r.but(path=r.path.replace("+", "%20").replace("%2B", "%20"))),
        check="record-is-found-by-its-encoded-id",
    ),
    mutant(
        "accept-header-obeyed-wrongly",
        "A request that accepts nothing but HTML is refused.",
        refuses(lambda r: "text/html" in r.headers.get("accept", ""), 406, "operation-unknown"),
        check="accept-header-changes-nothing",
    ),
)


class _OneAtATime:
    """Takes no import while one runs."""

    def __init__(self) -> None:
        self._running: dict[str, tuple[str, str]] = {}

    async def __call__(self, request: Request, forward: Forward) -> Response:
        if request.operation != "importMasterData":
            return await forward(request)
        running = self._running.get(request.token)
        if running:
            look = request.but(method="GET", path=running[0], body=b"")
            job = (await forward(look)).json
            if job and job.get("status") in ("waiting", "active"):
                return await Refuses(lambda r: True, 429, "queue-full")(request, forward)
        response = await forward(request)
        if response.ok:
            base = "" if request.version == "v1" else "/v2"
            self._running[request.token] = (f"{base}/jobs/{response.json['jobId']}", "")
        return response


class _Known:
    """Takes a contact only once."""

    def __init__(self) -> None:
        self._known: set[tuple[str, str]] = set()

    async def __call__(self, request: Request, forward: Forward) -> Response:
        if request.operation != "importMasterData" or not isinstance(request.json, dict):
            return await forward(request)
        contacts = {(request.token, i) for i in _ids({"contacts": request.json.get("contacts")})}
        if contacts & self._known:
            return await Refuses(lambda r: True)(request, forward)
        response = await forward(request)
        if response.ok:
            self._known |= contacts
        return response
