"""Checks about the bodies of requests: their media type, their encoding, their shape."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from casavi_contracts import spec
from casavi_contracts.checks.answers import MAX_ERRORS
from casavi_contracts.checks.definition import check
from casavi_contracts.context import Context
from casavi_contracts.contract import Contract
from casavi_contracts.expect.calls import NOTHING, expect_still_good, is_good
from casavi_contracts.expect.refusals import refused
from casavi_contracts.http.client import Client, encoded
from casavi_contracts.http.exchange import Answer
from casavi_contracts.http.target import Capability
from casavi_contracts.model.requests import stand_ins, wrong_places
from casavi_fixtures import builders

OTHER_MEDIA_TYPES = (
    "text/plain", "text/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
    "application/xml", "application/jsonp", "application/json5", "application/problem+json",
    "application/octet-stream", "json", "*/*", "",
    "application/json; charset=iso-8859-1", "application/json; charset=utf-16",
)  # fmt: skip

JSON_SPELLINGS = (
    "application/json", "Application/JSON", "application/json; charset=utf-8", 'application/json;charset="UTF-8"',
    "APPLICATION/JSON ; charset=UTF-8",
)  # fmt: skip

DEEP = 2_000
"""Levels of nesting that no server has to take."""

_UNREADABLE: Mapping[str, tuple[str, str]] = {
    "nothing at all": ("", "body-missing"),
    "blanks alone": (" \n\t", "body-missing"),
    "half of the text": ("{half}", "json-malformed"),
    "something behind it": ("{whole} x", "json-malformed"),
    "the same twice": ("{whole}{whole}", "json-malformed"),
    "a comma too many": ("{open},}", "json-malformed"),
    "single quotation marks": ("{'contacts': []}", "json-malformed"),
    "a name without quotation marks": ("{contacts: []}", "json-malformed"),
    "a comment": ("/* */ {whole}", "json-malformed"),
    "NaN": ('{open}, "x": NaN}', "json-malformed"),
    "a line break inside a text": ('{open}, "x": "\n"}', "json-malformed"),
    "a byte order mark": ("\ufeff{whole}", "json-malformed"),
    "a number beyond all bounds": ('{open}, "x": 1e999}', "number-out-of-range"),
    "too many levels": ('{open}, "x": ' + "[" * DEEP + "]" * DEEP + "}", "nesting-too-deep"),
}
"""Bodies that are no JSON, and the rule that refuses them; words in braces are taken from a good body."""

_ENCODINGS = ("latin-1", "utf-16", "utf-32")

_STRANGE: tuple[Any, ...] = ("casavi-check", 7, {}, [], True)
"""Of these, two at least are wrong at every place of an import."""

_WRONG: Mapping[str, Any] = {"a number": 7, "a truth value": True, "a list": [], "an object": {}, "null": None}


@check(assumed="error-statuses", source="4")
def other_media_type_is_refused(ctx: Context) -> None:
    """A body that does not say it is JSON in UTF-8 is refused, whatever is in it."""
    client = ctx.ready()
    for operation, body in _good_bodies(client, ctx).items():
        for media_type in ctx.briefly(OTHER_MEDIA_TYPES, 5):
            answer = _post(ctx, client, operation, encoded(body), {"Content-Type": media_type})
            refused(ctx, answer, "media-type-unsupported", f"{operation} with a body of type {media_type!r}")
        answer = _post(ctx, client, operation, encoded(body), {})
        refused(ctx, answer, "media-type-unsupported", f"{operation} with a body of no type")
    ctx.expect(is_good(client, client.token), "the token to stay good", "it is refused")


@check(inferred="2.1")
def json_is_taken_in_any_spelling(ctx: Context) -> None:
    """The media type of JSON is taken in upper and lower case, and with its charset."""
    client = ctx.ready()
    for media_type in JSON_SPELLINGS:
        for operation in _good_bodies(client, ctx):
            body = _good_bodies(client, ctx)[operation]  # made anew: a log-in may end the token before it
            answer = _post(ctx, client, operation, encoded(body), {"Content-Type": media_type})
            ctx.expect(answer.ok, f"{operation} with {media_type} to succeed", f"status {answer.status}")
            _take(ctx, client, operation, answer)


@check(assumed="error-statuses", source="4", each=lambda contract: (*_UNREADABLE, *_ENCODINGS))
def unreadable_body_is_refused(ctx: Context, case: Any) -> None:
    """A body that is not exactly one JSON text in UTF-8 is refused."""
    client = ctx.ready()
    bodies = [*_good_bodies(client, ctx).items()]
    for operation, body in [bodies[len(case) % len(bodies)]] if ctx.shared else bodies:
        raw, rule = _unreadable(case, body)
        answer = _post(ctx, client, operation, raw, {"Content-Type": "application/json"})
        refused(ctx, answer, rule, f"{operation} with {case}")
    expect_still_good(ctx, client, "the token to stay good")


@check(assumed="error-media-type", source="4")
def unreadable_body_is_located(ctx: Context) -> None:
    """The refusal of a body that is no JSON tells line and column."""
    client = ctx.ready()
    for operation, body in _good_bodies(client, ctx).items():
        lines = json.dumps(body, indent=2).splitlines()
        for number in range(2, len(lines) + 1):
            spoilt = [*lines[: number - 1], f"oops{lines[number - 1]}", *lines[number:]]
            answer = _post(
                ctx,
                client,
                operation,
                "\n".join(spoilt).encode(),
                {"Content-Type": "application/json; charset=utf-8"},
            )
            refused(ctx, answer, "json-malformed", f"{operation} with a word too many in line {number}")
            if not ctx.contract.shapes[spec.ERROR].shows("place.line"):
                continue
            places = [(place.get("line"), place.get("column")) for place in answer.json.get("errors", [])]
            ctx.expect(places == [(number, 1)], f"line {number}, column 1", repr(places))


@check(assumed="error-statuses", source="4", operations=("authenticate", "refreshToken"))
def wrong_credentials_shape_is_located(ctx: Context) -> None:
    """A log-in or refresh of the wrong shape is refused, and the refusal names the place."""
    client = ctx.ready()
    good = {name: body for name, body in _good_bodies(client, ctx).items() if name != "importMasterData"}
    known = client.credentials
    old = {"apiKey": known.key, "email": "joe.smith@acme.com", "password": known.secret}
    for operation, body in (*good.items(), ("authenticate", old)):
        for member in body:
            for what, wrong in ctx.briefly(_WRONG.items(), 2):
                answer = client.send(operation, body={**body, member: wrong})
                _expect_place(ctx, answer, f"/{member}", f"{operation} with {what} as {member}")
        for what, whole in {**_WRONG, "a text": "x", "a list of it": [body]}.items():
            answer = client.send(operation, raw=encoded(whole))
            _expect_place(ctx, answer, "", f"{operation} with {what} as body")
    ctx.expect(is_good(client, client.token), "the token to stay good", "it is refused")


@check(
    assumed="error-statuses",
    source="4",
    operations=("importMasterData",),
    needs=(Capability.WRITE,),
    each=lambda contract: [{"record": record, "wrong": wrong} for record in _RECORDS for wrong in _WRONG],
)
def all_wrong_places_are_named(ctx: Context, case: Any) -> None:
    """The refusal of an import names every place that is wrong, each once, and how many there are."""
    body = ctx.names.own(_spoilt(case["record"], _WRONG[case["wrong"]]))
    wanted, meant = Counter(wrong_places(ctx.contract, body)), stand_ins(ctx.contract, body)
    if not wanted:  # fields that may be null, for one
        return
    answer = ctx.ready().send("importMasterData", body=body)
    what = f"{case['wrong']} in every field of {case['record']}"
    refused(ctx, answer, "schema-violation", what)
    found = answer.json
    places = Counter(meant.get(place["pointer"], place["pointer"]) for place in found["errors"])
    total = sum(wanted.values())
    ctx.expect(found["errorCount"] == total, f"{total} wrong places for {what}", repr(found["errorCount"]))
    ctx.expect(sum(places.values()) == min(total, MAX_ERRORS), f"{min(total, MAX_ERRORS)} places", f"{places}")
    strange = places - wanted
    ctx.expect(not strange, f"places among {sorted(wanted)}", f"{sorted(strange)} as well")


@check(
    assumed="error-statuses",
    source="4",
    operations=("importMasterData",),
    needs=(Capability.WRITE,),
    each=lambda contract: _RECORDS,
)
def one_wrong_place_is_enough(ctx: Context, case: Any) -> None:
    """A single wrong value, wherever it stands in an import, is named, and nothing of the request is imported."""
    client = ctx.ready()
    for where, value in ctx.briefly(_alone(ctx.contract, case), 5):
        body = ctx.names.own(replaced(_portfolio(), where, value))
        wanted, meant = wrong_places(ctx.contract, body), stand_ins(ctx.contract, body)
        answer = client.send("importMasterData", body=body)
        refused(ctx, answer, "schema-violation", f"{value!r} at {where}")
        _want_places(ctx)
        named = (place.get("pointer") for place in answer.json.get("errors", []))
        places = {meant.get(place, place) for place in named}
        ctx.expect(places == {*wanted}, f"errors at {sorted(wanted)} for {value!r} at {where}", f"{sorted(places)}")


@check(assumed="error-statuses", source="2.2", operations=("authenticate", "refreshToken"))
def further_members_are_ignored(ctx: Context) -> None:
    """Members of a log-in or a refresh that the contract does not have change nothing."""
    client = ctx.ready()
    for more in ({"casavi-check": 1}, {"casavi-check": {"deep": [None, "ä"]}}, {"Key": "x", "SECRET": "x", "": ""}):
        for operation in ("authenticate", "refreshToken"):
            body = _good_bodies(client, ctx)[operation]
            answer = client.send(operation, body={**more, **body})
            ctx.expect(answer.ok, f"{operation} with further members to succeed", f"status {answer.status}")
            _take(ctx, client, operation, answer)


def _want_places(ctx: Context) -> None:
    if not ctx.contract.shapes[spec.ERROR].shows("place.pointer"):
        raise spec.NotShown("place.pointer")


def _good_bodies(client: Client, ctx: Context) -> dict[str, dict[str, Any]]:
    """Returns a body for every operation that takes one; the import's has no records."""
    bodies = {
        "authenticate": {"key": client.credentials.key, "secret": client.credentials.secret},
        "refreshToken": {"apiKey": client.credentials.key, "token": client.token},
    }
    if Capability.WRITE in ctx.target.capabilities:
        bodies["importMasterData"] = dict(NOTHING)
    return {name: body for name, body in bodies.items() if name in ctx.contract.operations}


