"""What is remembered of the commands of a test: where they lie between exchanges, within bounds."""

from hypothesis import given
from hypothesis import strategies as st

from casavi_mock.domain.violations import Command, Steering

NUMBERS = st.integers(0, 30)


@given(st.lists(NUMBERS).map(sorted), NUMBERS, NUMBERS)
def test_a_command_lies_between_the_exchange_before_it_and_a_later_one(
    commands: list[int], first: int, last: int
) -> None:
    steering = Steering(1000)
    for number in commands:
        steering.note(Command.JOBS, number)
    assert steering.between(Command.JOBS, first, last) is any(first <= number < last for number in commands)
    assert not steering.between(Command.CLOCK, first, last)


def test_the_oldest_commands_are_forgotten() -> None:
    steering = Steering(2)
    for number in (1, 2, 2, 2, 3):
        steering.note(Command.CLOCK, number)
    assert [steering.between(Command.CLOCK, number, number + 1) for number in range(5)] == [
        False, False, True, True, False,
    ]  # fmt: skip


def test_commands_between_the_same_exchanges_take_the_room_of_one() -> None:
    steering = Steering(3)
    for number in (1, 2, 2, 2, 2):
        steering.note(Command.CLOCK, number)
    assert [steering.between(Command.CLOCK, number, number + 1) for number in (1, 2)] == [True, True]


def test_the_jobs_that_were_read_first_are_forgotten() -> None:
    steering = Steering(2)
    for job in ("a", "b", "a", "c"):
        steering.note_read(job)
    assert {job: steering.has_read(job) for job in "abcd"} == {"a": True, "b": False, "c": True, "d": False}
