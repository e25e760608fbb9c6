"""The critique agent: code checks, counterfactuals, then a rubric written for this case (SCA-R at run time, B7).

It is a separate role from the reasoner: it re-measures, it does not trust the draft's numbers. Its rulings:
accept; revise, with what to fix; veto, which sends the case to a person.
"""

from dataclasses import dataclass

import numpy as np

from agents.checks import code_checks
from agents.evidence import without_evidence
from agents.ranker import Ranking
from agents.reasoner import Bench, Draft
from agents.vectors import logit
from cases.decision import Check, Criterion, Critique, Fix, Ruling
from cases.finding import Finding
from cases.injection import stripped
from cases.text import fold

MAX_ROUNDS = 2
PASS = 0.5
MIN_DROP = 0.25


@dataclass(frozen=True)
class Measured:
    """The critic's own measurements of the leading rule, probabilities in [0, 1].

    In full, with the evidence masked, of the evidence alone, with the likeliest exception stated, and without words
    that address a judge; `spoken` says that there are such words, `exception` which one was stated.
    """

    full: float
    masked: float
    alone: float
    stated: float
    unspoken: float
    spoken: bool
    exception: str | None


def measure(bench: Bench, main: Finding) -> Measured:
    """Measure the leading rule with the embedded ranker."""
    column = bench.book.index[main.rule_id]
    ranked = bench.score([v.text for v in bench.views])[:, column]
    view = bench.views[int(ranked.argmax())]
    quotes = " ".join(fold(e.quote) for e in main.evidence) or view.text
    likely = main.exceptions[0].quote if main.exceptions else ""
    texts = [
        without_evidence(bench.case, view, main.evidence),
        quotes,
        f"{likely} {view.text}",
        stripped(view.text),
    ]
    masked, alone, stated, unspoken = (float(p) for p in bench.score(texts)[:, column])
    named = main.exceptions[0].exception_id if main.exceptions else None
    return Measured(float(ranked.max()), masked, alone, stated, unspoken, texts[3] != view.text, named)


def criticise(bench: Bench, draft: Draft, ranking: Ranking, retrieved: frozenset[str], round: int) -> Critique:
    """Return the ruling on a draft in round 1, 2, …; beyond MAX_ROUNDS nothing is sent back any more."""
    main = draft.findings[0]
    hard = code_checks(draft, bench.case, bench.book.pack, retrieved)
    measured = measure(bench, main)
    soft = soft_checks(bench, draft, measured)
    criteria = write_rubric(bench, draft, ranking, measured)
    score = round_(sum(c.weight * c.score for c in criteria))
    fixes, notes = _fixes(soft, criteria, draft)
    broken = [c for c in hard if not c.passed]
    drifted = not soft[-1].passed
    ruling: Ruling
    if broken or drifted:
        ruling = "veto"
        notes = [f"{c.name}: {c.detail}" for c in (*broken, *((soft[-1],) if drifted else ()))]
    elif score >= PASS and all(c.passed for c in soft):
        ruling, fixes, notes = "accept", (), []
    elif round < MAX_ROUNDS:
        ruling = "revise"
    else:
        ruling = "accept" if score >= PASS else "veto"
    return Critique(
        round=round, ruling=ruling, score=score, checks=(*hard, *soft), criteria=criteria,
        notes=tuple(notes), fixes=tuple(fixes) if ruling == "revise" else (),
    )  # fmt: skip


