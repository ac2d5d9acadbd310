"""The client whose records outlive the server, and what must be in a state because of it."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from casavi_soak import bodies
from casavi_soak.client import Client

CONTACTS = 200
PORTION = 20
FIRST = 50_000
"""Number of the first contact."""


@dataclass(slots=True)
class Kept:
    """The newest version that was sent of each contact, and that is known to have been imported, by id."""

    sent: dict[str, int] = field(default_factory=dict)
    known: dict[str, int] = field(default_factory=dict)


class Keeper:
    """Writes the same contacts again and again, each time with the next version in their notes.

    Args:
        client: A client of the default account, which is the one that is kept.
        kept: Takes down what was sent and what is known.
    """

    def __init__(self, client: Client, kept: Kept) -> None:
        self._client = client
        self._kept = kept

    async def run(self, stop: asyncio.Event) -> None:
        """Goes on until it is told to stop."""
        await self._client.log_in()
        version = max(self._kept.sent.values(), default=0)
        while not stop.is_set():
            version += 1
            for start in range(FIRST, FIRST + CONTACTS, PORTION):
                await self._write(start, version)
                if stop.is_set():
                    return

    async def _write(self, start: int, version: int) -> None:
        numbers = range(start, start + PORTION)
        body = bodies.contacts(numbers, version)
        ids = [f"C-{number}" for number in numbers]
        self._kept.sent.update(dict.fromkeys(ids, version))
        job = await self._client.import_(body.content, body.records)
        if job and job["status"] == "completed":
            for id_ in ids:
                self._kept.known[id_] = version


def state_problems(portfolio: Mapping[str, Any], kept: Kept) -> list[str]:
    """Returns what is wrong with the records of a server that goes on with a state; nothing if they are whole.

    Args:
        portfolio: The records of the keeper's account.
        kept: What was sent and what is known.
    """
    try:
        versions = {contact["id"]: int(contact["note"][1:]) for contact in portfolio["contacts"]}
    except (ValueError, KeyError, TypeError) as error:
        return [f"the state is not whole: {error!r}"]
    return [*_lacking(versions, kept.known), *_made_up(versions, kept.sent)]


def _lacking(versions: Mapping[str, int], known: Mapping[str, int]) -> list[str]:
    return [
        f"{id_} is of version {versions.get(id_)} in the state, {version} was known to be imported"
        for id_, version in known.items()
        if versions.get(id_, -1) < version
    ]


def _made_up(versions: Mapping[str, int], sent: Mapping[str, int]) -> list[str]:
    return [
        f"{id_} is of version {version} in the state, only {sent.get(id_)} was sent"
        for id_, version in versions.items()
        if version > sent.get(id_, -1)
    ]
