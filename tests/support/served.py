"""A mock at an address, as `casavi-mock serve` runs it."""

from collections.abc import Iterator
from types import SimpleNamespace

from casavi_mock.accounts import Settings
from casavi_mock.domain.model import Secret
from casavi_mock.server.app import MockApp, new_registry
from casavi_mock.server.options import EdgeOptions
from tests.support.client import Live

CONTROL_TOKEN = "c0ntrol-t0ken-of-the-tests"
KEY, SECRET = "k" * 16, "s" * 16


def serve(options: EdgeOptions) -> Iterator[SimpleNamespace]:
    """Runs a mock as `casavi-mock serve` would, and yields it with its address."""
    registry = new_registry(Settings.from_profile())
    registry.create(KEY, Secret(SECRET))
    app = MockApp(registry, options=options)
    with Live(SimpleNamespace(app=app)).running() as live:
        yield SimpleNamespace(url=live.url, registry=registry)
