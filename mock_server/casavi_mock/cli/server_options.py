"""The options of `serve`, beside those by which a server is found."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any
from urllib.parse import urlsplit

import click
import jsonschema_rs
import orjson
from click.shell_completion import CompletionItem

from casavi_mock.cli.access import AllowedHost, Origin, SecretFile
from casavi_mock.cli.limits import limit_options
from casavi_mock.cli.options import Number, option
from casavi_mock.domain.jobs import PROGRESS, Durations, Progress
from casavi_mock.domain.model import Secret
from casavi_mock.errors import ConfigurationError
from casavi_mock.server import textfiles


@dataclass(frozen=True, slots=True)
class Credentials:
    """An account that `--account` names."""

    key: str
    secret: Secret


class AccountType(click.ParamType):  # type: ignore[type-arg]  # generic only in newer versions of click
    """`KEY:SECRET`."""

    name = "KEY:SECRET"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Credentials:
        """Returns the account; never repeats the value in an error."""
        if isinstance(value, Credentials):
            return value
        key, colon, secret = str(value).partition(":")
        if not (key and colon and secret):
            self.fail("give key and secret as KEY:SECRET", param, ctx)
        return Credentials(key, Secret(secret))


class BaseUrl(click.ParamType):  # type: ignore[type-arg]  # generic only in newer versions of click
    """An address at which clients reach the mock."""

    name = "URL"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Returns the address, without a slash at its end."""
        try:
            parts = urlsplit(str(value))
            good = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        except ValueError:  # such as a port that is no number
            good = False
        if not good or parts.query or parts.fragment or parts.username is not None:
            self.fail(f"{value}: give an address such as https://casavi.test or http://mock:4227/manager", param, ctx)
        return str(value).rstrip("/")


class Portfolio(click.Path):
    """A file, a folder or a sample; the names of samples are completed, and files after them."""

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Returns the samples that begin like what was typed, and that files may be meant."""
        return [*samples(ctx, param, incomplete), *super().shell_complete(ctx, param, incomplete)]


def samples(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Returns the names of samples that begin like what was typed."""
    from casavi_fixtures import portfolio_names

    return [CompletionItem(name) for name in portfolio_names() if name.startswith(incomplete)]


class ControlToken(click.ParamType):  # type: ignore[type-arg]  # generic only in newer versions of click
    """A secret that fits into a header."""

    name = "TOKEN"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Secret:
        """Returns the token; never repeats the value in an error."""
        if isinstance(value, Secret):
            return value
        text = str(value)
        if not text or not all("!" <= character <= "~" for character in text):
            self.fail("give at least one character, only ASCII, and no blanks", param, ctx)
        return Secret(text)


class JobDurations(click.ParamType):  # type: ignore[type-arg]  # generic only in newer versions of click
    """A file of observed jobs, as `casavi-mock calibrate` writes it."""

    name = "FILE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Durations:
        """Returns what was observed."""
        if isinstance(value, Durations):
            return value
        try:
            told = orjson.loads(textfiles.read(str(value)))
        except ConfigurationError as error:
            self.fail(str(error), param, ctx)
        except ValueError as error:
            self.fail(f"{value}: not valid JSON: {error}", param, ctx)
        if not jsonschema_rs.is_valid(_DURATIONS, told):
            self.fail(
                f'{value}: it has to be {{"casavi-mock": "durations", "version": 1, "jobs": [[RECORDS, SECONDS], …]}} '
                "with one job at least, and at will a seed, a whole number",
                param,
                ctx,
            )
        return Durations(tuple((size, float(seconds)) for size, seconds in told["jobs"]), told.get("seed", 1))


_DURATIONS = {
    "type": "object",
    "required": ["casavi-mock", "version", "jobs"],
    "properties": {
        "casavi-mock": {"const": "durations"},
        "version": {"const": 1},
        "seed": {"type": "integer"},
        "jobs": {
            "type": "array",
            "minItems": 1,
            "maxItems": 10_000,
            "items": {
                "type": "array",
                "minItems": 2,
                "maxItems": 2,
                "prefixItems": [
                    {"type": "integer", "minimum": 0, "maximum": 100_000_000},
                    {"type": "number", "minimum": 0, "maximum": 100_000_000},
                ],
            },
        },
    },
}
"""A file of observed jobs, as JSON Schema."""

