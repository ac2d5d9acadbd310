"""Resolves the dependencies of pyproject.toml into exact versions with hashes, for every Python and platform."""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent

FILES = {
    "runtime.txt": ["pyproject.toml"],
    "build.txt": ["requirements/build.in"],
    "dev.txt": ["pyproject.toml", "--extra", "dev", "--constraint", "requirements/runtime.txt"],
    "bench.txt": ["pyproject.toml", "--extra", "bench", "--constraint", "requirements/dev.txt"],
    "audit.txt": ["requirements/audit.in"],
    "site.txt": ["requirements/site.in", "--constraint", "requirements/dev.txt"],
    "mutate.txt": ["pyproject.toml", "--extra", "mutate", "--constraint", "requirements/dev.txt"],
    # What is not asked for by name is as new as it may be: whose floors those are is not ours to say.
    "lowest.txt": ["pyproject.toml", "--extra", "dev", "--resolution", "lowest-direct"],
}


def main() -> None:
    """Writes every requirements file; needs `uv` on the path."""
    for name, arguments in FILES.items():
        command = ["uv", "pip", "compile", "--universal", "--python-version", "3.11", "--generate-hashes", "--quiet"]
        # Without the extras, pip takes a library that another one asks for with an extra for one that is not locked.
        command += ["--no-emit-index-url", "--no-annotate", "--no-strip-extras"]
        command += ["--custom-compile-command", "make lock", *sys.argv[1:]]
        subprocess.run([*command, *arguments, "-o", f"requirements/{name}"], check=True, cwd=HERE.parent)  # noqa: S603


if __name__ == "__main__":
    main()
