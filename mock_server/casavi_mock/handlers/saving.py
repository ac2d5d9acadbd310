"""Refuses to promise what cannot be saved, where changes of accounts are saved at all."""

from casavi_mock.accounts import Account
from casavi_mock.errors import Refused


def refuse_unsaved(account: Account) -> None:
    """Refuses to promise what cannot be saved.

    Raises:
        Refused: Changes of the account are to be saved, and cannot be at present.
    """
    trouble = account.changes.trouble() if account.changes is not None else None
    if trouble is not None:
        raise unsaved(trouble)


def unsaved(trouble: str) -> Refused:
    """Returns the refusal of what cannot be saved.

    Args:
        trouble: Why, as one sentence.
    """
    return Refused("state-unsaved", trouble, headers={"Retry-After": "1"})
