"""One account and everything that belongs to it, and the registry of all accounts of a server."""

from casavi_mock.accounts.account import Account
from casavi_mock.accounts.register import own_register
from casavi_mock.accounts.registry import Registry
from casavi_mock.accounts.settings import Limits, Settings
from casavi_mock.accounts.snapshots import SnapshotInfo

__all__ = ["Account", "Limits", "Registry", "Settings", "SnapshotInfo", "own_register"]
