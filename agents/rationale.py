"""The public rationale of a decision: plain words, the person's own words quoted, the rule quoted.

It never holds the chain of thought, a score, a threshold, the name of a moderator or how content was detected.
"""

from agents.depth import FAILURES
from agents.prompt import render
from agents.quotation import pictured, quotations, stopped
from cases.case import Case
from cases.decision import Cause, Outcome
from cases.finding import Finding
from policy_store.rule import Rule

MAX_QUOTED = 160
WHY: dict[Cause, str] = {
    "ambiguous": "It is close to the line that the policy draws.",
    "competing_rules": "More than one rule could apply.",
    "thin_policy": "The policy says little about content of this kind.",
    "critic_veto": "It needs a closer look.",
    "context_changes_reading": "It reads differently together with the conversation around it.",
    "cross_modal_contradiction": "Its parts say different things.",
    "language_not_covered": "It is written in a language that is not covered.",
    "too_long": "It is too long to be read in full.",
    "media_not_read": "It holds pictures, video or sound that were not read.",
    "picture_not_judged": "It holds a picture, of which only the words and a few regions were looked at.",
    "out_of_distribution": "It is unlike anything that the policy was written for.",
    **dict.fromkeys(FAILURES, "It could not be checked in full."),
}


def public_rationale(
    outcome: Outcome, rule: Rule | None, findings: tuple[Finding, ...], causes: tuple[Cause, ...], case: Case
) -> str:
    """Return the rationale that the person concerned may read."""
    if outcome == "allow":
        return render("public_allow")
    if outcome == "review":
        about = f" (rule “{rule.type}”)" if rule else ""
        return render("public_review", about=about, why=" ".join(dict.fromkeys(WHY[c] for c in causes)))
    assert rule is not None
    own = [f for f in findings if f.rule_id == rule.id]
    quotes = ", ".join(q.told for q in quotations(case, [e for f in own for e in f.evidence], MAX_QUOTED))
    seen = pictured(case, [s for f in own for s in f.sightings])
    if rule.action is None and seen:
        words = f", and on these words: {quotes}" if quotes else ""
        return stopped(render("public_seen", rule=rule.type, statement=rule.statement, shown=seen, words=words))
    if rule.action is not None:
        return render("public_support", rule=rule.type)
    told = quotes or "the content as a whole"
    return stopped(render("public_act", rule=rule.type, statement=rule.statement, quotes=told))