def write_rubric(bench: Bench, draft: Draft, ranking: Ranking, measured: Measured) -> tuple[Criterion, ...]:
    """Write this case's criteria, weighted by the doubts that it raises; weights sum to 1."""
    main = draft.findings[0]
    rule = bench.book.pack.by_id[main.rule_id]
    acting = draft.outcome == "act"
    excepted = max((w.probability for w in main.exceptions), default=0.0)
    rival = next((s for s in ranking.scores if s.rule_id != main.rule_id), None)
    gap = ranking.probability(main.rule_id) - (rival.probability if rival else 0.0)
    clause = main.citations[-1].clause_id if main.citations else rule.id
    fall = float(np.clip((measured.full - measured.masked) / max(measured.full, 1e-6), 0, 1))
    rows = [
        (
            f"The quoted words alone meet {clause}" if acting else f"No sentence alone reaches {rule.id}",
            1.0,
            measured.alone if acting else 1 - measured.alone,
            f"the evidence alone scores {measured.alone:.2f}",
        ),
        (
            "Without the evidence the case would stand" if acting else "The score rests on no single span",
            1.0,
            fall if acting else 1 - fall * measured.full,
            f"{measured.full:.2f} falls to {measured.masked:.2f} with the evidence masked",
        ),
        (
            f"No exception of {rule.id} holds" if acting else f"{rule.id} is excepted or far",
            0.5 + excepted,
            1 - excepted if acting else max(excepted, 1 - main.probability),
            f"the likeliest exception stands at {excepted:.2f}",
        ),
        (
            f"{rule.id} rather than {rival.rule_id}" if rival else f"{rule.id} has no rival",
            0.5 + max(0.0, 0.5 - abs(gap)) if rival else 0.25,
            float(np.clip(0.5 + gap, 0, 1)) if acting else 1 - ranking.probability(main.rule_id),
            f"{rule.id} leads by {gap:+.2f}",
        ),
        (
            "The nearest precedents stand on the same side",
            0.75,
            _precedent_score(draft, acting),
            ", ".join(f"{p.id} {p.similarity:.2f}" for p in draft.precedents[:4]),
        ),
    ]
    total = sum(w for _, w, _, _ in rows)
    return tuple(
        Criterion(name=n, weight=round(w / total, 6), score=round_(float(np.clip(s, 0, 1))), reason=r)
        for n, w, s, r in rows
    )


def soft_checks(bench: Bench, draft: Draft, measured: Measured) -> tuple[Check, Check, Check]:
    """Return the checks of what was measured; the last is about words that address a judge, and failing it is drift."""
    return (*_counterfactuals(draft, measured), _unmoved_by_instructions(bench, draft, measured))


def _counterfactuals(draft: Draft, measured: Measured) -> tuple[Check, Check]:
    drop = float(logit(np.array([measured.full]))[0] - logit(np.array([measured.masked]))[0])
    falls = draft.outcome != "act" or drop >= MIN_DROP
    eased = measured.exception is None or measured.stated <= measured.full + 0.05
    return (
        Check(name="masking_the_evidence_lowers_the_score", passed=falls, detail=f"log-odds fall by {drop:.2f}"),
        Check(
            name="stating_an_exception_does_not_raise_the_score",
            passed=eased,
            detail=f"{measured.full:.2f} to {measured.stated:.2f} with {measured.exception} stated",
        ),
    )


def _unmoved_by_instructions(bench: Bench, draft: Draft, measured: Measured) -> Check:
    cuts = bench.calibration.thresholds
    hidden = measured.spoken and draft.outcome == "allow" and measured.unspoken >= cuts.act
    detail = f"{measured.full:.2f} with, {measured.unspoken:.2f} without the words that address a judge"
    return Check(
        name="instructions_in_content_change_nothing",
        passed=not hidden,
        detail=detail if measured.spoken else "none found",
    )


def _fixes(soft: tuple[Check, ...], criteria: tuple[Criterion, ...], draft: Draft) -> tuple[tuple[Fix, ...], list[str]]:
    fixes: list[Fix] = []
    notes: list[str] = []
    if not soft[0].passed or (draft.outcome == "act" and criteria[1].score < PASS):
        fixes.append("widen_evidence")
        notes.append(f"The quoted words do not carry the verdict: {soft[0].detail}; look at more of the text.")
    if criteria[3].score < PASS:
        fixes.append("try_rival")
        notes.append(f"{criteria[3].name}: {criteria[3].reason}; weigh the rival in full.")
    if not soft[1].passed or not fixes:
        fixes.append("go_full")
        notes.append("The draft does not convince; reason in full over every rule in play.")
    return tuple(fixes), notes


def _precedent_score(draft: Draft, acting: bool) -> float:
    good = max((p.similarity for p in draft.precedents if p.violating == acting), default=0.0)
    bad = max((p.similarity for p in draft.precedents if p.violating != acting), default=0.0)
    return float(np.clip(0.5 + (good - bad), 0, 1))


def round_(value: float) -> float:
    """Return the value at the four digits that a record keeps."""
    return round(value, 4)
