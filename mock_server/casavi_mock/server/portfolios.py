"""Loads portfolio files into an account before the server starts."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from casavi_contracts import spec
from casavi_mock.accounts import Account
from casavi_mock.bodies.body import parse
from casavi_mock.bodies.validation import BodySchema
from casavi_mock.domain.model import Outcome, RecordError
from casavi_mock.domain.ordering import plan
from casavi_mock.errors import ConfigurationError, Refused
from casavi_mock.server.textfiles import mark_length, read

_SHOWN = 5
"""Places that an error text names at most."""


def load(account: Account, name: str) -> dict[str, int]:
    """Imports a portfolio into an account at once, without a job.

    Args:
        account: The account.
        name: A file or pipe, a folder with `*.json` files (taken in the order of their names, without hidden ones), or
            a sample portfolio.

    Returns:
        How many records were created or updated, by entity.

    Raises:
        ConfigurationError: There is no such portfolio, or it is not one; nothing says how much of it was imported,
            since the server does not start then.
    """
    totals: dict[str, int] = {}
    for source, content in _sources(name):
        for entity, number in _load_one(account, source, content).items():
            totals[entity] = totals.get(entity, 0) + number
    return totals


def _sources(name: str) -> Iterator[tuple[str, bytes]]:
    from casavi_fixtures import portfolio_bytes, portfolio_names

    path = Path(name)
    if path.is_dir():
        files = _files(path)
        if not files:
            raise ConfigurationError(f"{name}: the folder holds no *.json file to load")
        yield from ((str(file), read(file)) for file in files)
    elif path.exists():
        yield name, read(path)
    elif path.is_symlink():
        raise ConfigurationError(f"{name}: a link that leads nowhere")
    elif name in portfolio_names():
        yield name, portfolio_bytes(name)
    else:
        samples = ", ".join(portfolio_names())
        raise ConfigurationError(f"{name}: neither a file, nor a folder, nor a sample portfolio ({samples})")


def _files(folder: Path) -> list[Path]:
    """Returns the portfolios in a folder; neither hidden files, which editors and systems leave there, nor folders."""
    try:
        found = sorted(folder.iterdir())
    except OSError as error:
        raise ConfigurationError(f"{folder}: {error.strerror}") from None
    return [
        file for file in found if file.suffix.lower() == ".json" and not file.name.startswith(".") and not file.is_dir()
    ]


def read_document(document: Mapping[str, Any], source: str, content: bytes) -> Any:
    """Returns a portfolio, checked against the contract.

    Args:
        document: The contract document.
        source: What it is called in errors.
        content: The JSON text; its member `_mock`, if it has one, is left unchecked.

    Raises:
        ConfigurationError: It is no JSON, or not a portfolio.
    """
    try:
        body = parse(content[mark_length(content, source) :])
    except Refused as error:
        raise ConfigurationError(f"{source}: {error.detail}") from None
    portfolio = {name: value for name, value in body.items() if name != "_mock"} if isinstance(body, dict) else body
    schema = spec.request_schema(dict(document), "importMasterData")
    assert schema is not None, "the import takes a body"
    places = [(error.pointer or "the document", error.message) for error in BodySchema(schema).errors(portfolio)]
    if places:
        raise ConfigurationError(_report(source, places))
    return body


def _load_one(account: Account, source: str, content: bytes) -> dict[str, int]:
    body = read_document(account.settings.document, source, content)
    totals: dict[str, int] = {}
    errors: list[RecordError] = []
    for entity, outcome in account.load(plan(body, account.settings.shape)):
        if isinstance(outcome, RecordError):
            errors.append(outcome)
        elif outcome is not Outcome.UNCHANGED:
            totals[entity] = totals.get(entity, 0) + 1
    if errors:
        raise ConfigurationError(_report(source, [(error.pointer, error.message) for error in errors]))
    return totals


def _report(source: str, places: list[tuple[str, str]]) -> str:
    lines = [f"  {pointer}: {message}" for pointer, message in places[:_SHOWN]]
    more = [f"  and {len(places) - _SHOWN} more"] if len(places) > _SHOWN else []
    return "\n".join([f"{source}: not a portfolio that can be loaded", *lines, *more])
