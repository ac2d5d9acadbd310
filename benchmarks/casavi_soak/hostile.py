"""Clients that mean no good, or know no better. Each has connections of its own."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from casavi_soak.client import Client
from casavi_soak.wire import Answer, Wire

HUGE_BYTES = 99_999_000
"""A little less than the longest body that the server takes."""

PIECE = 1_000_000
FLOOD = 60

Step = Callable[[Client, random.Random], Awaitable[None]]

BAD_BODIES: tuple[bytes, ...] = (
    b'{"contacts": [{"id": "\xff\xfe"}]}',
    b"\xef\xbb\xbf{}",
    b"[" * 100_000,
    b'{"contacts":' + b'[{"x":' * 60_000,
    b'{"contacts": [{"id": "1", "customFields": {"a": 1e999}}]}',
    b'{"contacts": [{"id": "1", "customFields": {"a": ' + b"9" * 20_000 + b"}}]}",
    b'{"contacts": [{"id": "\\ud800"}]}',
    b'{"contacts": [' + b'{"id": "a"},' * 30_000 + b"{]}",
    b'{"contacts": {"id": "1"}}',
    b"null",
    b"",
    b"\x00" * 1_000,
)
"""What is refused with 400."""


async def bad_body(client: Client, chance: random.Random) -> None:
    """Sends what is no import."""
    await client.call("POST", "/import", body=chance.choice(BAD_BODIES), expected=(400,))


async def wrong_media_type(client: Client, chance: random.Random) -> None:
    """Says that the body is something else."""
    said = chance.choice(["text/plain", "application/json; charset=utf-16", "", "\xff", "application/x-ndjson"])
    answer = await client.wire.raw(_import(client, "Content-Length: 2", said) + b"{}")
    await _expect(client, answer, 415)


async def oversize(client: Client, chance: random.Random) -> None:
    """Announces more than is taken."""
    answer = await client.wire.raw(_import(client, "Content-Length: 100000001") + b"{")
    await _expect(client, answer, 413)
    client.wire.close()


async def cut_body(client: Client, chance: random.Random) -> None:
    """Goes away before the body is complete: that is no exchange."""
    how = chance.choice(["Content-Length: 5000", "Transfer-Encoding: chunked"])
    await client.wire.send(_import(client, how) + b'5\r\n{"con')
    if chance.random() < 0.5:
        await asyncio.sleep(0.02)
    client.wire.close()


async def huge(client: Client, chance: random.Random) -> None:
    """Sends nearly 100 MB that turn out to be no JSON at their end."""
    wire = client.wire
    begin = b'{"contacts": [{"id": "1", "note": "'
    await wire.send(_import(client, f"Content-Length: {HUGE_BYTES}") + begin)
    left = HUGE_BYTES - len(begin)
    while left > 0:
        await wire.send(b"x" * min(left, PIECE))
        left -= PIECE
    answer = await wire.answer()
    if answer.rule == "request-too-slow" or answer.status == 0:  # this machine is busy, or the answer was lost with it
        wire.ledger.perhaps_slow += 1
    else:
        await _expect(client, answer, 400)


async def long_headers(client: Client, chance: random.Random) -> None:
    """Sends too many headers, or too long ones."""
    many = "\r\n".join(f"X-{number}: x" for number in range(200))
    headers = chance.choice([many, "X-Long: " + "x" * 70_000])
    answer = await client.wire.raw(f"GET /jobs/x HTTP/1.1\r\nHost: mock\r\n{headers}\r\n\r\n".encode())
    if answer.status not in (431, 0):
        client.wire.ledger.wrong(f"long headers are answered with {answer.status}")
    client.wire.close()


async def no_http(client: Client, chance: random.Random) -> None:
    """Speaks something else."""
    said = chance.choice([b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"HELO mock\r\n\r\n", b"\x00" * 5_000])
    answer = await client.wire.raw(said)
    if answer.status != 400:
        client.wire.ledger.wrong(f"what is no HTTP is answered with {answer.status}")
    client.wire.close()


async def bad_chunks(client: Client, chance: random.Random) -> None:
    """Sends a body in pieces whose lengths are wrong: the server ends it, and that is no exchange."""
    answer = await client.wire.raw(_import(client, "Transfer-Encoding: chunked") + b"zz\r\nxx\r\n0\r\n\r\n")
    if answer.status not in (400, 0) and answer.rule != "connections-full":
        client.wire.ledger.wrong(f"bad pieces are answered with {answer.status}")
    client.wire.close()


async def pipelined(client: Client, chance: random.Random) -> None:
    """Asks for the same page many times at once, and goes away. Pages are in no journal."""
    await client.wire.send(b"GET /openapi.json HTTP/1.1\r\nHost: mock\r\n\r\n" * chance.randint(2, 50))
    for _ in range(chance.randint(0, 2)):
        await client.wire.answer()
    client.wire.close()


async def stranger(client: Client, chance: random.Random) -> None:
    """Comes without a token, with a made-up one, or with a wrong secret."""
    ask = client.wire.ask
    await ask("GET", "/contacts", expected=(401,))
    await ask("GET", "/contacts", token="made-up", expected=(401,))
    await ask("POST", "/authenticate", body=b'{"key": "nobody", "secret": "x"}', expected=(401,))
    body = f'{{"key": "{client.key}", "secret": "wrong"}}'.encode()
    await ask("POST", "/authenticate", owner=client.key, body=body, expected=(401,))


async def flood(client: Client, chance: random.Random) -> None:
    """Opens connections and says nothing; health is answered all the same."""
    ledger, opened = client.wire.ledger, time.monotonic()
    async with _silent(client.wire, FLOOD):
        answer = await client.wire.control("GET", "/health")
        if answer.status == 200 and answer.json()["status"] != "ok":
            ledger.wrong("health is not ok")
    client.wire.close()
    if time.monotonic() - opened > ledger.patience_seconds * 0.9:  # this machine is busy
        ledger.perhaps_slow += FLOOD


@asynccontextmanager
async def _silent(wire: Wire, number: int) -> AsyncIterator[None]:
    others = [wire.another() for _ in range(number)]
    try:
        for other in others:
            await other.send(b"")
        yield
    finally:
        for other in others:
            other.close()


async def slow(client: Client, chance: random.Random) -> None:
    """Sends headers or a body byte by byte, until the server has had enough of it."""
    part = chance.choice(["headers", "body"])
    begin = _import(client, "Content-Length: 5000")
    wire = client.wire
    answered = asyncio.create_task(_answer_after(wire, begin[:40] if part == "headers" else begin))
    try:
        while not answered.done():
            await asyncio.wait([answered], timeout=0.2)
            if not answered.done():
                await wire.send(b"x")
    except asyncio.CancelledError:
        wire.ledger.perhaps_slow += 1
        answered.cancel()
        raise
    finally:
        wire.close()
    answer = answered.result()
    if answer.rule == "connections-full":
        return
    if answer.status == 0:  # the answer was lost with the connection; it may have said that there are too many
        wire.ledger.perhaps_slow += 1
        return
    wire.ledger.slow[part] += 1
    if answer.status != 408:
        wire.ledger.wrong(f"slow {part} are answered with {answer.status}")


async def _answer_after(wire: Wire, data: bytes) -> Answer:
    await wire.send(data)
    return await wire.answer()


STEPS: tuple[Step, ...] = (
    *(bad_body,) * 6,
    *(wrong_media_type,) * 2,
    oversize,
    *(cut_body,) * 4,
    long_headers,
    no_http,
    bad_chunks,
    *(pipelined,) * 2,
    stranger,
    flood,
)


async def one_step(client: Client, chance: random.Random) -> None:
    """Does one of these."""
    step = chance.choice(STEPS)
    client.wire.ledger.done[step.__name__] += 1
    await step(client, chance)


async def _expect(client: Client, answer: Answer, status: int) -> None:
    if answer.rule == "connections-full":
        return
    client.wire.take(answer, client.key)
    if answer.status != status:
        client.wire.ledger.wrong(f"{answer.status} in place of {status}: {answer.body[:200]!r}")


def _import(client: Client, length: str, media_type: str = "application/json") -> bytes:
    lines = ["POST /import HTTP/1.1", "Host: mock", f"Token: {client.token}", f"Content-Type: {media_type}", length]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")
