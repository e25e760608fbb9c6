"""Put what the stages found together into one decision. It weighs nothing anew.

A case that was not fully read, or that nobody could be sure of, becomes `review`; never an allow.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, TypeVar

import numpy as np

from agents.attributes import best_values
from agents.attributes import read as values_of
from agents.calibration import Thresholds
from agents.depth import FAILURES, Doubt
from agents.evidence import located
from agents.exhibit import all_seen
from agents.highlight import marked
from agents.modality import Contradiction
from agents.novelty import novelty
from agents.onlooker import Judged
from agents.perceiver import Perception
from agents.precedence import leading
from agents.ranker import Ranking, cuts_for
from agents.rationale import public_rationale
from agents.reasoner import Bench, Draft, answered, citations, stance_of
from agents.router import Route
from agents.severity import Severity, facts, grade, raised
from cases.case import Case, Surface
from cases.decision import Cause, Critique, Decision, Outcome, PackRef, Played, Spent, Stage, Step
from cases.exchange import Failure
from cases.finding import Citation, Finding
from cases.model import Fact
from policy_store.pack import Pack
from policy_store.rule import Rule

SHOWN = 5
WEIGHT: dict[Outcome, int] = {"act": 0, "review": 1, "allow": 2}
F = TypeVar("F", Perception, Doubt)


class Frame(Fact):
    """What every decision of a run shares."""

    pack: PackRef
    profile: str
    model_digest: str
    thresholds: str | None = None
    roles: tuple[Played, ...] = ()

    def for_profile(self, profile: str | None) -> "Frame":
        """Return the frame of a case that names its own profile."""
        return self if profile is None else self.model_copy(update={"profile": profile})


class Sure(Fact):
    """What the ranker is sure of: the rules that are hit, and the severity of the one that leads."""

    outcome: Outcome
    rule_id: str | None
    findings: tuple[Finding, ...]
    severity: Severity | None


def sure(bench: Bench, ranking: Ranking, cuts: Thresholds) -> Sure:
    """Return the ranker's own verdict on a case that it is sure about, with quick evidence for what is hit."""
    rules = bench.book.pack.by_id
    hits = [s for s in ranking.scores if s.probability >= cuts.act_in(rules[s.rule_id].scene)]
    quiet = tuple(
        Finding(rule_id=s.rule_id, verdict="not_hit", probability=round(s.probability, 4))
        for s in ranking.scores[: SHOWN + len(hits)]
        if s not in hits
    )[:SHOWN]
    if not hits:
        return Sure(outcome="allow", rule_id=None, findings=quiet, severity=None)
    findings: dict[str, Finding] = {}
    graded: dict[str, Severity] = {}
    # First of all and for every hit, as pairs that are asked together are read side by side; quoting asks again.
    said = answered(bench, ranking, [s.rule_id for s in hits])
    for score in hits:
        rule = rules[score.rule_id]
        view, vector = bench.views[score.view], bench.vectors[score.view]
        finding = Finding(
            rule_id=rule.id,
            verdict="hit",
            probability=round(score.probability, 4),
            citations=citations(bench.book, rule, vector),
            evidence=marked(bench, view, rule) or located(bench.case, view, bench.book.index[rule.id], bench.score),
            attributes=best_values(values_of(rule, bench.book.value_vectors(rule), vector)) if rule.attributes else (),
            stance=stance_of(bench, score.view)[0],
        )
        findings[rule.id] = finding
        read = said[rule.id].severity if rule.id in said else None
        known = facts(bench.case, rule, finding, vector, bench.book, bench.calibration, read)
        graded[rule.id] = grade(known, bench.book.pack, bench.calibration)
    likely = {r: f.probability for r, f in findings.items()}
    lead = leading({r: s.value for r, s in graded.items()}, bench.book.pack, likely)
    assert lead is not None
    ordered = (findings[lead], *(f for r, f in findings.items() if r != lead), *quiet)
    return Sure(outcome="act", rule_id=lead, findings=ordered, severity=graded[lead])


def cleared(
    frame: Frame, case: Case, decision_id: str, route: Route, pack: Pack, at: datetime, spent: tuple[Spent, ...]
) -> Decision:
    """Return the allow of a case that the router dropped."""
    tier = pack.tier(0)
    return Decision(
        id=decision_id,
        case_id=case.id,
        case_digest=case.digest,
        outcome="allow",
        score=round(route.risk, 4),
        severity=0,
        tier=tier.id,
        action=tier.action,
        rule_id=None,
        findings=(),
        stage="router",
        rationale=public_rationale("allow", None, (), (), case),
        profile=frame.profile,
        pack=frame.pack,
        model_digest=frame.model_digest,
        roles=frame.roles,
        thresholds=frame.thresholds,
        spent=spent,
        at=at,
    )


