import threading
from datetime import timedelta
from typing import Any

import pytest

from casavi_mock.accounts import Limits
from casavi_mock.domain.journal import ENTRY_BYTES, Exchange, Journal, printable
from tests.support.time import START


def entry(journal: Journal, **others: Any) -> Exchange:
    number = journal.next_number()
    basic = Exchange(number, f"request-{number}", START, "POST", "/import", "importMasterData", 202, 1.5, 100, 50)
    return basic._replace(**others)


def filled(max_entries: int, exchanges: int) -> Journal:
    journal = Journal(max_entries)
    for _ in range(exchanges):
        journal.add(entry(journal))
    return journal


def numbers(journal: Journal) -> list[int]:
    return [exchange.number for exchange in journal]


def test_is_empty_at_first() -> None:
    """A new journal holds nothing and has dropped nothing."""
    journal = Journal(3)
    assert (len(journal), list(journal), journal.last, journal.dropped, journal.bytes_kept) == (0, [], None, 0, 0)


def test_keeps_exchanges_oldest_first() -> None:
    """Exchanges stand in the order in which they were added."""
    journal = filled(3, 2)
    assert numbers(journal) == [1, 2]
    assert journal.last is list(journal)[-1]


@pytest.mark.parametrize(("exchanges", "kept", "dropped"), [(3, [1, 2, 3], 0), (4, [2, 3, 4], 1), (10, [8, 9, 10], 7)])
def test_drops_the_oldest_and_counts_them(exchanges: int, kept: list[int], dropped: int) -> None:
    """A full journal lets the oldest go, and says how many went."""
    journal = filled(3, exchanges)
    assert numbers(journal) == kept
    assert (len(journal), journal.dropped) == (3, dropped)


def test_of_no_length_keeps_nothing() -> None:
    """A journal may be switched off; it still counts."""
    journal = filled(0, 2)
    assert (list(journal), journal.last, journal.dropped) == ([], None, 2)


def test_drops_the_oldest_when_it_takes_too_many_bytes() -> None:
    """Long bodies drive out more than one exchange."""
    journal = Journal(100, max_bytes=10 * ENTRY_BYTES)
    for _ in range(4):
        journal.add(entry(journal, request_body=b"x" * ENTRY_BYTES))
    assert (numbers(journal), journal.dropped) == ([1, 2, 3, 4], 0)
    journal.add(entry(journal, response_body=b"x" * (4 * ENTRY_BYTES)))
    assert (numbers(journal), journal.dropped) == ([3, 4, 5], 2)
    assert journal.bytes_kept == sum(exchange.size for exchange in journal) <= 10 * ENTRY_BYTES


def test_keeps_just_as_many_bytes_as_it_may() -> None:
    size = entry(Journal(1)).size
    journal = Journal(100, max_bytes=2 * size)
    for _ in range(2):
        journal.add(entry(journal))
    assert (numbers(journal), journal.dropped, journal.bytes_kept) == ([1, 2], 0, 2 * size)
    journal.add(entry(journal))
    assert (numbers(journal), journal.dropped) == ([2, 3], 1)


def test_exchange_that_is_too_large_is_not_kept() -> None:
    journal = Journal(100, max_bytes=2 * ENTRY_BYTES)
    journal.add(entry(journal, path="/" + "x" * (2 * ENTRY_BYTES)))
    assert (len(journal), journal.dropped, journal.bytes_kept) == (0, 1, 0)


def test_default_bound_in_bytes() -> None:
    """A thousand exchanges of an ordinary kind have room."""
    limits = Limits()
    assert limits.max_journal_bytes / limits.max_journal > 10 * ENTRY_BYTES


@pytest.mark.parametrize(
    "long",
    [
        {"path": "x" * 100},
        {"query": "x" * 100},
        {"request_body": b"x" * 100},
        {"response_body": b"x" * 100},
        {"request_headers": ((b"x" * 50, b"x" * 50),)},
        {"notes": ("x" * 100,)},
        {"pointers": ("x" * 50, "x" * 50)},
        {"unknown_fields": ("x" * 100,)},
        {"provides": (("contacts", "x" * 100),)},
        {"refers": (("contacts", "x" * 100),)},
        {"refused": (("contacts", "x" * 100),)},
        {"missing": (("contacts", None),)},
    ],
    ids=lambda long: next(iter(long)),
)
def test_size_counts_what_clients_can_make_longer(long: dict[str, Any]) -> None:
    journal = Journal(1)
    plain = entry(journal)
    assert plain._replace(**long).size >= plain.size + 100 - len(plain.path)


