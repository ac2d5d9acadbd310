"""Laws about the import."""

from typing import Any

from casavi_contracts.contract import Contract
from casavi_contracts.laws.law import Law, law
from casavi_contracts.strategies import master_data
from casavi_contracts.target import Capability
from casavi_contracts.trial import Trial


def _portfolios(contract: Contract) -> Any:
    return master_data()


@law(
    "accepted-job-ends",
    "Every accepted job ends within the time that was allowed for it.",
    evidence="inferred",
    source="8.8",
    operations=("importMasterData", "getJob"),
    needs=(Capability.WRITE,),
    cases=_portfolios,
    examples=10,
)
def accepted_job_ends(trial: Trial, case: Any) -> None:
    job = trial.account.imported(trial.names.own(case))
    trial.expect(job["status"] in trial.contract.final_states, "a final state", job["status"])


LAWS: tuple[Law, ...] = (accepted_job_ends,)
