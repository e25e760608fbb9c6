"""Is a case unlike what the policy was written for? It names causes of doubt; it decides nothing.

The measure is a rule's own: how near its examples stand to each other. It moves with the encoder and the policy, so no
similarity is written down here. Two shares of a rule's examples are: the most remote ones say what still belongs.
"""

from collections.abc import Sequence

import numpy as np

from agents.rulebook import Rulebook
from agents.vectors import Vectors
from cases.decision import Cause

# Measured with the first shipped encoder on the community policy: of 502 uncertain lines written for it none is beyond
# the quartile of every rule in play, of 19 short texts of code and of school books 17 are.
FOREIGN = 0.25
# With the decile 4 % of those 502 lines are thin, with the quartile 16 %, which would say it of every sixth review.
THIN = 0.1
# A single example is no pattern: two near ones are the least that a verdict can lean on.
LEAST = 2


def novelty(book: Rulebook, vectors: Vectors, rules: Sequence[str], lead: str | None) -> tuple[Cause, ...]:
    """Return what a review owes to the policy's reach; `rules` are those in play, `vectors` [views, width] the case's.

    out_of_distribution: no example of any rule in play is near. thin_policy: fewer than LEAST examples of the leading
    rule are near, or it has no more than one. An example is near that stands nearer to the case than the most remote
    share (FOREIGN, THIN) of the rule's examples is to its nearest other one.
    """
    known = [r for r in rules if r in book.index]
    if not known:
        return ()
    if not any(_near(book, r, vectors, FOREIGN) for r in known):
        return ("out_of_distribution",)
    if lead is not None and lead in known and _near(book, lead, vectors, THIN) < LEAST:
        return ("thin_policy",)
    return ()


def _near(book: Rulebook, rule_id: str, vectors: Vectors, share: float) -> int:
    """Return how many of a rule's examples are near to some view of the case."""
    row = book.index[rule_id]
    examples = np.concatenate([book.violating[book.violating_columns[row]], book.allowed[book.allowed_columns[row]]])
    if len(examples) < LEAST:
        return 0
    among = examples @ examples.T
    np.fill_diagonal(among, -1.0)
    reach = np.quantile(among.max(1), share)
    return int(((vectors @ examples.T).max(0) > reach).sum())
