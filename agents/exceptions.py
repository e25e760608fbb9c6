"""Weigh the exceptions of a rule against one case: how likely is it that one of them holds?"""

import numpy as np

from agents.calibration import Calibration
from agents.rulebook import Rulebook
from agents.vectors import Floats, Vectors
from cases.finding import STANCES, Weighed
from policy_store.rule import Rule

HOLDS = 0.5
# Only the pack-wide exceptions are about how something is said; a rule's own are about what is said.
STANCE_OF: dict[str, tuple[str, ...]] = {
    "X-REPORT": ("report",),
    "X-COUNTER": ("counter", "quote"),
    "X-FICTION": ("fiction",),
    "X-SELF": ("self",),
    "X-FIGURE": ("joke",),
}


def features(book: Rulebook, rule: Rule, vector: Vectors, shares: Floats) -> Floats:
    """Return [exceptions of the rule, 5]: own words, the rule's words, examples it saves, violating ones, stance.

    `vector` is the case's [width], `shares` its stance probabilities [stances].
    """
    row = book.index[rule.id]
    clauses = book.pack.exceptions_of(rule)
    own = np.asarray(book.exceptions[book.exception_columns[row]] @ vector, np.float64)
    statement = float(book.statements[row] @ vector)
    violating = float((book.violating[book.violating_columns[row]] @ vector).max())
    near = book.allowed[book.allowed_columns[row]] @ vector
    out = np.empty((len(clauses), 5))
    for i, clause in enumerate(clauses):
        saved = [float(s) for s, e in zip(near, rule.examples.allowed, strict=True) if e.exception == clause.id]
        stance = sum(float(shares[STANCES.index(s)]) for s in STANCE_OF.get(clause.id, ()))
        out[i] = (own[i], statement, max(saved, default=0.0), violating, stance)
    return out


def weigh(book: Rulebook, rule: Rule, vector: Vectors, shares: Floats, calibration: Calibration) -> tuple[Weighed, ...]:
    """Return every exception of the rule with its calibrated probability, likeliest first."""
    clauses = book.pack.exceptions_of(rule)
    if not clauses:
        return ()
    p = calibration.exception.probability(features(book, rule, vector, shares))
    order = np.argsort(-p, kind="stable")
    return tuple(
        Weighed(
            exception_id=clauses[i].id,
            quote=clauses[i].text,
            probability=round(float(p[i]), 4),
            applies=bool(p[i] >= HOLDS),
        )
        for i in order
    )
