"""What keeps a run from harming a real account: a budget, a ledger, a pace, patience, and a bound on every answer."""

from casavi_contracts.safety.bounded import Bounded
from casavi_contracts.safety.budget import Budget
from casavi_contracts.safety.careful import Careful, WritePolicy
from casavi_contracts.safety.ledger import Ledger
from casavi_contracts.safety.pace import Pace, TooMuchPatience, retry_after
from casavi_contracts.safety.records import Records, records_of

__all__ = [
    "Bounded",
    "Budget",
    "Careful",
    "Ledger",
    "Pace",
    "Records",
    "TooMuchPatience",
    "WritePolicy",
    "records_of",
    "retry_after",
]
