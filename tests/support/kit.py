"""The contract kit at a mock in this process."""

import contextlib
import functools
from collections.abc import Callable, Iterator
from typing import Any

import httpx

from casavi_contracts.contract import Contract
from casavi_contracts.target import ControlPlane, Credentials, InProcess, Target
from casavi_contracts.trial import Accounts
from casavi_mock.accounts import Settings
from casavi_mock.domain.jobs import Progress
from casavi_mock.domain.model import Secret
from casavi_mock.server.app import MockApp, new_registry

Application = Callable[[Any, Any, Any], Any]

CREDENTIALS = Credentials("key-of-the-first-account", "secret-of-the-first-account")


@functools.cache
def contract(version: str, **profile: Any) -> Contract:
    """Returns a contract; names of assumptions with underscores."""
    return Contract(version, {name.replace("_", "-"): value for name, value in profile.items()})


@contextlib.contextmanager
def target(
    mode: str = "immediate",
    *,
    polls: int = 1,
    steered: bool = True,
    profile: dict[str, Any] | None = None,
    around: Callable[[Application], Application] = lambda app: app,
    sleep: Callable[[float], None] = lambda seconds: None,
) -> Iterator[Target]:
    """Yields a mock in this process as a target.

    Args:
        mode: How jobs move on.
        polls: In mode `manual`, polls from one state to the next.
        steered: Whether the kit may use the control plane: fresh accounts, and a clock.
        profile: Values of assumptions.
        around: Wraps the application, to make it wrong on purpose.
        sleep: Waits.
    """
    registry = new_registry(Settings.from_profile(profile or {}, progress=Progress(mode=mode, polls=polls)))
    registry.create(CREDENTIALS.key, Secret(CREDENTIALS.secret))
    with httpx.Client(transport=InProcess(around(MockApp(registry))), base_url="http://mock") as http:
        plane = ControlPlane.find(http) if steered else None
        yield Target(http, () if steered else (CREDENTIALS,), plane=plane, sleep=sleep)


def accounts(target: Target, contract: Contract, run: str = "t-") -> Accounts:
    """Returns accounts for trials."""
    return Accounts(target, contract, run)
