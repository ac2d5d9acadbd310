"""Laws about logging in."""

from typing import Any

from casavi_contracts.laws.law import Law, law
from casavi_contracts.trial import Trial


@law(
    "log-in-gives-a-token",
    "Key and secret of an account give a token that is good for reading.",
    evidence="documented",
    source="2.1",
    operations=("authenticate",),
)
def log_in_gives_a_token(trial: Trial, case: Any) -> None:
    client = trial.fresh()
    client.log_in()
    operation = "getContacts" if trial.contract.version == "v1" else "listContacts"
    answer = client.send(operation)
    trial.expect(answer.ok, "a page of contacts with the new token", f"status {answer.status}")


LAWS: tuple[Law, ...] = (log_in_gives_a_token,)
