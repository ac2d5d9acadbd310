from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from casavi_mock.domain.clock import LATEST, Clock, ClockError, timestamp
from tests.support.time import START, FakeTime

BEFORE = timedelta(microseconds=-1)


@pytest.fixture(name="time")
def _time() -> FakeTime:
    return FakeTime()


@pytest.fixture(name="clock")
def _clock(time: FakeTime) -> Clock:
    return Clock(time)


def running(step: timedelta = timedelta(microseconds=1)) -> Iterator[datetime]:
    """A source that has moved on each time it is asked, as the system's has."""
    moment = START
    while True:
        yield moment
        moment += step


def test_follows_its_source(clock: Clock, time: FakeTime) -> None:
    """Unless told otherwise, a clock shows what its source says."""
    assert clock.now() == START
    time.advance(hours=1)
    assert clock.now() == START + timedelta(hours=1)
    assert not clock.frozen


@pytest.mark.parametrize("zone", [timezone(timedelta(hours=5, minutes=30)), ZoneInfo("Europe/Berlin")], ids=str)
def test_shows_utc_wherever_its_source_lives(zone: timezone | ZoneInfo) -> None:
    """Time is in UTC whatever the zone of the source, so that a time stamp with `Z` is true."""
    clock = Clock(FakeTime(START.astimezone(zone)))
    assert clock.now() == START
    assert clock.now().tzinfo is UTC
    assert timestamp(clock.now()) == "2026-01-05T08:00:00.000Z"


def test_steps_are_true_hours_over_a_change_of_summer_time() -> None:
    """A day is 24 hours, even where the source's zone changes to summer time in between."""
    before = datetime(2026, 3, 28, 12, tzinfo=ZoneInfo("Europe/Berlin"))
    clock = Clock(FakeTime(before))
    clock.advance(timedelta(days=1))
    assert clock.now() == before.astimezone(UTC) + timedelta(hours=24)


def test_freezing_stops_time(clock: Clock, time: FakeTime) -> None:
    """A frozen clock stays where it is while its source moves on."""
    clock.freeze()
    time.advance(days=1)
    assert (clock.now(), clock.frozen) == (START, True)


def test_freezes_at_a_later_moment(clock: Clock) -> None:
    """A clock can be frozen at a moment to come, given in any zone."""
    at = datetime(2026, 1, 5, 12, tzinfo=timezone(timedelta(hours=2)))
    clock.freeze(at)
    assert clock.now() == at
    assert clock.now().tzinfo is UTC


def test_freezing_twice_changes_nothing(clock: Clock, time: FakeTime) -> None:
    """Freezing a frozen clock leaves it where it is."""
    clock.freeze()
    time.advance(days=1)
    clock.freeze()
    assert clock.now() == START


@pytest.mark.parametrize("frozen", [True, False])
def test_set_moves_forward(clock: Clock, time: FakeTime, frozen: bool) -> None:
    """A clock can be set to a moment to come; a running one runs on from there."""
    if frozen:
        clock.freeze()
    clock.set(START + timedelta(days=3))
    time.advance(seconds=1)
    assert clock.now() == START + timedelta(days=3, seconds=0 if frozen else 1)


@pytest.mark.parametrize("frozen", [True, False])
def test_advance_moves_forward(clock: Clock, time: FakeTime, frozen: bool) -> None:
    """Steps add up; a running clock runs on after them."""
    if frozen:
        clock.freeze()
    clock.advance(timedelta(hours=1))
    time.advance(seconds=1)
    clock.advance(timedelta(hours=2))
    assert clock.now() == START + timedelta(hours=3, seconds=0 if frozen else 1)


@pytest.mark.parametrize("step", [timedelta(), timedelta(microseconds=1), timedelta(seconds=1)])
def test_a_running_clock_takes_the_smallest_step(step: timedelta) -> None:
    """A step is a step from the moment of the call, however little of it the running source has used up meanwhile."""
    source = running()
    clock = Clock(source.__next__)
    clock.advance(step)  # the source was asked once, so it is one microsecond ahead now
    assert clock.now() == START + step + timedelta(microseconds=1)


@pytest.mark.parametrize("frozen", [True, False])
def test_never_goes_back(clock: Clock, frozen: bool) -> None:
    """No command moves a clock back, and a refused one changes nothing."""
    if frozen:
        clock.freeze()
    for command in (clock.set, clock.freeze):
        with pytest.raises(ClockError, match=r"cannot go back from 2026-01-05T08:00:00\.000Z to 2026-01-05T07:59:59\."):
            command(START + BEFORE)
    with pytest.raises(ClockError, match="cannot go back"):
        clock.advance(BEFORE)
    assert (clock.now(), clock.frozen) == (START, frozen)


