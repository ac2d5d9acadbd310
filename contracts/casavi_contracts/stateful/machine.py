"""Draws what a client does, step by step, and has it played."""

import itertools
import json
import secrets
import sys
from collections.abc import Callable
from typing import Any, ClassVar

from hypothesis import HealthCheck, Phase, Verbosity, settings
from hypothesis import strategies as st
from hypothesis.errors import StopTest, UnsatisfiedAssumption
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from casavi_contracts.context import Accounts
from casavi_contracts.contract import Contract
from casavi_contracts.failures import Broken
from casavi_contracts.http.target import Capability, Target
from casavi_contracts.stateful.commands import Command, told
from casavi_contracts.stateful.executor import play
from casavi_contracts.stateful.judged import Judged
from casavi_contracts.strategies import EDITS, Alphabet, master_data, master_data_violating, variant, violable_rules

STEPS = 12
"""Commands of a sequence."""

EXAMPLES = 30
"""Sequences at the default depth."""

FEW = Alphabet(("A", "a", "B/1"), ("x", "y", "\u00e4", ""))
"""So few ids that imports change, move and shadow each other's records."""

_SMALL = {"contacts": (1, 2), "properties": (0, 2), "units": (0, 2), "documents": (0, 1), "responsibilities": (0, 1)}
_TOO_LARGE = "document-too-large"
_MOST_TO_FILL = 40

Playing = Callable[[list[Command]], None]


def _of_machine(name: str) -> st.SearchStrategy[Any]:
    """Returns a strategy that the machine which draws has under that name."""
    return st.runner().flatmap(lambda machine: getattr(machine, name))


ACCOUNTS = _of_machine("accounts")
TOKENS = st.integers(0, 3)


class AccountMachine(RuleBasedStateMachine):
    """What a client of up to two accounts may do; `machine_of` makes one for a target.

    What is drawn depends on what was drawn before and on nothing that the target answers. So the same seed draws the
    same sequence at every target, and it can be drawn to its end before it is played.
    """

    contract: ClassVar[Contract]
    judge: ClassVar[Playing]
    has_clock: ClassVar[bool]
    has_two: ClassVar[bool]
    accounts: ClassVar[st.SearchStrategy[int]]
    portfolios: ClassVar[st.SearchStrategy[Any]]
    violations: ClassVar[st.SearchStrategy[Any]]

    def __init__(self) -> None:
        super().__init__()
        self.commands: list[Command] = []
        self.imports = 0
        self.accepted: list[int] = []
        """Numbers of the imports that have jobs."""
        self.portfolios_sent: list[Any] = []

    def teardown(self) -> None:
        """Has the commands played, if they were drawn to the end."""
        if not isinstance(sys.exception(), StopTest | UnsatisfiedAssumption):
            type(self).judge(self.commands)

    @rule(account=ACCOUNTS)
    def log_in(self, account: int) -> None:
        """Logs in."""
        self._do("authenticate", account=account)

    @rule(account=ACCOUNTS, token=TOKENS)
    def refresh(self, account: int, token: int) -> None:
        """Refreshes a token of its own."""
        self._do("refresh", account=account, token=token)

    @precondition(lambda self: self.has_two)
    @rule(account=ACCOUNTS, token=TOKENS)
    def refresh_with_another_key(self, account: int, token: int) -> None:
        """Tries to refresh a token with the other account's key."""
        self._do("refresh", account=account, token=token, key=1 - account)

    @rule(account=ACCOUNTS, token=TOKENS)
    def show(self, account: int, token: int) -> None:
        """Reads with a token that was given out some time."""
        self._do("show", account=account, token=token)

    @precondition(lambda self: self.has_clock)
    @rule(account=ACCOUNTS)
    def expire(self, account: int) -> None:
        """Lets all tokens of an account expire."""
        self._do("expire", account=account)

    @precondition(lambda self: self.has_clock)
    @rule(account=ACCOUNTS, seconds=st.sampled_from((0.5, 2, 30)))
    def wait(self, account: int, seconds: float) -> None:
        """Lets some time pass."""
        self._do("wait", account=account, seconds=seconds)

    @rule(account=ACCOUNTS, portfolio=_of_machine("portfolios"))
    def import_valid(self, account: int, portfolio: Any) -> None:
        """Imports a sound portfolio."""
        self._import(account, portfolio)

    @rule(account=ACCOUNTS, violation=_of_machine("violations"))
    def import_violating(self, account: int, violation: Any) -> None:
        """Imports a portfolio that violates one rule."""
        self._import(account, violation["portfolio"], f"violates {violation['rule']}")

    @precondition(lambda self: bool(self.portfolios_sent))
    @rule(account=ACCOUNTS, back=st.integers(0, 3), edit=st.sampled_from(tuple(EDITS)))
    def import_again(self, account: int, back: int, edit: str) -> None:
        """Imports once more what was imported before, as it was or edited."""
        earlier = self.portfolios_sent[max(-1 - back, -len(self.portfolios_sent))]
        self._import(account, variant(earlier, edit), f"an earlier one, {edit}")

    @precondition(lambda self: self.has_two)
    @rule(portfolio=_of_machine("portfolios"))
    def import_split(self, portfolio: Any) -> None:
        """Imports contacts into one account and what names them into the other."""
        for account, names in enumerate((("contacts",), ("properties", "responsibilities"))):
            part = {name: portfolio[name] for name in names if name in portfolio}
            if part:
                self._import(account, part, "half of one, the other half goes to the other account")

    @rule(account=ACCOUNTS, count=st.integers(1, _MOST_TO_FILL))
    def import_many(self, account: int, count: int) -> None:
        """Imports so many records that lists have several pages."""
        self._do("fill", account=account, count=count)
        self.accepted.append(self.imports)
        self.imports += 1

    @precondition(lambda self: bool(self.accepted))
    @rule(back=st.integers(0, 5))
    def poll(self, back: int) -> None:
        """Looks at a job."""
        self._do("poll", **{"import": self._accepted(back)})

    @precondition(lambda self: bool(self.accepted) and self.has_two)
    @rule(back=st.integers(0, 5), account=ACCOUNTS)
    def poll_as(self, back: int, account: int) -> None:
        """Looks at a job as the one account or the other."""
        self._do("poll", **{"import": self._accepted(back)}, account=account)

    @rule(account=ACCOUNTS)
    def read(self, account: int) -> None:
        """Reads everything back."""
        self._do("read", account=account)

    @rule(account=ACCOUNTS)
    def walk(self, account: int) -> None:
        """Walks through all pages while imports may be running."""
        self._do("walk", account=account)

    def _do(self, name: str, **members: Any) -> None:
        self.commands.append({"do": name, **members})

    def _import(self, account: int, portfolio: Any, note: str | None = None) -> None:
        self._do("import", account=account, portfolio=portfolio, **({"note": note} if note else {}))
        if self.contract.request_is_valid("importMasterData", portfolio):
            self.accepted.append(self.imports)
            self.portfolios_sent.append(portfolio)
        self.imports += 1

    def _accepted(self, back: int) -> int:
        return self.accepted[max(-1 - back, -len(self.accepted))]


