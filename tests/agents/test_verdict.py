"""A decision says what the stages found: a gap or a veto is never an allow, and each outcome has its own words."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from agents.depth import Doubt
from agents.perceiver import Perception
from agents.ranker import rank, rank_views
from agents.reasoner import examine, reason
from agents.router import Route
from agents.rulebook import write_rulebook
from agents.vectors import Floats
from agents.verdict import Frame, cleared, settled, sure
from cases.decision import Cause, Critique, Decision, PackRef, Ruling
from policy_store.loader import load_pack
from tests.agents.bench import bench, small
from tests.policy_store.small_pack import bag_of_words

FRAME = Frame(pack=PackRef(id="small", version="1.0.0", digest="d"), profile="adult", model_digest="m")
ROUTE = Route(clear=False, risk=0.5, seed=None, similarity=0.5)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
THREAT = "i will break your legs"


def decide(
    text: str, gaps: tuple[Cause, ...] = (), causes: tuple[Cause, ...] = (), ruling: Ruling | None = None, **cuts: float
) -> Decision:
    """Settle what the reasoner drafts, or what the ranker is sure of where there is no doubt."""
    desk, ranking = bench(text, **cuts)
    doubt = Doubt(depth="short" if causes else "none", causes=causes)
    ruled = Critique(round=1, ruling=ruling, score=0.5, checks=(), criteria=()) if ruling else None
    return settled(
        FRAME, desk, "d-1", Perception(views=desk.views, gaps=gaps), ROUTE, ranking, doubt, None, NOON, (),
        reason(desk, ranking, (), "short") if causes else None, (ruled,) if ruled else (),
    )  # fmt: skip


def test_what_the_router_drops_is_an_allow_without_findings() -> None:
    desk, _ = bench("A lemon cake")
    found = cleared(FRAME, desk.case, "d-1", ROUTE, small(), NOON, ())
    assert (found.outcome, found.stage, found.findings, found.severity) == ("allow", "router", (), 0)


@pytest.mark.parametrize("gap", ["too_long", "media_not_read", "language_not_covered"])
def test_a_gap_turns_an_allow_into_a_review_that_suspects_no_rule(gap: Cause) -> None:
    found = decide("A lemon cake", gaps=(gap,), act=1.01)
    assert (found.outcome, found.causes, found.rule_id, found.severity) == ("review", (gap,), None, 0)
    assert (found.action, found.automation) == ("wait for a person", "partial")


def test_a_gap_stops_no_act() -> None:
    found = decide(THREAT, gaps=("media_not_read",), act=0.01)
    assert (found.outcome, found.rule_id, found.causes, found.automation) == ("act", "VI2", (), "full")


def test_a_gap_beside_doubt_keeps_both_causes_and_the_rule() -> None:
    found = decide(THREAT, gaps=("media_not_read",), causes=("ambiguous",), final_act=1.0, final_allow=0.0)
    assert (found.outcome, found.rule_id) == ("review", "VI2")
    assert found.causes == ("media_not_read", "ambiguous")


@pytest.mark.parametrize("cuts", [{"final_act": 0.01, "final_allow": 0.0}, {"final_act": 1.01, "final_allow": 1.0}])
def test_a_veto_leads_to_review_whatever_was_drafted(cuts: dict[str, float]) -> None:
    found = decide(THREAT, causes=("ambiguous",), ruling="veto", **cuts)
    assert (found.outcome, found.rule_id) == ("review", "VI2")
    assert found.causes == ("ambiguous", "critic_veto")
    assert found.severity > 0 and found.grades


def test_an_accepted_draft_stands_and_names_no_cause() -> None:
    acted = decide(THREAT, causes=("ambiguous",), ruling="accept", final_act=0.01, final_allow=0.0)
    assert (acted.outcome, acted.causes, acted.stage) == ("act", (), "reasoner")
    allowed = decide(THREAT, causes=("ambiguous",), ruling="accept", final_act=1.01, final_allow=1.0)
    assert (allowed.outcome, allowed.rule_id, allowed.severity, allowed.grades) == ("allow", None, 0, ())


def test_the_score_is_a_probability_whatever_the_stage() -> None:
    for found in (decide("A lemon cake"), decide(THREAT), decide(THREAT, causes=("ambiguous",))):
        assert 0 <= found.score <= 1


def test_a_case_without_words_is_settled_without_evidence() -> None:
    found = decide("!!! ???", causes=("ambiguous",), final_act=1.0, final_allow=0.0)
    assert found.outcome == "review"
    assert found.findings[0].evidence[0].quote == "!!! ???"


def test_a_review_of_content_that_the_policy_hardly_speaks_of_says_so() -> None:
    far = decide("glaciers melt slowly", causes=("ambiguous",), final_act=1.01, final_allow=-0.01)
    assert (far.outcome, far.causes) == ("review", ("ambiguous", "out_of_distribution"))
    known = decide(THREAT, causes=("ambiguous",), final_act=1.01, final_allow=-0.01)
    assert (known.outcome, known.causes) == ("review", ("ambiguous",))


def test_doubt_that_nobody_could_reason_about_is_no_allow() -> None:
    desk, ranking = bench("A lemon cake", act=1.01)
    found = settled(
        FRAME, desk, "d-1", Perception(views=desk.views), ROUTE, ranking, Doubt(depth="short", causes=("ambiguous",)), None,
        NOON, (),
    )  # fmt: skip
    assert (found.outcome, found.causes[0]) == ("review", "ambiguous")


def test_what_the_ranker_acts_on_says_the_values_of_the_rule_s_attributes_as_the_reasoner_would() -> None:
    pack = load_pack("community")
    rule = pack.by_id["SX4"]
    desk, ranking = bench(rule.examples.violating[0].text, act=0.01)
    book = write_rulebook(pack, bag_of_words, [rule])

    def score(texts: Sequence[str]) -> Floats:
        return rank_views(book, bag_of_words(texts), desk.calibration)

    desk = replace(desk, book=book, score=score)
    ranking = rank(book, score([v.text for v in desk.views]), desk.calibration, ["SX4"])
    (found,) = sure(desk, ranking, desk.calibration.thresholds).findings
    assert found.attributes == examine(desk, ranking, rule).attributes
    assert [a.attribute_id for a in found.attributes] == [a.id for a in rule.attributes]
