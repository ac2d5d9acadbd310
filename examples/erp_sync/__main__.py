"""The command: `python -m erp_sync FOLDER`."""

import os
import sys
from pathlib import Path

from erp_sync.api import URL, CasaviApi, CasaviError
from erp_sync.erp import read
from erp_sync.sync import sync


def main() -> int:
    """Syncs one export; returns 0 if all went well, 1 if records were refused, 2 if casavi could not be reached."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "export")
    url = os.environ.get("CASAVI_URL", URL)
    try:
        with CasaviApi(url, os.environ["CASAVI_API_KEY"], os.environ["CASAVI_API_SECRET"]) as api:
            report = sync(read(folder), api)
    except (CasaviError, OSError) as error:
        print(f"erp_sync: {error}", file=sys.stderr)
        return 2
    print(report)
    return 1 if report.refused else 0


if __name__ == "__main__":
    sys.exit(main())
