"""The files beside a profile: an overlay, and evidence."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from casavi_contracts.spec.applied import contract_documents
from casavi_contracts.spec.document import parse_yaml
from casavi_contracts.spec.overlay import normal
from casavi_contracts.spec.register import ProfileError

FILES = {"overlay": 2_000_000, "evidence": 10_000_000}
"""Tables of a profile that name a file beside it, and its length in bytes at most."""


def read_files(path: Path, profile: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what the files hold that a profile names, by table; each is checked with the contract.

    Args:
        path: The profile.
        profile: What stands in it.

    Raises:
        ProfileError: A file cannot be read, or does not fit; the text begins with its name.
    """
    found: dict[str, Any] = {}
    for name, most in FILES.items():
        if name not in profile:
            continue
        table = profile[name]
        if not isinstance(table, dict) or set(table) != {"file"} or not isinstance(table["file"], str):
            wanted = f'[{name}] has one setting, file = "…", the name of a file beside the profile'
            raise ProfileError(f"{path}: {wanted}; it has {table!r}")
        file = path.parent / table["file"]
        try:
            found[name] = normal(_content(file, most))
            contract_documents(overlay=found.get("overlay"), evidence=found.get("evidence"))
        except ProfileError as error:
            raise ProfileError(f"{file}: {error}") from None
    return found


def _content(file: Path, most: int) -> Any:
    """Returns what a file of YAML or JSON holds."""
    try:
        if file.stat().st_size > most:
            raise ProfileError(f"it is longer than {most // 1_000_000} MB")
        return parse_yaml(file.read_bytes())
    except OSError as error:
        raise ProfileError(str(error.strerror)) from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise ProfileError(f"neither YAML nor JSON: {' '.join(str(error).split())[:200]}") from None
