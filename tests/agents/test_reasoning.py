"""Evidence, reasoner, critic and severity: what is measured, what is refused, and that the loop ends."""

from dataclasses import replace

import pytest

from agents.calibration import Thresholds
from agents.checks import code_checks
from agents.critic import MAX_ROUNDS, criticise
from agents.depth import depth
from agents.evidence import Piece, located, masked, measured
from agents.prompt import PromptError, render
from agents.ranker import Ranking, cuts_for
from agents.rationale import public_rationale
from agents.reasoner import NOTE, Bench, Draft, reason
from agents.scratch import try_rule
from agents.severity import raised
from cases.case import Case, Part
from cases.finding import Citation, Evidence
from cases.view import views
from tests.agents.bench import bench, calibration, small
from tests.policy_store.small_pack import bag_of_words

MIXED = "A lemon cake. I will break your legs, you will bleed for this. Bring the dog."
KNOWN = frozenset({"VI1", "VI2", "SC1"})


def draft(text: str = MIXED, **thresholds: float) -> tuple[Draft, tuple[Bench, Ranking]]:
    desk, ranking = bench(text, **thresholds)
    return reason(desk, ranking, (), "short"), (desk, ranking)


def test_the_sentence_that_carries_the_score_is_found_both_ways() -> None:
    desk, _ = bench(MIXED)
    column = desk.book.index["VI2"]
    for evidence in (
        located(desk.case, desk.views[0], column, desk.score),
        measured(desk.case, desk.views[0], column, desk.score),
    ):
        assert "break your legs" in evidence[0].quote
        assert all(desk.case.part(e.part).text[e.start : e.end] == e.quote for e in evidence)


def test_masking_the_evidence_measures_a_fall() -> None:
    desk, _ = bench(MIXED)
    evidence = measured(desk.case, desk.views[0], desk.book.index["VI2"], desk.score)
    assert evidence[0].drop is not None and evidence[0].drop > 0
    left = masked(desk.case, desk.views[0], [Piece(e.part, e.start, e.end) for e in evidence])
    assert "break your legs" not in left and "lemon cake" in left


def test_the_chain_has_four_steps_and_says_what_made_it() -> None:
    found, _ = draft()
    assert [s.name for s in found.chain] == ["location", "screening", "cause", "decision"]
    assert found.chain[-1].text.endswith(NOTE)
    assert found.findings[0].evidence[0].quote in found.chain[0].text


def test_thresholds_turn_one_probability_into_three_outcomes() -> None:
    assert draft(final_act=0.01, final_allow=0.0)[0].outcome == "act"
    assert draft(final_act=1.01, final_allow=1.0)[0].outcome == "allow"
    assert draft(final_act=1.0, final_allow=0.0)[0].outcome == "review"


def test_a_sound_draft_passes_every_check_of_code() -> None:
    found, (desk, _) = draft(final_act=0.01, final_allow=0.0)
    assert all(c.passed for c in code_checks(found, desk.case, desk.book.pack, KNOWN))


@pytest.mark.parametrize(
    ("broken", "check"),
    [
        ({"retrieved": frozenset({"SC1"})}, "rule_was_retrieved"),
        ({"citations": (Citation(clause_id="VI2", quote="Threatens nobody."),)}, "clauses_are_verbatim"),
        ({"citations": (Citation(clause_id="SC1", quote=small().by_id["SC1"].statement),)}, "clauses_are_verbatim"),
        ({"evidence": (Evidence(part="text", start=0, end=4, quote="Nope"),)}, "evidence_is_verbatim"),
        ({"evidence": (Evidence(part="image", start=0, end=2, quote="We"),)}, "evidence_is_verbatim"),
        ({"citations": ()}, "hits_cite"),
        ({"severity": 3}, "severity_is_in_band"),
        ({"outcome": "allow"}, "chain_supports_answer"),
    ],
)
def test_each_broken_draft_fails_its_own_check_and_is_vetoed(broken: dict[str, object], check: str) -> None:
    found, (desk, ranking) = draft(final_act=0.01, final_allow=0.0)
    given = broken.pop("retrieved", KNOWN)
    assert isinstance(given, frozenset)
    retrieved: frozenset[str] = given
    if "severity" in broken:
        assert found.severity is not None
        broken["severity"] = found.severity.model_copy(update={"value": broken["severity"]})
    top = {k: broken.pop(k) for k in ("severity", "outcome") if k in broken}
    main = found.findings[0].model_copy(update=broken)
    bad = found.model_copy(update={**top, "findings": (main, *found.findings[1:])})
    failed = {c.name for c in code_checks(bad, desk.case, desk.book.pack, retrieved) if not c.passed}
    assert check in failed
    assert criticise(desk, bad, ranking, retrieved, 1).ruling == "veto"


def test_the_rubric_of_a_case_has_weights_that_sum_to_one() -> None:
    found, (desk, ranking) = draft(final_act=0.01, final_allow=0.0)
    one = criticise(desk, found, ranking, KNOWN, 1)
    assert sum(c.weight for c in one.criteria) == pytest.approx(1, abs=1e-4)
    assert one.score == pytest.approx(sum(c.weight * c.score for c in one.criteria), abs=1e-3)


def test_a_draft_that_does_not_convince_is_sent_back_once_and_then_ends() -> None:
    desk, ranking = bench("bake a lemon cake at noon", final_act=0.001, final_allow=0.0)
    weak = reason(desk, ranking, (), "short")
    rulings = [criticise(desk, weak, ranking, KNOWN, n).ruling for n in range(1, MAX_ROUNDS + 2)]
    assert weak.outcome == "act"
    assert rulings[0] == "revise"
    assert all(r in ("accept", "veto") for r in rulings[MAX_ROUNDS - 1 :])


