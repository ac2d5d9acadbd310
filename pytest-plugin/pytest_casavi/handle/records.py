"""What the account holds."""

import copy
from collections.abc import ItemsView, Iterator, Mapping, ValuesView
from datetime import datetime
from typing import Any

from pytest_casavi.errors import NothingThere, told
from pytest_casavi.handle.moments import parsed
from pytest_casavi.steering import Steering

__tracebackhide__ = told

_SHOWN = 10


class Record(dict[str, Any]):
    """A stored record as an import would send it: a dict, with what the mock knows beside it.

    Args:
        fields: Its fields.
        place: Where it stands.
        history: Its number and its times.
    """

    def __init__(self, fields: Mapping[str, Any], place: Mapping[str, str], history: Mapping[str, Any]) -> None:
        super().__init__(copy.deepcopy(dict(fields)))
        self._place = place
        self._history = history

    @property
    def property_id(self) -> str | None:
        """Id of the property in which a unit or a document stands."""
        return self._place.get("propertyId")

    @property
    def street(self) -> str | None:
        """Street of the address at which a unit stands."""
        return self._place.get("street")

    @property
    def unit_id(self) -> str | None:
        """Id of the unit in which a document stands."""
        return self._place.get("unitId")

    @property
    def internal_id(self) -> int:
        """The vendor's own number."""
        return int(self._history["internalId"])

    @property
    def created_at(self) -> datetime:
        """When it was created, by the clock of the account."""
        return parsed(self._history["createdAt"])

    @property
    def modified_at(self) -> datetime:
        """When it was changed last, by the clock of the account."""
        return parsed(self._history["modifiedAt"])


class Records(Mapping[str, Record]):
    """Stored records of one kind by reference id, in the order in which they were created.

    Args:
        steering: Reaches the account.
        entity: `contacts`, `properties`, `units` or `documents`.
    """

    def __init__(self, steering: Steering, entity: str) -> None:
        self._steering = steering
        self._entity = entity

    def __repr__(self) -> str:
        return f"<the {self._entity} of a casavi account>"

    def __len__(self) -> int:
        return len(self._histories(self._state()))

    def __iter__(self) -> Iterator[str]:
        return iter([history["key"] for history in self._histories(self._state())])

    def __contains__(self, record_id: object) -> bool:
        return record_id in list(self)

    def __getitem__(self, record_id: str) -> Record:
        """Returns a record.

        Raises:
            KeyError: There is none with that id; the text tells which there are.
        """
        found = self._found(record_id)
        if record_id not in found:
            raise NoSuchRecord(self._entity, record_id, list(self))
        return found[record_id]

    def items(self) -> ItemsView[str, Record]:
        """Returns ids and records as they are now; one look at the account, not one for each record."""
        return self._found().items()

    def values(self) -> ValuesView[Record]:
        """Returns the records as they are now; one look at the account, not one for each record."""
        return self._found().values()

    def _found(self, record_id: str | None = None) -> dict[str, Record]:
        """Returns the records in the order in which they were created: one, or all."""
        state = self._state()
        walked = {record["id"]: (record, place) for record, place in _walk(state, self._entity)}
        return {
            history["key"]: Record(*walked[history["key"]], history)
            for history in self._histories(state)
            if record_id in (None, history["key"])
        }

    def _state(self) -> Any:
        return self._steering.ask("getState")

    def _histories(self, state: Any) -> list[Any]:
        histories: list[Any] = state["_mock"]["records"][self._entity]
        return histories


class NoSuchRecord(NothingThere, KeyError):
    """There is no record with that id.

    Args:
        entity: Its kind.
        record_id: What was asked for.
        known: The ids that there are.
    """

    def __init__(self, entity: str, record_id: str, known: list[str]) -> None:
        more = f" and {len(known) - _SHOWN} more" if len(known) > _SHOWN else ""
        there = f"there are {', '.join(map(repr, known[:_SHOWN]))}{more}" if known else "there are none"
        super().__init__(f"{record_id!r} is not among the stored {entity}; {there}")

    def __str__(self) -> str:
        return str(self.args[0])


def responsibilities(steering: Steering) -> list[dict[str, Any]]:
    """Returns the stored responsibilities, which have no id."""
    return copy.deepcopy(list(steering.ask("getState")["responsibilities"]))


def _walk(state: Any, entity: str) -> Iterator[tuple[Any, dict[str, str]]]:
    """Yields the records of one kind, each with the place at which it stands."""
    if entity in ("contacts", "properties"):
        yield from ((record, {}) for record in state[entity])
        return
    for holder in state["properties"]:
        at = {"propertyId": holder["id"]}
        if entity == "documents":
            yield from ((document, at) for document in holder.get("documents", ()))
        for address in holder.get("addresses", ()):
            for unit in address.get("units", ()):
                if entity == "units":
                    yield unit, {**at, "street": address["street"]}
                else:
                    yield from ((document, {**at, "unitId": unit["id"]}) for document in unit.get("documents", ()))
