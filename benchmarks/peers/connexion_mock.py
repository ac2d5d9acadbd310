"""connexion's own mock, which answers the examples of the document. It knows neither tokens nor jobs.

Errors are left out of its copy of the document: it cannot choose between two media types.
"""

import json
import os
import warnings
from pathlib import Path
from typing import Any

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from connexion import AsyncApp
    from connexion.mock import MockResolver


async def anybody(token: str, required_scopes: Any = None) -> dict[str, str]:
    return {"sub": token}


document = json.loads(Path(os.environ["BENCH_DOCUMENT"]).read_text())
document["components"]["securitySchemes"]["tokenAuth"]["x-apikeyInfoFunc"] = f"{__name__}.anybody"
for path in document["paths"].values():
    for operation in path.values():
        operation["responses"] = {status: told for status, told in operation["responses"].items() if status < "400"}
app = AsyncApp(__name__)
app.add_api(document, resolver=MockResolver(mock_all=True))
