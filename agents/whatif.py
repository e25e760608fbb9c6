"""What would change a verdict: the case scored again with words masked or an exception stated.

It measures and does not decide: the cuts that turn a probability into an outcome belong to the weights, not to the
record, so a changed text has to be decided to know its outcome.
"""

from collections.abc import Mapping, Sequence

from agents.evidence import MASK
from agents.excerpt import shortened
from agents.perceiver import perceive
from agents.reply import MAX_QUOTED, Rescore
from cases.case import Case
from cases.finding import Evidence
from cases.model import Fact
from policy_store.rule import Clause

MAX_SPANS = 4
MAX_EXCEPTIONS = 3


class Change(Fact):
    """One change and what it does: the rule's probability before and after, and the rule that leads then."""

    what: str
    before: float
    after: float
    leader: str | None
    leading: float


def changes(
    case: Case, rule_id: str, evidence: Sequence[Evidence], exceptions: Sequence[Clause], rescore: Rescore
) -> tuple[Change, ...]:
    """Return the changes, the one that lowers the rule's probability most first.

    Each piece of evidence is masked alone, then all together; each exception is stated in front of the content.
    """
    spans = tuple(evidence)[:MAX_SPANS]
    named: list[tuple[str, list[str]]] = [("as it stands", texts(case))]
    named += [(f"without “{shortened(e.quote, MAX_QUOTED)}”", texts(masked(case, (e,)))) for e in spans]
    if len(spans) > 1:
        named.append(("without all of these words", texts(masked(case, spans))))
    named += [(f"with {c.id} stated", [f"{c.text} {t}" for t in texts(case)]) for c in exceptions[:MAX_EXCEPTIONS]]
    scores = scored([t for _, t in named], rescore)
    before = scores[0].get(rule_id, 0.0)
    found = [
        Change(
            what=what, before=before, after=own.get(rule_id, 0.0),
            leader=max(own, key=lambda r: own[r], default=None), leading=max(own.values(), default=0.0),
        )
        for (what, _), own in zip(named[1:], scores[1:], strict=True)
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda c: c.after))


def masked(case: Case, spans: Sequence[Evidence]) -> Case:
    """Return the case with these words masked in their parts."""
    parts = []
    for part in case.parts:
        text = part.text
        for span in sorted((s for s in spans if s.part == part.id), key=lambda s: -s.start):
            text = f"{text[: span.start]}{MASK}{text[span.end :]}"
        parts.append(part.model_copy(update={"text": text}))
    # Built anew: a copy would take the old digest along.
    return Case.model_validate(case.model_dump() | {"parts": tuple(parts)})


def texts(case: Case) -> list[str]:
    """Return the texts that a case is read as when it is decided."""
    return [view.text for view in perceive(case).views]


def scored(groups: Sequence[Sequence[str]], rescore: Rescore) -> list[dict[str, float]]:
    """Return each rule's highest probability per group of texts, in one call."""
    flat = [text for group in groups for text in group]
    rows: Sequence[Mapping[str, float]] = rescore(flat) if flat else ()
    if len(rows) != len(flat):
        raise ValueError(f"rescore gave {len(rows)} scores for {len(flat)} texts; it must give one each, in order")
    out: list[dict[str, float]] = []
    at = 0
    for group in groups:
        best: dict[str, float] = {}
        for row in rows[at : at + len(group)]:
            for rule_id, p in row.items():
                best[rule_id] = max(p, best.get(rule_id, 0.0))
        out.append(best)
        at += len(group)
    return out
