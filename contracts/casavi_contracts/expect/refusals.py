"""Judges answers that have to be refusals."""

from typing import Any

from casavi_contracts.context import Context
from casavi_contracts.failures import Broken
from casavi_contracts.http.exchange import Answer

_UNKNOWN = frozenset({
    "job-unknown", "contact-unknown", "property-unknown", "token-unknown", "token-missing", "token-foreign",
    "credentials-wrong",
})  # fmt: skip
"""Rules by which is refused what nobody has given out or created, or what belongs to somebody else."""


def refused(ctx: Context, answer: Answer, rule: str, what: str) -> None:
    """Demands that an answer is a refusal by a rule of the register.

    That something is refused at all is what the check promises; status and name of the rule are guesses, and are judged
    as such. What else belongs to an error body is judged by `errors-explain-themselves`.

    Args:
        ctx: The context.
        answer: What came.
        rule: Name of the rule.
        what: What was sent, in words without secrets.

    Raises:
        casavi_contracts.failures.Broken: It is none, or another one.
    """
    known = ctx.contract.rules[rule]
    guess: dict[str, Any] = {"evidence": "assumed", "assumption": known.assumption}
    # Whatever casavi has documented: what nobody gave out or created is unknown to any API.
    ctx.expect(not answer.ok, f"{what} to be refused", f"status {answer.status}", always=rule in _UNKNOWN)
    ctx.expect(
        answer.status == known.status,
        f"status {known.status} for {what}",
        f"status {answer.status}",
        value=answer.status,
        **guess,
    )
    named = named_rule(answer)
    ctx.expect(named in (None, rule), f"the rule {rule!r} for {what}", f"the rule {named!r}", **guess)


def named_rule(answer: Answer) -> str | None:
    """Returns the rule that an error body names, None if it names none."""
    try:
        body = answer.json
    except Broken:
        return None
    rule = body.get("rule") if isinstance(body, dict) else None
    return rule if isinstance(rule, str) else None
