"""What keeps a run from harming a real account: a budget, a ledger, a pace, patience, and a bound on every answer."""

from casavi_contracts.http.safety.bounded import Bounded
from casavi_contracts.http.safety.budget import Budget
from casavi_contracts.http.safety.careful import Careful, WritePolicy
from casavi_contracts.http.safety.ledger import Ledger
from casavi_contracts.http.safety.pace import Pace, TooMuchPatience, retry_after
from casavi_contracts.http.safety.records import Records, records_of

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
