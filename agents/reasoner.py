"""The evidence reasoner: a chain of four steps built from measured facts. It is no language model and says so.

Location (which words carry the score), screening (which rules are near), cause (explicit words, stance,
exceptions, siblings), decision. Every number in the chain was measured on this case.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from agents.attributes import best_values, read, violating_share
from agents.calibration import Calibration, Thresholds
from agents.depth import grave
from agents.evidence import ScoreTexts, located, measured, pieces
from agents.exceptions import weigh
from agents.exhibit import NOTHING, Exhibits, Eyes
from agents.highlight import marked
from agents.precedence import leading
from agents.ranker import Ranking
from agents.reading import OVERALL, Read, law_text
from agents.rulebook import Rulebook
from agents.severity import Severity, facts, grade
from agents.vectors import Floats, Vectors, logit, sigmoid
from cases.case import Case
from cases.decision import Depth, Fix, Outcome, Precedent, Step
from cases.exchange import Failure
from cases.finding import STANCES, Citation, Evidence, Finding, Stance
from cases.model import Fact
from cases.text import fold
from cases.view import View
from policy_store.rule import Rule

TAKING = ("direct", "request", "endorse")
MAX_RIVALS = 3
SHOWN = 5
# On the packs' own tests the nearest clause is the right one in 47 %, in 67 % of those beyond this margin.
CLAUSE_MARGIN = 0.06
NOTE = "Built from measurements by the evidence reasoner; no language model wrote it."
CHECKED = "its ids and quotations checked by code."


class Draft(Fact):
    """A proposed verdict with everything that backs it. `probability` is the adjudicated one of `rule_id`.

    `any`: the calibrated probability that some rule is broken, where a cross-encoder was asked. `note` says who wrote
    the chain and ends its last step; `failure` why a model that was to write it gave nothing usable. `saw` are the
    files that its author was shown as a whole.
    """

    outcome: Outcome
    rule_id: str | None
    probability: float
    findings: tuple[Finding, ...]
    severity: Severity | None
    chain: tuple[Step, ...]
    precedents: tuple[Precedent, ...]
    any: float | None = None
    note: str = NOTE
    failure: Failure | None = None
    saw: tuple[str, ...] = ()


@dataclass(frozen=True)
class Bench:
    """What is on the desk for one case: its views and vectors, the rulebook, and a way to score other texts.

    `eyes` are None where no backend sees pictures.
    """

    case: Case
    views: tuple[View, ...]
    vectors: Vectors
    book: Rulebook
    calibration: Calibration
    score: ScoreTexts
    profile: str
    read: Read | None = None
    eyes: Eyes | None = None

    def shown_to(self, backend: str) -> Exhibits:
        """Return the pictures that a backend is shown of the case, by its name."""
        return self.eyes.on(self.case, backend) if self.eyes else NOTHING


class Answered(NamedTuple):
    """What the cross-encoder said of one rule: log-odds, severity in [0, 1], and the overall question's log-odds."""

    hit: float
    severity: float
    overall: float


def reason(bench: Bench, ranking: Ranking, rivals: tuple[str, ...], depth: Depth, fixes: tuple[Fix, ...] = ()) -> Draft:
    """Return a draft for a case that the ranker left unsure; `fixes` are what a critic asked for."""
    full = depth == "full" or "go_full" in fixes
    said = answered(bench, ranking, candidates(ranking, rivals))
    likely = crossed(bench, ranking, said)
    order = sorted(likely, key=lambda r: -likely[r]) or [s.rule_id for s in ranking.scores]
    looked = [order[0], *(r for r in rivals if r != order[0])][: MAX_RIVALS if full or "try_rival" in fixes else 1]
    if (full or "try_rival" in fixes) and len(looked) == 1 and len(order) > 1:
        looked.append(order[1])
    findings = {
        r: examine(bench, ranking, bench.book.pack.by_id[r], "widen_evidence" in fixes, said.get(r)) for r in looked
    }
    cuts = bench.calibration.thresholds
    severities = {r: _graded(bench, ranking, f, said.get(r)) for r, f in findings.items()}
    sure = {r: cuts.final_act_in(bench.book.pack.by_id[r].scene) for r in findings}
    hits = {r: severities[r].value for r, f in findings.items() if f.probability >= sure[r]}
    # Which rule it is, ranker and cross-encoder say better than what is adjudicated rule by rule (evals/LOG.md).
    lead = leading(hits, bench.book.pack, {r: likely.get(r, findings[r].probability) for r in hits}) or looked[0]
    worst = max(findings, key=lambda r: findings[r].probability)
    if findings[lead].probability <= cuts.final_allow < findings[worst].probability:
        lead = worst  # the case waits for this one
    p = findings[lead].probability
    others = [
        _passed(s.rule_id, likely.get(s.rule_id, s.probability))
        for s in ranking.scores[:SHOWN]
        if s.rule_id not in findings
    ]
    feared = grave(bench.book.pack, {f.rule_id: f.probability for f in (*findings.values(), *others)}, cuts)
    outcome: Outcome = "act" if p >= sure[lead] else "allow" if p <= cuts.final_allow and not feared else "review"
    if outcome == "review" and feared in findings and p <= cuts.final_allow:
        lead, p = feared, findings[feared].probability  # the person is asked about what the case waits for
    verdicts = {r: _ruled(f, outcome, r == lead, sure[r]) for r, f in findings.items()}
    near = precedents(bench, lead, next(s.view for s in ranking.scores if s.rule_id == lead))
    return Draft(
        outcome=outcome,
        rule_id=lead,
        probability=p,
        findings=(verdicts[lead], *(f for r, f in verdicts.items() if r != lead), *others),
        severity=severities[lead],
        chain=_chain(bench, ranking, verdicts, lead, _why(outcome, p, feared, cuts, sure[lead]), near),
        precedents=near,
        any=_any(bench, {r: f.probability for r, f in findings.items()}, said, likely),
    )


