import pytest

from casavi_fixtures import Refusal, Target, broken_names, load_broken, load_portfolio, portfolio_names
from casavi_mock.domain.model import Outcome, RecordError
from tests.support.accounts import Bench, outcomes
from tests.support.marks import by_cost

LARGE = "document-too-large"
ACCEPTED = [name for name in broken_names() if name == LARGE or load_broken(name).status == 202]


def as_refusal(error: RecordError) -> Refusal:
    missing = None
    if error.missing:
        entity, key = error.missing
        assert key is not None
        missing = Target(entity, key)
    return Refusal(error.entity, error.id, error.pointer, error.rule, missing)


@pytest.mark.parametrize("name", ACCEPTED)
def test_refuses_exactly_what_the_sample_says(name: str) -> None:
    """Every sample that the contract document lets pass is judged record by record as its expectations say."""
    broken = load_broken(name)
    bench = Bench()
    if broken.before is not None:
        assert bench.take(broken.before).errors == []
    job = bench.take(broken.document)
    assert [as_refusal(error) for error in job.errors] == list(broken.refusals)
    assert job.counts.view() == broken.counts
    assert job.state == broken.job_status


@pytest.mark.parametrize("name", ACCEPTED)
def test_evidence_is_that_of_the_rule(name: str) -> None:
    """Every error shows the evidence of its rule, or of the reference that leads nowhere."""
    bench = Bench()
    evidence = bench.settings.evidence
    for error in bench.take(load_broken(name).document).errors:
        assert error.rule in evidence
        if error.rule != "missing-reference":
            assert error.evidence == evidence[error.rule]


@pytest.mark.parametrize("name", by_cost(portfolio_names()))
def test_sound_samples_are_taken_whole_and_only_once(name: str) -> None:
    """Every sample portfolio is imported without a word, and changes nothing the second time."""
    bench = Bench()
    body = load_portfolio(name)
    first = bench.take(body)
    assert (first.errors, first.warnings) == ([], [])
    assert outcomes(first) == {"created": first.total}
    again = bench.take(body)
    assert outcomes(again) == {str(Outcome.UNCHANGED): first.total}
