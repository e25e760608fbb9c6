"""Decisions for the tests of explanations, statements and answers, under the shipped pack.

Only the encoder's numbers are made up; clauses, offsets, tiers and rubric are the pack's and the case's own.
"""

from datetime import UTC, datetime
from functools import cache

from agents.rationale import public_rationale
from agents.reasoner import NOTE
from cases.case import Case, Part, Surface
from cases.decision import (
    Automation,
    Cause,
    Check,
    Criterion,
    Critique,
    Decision,
    Edit,
    Grade,
    Outcome,
    PackRef,
    Precedent,
    Spent,
    Stage,
    Step,
)
from cases.finding import Citation, Evidence, Finding, Stance, Verdict, Weighed
from policy_store.loader import load_pack
from policy_store.pack import Pack

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
THREAT = "You all know how I feel about this shop. Keep talking, Dana. I will be at your stop tonight with a bat. Bye!"
WORDS = "I will be at your stop tonight with a bat."
SUPPORT = "Some evenings I only wish that I would not wake up any more."
MODEL = "feedc0de" * 8


@cache
def pack() -> Pack:
    """Return the shipped pack."""
    return load_pack("community")


def case(text: str = THREAT, *, surface: Surface = "post", name: str = "case-a") -> Case:
    """Return a case of one text."""
    return Case(id=name, parts=(Part(id="text", kind="text", text=text),), surface=surface)


def evidence(about: Case, words: str, drop: float | None = None) -> Evidence:
    """Return words of a case as evidence."""
    part = next(p for p in about.parts if words in p.text)
    start = part.text.index(words)
    return Evidence(part=part.id, start=start, end=start + len(words), quote=words, drop=drop)


def cite(clause_id: str) -> Citation:
    """Return a clause of the pack as a citation."""
    return Citation(clause_id=clause_id, quote=pack().clauses[clause_id].text)


def weighed(clause_id: str, probability: float) -> Weighed:
    """Return an exception of the pack as weighed."""
    return Weighed(
        exception_id=clause_id,
        quote=pack().clauses[clause_id].text,
        probability=probability,
        applies=probability >= 0.5,
    )


def finding(
    rule_id: str,
    probability: float,
    verdict: Verdict = "not_hit",
    quotes: tuple[Evidence, ...] = (),
    exceptions: tuple[Weighed, ...] = (),
    stance: Stance | None = None,
    clauses: tuple[str, ...] = (),
) -> Finding:
    """Return a finding."""
    return Finding(
        rule_id=rule_id,
        verdict=verdict,
        probability=probability,
        citations=tuple(cite(c) for c in clauses),
        evidence=quotes,
        exceptions=exceptions,
        stance=stance,
    )


def decision(
    about: Case,
    outcome: Outcome,
    findings: tuple[Finding, ...] = (),
    *,
    rule_id: str | None = None,
    severity: int = 0,
    stage: Stage = "ranker",
    causes: tuple[Cause, ...] = (),
    automation: Automation | None = None,
    profile: str | None = "adult",
    **more: object,
) -> Decision:
    """Return a decision with tier, action and rationale as the program derives them."""
    rule = pack().by_id[rule_id] if rule_id else None
    tier = pack().tier(severity)
    acted = rule.action if rule and rule.action else tier.action
    body: dict[str, object] = {
        "id": "d-first",
        "case_id": about.id,
        "case_digest": about.digest,
        "outcome": outcome,
        "score": max((f.probability for f in findings), default=0.0123),
        "severity": severity,
        "tier": tier.id,
        "action": {"act": acted, "allow": "none", "review": "wait for a person"}[outcome],
        "rule_id": rule_id,
        "findings": findings,
        "stage": stage,
        "causes": causes,
        "rationale": public_rationale(outcome, rule, findings, causes, about),
        "automation": automation or ("partial" if outcome == "review" else "full"),
        "profile": profile,
        "pack": PackRef(id=pack().id, version=pack().version, digest=pack().digest),
        "model_digest": MODEL,
        "at": NOON,
    }
    return Decision.model_validate(body | more)


