"""`python -m casavi_mock` is the command `casavi-mock`."""

from casavi_mock.cli import main

main()
