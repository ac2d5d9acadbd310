import asyncio

import aiohttp
from conversation import converse
from yarl import URL


async def main() -> None:
    loop = asyncio.get_running_loop()
    async with aiohttp.ClientSession() as session:

        async def ask(method: str, url: str, headers: dict[str, str], body: bytes | None) -> tuple[int, bytes]:
            # As it is: yarl would decode %2F and the like where it thinks that this changes nothing.
            async with session.request(method, URL(url, encoded=True), headers=headers, data=body) as answer:
                return answer.status, await answer.read()

        def send(method: str, url: str, headers: dict[str, str], body: bytes | None) -> tuple[int, bytes]:
            return asyncio.run_coroutine_threadsafe(ask(method, url, headers, body), loop).result(60)

        await asyncio.to_thread(converse, send)


asyncio.run(main())