SYNCS = ("normal", "full")
"""How sure it is that what was answered is on the disk."""

PROGRESS_OPTIONS = (
    option("--progress", type=click.Choice(PROGRESS), default="time", help="How jobs move on."),
    option("--job-seconds", type=Number(0, 100_000_000), default=0.2, help="Progress `time`: seconds for each job."),
    option(
        "--record-seconds", type=Number(0, 1_000_000), default=0.0, help="Progress `time`: seconds for each record."
    ),
    option(
        "--polls", type=click.IntRange(0, 1_000_000), default=1, help="Progress `manual`: polls from state to state."
    ),
)
"""How jobs move on: the same four words in the profile, the control plane and the pytest plugin."""

OPTIONS = (
    option("--account", type=AccountType(), multiple=True, help="An account; may be given several times."),
    option(
        "--account-file",
        type=SecretFile(AccountType()),
        help="File of KEY:SECRET lines; who lists processes sees options, not files.",
    ),
    option(
        "--load",
        type=Portfolio(),
        multiple=True,
        metavar="PORTFOLIO",
        help="File, folder or sample portfolio for the first account.",
    ),
    *PROGRESS_OPTIONS,
    option(
        "--job-durations",
        type=JobDurations(),
        metavar="FILE",
        show_default=False,
        help="Progress `time`: observed jobs.",
    ),
    option("--keep-documents", is_flag=True, help="Keep the contents of documents, not only a digest."),
    option("--state", type=click.Path(dir_okay=False), help="File that keeps the whole server from run to run."),
    option("--state-journal", is_flag=True, help="Keep the journals in it too."),
    option(
        "--state-sync",
        type=click.Choice(SYNCS),
        default="normal",
        help="`full`: outlive a power loss too.",
    ),
    option(
        "--state-seconds",
        type=Number(0, 60, min_open=True),
        default=2.0,
        help="Delay of records.",
    ),
    limit_options,
    option(
        "--shard-key-file",
        type=SecretFile(ControlToken(), single=True),
        help="File with the key of `casavi-mock shards`.",
    ),
    option("--base-url", type=BaseUrl(), help="Address to tell to clients.  [default: that of the request]"),
    option("--forwarded", is_flag=True, help="Believe the `X-Forwarded-*` headers of a proxy."),
    option("--no-control", is_flag=True, help="No control plane under /_mock, apart from health and readiness."),
    option("--control-token", type=ControlToken(), help="Secret that callers of the control plane have to send."),
    option(
        "--control-token-file", type=SecretFile(ControlToken(), single=True), help="File whose one line is that secret."
    ),
    option(
        "--allowed-host",
        type=AllowedHost(),
        multiple=True,
        help="Name under which the control plane may be asked for, beside those of this machine; *.NAME, * for all.",
    ),
    option(
        "--cors",
        type=Origin(),
        multiple=True,
        help="Origin whose pages may call the API from a browser, such as http://localhost:5173; * for all.",
    ),
    option("--strict", is_flag=True, help="Check own answers against the contract; a wrong one becomes a 500."),
    option("--log-format", type=click.Choice(["text", "json"]), default="text", help="Form of the log lines."),
    option(
        "--log-requests/--no-log-requests",
        default=None,
        help="Log every request, one line each.  [default: on a terminal]",
    ),
    option(
        "--log-level",
        type=click.Choice(["debug", "info", "warning", "error"]),
        default="info",
        help="`debug` shows every request, `warning` refused ones.",
    ),
)


def progress_of(options: Mapping[str, Any]) -> Progress:
    """Returns how jobs move on, as the options say."""
    return Progress(**{place.name: options[place.name] for place in fields(Progress)})


def server_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds what `serve` alone wants: accounts, data, how jobs move on, limits, the edge and the log."""
    for add in reversed(OPTIONS):  # the last one is shown first
        command = add(command)
    return command
