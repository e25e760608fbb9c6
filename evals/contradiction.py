"""Measure how well the contradiction of an ad's parts is found (agents.modality), from the ranker alone.

`python -m evals.contradiction FILE…` reads lines of our own authored form and keeps the ads that have words in front
(title, caption) and behind. Contradicting ones are made: the front of an allowed ad before the rest of a violating one.
Consistent ones are the violating, allowed and borderline ads themselves, as far as nobody marked them as contradicting
(`xm`); those marked are told apart. The thresholds were chosen on half of `scams_ads.jsonl` and `long_*` put together
so (ids of even check sum), so only the other half says anything. No content is written out.
"""

import argparse
import json
import random
import tempfile
import zlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from agents.modality import FRONT, contradicted
from agents.ranker import rank
from cases.case import AD_FIELDS, Case, Part
from cases.view import views
from evals.quality import case_of, rows
from graphs.deps import Deps
from graphs.settings import Settings
from graphs.wiring import open_deps
from policy_store.loader import load_pack

SEED = 7
PACK = "short-video-ads"


class Told(NamedTuple):
    """One ad: what it is (made, marked, or its label), whether it is in the half to measure on, whether it is found."""

    kind: str
    measured: bool
    found: bool


class Score(NamedTuple):
    """Precision and recall in [0, 1] of made ads against consistent ones, and the counts behind them.

    >>> score([Told("made", True, True), Told("made", True, False), Told("allowed", True, True)])
    Score(precision=0.5, recall=0.5, found=1, made=2, false=1, consistent=1)
    """

    precision: float
    recall: float
    found: int
    made: int
    false: int
    consistent: int


def score(told: Sequence[Told]) -> Score:
    """Return precision and recall over the ads that are to be measured on; marked ones count on neither side."""
    kept = [t for t in told if t.measured]
    made = [t for t in kept if t.kind == "made"]
    consistent = [t for t in kept if t.kind not in ("made", "marked")]
    found, false = sum(t.found for t in made), sum(t.found for t in consistent)
    precision = found / (found + false) if found + false else 0.0
    return Score(
        round(precision, 3), round(found / len(made), 3) if made else 0.0, found, len(made), false, len(consistent)
    )


def ads_of(lines: Sequence[dict[str, Any]], seed: int = SEED) -> list[tuple[str, Case]]:
    """Return (kind, ad) of authored lines, and the contradicting ads made of them; the same for the same seed."""
    kept = [(line, case_of(line)) for line in lines if line.get("parts")]
    kept = [(line, case) for line, case in kept if _two_sided(case)]
    out = [("marked" if line.get("xm") else str(line["label"]), case) for line, case in kept]
    allowed = [case for line, case in kept if line["label"] == "allowed"]
    violating = [case for line, case in kept if line["label"] == "violating" and not line.get("xm")]
    drawn = random.Random(seed)
    return [*out, *(("made", mixed(drawn.choice(allowed), case)) for case in violating if allowed)]


def mixed(front: Case, behind: Case) -> Case:
    """Return an ad with the front of one and the rest of another."""
    parts = [p for p in front.parts if p.id in FRONT] + [p for p in behind.parts if p.id not in FRONT]
    order: dict[str, int] = {name: i for i, name in enumerate(AD_FIELDS)}
    taken: tuple[Part, ...] = tuple(sorted(parts, key=lambda p: order.get(p.id, len(order))))
    return behind.model_copy(update={"id": f"{behind.id}+{front.id}", "parts": taken})


def found(deps: Deps, case: Case) -> bool:
    """Return whether the parts of an ad are found to contradict each other."""
    seen = views(case).items
    vectors = deps.vectors(case.digest, seen)
    probabilities = deps.rank_views(vectors, [view.text for view in seen])
    ranking = rank(deps.book, probabilities, deps.calibration, [r.id for r in deps.book.rules])
    return contradicted(case, seen, vectors, probabilities, ranking, deps.book) is not None


def halved(case: Case) -> bool:
    """Return whether an ad is in the half that no threshold was chosen on."""
    return zlib.crc32(case.id.encode()) % 2 == 1


def _two_sided(case: Case) -> bool:
    sides = {part.id in FRONT for part in case.parts if part.text.strip()}
    return sides == {True, False}


def main() -> None:
    """Print what is found of which kind, and precision and recall on both halves and on all."""
    parser = argparse.ArgumentParser(description="Measure the contradiction of an ad's parts.")
    parser.add_argument("files", nargs="+", type=Path)
    files = parser.parse_args().files
    ads = ads_of([line for file in files for line in rows(file)])
    with tempfile.TemporaryDirectory() as home, open_deps(Settings(home=Path(home)), load_pack(PACK)) as deps:
        told = [Told(kind, halved(case), found(deps, case)) for kind, case in ads]
    kinds = Counter(t.kind for t in told)
    hits = Counter(t.kind for t in told if t.found)
    print(json.dumps({"found of kind": {k: f"{hits[k]}/{n}" for k, n in sorted(kinds.items())}}))
    print(json.dumps({"half to measure on": score(told)._asdict()}))
    print(json.dumps({"all": score([t._replace(measured=True) for t in told])._asdict()}))


if __name__ == "__main__":
    main()
