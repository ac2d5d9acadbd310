"""Hooks and fixtures of the plugin; there are none yet."""