def test_reading_is_not_disturbed_by_writing() -> None:
    """Who goes through a journal sees it as it was at the start."""
    journal = filled(3, 3)
    seen = []
    for exchange in journal:
        journal.add(entry(journal))
        seen.append(exchange.number)
    assert seen == [1, 2, 3]


def test_the_last_number_is_the_one_given_last() -> None:
    """Whether its exchange is written down yet, or was forgotten, makes no difference."""
    journal = Journal(2)
    seen = []
    for _ in range(3):
        given = entry(journal)
        seen.append(journal.last_number)
        journal.add(given)
    journal.clear()
    assert [*seen, journal.last_number, Journal(2).last_number] == [1, 2, 3, 3, 0]


def test_several_threads_write() -> None:
    """Every number is given once, and nothing is lost without being counted."""
    journal = Journal(50)

    def write() -> None:
        for _ in range(200):
            journal.add(entry(journal))

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(journal), journal.dropped, journal.next_number()) == (50, 750, 801)
    assert journal.bytes_kept == sum(exchange.size for exchange in journal)


def test_clear_forgets_all_but_goes_on_counting() -> None:
    """A number is never given twice, so that who reads on from a number misses nothing."""
    journal = filled(2, 3)
    journal.clear()
    assert (list(journal), journal.dropped, journal.bytes_kept) == ([], 0, 0)
    journal.add(entry(journal))
    assert numbers(journal) == [4]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, [1, 2, 3, 4]),
        ({"operation": "getJob"}, [2, 4]),
        ({"operation": "other"}, []),
        ({"status": 404}, [4]),
        ({"job": "a"}, [1, 2]),
        ({"rule": "job-unknown"}, [4]),
        ({"since": 2}, [3, 4]),
        ({"since": START + timedelta(seconds=2)}, [2, 3, 4]),
        ({"limit": 2}, [3, 4]),
        ({"limit": 9}, [1, 2, 3, 4]),
        ({"limit": 0}, []),
        ({"operation": "getJob", "status": 200, "job": "a", "since": 1, "limit": 1}, [2]),
        ({"operation": "getJob", "status": 202}, []),
    ],
    ids=repr,
)
def test_find(asked: dict[str, Any], found: list[int]) -> None:
    """All that is asked for must hold; of too many the latest are given."""
    journal = Journal(10)
    journal.add(entry(journal, at=START + timedelta(seconds=1), job_id="a"))
    journal.add(entry(journal, at=START + timedelta(seconds=2), operation="getJob", status=200, job_id="a"))
    journal.add(entry(journal, at=START + timedelta(seconds=3), job_id="b"))
    unknown = {"operation": "getJob", "status": 404, "job_id": "c", "rule": "job-unknown"}
    journal.add(entry(journal, at=START + timedelta(seconds=4), **unknown))
    assert [exchange.number for exchange in journal.find(**asked)] == found


def test_exchange_has_room_for_why_it_was_refused() -> None:
    """Nothing is said about a rule unless there was one."""
    exchange = entry(Journal(1))
    assert (exchange.rule, exchange.evidence, exchange.notes, exchange.detail) == (None, None, (), None)


@pytest.mark.parametrize(
    ("injected", "effect", "lost"),
    [
        (None, None, False),
        ("fault-1", None, True),
        ("fault-1", "lost-response", True),
        ("fault-1", "reset", True),
        ("fault-1", "truncate", True),
        ("fault-1", "delay", True),
        ("fault-1", "status", False),
        ("fault-1", "job-fails", False),
        ("fault-1", "job-stalls", False),
    ],
)
def test_answer_may_be_lost_by_a_fault(injected: str | None, effect: str | None, lost: bool) -> None:
    """A client may give up waiting for a late answer; what a fault did is not always known."""
    assert entry(Journal(1), injected=injected, effect=effect).perhaps_lost is lost


@pytest.mark.parametrize(("status", "good"), [(200, True), (202, True), (400, False), (500, False)])
def test_success(status: int, good: bool) -> None:
    assert entry(Journal(1), status=status).succeeded is good


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Łódź 🏠", "Łódź 🏠"),
        ("", ""),
        ("a\nGET /b 200", "a\\nGET /b 200"),
        ("\x1b[31m\x00\x9b", "\\x1b[31m\\x00\\x9b"),
        ("C:\\a\n", "C:\\a\\n"),
        ("\u2028\u202e\ud800", "\\u2028\\u202e\\ud800"),
    ],
)
def test_a_text_of_a_client_begins_no_line_and_steers_no_terminal(text: str, shown: str) -> None:
    assert printable(text) == shown
    assert printable(text).isprintable()
