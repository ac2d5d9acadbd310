"""The mock's own register: rules by which it refuses as a server, and the guess behind them."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

from casavi_contracts import spec

FILE = "mock-register.yaml"


@dataclass(frozen=True, slots=True)
class Register:
    """Rules and assumptions by name, in the form of those in the contract document."""

    rules: Mapping[str, spec.Rule]
    assumptions: Mapping[str, spec.Assumption]
    """No profile changes them."""


@functools.cache
def own_register() -> Register:
    """Returns the mock's own register.

    Raises:
        casavi_contracts.spec.RegisterError: An entry is not whole, or rests on an assumption that there is not.
    """
    document = spec.parse_yaml(files("casavi_mock").joinpath(FILE).read_bytes())
    assumptions = spec.assumptions_of(document["assumptions"], FILE)
    known = {*assumptions, *spec.assumptions(spec.load_document())}
    return Register(spec.rules_of(document["rules"], FILE, known), assumptions)
