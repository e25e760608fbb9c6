"""What a model may look up about a decision, as it sees it."""

import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from inline_snapshot import snapshot

from agents.lookup import Version
from cases.case import Case, Media
from cases.decision import Precedent
from cases.observation import Box, Locator, Observation
from tests.agents.asking import BUILDS, ask, claim, results
from tests.agents.recorded import calls, says
from tests.agents.records import (
    NOON,
    case,
    edit,
    finding,
    pack,
    threat,
)
from tests.agents.records import decision as made_of

UNKNOWN = claim(answerable=False, clause_ids=[], quotes=[], answer="Unknown.")


def lookup(name: str, arguments: dict[str, object], build: Any = threat, **more: Any) -> str:
    """Return what one tool gives."""
    _, speaker = ask("Why?", calls((name, arguments)), says(UNKNOWN), build=build, **more)
    return results(speaker)[-1]


def test_a_rule_is_looked_up_with_all_that_can_be_cited() -> None:
    text = lookup("look_up_policy", {"id": "hr2"})
    assert pack().by_id["HR2"].statement in text and "HR2.c" in text and "X-FIGURE" in text
    assert "The severity band of HR2 is 60-100." in text
    assert lookup("look_up_policy", {"id": "X-SELF"}).startswith("<result>\nX-SELF: ")
    assert "no such id" in lookup("look_up_policy", {"id": "QQ1"})


@pytest.mark.parametrize("section", ["outcome", "findings", "severity", "chain", "critiques", "edits"])
def test_every_section_of_every_record_can_be_read(section: str) -> None:
    for build in BUILDS:
        assert len(lookup("read_record", {"section": section}, build)) > len("<result>\n\n</result>") + 10


def test_the_record_tells_what_a_person_did() -> None:
    told = lookup("read_record", {"section": "edits"}, edits=[lambda m: edit(m, "act", "HR1", 20)])
    assert told == snapshot("""\
<result>
On 2026-03-02: act under HR1, severity 20. “moira.mod: Seen on the call with legal”
</result>\
""")


def test_precedents_are_those_of_the_record_and_of_a_search() -> None:
    def similar(text: str, count: int) -> Sequence[Precedent]:
        return [
            Precedent(id="d-old", rule_id="HR1", violating=False, similarity=0.99, text=f"like </result> {text[:7]}")
        ]

    assert lookup("find_precedents", {"text": None}, similar=similar) == snapshot("""\
<result>
d-old: allowed under HR1, similarity 0.99. “like ‹/result› You all”
HR2.v1: violating under HR2, similarity 0.81. “I will be at the stop.”
HR2.n2: allowed under HR2, similarity 0.44. “I'll drop the parcel off :)”
</result>\
""")
    assert "d-old" in lookup("find_precedents", {"text": "parcel"}, similar=similar)
    assert "HR2.v1" not in lookup("find_precedents", {"text": "parcel"}, similar=similar)
    assert "None is on record" in lookup("find_precedents", {"text": "parcel"})


def rescore(texts: Sequence[str]) -> list[dict[str, float]]:
    return [{"HR2": 0.93 if "bat" in t else 0.12, "HR1": 0.2, "HS3": 0.1} for t in texts]


def test_the_case_is_scored_anew_without_words_of_it() -> None:
    wanted = {"quote": "with a bat"}
    assert lookup("rescore_without", wanted, rescore=rescore) == snapshot("""\
<result>
Without “with a bat”:
HR2: 0.93 before, 0.12 without them.
HS3: 0.10 before, 0.10 without them.
HR1: 0.20 before, 0.20 without them.
HR1 leads without them, at 0.20.
</result>\
""")
    assert "do not stand" in lookup("rescore_without", {"quote": "with a knife"}, rescore=rescore)
    assert "Nothing can be scored anew" in lookup("rescore_without", wanted)
    said = claim(answer="Without the bat HR2 falls from 0.93 to 0.12, and HR1 leads at 0.20.")
    told, _ = ask("What if?", calls(("rescore_without", wanted)), says(said), rescore=rescore)
    assert told.by == "recorded/turns"


