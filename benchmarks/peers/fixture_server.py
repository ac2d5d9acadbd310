"""What a fixture of pytest-httpserver costs, in this process: set up to the first answer, and taken down.

Prints medians as JSON. The first time is left out: it pays for imports.
"""

import json
import statistics
import time
import urllib.request

from pytest_httpserver import HTTPServer

REPEATS = 20

ready, down = [], []
for _ in range(REPEATS + 1):
    started = time.perf_counter()
    server = HTTPServer(host="127.0.0.1")
    server.expect_request("/authenticate").respond_with_json({"token": "t"})
    server.start()
    with urllib.request.urlopen(server.url_for("/authenticate"), timeout=5) as answer:
        answer.read()
    ready.append(time.perf_counter() - started)
    started = time.perf_counter()
    server.stop()
    down.append(time.perf_counter() - started)
medians = {"first_answer_ms": statistics.median(ready[1:]) * 1000, "closed_ms": statistics.median(down[1:]) * 1000}
print(json.dumps(medians))
