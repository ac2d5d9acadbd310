"""`casavi-mock check`: judges a server by the laws of the API."""

import importlib.util
import sys
from collections.abc import Mapping
from typing import Any

import click

from casavi_mock.cli.options import CONTEXT, credentials, option, profile_option
from casavi_mock.domain.jobs import MODES
from casavi_mock.errors import ConfigurationError

SUITE = "casavi_contracts.suite"


@click.command(context_settings=CONTEXT)
@profile_option
@click.option("--url")
@option("--progress", type=click.Choice(MODES), default="time", help="How jobs of the mock that it starts move on.")
@click.option("--only", multiple=True)
@click.option("--seed")
def check(profile: Mapping[str, Any] | None, **options: Any) -> None:
    """Judge a server by the laws of the API; without --url the mock itself, in this process.

    \b
    Examples:
      casavi-mock check
    """
    for needed in ("pytest", "hypothesis"):
        if importlib.util.find_spec(needed) is None:
            raise ConfigurationError("the laws need more libraries; install casavi-mock[contracts]")
    import pytest

    arguments = ["--disable-plugin-autoload", "-p", f"{SUITE}.options", "-p", "no:cacheprovider", "--pyargs", SUITE]
    for name in ("url", "seed"):
        if options[name]:
            arguments += [f"--casavi-check-{name}={options[name]}"]
    for law in options["only"]:
        arguments += [f"--casavi-check-only={law}"]
    sys.exit(pytest.main(arguments, plugins=[Given(profile or {}, options)]))


class Given:
    """Tells the suite what cannot be told on a command line."""

    def __init__(self, profile: Mapping[str, Any], options: Mapping[str, Any]) -> None:
        self._assumptions = profile.get("assumptions", {})
        self._options = options

    def pytest_casavi_application(self) -> Any:
        """Returns the mock, if there is no address of another server."""
        if self._options["url"]:
            return None
        from casavi_mock.domain.jobs import Progress
        from casavi_mock.web.app import MockApp, new_registry
        from casavi_mock.world import Settings

        progress = Progress(mode=self._options["progress"])
        registry = new_registry(Settings.from_profile(self._assumptions, progress=progress))
        registry.create(*credentials(None, None))  # the first account can never be closed; laws get their own
        return MockApp(registry)

    def pytest_casavi_profile(self) -> Mapping[str, Any]:
        """Returns the assumptions of the profile."""
        return self._assumptions