def threat() -> tuple[Case, Decision]:
    """Return a threat that the reasoner acted on, with everything that a record can hold."""
    about = case()
    found = finding(
        "HR2",
        0.9312,
        "hit",
        (evidence(about, WORDS, 1.924),),
        (weighed("X-FIGURE", 0.0721), weighed("X-FICTION", 0.0313)),
        "direct",
        ("HR2", "HR2.c"),
    )
    levels = {d.id: d.levels for d in pack().rubric.dimensions}
    grades = (
        Grade(
            dimension="credibility",
            level=3,
            value=3.35,
            anchor=levels["credibility"][3],
            reason="HR2 starts at 2; time 'tonight', means 'bat'",
        ),
        Grade(dimension="reach", level=2, value=2.0, anchor=levels["reach"][2], reason="HR2 starts at 1; surface post"),
    )
    chain = (
        Step(name="location", text=f"Read 1 part(s) in 1 view(s). Carrying words: “{WORDS}” (text 61-103)."),
        Step(name="screening", text="Calibrated scores of the rules in play: HR2 0.88, HS3 0.21."),
        Step(name="cause", text="Implicit: the stance reads as direct. Exceptions weighed: X-FIGURE 0.07."),
        Step(name="decision", text=f"HR2 after weighing stands at 0.93, where acting is sure enough: act. {NOTE}"),
    )
    critique = Critique(
        round=1,
        ruling="accept",
        score=0.8131,
        checks=(
            Check(name="rule_was_retrieved", passed=True, detail="HR2 among ['HR1', 'HR2', 'HS3', 'VI1']"),
            Check(name="masking_the_evidence_lowers_the_score", passed=True, detail="log-odds fall by 1.92"),
            Check(
                name="stating_an_exception_does_not_raise_the_score",
                passed=False,
                detail="0.88 to 0.97 with X-FIGURE stated",
            ),
        ),
        criteria=(
            Criterion(name="The quoted words alone meet HR2.c", weight=0.6, score=0.8712, reason="alone it is 0.87"),
            Criterion(name="HR2 rather than HS3", weight=0.4, score=0.7261, reason="HR2 leads by +0.67"),
        ),
        notes=("Look at more of the text.",),
    )
    near = (
        Precedent(id="HR2.v1", rule_id="HR2", violating=True, similarity=0.8123, text="I will be at the stop."),
        Precedent(id="HR2.n2", rule_id="HR2", violating=False, similarity=0.4432, text="I'll drop the parcel off :)"),
    )
    made = decision(
        about,
        "act",
        (found, finding("HS3", 0.2134), finding("HR1", 0.0911)),
        rule_id="HR2",
        severity=82,
        stage="reasoner",
        depth="full",
        grades=grades,
        chain=chain,
        critiques=(critique,),
        precedents=near,
        spent=(Spent(stage="perceive", seconds=0.0003), Spent(stage="reason_about", seconds=0.0311, encoded=9)),
    )
    return about, made


def doubtful() -> tuple[Case, Decision]:
    """Return the same content, left to a person."""
    about = case()
    found = finding(
        "HR2", 0.5521, "not_hit", (evidence(about, WORDS),), (weighed("X-FIGURE", 0.31),), "direct", ("HR2",)
    )
    return about, decision(
        about, "review", (found, finding("HS3", 0.2134)), rule_id="HR2", severity=70, stage="reasoner",
        causes=("ambiguous",),
    )  # fmt: skip


def excepted() -> tuple[Case, Decision]:
    """Return a report about a threat, allowed because an exception holds."""
    about = case("He wrote 'I will break your jaw' and was sentenced on Tuesday.")
    found = finding(
        "HR2",
        0.0432,
        "not_hit",
        (evidence(about, "I will break your jaw"),),
        (weighed("X-REPORT", 0.9712), weighed("X-COUNTER", 0.1211)),
        "report",
        ("X-REPORT",),
    )
    return about, decision(about, "allow", (found, finding("HR1", 0.0111)), stage="reasoner")


def dropped() -> tuple[Case, Decision]:
    """Return a harmless case that the router dropped."""
    about = case("The bakery on the corner has new rolls.")
    return about, decision(about, "allow", stage="router")


def supported() -> tuple[Case, Decision]:
    """Return somebody's wish not to wake up, which leads to an offer of support."""
    about = case(SUPPORT)
    found = finding(
        "SH3", 0.8812, "hit", (evidence(about, "I only wish that I would not wake up"),), (), "self", ("SH3",)
    )
    return about, decision(about, "act", (found,), rule_id="SH3", severity=34)


def edit(
    of: Decision,
    outcome: Outcome,
    rule_id: str | None = None,
    severity: int | None = None,
    *,
    name: str = "e-first",
    by: str = "moira.mod",
    reason: str = "Seen on the call with legal",
) -> Edit:
    """Return what a person did to a decision, an hour later."""
    return Edit(
        id=name, decision_id=of.id, by=by, outcome=outcome, rule_id=rule_id, severity=severity, reason=reason,
        at=NOON.replace(day=2),
    )  # fmt: skip
