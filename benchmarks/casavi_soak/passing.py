"""Accounts that come and go: faults, snapshots, resets; each is counted through before it is closed."""

import random
from collections.abc import Awaitable, Callable

from casavi_soak import bodies
from casavi_soak.client import Client
from casavi_soak.wire import Wire

SECRET = "a secret of the soak"
PROGRESS = ("time", "manual", "immediate")

Step = Callable[[Client, random.Random], Awaitable[None]]


async def one_account(wire: Wire, chance: random.Random, name: str) -> None:
    """Opens an account, does something in it, counts it through, and closes it.

    Args:
        wire: A connection that nobody else uses.
        chance: The choices.
        name: Key of the account; no other has it.
    """
    opened = {"key": name, "secret": SECRET, **({"load": "small-house"} if chance.random() < 0.3 else {})}
    await wire.control("POST", "/accounts", body=opened, expected=(201,))
    client = Client(wire, name, SECRET)
    await client.log_in()
    for step in chance.choices(STEPS, k=chance.randint(1, 4)):
        wire.ledger.done[step.__name__] += 1
        await step(client, chance)
    await _counted(client)
    if chance.random() < 0.3:  # closed with work under way
        body = bodies.house(1, 1)
        await client.send(body.content, body.records)
    await wire.control("DELETE", f"/accounts/{name}", expected=(204,))
    wire.ledger.forget(name)
    await wire.ask("GET", "/jobs/x", token=client.token, expected=(401,))


async def call_with_a_fault(client: Client, chance: random.Random) -> None:
    """A fault strikes one import."""
    effect, outcome = chance.choice(FAULTS)
    await _plan(client, {**effect, "seconds": 0.05} if effect["kind"] == "delay" else effect)
    body = bodies.house(chance.randrange(100), 1)
    job_id = await client.send(body.content, body.records, expected=outcome)
    if effect["kind"] == "lost-response":
        client.accepted(body.records)
    if job_id:
        if effect["kind"] == "job-stalls":
            await client.wire.control(
                "POST", f"/jobs/{job_id}/outcome", key=client.key, body={"outcome": "completed"}, expected=(204, 409)
            )
        job = await client.ended(job_id, body.records)
        if effect["kind"] == "job-fails" and job and job["status"] != "failed":
            client.wire.ledger.wrong(f"a job that is to fail is {job['status']}")
    await client.wire.control("DELETE", "/faults", key=client.key)


async def reads_with_faults(client: Client, chance: random.Random) -> None:
    """Faults strike what is read."""
    kind = chance.choice(["reset", "truncate", "lost-response"])
    await client.wire.control(
        "POST",
        "/faults",
        key=client.key,
        body={"operation": "*", "first": 1, "times": 2, "effect": {"kind": kind}},
        expected=(201,),
    )
    for _ in range(2):
        await client.call("GET", "/v2/contacts", expected=(200,) if kind == "truncate" else (0,))
    await client.call("GET", "/v2/contacts")


async def snapshot(client: Client, chance: random.Random) -> None:
    """Takes a snapshot, changes something, and goes back."""
    wire, key, ledger = client.wire, client.key, client.wire.ledger
    await wire.control("POST", "/queue/drain", key=key)
    await wire.control("PUT", "/snapshots/before", key=key)
    counted = ledger.imports[key], ledger.records[key]
    before = (await wire.control("GET", "/state", key=key)).body
    body = bodies.contacts(range(5_000, 5_000 + chance.randint(1, 200)), 1)
    await client.import_(body.content, body.records)
    await wire.control("POST", "/snapshots/before/restore", key=key)
    ledger.imports[key], ledger.records[key] = counted
    if (await wire.control("GET", "/state", key=key)).body != before:
        ledger.wrong("a restored account is not what it was")
    await wire.control("DELETE", "/snapshots/before", key=key, expected=(204,))


async def begin_anew(client: Client, chance: random.Random) -> None:
    """Resets the account while a job is under way; its token is gone then."""
    body = bodies.house(chance.randrange(100), 2)
    await client.send(body.content, body.records)
    await client.wire.control("POST", "/reset", key=client.key)
    client.wire.ledger.forget(client.key)
    await client.wire.ask("GET", "/contacts", token=client.token, expected=(401,))
    await client.log_in()


async def expired_token(client: Client, chance: random.Random) -> None:
    """Lets all tokens expire."""
    await client.wire.control("POST", "/tokens/expire", key=client.key)
    await client.call("GET", "/contacts", expected=(401,))
    await client.log_in()


async def held_queue(client: Client, chance: random.Random) -> None:
    """Holds the queue, sends, and lets it go on; in any mode."""
    wire, key = client.wire, client.key
    await wire.control("PUT", "/queue", key=key, body={"progress": chance.choice(PROGRESS)})
    await wire.control("POST", "/queue/hold", key=key)
    body = bodies.house(chance.randrange(100), 3)
    sent = [await client.send(body.content, body.records) for _ in range(chance.randint(1, 5))]
    await wire.control("POST", "/queue/release", key=key)
    for job_id in sent:
        if job_id:
            await client.ended(job_id, body.records)
    await wire.control("PUT", "/queue", key=key, body={})


async def big_and_back(client: Client, chance: random.Random) -> None:
    """Imports much, reads the state and puts it back."""
    body = bodies.many(0)
    await client.import_(body.content, body.records)
    await client.wire.control("POST", "/queue/drain", key=client.key)
    state = (await client.wire.control("GET", "/state", key=client.key)).json()
    await client.wire.control("PUT", "/state", key=client.key, body=state)


STEPS: tuple[Step, ...] = (
    *(call_with_a_fault,) * 4,
    *(reads_with_faults,) * 2,
    snapshot,
    begin_anew,
    expired_token,
    held_queue,
    big_and_back,
)

FAULTS: tuple[tuple[dict[str, object], tuple[int, ...]], ...] = (
    ({"kind": "delay"}, (202,)),
    ({"kind": "reset"}, (0,)),
    ({"kind": "truncate"}, (202,)),
    ({"kind": "lost-response"}, (0,)),
    ({"kind": "status", "status": 503, "retryAfterSeconds": 1}, (503,)),
    ({"kind": "job-fails"}, (202,)),
    ({"kind": "job-stalls"}, (202,)),
)
"""Effects, and what the import that they strike is answered with."""


async def _plan(client: Client, effect: dict[str, object]) -> None:
    fault = {"operation": "importMasterData", "first": 1, "times": 1, "effect": effect}
    await client.wire.control("POST", "/faults", key=client.key, body=fault, expected=(201,))


async def _counted(client: Client) -> None:
    """Sees whether the account holds what was sent to it, once all of its jobs have ended."""
    wire, key, ledger = client.wire, client.key, client.wire.ledger
    await wire.control("POST", "/queue/drain", key=key)
    requests = (await wire.control("GET", "/requests?limit=1", key=key)).json()
    jobs = (await wire.control("GET", "/jobs?limit=1000000", key=key)).json()
    held = requests["count"] + requests["dropped"], jobs["count"] + jobs["dropped"]
    sent = ledger.exchanges[key], ledger.imports[key]
    if held != sent:
        ledger.wrong(f"an account holds {held} exchanges and jobs, {sent} were sent")
    unfinished = [job["id"] for job in jobs["jobs"] if job["state"] not in ("completed", "failed")]
    if unfinished:
        ledger.wrong(f"jobs did not end: {unfinished}")
