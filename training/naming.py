"""Fit the naming (agents/naming.py): one line a rule from the vectors of violating lines."""

from collections.abc import Sequence

from sklearn.linear_model import LogisticRegression

from agents.naming import Naming
from agents.rulebook import Rulebook
from agents.vectors import Vectors
from training.data import Sample

NAMING_C = 10.0


def name(lines: Sequence[Sample], vectors: Vectors, book: Rulebook) -> Naming:
    """Return the naming of the rules that violating lines were written for.

    Texts judged by hand on public sets take no part: with them rules are named less often rightly (evals/LOG.md).
    """
    hit = [i for i, s in enumerate(lines) if s.label == "violating" and s.rule in book.index]
    fitted = LogisticRegression(C=NAMING_C, max_iter=1000).fit(vectors[hit], [lines[i].rule for i in hit])
    rules = tuple(map(str, fitted.classes_))
    return Naming.pack(rules, book.statements[[book.index[r] for r in rules]], fitted.coef_, fitted.intercept_)
