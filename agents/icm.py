"""The ICM-score: is this picture {term}? The share of Yes in Yes and No, from a model that sees (ICM-Assistant, I4).

For a decomposed rule (I1) every value of every attribute is a term; what a picture scores on them, made to sum to 1
over an attribute, is a Reading as agents.attributes labels it: a profile relabels the products, nothing is asked anew.
The scores are NOT calibrated, and a model that sees nothing answers as well: ask one that is known to see.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from agents.ask import Odds
from agents.attributes import Reading
from agents.exhibit import Exhibits
from agents.framing import framed, turn
from agents.prompt import render
from agents.yesno import MOST_OUTSIDE, VARIANTS, weigh_tokens
from cases.case import Case
from cases.exchange import Allowance, Message, Unanswered, Usage
from policy_store.pack import Pack
from policy_store.rule import Rule

POSITIVE = 0.5


class Scored(NamedTuple):
    """ICM-scores in [0, 1], `scores[picture][term]`, pictures by the id of their frame; and what asking cost.

    `outside` is the largest share of a first token that was neither answer.
    """

    scores: Mapping[str, Mapping[str, float]]
    usage: Usage
    outside: float = 0.0


class Looked(NamedTuple):
    """A reading of each picture, by the id of its frame, in the order shown; and what asking cost."""

    readings: Mapping[str, Reading]
    usage: Usage
    outside: float = 0.0


def icm_scores(
    case: Case, exhibits: Exhibits, terms: Sequence[str], pack: Pack, odds: Odds, allowance: Allowance,
    *, most_outside: float = MOST_OUTSIDE,
) -> Scored:  # fmt: skip
    """Return how much each frame that is shown is each term, such as "sexually suggestive"; above POSITIVE it is.

    A frame is shown with its crops and without the other frames. All questions go out in one call, and those about one
    frame share everything but their last line. Raise Unanswered when one has no answer.
    """
    frames = exhibits.frames
    if not frames or not terms:
        return Scored({}, Usage())
    system = Message(author="system", text=render("rank_system", title=pack.title))
    prompts = []
    for frame in frames:
        alone = Exhibits(tuple(e for e in exhibits.items if frame.id in (e.id, e.of)), exhibits.whole)
        content = framed(case, exhibits=alone)
        asked = [render("picture_term", content=content, picture=frame.id, term=term) for term in terms]
        prompts += [(system, turn("user", text, alone)) for text in asked]
    firsts = odds(prompts, allowance, tokens=VARIANTS)
    usage = sum((first.usage for first in firsts), Usage())
    try:
        found = [weigh_tokens(first, most_outside=most_outside) for first in firsts]
    except Unanswered as error:
        raise Unanswered(error.failure, f"{odds.name}: {error}", usage) from error
    rows = [found[at : at + len(terms)] for at in range(0, len(found), len(terms))]
    scores = {f.id: {t: y.p for t, y in zip(terms, row, strict=True)} for f, row in zip(frames, rows, strict=True)}
    return Scored(scores, usage, max(y.outside for y in found))


def read_pictures(
    case: Case, exhibits: Exhibits, rule: Rule, pack: Pack, odds: Odds, allowance: Allowance,
    *, most_outside: float = MOST_OUTSIDE,
) -> Looked:  # fmt: skip
    """Return P(value) of every attribute of a decomposed rule for each frame that is shown, an attribute summing to 1.

    Where the rule says which attributes are read by sight, those alone.
    `agents.attributes.violating_share(rule, reading, profile)` says what a profile makes of a reading; the frame that
    it calls worst is the case's (agents.witness). Raise as icm_scores.
    """
    attributes = [a for a in rule.attributes if a.read == "sight"] or rule.attributes
    pairs = [(a, v) for a in attributes for v in a.values]
    terms = [render("picture_value", attribute=_bare(a.text), value=v.text) for a, v in pairs]
    scored = icm_scores(case, exhibits, terms, pack, odds, allowance, most_outside=most_outside)
    readings = {}
    for picture, scores in scored.scores.items():
        values = {(a.id, v.id): scores[term] for (a, v), term in zip(pairs, terms, strict=True)}
        readings[picture] = {a.id: _shares({v.id: values[a.id, v.id] for v in a.values}) for a in attributes}
    return Looked(readings, scored.usage, scored.outside)


def _shares(scores: Mapping[str, float]) -> dict[str, float]:
    """Return scores as shares of their sum, equal ones where none scores at all.

    >>> _shares({"covered": 0.75, "bare": 0.25}), _shares({"covered": 0.0, "bare": 0.0})
    ({'covered': 0.75, 'bare': 0.25}, {'covered': 0.5, 'bare': 0.5})
    """
    total = sum(scores.values())
    return {name: score / total if total > 0 else 1 / len(scores) for name, score in scores.items()}


def _bare(text: str) -> str:
    return text.strip().rstrip(".")
