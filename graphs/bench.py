"""Fresh measurements for whoever answers about a case: scores of other texts, and the examples nearest to one."""

from collections.abc import Mapping, Sequence

from cases.decision import Precedent
from cases.text import fold
from graphs.deps import Deps


def rescored(deps: Deps, texts: Sequence[str]) -> Sequence[Mapping[str, float]]:
    """Return for each text the calibrated probability of every rule."""
    ids = [rule.id for rule in deps.book.rules]
    return [dict(zip(ids, map(float, row), strict=True)) for row in deps.score(texts)]


def nearest(deps: Deps, text: str, count: int) -> Sequence[Precedent]:
    """Return the examples of the policy nearest to a text, of every rule and both sides."""
    book = deps.book
    vector = deps.encode([fold(text)])[0]
    sides = ((True, book.violating_list, book.violating), (False, book.allowed_list, book.allowed))
    known = [
        Precedent(id=e.id, rule_id=rule, violating=violating, similarity=round(float(near), 4), text=e.text)
        for violating, examples, vectors in sides
        for (rule, e), near in zip(examples, vectors @ vector, strict=True)
    ]
    return sorted(known, key=lambda p: -p.similarity)[:count]
