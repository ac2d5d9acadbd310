"""A reference model of one account: what an import does, and what can be read then. No HTTP, no code of a server."""

from casavi_contracts.model.account import Account, Job, Rejected
from casavi_contracts.model.comparing import Difference, differences, same, shown
from casavi_contracts.model.judging import Refusal
from casavi_contracts.model.views import View

__all__ = ["Account", "Difference", "Job", "Refusal", "Rejected", "View", "differences", "same", "shown"]
