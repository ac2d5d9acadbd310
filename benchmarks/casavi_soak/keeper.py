"""The client whose records outlive the server, and what must be in a state file because of it."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from casavi_soak import bodies
from casavi_soak.client import Client

CONTACTS = 200
PORTION = 20
FIRST = 50_000
"""Number of the first contact."""


@dataclass(slots=True)
class Kept:
    """What was sent of each contact, and what is known to have been imported; versions by id."""

    sent: dict[str, int] = field(default_factory=dict)
    known: dict[str, list[tuple[datetime, int]]] = field(default_factory=dict)
    """When the client knew of each version, the oldest first."""

    def known_at(self, moment: datetime | None) -> dict[str, int]:
        """Returns the newest versions that were known to be imported at a moment; at the end if None."""
        newest = {}
        for id_, versions in self.known.items():
            until = [version for at, version in versions if moment is None or at <= moment]
            if until:
                newest[id_] = until[-1]
        return newest


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
                self._kept.known.setdefault(id_, []).append((datetime.now(UTC), version))


def state_problems(content: bytes, kept: Kept, *, until_saved: bool) -> list[str]:
    """Returns what is wrong with a state file; nothing if it is whole.

    Args:
        content: The file.
        kept: What was sent and what is known.
        until_saved: Whether only what was known when it was saved must be in it, or all.
    """
    try:
        document = json.loads(content)
        saved_at = datetime.fromisoformat(document["_mock"]["savedAt"])
        versions = {contact["id"]: int(contact["note"][1:]) for contact in document["contacts"]}
    except (ValueError, KeyError, TypeError) as error:
        return [f"the state file is not whole: {error!r}"]
    known = kept.known_at(saved_at if until_saved else None)
    return [*_lacking(versions, known), *_made_up(versions, kept.sent)]


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


def saved_at(content: bytes) -> Any:
    """Returns when a state file says that it was saved."""
    return json.loads(content)["_mock"]["savedAt"]
