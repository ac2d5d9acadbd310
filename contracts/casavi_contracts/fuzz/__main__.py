"""Prints where the shipped settings of schemathesis are, for its own command line."""

import sys

from casavi_contracts.fuzz.settings import CONFIG

if __name__ == "__main__":
    sys.stdout.write(f"{CONFIG}\n")