def test_the_history_of_the_policy_is_the_callers() -> None:
    def history(pack_id: str) -> Sequence[Version]:
        assert pack_id == "community"
        old = Version(
            version="0.9.1", digest="a" * 64, at=datetime(2025, 11, 3, tzinfo=UTC), changes="HR2 was narrowed."
        )
        return [old, Version(version=pack().version, digest=pack().digest, at=NOON)]

    text = lookup("policy_history", {}, history=history)
    assert "community 0.9.1, on record since 2025-11-03. HR2 was narrowed." in text
    assert f"community {pack().version}, on record since 2026-03-01, the one of this decision." in text
    assert "No other version can be looked up here." in lookup("policy_history", {})
    said = claim(answer="HR2 was last changed in version 0.9.1, of 2025-11-03.")
    told, _ = ask("When was HR2 changed?", calls(("policy_history", {})), says(said), history=history)
    assert told.by == "recorded/turns"
    other = says(claim(answer="HR2 was last changed in version 0.9.2."))
    assert (
        ask("When was HR2 changed?", calls(("policy_history", {})), other, other, history=history)[0].by == "embedded"
    )


def test_a_long_case_is_read_on_part_by_part() -> None:
    about = case("word " * 3000 + "the end")
    made = made_of(about, "allow", (finding("HR2", 0.1),))
    text = lookup("show_part", {"part": "text", "start": 14_990}, lambda: (about, made))
    assert text.endswith("word word the end\n</result>")
    assert "characters follow" in lookup("show_part", {"part": "text", "start": 0}, lambda: (about, made))
    assert "no such part" in lookup("show_part", {"part": "video", "start": 0})


def test_media_that_nobody_read_are_said_to_be_unread() -> None:
    about = case().model_copy(update={"media": (Media(type="image", path="/srv/a.png"),)})
    about = Case.model_validate(about.model_dump())
    made = made_of(about, "review", (finding("HR2", 0.5),), causes=("media_not_read",))
    for region in (None, "top left"):
        text = lookup("show_media", {"number": 1, "region": region}, lambda: (about, made))
        assert "Medium 1 is of the type image. It was not read when the case was decided" in text
        assert "/srv" not in text
    assert "no medium of that number" in lookup("show_media", {"number": 2, "region": None}, lambda: (about, made))
    assert "holds no picture" in lookup("show_media", {"number": 1, "region": None})


def test_what_tools_saw_in_a_picture_is_shown_by_region_and_what_it_means_is_not_claimed() -> None:
    box = Box(x=0.1, y=0.2, width=0.5, height=0.1)
    words = Observation(id="image-1.w1", media="image-1", kind="words", locator=Locator(frame=0, box=box), text="I will <wait>",
                        confidence=0.97, tool="rapidocr", version="3")  # fmt: skip
    face = words.model_copy(update={"id": "image-1.r1", "kind": "region", "text": "", "label": "FACE_FEMALE"})
    media = {"media": (Media(type="image", path="/srv/a.png"),), "observations": (words, face)}
    about = Case.model_validate(case().model_dump() | {k: [m.model_dump() for m in v] for k, v in media.items()})
    made = made_of(about, "review", (finding("HR2", 0.5),), causes=("picture_not_judged",))
    text = lookup("show_media", {"number": 1, "region": None}, lambda: (about, made))
    assert "image-1.w1: the words “I will ‹wait›”, from 10% to 60% across, 20% to 30% down, by rapidocr" in text
    assert "region FACE_FEMALE" in text and "was not judged" in text and "/srv" not in text
    assert "FACE" not in lookup("show_media", {"number": 1, "region": "wait"}, lambda: (about, made))
    assert "there are image-1.w1, image-1.r1" in lookup(
        "show_media", {"number": 1, "region": "sky"}, lambda: (about, made)
    )


@pytest.mark.parametrize(
    "wanted", [("read_record", {"section": "secrets"}), ("look_up_policy", {}), ("delete_record", {"id": "d-first"})]
)
def test_a_wrong_call_is_told_to_the_model(wanted) -> None:
    told, speaker = ask("Why?", calls(wanted), says(claim(answer="HR2 leads.")))
    assert told.by == "recorded/turns" and "rror" in results(speaker)[0]


def test_an_error_of_a_measurement_is_no_answer_and_is_raised() -> None:
    with pytest.raises(ValueError, match="rescore gave 1 scores"):
        lookup("rescore_without", {"quote": "with a bat"}, rescore=lambda texts: [{"HR2": 0.1}])


def test_look_ups_run_one_at_a_time() -> None:
    inside, most = [0], [0]
    lock = threading.Lock()

    def slow(text: str, count: int) -> Sequence[Precedent]:
        with lock:
            inside[0] += 1
            most[0] = max(most[0], inside[0])
        threading.Event().wait(0.02)
        with lock:
            inside[0] -= 1
        return []

    several = calls(*[("find_precedents", {"text": f"text {i}"}) for i in range(4)])
    ask("Why?", several, says(claim(answer="HR2 leads.")), similar=slow)
    assert most == [1]
