"""What the pictures of a case come to: an outcome with values, product, clause and regions, for each profile its own."""

from datetime import UTC, datetime

import numpy as np
import pytest

from agents.depth import Doubt
from agents.explainer import explain
from agents.onlooker import ACT, ALLOW, Judged, judge
from agents.perceiver import Perception, with_seen
from agents.questions import answer
from agents.ranker import Ranking, rank_views
from agents.reasoner import Bench
from agents.router import Route
from agents.rulebook import write_rulebook
from agents.verdict import Frame, settled
from cases.case import Case, Media, Part
from cases.decision import Decision, PackRef
from cases.observation import Box, Locator, Observation
from cases.view import views
from policy_store.loader import load_pack
from tests.agents.bench import calibration
from tests.policy_store.small_pack import bag_of_words

PACK = load_pack("image-child-safety")
BOOK = write_rulebook(PACK, bag_of_words)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
RULES = ("PB1", "PB2")


def region(label: str, confidence: float, media: str = "image-1", number: int = 1) -> Observation:
    return Observation(
        id=f"{media}.r{number}", media=media, kind="region", label=label, confidence=confidence, tool="nudenet",
        version="3", locator=Locator(frame=0, box=Box(x=0.1, y=0.2, width=0.3, height=0.2)),
    )  # fmt: skip


def tag(media: str = "image-1") -> Observation:
    return Observation(id=f"{media}.t1", media=media, kind="tag", label="PNG 9x9", tool="pillow", version="",
                       locator=Locator(frame=0))  # fmt: skip


def bench(profile: str, *seen: Observation, text: str = "", pictures: int = 1) -> Bench:
    parts = (Part(id="text", kind="text", text=text),) if text else ()
    media = tuple(Media(type="image", path=f"{n}.png") for n in range(pictures))
    tags = [tag(f"image-{n + 1}") for n in range(pictures)]
    case = with_seen(Case(id="c", parts=parts, media=media, profile=profile), [*tags, *seen], ())
    found = views(case).items
    fitted = calibration()

    def score(texts: "list[str] | tuple[str, ...]") -> np.ndarray:
        return rank_views(BOOK, bag_of_words(texts), fitted)

    return Bench(case, found, bag_of_words([v.text for v in found]), BOOK, fitted, score, profile)  # type: ignore[arg-type]


def judged(profile: str, *seen: Observation, **fields: object) -> Judged:
    found = judge(bench(profile, *seen, **fields), RULES)  # type: ignore[arg-type]
    assert found is not None
    return found


def decided(profile: str, *seen: Observation, **fields: object) -> tuple[Decision, Case]:
    desk = bench(profile, *seen, **fields)  # type: ignore[arg-type]
    frame = Frame(pack=PackRef(id=PACK.id, version=PACK.version, digest=PACK.digest), profile=profile, model_digest="m")
    made = settled(
        frame, desk, "d-1", Perception(views=desk.views), Route(clear=False, risk=0.0, seed=None, similarity=0.0),
        Ranking(scores=(), any=0.0), Doubt(depth="none"), None, NOON, (), seen=judge(desk, RULES),
    )  # fmt: skip
    return made, desk.case


CHEST = region("MALE_BREAST_EXPOSED", 0.85)


def test_one_picture_has_two_outcomes_under_two_profiles_and_both_are_explained() -> None:
    strict, lenient = judged("R1", CHEST), judged("R2", CHEST)
    assert (strict.outcome, strict.rule_id) == ("act", "PB1")
    assert (lenient.outcome, lenient.rule_id) == ("allow", None)
    assert strict.findings[0].attributes == lenient.findings[0].attributes
    for found, own, other in ((strict, "violating under R1", "R2 labels it allowed"),
                              (lenient, "allowed under R2", "R1 labels it violating")):  # fmt: skip
        said = found.chain[2].text
        assert own in said and other in said
        assert "bareness=partly-bare (0.77)" in said and "'partly-bare'" in said and "PB1.a" in said
        assert "image-1.r1 male breast exposed, nudenet at 0.85, 10%-40% across" in found.chain[0].text
        assert [s.region for s in found.findings[0].sightings] == ["image-1.r1"]


