"""Chooses where the mock runs."""

import json

from pytest_casavi.backends.backend import Backend
from pytest_casavi.config import CasaviConfig


def new_backend(config: CasaviConfig) -> Backend:
    """Returns a running backend."""
    if config.backend == "url":
        from pytest_casavi.backends.remote import RemoteBackend

        return RemoteBackend(config)
    if config.backend == "inprocess":
        from pytest_casavi.backends.inprocess import InProcessBackend

        return InProcessBackend(config)
    if config.backend == "process":
        from pytest_casavi.backends.process import ProcessBackend

        return ProcessBackend(config)
    from pytest_casavi.backends.server import ServerBackend

    return ServerBackend(config)


def identity(config: CasaviConfig) -> str:
    """Returns what is the same for configurations that can share a server."""
    how = tuple(config.queue.values())
    return json.dumps(
        [config.backend, config.url, how, dict(config.assumptions), str(config.profile)], sort_keys=True, default=repr
    )
