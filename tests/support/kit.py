"""What tests of the contract kit share."""

import contextlib
import functools
from collections.abc import Iterator
from typing import Any

from casavi_contracts.context import Accounts
from casavi_contracts.contract import Contract
from casavi_contracts.http.exchange import Recorder, Redactor
from casavi_contracts.http.target import Credentials, Target
from tests.support.server import SECRET, shared_mock
from tests.support.tamper import Tamper


@functools.cache
def contract(version: str = "v1") -> Contract:
    """Returns the contract of a version as assumed; it is only read. Making one takes longer than judging a check."""
    return Contract(version)


def accounts(target: Target, contract: Contract, run: str = "t-") -> Accounts:
    """Returns accounts for cases."""
    return Accounts(target, contract, run)


def shared_target(tamper: Tamper | None = None, **options: Any) -> contextlib.AbstractContextManager[Target]:
    """Returns the shared mock as a target that remembers a whole run; arguments as those of `Mock.target`."""
    return shared_mock().target(tamper, **{"recorder": Recorder(Redactor(), 10_000), **options})


@contextlib.contextmanager
def shared_account(tamper: Tamper | None = None, **options: Any) -> Iterator[tuple[Target, Credentials]]:
    """Yields the same as a target that does not show itself to be a mock, and an account there."""
    credentials = Credentials(shared_mock().account().key, SECRET)
    with shared_target(tamper, steered=False, credentials=(credentials,), **options) as found:
        yield found, credentials
