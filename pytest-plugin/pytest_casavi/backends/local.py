"""The mock in this process: its application, and accounts of it."""

import tomllib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from casavi_contracts.spec import ProfileError, read_files
from casavi_mock.accounts import Limits, Settings
from casavi_mock.domain.jobs import Progress
from casavi_mock.domain.model import Secret
from casavi_mock.server.app import MockApp, new_registry
from casavi_mock.server.options import EdgeOptions
from casavi_mock.system import steady_now
from pytest_casavi.backends.direct import DirectPlane, DirectSteering
from pytest_casavi.config import CasaviConfig
from pytest_casavi.errors import CannotSteer
from pytest_casavi.handle.account import Account
from pytest_casavi.mutants.vendor import STAGE
from pytest_casavi.secret_text import SECRETS, Secrets

if TYPE_CHECKING:
    from pytest_casavi.transport import Transport

MAX_JOURNAL = 10_000
"""Requests that are kept of a test."""


def new_app(config: CasaviConfig, made: Secrets = SECRETS, control_token: Secret | None = None) -> MockApp:
    """Returns the mock as an application, without accounts.

    Args:
        config: How it behaves.
        made: Makes its tokens.
        control_token: What its control plane wants to know; None closes it, as it is steered from here.

    Raises:
        CannotSteer: An assumption is unknown or cannot have that value.
    """
    progress = Progress(
        **config.queue,
    )
    try:
        chosen, files = _profile(config)
        settings = Settings.from_profile(chosen, **files, progress=progress, limits=Limits(max_journal=MAX_JOURNAL))
    except ProfileError as error:
        raise CannotSteer(f"casavi_config: {_shortly(str(error))}") from None
    if STAGE.on and "overlay" in files:
        raise CannotSteer(
            "casavi_config: mutants change answers of the shipped document, and the profile has an overlay; "
            "run --casavi-mutants without it"
        )
    registry = new_registry(settings, now=steady_now, new_token=made.new_token)
    registry.adopts = True  # one test runs at a time
    options = EdgeOptions(control=control_token is not None, control_token=control_token)
    return MockApp(registry, now=steady_now, options=options)


def _profile(config: CasaviConfig) -> tuple[dict[str, Any], dict[str, Any]]:
    """Returns the values of assumptions, and what the files hold that a profile names.

    Raises:
        ProfileError: The profile cannot be read or used.
    """
    if config.profile is None:
        return dict(config.assumptions), {}
    try:
        profile = tomllib.loads(config.profile.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ProfileError(f"{config.profile}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ProfileError(f"{config.profile}: not valid TOML: {error}") from None
    return {**profile.get("assumptions", {}), **config.assumptions}, read_files(config.profile, profile)


def _shortly(wrong: str) -> str:
    """Returns what is wrong with a profile, without the names of all assumptions where one of them is meant."""
    what, _, every = wrong.partition("\n  possible are: ")
    return (
        what
        if not every or "did you mean" in what
        else f"{what}. `casavi-mock assumptions` lists those that there are."
    )


class Accounts:
    """Accounts of an application in this process.

    Args:
        app: The application.
        url: Its address.
        transport: Where requests go that need no socket.
    """

    def __init__(self, app: MockApp, url: str, transport: "Transport | None" = None) -> None:
        self._registry = app.registry
        self._plane = DirectPlane(app.registry, url)
        self._transport = transport
        self._url = url
        SECRETS.living[self] = self._living

    def open(self) -> Account:
        """Opens an account with a key that nobody can guess."""
        key, secret = SECRETS.new(16), SECRETS.new(32)
        account = self._registry.create(str(key), Secret(str(secret)))
        return Account(
            url=self._url,
            key=key,
            secret=secret,
            steering=DirectSteering(self._plane, key),
            transport=self._transport,
            asked=lambda: account.journal.last_number,
            close=lambda: self._close(key),
        )

    def close(self) -> None:
        """Closes all accounts that are left."""
        for account in self._registry:
            self._close(account.key)
        SECRETS.living.pop(self, None)

    def _living(self) -> Iterator[str]:
        for account in reversed(tuple(self._registry)):
            yield from (account.key, account.secret.reveal())
        yield from reversed(tuple(self._registry.issued))

    def _close(self, key: str) -> None:
        if self._registry.get(key) is not None:
            self._registry.delete(key)
