"""Imports one after another, held against the model; if they differ, against the model with another assumption."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from casavi_contracts.context import Context
from casavi_contracts.contract import Contract
from casavi_contracts.expect.observing import expect_job, expect_read, expect_refused, status_of_refused
from casavi_contracts.failures import Broken
from casavi_contracts.model import Account, Job, Rejected
from casavi_contracts.model.dates import FORMAT
from casavi_contracts.promises import Named

STORED = Named.IMPORTED_RECORDS_ARE_STORED
"""The check that most others need: what was imported can be read."""

BEGIN, SEND, LOOK = "begin", "send", "look"
"""What a step does: import what has to be there, import something, hold what is seen against the model."""

Step = tuple[str, Any]
"""What is done, and the portfolio that is imported, with local ids."""

Steps = Callable[[Context, Any], Iterator[Step]]
"""Makes the steps of a case."""


class History:
    """The imports of one context.

    Args:
        ctx: The context.
        assumption: What the check rests on. If the target does not do what the model says, values are tried that the
            assumption can have besides, and the one that explains what was seen is told.
        evidence: Evidence of the check.
    """

    def __init__(self, ctx: Context, assumption: str, evidence: str = "assumed") -> None:
        self.ctx = ctx
        self.assumption = assumption
        self.evidence = evidence
        self._imports: list[tuple[dict[str, Any], Mapping[str, Any] | None]] = []

    def begin(self, portfolio: Mapping[str, Any]) -> None:
        """Imports what the check needs to be there, with local ids; that it can be read is another check."""
        self.send(portfolio)
        try:
            self._compare(self.ctx.contract, jobs=False)
        except Broken as broken:
            raise Broken(broken.expected, broken.observed, check=broken.check or STORED) from broken

    def send(self, portfolio: Mapping[str, Any]) -> None:
        """Imports a portfolio with local ids; whether it has to be accepted is judged afterwards."""
        sent = self.ctx.names.own(portfolio)
        client = self.ctx.account
        job = None
        if isinstance(Account(self.ctx.contract).apply(sent), Job):
            answer = client.send("importMasterData", body=sent)
            refused = answer.status == status_of_refused(self.ctx.contract)
            job = None if refused else client.finish(client.job_id(answer, sent))
        self._imports.append((sent, job))

    def tell(self, steps: Iterable[Step], *, jobs: bool = True) -> None:
        """Does one step after another, and looks at the end.

        Args:
            steps: Each is done before the next is asked for.
            jobs: As for `expect`.
        """
        last = ""
        for last, portfolio in steps:
            if last == LOOK:
                self.expect(jobs=jobs)
            else:
                (self.begin if last == BEGIN else self.send)(portfolio)
        if last != LOOK:
            self.expect(jobs=jobs)

    def expect(self, *, jobs: bool = True) -> None:
        """Breaks the check unless reads, and jobs if wanted, are as the model says."""
        try:
            self._compare(self.ctx.contract, jobs=jobs)
        except Broken as broken:
            raise Broken(
                broken.expected,
                broken.observed,
                check=broken.check,
                evidence=self.evidence,
                assumption=self.assumption,
                value=next(self._explaining(jobs=jobs), None),
            ) from broken

    def _explaining(self, *, jobs: bool) -> Iterator[Any]:
        """Yields the values of the assumption under which all that was seen is right."""
        for value in alternatives(self.ctx.contract, self.assumption):
            try:
                self._compare(with_value(self.ctx.contract, self.assumption, value), jobs=jobs)
            except Broken:
                continue
            yield value

    def _compare(self, contract: Contract, *, jobs: bool) -> None:
        account = Account(contract)
        marks: dict[str, Any] = {"assumption": self.assumption, "evidence": self.evidence}
        for portfolio, job in self._imports:
            expected = account.apply(portfolio)
            if isinstance(expected, Rejected):
                expect_refused(self.ctx, portfolio, list(expected.pointers), **marks)
            elif jobs:
                self.ctx.expect(job is not None, "the import to be accepted", "a refusal", **marks)
                expect_job(self.ctx, job or {}, expected, **marks)
        expect_read(self.ctx, account, spelling=self.assumption == FORMAT, **marks)


def alternatives(contract: Contract, assumption: str) -> list[Any]:
    """Returns the values that an assumption can have besides that of the contract, as far as they can be listed."""
    schema = contract.assumptions[assumption].schema
    values = schema.get("enum", [True, False] if schema.get("type") == "boolean" else [])
    return [value for value in values if value != contract.values[assumption]]


def with_value(contract: Contract, assumption: str, value: Any) -> Contract:
    """Returns the contract with another value of one assumption."""
    return _contract(contract.version, json.dumps([{**contract.profile, assumption: value}, contract.overlay]))


def in_version(contract: Contract, version: str) -> Contract:
    """Returns the contract of a version with the same profile."""
    return _contract(version, json.dumps([contract.profile, contract.overlay]))


@lru_cache(maxsize=16)
def _contract(version: str, profile: str) -> Contract:
    return Contract(version, *json.loads(profile))
