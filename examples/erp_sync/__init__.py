"""Keeps casavi up to date with what an ERP exports."""
