"""`casavi-mock record`: stands in front of the real API, and writes down what passes, redacted."""

import asyncio
import importlib
import importlib.util
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from casavi_mock.cli.options import CONTEXT, Host, option
from casavi_mock.cli.profiles import profile_option
from casavi_mock.errors import ConfigurationError
from casavi_mock.version import __version__

PORT = 4228

_KIT = "casavi_contracts.observe"
_LISTED = 25
_INSTALL = "python -m venv .record && .record/bin/pip install 'casavi-mock[record]'"


class Upstream(click.ParamType):  # type: ignore[type-arg]  # generic only in newer versions of click
    """Scheme, host and port of an API."""

    name = "URL"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Returns it without anything else."""
        try:
            parts = urlsplit(str(value).strip())
            good, host, port = parts.scheme in ("http", "https") and bool(parts.hostname), parts.hostname, parts.port
        except ValueError:
            good, host, port = False, "", None
            parts = urlsplit("")
        if parts.username is not None:
            self.fail("the address holds a user name; the client sends key and secret by itself.", param, ctx)
        if not good or parts.path.strip("/") or parts.query or parts.fragment:
            self.fail(f"{value!r}: give scheme and host alone, such as https://api.mycasavi.com.", param, ctx)
        shown = f"[{host}]" if host and ":" in host else host
        return f"{parts.scheme}://{shown}" + (f":{port}" if port else "")


def _keep(ctx: click.Context, param: click.Parameter, value: tuple[str, ...]) -> tuple[str, ...]:
    known = importlib.import_module(f"{_KIT}.redact").FIELD_CLASSES
    for name in value:
        if name not in known:
            raise click.BadParameter(f"{name!r} is none of {', '.join(known)}.", ctx=ctx, param=param)
    return value


@click.command(context_settings=CONTEXT)
@click.option("--upstream", type=Upstream(), required=True, help="The API in front of which it stands.")
@option("--host", "-H", type=Host(), default="127.0.0.1", envvar="CASAVI_RECORD_HOST", help="Address to listen at.")
@option(
    "--port",
    "-p",
    type=click.IntRange(0, 65535),
    default=PORT,
    envvar="CASAVI_RECORD_PORT",
    help="Port, 0 for any free one.",
)
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), required=True, help="HAR file to write.")
@click.option(
    "--keep", multiple=True, metavar="CLASS", callback=_keep,
    help="Leave fields of this class as they are: names, contact, address, notes, custom, ids, other.",
)  # fmt: skip
@click.option(
    "--max-body", type=click.IntRange(1, 256), default=16, help="Megabytes of a body that are kept.  [default: 16]"
)
@profile_option
def record(
    upstream: str, host: str, port: int, output: Path, keep: tuple[str, ...], max_body: int,
    profile: Mapping[str, Any] | None,
) -> None:  # fmt: skip
    """Stand in front of the real API: everything passes unchanged, is judged by the contract, redacted and written.

    Secrets never reach the file; data about people become pseudonyms that are the same throughout the recording. Ctrl-C
    or SIGTERM ends it. Needs mitmproxy: install casavi-mock[record].

    Exit code 0: something was recorded; 2: nothing was, or no answer came.

    \b
    Examples:
      casavi-mock record --upstream https://api.mycasavi.com --output traffic.har
      CASAVI_URL=http://127.0.0.1:4228 python my_client.py
    """
    if importlib.util.find_spec("mitmproxy") is None:
        raise ConfigurationError(f"recording needs mitmproxy, in an environment of its own: {_INSTALL}")
    recorder, file = _recorder(output, keep, profile or {})
    try:
        failed = _run(recorder, upstream, host, port, output, max_body * 1_000_000)
    except BaseException:
        _discard(file, output)
        raise
    file.close()
    _end(recorder, file.count, output)
    if not file.count:
        output.unlink()
    sys.exit(2 if failed or not recorder.answered else 0)


def _recorder(output: Path, keep: tuple[str, ...], profile: Mapping[str, Any]) -> tuple[Any, Any]:
    """Returns what judges and writes, and the file."""
    recording, redact = importlib.import_module(f"{_KIT}.recording"), importlib.import_module(f"{_KIT}.redact")
    kit, sending = (
        importlib.import_module("casavi_contracts.contract"),
        importlib.import_module(f"{_KIT}.replay.sending"),
    )
    try:
        given = (profile.get("assumptions", {}), profile.get("overlay"), profile.get("evidence"))
        contracts = {version: kit.Contract(version, *given) for version in kit.VERSIONS}
    except ValueError as error:
        raise ConfigurationError(f"profile: {error}") from error
    try:
        file = recording.ArchiveFile(output, ("casavi-mock record", __version__))
    except FileExistsError:
        raise ConfigurationError(f"{output}: is there already; name another file, or remove it") from None
    except OSError as error:
        raise ConfigurationError(f"{output}: cannot be written: {error.strerror}") from error
    return recording.Recorder(contracts, redact.Redaction(keep, sending.words_of(contracts)), file), file


def _run(recorder: Any, upstream: str, host: str, port: int, output: Path, most: int) -> bool:
    """Lets traffic pass until a signal comes; returns whether something could not be written."""
    from casavi_contracts.http.network import UnusableVariable, proxy_for
    from casavi_mock.cli import passing

    make = importlib.import_module(f"{_KIT}.recording").Passed
    try:
        proxy = passing.proxy_of(proxy_for(upstream))
    except UnusableVariable as error:
        raise ConfigurationError(str(error)) from None

    def ready(address: str) -> None:
        click.echo(f"recording {upstream} at {address} into {output}")
        click.echo("Give that address to the client, such as CASAVI_URL. Ctrl-C ends the recording.")

    async def run() -> bool:
        addon = passing.Addon(lambda members: list(recorder.take(make(**members))), _tell, most, proxy)
        await passing.passing(addon, upstream, host, port, ready)
        return addon.failed is not None

    return asyncio.run(run())


def _tell(line: str) -> None:
    encoding = sys.stdout.encoding or "utf-8"
    click.echo(line.encode(encoding, errors="replace").decode(encoding))


def _discard(file: Any, output: Path) -> None:
    file.close()
    if not file.count:
        output.unlink(missing_ok=True)


def _end(recorder: Any, count: int, output: Path) -> None:
    """Tells what was recorded, the violations by cause, and what the recording says about our guesses."""
    _tell("")
    if not count:
        _tell("nothing has passed, so nothing was recorded")
        return
    found = sorted(recorder.violations.items(), key=lambda one: -one[1])
    for violation, number in found[:_LISTED]:
        _tell(f"{number:>6}  {violation.side} violates: {violation.what}")
    if len(found) > _LISTED:
        _tell(f"        and {len(found) - _LISTED} more causes")
    _tell(f"{count:,} exchanges in {output}, without secrets; {len(found)} causes of violations")
    if recorder.unkept:
        _tell(f"{recorder.unkept:,} bodies are not in it: no JSON, or longer than --max-body")
    if recorder.answered:
        _calibrate(output)


def _calibrate(output: Path) -> None:
    """Tells what the recording says about our guesses, where there is the command for it."""
    root = click.get_current_context().find_root()
    if not isinstance(root.command, click.Group) or root.command.get_command(root, "calibrate") is None:
        return
    try:
        root.command.main(["calibrate", str(output)], prog_name="casavi-mock", standalone_mode=False)
    except (SystemExit, ConfigurationError, click.ClickException):  # what it has to say, it has said
        return