def test_a_revision_says_what_to_fix_and_the_reasoner_looks_wider() -> None:
    desk, ranking = bench("bake a lemon cake at noon", final_act=0.001, final_allow=0.0)
    one = criticise(desk, reason(desk, ranking, (), "short"), ranking, KNOWN, 1)
    assert one.fixes and one.notes
    again = reason(desk, ranking, (), "short", ("go_full", "widen_evidence", "try_rival"))
    assert len([f for f in again.findings if f.evidence]) == 2


def test_a_modifier_raises_at_most_to_the_top_of_the_band() -> None:
    rule = small().by_id["VI2"]
    assert raised(50, rule, 10) == 60
    assert raised(85, rule, 10) == 90
    assert raised(90, rule, 10) == 90


def test_a_prompt_names_its_missing_and_unused_variables() -> None:
    with pytest.raises(PromptError, match=r"missing \['quotes', 'statement'\], unused \['colour'\]"):
        render("public_act", rule="R", colour="red")
    with pytest.raises(PromptError, match="'nonsense' does not exist"):
        render("nonsense")


def test_the_public_rationale_quotes_and_holds_no_number() -> None:
    found, (desk, _) = draft(final_act=0.01, final_allow=0.0)
    text = public_rationale("act", small().by_id["VI2"], found.findings, (), desk.case)
    assert "I will break your legs, you will bleed for this." in text and small().by_id["VI2"].statement in text
    assert "0." not in text and "%" not in text


def test_a_rule_in_plain_words_is_judged_with_evidence() -> None:
    rule = "No pictures of cats. A cat or a kitten counts; dogs are fine."
    for text, verdict in (
        ("look at this cat, a kitten really, pictures of cats", "hit"),
        ("rain all week in the north", "not_hit"),
    ):
        case = Case(id="t", parts=(Part(id="text", kind="text", text=text),))
        trial = try_rule(rule, case, views(case).items, bag_of_words, calibration())
        assert trial.verdict == verdict
        assert all(text[e.start : e.end] == e.quote for e in trial.evidence)


def test_an_empty_rule_is_refused() -> None:
    case = Case(id="t", parts=(Part(id="text", kind="text", text="hello"),))
    with pytest.raises(ValueError, match="says nothing"):
        try_rule(" … ", case, views(case).items, bag_of_words, calibration())


def grave_bench(cut: float) -> tuple[Bench, Ranking]:
    desk, ranking = bench(MIXED, final_act=1.01, final_allow=1.0, final_allow_high_harm=cut)
    rules = [r.model_copy(update={"high_harm": r.id == "VI2"}) for r in desk.book.pack.rules]
    book = replace(desk.book, pack=desk.book.pack.model_copy(update={"rules": tuple(rules)}))
    return replace(desk, book=book), ranking


def test_a_rule_of_high_harm_is_let_go_at_its_own_stricter_cut_only() -> None:
    desk, ranking = grave_bench(0.001)
    found = reason(desk, ranking, (), "short")
    assert (found.outcome, found.rule_id) == ("review", "VI2")
    assert "a rule of high harm, is let go at or below 0.00 only" in found.chain[-1].text
    desk, ranking = grave_bench(1.0)
    assert reason(desk, ranking, (), "short").outcome == "allow"


def test_a_rule_of_high_harm_is_never_let_go_where_its_cut_was_not_fitted() -> None:
    desk, ranking = grave_bench(Thresholds.model_fields["final_allow_high_harm"].default)
    assert reason(desk, ranking, (), "short").outcome == "review"


def test_a_ranker_that_would_let_a_rule_of_high_harm_go_asks_the_reasoner_first() -> None:
    desk, ranking = grave_bench(0.001)
    cuts = desk.calibration.thresholds.model_copy(update={"allow": 1.0, "act": 1.01})
    assert "ambiguous" in depth(ranking, desk.book.pack, cuts).causes
    lax = cuts.model_copy(update={"final_allow_high_harm": 1.0})
    assert "ambiguous" not in depth(ranking, desk.book.pack, lax).causes


def test_a_rule_of_a_scene_with_caution_waits_where_another_would_be_acted_on() -> None:
    desk, ranking = bench(MIXED, final_act=0.001, final_allow=-1e-9)
    found = reason(desk, ranking, (), "short")
    assert found.outcome == "act"
    scene = desk.book.pack.by_id[found.rule_id].scene
    desk, ranking = bench(MIXED, final_act=0.001, final_allow=-1e-9, caution={scene: 20.0})
    cautious = reason(desk, ranking, (), "short")
    assert (cautious.outcome, cautious.rule_id) == ("review", found.rule_id)
    assert "as acts in this scene are less often right" in cautious.chain[-1].text
    desk, ranking = bench(MIXED, final_act=0.001, final_allow=-1e-9, caution={"elsewhere": 20.0})
    assert reason(desk, ranking, (), "short").outcome == "act"


def test_a_ranker_that_is_sure_in_a_scene_with_caution_asks_the_reasoner() -> None:
    desk, ranking = bench(MIXED)
    first = ranking.scores[0]
    cuts = desk.calibration.thresholds.model_copy(update={"act": first.probability, "allow": 0.0})
    assert "ambiguous" not in depth(ranking, desk.book.pack, cuts).causes
    scene = desk.book.pack.by_id[first.rule_id].scene
    assert "ambiguous" in depth(ranking, desk.book.pack, cuts.model_copy(update={"caution": {scene: 0.5}})).causes
    foreign = ranking.model_copy(update={"calibrated": False})
    assert cuts_for(foreign, cuts.model_copy(update={"caution": {scene: 0.5}})).caution == {}
