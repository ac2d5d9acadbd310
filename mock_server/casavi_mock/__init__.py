"""A mock of the casavi Manager API: accounts, asynchronous imports, jobs, and what a test needs to steer them."""

from casavi_mock.version import __version__

__all__ = ["__version__"]
