"""Hypothesis strategies for master data: use them to test your own client too."""

from casavi_contracts.strategies.portfolios import master_data

__all__ = ["master_data"]
