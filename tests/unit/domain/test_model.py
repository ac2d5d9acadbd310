import pytest

from casavi_contracts import spec
from casavi_mock.domain.model import ENTITIES, TRANSITIONS, DigestedSecret, JobState, Outcome, Secret, Token, digested
from tests.support.time import START

TEXT = "s3cr3t-of-a-test"


def test_secret_shows_its_text_only_when_asked() -> None:
    """No way of making text of a secret shows it."""
    secret = Secret(TEXT)
    assert secret.reveal() == TEXT
    shown = [repr(secret), str(secret), f"{secret}", f"{secret!r:>20}", repr([secret]), repr({"secret": secret})]
    assert not any(TEXT in text for text in shown)
    assert (repr(secret), f"{secret}") == ("[secret]", "[secret]")


def test_secret_lies_in_no_dict() -> None:
    """A secret has no `__dict__` that a dump of variables could open."""
    assert not hasattr(Secret(TEXT), "__dict__")


def test_token_shows_neither_text_nor_owner() -> None:
    """The owner of a token is a key, which is half of the credentials."""
    shown = repr(Token(Secret(TEXT), "key-of-a-test", START))
    assert TEXT not in shown
    assert "key-of-a-test" not in shown
    assert "revoked=False" in shown


def test_every_state_has_transitions() -> None:
    """The table of transitions is complete, and leads only to states that are in it."""
    assert set(TRANSITIONS) == set(JobState)
    assert set().union(*TRANSITIONS.values()) <= set(JobState)


def test_states_form_no_circle() -> None:
    """A job never comes back to a state; the order of the states is the order in time."""
    order = list(JobState)
    assert all(order.index(later) > order.index(state) for state in order for later in TRANSITIONS[state])


@pytest.mark.parametrize(
    ("state", "final"), [("waiting", False), ("active", False), ("completed", True), ("failed", True)]
)
def test_two_states_are_final(state: str, final: bool) -> None:
    """Jobs end completed or failed."""
    assert (not TRANSITIONS[JobState(state)]) is final


def test_entities_are_those_of_the_contract() -> None:
    """The kinds of records that are counted are the kinds that the contract document marks."""
    shapes = spec.import_shape(spec.load_document()).walk()
    assert {shape.entity for shape in shapes if shape.entity} == set(ENTITIES)


def test_names_of_outcomes_are_those_that_clients_see() -> None:
    """Outcomes are written in the words of the contract document."""
    counts = spec.load_document()["components"]["schemas"]["EntityCounts"]
    assert [str(outcome) for outcome in Outcome] == counts["required"]


def test_a_secret_that_is_known_by_its_digest_matches_its_text_alone() -> None:
    salt = b"0123456789abcdef"
    secret = DigestedSecret(salt, digested(salt, "the text ä"))

    assert [secret.matches(text) for text in ("the text ä", "another", "")] == [True, False, False]
    assert (secret.reveal(), repr(secret)) == ("", "[secret]")
    assert not DigestedSecret(b"another salt", secret.digest).matches("the text ä")
