import httpx
from conversation import converse

with httpx.Client() as client:

    def send(method: str, url: str, headers: dict[str, str], body: bytes | None) -> tuple[int, bytes]:
        answer = client.request(method, url, headers=headers, content=body)
        return answer.status_code, answer.content

    converse(send)
