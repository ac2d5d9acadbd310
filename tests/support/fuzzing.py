"""A healthy application and its target, as fuzzing tests need them."""

import contextlib
import functools
from collections.abc import Iterator
from typing import Any

import httpx

from casavi_contracts.contract import Contract
from casavi_contracts.exchange import Recorder, Redactor
from casavi_contracts.target import ControlPlane, Credentials, InProcess, Target
from tests.support.client import SECRET, shared_mock


@functools.cache
def healthy() -> Any:
    """The application without a fault; the account that is opened first is its default one, which cannot be closed."""
    mock = shared_mock()
    mock.account()
    return mock.app


@functools.cache
def contract(version: str = "v1") -> Contract:
    """A contract; it is only read."""
    return Contract(version)


@contextlib.contextmanager
def target(app: Any, **options: Any) -> Iterator[Target]:
    """A target in this process that shows itself to be a mock; options as those of `Target`."""
    with httpx.Client(transport=InProcess(app), base_url="http://mock") as http:
        yield Target(http, **{"plane": ControlPlane.find(http), "recorder": Recorder(Redactor(), 10_000), **options})


@contextlib.contextmanager
def account(app: Any, **options: Any) -> Iterator[tuple[Target, Credentials]]:
    """A target that does not show itself to be a mock, and an account there; options as those of `Target`."""
    account = shared_mock().account()
    credentials = Credentials(account.key, SECRET)
    with target(app, plane=None, credentials=(credentials,), **options) as found:
        yield found, credentials
