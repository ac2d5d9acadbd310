"""What options of `serve` take that say who may reach the mock, and secrets that stand in files."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from casavi_mock.domain.model import Secret


class AllowedHost(click.ParamType):  # type: ignore[type-arg]  # generic only in newer versions of click
    """The name of a host, as it stands in `Host` without its port."""

    name = "NAME"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Returns the name."""
        text = str(value).strip()
        bare = text[1:-1] if text.startswith("[") and text.endswith("]") else text
        if not bare or any(part in bare for part in "/@?# ,[]") or (bare is text and text.count(":") == 1):
            self.fail(f"{value}: give a name or an address without scheme and port, *.NAME, or *", param, ctx)
        return text


class Origin(click.ParamType):  # type: ignore[type-arg]  # generic only in newer versions of click
    """Where a page comes from, as browsers say it in `Origin`."""

    name = "ORIGIN"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Returns the origin, in lower case."""
        text = str(value).strip().lower().removesuffix("/")
        try:
            parts = urlsplit(text)
            good = parts.scheme in ("http", "https") and parts.hostname and text == f"{parts.scheme}://{parts.netloc}"
            good = good and parts.username is None and parts.port != 0
        except ValueError:  # such as a port that is no number
            good = False
        if not good and text != "*":
            self.fail(f"{value}: give an origin such as http://localhost:5173, or *", param, ctx)
        return text


class SecretFile(click.ParamType):  # type: ignore[type-arg]  # generic only in newer versions of click
    """A file whose lines another type takes; errors never repeat what is in it.

    Args:
        line: Takes a line.
        single: Whether there is exactly one line.
    """

    name = "FILE"

    def __init__(self, line: click.ParamType, *, single: bool = False) -> None:  # type: ignore[type-arg]
        self._line = line
        self._single = single

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[Any, ...]:
        """Returns what its lines mean."""
        if isinstance(value, tuple):
            return value
        try:
            lines = Path(str(value)).read_text(encoding="utf-8-sig").splitlines()
        except OSError as error:
            self.fail(f"{value}: {error.strerror}", param, ctx)
        except UnicodeDecodeError:
            self.fail(f"{value}: not UTF-8", param, ctx)
        found = []
        for number, line in enumerate(lines, 1):
            if line.strip():
                try:
                    found.append(self._line.convert(line.strip(), param, ctx))
                except click.BadParameter as error:
                    self.fail(f"{value}, line {number}: {error.message}", param, ctx)
        if not found or (self._single and len(found) > 1):
            self.fail(f"{value}: {'one line' if self._single else 'at least one line'} is wanted", param, ctx)
        return tuple(found)


def beyond_loopback(host: str) -> bool:
    """Whether other machines may reach a server that listens at an address."""
    from casavi_mock.control.hosts import is_loopback  # it loads Flask, which only a server needs

    return not is_loopback(host.strip("[]").lower().rstrip("."))


def exposure(host: str, *, control: bool, token: Secret | None, example: bool) -> str | None:
    """Returns the warning about what anybody who reaches a server may do with it; None if there is nothing to say.

    Args:
        host: Where it listens.
        control: Whether there is a control plane.
        token: What its callers have to send.
        example: Whether the published example of credentials logs in.
    """
    steerable = control and token is None
    if not beyond_loopback(host) or not (steerable or example):
        return None
    may = ["steer it (--control-token-file or --no-control closes that)"] if steerable else []
    may += ["log in with casavi's published example (--account-file)"] if example else []
    return f"whoever reaches this machine may {' and '.join(may)}; --host 127.0.0.1 keeps it to this machine"
