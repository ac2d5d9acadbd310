"""The command `casavi-mock`."""


def main() -> None:
    """Runs the command line."""
