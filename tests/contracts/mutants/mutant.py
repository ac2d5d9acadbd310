"""What a mutant is."""

from collections.abc import Callable
from dataclasses import dataclass, field

from tests.support.tamper import Tamper

V1 = ("v1",)
V2 = ("v2",)
BOTH = ("v1", "v2")


@dataclass(frozen=True, slots=True)
class Mutant:
    """A server that is wrong on purpose, in one way."""

    name: str
    sentence: str
    """What it does wrong."""
    make: Callable[[], Tamper] = field(repr=False)
    """Returns a new tamper, which remembers nothing yet."""
    check: str
    """The check that has to find it."""
    versions: tuple[str, ...] = BOTH
    """The versions that are wrong, in each of which it has to be found."""
    sockets: bool = False
    """Whether it can only be wrong over a real connection."""


def mutant(
    name: str,
    sentence: str,
    make: Callable[[], Tamper],
    *,
    check: str,
    versions: tuple[str, ...] = BOTH,
    sockets: bool = False,
) -> Mutant:
    """Returns a mutant; arguments as the fields of `Mutant`."""
    return Mutant(name, sentence, make, check, versions, sockets)
