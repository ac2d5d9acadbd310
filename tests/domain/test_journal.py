import pytest

from casavi_mock.domain.journal import Exchange, Journal
from tests.support.worlds import START


def entry(journal: Journal) -> Exchange:
    number = journal.next_number()
    return Exchange(number, f"request-{number}", START, "POST", "/import", "importMasterData", 202, 1.5, 100, 50)


def filled(max_entries: int, exchanges: int) -> Journal:
    journal = Journal(max_entries)
    for _ in range(exchanges):
        journal.add(entry(journal))
    return journal


def test_is_empty_at_first() -> None:
    """A new journal holds nothing and has dropped nothing."""
    journal = Journal(3)
    assert (len(journal), list(journal), journal.last, journal.dropped) == (0, [], None, 0)


def test_keeps_exchanges_oldest_first() -> None:
    """Exchanges stand in the order in which they were added."""
    journal = filled(3, 2)
    assert [exchange.number for exchange in journal] == [1, 2]
    assert journal.last is list(journal)[-1]


@pytest.mark.parametrize(("exchanges", "kept", "dropped"), [(3, [1, 2, 3], 0), (4, [2, 3, 4], 1), (10, [8, 9, 10], 7)])
def test_drops_the_oldest_and_counts_them(exchanges: int, kept: list[int], dropped: int) -> None:
    """A full journal lets the oldest go, and says how many went."""
    journal = filled(3, exchanges)
    assert [exchange.number for exchange in journal] == kept
    assert (len(journal), journal.dropped) == (3, dropped)


def test_of_no_length_keeps_nothing() -> None:
    """A journal may be switched off; it still counts."""
    journal = filled(0, 2)
    assert (list(journal), journal.last, journal.dropped) == ([], None, 2)


def test_reading_is_not_disturbed_by_writing() -> None:
    """Who goes through a journal sees it as it was at the start."""
    journal = filled(3, 3)
    seen = []
    for exchange in journal:
        journal.add(entry(journal))
        seen.append(exchange.number)
    assert seen == [1, 2, 3]


def test_exchange_has_room_for_why_it_was_refused() -> None:
    """Nothing is said about a rule unless there was one."""
    exchange = entry(Journal(1))
    assert (exchange.rule, exchange.evidence, exchange.notes) == (None, None, ())
