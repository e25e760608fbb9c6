"""What a cross-encoder changes in a draft: which rule leads, how grave, on what words, and whether any is broken."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest

from agents.calibration import Calibration, Line
from agents.ranker import Ranking, Score
from agents.reading import OVERALL, Mark, Reading, law_text
from agents.reasoner import (
    SHOWN,
    Answered,
    Bench,
    answered,
    candidates,
    crossed,
    crossed_features,
    reason,
    settled_features,
)
from agents.rulebook import statement_text
from agents.scratch import try_rule
from agents.severity import Facts, grade, place_features
from agents.vectors import logit
from cases.case import Case, Part
from cases.finding import Finding
from cases.view import views
from policy_store.rule import Clause
from tests.agents.bench import bench, calibration, small
from tests.policy_store.small_pack import bag_of_words, make_rule

MIXED = "A lemon cake. I will break your legs, you will bleed for this. Bring the dog."
LONG = "The lemon cake was fine and nobody minded the rain at noon in the garden. " * 4 + "i will break your legs"
SAYS = {"VI1": -3.0, "VI2": 3.0, "SC1": -3.0, "overall": 2.0}


class Said:
    """A cross-encoder that says what it was told of each rule, marks some words, and remembers what it read."""

    def __init__(
        self, hits: Mapping[str, float] = SAYS, severity: float = 0.5, words: Sequence[str] = (), loud: str = ""
    ) -> None:
        self.hits, self.severity, self.words, self.loud = hits, severity, words, loud
        self.asked: list[tuple[str, tuple[str, ...]]] = []

    def __call__(self, text: str, laws: Sequence[str]) -> Reading:
        self.asked.append((text, tuple(laws)))
        marks = tuple(
            Mark(*m.span(), 0.9 if m.group().casefold() in self.words else 0.0) for m in re.finditer(r"\w+", text)
        )
        names = ["overall" if law == OVERALL else law.split(":")[0].removeprefix("Type of ") for law in laws]
        more = 1.0 if text == self.loud else 0.0
        hits = [self.hits[n] + (more if n == "overall" else 0.0) for n in names]
        return Reading(np.array(hits), np.full(len(laws), self.severity), (marks,) * len(laws))


def taught(fitted: Calibration, **lines: Line | None) -> Calibration:
    """Return a calibration that believes the cross-encoder alone."""
    own: dict[str, Line | None] = {
        "reasoned": Line(weights=(0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0), bias=0.0),
        "crossed": Line(weights=(0.0, 1.0, 0.0), bias=0.0),
        "settled": Line(weights=(0.0, 1.0), bias=0.0),
        "place": Line(weights=(0.0, 0.0, 1.0), bias=0.0),
    }
    return fitted.model_copy(update=own | lines)


def desk(said: Said, **lines: Line | None) -> tuple[Bench, Ranking]:
    found, ranking = bench(MIXED)
    return replace(found, read=said, calibration=taught(found.calibration, **lines)), ranking


def apart() -> tuple[Bench, Ranking]:
    """Return a long case and a ranking in which VI2 is nearest to the last view and the other rules to the first."""
    found, ranking = bench(LONG)
    last = len(found.views) - 1
    assert last > 0
    scores = tuple(s.model_copy(update={"view": last if s.rule_id == "VI2" else 0}) for s in ranking.scores)
    return found, ranking.model_copy(update={"scores": scores})


def chance(log_odds: float) -> float:
    return float(1 / (1 + np.exp(-log_odds)))


def test_a_law_is_the_statement_of_a_rule_and_then_its_own_exceptions() -> None:
    bare = make_rule("VI1", "Threatens a person.", ["i will hurt you"])
    saved = make_rule(
        "VI1", "Threatens a person.", ["i will hurt you"],
        exceptions=(Clause(id="VI1-GAME", text="Said in a game."), Clause(id="VI1-SONG", text="A line of a song.")),
    )  # fmt: skip
    assert law_text(bare) == statement_text(bare) == "Type of VI1: Threatens a person."
    assert law_text(saved) == "Type of VI1: Threatens a person. Not when: Said in a game. A line of a song."


def test_the_first_rules_of_the_ranking_and_the_rivals_are_read_each_once() -> None:
    names = [f"R{n}" for n in range(SHOWN + 2)]
    ranking = Ranking(scores=tuple(Score(rule_id=r, probability=0.5, view=0) for r in names), any=0.5)
    assert candidates(ranking, ("R6", "R0")) == (*names[:SHOWN], "R6")


def test_rules_on_one_view_are_read_at_once_with_the_overall_question() -> None:
    said = Said()
    at, ranking = desk(said)
    found = answered(at, ranking, ["VI2", "SC1"])
    laws = tuple(law_text(at.book.pack.by_id[r]) for r in ("VI2", "SC1"))
    assert said.asked == [(at.views[0].text, (*laws, OVERALL))]
    assert found == {"VI2": Answered(3.0, 0.5, 2.0), "SC1": Answered(-3.0, 0.5, 2.0)}


def test_each_rule_is_read_on_the_view_that_ranks_it_highest() -> None:
    said = Said()
    found, ranking = apart()
    at = replace(found, read=said, calibration=taught(found.calibration))
    answered(at, ranking, ["VI1", "VI2", "SC1"])
    laws = {r: law_text(at.book.pack.by_id[r]) for r in at.book.index}
    assert said.asked == [
        (at.views[0].text, (laws["VI1"], laws["SC1"], OVERALL)),
        (at.views[-1].text, (laws["VI2"], OVERALL)),
    ]


def test_a_rule_that_was_not_ranked_is_not_read() -> None:
    said = Said()
    at, ranking = desk(said)
    without = ranking.model_copy(update={"scores": ranking.scores[:1]})
    assert list(answered(at, without, ["VI1", "VI2", "SC1"])) == [ranking.scores[0].rule_id]


def test_nobody_is_asked_without_a_line_for_the_answers() -> None:
    said = Said()
    at, ranking = desk(said, crossed=None)
    assert answered(at, ranking, ["VI2"]) == {} and said.asked == []
    assert crossed(at, ranking, {"VI2": Answered(9.0, 0.5, 9.0)}) == {}


def test_ranker_and_cross_encoder_are_joined_by_one_line() -> None:
    line = Line(weights=(0.5, 0.25, 0.125), bias=-1.0)
    at, ranking = desk(Said(), crossed=line)
    answer = Answered(3.0, 0.5, 2.0)
    ranked = float(logit(np.array([ranking.probability("VI2")]))[0])
    assert crossed_features(ranking.probability("VI2"), answer).tolist() == [ranked, 3.0, 2.0]
    wanted = chance(0.5 * ranked + 0.25 * 3.0 + 0.125 * 2.0 - 1.0)
    assert crossed(at, ranking, {"VI2": answer}) == {"VI2": pytest.approx(wanted, abs=1e-4)}


@pytest.mark.parametrize("lead", ["VI1", "VI2", "SC1"])
def test_the_rule_that_the_cross_encoder_finds_likeliest_leads(lead: str) -> None:
    at, ranking = desk(Said({r: 3.0 if r == lead else -3.0 for r in SAYS}))
    draft = reason(at, ranking, (), "short")
    assert draft.rule_id == draft.findings[0].rule_id == lead
    assert draft.outcome == "act"
    assert draft.probability == pytest.approx(chance(3.0), abs=1e-4)


def test_rules_that_were_read_but_not_looked_at_keep_what_was_said_of_them() -> None:
    at, ranking = desk(Said({"VI1": 0.5, "VI2": 3.0, "SC1": -3.0, "overall": 0.0}))
    draft = reason(at, ranking, (), "short")
    assert {f.rule_id: f.probability for f in draft.findings[1:]} == {
        "VI1": pytest.approx(chance(0.5), abs=1e-4),
        "SC1": pytest.approx(chance(-3.0), abs=1e-4),
    }


def test_in_full_the_rival_is_weighed_too_and_the_likelier_still_leads() -> None:
    at, ranking = desk(Said({"VI1": 2.0, "VI2": 3.0, "SC1": -3.0, "overall": 0.0}))
    draft = reason(at, ranking, ("VI1",), "full")
    assert draft.rule_id == "VI2"
    assert {f.rule_id for f in draft.findings if f.stance is not None} == {"VI1", "VI2"}
    assert {f.rule_id for f in draft.findings if f.verdict == "hit"} == {"VI1", "VI2"}


def test_the_likelier_rule_leads_over_one_that_was_adjudicated_higher() -> None:
    at, ranking = desk(Said({"VI1": 0.1, "VI2": 0.3, "SC1": -3.0, "overall": 0.0}))
    at = replace(at, calibration=at.calibration.model_copy(update={"offsets": {"VI1": 0.4}}))
    draft = reason(at, ranking, ("VI1",), "full")
    found = {f.rule_id: f.probability for f in draft.findings}
    assert found["VI1"] > found["VI2"]
    assert (draft.rule_id, draft.outcome) == ("VI2", "review")


def test_a_case_that_waits_for_a_rule_waits_under_that_rule() -> None:
    at, ranking = desk(Said({"VI1": -1.2, "VI2": -1.0, "SC1": -3.0, "overall": 0.0}))
    at = replace(at, calibration=at.calibration.model_copy(update={"offsets": {"VI1": 1.5}}))
    draft = reason(at, ranking, ("VI1",), "full")
    assert (draft.rule_id, draft.outcome) == ("VI1", "review")
    assert draft.probability == pytest.approx(chance(0.3), abs=1e-4)


@pytest.mark.parametrize(("read", "severity"), [(0.1, 10), (0.42, 42), (0.9, 90), (1.0, 90), (0.0, 10)])
def test_the_severity_that_was_read_is_placed_in_the_band(read: float, severity: int) -> None:
    at, ranking = desk(Said(severity=read))
    found = reason(at, ranking, (), "short").severity
    assert found is not None and found.value == severity


def test_without_a_line_for_the_place_severity_comes_from_the_grades_alone() -> None:
    found = [reason(*desk(Said(severity=s), place=None), (), "short").severity for s in (0.1, 0.9)]
    assert found[0] == found[1]


def test_places_far_outside_the_band_are_cut() -> None:
    rule = small().by_id["VI2"]
    case = Case(id="c", parts=(Part(id="text", kind="text", text="so"),))
    finding = Finding(rule_id="VI2", verdict="hit", probability=0.9, stance="direct")
    known = Facts(case, rule, finding, np.zeros(256, np.float32), ((0.5, 50),), 50.0, 0.7)
    assert place_features(known, 0.25) == pytest.approx([0.25, 0.5, 0.75])
    outside = replace(known, reading=-400.0, read=9.0)
    assert place_features(outside, 0.25) == pytest.approx([0.25, -0.5, 1.5])
    unread = grade(replace(known, read=None), small(), taught(calibration()))
    assert unread == grade(known, small(), calibration())


def test_the_draft_says_how_likely_any_rule_is_broken_on_the_worst_view() -> None:
    found, ranking = apart()
    for view in found.views[:1] + found.views[-1:]:
        at = replace(found, read=Said(loud=view.text), calibration=taught(found.calibration))
        assert reason(at, ranking, (), "short").any == pytest.approx(chance(3.0), abs=1e-4)
    at = replace(found, read=Said(), calibration=taught(found.calibration))
    assert reason(at, ranking, (), "short").any == pytest.approx(chance(2.0), abs=1e-4)


def test_the_likeliest_rule_counts_for_any_whether_looked_at_or_only_read() -> None:
    first = Line(weights=(1.0, 0.0), bias=0.0)
    at, ranking = desk(Said({"VI1": 1.0, "VI2": 2.0, "SC1": -3.0, "overall": -5.0}), settled=first)
    assert reason(at, ranking, (), "short").any == pytest.approx(chance(2.0), abs=1e-3)
    doubted = Line(weights=(0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0), bias=-4.0)
    at, ranking = desk(at.read, settled=first, reasoned=doubted)  # type: ignore[arg-type]
    assert reason(at, ranking, (), "short").any == pytest.approx(chance(1.0), abs=1e-3)
    assert settled_features(0.5, [-1.0, 2.0]).tolist() == [0.0, 2.0]


def test_without_a_line_that_settles_the_draft_says_nothing_of_any() -> None:
    assert reason(*desk(Said(), settled=None), (), "short").any is None


def test_marked_words_are_the_evidence_and_stand_in_the_chain() -> None:
    at, ranking = desk(Said(words=("break", "your", "legs", "bleed")))
    draft = reason(at, ranking, (), "short")
    evidence = draft.findings[0].evidence
    assert [e.quote for e in evidence] == ["break your legs", "bleed"]
    assert all(MIXED[e.start : e.end] == e.quote and e.drop is not None for e in evidence)
    assert "“break your legs”" in draft.chain[0].text


def test_where_nothing_is_marked_evidence_is_measured_as_before() -> None:
    at, ranking = desk(Said())
    found = reason(at, ranking, (), "short").findings[0]
    old, _ = bench(MIXED)
    assert found.rule_id == "VI2"
    assert found.evidence == reason(old, ranking, (), "short").findings[0].evidence


def test_without_a_cross_encoder_the_draft_is_the_old_one() -> None:
    old, ranking = bench(MIXED)
    wanted = reason(old, ranking, (), "short")
    assert wanted.any is None
    lines = {"crossed": Line(weights=(0.0, 9.0, 0.0), bias=0.0), "settled": Line(weights=(0.0, 9.0), bias=0.0)}
    assert reason(replace(old, calibration=old.calibration.model_copy(update=lines)), ranking, (), "short") == wanted
    said = Said()
    assert reason(replace(old, read=said), ranking, (), "short") == wanted
    assert said.asked == []


def test_what_was_said_of_a_rule_follows_the_measured_features() -> None:
    both = Line(weights=(0.0, 0.0, 0.0, 0.0, 0.0, 0.5, 0.25), bias=0.0)
    at, ranking = desk(Said({"VI1": -3.0, "VI2": 2.0, "SC1": -3.0, "overall": 4.0}), reasoned=both)
    assert reason(at, ranking, (), "short").probability == pytest.approx(chance(2.0), abs=1e-4)


@pytest.mark.parametrize(("log_odds", "verdict"), [(3.0, "hit"), (-3.0, "not_hit")])
def test_a_rule_in_plain_words_is_read_with_the_content(log_odds: float, verdict: str) -> None:
    rule = "No  pictures of cats."
    case = Case(id="t", parts=(Part(id="text", kind="text", text="look at my dog"),))
    said = Said({"No pictures of cats.": log_odds})
    fitted = calibration().model_copy(update={"bare_read": Line(weights=(0.0, 0.0, 1.0), bias=0.0)})
    trial = try_rule(rule, case, views(case).items, bag_of_words, fitted, said)
    assert (trial.verdict, trial.probability) == (verdict, pytest.approx(chance(log_odds), abs=1e-4))
    assert {laws for _, laws in said.asked} == {("No pictures of cats.",)}


def test_a_rule_in_plain_words_is_judged_as_before_without_a_line_for_the_answer() -> None:
    case = Case(id="t", parts=(Part(id="text", kind="text", text="look at this cat"),))
    said = Said()
    given = ("No pictures of cats.", case, views(case).items, bag_of_words, calibration())
    assert try_rule(*given, said) == try_rule(*given)
    assert said.asked == []