def _post(ctx: Context, client: Client, operation: str, raw: bytes, headers: Mapping[str, str]) -> Answer:
    """Sends a body with these headers and no other but the token, where one is wanted."""
    wants = ctx.contract.operations[operation].document.get("security") != []
    answer = ctx.target.send(
        "POST",
        ctx.contract.path(operation),
        headers={**headers, **({"token": client.token} if wants else {})},
        body=raw,
        operation=operation,
        version=ctx.contract.version,
    )
    return client.shaped(answer, operation)


def _take(ctx: Context, client: Client, operation: str, answer: Answer) -> None:
    """Goes on with the token that came, since the old one may be over; lets a job end."""
    if operation == "importMasterData":
        client.finish(answer.json["jobId"])
    else:
        client.token = answer.json["token"]
        ctx.target.recorder.redact.learn(client.token)


def _unreadable(case: str, body: Mapping[str, Any]) -> tuple[bytes, str]:
    if case in _ENCODINGS:
        return json.dumps({**body, "x": "ä"}, ensure_ascii=False).encode(case), "encoding-invalid"
    text, rule = _UNREADABLE[case]
    whole = encoded(body).decode()
    for word, part in {"{whole}": whole, "{half}": whole[: len(whole) // 2], "{open}": whole[:-1]}.items():
        text = text.replace(word, part)
    return text.encode(), rule


def _expect_place(ctx: Context, answer: Answer, pointer: str, what: str) -> None:
    refused(ctx, answer, "schema-violation", what)
    _want_places(ctx)
    body = answer.json
    places = [place.get("pointer") for place in body.get("errors", [])] if isinstance(body, dict) else []
    ctx.expect(pointer in places, f"an error at {pointer or 'the whole body'} for {what}", repr(places))


_RECORDS: Mapping[str, str] = {
    "contact": "/contacts/0",
    "property": "/properties/0",
    "address": "/properties/0/addresses/0",
    "unit": "/properties/0/addresses/0/units/0",
    "contract": "/properties/0/addresses/0/units/0/contracts/0",
    "document": "/properties/0/documents/0",
    "responsibility": "/responsibilities/0",
    "request": "",
}
"""Where records stand in a portfolio that has one of every kind."""


def _alone(contract: Contract, record: str) -> Iterator[tuple[str, Any]]:
    """Yields places in and of a record, each with values that are wrong there."""
    where = _RECORDS[record]
    names = [f"{where}/{name}" for name in _at(_portfolio(), where)]
    custom = [f"{name}/Info" for name in names if name.endswith("/customFields")]
    for place in (where, *names, *custom):
        wrong = (value for value in _STRANGE if place and _is_wrong(contract, place, value))
        yield from ((place, value) for value in islice(wrong, 2))


def _is_wrong(contract: Contract, place: str, value: Any) -> bool:
    return any(contract.request_errors("importMasterData", replaced(_portfolio(), place, value)))


def _at(value: Any, pointer: str) -> Any:
    for part in pointer.split("/")[1:]:
        value = value[int(part)] if isinstance(value, list) else value[part]
    return value


def replaced(portfolio: dict[str, Any], pointer: str, value: Any) -> dict[str, Any]:
    """Returns a portfolio that has another value at a place; the given one is changed."""
    parent, _, name = pointer.rpartition("/")
    place = _at(portfolio, parent)
    place[int(name) if isinstance(place, list) else name] = value
    return portfolio


def _spoilt(record: str, wrong: Any) -> dict[str, Any]:
    """Returns a portfolio in which every field of one record has a wrong value."""
    body = _portfolio()
    place = _at(body, _RECORDS[record])
    for name in place:
        place[name] = wrong
    return body


def _portfolio() -> dict[str, Any]:
    """Returns a portfolio with one record of every kind that has most of its fields."""
    texts = dict.fromkeys(("firstName", "title", "email", "note", "city"), "x")
    unit = builders.unit(contracts=[builders.contract(id="A-1", startDate="2024-01-01")], number="1", customFields={})
    home = builders.property_(
        note="x", postalCode="80331", number="1", customFields={},
        addresses=[builders.address(units=[unit])], documents=[builders.document(type="Rules", contactId="C-1")],
    )  # fmt: skip
    contact = builders.contact(**texts, preferredWayOfContact="LETTER", customFields={"Info": "x"})
    return {"contacts": [contact], "properties": [home], "responsibilities": [builders.responsibility()]}
