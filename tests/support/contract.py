"""Judges answers by the contract document, with another validator than the server's own."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from openapi_schema_validator import OAS30ReadValidator, oas30_format_checker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT4

_HTML = "text/html; charset=utf-8"
_OWN_PAGES = {"/openapi.json": "application/json", "/v2/openapi.json": "application/json", "/docs": _HTML}


@dataclass(frozen=True, slots=True)
class Seen:
    """An answer as it came, however it was asked for."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Contract:
    """Checks answers against a contract document.

    Args:
        document: The document as it is served, with the profile applied.
        second: That of version 2, by which everything below its path is judged.
    """

    def __init__(self, document: Mapping[str, Any], second: Mapping[str, Any] | None = None) -> None:
        self.document = document
        self.second = Contract(second) if second else None
        self._registry = Registry().with_resource("urn:doc", Resource(contents=document, specification=DRAFT4))
        self._paths = [
            (re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path))), path, item)
            for path, item in document["paths"].items()
        ]
        self._validators: dict[str, OAS30ReadValidator] = {}

    def check(self, method: str, raw_path: str, seen: Seen) -> None:
        """Asserts that the contract knows this answer.

        Args:
            method: The request's method.
            raw_path: The request's path as it was sent, encoded, without the query.
            seen: The answer.
        """
        if raw_path == "/_mock" or raw_path.startswith("/_mock/"):
            return
        if method in ("GET", "HEAD") and (raw_path in _OWN_PAGES or raw_path.startswith("/docs/")):
            if raw_path in _OWN_PAGES:
                assert (seen.status, seen.headers["content-type"]) == (200, _OWN_PAGES[raw_path])
            return
        if self.second and raw_path.startswith("/v2/"):
            self.second.check(method, raw_path.removeprefix("/v2"), seen)
            return
        told = self.document["x-assumptions"]["request-id"]["value"]
        assert bool(seen.headers.get("x-request-id")) == told
        item = self._item(raw_path)
        if item is None:
            self._problem(seen, method, {"operation-unknown"})
            assert seen.status == 404
        elif (known := "get" if method == "HEAD" else method.lower()) not in item:
            self._problem(seen, method, {"method-not-allowed"})
            assert seen.status == 405
            allowed = {name.upper() for name in item} | ({"HEAD"} if "get" in item else set())
            assert seen.headers["allow"] == ", ".join(sorted(allowed))
        else:
            self._documented(item[known], method, seen)

    def _item(self, raw_path: str) -> Mapping[str, Any] | None:
        return next((item for pattern, _, item in self._paths if pattern.fullmatch(raw_path)), None)

    def _documented(self, operation: Mapping[str, Any], method: str, seen: Seen) -> None:
        responses = operation["responses"]
        assert str(seen.status) in responses, f"{operation['operationId']} does not document {seen.status}"
        response = self.resolved(responses[str(seen.status)])
        media_type = seen.headers["content-type"]
        assert media_type in response["content"], media_type
        for name, header in response.get("headers", {}).items():
            if name.lower() in seen.headers:
                value: Any = seen.headers[name.lower()]
                self.valid(int(value) if header["schema"]["type"] == "integer" else value, header["schema"])
        undocumented = {"deprecation", "retry-after"} & set(seen.headers)
        assert undocumented <= {name.lower() for name in response.get("headers", {})}
        if seen.status >= 400:
            self._problem(seen, method, None)
        elif method != "HEAD":
            self.valid(seen.json(), response["content"][media_type]["schema"])

    def _problem(self, seen: Seen, method: str, rules: set[str] | None) -> None:
        """Asserts that an error body is whole and agrees with the register of rules."""
        values = {name: entry["value"] for name, entry in self.document["x-assumptions"].items()}
        assert seen.headers["content-type"] == values["error-media-type"]
        if method == "HEAD":
            assert seen.body == b""
            return
        assert int(seen.headers["content-length"]) == len(seen.body)
        body = seen.json()
        self.valid(body, {"$ref": "#/components/schemas/Problem"})
        rule = self.document["x-rules"][body["rule"]]
        assert rules is None or body["rule"] in rules
        assert body["status"] == seen.status == rule["status"]
        assert (body["title"], body["evidence"]) == (rule["title"], rule["evidence"])
        assert body["type"] == f"urn:casavi-mock:rule:{body['rule']}"
        assert body["assumption"] in self.document["x-assumptions"] if "assumption" in body else rule["status"] == 500
        assert body.get("requestId") == seen.headers.get("x-request-id")
        assert len(body.get("errors", ())) <= 20
        assert body.get("errorCount", 0) >= len(body.get("errors", ()))
        for error in body.get("errors", ()):
            assert error["pointer"] == "" or error["pointer"].startswith("/")
            assert error["message"] == f"expected {error['expected']}, got {error['got']}"

    def resolved(self, value: Any) -> Any:
        """Returns what a `$ref` of the document points to."""
        while "$ref" in value:
            place: Any = self.document
            for part in value["$ref"].removeprefix("#/").split("/"):
                place = place[part]
            value = place
        return value

    def valid(self, value: Any, schema: Mapping[str, Any]) -> None:
        """Asserts that a value satisfies a schema of the document."""
        self._validator(schema).validate(value)

    def satisfied(self, value: Any, schema: Mapping[str, Any]) -> bool:
        """Whether a value satisfies a schema of the document."""
        return bool(self._validator(schema).is_valid(value))

    def _validator(self, schema: Mapping[str, Any]) -> OAS30ReadValidator:
        absolute = json.dumps(schema).replace('"$ref": "#/', '"$ref": "urn:doc#/')
        if absolute not in self._validators:
            self._validators[absolute] = OAS30ReadValidator(
                json.loads(absolute), registry=self._registry, format_checker=oas30_format_checker
            )
        return self._validators[absolute]


def resolve_pointer(body: Any, pointer: str) -> Any:
    """Returns the value that a JSON pointer (RFC 6901) names.

    Raises:
        LookupError: There is none.
    """
    value = body
    for part in pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        value = value[int(name)] if isinstance(value, list) else value[name]
    return value
