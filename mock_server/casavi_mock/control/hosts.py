"""The names under which the control plane may be asked for.

A page whose name a resolver turns to this machine (DNS rebinding) is of the same origin as the mock, to a browser: only
the name in `Host` tells it apart.
"""

from collections.abc import Iterable
from ipaddress import IPv6Address, ip_address

from flask import Request

from casavi_mock.control.problems import Problem

ANY = "*"


class Hosts:
    """Names of hosts that are known.

    Args:
        allowed: Names and addresses beside those of loopback and the one that a request came to; `*.name` stands for
            all names below one, `*` for every host.
        forwarded: Whether a proxy tells the name in `X-Forwarded-Host`, which has to be known as well.
    """

    def __init__(self, allowed: Iterable[str] = (), *, forwarded: bool = False) -> None:
        self._allowed = frozenset(map(_plain, allowed))
        self.forwarded = forwarded

    def check(self, request: Request) -> None:
        """Refuses a request that was sent to a host which is not known.

        Raises:
            Problem: It was.
        """
        here = _plain(request.environ.get("SERVER_NAME", ""))
        for header in ("Host", "X-Forwarded-Host") if self.forwarded else ("Host",):
            came = request.headers.get(header)
            if came is not None and not all(self._known(name_of(host), here) for host in came.split(",")):
                raise _unknown(header, came)

    def _known(self, name: str, here: str) -> bool:
        return (
            bool(self._allowed & {name, ANY})
            or (name == here != "")
            or is_loopback(name)
            or any(name.endswith(one[1:]) for one in self._allowed if one.startswith("*."))
        )


def name_of(host: str) -> str:
    """Returns the name or address in a header `Host`, without port and brackets, as it is compared."""
    host = host.strip()
    return _plain(host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0])


def is_loopback(name: str) -> bool:
    """Whether a name or address means this machine to every resolver."""
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        address = ip_address(name)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback


def _plain(name: str) -> str:
    name = name.strip().lower().removesuffix(".")
    return name[1:-1] if name.startswith("[") and name.endswith("]") else name


def _unknown(header: str, came: str) -> Problem:
    detail = (
        "The control plane is asked for under a name that it does not know, as pages of other sites can do with the "
        "help of a resolver. If the name is yours, start the mock with --allowed-host (CASAVI_MOCK_ALLOWED_HOST)."
    )
    return Problem(403, detail, header, "localhost, the address of the mock, or an --allowed-host", came[:200])
