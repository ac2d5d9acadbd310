import requests
from conversation import Send, converse


def sending(session: requests.Session) -> Send:
    def send(method: str, url: str, headers: dict[str, str], body: bytes | None) -> tuple[int, bytes]:
        answer = session.request(method, url, headers=headers, data=body, timeout=60)
        return answer.status_code, answer.content

    return send


with requests.Session() as session:
    converse(sending(session))