def candidates(ranking: Ranking, rivals: tuple[str, ...]) -> tuple[str, ...]:
    """Return the rules that a cross-encoder reads with a case: the first SHOWN of the ranking, and its rivals."""
    return tuple(dict.fromkeys([*(s.rule_id for s in ranking.scores[:SHOWN]), *rivals]))


def answered(bench: Bench, ranking: Ranking, rule_ids: Sequence[str]) -> dict[str, Answered]:
    """Return what the cross-encoder says of rules, each on the view that ranks it highest; empty without one."""
    if bench.read is None or bench.calibration.crossed is None:
        return {}
    views = {s.rule_id: s.view for s in ranking.scores}
    out: dict[str, Answered] = {}
    for view in dict.fromkeys(views[r] for r in rule_ids if r in views):
        own = [r for r in rule_ids if views.get(r) == view]
        laws = [law_text(bench.book.pack.by_id[r]) for r in own]
        reading = bench.read(bench.views[view].text, [*laws, OVERALL])
        for i, rule_id in enumerate(own):
            out[rule_id] = Answered(float(reading.hit[i]), float(reading.severity[i]), float(reading.hit[-1]))
    return out


def crossed(bench: Bench, ranking: Ranking, said: Mapping[str, Answered]) -> dict[str, float]:
    """Return the probability of each rule that was read, from the ranker and the cross-encoder together."""
    line = bench.calibration.crossed
    if line is None or not said:
        return {}
    shares = [_share(bench, ranking, bench.book.pack.by_id[r]) for r in said]
    # As in `examine`: what the profile labels as violating is taken out of the features and put on what comes out.
    ranked = [min(ranking.probability(r) / max(share, 1e-6), 1.0) for r, share in zip(said, shares, strict=True)]
    x = np.array([crossed_features(p, a) for p, a in zip(ranked, said.values(), strict=True)])
    return {r: round(float(p) * share, 4) for r, p, share in zip(said, line.probability(x), shares, strict=True)}


def crossed_features(ranked: float, answer: Answered) -> Floats:
    """Return [3]: the ranker's log-odds, the cross-encoder's, and those of the overall question."""
    return np.array([float(logit(np.array([ranked]))[0]), answer.hit, answer.overall])


def examine(bench: Bench, ranking: Ranking, rule: Rule, widen: bool = False, answer: Answered | None = None) -> Finding:
    """Return the finding on one rule with measured evidence, weighed exceptions and the adjudicated probability."""
    column = bench.book.index[rule.id]
    row = next(s.view for s in ranking.scores if s.rule_id == rule.id)
    view, vector = bench.views[row], bench.vectors[row]
    stance, shares = stance_of(bench, row)
    exceptions = weigh(bench.book, rule, vector, shares, bench.calibration)
    excepted = max((e.probability for e in exceptions), default=0.0)
    alone = best_sentence(bench, view, column)
    reading = read(rule, bench.book.value_vectors(rule), vector) if rule.attributes else {}
    share = violating_share(rule, reading, bench.profile)
    # The ranking counts the share already. It is taken out of the features, which know no profile, and put on what
    # comes out: otherwise the examples outweigh what the profile relabelled.
    ranked = ranking.probability(rule.id) / max(share, 1e-6)
    x = reasoned_features(bench.book, rule, vector, min(ranked, 1.0), excepted, alone, shares, answer)
    p = round(share * adjudicated(bench.calibration, rule.id, x), 4)
    # Masking costs a pass over every piece: it is spent where the case may be acted on, not where it is let go.
    quick = located(bench.case, view, column, bench.score)
    evidence = quick
    if p > bench.calibration.thresholds.final_allow:
        evidence = marked(bench, view, rule) or measured(bench.case, view, column, bench.score)
    if widen:
        evidence = (*evidence, *(e for e in quick if not _inside(e, evidence)))
    return Finding(
        rule_id=rule.id,
        verdict="not_hit",
        probability=p,
        citations=citations(bench.book, rule, vector),
        evidence=evidence,
        exceptions=exceptions[:3],
        attributes=best_values(reading),
        stance=stance,
    )


