"""The check that an account behaves as the model, and how a sequence is found that breaks it."""

from collections.abc import Callable
from typing import Any

from hypothesis import seed as seeded
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from casavi_contracts.checks.definition import Check
from casavi_contracts.contract import Contract
from casavi_contracts.http.target import Capability, Target
from casavi_contracts.stateful.commands import told
from casavi_contracts.stateful.executor import play
from casavi_contracts.stateful.judged import Judged
from casavi_contracts.stateful.machine import EXAMPLES, drawing, quietly

NAME = "account-behaves-as-the-model"


def search(target: Target, contract: Contract, judge: Callable[[Any], None], *, how: settings, seed: int) -> None:
    """Lets the machine draw sequences and has them judged, as `checks.definition.Search` describes it."""
    machine = drawing(target, contract, Judged(judge, contract))
    run_state_machine_as_test(seeded(seed)(machine), settings=quietly(how))


CHECK = Check(
    name=NAME,
    sentence="Whatever a client does one thing after another, tokens, jobs and records are as a model says.",
    evidence="inferred",
    source="8.1",
    body=play,
    operations=("authenticate", "refreshToken", "importMasterData"),
    needs=(Capability.WRITE,),
    examples=EXAMPLES,
    search=search,
    told=told,
)
"""The check, to be judged as any other."""
