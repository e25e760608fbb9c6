"""Do the parts of a case contradict each other? Harmless ones in front, the violation in another (AD-XM).

In front stands what people meet first: title, caption, the text of a post. Behind it stand the words on screen, in a
picture, spoken or on a landing page, and what a picture shows. It names what each part says; it decides nothing.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from agents.ranker import Ranking
from agents.rulebook import Rulebook
from agents.sight import Look
from agents.vectors import Floats, Vectors
from cases.case import Case
from cases.model import Fact
from cases.text import length
from cases.view import View

FRONT = ("title", "caption", "text")
# Chosen on ads put together from our own authored lines (evals/contradiction.py), for precision before recall.
LOUD = 0.2  # of the case, or of a part behind: more than what is let go
HEARD = 0.02  # of some part behind: it is not the parts together alone that make the violation
QUIET = 0.02  # of every part in front: it gives no hint
ALIKE = 0.3  # cosine of front and back: beyond, they speak of the same matter
SEEN = 0.6  # of what a picture shows
LEAST = 3  # words in front: less says nothing that could be contradicted


class Said(Fact):
    """What one part says: the probability in [0, 1] of each rule, the highest of its views. `words` are counted."""

    part: str
    words: int
    scores: dict[str, float]


class Spoken(Fact):
    """What the parts of a case say, each alone and all together; `alike` is the cosine of front and back, 1 unknown."""

    parts: tuple[Said, ...]
    whole: dict[str, float]
    alike: float


class Contradiction(Fact):
    """The rule that a part behind breaks while the front is quiet about it.

    `scores` are (part, probability) of every part in the case's order, `loud` the part that says it at most, with the
    probability of the case as `together`. `view` is the row of the loudest view of that part, None for what is seen.
    """

    rule_id: str
    loud: str
    together: float
    scores: tuple[tuple[str, float], ...]
    alike: float
    view: int | None = None

    @property
    def probability(self) -> float:
        """Return how far the case stands above the loudest part in front, in [0, 1]."""
        return max(0.0, self.together - max(p for name, p in self.scores if name in FRONT))

    @property
    def told(self) -> str:
        """Return what each part says, in words."""
        each = ", ".join(f"{name} {p:.2f}" for name, p in self.scores)
        return (
            f"The parts contradict each other on {self.rule_id}: {each}; all together {self.together:.2f}. "
            f"The front gives no hint of what {self.loud} says"
        )


def contradiction(spoken: Spoken, rule_ids: Sequence[str]) -> Contradiction | None:
    """Return the contradiction about the loudest of the rules, None where there is none.

    A case has one when all of this holds: there are parts in front, of LEAST words together, and parts behind; the
    loudest rule reaches LOUD in the case as a whole or in a part behind, and HEARD in a part behind by itself; no part
    in front is above QUIET on it; front and back are no more ALIKE than parts about different matters. One violating
    part by itself, or beside a word or two, is none.
    """
    front = [s for s in spoken.parts if s.part in FRONT]
    behind = [s for s in spoken.parts if s.part not in FRONT]
    if not front or not behind or not rule_ids or sum(s.words for s in front) < LEAST:
        return None

    def loudness(rule_id: str) -> float:
        return max(spoken.whole.get(rule_id, 0.0), *(s.scores.get(rule_id, 0.0) for s in behind))

    rule_id = max(rule_ids, key=loudness)
    loud = max(behind, key=lambda s: s.scores.get(rule_id, 0.0))
    quiet = max(s.scores.get(rule_id, 0.0) for s in front)
    if loudness(rule_id) < LOUD or loud.scores.get(rule_id, 0.0) < HEARD or quiet > QUIET or spoken.alike > ALIKE:
        return None
    scores = tuple((s.part, round(s.scores.get(rule_id, 0.0), 4)) for s in spoken.parts)
    return Contradiction(
        rule_id=rule_id, loud=loud.part, together=round(loudness(rule_id), 4), scores=scores, alike=spoken.alike
    )


def shown_otherwise(spoken: Spoken, looks: Sequence[Look], rule_ids: Sequence[str]) -> Contradiction | None:
    """Return the contradiction of harmless words and a picture that violates by sight, None where there is none.

    The words, LEAST of them in front, break no rule above QUIET in any part; a look has SEEN at least.
    """
    front = [s for s in spoken.parts if s.part in FRONT]
    first = max(looks, key=lambda one: one.probability, default=None)
    if first is None or first.probability < SEEN or sum(s.words for s in front) < LEAST:
        return None
    said = tuple((s.part, round(max((s.scores.get(r, 0.0) for r in rule_ids), default=0.0), 4)) for s in spoken.parts)
    if any(p > QUIET for _, p in said):
        return None
    scores = (*((name, p) for name, p in said if name != first.media), (first.media, first.probability))
    return Contradiction(
        rule_id=first.rule_id, loud=first.media, together=first.probability, scores=scores, alike=spoken.alike
    )


def spoken(
    case: Case, views: Sequence[View], vectors: Vectors, probabilities: Floats, rule_ids: Sequence[str], book: Rulebook
) -> Spoken:
    """Return what the parts say about rules; `vectors` are [views, width], `probabilities` [views, rules of the book].

    Words that speak to a judge are no part's statement.
    """
    columns = {r: book.index[r] for r in rule_ids}
    rows: dict[str | None, list[int]] = {}
    for row, view in enumerate(views):
        if not view.spoken and view.text.strip():
            rows.setdefault(view.part, []).append(row)

    def best(of: Sequence[int]) -> dict[str, float]:
        return {r: float(probabilities[of, c].max()) for r, c in columns.items()}

    parts = tuple(
        Said(part=p.id, words=length(p.text), scores=best(rows[p.id])) for p in case.parts if rows.get(p.id)
    )  # fmt: skip
    return Spoken(parts=parts, whole=best(rows[None]) if None in rows else {}, alike=_alike(rows, vectors))


def contradicted(
    case: Case, views: Sequence[View], vectors: Vectors, probabilities: Floats, ranking: Ranking, book: Rulebook,
    looks: Sequence[Look] = (),
) -> Contradiction | None:  # fmt: skip
    """Return the contradiction of a case, by words or by what is seen; the rules are those of the ranking."""
    if len(case.parts) + bool(looks) < 2:
        return None
    rules = [s.rule_id for s in ranking.scores if s.rule_id in book.index]
    said = spoken(case, views, vectors, probabilities, rules, book)
    found = contradiction(said, rules)
    if found is None:
        return shown_otherwise(said, looks, rules)
    column = probabilities[:, book.index[found.rule_id]]
    own = [i for i, v in enumerate(views) if v.part == found.loud and not v.spoken]
    return found.model_copy(update={"view": max(own, key=lambda i: float(column[i]))})


def _alike(rows: Mapping[str | None, Sequence[int]], vectors: Vectors) -> float:
    """Return the cosine of the mean vectors of front and back, each part counted once; 1.0 where one is missing."""
    sides = []
    for front in (True, False):
        own = [np.mean(vectors[list(of)], axis=0) for part, of in rows.items() if part and (part in FRONT) == front]
        if not own:
            return 1.0
        mean = np.mean(own, axis=0)
        sides.append(mean / max(float(np.linalg.norm(mean)), 1e-9))
    return round(float(sides[0] @ sides[1]), 4)
