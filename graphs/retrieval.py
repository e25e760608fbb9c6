"""The rules that a case is judged by, from its vectors, its words, and how a ranker reads them."""

from collections.abc import Sequence

from agents.ranker import nearest
from agents.vectors import Vectors
from cases.view import View
from graphs.deps import Deps
from graphs.state import State
from policy_store.index import Hit
from policy_store.retrieval import Retrieved, fuse, strongest

# What lies beyond is beyond the views as well: such a case ends in review as too long.
READ_CHARS = 60_000


def read_of(views: Sequence[View]) -> list[str]:
    """Return the texts that views read."""
    return [view.text for view in views]


def fused(
    deps: Deps, state: State, vectors: Vectors, hits: Sequence[Sequence[Hit]], allowed: frozenset[str]
) -> tuple[Retrieved, ...]:
    """Return the rules to judge a case by: from `hits` a view, from its words, and from how its vectors read."""
    case, views = state["case"], state["perception"].views
    heard = [i for i, v in enumerate(views) if not v.spoken]
    said = deps.keywords.search(case.text[:READ_CHARS], deps.retrieve, allowed)
    words = deps.words([views[i].text for i in heard])
    reading = nearest(deps.book, vectors[heard], deps.calibration, allowed, words)
    return fuse(strongest(hits), said, deps.book.pack, deps.retrieve, allowed, reading)
