"""The server of a session, as a fixture with a wider scope uses it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from pytest_casavi.config import CasaviConfig
from pytest_casavi.factory import Pool, open_casavi
from pytest_casavi.handle.account import Casavi
from pytest_casavi.judging import failure_of
from pytest_casavi.marks import Marks, names_of_rules
from pytest_casavi.names import Rule


class CasaviServer:
    """The mock that runs for the session.

    Args:
        pool: The servers of the session.
        config: What the project says.
    """

    def __init__(self, pool: Pool, config: CasaviConfig) -> None:
        self._pool = pool
        self._backend = pool.backend(config)
        self._config = config

    def __repr__(self) -> str:
        return f"<CasaviServer at {self.url}>"

    @property
    def url(self) -> str:
        """Address of the API, without a slash at its end."""
        return self._backend.url

    @contextmanager
    def account(
        self,
        *,
        load: str | Path | Mapping[str, Any] | None = None,
        allow: Rule | Sequence[Rule] = (),
        progress: str | None = None,
        freeze: bool | str | datetime | None = None,
    ) -> Iterator[Casavi]:
        """Opens an account for as long as the `with` lasts, for a fixture of a module or a session.

        Its clients are judged at its end, as those of a test are.

        Args:
            load: Sample portfolio, file or document that it holds from the start.
            allow: Rules that clients may break.
            progress: How its jobs move on.
            freeze: True or a later moment, to begin with a clock that stands still.
        """
        allowed = names_of_rules(allow, "casavi_server.account(allow=…)")
        wanted = Marks(load=load, allow=allowed, progress=progress, freeze=freeze)
        opened = open_casavi(self._backend, self._config, wanted)
        self._pool.wide.append(opened)
        failure = None
        try:
            yield opened.casavi
            failure = failure_of([opened]) if self._pool.judging else None
        finally:
            self._pool.wide.remove(opened)
            if failure is None:
                opened.close()
        if failure is not None:
            self._pool.guilty.append(opened)  # closed when its report is made
            raise failure
