"""What a killed server leaves on the disk is all that was decided: another one goes on from there."""

from pathlib import Path

import pytest

from casavi_mock.domain.jobs import Progress
from tests.support.kept import Chance, Kept, seen

MOVES = 40
BY_TIME = Progress(job_seconds=1.0, record_seconds=0.25)


def check_chance(folder: Path, seed: int, moves: int) -> None:
    kept = Kept(folder / "a.db", progress=BY_TIME)
    chance, done = Chance(kept, seed), []
    try:
        for number in range(moves):
            done.append(chance.move())
            if chance.chance.random() < 0.7:
                continue
            again = Kept(kept.left_by_a_kill(folder / f"killed-{number}"), kept.time, progress=BY_TIME)
            try:
                expected, found = seen(kept), seen(again)
                assert found == expected, done
            finally:
                again.keeper.close()
    finally:
        kept.keeper.close()
    ended = Kept(folder / "a.db", kept.time, progress=BY_TIME)
    assert seen(ended) == seen(kept)
    ended.keeper.close()


@pytest.mark.parametrize("seed", range(2))
def test_a_kill_loses_nothing(tmp_path: Path, seed: int) -> None:
    check_chance(tmp_path, seed, MOVES)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 130))
def test_no_kill_loses_anything(tmp_path: Path, seed: int) -> None:
    check_chance(tmp_path, seed, 100)
