"""Pictures under a policy that judges by sight, and under one that does not: the same files, decided by the desk."""

from collections.abc import Iterator

import pytest

from agents.perceiver import with_seen
from cases.case import Case, Media, Part
from cases.decision import Decision
from cases.observation import Box, Locator, Observation, Unseen
from graphs.desk import Desk
from graphs.reach import sighted, told_by_sight, worded
from graphs.settings import Settings
from graphs.wiring import open_desk
from policy_store.loader import load_pack

PACK = load_pack("image-child-safety")
COMMUNITY = load_pack("community")
WHERE = Box(x=0.3, y=0.3, width=0.2, height=0.2)
OFFER = "Slots open all night, 20 free spins when you pay in 5, no ID"


def seen(kind: str, number: int, label: str = "", text: str = "", confidence: float = 0.85) -> Observation:
    return Observation(
        id=f"image-1.{kind[0]}{number}", media="image-1", kind=kind, label=label, text=text, confidence=confidence,  # type: ignore[arg-type]
        tool="given", version="", locator=Locator(frame=0, box=None if kind == "tag" else WHERE),
    )  # fmt: skip


def pictured(
    *found: Observation, profile: str | None = None, text: str = "", kind: str = "image", unseen: tuple[Unseen, ...] = ()
) -> Case:  # fmt: skip
    parts = (Part(id="text", kind="text", text=text),) if text else ()
    case = Case(id="c", parts=parts, media=(Media(type=kind, path="a.png"),), profile=profile)  # type: ignore[arg-type]
    return with_seen(case, [seen("tag", 1, "PNG 9x9"), *found], unseen)


CHEST = seen("region", 1, "MALE_BREAST_EXPOSED")


@pytest.fixture(scope="module")
def young(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    own = settings.model_copy(update={"ledger": str(tmp_path_factory.mktemp("young") / "l.db")})
    with open_desk(own, PACK, waits=False) as opened:
        yield opened


def test_one_picture_has_two_verdicts_under_two_profiles(young: Desk) -> None:
    strict, lenient = young.decide(pictured(CHEST, profile="R1")), young.decide(pictured(CHEST, profile="R2"))
    assert (strict.outcome, strict.rule_id) == ("act", "PB1")
    assert (lenient.outcome, lenient.rule_id) == ("allow", None)
    assert strict.model_digest == lenient.model_digest


def test_alone_and_in_a_batch_a_picture_is_decided_alike(young: Desk) -> None:
    def told(decision: Decision) -> dict[str, object]:
        return decision.model_dump(exclude={"id", "at", "spent"})

    cases = [pictured(CHEST, profile=p, text=t) for p in ("R1", "R2") for t in ("", "A day at the lake", OFFER)]
    assert [told(d) for d in young.decide_many(cases)] == [told(young.decide(case)) for case in cases]


def test_words_read_in_a_picture_are_judged_and_cited_in_its_part(young: Desk) -> None:
    made = young.decide(pictured(seen("words", 1, text=OFFER)))
    assert (made.outcome, made.rule_id) == ("act", "PW1")
    assert made.findings[0].evidence[0].part == "image-1"


def test_harmless_words_before_a_violating_picture_are_a_contradiction_that_is_named_and_raises(young: Desk) -> None:
    plain = young.decide(pictured(seen("words", 1, text=OFFER)))
    made = young.decide(
        pictured(seen("words", 1, text=OFFER), text="Our garden this morning, with the first tulips of the year")
    )
    assert made.rule_id == "PW1" and made.depth == "full" and made.severity > plain.severity
    modifier = next(f for f in made.findings if f.rule_id == "PX1")
    assert modifier.evidence[0].part == "image-1"
    assert "The parts contradict each other on PW1: text 0.0" in made.chain[1].text


def test_harmless_words_beside_a_picture_that_violates_by_sight_are_one_too(young: Desk) -> None:
    made = young.decide(
        pictured(CHEST, profile="R1", text="Our garden this morning, with the first tulips of the year")
    )
    assert made.rule_id == "PB1"
    modifier = next(f for f in made.findings if f.rule_id == "PX1")
    assert [s.region for s in modifier.sightings] == ["image-1.r1"]


def test_a_file_that_was_not_looked_through_is_never_let_go(young: Desk) -> None:
    gap = Unseen(media="image-1", what="regions", why="no_tool", told="no detector")
    assert young.decide(pictured(unseen=(gap,))).outcome == "review"
    film = Case(id="f", parts=(), media=(Media(type="video", path="a.mp4"),))
    looked = with_seen(film, [seen("tag", 1, "MP4").model_copy(update={"media": "video-1", "id": "video-1.t1"})], ())
    assert young.decide(looked).causes == ("picture_not_judged",)


def test_under_a_policy_that_does_not_judge_by_sight_the_gap_stays(desk: Desk) -> None:
    made = desk.decide(pictured(CHEST, profile="R1", text="Lovely weather for the bake sale"))
    assert made.outcome == "review" and "picture_not_judged" in made.causes
    assert all(not f.sightings for f in made.findings)


def test_rules_for_what_is_seen_are_no_rules_for_words_and_the_other_way_round() -> None:
    case = pictured(CHEST, profile="R1")
    assert worded(PACK, case) == {"PW1", "PW2", "PW3"} and sighted(PACK, case) == ("PB1", "PB2")
    assert worded(PACK, pictured(profile="R2")) == {"PW1", "PW2"}
    bare = Case(id="t", parts=(Part(id="text", kind="text", text="A cake"),))
    assert sighted(PACK, bare) == () and worded(PACK, bare) == {"PW1", "PW2", "PW3"}
    assert told_by_sight(PACK, case) and not told_by_sight(PACK, bare) and not told_by_sight(COMMUNITY, case)
    assert not told_by_sight(PACK, pictured(kind="audio"))
    assert sighted(COMMUNITY, case) == ()
    film = pictured(kind="video", profile="R1")
    assert sighted(PACK, film) == () and not told_by_sight(PACK, film)
