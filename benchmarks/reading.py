"""Memory, first and last page, and reset with 100,000 contacts, of a real server.

    .venv/bin/python benchmarks/reading.py [CONTACTS]

Times are the server's CPU milliseconds for one request, from the operating system's accounting; they are read as ratios
within one run.
"""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx

KEY, SECRET = "bench", "bench-secret"
PORTION = 10_000
REPEATS = 200


def main() -> None:
    contacts = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    server = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "casavi_mock",
            "serve",
            "--port",
            "0",
            "--log-level",
            "error",
            "--account",
            f"{KEY}:{SECRET}",
            "--progress",
            "immediate",
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert server.stdout is not None
        url = server.stdout.readline().split()[-1]
        with httpx.Client(base_url=url, timeout=120) as client:
            client.headers["token"] = client.post("/authenticate", json={"key": KEY, "secret": SECRET}).json()["token"]
            report(client, server.pid, contacts)
    finally:
        server.terminate()
        server.wait()


def report(client: httpx.Client, pid: int, contacts: int) -> None:
    idle = resident_mb(pid)
    for start in range(0, contacts, PORTION):
        fill(client, start, min(start + PORTION, contacts))
    full = resident_mb(pid)
    print(
        f"{contacts} contacts: {idle:.0f} MB idle, {full:.0f} MB full, {(full - idle) * 1e6 / contacts:.0f} bytes a contact"
    )
    last_v1, last_v2 = (contacts - 1) // 25, -(-contacts // 25)
    for name, path in (
        ("v1 first page", "/contacts"),
        ("v1 last page", f"/contacts?page={last_v1}"),
        ("v2 first page", "/v2/contacts"),
        ("v2 last page", f"/v2/contacts?page={last_v2}"),
    ):
        assert client.get(path).is_success
        print(f"{name:16} {cpu_ms(pid, lambda path=path: client.get(path), REPEATS):7.3f} ms CPU")
    times = []
    for _ in range(5):
        fill(client, 0, PORTION)
        started = time.perf_counter()
        client.post("/_mock/reset", headers={"X-Mock-Key": KEY}).raise_for_status()
        times.append((time.perf_counter() - started) * 1000)
        client.headers["token"] = client.post("/authenticate", json={"key": KEY, "secret": SECRET}).json()["token"]
    print(
        f"{'reset':16} {statistics.median(times):7.3f} ms wall, over HTTP (median of {len(times)}, slowest {max(times):.1f})"
    )


def fill(client: httpx.Client, start: int, end: int) -> None:
    """Imports contacts and waits until they are there."""
    records = [
        {
            "id": f"C-{n:07}",
            "firstName": "Erika",
            "lastName": f"Muster{n}",
            "email": f"c{n}@example.com",
            "city": "Leipzig",
        }
        for n in range(start, end)
    ]
    answer = client.post("/import", json={"contacts": records})
    answer.raise_for_status()
    while client.get(f"/jobs/{answer.json()['jobId']}").json()["status"] != "completed":
        time.sleep(0.05)


def cpu_ms(pid: int, call: Callable[[], object], repeats: int) -> float:
    """Returns the CPU time of one call, in milliseconds."""
    before = cpu_seconds(pid)
    for _ in range(repeats):
        call()
    return (cpu_seconds(pid) - before) / repeats * 1000


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mb(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1000
    raise LookupError("no VmRSS")


if __name__ == "__main__":
    main()
