"""What a vendor's document says about the assumptions."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema_rs

from casavi_contracts.observe import roles
from casavi_contracts.observe.document import Operation, Response, VendorDocument
from casavi_contracts.observe.jobs import states_by_role
from casavi_contracts.observe.roles import Matched, members, plain, state_member
from casavi_contracts.observe.sights import DOCUMENT, Sight
from casavi_contracts.observe.vocabulary import Vocabulary

_MOMENT, _SECONDS, _DAY = "2026-01-05T08:00:00.000Z", "2026-01-05T08:00:00Z", "2026-01-05"
_MOST_LEVELS = 20
_OLD_NAMES = {"apiKey", "password"}
_NO_PAGE = ("offset", "skip", "start", "after", "before", "from", "id", "internalid", "modifiedafter", "year")
"""Numbers in the query of a list that are no page."""

_PAGE_SIZE = ("size", "limit", "perpage", "pagesize", "itemsperpage", "count", "take")


def sights(document: VendorDocument, matched: list[Matched], ours: Vocabulary) -> Iterator[Sight]:
    """Yields what a document says, a sight for each place that speaks of an assumption.

    Args:
        document: The vendor's.
        matched: Its operations whose role is known.
        ours: What our own contract calls and allows.
    """
    by_role = {(each.role, each.version): each for each in matched}
    for each in matched:
        for name, value, place in _said(document, each, by_role, ours):
            yield Sight(name, value, f"{each.operation.title}{place}", document.source, DOCUMENT)
    for name, value in _of_versions(document, by_role):
        yield Sight(name, value, "paths", document.source, DOCUMENT)


Said = Iterator[tuple[str, Any, str]]
"""Name of the assumption, value, and where in the operation."""


def _said(
    document: VendorDocument, each: Matched, by_role: Mapping[tuple[str, str], Matched], ours: Vocabulary
) -> Said:
    yield from _of_refusals(document, each)
    if each.role in (roles.AUTHENTICATE, roles.REFRESH):
        yield from _of_log_in(document, each, by_role)
    elif each.role == roles.IMPORT:
        yield from _of_import(document, each)
        yield from _of_model(document, each.operation.request, ours)
    elif each.role == roles.JOB:
        yield from _of_job(document, each, ours)
    elif each.role in roles.LISTS:
        yield from _of_list(document, each, ours)
    elif each.role == "contact" and each.version == "v1":
        yield "contact-path", re.sub(r"\{[^/]*\}", "{id}", each.path), ""


def _of_refusals(document: VendorDocument, each: Matched) -> Said:
    listed = {response.status: response for response in each.operation.responses}
    turned_away = [status for status in (401, 403) if status in listed]
    if len(turned_away) == 1:
        yield "unauthorized-status", turned_away[0], f", response {turned_away[0]}"
    if 422 in listed and each.operation.request is not None:
        yield "error-statuses", "unprocessable-content", ", response 422"
    if 404 in listed and each.role in roles.LISTS and "{" not in each.operation.path:
        yield "out-of-range-page", "not-found", ", response 404"
    for status, response in listed.items():
        if 400 <= status < 500 and (kind := _error_kind(document, response)) is not None:
            yield "error-media-type", kind, f", response {status}"


def _error_kind(document: VendorDocument, response: Response) -> str | None:
    kinds = [kind for kind in response.media_types if "json" in kind]
    if not response.own_media_types:  # of OpenAPI 2.0: those of all answers together
        special = [kind for kind in kinds if kind != "application/json"]
        kinds = special if special or response.schema is None else kinds
    return kinds[0] if len(kinds) == 1 else None


def _of_log_in(document: VendorDocument, each: Matched, by_role: Mapping[tuple[str, str], Matched]) -> Said:
    success = [response for response in each.operation.responses if 200 <= response.status < 300]
    if len(success) == 1:
        yield "authenticate-status", success[0].status, f", response {success[0].status}"
    if each.role == roles.REFRESH:
        yield "refresh-path", each.path, ""
        needs = _needs_token(each.operation, by_role.get((roles.AUTHENTICATE, each.version)))
        if needs is not None:
            yield "refresh-needs-token-header", needs, ", security"
    elif document.properties(each.operation.request).keys() >= _OLD_NAMES and success:
        told = {name for response in each.operation.responses for name in response.headers}
        told |= {name for one in document.operations for response in one.responses for name in response.headers}
        if told:  # a document that lists no headers at all says nothing about this one
            yield "deprecation-header", "deprecation" in success[0].headers, f", response {success[0].status}"
    for response in success:
        for path, place in members(document, response.schema, 2):
            if "expir" in path[-1].lower() and (form := _moment_form(document.flat(place))) is not None:
                yield "expires-at-format", form, f", member {path[-1]}"


def _moment_form(schema: Mapping[str, Any]) -> str | None:
    """Returns what the pattern of a moment allows; its examples say nothing, as nobody checks those."""
    milliseconds, seconds = _fits(schema, _MOMENT), _fits(schema, _SECONDS)
    if "pattern" not in schema or milliseconds == seconds:
        return None
    return "milliseconds" if milliseconds else "seconds"


def _fits(schema: Mapping[str, Any], text: str) -> bool:
    pattern = schema.get("pattern")
    if not isinstance(pattern, str):
        return True
    try:
        return jsonschema_rs.is_valid({"pattern": pattern}, text)
    except ValueError:  # no pattern that JSON Schema knows
        return True


def _needs_token(refresh: Operation, log_in: Matched | None) -> bool | None:
    """Returns whether refresh wants a token; None if the document is careless about security."""
    if log_in is None or log_in.operation.security is None or refresh.security is None:
        return None
    if any(log_in.operation.security):  # nobody has a token before the first log-in
        return None
    return bool(refresh.security) and all(refresh.security)


def _of_import(document: VendorDocument, each: Matched) -> Said:
    yield "import-path", each.path, ""
    success = [response for response in each.operation.responses if 200 <= response.status < 300]
    if len(success) == 1:
        yield "import-status", success[0].status, f", response {success[0].status}"
        found = _job_id(document, success[0].schema)
        if found is not None:
            yield "job-id-field", ".".join(found), f", response {success[0].status}"


def _job_id(document: VendorDocument, schema: Any) -> roles.Member | None:
    """Returns where the job id stands in the answer to an import; None if that is not clear."""
    typed = [
        (path, document.flat(place).get("type"))
        for path, place in members(document, schema, 2)
        if "enum" not in document.flat(place)
    ]
    found = [path for path, kind in typed if kind == "string"] or [path for path, kind in typed if kind == "integer"]
    if len(found) == 1:
        return found[0]
    for words in (("jobid", "importid", "taskid", "importjobid"), ("id", "job")):
        called = [path for path in found if plain(path[-1]) in words]
        if called:
            return called[0] if len(called) == 1 else None
    return None


def _of_model(document: VendorDocument, request: Any, ours: Vocabulary) -> Said:
    lists = roles.arrays(document, request)
    by_entity = {roles.entity_of(name, document.properties(items)): (name, items) for name, items in lists.items()}
    for name, items in lists.items():
        fields = {plain(field) for field in document.properties(items)}
        if (
            roles.entity_of(name, fields) is None
            and {"propertyid", "contactid"} <= fields
            and "startdate" not in fields
        ):
            yield "responsibilities-key", name, ", request"
    if "units" in by_entity:
        yield "import-model-nesting", "units stand at the top, beside contacts and properties", ", request"
    shapes = ours.shapes_below(document, request)
    if "Unit" in shapes and "units" not in by_entity:
        yield "import-model-nesting", "nested", ", request"
    yield from _of_required(document, shapes, ours)
    yield from _of_values(document, shapes)
    closed = [document.flat(schema).get("additionalProperties") is False for schema in shapes.values()]
    if closed and all(closed):
        yield "unknown-fields", "refuse", ", additionalProperties"


def _of_values(document: VendorDocument, shapes: Mapping[str, Any]) -> Said:
    for name, place in document.properties(shapes.get("PropertyImport")).items():
        if plain(name) == "postalcode" and (kinds := _kinds(document, place)) is not None:
            yield "property-postal-code", kinds, ", postalCode of a property"
    for name, place in document.properties(shapes.get("Contract")).items():
        if plain(name) in ("startdate", "enddate") and (forms := _date_forms(document, place)) is not None:
            yield "contract-dates", forms, f", {name} of a contract"
    if "Document" in shapes:
        yield from _of_levels(document, shapes["Document"])


def _of_required(document: VendorDocument, shapes: Mapping[str, Any], ours: Vocabulary) -> Said:
    required = {name: {*map(str, document.flat(schema).get("required") or ())} for name, schema in shapes.items()}
    if not any(required.values()):
        return  # a document without any such mark says nothing
    more = {name: sorted(marks - ours.required(name)) for name, marks in required.items()}
    fewer = {name: sorted(ours.required(name) - marks) for name, marks in required.items()}
    told = [f"{name} wants {', '.join(extra)}" for name, extra in more.items() if extra]
    told += [f"{name} does not want {', '.join(left)}" for name, left in fewer.items() if left]
    yield "required-fields", "; ".join(told) or "identifying-only", ", required"
    if "Contact" in shapes:
        branches = document.flat(shapes["Contact"]).get("anyOf") or ()
        either = {plain(str(name)) for branch in branches for name in branch.get("required") or ()}
        if {"lastname", "companyname"} <= either:
            yield "contact-name-required", True, ", anyOf of a contact"
        elif not document.swagger and not required["Contact"] & {"lastName", "companyName"} and not branches:
            # OpenAPI 2.0 has no alternatives, so it could not say that one of the two is wanted
            yield "contact-name-required", False, ", required of a contact"


def _kinds(document: VendorDocument, place: Any) -> str | None:
    flat = document.flat(place)
    told = [flat.get("type")] if flat.get("type") else [part.get("type") for part in flat.get("anyOf") or ()]
    kinds = {"number" if kind in ("integer", "number") else str(kind) for kind in told}
    return {
        frozenset({"string"}): "string",
        frozenset({"number"}): "number",
        frozenset({"string", "number"}): "string-or-number",
    }.get(frozenset(kinds))


def _date_forms(document: VendorDocument, place: Any) -> str | None:
    flat = document.flat(place)
    forms = {str(part.get("format")) for part in (flat.get("anyOf") or (flat,))}
    if forms == {"date"}:
        return "date"
    if forms == {"date", "date-time"}:
        return "date-or-date-time"
    return "date-time alone" if forms == {"date-time"} else None


def _of_levels(document: VendorDocument, schema: Any) -> Said:
    place = document.flat(document.properties(schema).get("type"))
    if "pattern" not in place:
        return
    levels = [number for number in range(1, _MOST_LEVELS + 2) if _fits(place, "/".join("a" * number))]
    if levels and levels == [*range(1, levels[-1] + 1)] and levels[-1] <= _MOST_LEVELS:
        yield "document-type-levels", levels[-1], ", type of a document"


def _of_job(document: VendorDocument, each: Matched, ours: Vocabulary) -> Said:
    success = each.operation.success()
    schema = None if success is None else success.schema
    names = {plain(name) for name in document.properties(schema)}
    differ = ours.job_difference({path for path, _ in members(document, schema, 1)}) if names else None
    if differ is not None:
        yield "job-object", differ or "mock", ", response"
    place = state_member(document, schema)
    if place is None:
        return
    flat = document.flat(next(part for path, part in members(document, schema, 3) if path == place))
    enum = [value for value in flat.get("enum") or () if isinstance(value, str)]
    marks = flat.get("x-states")
    if not enum:
        return
    states = states_by_role(enum, [*marks] if isinstance(marks, Mapping) else None)
    if states is not None:
        yield "job-status-names", states, f", enum of {place[-1]}"
    elif {*enum} != {*ours.state_names()}:
        which = "" if len(enum) != len(ours.state_names()) else "; which is which is not told"
        yield "job-status-names", f"{len(enum)} states: {', '.join(enum[:12])}{which}", f", enum of {place[-1]}"


def _of_list(document: VendorDocument, each: Matched, ours: Vocabulary) -> Said:
    pages = []
    for parameter in each.operation.parameters:
        name, schema = str(parameter.get("name", "")), document.flat(parameter.get("schema", parameter))
        if parameter.get("in") != "query" or schema.get("type") not in ("integer", "number"):
            continue
        if plain(name) in _PAGE_SIZE:
            size = schema.get("default")
            if isinstance(size, int) and not isinstance(size, bool):
                yield f"{each.version}-page-size", size, f", default of {name}"
        elif plain(name) not in _NO_PAGE:
            pages.append(name)
    if each.version == "v1" and len(pages) == 1:
        yield "page-parameter", pages[0], ", parameters"
    if each.version == "v2" and each.role in ("contacts", "units"):
        differ = _difference_of_fields(document, each, ours)
        if differ is not None:
            yield f"v2-{each.role[:-1]}-fields", differ, ", response"


def _difference_of_fields(document: VendorDocument, each: Matched, ours: Vocabulary) -> str | None:
    success = each.operation.success()
    lists = roles.arrays(document, None if success is None else success.schema)
    items = next((schema for schema in lists.values()), None)
    if items is None:
        return None
    return ours.difference("ContactV2" if each.role == "contacts" else "UnitV2", document.properties(items))


def _of_versions(document: VendorDocument, by_role: Mapping[tuple[str, str], Matched]) -> Iterator[tuple[str, Any]]:
    second = {role for role, version in by_role if version == "v2"}
    twins = {roles.REFRESH, roles.IMPORT, roles.JOB}
    if len(second - twins) >= 2:
        left = sorted(twins - second)
        yield "v2-twins", not left if len(left) in (0, len(twins)) else f"not for {', '.join(left)}"
    log_in = by_role.get((roles.AUTHENTICATE, "v2"))
    names = document.properties(log_in.operation.request) if log_in is not None else {}
    old = names.keys() >= _OLD_NAMES
    if old or (names and not document.swagger):  # OpenAPI 2.0 could not list the old names as an alternative
        yield "deprecated-parameters-in-v2", old