def adjudicated(calibration: Calibration, rule_id: str, x: Floats) -> float:
    """Return the probability in [0, 1] of features as `reasoned_features` gives them, calibrated for the rule."""
    moved = float(calibration.reasoned.logit(x)) + calibration.offsets.get(rule_id, 0.0)
    return float(sigmoid(np.array(moved)))


def reasoned_features(
    book: Rulebook, rule: Rule, vector: Vectors, ranked: float, excepted: float, alone: float, shares: Floats,
    answer: Answered | None = None,
) -> Floats:  # fmt: skip
    """Return [5]: ranker logit, likeliest exception, nearest examples' margin, best sentence alone, taking stance.

    Where a cross-encoder answered, [7]: its log-odds and those of the overall question follow.
    """
    row = book.index[rule.id]
    margin = float((book.violating[book.violating_columns[row]] @ vector).max()) - float(
        (book.allowed[book.allowed_columns[row]] @ vector).max()
    )
    taking = sum(float(shares[STANCES.index(s)]) for s in TAKING)
    three = logit(np.array([ranked, excepted, alone]))
    more = [] if answer is None else [answer.hit, answer.overall]
    return np.array([three[0], three[1], margin, three[2], taking, *more])


def best_sentence(bench: Bench, view: View, column: int) -> float:
    """Return the highest probability that one sentence of the view has alone."""
    found = pieces(bench.case, view)
    texts = [fold(bench.case.part(p.part).text[p.start : p.end]) for p in found]
    return float(bench.score(texts)[:, column].max()) if texts else 0.0


def stance_of(bench: Bench, row: int) -> tuple[Stance, Floats]:
    """Return the likeliest stance of a view and the probabilities, ordered as STANCES."""
    names, shares = bench.calibration.stance(np.asarray(bench.vectors[row : row + 1], np.float64))
    return names[0], shares[0]


def citations(book: Rulebook, rule: Rule, vector: Vectors) -> tuple[Citation, ...]:
    """Return the rule's statement, and its clause nearest to the case where that one stands out by CLAUSE_MARGIN."""
    near = book.clauses[book.clause_columns[book.index[rule.id]]] @ vector
    order = np.argsort(-near, kind="stable")
    statement = Citation(clause_id=rule.id, quote=rule.statement)
    if len(order) > 1 and near[order[0]] - near[order[1]] < CLAUSE_MARGIN:
        return (statement,)
    best = rule.includes[int(order[0])]
    return (statement, Citation(clause_id=best.id, quote=best.text))


def precedents(bench: Bench, rule_id: str, view: int, count: int = 2) -> tuple[Precedent, ...]:
    """Return the examples of the rule, on each side, that are nearest to a view of the case."""
    row = bench.book.index[rule_id]
    vector = bench.vectors[view]
    out: list[Precedent] = []
    for violating, rows, matrix, names in (
        (True, bench.book.violating_columns[row], bench.book.violating, bench.book.violating_list),
        (False, bench.book.allowed_columns[row], bench.book.allowed, bench.book.allowed_list),
    ):
        near = matrix[rows] @ vector
        for i in np.argsort(-near, kind="stable")[:count]:
            example = names[int(rows[i])][1]
            out.append(Precedent(id=example.id, rule_id=rule_id, violating=violating,
                                 similarity=round(float(near[i]), 4), text=example.text))  # fmt: skip
    return tuple(out)


def _share(bench: Bench, ranking: Ranking, rule: Rule) -> float:
    """Return how much of a decomposed rule the profile labels as violating; the features know no profile."""
    if not rule.attributes:
        return 1.0
    row = next(s.view for s in ranking.scores if s.rule_id == rule.id)
    return violating_share(rule, read(rule, bench.book.value_vectors(rule), bench.vectors[row]), bench.profile)


def _any(
    bench: Bench, found: Mapping[str, float], said: Mapping[str, Answered], likely: Mapping[str, float]
) -> float | None:
    """Return the calibrated probability that any rule is broken, None without a cross-encoder."""
    line = bench.calibration.settled
    if line is None or not said:
        return None
    best = max([*found.values(), *(p for r, p in likely.items() if r not in found)])
    return round(float(line.probability(settled_features(best, [a.overall for a in said.values()]))), 4)


