"""Reads query parameters as the contract describes them."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from casavi_mock.errors import FieldError, Refused

Document = Mapping[str, Any]

_MAX_PARAMETERS = 50

_DATE_TIME = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)T(?P<minute>\d\d:\d\d):(?P<second>\d\d)(?P<part>\.\d+)?(?P<zone>Z|[+-]\d\d:\d\d)",
    re.ASCII | re.IGNORECASE,
)
"""RFC 3339, section 5.6; `datetime` alone takes more forms than that, and not all of these."""


class QueryReader:
    """Reads the query of one operation.

    Args:
        document: The contract document.
        operation: The operation object in it.
    """

    def __init__(self, document: Document, operation: Mapping[str, Any]) -> None:
        self._schemas: dict[str, Mapping[str, Any]] = {}
        for parameter in operation.get("parameters", ()):
            if "$ref" in parameter:
                parameter = document["components"]["parameters"][parameter["$ref"].rsplit("/", 1)[1]]  # noqa: PLW2901
            if parameter["in"] == "query":
                self._schemas[parameter["name"]] = parameter["schema"]

    def read(self, query: bytes) -> dict[str, Any]:
        """Returns the parameters that the contract knows, by name; of one that comes twice the first counts.

        Args:
            query: The query string as it was sent.

        Raises:
            Refused: A value is not what the contract describes.
        """
        if not query:
            return {}
        try:
            pairs = parse_qsl(
                query.decode("ascii"), keep_blank_values=True, max_num_fields=_MAX_PARAMETERS, errors="strict"
            )
        except ValueError:
            place = FieldError(
                "", f"at most {_MAX_PARAMETERS} query parameters in UTF-8, percent-encoded", "something else"
            )
            raise Refused("parameter-invalid", f"The query: {place.message}", (place,)) from None
        values: dict[str, Any] = {}
        for name, text in pairs:
            if name in self._schemas and name not in values:
                values[name] = _value(name, text, self._schemas[name])
        return values


def _value(name: str, text: str, schema: Mapping[str, Any]) -> Any:
    read = _READERS["date-time" if schema.get("format") == "date-time" else schema["type"]]
    value = read(text, schema)
    if value is None:
        place = FieldError("", _EXPECTED[read](schema), f"{text[:60]!r}")
        raise Refused("parameter-invalid", f"Query parameter {name}: {place.message}.", (place,))
    return value


def _boolean(text: str, schema: Mapping[str, Any]) -> bool | None:
    return {"true": True, "false": False}.get(text)


def _integer(text: str, schema: Mapping[str, Any]) -> int | None:
    if not (text.isascii() and text.isdigit() and len(text) < 20):  # so a sign is refused, and so are huge numbers
        return None
    number = int(text)
    return number if schema.get("minimum", number) <= number <= schema.get("maximum", number) else None


def _moment(text: str, schema: Mapping[str, Any]) -> datetime | None:
    # a plus sign of an offset that was not encoded arrives as a blank
    match = _DATE_TIME.fullmatch(text.replace(" ", "+"))
    if match is None:
        return None
    second, part = match["second"], match["part"] or ""
    if second == "60":  # a leap second, which datetime does not know: the end of the one before
        second, part = "59", ".999999"
    try:
        moment = datetime.fromisoformat(f"{match['day']}T{match['minute']}:{second}{part}{match['zone'].upper()}")
    except ValueError:
        return None
    try:
        return moment.astimezone(UTC)
    except OverflowError:  # so early or so late that only the zone makes it leave the calendar
        early = moment.year == 1
        return datetime.min.replace(tzinfo=UTC) if early else datetime.max.replace(tzinfo=UTC)


def _text(text: str, schema: Mapping[str, Any]) -> str | None:
    return text if len(text) >= schema.get("minLength", 0) else None


_READERS: Mapping[str, Callable[[str, Mapping[str, Any]], Any]] = {
    "boolean": _boolean,
    "integer": _integer,
    "date-time": _moment,
    "string": _text,
}

_EXPECTED: Mapping[Callable[..., Any], Callable[[Mapping[str, Any]], str]] = {
    _boolean: lambda schema: "true or false",
    _integer: lambda schema: f"a whole number from {schema.get('minimum', 0)} to {schema['maximum']}",
    _moment: lambda schema: "a date-time with time zone, such as 2026-01-05T08:00:00Z",
    _text: lambda schema: f"a text of at least {schema.get('minLength', 0)} character",
}
