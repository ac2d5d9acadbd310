"""`casavi-mock doctor`: looks at everything that commonly goes wrong."""

import asyncio
import os
import platform
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import click
from rich.text import Text

from casavi_mock.cli.health import problem_at
from casavi_mock.cli.options import CONTEXT, credentials, local_url
from casavi_mock.cli.profiles import BrokenProfile, doctor_options, known_settings
from casavi_mock.cli.tables import print_table
from casavi_mock.errors import ConfigurationError
from casavi_mock.version import __version__

Finding = tuple[str, str, str]
"""Verdict (`ok`, `note`, `bad`), what was looked at, what was found."""

_COLOURS = {"ok": "green", "note": "yellow", "bad": "red"}


@click.command(context_settings=CONTEXT)
@doctor_options
def doctor(profile: Mapping[str, Any] | None, host: str, port: int, key: str | None, secret: str | None) -> None:
    """Check the installation, the settings and the port; exit code 1 if something is bad.

    \b
    Examples:
      casavi-mock doctor
      casavi-mock doctor --profile profile.toml --port 8080
    """
    findings = [
        *_installation(),
        *_variables(),
        *_profile({} if profile is None else profile),
        *_credentials(key, secret),
        *_contract(),
        *_port(host, port),
    ]
    rows = [(Text(verdict, style=_COLOURS[verdict]), subject, text) for verdict, subject, text in findings]
    print_table(("", "", ""), rows)
    sys.exit(1 if any(verdict == "bad" for verdict, _, _ in findings) else 0)


def _installation() -> Iterator[Finding]:
    good = sys.version_info >= (3, 11)
    yield ("ok" if good else "bad", "python", f"{platform.python_version()} ({platform.system()})")
    yield "ok", "casavi-mock", __version__
    for name in ("connexion", "starlette", "uvicorn", "jsonschema-rs"):
        try:
            yield "ok", name, version(name)
        except PackageNotFoundError:
            yield "bad", name, "is not installed; install casavi-mock again"


def _variables() -> Iterator[Finding]:
    known = {"CASAVI_MOCK_" + name.replace("-", "_").upper() for name in known_settings()} | {"CASAVI_MOCK_PROFILE"}
    for name in sorted(os.environ):
        if name.startswith("CASAVI_MOCK_") and name not in known:
            yield "note", name, "is set, but no option reads it"


def _profile(profile: Mapping[str, Any]) -> Iterator[Finding]:
    from casavi_contracts import spec

    if isinstance(profile, BrokenProfile):
        yield "bad", "profile", profile.reason
        return
    overrides = profile.get("assumptions", {})
    try:
        spec.resolve_profile(spec.assumptions(spec.load_document()), overrides)
        yield (
            "ok",
            "profile",
            f"{len(overrides)} assumptions changed" if overrides else "none, all assumptions as they are",
        )
    except spec.ProfileError as error:
        yield "bad", "profile", str(error)


def _credentials(key: str | None, secret: str | None) -> Iterator[Finding]:
    try:
        credentials(key, secret)
        yield "ok", "account", "as given" if key else "the example of casavi's documentation"
    except ConfigurationError as error:
        yield "bad", "account", str(error)


def _contract() -> Iterator[Finding]:
    from casavi_mock.accounts import Settings
    from casavi_mock.server.app import MockApp, new_registry

    try:
        asyncio.run(_start(MockApp(new_registry(Settings.from_profile()))))
        yield "ok", "contract", "loads, and all its operations are there"
    except Exception as error:  # noqa: BLE001  # whatever it is, it is what the doctor is asked for
        yield "bad", "contract", f"{type(error).__name__}: {error}"


async def _start(app: Any) -> None:
    async with app.running():
        pass


def _port(host: str, port: int) -> Iterator[Finding]:
    from casavi_mock.server.serving import bind

    address = local_url(host, port)
    try:
        bind(host, port).close()
        yield "ok", "port", f"{address} is free"
    except ConfigurationError as error:
        ours = problem_at(f"{address}/_mock/ready") is None
        yield ("ok", "port", f"a mock is running at {address}") if ours else ("bad", "port", str(error))
