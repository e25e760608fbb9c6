"""Do the parts of a case contradict each other? Harmless ones in front, the violation in another (AD-XM)."""

from agents.ranker import Ranking
from agents.rulebook import Rulebook
from agents.vectors import Floats
from cases.model import Fact
from cases.view import View

FRONT = ("title", "caption")
QUIET = 0.25
LOUD = 0.5


class Contradiction(Fact):
    """The rule whose violation stands in one view alone; `quiet` and `loud` are its probabilities in [0, 1]."""

    rule_id: str
    view: int
    quiet: float
    loud: float


def contradiction(
    views: tuple[View, ...], probabilities: Floats, ranking: Ranking, book: Rulebook
) -> Contradiction | None:
    """Return the contradiction of a case with front parts and others, None where there is none.

    `probabilities` [views, rules] are the ranker's, per view; the leading rules of the ranking are looked at.
    """
    front = [i for i, v in enumerate(views) if v.part in FRONT]
    behind = [i for i, v in enumerate(views) if v.part is not None and v.part not in FRONT]
    if not front or not behind:
        return None
    for score in ranking.scores[:3]:
        column = probabilities[:, book.index[score.rule_id]]
        quiet, loud = float(column[front].max()), float(column[behind].max())
        if quiet <= QUIET and loud >= LOUD:
            view = behind[int(column[behind].argmax())]
            return Contradiction(rule_id=score.rule_id, view=view, quiet=quiet, loud=loud)
    return None
