"""One account and everything that belongs to it, and the registry of all accounts of a server."""

from casavi_mock.world.account import World
from casavi_mock.world.registry import Registry
from casavi_mock.world.settings import Limits, Settings
from casavi_mock.world.snapshots import SnapshotInfo

__all__ = ["Limits", "Registry", "Settings", "SnapshotInfo", "World"]
