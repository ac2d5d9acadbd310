"""Other values for assumptions, made from the schemas of the values that are possible."""

from typing import Any

from casavi_contracts import spec


def other_values(entry: spec.Assumption) -> list[Any]:
    """Returns values that a profile may give in place of the register's: all others of a list, one if there are many."""
    schema, value = entry.schema, entry.value
    if "enum" in schema:
        return [other for other in schema["enum"] if other != value]
    kind = schema["type"]
    if kind == "boolean":
        return [not value]
    if kind in ("number", "integer"):
        return [value + 1 if value < schema["maximum"] else value - 1]
    if kind == "array":
        return [[f"{item}x" for item in value]]
    return [f"/x{value}" if value.endswith("}") else f"{value}x"]
