"""How a server is reached: the proxy in front of it and the certificates to trust, as the environment names them.

Everything is worked out for one address, so that a variable matters only where it is needed.
"""

import ipaddress
import os
import re
import socket
import ssl
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict
from urllib.parse import SplitResult, urlsplit
from urllib.request import getproxies, proxy_bypass

if TYPE_CHECKING:
    import httpx

_SCHEMES = ("http", "https", "socks5", "socks5h")

_PORTS = {"http": 80, "https": 443}

_QUOTED = re.compile(r""":?\s*(?:bytearray\()?\bb(?:'.*'|".*")\)?""", re.DOTALL)


class UnusableVariable(ValueError):
    """A variable of the environment is needed and cannot be used; the text is one line, names it, and has no secret."""


class ConnectionSettings(TypedDict):
    """Arguments of an httpx client for one address."""

    verify: ssl.SSLContext | bool
    proxy: "httpx.Proxy | None"
    trust_env: bool


def connection_settings(url: str) -> ConnectionSettings:
    """Returns what a client of httpx has to be given to reach an address.

    Args:
        url: The address; the client must not be used for others.

    Raises:
        UnusableVariable: A variable that says how it is reached cannot be read.
    """
    return {"verify": trusted(url), "proxy": _proxy(url), "trust_env": False}


def trusted(url: str) -> ssl.SSLContext:
    """Returns what a client of one address trusts.

    The certificates of all authorities take longer to load than many requests to answer, and plain HTTP has no use for
    them: for such an address it is what trusts nobody, so that nothing gets through if TLS is spoken all the same.

    Args:
        url: The address.

    Raises:
        UnusableVariable: It is one with TLS, and `SSL_CERT_FILE`, `SSL_CERT_DIR` or `SSLKEYLOGFILE` cannot be used.
    """
    return _authorities() if url.lower().startswith("https:") else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def proxy_for(url: str) -> str | None:
    """Returns the address of the proxy that leads to an address, None if there is none; no proxy leads to this machine.

    Raises:
        UnusableVariable: The variable that names the proxy cannot be read.
    """
    parts = _parts(url)
    if parts is None or not parts.hostname or is_loopback(url):
        return None
    known = getproxies()
    kind = next((kind for kind in (parts.scheme.lower(), "all") if known.get(kind)), None)
    if kind is None or _excepted(parts, known.get("no", "")) or proxy_bypass(parts.hostname):
        return None
    address = known[kind] if "://" in known[kind] else f"http://{known[kind]}"
    return _usable(address, _variable(kind))


def is_loopback(url: str) -> bool:
    """Whether an address is on this machine, whatever way it is written."""
    parts = _parts(url)
    host = (parts.hostname or "") if parts else ""
    name = host.rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    address = _ip(name) or _old_ipv4(name)
    address = getattr(address, "ipv4_mapped", None) or address
    return address is not None and (address.is_loopback or address.is_unspecified)


def without_bytes(text: str) -> str:
    """Returns the text of a library's error without the bytes of an answer that it quotes: they may be secrets."""
    return _QUOTED.sub("", text).strip()


def _proxy(url: str) -> "httpx.Proxy | None":
    address = proxy_for(url)
    if address is None:
        return None
    import httpx

    try:
        return httpx.Proxy(address, ssl_context=_authorities() if address.lower().startswith("https:") else None)
    except (httpx.InvalidURL, ValueError) as error:
        if isinstance(error, UnusableVariable):
            raise
        raise UnusableVariable("the proxy of the environment has no address that can be used") from None


def _usable(address: str, variable: str) -> str:
    """Returns the address of a proxy; it may hold a password, so no text repeats it."""
    parts = _parts(address)
    if parts is None or not parts.hostname or not address.isprintable() or " " in address:
        raise UnusableVariable(f"{variable}: not the address of a proxy, such as http://proxy.example.com:3128")
    if parts.scheme not in _SCHEMES:
        raise UnusableVariable(f"{variable}: a proxy begins with one of {', '.join(f'{s}://' for s in _SCHEMES)}")
    if parts.scheme.startswith("socks") and find_spec("socksio") is None:
        raise UnusableVariable(f"{variable}: a SOCKS proxy needs one more library: pip install 'httpx[socks]'")
    return address


def _variable(kind: str) -> str:
    """Returns the name of the variable that names a proxy."""
    name = f"{kind}_proxy"
    return name if os.environ.get(name) else name.upper() if name.upper() in os.environ else "the system's proxy"


def _excepted(parts: SplitResult, listed: str) -> bool:
    """Whether `NO_PROXY` names a host: by name, domain, address or network, with or without a port."""
    host, port = (parts.hostname or "").rstrip("."), parts.port or _PORTS.get(parts.scheme)
    address = _ip(host)
    for entry in re.split(r"[,;\s]+", listed.lower()):
        if entry == "*":
            return True
        name = re.sub(r"^[a-z]+://", "", entry).rstrip("/") if "://" in entry else entry
        with_port = re.fullmatch(r"(\[[^\]]*\]|[^:]*)(?::(\d+))?", name)
        if with_port and with_port[2] and int(with_port[2]) != port:
            continue
        name = (with_port[1] if with_port else name).strip("[]")
        if address is not None:
            try:
                if address in ipaddress.ip_network(name, strict=False):
                    return True
            except ValueError:  # a name
                pass
        name = name.lstrip("*").strip(".")
        if name and (host == name or host.endswith(f".{name}")):
            return True
    return False


def _authorities() -> ssl.SSLContext:
    """Returns what trusts the certificates that the environment names, or the usual ones."""
    file, folder = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    try:
        if file:
            with Path(file).open("rb"):
                return _context(cafile=file)
        if folder:
            if not any(Path(part).is_dir() for part in folder.split(os.pathsep)):
                raise UnusableVariable(f"SSL_CERT_DIR: there is no folder {folder!r}")
            return _context(capath=folder)
    except ssl.SSLError:
        raise UnusableVariable(f"SSL_CERT_FILE: {file!r} holds no certificates") from None
    except (OSError, ValueError) as error:
        if isinstance(error, UnusableVariable):
            raise
        raise UnusableVariable(f"SSL_CERT_FILE: {file!r}: {getattr(error, 'strerror', None) or error}") from None
    import certifi

    return _context(cafile=certifi.where())


def _context(cafile: str | None = None, capath: str | None = None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=cafile, capath=capath)
    except ssl.SSLError:
        raise
    except OSError as error:  # the certificates can be opened, so it is the other file that is opened here
        log = os.environ.get("SSLKEYLOGFILE")
        raise UnusableVariable(f"SSLKEYLOGFILE: {log!r}: {error.strerror}") from None


def _parts(url: str) -> SplitResult | None:
    """Returns an address in its parts, None if it is none."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return parts


def _ip(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None


def _old_ipv4(host: str) -> ipaddress.IPv4Address | None:
    """Returns an address in one of its older forms, such as `127.1`."""
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host))
    except OSError:
        return None
