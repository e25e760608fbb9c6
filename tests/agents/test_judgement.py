"""Router, ranker, depth and assembly on a bench without weights."""

import numpy as np
import pytest

from agents.assembly import ASSEMBLIES, assemble
from agents.calibration import TEMPLATES
from agents.depth import depth
from agents.precedence import leading
from agents.ranker import Ranking, Score, rank, rank_views
from agents.router import audited, risks, route, seed_bank
from policy_store.pack import Precedence
from tests.agents.bench import bench, calibration, rulebook, small
from tests.policy_store.small_pack import bag_of_words

THREAT, TOWN, CAKE = "i will break your legs", "burn the town hall tonight", "bake a lemon cake at noon"


def test_union_is_the_greatest_and_every_assembly_stays_a_probability() -> None:
    p, q = np.meshgrid(np.linspace(0, 1, 11), np.linspace(0, 1, 11))
    found = {how: assemble(p, q, how) for how in ASSEMBLIES}
    assert all(((0 <= v) & (v <= 1)).all() for v in found.values())
    assert (found["union"] >= found["maximum"] - 1e-12).all()
    assert (found["maximum"] >= found["weighted"] - 1e-12).all()


def test_bayes_takes_the_shared_prior_out_once() -> None:
    assert assemble(np.array(0.3), np.array(0.3), "bayes", prior=0.3) == pytest.approx(0.3)
    assert assemble(np.array(0.5), np.array(0.9), "bayes") == pytest.approx(0.9)


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("assembly", ASSEMBLIES)
def test_every_template_and_assembly_puts_the_right_rule_first(template: str, assembly: str) -> None:
    book = rulebook()
    texts = [f"{THREAT}, threatens a person with harm", f"{TOWN}, violence against people or property"]
    p = rank_views(book, bag_of_words(texts), calibration(), template, assembly)  # type: ignore[arg-type]
    # The maximum ties wherever the overall answer is the higher one.
    assert [p[row, book.index[rule]] == p[row].max() for row, rule in enumerate(("VI2", "VI1"))] == [True, True]


def test_a_case_is_as_bad_as_its_worst_view() -> None:
    book, fitted = rulebook(), calibration()
    p = rank_views(book, bag_of_words([CAKE, THREAT]), fitted)
    found = rank(book, p, fitted, ["VI1", "VI2"])
    assert (found.scores[0].rule_id, found.scores[0].view) == ("VI2", 1)
    assert {s.rule_id for s in found.scores} == {"VI1", "VI2"}


def test_a_rule_added_to_the_pack_is_ranked_without_training() -> None:
    book = rulebook()
    without = rank_views(book, bag_of_words(["enter your card number and pin"]), calibration())
    assert book.rules[int(without.argmax())].id == "SC1"


def test_the_bank_holds_seeds_of_every_scene_and_takes_new_ones_hot() -> None:
    book = rulebook()
    bank = seed_bank(book)
    assert {i.split(".")[0] for i in bank.ids} == {"VI1", "VI2", "SC1"}
    text = ["totally new slang nobody listed"]
    before, _ = risks(bank, book, bag_of_words(text), calibration())
    after, near = risks(bank.with_seeds(("new",), bag_of_words(text)), book, bag_of_words(text), calibration())
    assert after[0] > before[0]
    assert near[0] == pytest.approx(1.0)


def test_the_router_drops_the_far_and_passes_the_near() -> None:
    book, fitted = rulebook(), calibration()
    bank = seed_bank(book)
    for text, clear in ((CAKE, True), (THREAT, False)):
        vectors = bag_of_words([text])
        risk, _ = risks(bank, book, vectors, fitted)
        assert route(bank, "digest", vectors, risk, 0.4).clear is clear


def test_the_audit_sample_has_its_rate_and_is_the_same_in_a_replay() -> None:
    sample = [audited(f"case {n}", 0.05) for n in range(4000)]
    assert 0.035 < sum(sample) / len(sample) < 0.065
    assert sample == [audited(f"case {n}", 0.05) for n in range(4000)]


def ranking(any_: float, **scores: float) -> Ranking:
    return Ranking(scores=tuple(Score(rule_id=r, probability=p, view=0) for r, p in scores.items()), any=any_)


@pytest.mark.parametrize(
    ("found", "flags", "expected"),
    [
        (ranking(0.9, VI2=0.9, VI1=0.1), {}, ("none", ())),
        (ranking(0.05, VI2=0.04, VI1=0.01), {}, ("none", ())),
        (ranking(0.6, VI2=0.5, VI1=0.1), {}, ("short", ("ambiguous",))),
        (ranking(0.6, VI2=0.5, VI1=0.45), {}, ("full", ("ambiguous", "competing_rules"))),
        (ranking(0.9, VI2=0.9), {"contradiction": True}, ("full", ("cross_modal_contradiction",))),
        (ranking(0.9, VI2=0.9), {"context_shift": True}, ("full", ("context_changes_reading",))),
    ],
)
def test_depth_follows_the_doubt(found: Ranking, flags: dict[str, bool], expected: tuple[str, tuple[str, ...]]) -> None:
    doubt = depth(found, small(), calibration().thresholds, **flags)
    assert (doubt.depth, doubt.causes) == expected


def test_rules_whose_precedence_is_stated_do_not_compete() -> None:
    settled = small().model_copy(update={"precedence": (Precedence(winner="VI2", losers=("VI1",), why="named"),)})
    doubt = depth(ranking(0.6, VI2=0.5, VI1=0.45), settled, calibration().thresholds)
    assert doubt.causes == ("ambiguous",)


def test_the_stated_winner_leads_even_when_less_severe_and_a_circle_falls_back_to_severity() -> None:
    one = Precedence(winner="VI2", losers=("VI1",), why="named")
    back = Precedence(winner="VI1", losers=("VI2",), why="circle")
    assert leading({"VI1": 90, "VI2": 40}, small().model_copy(update={"precedence": (one,)})) == "VI2"
    assert leading({"VI1": 90, "VI2": 40}, small().model_copy(update={"precedence": (one, back)})) == "VI1"
    assert leading({"VI1": 30, "SC1": 60}, small()) == "SC1"
    assert leading({}, small()) is None


def test_the_graver_rule_leads_among_those_that_are_about_as_likely_and_no_others() -> None:
    grave = {"VI1": 90, "VI2": 40}
    assert leading(grave, small(), {"VI1": 0.80, "VI2": 0.90}) == "VI1"
    assert leading(grave, small(), {"VI1": 0.70, "VI2": 0.90}) == "VI2"
    stated = small().model_copy(update={"precedence": (Precedence(winner="VI1", losers=("VI2",), why="named"),)})
    assert leading(grave, stated, {"VI1": 0.70, "VI2": 0.90}) == "VI1"
    assert leading({}, small(), {}) is None


def test_the_bench_ranks_what_it_reads() -> None:
    _, found = bench(THREAT)
    assert found.scores[0].rule_id == "VI2"
