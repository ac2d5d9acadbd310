"""What a convention is that every answer of a fuzzing run is held against."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from casavi_contracts.failures import Broken
from casavi_contracts.fuzz.sent import Sent
from casavi_contracts.fuzz.session import Session
from casavi_contracts.http.exchange import Answer

Body = Callable[[Session, Sent, Answer], None]
"""Judges one answer: returns if the convention holds or has nothing to say, raises `Broken` if not."""


@dataclass(frozen=True, slots=True)
class Check:
    """A convention that the schemas of the contract cannot state."""

    name: str
    """As schemathesis knows it; unlike the names of its own checks."""
    sentence: str
    """What is promised, in one sentence."""
    evidence: str
    """How sure the promise is; in a version whose operations are less sure it counts as less."""
    source: str
    """Section of the facts page."""
    assumption: str | None
    """The assumption that it rests on."""
    body: Body = field(repr=False)


def check(sentence: str, *, evidence: str, source: str, assumption: str | None = None) -> Callable[[Body], Check]:
    """Makes a check of the function that judges; it is called like the function.

    Args:
        sentence: What is promised.
        evidence: How sure the promise is.
        source: Section of the facts page.
        assumption: The assumption that it rests on.
    """
    return lambda body: Check(body.__name__, sentence, evidence, source, assumption, body)


def body_of(answer: Answer) -> Any:
    """Returns the body as JSON, None if it is none; that it has to be is judged elsewhere."""
    try:
        return answer.lenient
    except Broken:
        return None


def texts(value: Any) -> Iterator[str]:
    """Yields every text in a JSON value, names of members included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)
    elif isinstance(value, dict):
        for name, item in value.items():
            yield name
            yield from texts(item)
