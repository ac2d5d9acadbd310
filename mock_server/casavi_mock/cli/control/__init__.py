"""`casavi-mock control`: reads and steers a running mock. Its commands are made from the control plane's document."""

from casavi_mock.cli.control.commands import control_group
from casavi_mock.control.document import read_document

__all__ = ["control"]

control = control_group(
    read_document(),
    help="""Read and steer a running mock. Every command takes --url or --host and --port, --account KEY, and --json.

    Exit code 0: done; 1: there are violations; 2: it could not be done.

    \b
    Examples:
      casavi-mock control reset
      casavi-mock control clock advance --days 31
      casavi-mock control faults add importMasterData --status 503 --times 2
      casavi-mock control violations --junit violations.xml
      casavi-mock control state get before.json --account KEY
    """,
)
