"""How many records of a job came to which end."""

from collections.abc import Iterator, Mapping

from casavi_mock.domain.model import ENTITIES, Outcome

_OUTCOMES = tuple(Outcome)
_NAMES = tuple(str(outcome) for outcome in _OUTCOMES)
_WIDTH = len(_OUTCOMES)
_ROWS = {entity: row * _WIDTH for row, entity in enumerate(ENTITIES)}
_COLUMNS = {outcome: column for column, outcome in enumerate(_OUTCOMES)}


class Counts(Mapping[str, Mapping[Outcome, int]]):
    """Numbers of records by entity and outcome; what one entity has is read, not changed.

    Args:
        numbers: Those that are not zero, by the place that they have in `numbers`.
    """

    __slots__ = ("_numbers",)

    def __init__(self, numbers: Mapping[int, int] | None = None) -> None:
        self._numbers = [0] * (_WIDTH * len(ENTITIES))
        for place, number in (numbers or {}).items():
            self._numbers[place] = number

    def __getitem__(self, entity: str) -> dict[Outcome, int]:
        row = _ROWS[entity]
        return dict(zip(_OUTCOMES, self._numbers[row : row + _WIDTH], strict=True))

    def __iter__(self) -> Iterator[str]:
        return iter(ENTITIES)

    def __len__(self) -> int:
        return len(ENTITIES)

    @property
    def numbers(self) -> tuple[int, ...]:
        """All numbers, in an order that stays the same."""
        return tuple(self._numbers)

    def add(self, entity: str, outcome: Outcome, number: int = 1) -> None:
        """Counts so many records."""
        self._numbers[_ROWS[entity] + _COLUMNS[outcome]] += number

    def totals(self) -> dict[str, int]:
        """Returns how many records came to which end, of all entities; ends to which none came are left out."""
        numbers = self._numbers
        return {name: total for column, name in enumerate(_NAMES) if (total := sum(numbers[column::_WIDTH]))}

    def view(self) -> dict[str, dict[str, int]]:
        """Returns the numbers under the names that clients see."""
        numbers = self._numbers
        return {entity: dict(zip(_NAMES, numbers[row : row + _WIDTH], strict=True)) for entity, row in _ROWS.items()}
