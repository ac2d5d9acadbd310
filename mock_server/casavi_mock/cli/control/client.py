"""Talks to the control plane of a running mock, and shows what it answers."""

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import wraps
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click
import httpx
import orjson
from rich.console import Console
from rich.table import Table
from rich.text import Text

from casavi_mock.cli.options import Decorator, host_option, local_url, option, port_option, url_option
from casavi_mock.domain.model import Secret
from casavi_mock.errors import ConfigurationError

_TIMEOUT = httpx.Timeout(120.0, connect=5.0)  # a clock that is moved by years has much to do


class Control:
    """The control plane of one server, for one of its accounts.

    Args:
        url: Address of the mock.
        account: API key of the account; the default one if None.
        token: The control token, if the server wants one.
        as_json: Whether answers are printed as they came.
        transport: Where requests go; the network if None.
    """

    def __init__(
        self,
        url: str,
        account: str | None = None,
        token: Secret | None = None,
        *,
        as_json: bool = False,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.as_json = as_json
        self._url = url.rstrip("/")
        self._transport = transport
        self._headers: dict[bytes, bytes] = {}
        if account is not None:
            self._headers[b"X-Mock-Key"] = account.encode()
        if token is not None:
            self._headers[b"X-Mock-Token"] = token.reveal().encode()

    def send(
        self,
        method: str,
        *path: str,
        body: Any = None,
        raw: bytes | None = None,
        query: Mapping[str, Any] | None = None,
    ) -> httpx.Response:
        """Sends a request.

        Args:
            method: The HTTP method.
            path: Parts of the path below `/_mock`; they may hold anything.
            body: A JSON value.
            raw: A body as it is, in place of a JSON value.
            query: Parameters; those that are None are left out.

        Raises:
            ConfigurationError: It was refused, or there is no mock at the address; the text is one line.
        """
        address = "/".join([f"{self._url}/_mock", *(quote(part, safe="") for part in path)])
        content = orjson.dumps(body) if body is not None else raw
        headers = dict(self._headers)
        if content is not None:
            headers[b"Content-Type"] = b"application/json"
        sent = {name: value for name, value in (query or {}).items() if value is not None}
        try:
            with httpx.Client(timeout=_TIMEOUT, transport=self._transport) as client:
                answer = client.request(method, address, content=content, headers=headers, params=sent)
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            raise ConfigurationError(f"{address}: {_reason(error)}") from error
        if not answer.is_success:
            raise ConfigurationError(f"{method} {address} answered {answer.status_code}: {_refusal(answer)}")
        return answer

    def ask(self, *path: str, method: str = "GET", body: Any = None, query: Mapping[str, Any] | None = None) -> Any:
        """Returns what is answered as JSON; None if the answer is empty. Arguments as those of `send`."""
        answer = self.send(method, *path, body=body, query=query)
        if not answer.content:
            return None
        try:
            return answer.json()
        except ValueError:
            raise ConfigurationError(f"{answer.url}: the answer is not JSON; is this the mock?") from None

    def show(self, value: Any, people: Callable[[Any], None]) -> None:
        """Prints an answer: as it came with `--json`, otherwise as a function prints it for people."""
        if self.as_json:
            click.echo(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())
        else:
            people(value)

    def done(self, value: Any, sentence: str) -> None:
        """Prints that something was done, or with `--json` what was answered."""
        self.show({} if value is None else value, lambda _: click.echo(sentence))


class Grouped(click.Group):
    """A group with one verb that is meant if none is named."""

    def __init__(self, *args: Any, usual: str, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self._usual = usual

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Puts the usual verb in front if there is none."""
        if not args or (args[0].startswith("-") and args[0] not in ("-h", "--help")):
            args = [self._usual, *args]
        return super().parse_args(ctx, args)


def connected(command: Callable[..., None]) -> Callable[..., None]:
    """Gives a verb the options by which the mock is found, and a `Control` as its first argument."""

    @wraps(command)
    def run(
        *,
        url: str | None,
        host: str,
        port: int,
        account: str | None,
        control_token: str | None,
        as_json: bool,
        **rest: Any,
    ) -> None:
        token = Secret(control_token) if control_token else None
        command(Control(url or local_url(host, port), account, token, as_json=as_json), **rest)

    options: tuple[Decorator, ...] = (
        url_option,
        host_option,
        port_option,
        click.option("--account", metavar="KEY", help="API key of the account.  [default: the first one]"),
        option("--control-token", show_default=False, help="What the server wants to know before it obeys."),
        click.option("--json", "as_json", is_flag=True, help="Print what was answered as JSON."),
    )
    result: Callable[..., None] = run
    for add in reversed(options):
        result = add(result)
    return result


def print_table(columns: Sequence[str], rows: Iterable[Sequence[Any]], *, empty: str) -> None:
    """Prints rows for people.

    Args:
        columns: Headings.
        rows: Values; None is shown as nothing.
        empty: What is printed if there are no rows.
    """
    table = Table(*columns, pad_edge=False, box=None)
    for column, name in zip(table.columns, columns, strict=True):
        column.no_wrap = name in ("at", "number", "status", "method")  # short, and useless when broken
    for row in rows:
        table.add_row(*(Text(shown(value), overflow="fold") for value in row))
    if table.row_count:
        Console(highlight=False).print(table)
    else:
        click.echo(empty)


def shown(value: Any) -> str:
    """Returns a value for people, without what could steer a terminal."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = value if isinstance(value, str) else f"{value:g}" if isinstance(value, float) else str(value)
    return text if text.isprintable() else "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def counted(numbers: Mapping[str, int]) -> str:
    """Returns numbers by name as one line."""
    return ", ".join(f"{number} {name}" for name, number in numbers.items() if number) or "nothing"


def write(file: str, content: bytes) -> None:
    """Writes a file, or to standard output for `-`.

    Raises:
        ConfigurationError: The file cannot be written.
    """
    if file == "-":
        sys.stdout.buffer.write(content)
        return
    try:
        Path(file).write_bytes(content)
    except OSError as error:
        raise ConfigurationError(f"{file}: {error.strerror}") from error


def _refusal(answer: httpx.Response) -> str:
    """Returns in one line why a request was refused."""
    try:
        body = answer.json()
    except ValueError:
        body = None
    if not isinstance(body, dict) or "detail" not in body:
        return f"{answer.reason_phrase}; is this the mock?"
    possible = body.get("possible")
    more = f" Possible: {', '.join(map(str, possible))}." if isinstance(possible, list) and possible else ""
    return shown(f"{body['detail']}{more}")


def _reason(error: Exception) -> str:
    if isinstance(error, httpx.ConnectError):
        return "cannot connect; is the server running? (casavi-mock serve)"
    if isinstance(error, httpx.TimeoutException):
        return "no answer in time"
    return shown(str(error)) or type(error).__name__
