"""What a model that sees is asked of pictures: values of attributes, a frame at a time; a profile labels them."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from agents.exhibit import Eyes
from agents.onlooker import Judged, judge
from agents.reasoner import Bench
from agents.sight import NOBODY, Viewed
from agents.witness import ask_witness
from cases.exchange import Oddless, Unanswered, Usage
from cases.observation import Observation
from tests.agents.recorded import PLENTY, RecordedOdds
from tests.agents.shown import SEER, Drawn
from tests.agents.test_onlooker import CHEST, PACK, RULES, bench, region

VALUES = {v.id: v.text for r in RULES for a in PACK.by_id[r].attributes for v in a.values}
PLAIN = {"covered": "bare", "person": "close", "photo": "page", "none": "breast"}  # and what stands in its place


def says(*certain: str, name: str = SEER, of: str = "") -> RecordedOdds:
    """Return a model that says these values of every picture, or of one of that id, and the plainest of all else."""

    def p(prompt: str) -> float:
        asked = prompt.rsplit("Look at the picture", 1)[1]
        sure = certain if of in asked else ()
        named = (*sure, *(plain for plain, other in PLAIN.items() if not any(other in value for value in sure)))
        return 0.97 if any(VALUES[value].rstrip(".") in asked for value in named) else 0.03

    return RecordedOdds(p, name=name)


def seeing(desk: Bench, *names: str, show: Drawn | None = None) -> Bench:
    return replace(desk, eyes=Eyes(show or Drawn(), frozenset(names or (SEER,))))


def judged(profile: str, odds: RecordedOdds, *seen: Observation, pictures: int = 1) -> tuple[Judged, Viewed]:
    desk = seeing(bench(profile, *seen, pictures=pictures))
    said, _ = ask_witness(desk, RULES, [odds], PLENTY)
    found = judge(desk, RULES, said)
    assert found is not None
    return found, said


def test_one_reading_of_a_picture_is_a_violation_under_one_profile_and_none_under_the_other() -> None:
    (strict, one), (lenient, other) = (judged(p, says("partly-bare"), CHEST) for p in ("R1", "R2"))
    assert one.looks[0].values == other.looks[0].values
    assert (strict.outcome, strict.rule_id) == ("act", "PB1") and lenient.outcome == "allow"
    told = strict.chain[2].text
    assert f"Attributes of image-1.t1, read by {SEER}: bareness=partly-bare (0.9" in told
    assert "Attributes of image-1, read by tools: bareness=partly-bare (0.77)" in told
    assert "is labelled violating under R1; R2 labels it allowed" in told
    assert "Nor are the odds of a model's answer." in strict.chain[1].text


def test_a_finding_names_the_frame_that_was_read_with_values_shares_and_model_beside_the_regions_of_tools() -> None:
    found, _ = judged("R1", says("partly-bare"), CHEST)
    first = found.findings[0]
    assert {s.region for s in first.sightings} == {"image-1.t1", "image-1.r1"}
    frame = next(s for s in first.sightings if s.region == "image-1.t1")
    assert frame.shows.startswith("bareness partly-bare (0.9") and frame.shows.endswith(f"read by {SEER}")
    assert "wording" not in frame.shows
    assert {a.attribute_id for a in first.attributes} == {"bareness", "framing", "medium", "wording"}


def test_the_frame_that_violates_most_counts_and_is_the_one_named() -> None:
    found, said = judged("R1", says("mostly-bare", of="image-2"), pictures=2)
    assert [one.regions for one in said.looks][0] == ("image-2.t1",)
    assert set(said.places) >= {"image-2.t1"} and found.findings[0].sightings[0].region == "image-2.t1"


@pytest.mark.parametrize(
    ("odds", "seen", "outcome"),
    [
        (says("partly-bare"), (CHEST,), "act"),
        (says("mostly-bare"), (), "review"),
        (says(), (CHEST,), "review"),
        (says(), (), "allow"),
        (says("partly-bare"), (region("BELLY_EXPOSED", 0.45),), "review"),
    ],
)
def test_tools_and_a_model_have_to_agree_and_a_person_decides_where_they_do_not(
    odds: RecordedOdds, seen: tuple[Observation, ...], outcome: str
) -> None:
    found, _ = judged("R1", odds, *seen)
    assert found.outcome == outcome
    if outcome == "review" and len(seen) == 0:
        assert "do not agree (tools at 0.0" in found.chain[3].text


def test_words_beside_a_picture_are_read_from_words_and_not_asked_of_the_model() -> None:
    odds = says()
    ask_witness(seeing(bench("R1", text="Swimming lesson at the pool")), RULES, [odds], PLENTY)
    by_sight = [a for r in RULES for a in PACK.by_id[r].attributes if a.read == "sight"]
    assert sum(map(len, odds.asked)) == sum(len(a.values) for a in by_sight)


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (Unanswered("backend_unavailable", "refused", Usage(calls=2)), "backend_unavailable"),
        (Unanswered("out_of_time", "late", Usage(calls=2)), "out_of_time"),
    ],
)
def test_a_model_that_does_not_answer_is_a_failure_and_no_clean_picture(error: Unanswered, failure: str) -> None:
    said, usage = ask_witness(seeing(bench("R1")), RULES, [RecordedOdds([error], name=SEER)], PLENTY)
    assert (said.failure, said.looks, usage.calls) == (failure, (), 2)


def test_what_is_neither_yes_nor_no_is_a_failure_as_well() -> None:
    from cases.exchange import First, Token

    class Rambling(RecordedOdds):
        def _first(self, prompt: object) -> First:
            return First(tokens=(Token(text="The", logprob=-0.01),), usage=self.cost)

    said, _ = ask_witness(seeing(bench("R1")), RULES, [Rambling([], name=SEER)], PLENTY)
    assert said.failure == "malformed_answer"


def test_the_next_backend_is_asked_where_one_fails_or_gives_no_odds() -> None:
    desk = seeing(bench("R1"), SEER, "vllm/other")
    dead = RecordedOdds([Unanswered("backend_unavailable", "refused")], name=SEER)
    said, _ = ask_witness(desk, RULES, [dead, says(name="vllm/other")], PLENTY)
    assert (said.by, said.failure) == ("vllm/other", None)
    said, usage = ask_witness(
        desk, RULES, [RecordedOdds([Oddless("no odds")], name=SEER), says(name="vllm/other")], PLENTY
    )
    assert said.by == "vllm/other" and usage.notes == (f"{SEER} gives no odds: what it sees of attributes is not read",)


def test_where_no_backend_gives_odds_nobody_was_asked() -> None:
    odds = RecordedOdds([Oddless("no odds")], name=SEER)
    said, usage = ask_witness(seeing(bench("R1")), RULES, [odds], PLENTY)
    assert said == NOBODY and usage.notes


@pytest.mark.parametrize("gone", [lambda: Drawn(lost=("image-1.t1",))], ids=["a file that cannot be shown any more"])
def test_a_picture_that_could_not_be_shown_is_a_gap(gone: Callable[[], Drawn]) -> None:
    desk = seeing(bench("R1", pictures=2), show=gone())
    said, _ = ask_witness(desk, RULES, [says()], PLENTY)
    assert said.unshown == ("image-1",)
    found = judge(desk, RULES, said)
    assert found is not None and found.gaps == ("media_not_read",)


def test_each_frame_is_asked_about_alone_with_its_crops() -> None:
    odds = says()
    ask_witness(seeing(bench("R1", CHEST, pictures=2)), RULES, [odds], PLENTY)
    shown = {tuple(p.picture.id for p in prompt[1].pictures) for call in odds.asked for prompt in call}
    assert {ids[0] for ids in shown} == {"image-1.t1", "image-2.t1"}
    assert all(name.startswith(ids[0].split(".")[0]) for ids in shown for name in ids)
