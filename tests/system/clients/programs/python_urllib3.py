import urllib3
from conversation import converse

pool = urllib3.PoolManager()


def send(method: str, url: str, headers: dict[str, str], body: bytes | None) -> tuple[int, bytes]:
    answer = pool.request(method, url, headers=headers, body=body)
    return answer.status, answer.data


converse(send)
pool.clear()
