"""The checks as a test suite: `pytest --pyargs casavi_contracts.suite`, or `casavi-mock check`."""
