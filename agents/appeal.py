"""The notice about the outcome of an appeal, in plain words, for whoever filed it. Not the notice of a first decision.

Like that one (agents.notice) it is made from what holds, the policy's words and the person's own words: no score,
chain, model or name of anybody gets in. Contract: a notice with `unfilled` lines is a draft and is not to be sent.
"""

from datetime import date
from typing import Literal

from agents.excerpt import shortened
from agents.notice import (
    DONE,
    PLACEHOLDER,
    SUPPORT,
    THING,
    automation,
    notice,
    rule_named,
    within_rules,
    words_quoted,
)
from agents.prompt import render
from agents.quotation import pictured, quotations
from agents.redress import redress
from agents.standing import Standing
from cases.case import Case
from cases.decision import Decision
from policy_store.pack import Pack
from policy_store.rule import Rule

Result = Literal["upheld", "overturned", "changed"]
MAX_STATEMENT = 600
NOTHING_SAID = "You gave no reasons, so we read your {thing} again as it stands."
WHY: dict[Result, str] = {
    "upheld": "Your {thing} does what the rule below describes, and none of the exceptions to that rule holds for it.",
    "overturned": "Read again as a whole, your {thing} does not do what the rule that we had named describes.",
    "changed": "Your {thing} does what the rule below describes, and not what the rule that we had named describes.",
}  # fmt: skip
WHY_KEPT = "It does not do what our rules describe."
WHY_RESTRICTED = "Read again as a whole, it does what the rule describes."


def appeal_notice(
    result: Result, before: Standing, after: Standing, reference: str, decision: Decision, case: Case, pack: Pack, *,
    filed: date, statement: str, why: str, country: str | None = None,
) -> str:  # fmt: skip
    """Return the notice as plain text; `before` and `after` are what held and what holds since the appeal.

    `why` is what the person who decided wants to say, in plain words; blank takes a sentence that is true of any case.
    """
    thing = THING[case.surface]
    rule = pack.by_id.get(after.rule_id) if after.rule_id else None
    was = pack.by_id.get(before.rule_id) if before.rule_id else None
    shared = {
        "thing": thing, "filed": filed.isoformat(), "day": after.at.date().isoformat(), "reference": reference,
        "automation": automation(after, thing),
    }  # fmt: skip
    said = f"“{shortened(statement, MAX_STATEMENT)}”" if statement.strip() else NOTHING_SAID.format(thing=thing)
    lawful = render("appeal_redress", **redress(country)._asdict())
    told = why.strip() or WHY[result].format(thing=thing)
    if after.outcome == "act" and support(rule):  # nothing is restricted, and nobody is to be told off
        return notice(after, reference, case, pack, (), lifted=False)
    if before.outcome == "allow":  # who filed it is not who wrote it
        shared["automation"] = automation(after, thing).replace(f"your {thing}", f"the {thing}")
        if after.outcome == "allow":
            kept = why.strip() or WHY_KEPT
            return render("appeal_kept", **shared, policy=pack.title, statement=said, why=kept, redress=lawful)
        return render("appeal_restricted", **shared, rule=_named(rule, pack), done=_done(after, rule),
                      why=why.strip() or WHY_RESTRICTED)  # fmt: skip
    if result == "overturned":
        return render("appeal_overturned", **shared, policy=pack.title, before=_before(was, pack, thing, before),
                      why=told)  # fmt: skip
    own = [f for f in decision.findings if f.rule_id == after.rule_id]
    quotes, seen = quotations(case, [e for f in own for e in f.evidence]), [s for f in own for s in f.sightings]
    acted = {
        "done": _done(after, rule), "statement": said, "why": told, "rule": _named(rule, pack),
        "words": words_quoted(quotes, thing, pictured(case, seen)), "within": within_rules(rule, pack),
        "redress": lawful,
    }  # fmt: skip
    if result == "upheld":
        return render("appeal_upheld", **shared, **acted, heard=", what you told us," if statement.strip() else "")
    return render("appeal_changed", **shared, **acted, before=_before(was, pack, thing, before))


def filled(text: str, lines: dict[str, str]) -> str:
    """Return a notice with its placeholders filled by the label that stands in front of them.

    >>> filled("Contact: ### PLACEHOLDER ###", {"Contact:": "help.example"})
    'Contact: help.example'
    """
    out = []
    for line in text.splitlines():
        label = label_of(line)
        out.append(f"{label} {lines[label]}" if label is not None and label in lines else line)
    return "\n".join(out)


def label_of(line: str) -> str | None:
    """Return what stands in front of the placeholder that a line ends in, None for a line without one."""
    return line[: -len(PLACEHOLDER)].rstrip() if line.endswith(PLACEHOLDER) else None


def _named(rule: Rule | None, pack: Pack) -> str:
    return rule_named(rule, pack) if rule else f"The rule that was broken: {PLACEHOLDER}"


def _done(held: Standing, rule: Rule | None) -> str:
    if support(rule):
        return "stayed as it was, and we offered support"
    if held.action is None:
        return "is restricted"
    return DONE.get(held.action, f"is restricted ({held.action})")


def _before(rule: Rule | None, pack: Pack, thing: str, before: Standing) -> str:
    why = f", because we took it to break this rule: {rule_named(rule, pack)}" if rule else "."
    return f"Your {thing} {_done(before, rule)}{why}"


def support(rule: Rule | None) -> bool:
    """Return whether a rule offers support and restricts nothing."""
    return rule is not None and rule.action == SUPPORT


__all__ = ["WHY", "Result", "appeal_notice", "filled", "label_of", "support"]
