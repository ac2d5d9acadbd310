"""Work in steps: whoever does it may do something else in between, and has the result in the end."""

from casavi_mock.domain.steps import Steps, Work, at_once


def counting(to: int, seen: list[int]) -> Steps[str]:
    for number in range(to):
        seen.append(number)
        yield
    return f"counted to {to}"


def test_a_step_is_done_when_it_is_asked_for() -> None:
    seen: list[int] = []
    work = Work(counting(2, seen))
    steps = iter(work)
    assert seen == []
    next(steps)
    assert seen == [0]
    assert list(steps) == [None]
    assert (seen, work.result) == ([0, 1], "counted to 2")


def test_steps_can_be_done_at_once() -> None:
    seen: list[int] = []
    assert at_once(counting(3, seen)) == "counted to 3"
    assert seen == [0, 1, 2]
    assert at_once(counting(0, seen)) == "counted to 0"
