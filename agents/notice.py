"""The notice that the person concerned may read: what was decided, under which rule, and how to contest it.

It is made from what holds, the policy's own words and the person's own words, and from nothing else of the record:
no score, threshold, chain, criterion, model, precedent or name of a moderator can get in. Contract: a notice with
`unfilled` lines is a draft and is not to be sent.
"""

from collections.abc import Sequence

from agents.prompt import render
from agents.quotation import Quotation
from agents.standing import Standing
from cases.case import Case, Surface
from policy_store.pack import Pack
from policy_store.rule import Rule

PLACEHOLDER = "### PLACEHOLDER ###"
SUPPORT = "offer support"
THING: dict[Surface, str] = {
    "post": "post", "comment": "comment", "message": "message", "chat": "chat message", "profile": "profile text",
    "prompt": "request", "ad": "ad", "listing": "listing", "review": "review",
}  # fmt: skip
DONE: dict[str, str] = {
    "remove": "was removed",
    "remove and escalate": "was removed",
    "limit reach": "is shown to fewer people",
    "label": "now carries a label that warns others",
    "none": "stays as it is",
}

STATE = {
    "act": "This decision removes nothing that you wrote, and nothing is held against you.",
    "review": "A person is going to read what you wrote, to see how we can be of help. Nothing is held against you.",
}


def notice(
    held: Standing, reference: str, case: Case, pack: Pack, quotes: Sequence[Quotation], *, lifted: bool, seen: str = ""
) -> str:
    """Return the notice as plain text.

    `quotes` are the person's own words that the decision rests on, `seen` what of a picture it rests on, `lifted` says
    that an earlier restriction ends.
    """
    thing, day = THING[case.surface], held.at.date().isoformat()
    rule = pack.by_id.get(held.rule_id) if held.rule_id else None
    machine = automation(held, thing)
    cited = rule_named(rule, pack) if rule else f"The rule that was broken: {PLACEHOLDER}"
    if rule and rule.action == SUPPORT and held.outcome != "allow":
        return render(
            "notice_support", state=STATE[held.outcome], thing=thing, rule=cited, automation=machine, day=day,
            reference=reference,
        )  # fmt: skip
    if held.outcome == "review":
        opening = (
            f"The earlier decision about your {thing} is being looked at again."
            if held.edit
            else f"Nothing has been decided about your {thing} yet."
        )
        about = f" in the light of this rule: {cited}" if rule else ""
        return render(
            "notice_review", opening=opening, reference=reference, thing=thing, about=about.rstrip("."),
            automation=machine,
        )  # fmt: skip
    if held.outcome == "allow":
        name = "notice_lifted" if lifted else "notice_allow"
        return render(name, thing=thing, policy=pack.title, day=day, reference=reference, automation=machine)
    return render(
        "notice_act", decided=_decided(held, thing), day=day, reference=reference, rule=cited,
        words=words_quoted(quotes, thing, seen), within=within_rules(rule, pack), automation=machine,
        redress=render("notice_redress"),
    )  # fmt: skip


def automation(held: Standing, thing: str) -> str:
    """Return how far automated means took part, in plain words."""
    if held.outcome == "review":
        return f"Automated means were used to select your {thing} for this check. They decide nothing about it."
    found = f"{'find' if held.outcome == 'act' else 'check'} your {thing}"
    if held.automation == "full":
        return f"Automated means were used to {found} and to take this decision. No person took part in it."
    if held.automation == "none":
        return f"Automated means were not used to {found} and not used to take this decision. A person took it."
    who = "A person took this decision." if held.edit else "A person took part in this decision."
    return f"Automated means were used to {found}. {who}"


def unfilled(text: str) -> tuple[str, ...]:
    """Return the lines of a notice that end in a placeholder; words quoted from content never count.

    >>> unfilled("Contact: ### PLACEHOLDER ###")
    ('Contact: ### PLACEHOLDER ###',)
    """
    return tuple(line for line in text.splitlines() if line.endswith(PLACEHOLDER))


def rule_named(rule: Rule, pack: Pack) -> str:
    """Return the rule by its name, its id and its own words."""
    return f"“{rule.type}” ({rule.id}) in the {pack.title}: {rule.statement}"


def _decided(held: Standing, thing: str) -> str:
    if held.action is None:
        return f"Your {thing} was found to break our rules. What was done about it: {PLACEHOLDER}"
    done = DONE.get(held.action)
    if done is None:
        return f"Your {thing} was found to break our rules. What was done about it: {held.action}."
    return f"Your {thing} {done}, because it was found to break our rules."


def words_quoted(quotes: Sequence[Quotation], thing: str, seen: str = "") -> str:
    """Return the person's own words that a decision rests on, and what of a picture, where that is `seen`."""
    if not quotes:
        return f"The decision rests on {seen or f'your {thing} as a whole'}."
    lines = [f"- {quote.told}" for quote in quotes]
    also = f"{seen}, and on " if seen else ""
    return "\n".join([f"The decision rests on {also}these words of yours:", *lines])


def within_rules(rule: Rule | None, pack: Pack) -> str:
    """Return what the rule does not hold for."""
    exceptions = pack.exceptions_of(rule) if rule else ()
    if not exceptions:
        return "The rule has no exceptions. What it does not describe is within the rules."
    return "\n".join(["The rule does not hold for:", *(f"- {c.text}" for c in exceptions)])
