"""The contract documents of both versions, as they are served."""

from collections.abc import Mapping
from typing import Any

from casavi_contracts import spec


def vendor_documents(document: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Returns the contract documents by the path they are served under.

    Args:
        document: That of version 1, with the profile applied; its register says what the profile was.
    """
    values = {name: entry["value"] for name, entry in document["x-assumptions"].items()}
    return {"": document, "/v2": spec.apply_profile(spec.load_document("v2"), values)}
