"""The mock as the program of a child process: `python -m pytest_casavi.backends.child`, for the backend `process`.

It reads one line of JSON that says how it is to be, answers one line with its port, and ends when its input does or its
parent has gone. So it never outlives the session, whatever becomes of that.
"""

import json
import logging
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

from casavi_mock.domain.model import Secret
from casavi_mock.server.serving import bind, server_for
from pytest_casavi.backends.local import new_app
from pytest_casavi.config import CasaviConfig
from pytest_casavi.mutants.vendor import STAGE, staged
from pytest_casavi.secret_text import Secrets

LOOK_SECONDS = 0.5
"""Seconds between two looks whether the parent is still there."""


def main() -> None:
    """Serves until the input ends."""
    logging.getLogger().addHandler(logging.NullHandler())  # nobody reads what it would tell
    said: dict[str, Any] = json.loads(sys.stdin.readline())
    try:
        profile = Path(said["profile"]) if said["profile"] else None
        config = CasaviConfig(**said["queue"], assumptions=said["assumptions"], profile=profile)
        made = Secrets(tuple(said["marks"]))
        STAGE.on = said["mutants"]
        app = staged(new_app(config, made, Secret(said["token"])))
        app.registry.create(str(made.new(16)), Secret(str(made.new(32))))  # the first one cannot be closed
        listener = bind("127.0.0.1", 0)
    except Exception as error:  # noqa: BLE001  # whoever waits for it tells
        _tell({"error": f"{type(error).__name__}: {error}"})
        return
    server = server_for(app, lambda: _tell({"port": listener.getsockname()[1]}), door=app.door)

    def end() -> None:
        server.should_exit = True

    threading.Thread(target=_watch_input, args=(end,), daemon=True).start()
    threading.Thread(target=_watch_parent, args=(os.getppid(), end), daemon=True).start()
    server.run(sockets=[listener])


def _tell(what: dict[str, Any]) -> None:
    print(json.dumps(what), flush=True)  # noqa: T201  # this is how it talks


def _watch_input(end: Any) -> None:
    for line in sys.stdin:
        _tell(_told(json.loads(line)))
    end()


def _told(said: dict[str, Any]) -> dict[str, Any]:
    """Returns the answer to what is said while the mock runs: which mutants are at work, what was seen of them."""
    if "begin" not in said:
        return STAGE.seen()
    from pytest_casavi.mutants.catalogue import MUTANTS
    from pytest_casavi.mutants.mutant import from_entry_points, own

    known = {mutant.name: mutant for mutant in own([*MUTANTS.values(), *from_entry_points()])}
    STAGE.begin([known[name] for name in said["begin"] if name in known], shadow=said["shadow"])
    return {}


def _watch_parent(parent: int, end: Any) -> None:
    """Processes that a test has forked may keep the input open."""
    while os.getppid() == parent:
        time.sleep(LOOK_SECONDS)
    end()


if __name__ == "__main__":
    main()