def settled_features(best: float, overall: Sequence[float]) -> Floats:
    """Return [2]: log-odds of the likeliest rule as adjudicated, and the overall question's on the worst view."""
    return np.array([float(logit(np.array([best]))[0]), max(overall)])


def _graded(bench: Bench, ranking: Ranking, finding: Finding, answer: Answered | None) -> Severity:
    row = next(s.view for s in ranking.scores if s.rule_id == finding.rule_id)
    known = facts(
        bench.case, bench.book.pack.by_id[finding.rule_id], finding, bench.vectors[row], bench.book, bench.calibration,
        answer.severity if answer else None,
    )  # fmt: skip
    return grade(known, bench.book.pack, bench.calibration)


def _ruled(finding: Finding, outcome: Outcome, leads: bool, act: float) -> Finding:
    hit = finding.probability >= act or (leads and outcome == "act")
    if hit:
        return finding.model_copy(update={"verdict": "hit"})
    saving = tuple(Citation(clause_id=w.exception_id, quote=w.quote) for w in finding.exceptions[:1] if w.applies)
    keep = finding.citations if leads and outcome == "review" else ()
    return finding.model_copy(update={"verdict": "not_hit", "citations": (*keep, *saving)})


def _passed(rule_id: str, probability: float) -> Finding:
    return Finding(rule_id=rule_id, verdict="not_hit", probability=round(probability, 4))


def _inside(evidence: Evidence, others: tuple[Evidence, ...]) -> bool:
    return any(o.part == evidence.part and o.start <= evidence.start and evidence.end <= o.end for o in others)


def _chain(
    bench: Bench,
    ranking: Ranking,
    findings: dict[str, Finding],
    lead: str,
    why: str,
    near: tuple[Precedent, ...],
) -> tuple[Step, ...]:
    main = findings[lead]
    rule = bench.book.pack.by_id[lead]
    where = "; ".join(
        f"“{e.quote}” ({e.part} {e.start}-{e.end}"
        + (f", masking it moves the log-odds of {lead} by {-e.drop:+.2f})" if e.drop is not None else ")")
        for e in main.evidence
    )
    screened = ", ".join(f"{s.rule_id} {s.probability:.2f}" for s in ranking.scores[:SHOWN])
    holding = [f"{w.exception_id} {w.probability:.2f}" for w in main.exceptions]
    contrast = [
        f"{r} ({bench.book.pack.by_id[r].type.lower()}) stands at {f.probability:.2f}"
        for r, f in findings.items()
        if r != lead
    ]
    example = next((p for p in near if p.violating), None)
    twin = next((p for p in near if not p.violating), None)
    cause = [
        f"Explicit: the quoted words against “{rule.statement}”",
        f"Implicit: the stance reads as {main.stance}",
        "Exceptions weighed: " + (", ".join(holding) or "none"),
    ]
    if main.attributes:
        cause.append(
            "Attributes: " + ", ".join(f"{a.attribute_id}={a.value_id} ({a.probability:.2f})" for a in main.attributes)
        )
    if contrast:
        cause.append("Against its siblings: " + ", ".join(contrast))
    if example and twin:
        cause.append(
            f"Nearest precedents: {example.id} violating at {example.similarity:.2f}, "
            f"{twin.id} allowed at {twin.similarity:.2f}"
        )
    return (
        Step(
            name="location",
            text=f"Read {len(bench.case.parts)} part(s) in {len(bench.views)} view(s). Carrying words: {where}.",
        ),
        Step(name="screening", text=f"Calibrated scores of the rules in play: {screened}."),
        Step(name="cause", text=". ".join(c.rstrip(".") for c in cause) + "."),
        Step(name="decision", text=f"{lead} after weighing stands at {main.probability:.2f}, {why}. {NOTE}"),
    )


def _why(outcome: Outcome, p: float, feared: str | None, cuts: Thresholds, sure: float) -> str:
    """Return why a probability leads to an outcome, in words."""
    if outcome == "act":
        return f"at or above {sure:.2f}, where acting is sure enough: act"
    if outcome == "allow":
        return f"at or below {cuts.final_allow:.2f}, where allowing is sure enough: allow"
    if feared and p <= cuts.final_allow:
        least = max(0.0, cuts.final_allow_high_harm)
        return f"and {feared}, a rule of high harm, is let go at or below {least:.2f} only, so a person decides: review"
    told = "" if sure == cuts.final_act else ", as acts in this scene are less often right"
    return f"between {cuts.final_allow:.2f} and {sure:.2f}{told}, so a person decides: review"
