"""The options of `serve` that bound what clients can make grow, and how long a client is waited for."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

import click

from casavi_mock.accounts import Limits
from casavi_mock.cli.options import Number, option
from casavi_mock.server.options import ConnectionLimits

ASSUMPTIONS: Mapping[str, tuple[Number | click.IntRange, str]] = {
    "max-body-mb": (Number(0, 2000, min_open=True), "Longest request body.  [default: 100]"),
    "queue-limit": (click.IntRange(1, 1_000_000), "Unfinished jobs of an account.  [default: 10000]"),
    "record-limit": (click.IntRange(1, 100_000_000), "Records of an account.  [default: 2000000]"),
}
"""Assumptions that are options too, since nobody asks about casavi who wants to spare memory."""

HELP: Mapping[str, str] = {
    "max_nesting": "Levels of nesting in a request body.",
    "max_import_records": "Contacts, properties and responsibilities of an import, together.",
    "max_waiting_mb": "What the unfinished jobs of an account import, together.",
    "max_jobs": "Jobs kept for an account.",
    "max_job_errors": "Errors of all ended jobs of an account.",
    "max_tokens": "Tokens remembered for an account.",
    "max_journal": "Exchanges in the journal of an account.",
    "max_journal_mb": "What these take together, roughly.",
    "max_snapshots": "Snapshots of an account.",
    "max_accounts": "Accounts of the server.",
    "max_connections": "Open connections.",
    "max_headers": "Headers of a request.",
    "max_header_bytes": "Address and headers of a request.",
    "header_seconds": "Longest wait for the headers of a request.",
    "body_seconds": "Longest wait for its body.",
    "answer_seconds": "Longest wait for a client that takes nothing of its answer.",
    "idle_seconds": "Longest pause between two requests of a connection.",
}
"""What is said of each bound, by the name of its field."""


def limit_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds an option for every bound."""
    defaults = {place.name: place.default for place in (*fields(Limits), *fields(ConnectionLimits))}
    for name, text in reversed([*HELP.items()]):  # the last one is shown first
        default = defaults[name]
        kind = click.IntRange(1) if isinstance(default, int) else Number(0, min_open=True)
        command = option(f"--{name.replace('_', '-')}", type=kind, default=default, help=text)(command)
    for name, (kind, text) in reversed([*ASSUMPTIONS.items()]):
        command = option(f"--{name}", type=kind, help=text)(command)
    return command


def assumed(options: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the assumptions that were given as options."""
    given = {name: options[name.replace("-", "_")] for name in ASSUMPTIONS}
    return {name: value for name, value in given.items() if value is not None}


def limits(options: Mapping[str, Any]) -> Limits:
    """Returns the bounds on what clients can make grow."""
    return Limits(**{place.name: options[place.name] for place in fields(Limits)})


def connection_limits(options: Mapping[str, Any]) -> ConnectionLimits:
    """Returns the bounds on connections."""
    return ConnectionLimits(**{place.name: options[place.name] for place in fields(ConnectionLimits)})
