"""The least that Python takes for an import: orjson parses it, jsonschema-rs checks it, the collector is off.

    python benchmarks/peers/floor.py DOCUMENT < BODY

Prints the median in milliseconds of wall time as JSON.
"""

import gc
import json
import statistics
import sys
import time
from pathlib import Path

import jsonschema_rs
import orjson

REPEATS = 9

document = json.loads(Path(sys.argv[1]).read_text())
schema = {"$ref": "#/components/schemas/MasterData", "components": document["components"]}
check = jsonschema_rs.Draft4Validator(schema).is_valid
raw = sys.stdin.buffer.read()
gc.disable()
times = []
for _ in range(REPEATS):
    started = time.perf_counter()
    value = orjson.loads(raw)
    if not check(value):
        sys.exit("the body does not satisfy the contract")
    times.append(time.perf_counter() - started)
    del value
print(json.dumps({"answered_ms": statistics.median(times) * 1000}))
