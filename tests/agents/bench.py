"""A small bench: three rules, an encoder that hashes words, and a calibration written by hand."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from agents.assembly import ASSEMBLIES
from agents.calibration import READINGS, TEMPLATES, Calibration, Head, Line, Thresholds
from agents.ranker import Ranking, rank, rank_views
from agents.reasoner import Bench
from agents.rulebook import Rulebook, write_rulebook
from agents.vectors import Floats
from cases.case import Case, Part
from cases.finding import STANCES
from cases.view import views
from policy_store.pack import Pack
from tests.policy_store.small_pack import WIDTH, bag_of_words, make_pack, make_rule


def small() -> Pack:
    return make_pack(
        [
            make_rule("VI1", "Calls for violence against people or property.", ["burn the town hall tonight", "smash every window"]),
            make_rule("VI2", "Threatens a person with harm.", ["i will break your legs", "you will bleed for this"]),
            make_rule("SC1", "Lures people to give codes and card numbers.", ["enter your card number and pin"], scene="SC"),
        ]
    )  # fmt: skip


def calibration(**thresholds: Any) -> Calibration:
    fine = {"P1": 1, "P2": 6, "P3": 6, "P4": 5}
    cuts = {"router": 0.2, "allow": 0.2, "act": 0.8, "final_allow": 0.3, "final_act": 0.7} | thresholds
    near = (2.0, 0.0, 2.0, 8.0, -4.0, -1.0)
    weights = {"P1": (10.0,), "P2": near, "P3": (2.0, 2.0, 8.0, -4.0, -1.0, 0.5), "P4": near[1:]}
    assert all(len(weights[t]) == fine[t] for t in TEMPLATES)
    zero = (0.0,) * WIDTH
    return Calibration(
        fine={t: Line(weights=weights[t], bias=-2.0) for t in TEMPLATES},
        router=Line(weights=(0.0, 8.0, 2.0), bias=-3.0),
        overall=Line(weights=(0.0, 2.0, 6.0, -2.0), bias=-1.5),
        final={f"{t}/{a}": Line(weights=(1.0,), bias=0.0) for t in TEMPLATES for a in ASSEMBLIES},
        any=Line(weights=(1.0, 0.0), bias=0.0),
        reasoned=Line(weights=(1.0, -0.2, 1.0, 0.2, 0.0), bias=0.0),
        exception=Line(weights=(6.0, -2.0, 4.0, -4.0, 0.0), bias=-1.0),
        bare=Line(weights=(6.0, 6.0), bias=-4.0),
        readings=Head(classes=READINGS, weights=(zero, zero), bias=(0.0, 0.5)),
        stances=Head(classes=STANCES, weights=(zero,) * len(STANCES), bias=(1.0, *(0.0,) * (len(STANCES) - 1))),
        position=Line(weights=(1.0,), bias=0.0),
        thresholds=Thresholds(**cuts),
    )


def rulebook() -> Rulebook:
    return write_rulebook(small(), bag_of_words)


def bench(text: str, **thresholds: Any) -> tuple[Bench, Ranking]:
    book, fitted = rulebook(), calibration(**thresholds)
    case = Case(id="c", parts=(Part(id="text", kind="text", text=text),))
    seen = views(case).items
    vectors = bag_of_words([v.text for v in seen])

    def score(texts: Sequence[str]) -> Floats:
        return rank_views(book, bag_of_words(texts), fitted) if texts else np.zeros((0, len(book.rules)))

    ranking = rank(book, rank_views(book, vectors, fitted), fitted, [r.id for r in book.rules])
    return Bench(case, seen, vectors, book, fitted, score, "adult"), ranking