@pytest.mark.parametrize("ahead", [timedelta(), timedelta(days=3)])
def test_goes_on_where_it_was_when_its_source_goes_back(clock: Clock, time: FakeTime, ahead: timedelta) -> None:
    """A source that is set back by years or by seconds stops nothing: time goes on from the latest moment shown."""
    clock.advance(ahead)
    for back in (timedelta(seconds=5), timedelta(days=3650)):
        time.advance(hours=1)
        latest = clock.now()
        time.now -= back
        assert clock.now() == latest
        time.advance(seconds=1)
        assert clock.now() == latest + timedelta(seconds=1)


def test_goes_on_where_it_stood_though_its_source_went_back(clock: Clock, time: FakeTime) -> None:
    """What was set, or frozen at a later moment, is a moment that was shown."""
    later = START + timedelta(days=1)
    clock.freeze(later)
    clock.unfreeze()
    time.now -= timedelta(hours=1)
    assert clock.now() == later
    clock.set(later + timedelta(days=1))
    time.now -= timedelta(hours=1)
    assert clock.now() == later + timedelta(days=1)


def test_refusal_names_the_moment_as_it_was_given(clock: Clock) -> None:
    """The refused moment is shown with its own zone, not as if it were UTC."""
    with pytest.raises(ClockError, match=r"to 2026-01-05T08:30:00\+02:00$"):
        clock.set(datetime(2026, 1, 5, 8, 30, tzinfo=timezone(timedelta(hours=2))))


def test_moment_without_a_zone_is_refused(clock: Clock) -> None:
    """A moment without a zone could mean anything; the refusal says what to write."""
    for command in (clock.set, clock.freeze):
        with pytest.raises(ClockError, match="give one, such as 2027-01-01T00:00:00Z"):
            command(datetime(2027, 1, 1))  # noqa: DTZ001


def test_goes_no_further_than_dates_can_be_reckoned(clock: Clock) -> None:
    """A clock stops short of the calendar's end, so that what ends later still has a date."""
    clock.set(LATEST)
    assert clock.now() + timedelta(days=3650 * 2) < datetime.max.replace(tzinfo=UTC)
    for command in (clock.set, clock.freeze):
        with pytest.raises(ClockError, match=r"cannot go beyond 9000-01-01T00:00:00\.000Z"):
            command(LATEST - BEFORE)


@pytest.mark.parametrize("step", [timedelta.max, timedelta.min, timedelta(days=3_000_000)])
def test_step_beyond_the_calendar_is_refused(clock: Clock, step: timedelta) -> None:
    """A step that leads to no date at all is refused like any other impossible one."""
    with pytest.raises(ClockError, match="leads beyond the calendar"):
        clock.advance(step)


@pytest.mark.parametrize("hours", [-23, 23])
def test_the_first_and_the_last_moment_are_refused_in_any_zone(clock: Clock, hours: int) -> None:
    """Even a moment that UTC cannot express is refused as a moment, not by a crash."""
    zone = timezone(timedelta(hours=hours))
    for edge in (datetime.min.replace(tzinfo=zone), datetime.max.replace(tzinfo=zone)):
        with pytest.raises(ClockError):
            clock.set(edge)


@pytest.mark.parametrize(
    ("microseconds", "shown"), [(0, "000"), (999, "000"), (1000, "001"), (120_000, "120"), (999_999, "999")]
)
def test_timestamp_has_milliseconds(microseconds: int, shown: str) -> None:
    """Time stamps have three digits after the second, cut off and not rounded."""
    assert timestamp(START.replace(microsecond=microseconds)) == f"2026-01-05T08:00:00.{shown}Z"


@pytest.mark.parametrize("hours", [-11, 2])
def test_a_timestamp_is_in_utc_wherever_the_moment_was_taken(hours: int) -> None:
    """The same moment has one time stamp, whatever zone it is given in."""
    elsewhere = START.astimezone(timezone(timedelta(hours=hours)))
    assert timestamp(elsewhere) == timestamp(START) == "2026-01-05T08:00:00.000Z"


def test_unfrozen_time_goes_on_from_where_it_stood(clock: Clock, time: FakeTime) -> None:
    """What passed while the clock was frozen is not made up for; unfreezing twice changes nothing."""
    clock.freeze(START + timedelta(hours=1))
    time.advance(days=1)
    clock.unfreeze()
    assert (clock.now(), clock.frozen) == (START + timedelta(hours=1), False)
    time.advance(seconds=1)
    clock.unfreeze()
    assert clock.now() == START + timedelta(hours=1, seconds=1)


def test_unfreezing_never_goes_back(clock: Clock, time: FakeTime) -> None:
    """A clock that was moved while frozen goes on from there, wherever its source is."""
    clock.freeze()
    clock.advance(timedelta(days=30))
    clock.unfreeze()
    assert clock.now() == START + timedelta(days=30)
    time.advance(hours=-1)
    assert clock.now() == START + timedelta(days=30)


@pytest.mark.parametrize("frozen", [True, False])
def test_reset_shows_the_source_again(clock: Clock, frozen: bool) -> None:
    """A reset undoes everything that a clock was told."""
    clock.advance(timedelta(days=1))
    if frozen:
        clock.freeze()
    clock.reset()
    assert (clock.now(), clock.frozen) == (START, False)