def settled(
    frame: Frame,
    bench: Bench,
    decision_id: str,
    perception: Perception,
    route: Route,
    ranking: Ranking,
    doubt: Doubt,
    contradiction: Contradiction | None,
    at: datetime,
    spent: tuple[Spent, ...],
    draft: Draft | None = None,
    critiques: tuple[Critique, ...] = (),
    seen: Judged | None = None,
) -> Decision:
    """Return the decision of a case that was ranked, and reasoned about where the ranker was unsure.

    `seen` is what its pictures come to by sight: what weighs more leads, and nothing is let go that either doubts.
    """
    pack, cuts = bench.book.pack, cuts_for(ranking, bench.calibration.thresholds)
    if all_seen(bench.case, ranking.saw, *([draft.saw] if draft else [])):
        perception, doubt = _judged(perception), _judged(doubt)
    if seen and (more := tuple(g for g in seen.gaps if g not in perception.gaps)):
        perception = perception.model_copy(update={"gaps": (*perception.gaps, *more)})
    found = draft or sure(bench, ranking, cuts)
    proposed, lead, place, by_sight = led(found, seen, pack)
    stage: Stage = "reasoner" if draft or by_sight else "ranker"
    doubted = not by_sight and (found.outcome != "allow" or critiques)
    rules = [s.rule_id for s in ranking.scores]
    reach = novelty(bench.book, bench.vectors, rules, found.rule_id) if doubted else ()
    foreign = "out_of_distribution" in reach
    outcome, causes = outcome_of(
        proposed, doubt, perception, critiques, reasoned=draft is not None, foreign=foreign,
        failure=draft.failure if draft else None,
    )  # fmt: skip
    findings, severity = merged(found.findings, seen, by_sight), place.value if place else 0
    # A case that waits only because part of it was not read suspects no rule.
    suspects = outcome == "act" or proposed != "allow" or bool({"critic_veto", *FAILURES} & {*causes})
    rule_id = lead if outcome != "allow" and suspects else None
    if rule_id is None:
        severity = 0
    elif contradiction and (modifier := modifier_of(pack, bench.case.surface)):
        severity = raised(severity, pack.by_id[rule_id], modifier.raises or 0)
        findings = (*findings, _modifier_finding(modifier, bench, contradiction, findings))
    if outcome == "review" and suspects:
        causes = (*causes, *(c for c in reach if c not in causes))
    tier = pack.tier(severity)
    rule = pack.by_id[rule_id] if rule_id else None
    return Decision(
        id=decision_id,
        case_id=bench.case.id,
        case_digest=bench.case.digest,
        outcome=outcome,
        score=round(max(_score(ranking, draft), seen.probability if seen else 0.0), 4),
        severity=severity,
        tier=tier.id,
        action=(rule.action if rule and rule.action else tier.action)
        if outcome == "act"
        else "none"
        if outcome == "allow"
        else "wait for a person",
        rule_id=rule_id,
        findings=findings,
        stage=stage,
        depth=doubt.depth,
        audit=route.audit,
        grades=place.grades if place and rule_id else (),
        chain=_chain(draft.chain if draft else (), seen, contradiction, by_sight),
        critiques=critiques,
        precedents=draft.precedents if draft else (),
        causes=causes,
        rationale=public_rationale(outcome, rule, findings, causes, bench.case),
        automation="partial" if outcome == "review" else "full",
        profile=frame.profile,
        pack=frame.pack,
        model_digest=frame.model_digest,
        roles=frame.roles,
        thresholds=frame.thresholds,
        spent=spent,
        at=at,
    )


class Led(NamedTuple):
    """What leads: the outcome proposed, the rule, its severity, and whether it is a picture's."""

    outcome: Outcome
    rule_id: str | None
    severity: Severity | None
    by_sight: bool


def led(found: Draft | Sure, seen: Judged | None, pack: Pack) -> Led:
    """Return what leads of words and pictures: who acts before who doubts, then as rules lead over each other."""
    words = Led(found.outcome, found.rule_id, found.severity, False)
    if seen is None:
        return words
    sight = Led(seen.outcome, seen.rule_id, seen.severity, True)
    if words.outcome != sight.outcome:
        return min((words, sight), key=lambda one: WEIGHT[one.outcome])
    if words.outcome == "allow" or words.rule_id is None or words.severity is None or sight.severity is None:
        return words if words.outcome == "allow" else sight
    both = {str(one.rule_id): one.severity.value for one in (sight, words) if one.severity}
    return sight if leading(both, pack) == sight.rule_id else words


