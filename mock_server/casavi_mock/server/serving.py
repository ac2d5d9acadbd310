"""Puts the application on a socket: binds it, and makes the server that runs on it."""

import errno
import functools
import os
import socket
from collections.abc import Callable
from typing import Any

import uvicorn

from casavi_mock.errors import ConfigurationError
from casavi_mock.server.door import Door
from casavi_mock.server.options import ConnectionLimits
from casavi_mock.server.protocol import SURPLUS, BoundedProtocol
from casavi_mock.server.stopping import STOP_SECONDS, Server

BACKLOG = 2048
_OTHER_FILES = 100
"""Open files that are no connections."""


def bind(host: str, port: int) -> socket.socket:
    """Returns a listening socket.

    Args:
        host: Address or name to listen at.
        port: Port, 0 for any free one.

    Raises:
        ConfigurationError: The address cannot be used.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        both = host == "::" and socket.has_dualstack_ipv6()
        return socket.create_server(address, family=family, backlog=BACKLOG, dualstack_ipv6=both)
    except UnicodeError:  # a part of a name that is empty or too long
        raise ConfigurationError(f"cannot listen at {host!r}: not a name of a host") from None
    except OSError as error:
        hint = " Choose another with --port, or 0 for any free one." if error.errno == errno.EADDRINUSE else ""
        # a resolver's error has a negative number and a text of its own; create_server puts the address into its text
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
        where = f"[{host}]" if ":" in host else host
        raise ConfigurationError(f"cannot listen at {where}:{port}: {reason}.{hint}") from error


def allow_files(connections: int) -> int:
    """Raises the bound on open files of this process, as far as the system lets it, if it is too low.

    Args:
        connections: How many there may be.

    Returns:
        How many there can be.
    """
    try:
        import resource
    except ImportError:  # there is no such bound on Windows
        return connections
    needed = connections + SURPLUS + _OTHER_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < needed:
        soft = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return connections if soft == resource.RLIM_INFINITY else max(min(connections, soft - SURPLUS - _OTHER_FILES), 1)


def server_for(app: Any, on_ready: Callable[[], None] = lambda: None, *, door: Door | None = None) -> Server:
    """Returns a server for an application; run it with `run(sockets=[...])`.

    Args:
        app: The ASGI application.
        on_ready: Called once, when requests are answered.
        door: Bounds on connections; uvicorn's own if None.
    """
    limits = door.limits if door else ConnectionLimits()
    config = uvicorn.Config(
        app,
        http=functools.partial(BoundedProtocol, door=door) if door else "auto",  # type: ignore[arg-type]  # makes one
        ws="none",
        access_log=False,
        log_config=None,
        lifespan="on",
        server_header=False,
        date_header=True,
        proxy_headers=False,
        timeout_graceful_shutdown=STOP_SECONDS,
        timeout_keep_alive=limits.idle_seconds,  # type: ignore[arg-type]  # a part of a second is as good
        h11_max_incomplete_event_size=limits.max_header_bytes,
    )
    return Server(config, on_ready)