def machine_of(
    target: Target, version: str = "v1", *, contract: Contract | None = None, run: str | None = None
) -> type[AccountMachine]:
    """Returns a state machine of Hypothesis that judges a target.

    Its `TestCase` is a test for unittest and pytest. On a mock every sequence has accounts of its own; at any other
    server it uses the accounts of the target, and only looks at records of its own.

    Args:
        target: The server under judgement.
        version: Version of the API.
        contract: The contract of that version with a profile; with none if it is not given.
        run: What the ids of all records begin with; records stay in an account, so it is another one each time if it
            is not given.

    Raises:
        ValueError: Nothing may be written at the target.

    Example:
        >>> import httpx
        >>> from casavi_contracts.http.target import ControlPlane, Target
        >>> http = httpx.Client(base_url="http://127.0.0.1:4227")
        >>> TestAccount = machine_of(Target(http, plane=ControlPlane.find(http)), "v2").TestCase  # doctest: +SKIP
    """
    if Capability.WRITE not in target.capabilities:
        raise ValueError("an account cannot be judged without write access")
    known = contract or Contract(version)
    prefix, numbers = run or f"machine-{secrets.token_hex(4)}-", itertools.count(1)

    def judge(commands: list[Command]) -> None:
        try:
            play(Accounts(target, known, f"{prefix}{next(numbers)}-").context(), commands)
        except Broken as broken:
            shown = broken.case or commands
            steps = [f"step {number:<4} {step}" for number, step in enumerate(told(shown), 1)]
            broken.add_note("\n".join([*steps, "as a case for casavi_contracts.stateful.play:", json.dumps(shown)]))
            raise

    made = drawing(target, known, Judged(judge, known))
    made.TestCase.settings = quietly(settings(max_examples=EXAMPLES))
    return made


def drawing(target: Target, contract: Contract, judge: Playing) -> type[AccountMachine]:
    """Returns a machine that draws what a target allows.

    Args:
        target: Tells whether there is a clock, and a second account.
        contract: Tells what may be imported.
        judge: Is given each sequence of commands.
    """
    has_two = Capability.TWO_ACCOUNTS in target.capabilities
    members = {
        "contract": contract,
        "judge": staticmethod(judge),
        "has_clock": Capability.CLOCK in target.capabilities,
        "has_two": has_two,
        "accounts": st.sampled_from((0, 0, 1)) if has_two else st.just(0),
        "portfolios": master_data(contract, sizes=_SMALL, alphabet=FEW),
        "violations": st.one_of([master_data_violating(name, contract, alphabet=FEW) for name in _rules(contract)]),
    }
    return type("AccountMachine", (AccountMachine,), members)


def quietly(how: settings) -> settings:
    """Returns settings for a machine: nothing is kept, measured or printed, and nothing is shrunk, as that is done."""
    return settings(
        how, stateful_step_count=STEPS, phases=(Phase.generate,), deadline=None, database=None, print_blob=False,
        verbosity=Verbosity.quiet, report_multiple_bugs=False, suppress_health_check=list(HealthCheck),
    )  # fmt: skip


def _rules(contract: Contract) -> list[str]:
    """Returns the rules that a small portfolio can violate."""
    small = contract.values["document-max-mb"] < 1
    return [name for name in violable_rules(contract) if small or name != _TOO_LARGE]