def merged(words: tuple[Finding, ...], seen: Judged | None, by_sight: bool) -> tuple[Finding, ...]:
    """Return the findings of words and pictures, those of what leads first; of one rule the likelier finding stays."""
    if seen is None:
        return words
    first, then = (seen.findings, words) if by_sight else (words, seen.findings)
    best: dict[str, Finding] = {}
    for finding in (*first, *then):
        held = best.get(finding.rule_id)
        if held is None or finding.probability > held.probability:
            best[finding.rule_id] = finding
    return tuple(best.values())


def _chain(
    drafted: tuple[Step, ...], seen: Judged | None, contradiction: Contradiction | None, by_sight: bool
) -> tuple[Step, ...]:
    """Return the chain of what was reasoned, the picture's steps beside those of the words, and the contradiction."""
    sides = [drafted, seen.chain if seen else ()]
    own = [side for side in (sides if by_sight else sides[::-1]) if side]
    if not own:
        return ()
    # What leads has the last word in each step, so that the chain ends in what it concludes.
    steps = [Step(name=each[0].name, text=" ".join(s.text for s in each)) for each in zip(*own, strict=True)]
    if contradiction:
        steps = [
            s.model_copy(update={"text": f"{s.text} {contradiction.told}."}) if s.name == "screening" else s
            for s in steps
        ]
    return tuple(steps)


def _judged(found: F) -> F:
    """Return what was found lacking, without the pictures: models saw them, and were asked about the whole policy."""
    field = "gaps" if isinstance(found, Perception) else "causes"
    kept = tuple(c for c in getattr(found, field) if c != "picture_not_judged")
    return found.model_copy(update={field: kept})


def modifier_of(pack: Pack, surface: Surface) -> Rule | None:
    """Return the pack's cross-modal modifier, if it has an active one for this surface."""
    return next(
        (
            r for r in pack.rules
            if r.raises is not None and r.status == "active" and (not r.surfaces or surface in r.surfaces)
        ), None,
    )  # fmt: skip


def outcome_of(
    proposed: Outcome, doubt: Doubt, perception: Perception, critiques: tuple[Critique, ...], *, reasoned: bool,
    foreign: bool, failure: Failure | None = None,
) -> tuple[Outcome, tuple[Cause, ...]]:  # fmt: skip
    """Return what becomes of a proposed outcome, and the causes that keep a case for a person.

    `foreign` content, to which no example of a rule in play is near, is not acted on without a person. Nor is anything
    settled where a model that was to judge failed: `failure` is the reasoner's.
    """
    failures = [c for c in doubt.causes if c in FAILURES]
    failures += [f for f in (failure, critiques[-1].failure if critiques else None) if f and f not in failures]
    if failures:
        return "review", (*failures, *(c for c in doubt.causes if c not in failures), *perception.gaps)
    if foreign and proposed == "act":
        return "review", ("out_of_distribution", *perception.gaps)
    if "too_long" in perception.gaps:  # of hundreds of passages one looks guilty by chance
        proposed = "review" if proposed == "act" else proposed
    if not reasoned and doubt.depth != "none":
        proposed = "review"  # there was no rule to reason about, and the cuts trust nobody
    causes = [c for c in doubt.causes if c not in perception.gaps]
    if "thin_policy" in causes and proposed == "allow":
        proposed = "review"  # a guard model found something that the policy has no rule for
    if critiques and critiques[-1].ruling == "veto":
        return "review", (*causes, "critic_veto", *perception.gaps)
    if perception.gaps and proposed != "act":
        return "review", (*perception.gaps, *(causes if proposed == "review" else ()))
    if proposed == "review":
        return "review", tuple(causes) or ("ambiguous",)
    return proposed, ()


def _score(ranking: Ranking, draft: Draft | None) -> float:
    if draft is not None and draft.any is not None:
        return max(draft.any, *(f.probability for f in draft.findings))
    looked = {f.rule_id: f.probability for f in draft.findings if f.evidence} if draft else {}
    # What was adjudicated replaces the ranker's view of a rule; the other rules keep theirs.
    best = max((looked.get(s.rule_id, s.probability) for s in ranking.scores), default=0.0)
    # That some rule is broken is never less likely than that one of them is.
    return best if looked else max(ranking.any, best)


def _modifier_finding(
    modifier: Rule, bench: Bench, found: Contradiction, findings: Sequence[Finding]
) -> Finding:  # fmt: skip
    clause = modifier.includes[0]
    regions = next((f.sightings for f in findings if f.rule_id == found.rule_id and found.view is None), ())
    evidence = () if found.view is None else located(
        bench.case, bench.views[found.view], bench.book.index[found.rule_id], bench.score
    )  # fmt: skip
    return Finding(
        rule_id=modifier.id,
        verdict="hit",
        probability=round(float(np.clip(found.probability, 0, 1)), 4),
        citations=(
            Citation(clause_id=modifier.id, quote=modifier.statement),
            Citation(clause_id=clause.id, quote=clause.text),
        ),
        evidence=evidence,
        sightings=regions,
    )
