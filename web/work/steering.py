"""Does the policy steer? The same content under two profiles, and under two rules that contradict each other.

A judge that answers the same to a rule and to its opposite does not read the rule. What comes out is shown as it is.
"""

from typing import NamedTuple

from agents.scratch import Trial
from cases.case import Case
from cases.decision import Decision
from cases.intake import IntakeError, case_from_text
from cases.text import sentences
from evals.trials import try_on
from graphs.replay import decide_kept
from policy_store.pack import Pack
from policy_store.rule import Rule
from web.identity import Actor
from web.office import Office
from web.problem import Problem
from web.store import journal
from web.work.drafts import pack_at
from web.work.trying import tried

LONGEST, MOST_SWEPT = 4000, 60


class Steered(NamedTuple):
    """One content under two profiles of a policy; `flips` says whether outcome, rule or tier differ."""

    pack: Pack
    decisions: tuple[tuple[str, Decision], tuple[str, Decision]]
    flips: bool


class Swap(NamedTuple):
    """One example of a rule under two profiles, and why the two may differ."""

    rule_id: str
    why: str
    example_id: str
    text: str
    first: Decision
    second: Decision
    flips: bool


class Swept(NamedTuple):
    """Every rule that two profiles treat differently, by its examples; empty where they treat all alike."""

    one: str
    two: str
    rows: tuple[Swap, ...]


class Opposed(NamedTuple):
    """One content under a rule in plain words and under its opposite."""

    trials: tuple[tuple[str, Trial], tuple[str, Trial]]
    flips: bool


def profiles(office: Office, actor: Actor, ref: str, text: str, one: str, two: str) -> Steered:
    """Judge a content under two profiles of a policy (or of a draft); nothing is recorded."""
    pack = pack_at(office, ref)
    _known(pack, one, two)
    cases = [_case(text).model_copy(update={"profile": name}) for name in (one, two)]
    with tried(office, pack) as (deps,):
        made = decide_kept(deps, cases, office.desks.model.store)
    first, second = (made[case.digest].decision for case in cases)
    journal.note(office.store, actor.id, "policy.steer", ref, {"profiles": f"{one} {two}"})
    return Steered(pack, ((one, first), (two, second)), _turns(first, second))


def sweep(office: Office, actor: Actor, ref: str, one: str, two: str) -> Swept:
    """Judge the violating examples of every rule that two profiles treat differently under both of them."""
    pack = pack_at(office, ref)
    _known(pack, one, two)
    rules = [(rule, why) for rule in pack.rules if (why := _differs(pack, rule, one, two))]
    asked = [(rule, why, example) for rule, why in rules for example in rule.examples.violating][:MOST_SWEPT]
    cases = [case_from_text(example.text, example.id) for *_, example in asked]
    pairs = [[case.model_copy(update={"profile": name}) for name in (one, two)] for case in cases]
    with tried(office, pack) as (deps,):
        made = decide_kept(deps, [case for pair in pairs for case in pair], office.desks.model.store)
    journal.note(office.store, actor.id, "policy.steer", ref, {"profiles": f"{one} {two}", "sweep": str(len(asked))})
    rows = []
    for (rule, why, example), pair in zip(asked, pairs, strict=True):
        first, second = (made[case.digest].decision for case in pair)
        rows.append(Swap(rule.id, why, example.id, example.text, first, second, _turns(first, second)))
    return Swept(one, two, tuple(rows))


def opposites(office: Office, actor: Actor, rule: str, opposite: str, text: str) -> Opposed:
    """Judge a content under two rules in plain words; they steer where one is met and the other is not."""
    for said, field in ((rule, "rule"), (opposite, "opposite")):
        if not sentences(said) or len(said) > LONGEST:
            raise Problem(422, f"{field}: write what violates it in a sentence, {LONGEST:,} characters at most.",
                          param=field, code="no_rule")  # fmt: skip
    case, model = _case(text), office.desks.model
    made = [(said, try_on(said, case, model.encode_kept, model.calibration, model.read)) for said in (rule, opposite)]
    journal.note(office.store, actor.id, "policy.steer", "opposites")
    return Opposed((made[0], made[1]), made[0][1].verdict != made[1][1].verdict)


def _known(pack: Pack, one: str, two: str) -> None:
    known = [p.id for p in pack.profiles]
    for name, field in ((one, "one"), (two, "two")):
        if name not in known:
            raise Problem(422, f"{pack.id} has no profile {name!r}; it has {', '.join(known)}.", param=field,
                          code="unknown_profile")  # fmt: skip


def _differs(pack: Pack, rule: Rule, one: str, two: str) -> str | None:
    if rule.status != "active":
        return None
    off = [name for name in (one, two) if rule.id in pack.profile(name).off]
    if len(off) == 1:
        return f"{off[0]} switches it off"
    labels = [[p.labels.get(name, p.labels.get("*")) for p in rule.products] for name in (one, two)]
    return "its combinations are labelled otherwise" if labels[0] != labels[1] else None


def _turns(first: Decision, second: Decision) -> bool:
    return (first.outcome, first.rule_id, first.tier) != (second.outcome, second.rule_id, second.tier)


def _case(text: str) -> Case:
    try:
        return case_from_text(text[:LONGEST], "steered")
    except IntakeError as error:
        raise Problem(422, str(error), param="text", code="no_content") from None
