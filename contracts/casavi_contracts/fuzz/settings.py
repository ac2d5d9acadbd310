"""Where the settings are, and what can be chosen."""

from pathlib import Path

NAME = "schemathesis"
"""What the run is called among the checks."""

PHASES = ("examples", "coverage", "fuzzing", "stateful")
"""The phases of schemathesis, in the order in which they run."""

CONFIG = Path(__file__).with_name("schemathesis.toml")
"""The shipped settings."""