def test_shares_between_the_cuts_wait_for_a_person_and_it_says_that_nobody_calibrated_them() -> None:
    found = judged("R1", region("BELLY_EXPOSED", 0.45))
    assert ALLOW < found.probability < ACT
    assert (found.outcome, found.rule_id) == ("review", "PB1")
    assert found.findings[0].verdict == "not_hit" and found.findings[0].citations
    assert "not calibrated" in found.chain[1].text


def test_the_worst_of_several_pictures_counts_and_is_named() -> None:
    found = judged("R1", region("MALE_BREAST_EXPOSED", 0.85, "image-2"), pictures=2)
    assert found.outcome == "act"
    assert {s.media for s in found.findings[0].sightings} == {"image-2"}


def test_the_graver_rule_leads_and_severity_lies_in_its_band() -> None:
    found = judged("R1", CHEST, region("FEMALE_BREAST_EXPOSED", 0.9, number=2))
    assert found.rule_id == "PB2" and [f.rule_id for f in found.findings] == ["PB2", "PB1"]
    band = PACK.by_id["PB2"].band
    assert found.severity is not None and band.low <= found.severity.value <= band.high
    assert [g.dimension for g in found.severity.grades] == [d.id for d in PACK.rubric.dimensions]


def test_without_pictures_or_rules_for_them_there_is_nothing_to_judge() -> None:
    assert judge(bench("R1", CHEST), ("PW1", "PW2")) is None
    assert judge(bench("R1", pictures=0, text="A cake"), RULES) is None


def test_every_citation_is_verbatim_and_every_region_exists() -> None:
    desk = bench("R1", CHEST, region("FEMALE_BREAST_EXPOSED", 0.9, number=2), text="A day at the lake")
    found = judge(desk, RULES)
    assert found is not None
    known = {o.id for o in desk.case.observations}
    for finding in found.findings:
        assert all(PACK.clause(c.clause_id).text == c.quote for c in finding.citations)
        assert {s.region for s in finding.sightings} <= known
        assert all(desk.case.part(e.part).text[e.start : e.end] == e.quote for e in finding.evidence)


def test_a_decision_by_sight_is_explained_with_region_values_and_clause() -> None:
    made, case = decided("R1", CHEST)
    assert (made.outcome, made.rule_id, made.stage, made.score) == ("act", "PB1", "reasoner", 0.765)
    assert made.rationale.startswith("This content was found to break the rule “Bare skin of an adult")
    assert "rests on what the picture shows." in made.rationale and "0.7" not in made.rationale
    told = explain(made, case, PACK, "moderator")
    assert "a share by sight, not calibrated, of 0.77" in told or "a share by sight, not calibrated, of 0.76" in told
    assert "image-1.r1 in image-1: male breast exposed, nudenet at 0.85" in told
    assert "bareness partly-bare" in told and "PB1.a" in told


@pytest.mark.parametrize("question", ["where is it?", "Where?", "which regions?"])
def test_where_it_is_is_answered_with_region_and_place(question: str) -> None:
    made, case = decided("R1", CHEST)
    said = answer(question, made, case, PACK)
    assert said.kind == "evidence"
    assert (
        "Seen in image-1: image-1.r1, male breast exposed, nudenet at 0.85, 10%-40% across and 20%-40% down."
        in said.text
    )


def test_a_picture_that_is_let_go_keeps_its_explanation() -> None:
    made, _ = decided("R2", CHEST)
    assert (made.outcome, made.rule_id, made.severity) == ("allow", None, 0)
    assert made.findings[0].citations[0].clause_id == "PB1.a" and made.chain


def test_what_would_change_a_verdict_by_sight_is_another_value_or_another_profile() -> None:
    made, case = decided("R1", CHEST)
    said = answer("what would change the outcome?", made, case, PACK).text
    assert "Were bareness covered, it would be allowed (product 'ordinary', by PB1-ORDINARY)." in said
    assert "Under R2 the same values are allowed." in said


def test_why_names_what_was_seen() -> None:
    made, case = decided("R1", CHEST)
    said = answer("why?", made, case, PACK).text
    assert "Seen: image-1.r1, male breast exposed, nudenet at 0.85" in said and "No words" not in said
