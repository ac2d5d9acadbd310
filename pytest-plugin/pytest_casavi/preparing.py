"""Loads whatever a test may need before one can replace it: modules, data files, and the mock itself."""

import importlib

from casavi_fixtures import load_portfolio
from pytest_casavi.config import CasaviConfig
from pytest_casavi.factory import Pool

_MODULES = (
    "casavi_mock.journal.har", "casavi_contracts.http.network", "pytest_casavi.clients", "anyio.to_thread",
    "pytest_casavi.report", "pytest_casavi.judging", "pytest_casavi.session",
)  # fmt: skip


def prepare(pool: Pool, config: CasaviConfig) -> None:
    """Loads everything, and starts the mock unless it is what runs at an address.

    Args:
        pool: Keeps what was started.
        config: What the project says; tests may still ask for another one.
    """
    for name in _MODULES:
        importlib.import_module(name)
    if config.backend == "url":
        importlib.import_module("pytest_casavi.backends.remote")
    load_portfolio("small-house")
    if config.backend != "url":
        pool.backend(config)
