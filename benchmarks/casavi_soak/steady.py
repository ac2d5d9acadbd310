"""What goes on all the time, in accounts that several clients share and that stay to the end."""

import random
from collections.abc import Awaitable, Callable, Mapping

from casavi_soak import bodies
from casavi_soak.client import Client

HOUSES = 100
VERSIONS = 4
VERSION_PATHS = ("", "/v2")

Step = Callable[[Client, random.Random], Awaitable[None]]


async def log_in(client: Client, chance: random.Random) -> None:
    """Logs in, in either version."""
    await client.log_in(chance.choice(VERSION_PATHS))


async def refresh(client: Client, chance: random.Random) -> None:
    """Takes a new token for the old one."""
    await client.refresh(chance.choice(VERSION_PATHS))


async def small_import(client: Client, chance: random.Random) -> None:
    """Imports a house and waits for the job."""
    body = bodies.house(chance.randrange(HOUSES), chance.randrange(VERSIONS))
    await client.import_(body.content, body.records, chance.choice(VERSION_PATHS))


async def several_imports(client: Client, chance: random.Random) -> None:
    """Sends some imports before it asks for the first job."""
    base, sent = chance.choice(VERSION_PATHS), []
    for _ in range(chance.randint(2, 6)):
        body = bodies.house(chance.randrange(HOUSES), chance.randrange(VERSIONS))
        sent.append((await client.send(body.content, body.records, base), body.records))
    for job_id, records in sent:
        if job_id:
            await client.ended(job_id, records, base)


async def big_import(client: Client, chance: random.Random) -> None:
    """Imports many contacts."""
    body = bodies.many(chance.randrange(VERSIONS))
    await client.import_(body.content, body.records, chance.choice(VERSION_PATHS))


async def refused_record(client: Client, chance: random.Random) -> None:
    """Imports what is wrong in one record."""
    body = bodies.broken_house(chance.randrange(HOUSES))
    job = await client.import_(body.content, body.records)
    if job and [error["rule"] for error in job["errors"]] != ["missing-reference"]:
        client.wire.ledger.wrong(f"a job with one bad reference tells of {job['errors']}")


async def refused_request(client: Client, chance: random.Random) -> None:
    """Sends what violates the contract."""
    await client.call("POST", "/import", body=b'{"contacts": [{"id": 7}]}', expected=(400,))


async def read(client: Client, chance: random.Random) -> None:
    """Reads single records and pages, of both versions."""
    await client.call("GET", f"/contacts/C-{chance.randrange(bodies.BIG)}", expected=(200, 404))
    await client.call("GET", f"/contacts?page={chance.randrange(90)}")
    path = chance.choice(["/v2/contacts?role=OWNER", "/v2/units", "/v2/properties", "/v2/contacts?isInvited=false"])
    await client.call("GET", path)


async def walk(client: Client, chance: random.Random) -> None:
    """Follows the links from page to page."""
    await client.walk(chance.choice(["/v2/contacts", "/v2/properties"]), most=chance.randint(2, 10))


async def unknown(client: Client, chance: random.Random) -> None:
    """Asks for what there is not."""
    path = chance.choice(["/jobs/there-is-none", "/contacts/there-is-none", "/nowhere"])
    await client.call("GET", path, expected=(404,))


STEPS: Mapping[Step, int] = {
    log_in: 6,
    refresh: 4,
    small_import: 20,
    several_imports: 5,
    big_import: 1,
    refused_record: 4,
    refused_request: 3,
    read: 15,
    walk: 4,
    unknown: 4,
}
"""What is done, and how often beside the others."""


async def one_step(client: Client, chance: random.Random) -> None:
    """Does one of these."""
    (step,) = chance.choices([*STEPS], [*STEPS.values()])
    client.wire.ledger.done[step.__name__] += 1
    await step(client, chance)
