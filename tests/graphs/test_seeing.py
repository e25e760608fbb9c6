"""The graph with models that see: a picture is judged when every judge saw it, and waits for a person when one did not.

The models are recorded answers; what a real server does with pictures is tested in tests/serving.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from agents.asker import Asked, Likely
from agents.chain import Writer
from agents.exhibit import Eyes
from cases.case import Case, Media, Part
from cases.decision import Decision
from cases.exchange import Allowance, Misbound, Unanswered, Usage
from cases.observation import Locator, Observation, Unseen
from graphs.deps import Models
from graphs.desk import Desk
from graphs.ranking import Asking, Ranker
from graphs.roles import digest_with, played
from graphs.settings import Settings
from graphs.state import Answer
from graphs.wiring import open_desk, open_models
from policy_store.rule import Rule
from tests.agents.recorded import Recorded, RecordedOdds
from tests.agents.shown import SEER, Drawn
from tests.agents.test_witness import says
from tests.graphs.conftest import make_case
from tests.graphs.test_models import ALLOWANCE, Answering, accepting, opinion
from tests.graphs.test_pictures import CHEST
from tests.graphs.test_pictures import PACK as YOUNG
from tests.graphs.test_pictures import pictured as by_sight

TAG = Observation(
    id="image-1.t1", media="image-1", kind="tag", label="png 640x480", locator=Locator(frame=0), tool="t", version="1"
)
GLIMPSE = [{"region": "image-1.t1", "shows": "A cake with candles.", "words": ""}]
CAKE = "We baked a cake for the fair, see you on Saturday."


def pictured(text: str = CAKE, *unseen: Unseen) -> Case:
    parts = (Part(id="text", kind="text", text=text),)
    media = (Media(type="image", path="cake.png"),)
    return Case(id="seen", parts=parts, media=media, observations=(TAG,), unseen=unseen)


def ranks(p: float, saw: tuple[str, ...] = ("image-1",)) -> Callable[..., Asked]:
    """Return a ranker that gives every rule p, having seen these files."""

    def rank(case: Case, rules: Sequence[Rule], profile: str, allowance: Allowance, shares: Sequence[float]) -> Asked:
        found = tuple(Likely(rule.id, p) for rule in rules)
        return Asked(probabilities=found, any=p, usage=Usage(calls=1, backends=(SEER,)), saw=saw)

    return rank


def pardons(name: str = SEER, **changes: object) -> Answering:
    """Return a writer that finds nothing in words and picture."""
    return Answering(lambda prompt: opinion(prompt, rule_id=None, **changes), name)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with open_desk(Settings(home=tmp_path_factory.mktemp("seeing"), audit_rate=0.0), waits=False) as opened:
        yield opened


def decided(plain: Desk, case: Case, *, show: Drawn | None = None, **roles: object) -> Decision:
    eyes = Eyes(show or Drawn(), frozenset({SEER}))
    models = Models(**{"allowance": ALLOWANCE, "eyes": eyes, **roles})  # type: ignore[arg-type]
    return Desk(replace(plain.deps, models=models)).decide(case)


def test_a_picture_that_a_sure_ranker_saw_is_judged(plain: Desk) -> None:
    decision = decided(plain, pictured(), rank=ranks(0.01))
    assert (decision.outcome, decision.causes, decision.stage) == ("allow", (), "ranker")


def test_a_picture_that_the_ranker_did_not_see_waits_for_a_person(plain: Desk) -> None:
    decision = decided(plain, pictured(), rank=ranks(0.01, saw=()))
    assert (decision.outcome, decision.causes) == ("review", ("picture_not_judged",))


def test_a_picture_that_ranker_and_reasoner_saw_is_judged(plain: Desk) -> None:
    writer = pardons(seen=GLIMPSE, confidence=99)
    decision = decided(plain, pictured(), rank=ranks(0.06), writer=Writer((writer,)), critic=(accepting("HR2"),))
    assert decision.stage == "reasoner" and "A cake with candles." in decision.chain[0].text
    assert (decision.outcome, decision.causes) == ("allow", ())
    assert [p.picture.id for p in writer.asked[0].messages[1].pictures] == ["image-1.t1"]


def test_a_blind_reasoner_leaves_the_picture_to_a_person(plain: Desk) -> None:
    writer = pardons("openai/blind", confidence=99)
    decision = decided(plain, pictured(), rank=ranks(0.06), writer=Writer((writer,)), critic=(accepting("HR2"),))
    assert decision.outcome == "review" and "picture_not_judged" in decision.causes


def test_a_reasoner_that_sees_is_asked_where_the_ranker_was_blind_and_cannot_let_go_alone(plain: Desk) -> None:
    writer = pardons(seen=GLIMPSE, confidence=99)
    decision = decided(plain, pictured(), writer=Writer((writer,)), critic=(accepting("HR2"),))
    assert writer.asked and decision.stage == "reasoner"
    assert (decision.outcome, decision.causes) == ("review", ("picture_not_judged",))


def test_an_invented_region_ends_with_a_person(plain: Desk) -> None:
    invented = [*GLIMPSE, {"region": "image-1.r7", "shows": "A knife.", "words": ""}]
    writer = pardons(seen=invented)
    decision = decided(plain, pictured(), rank=ranks(0.06), writer=Writer((writer,)))
    assert decision.outcome == "review" and "malformed_answer" in decision.causes and len(writer.asked) == 2


def test_what_tools_could_not_look_for_waits_whatever_a_model_saw(plain: Desk) -> None:
    gap = Unseen(media="image-1", what="words", why="no_tool", told="no reader of words")
    decision = decided(plain, pictured(CAKE, gap), rank=ranks(0.01))
    assert decision.outcome == "review" and "media_not_read" in decision.causes


def test_an_animation_of_which_some_frames_are_shown_waits(plain: Desk) -> None:
    decision = decided(plain, pictured(), show=Drawn(frames=9), rank=ranks(0.01, saw=()))
    assert decision.outcome == "review"


def test_a_case_without_pictures_is_decided_as_without_eyes(plain: Desk) -> None:
    case = Case(id="plain", parts=(Part(id="text", kind="text", text=CAKE),))
    show = Drawn()
    assert decided(plain, case, show=show, rank=ranks(0.01, saw=())).outcome == "allow" and show.wanted == []


def test_settings_say_who_sees_and_it_is_on_record(plain: Desk, tmp_path: Path) -> None:
    pytest.importorskip("nudenet", reason="pictures: pip install 'precept[vision]'")
    settings = Settings(home=tmp_path, ranker="vllm+vision/a", reasoner="vllm/b,openai+vision/c,embedded")
    with open_models(settings, plain.deps.book.pack) as models:
        assert models.eyes is not None and models.eyes.names == {"vllm/a", "openai/c"}
    with open_models(settings.model_copy(update={"ranker": "vllm/a", "reasoner": "vllm/b"}), plain.deps.book.pack) as m:
        assert m.eyes is None
    assert played(settings)[0].backends == ("vllm+vision/a",)
    blind = settings.model_copy(update={"ranker": "vllm/a"})
    assert digest_with("x", played(settings)) != digest_with("x", played(blind))


def test_a_guard_is_not_bound_with_eyes(plain: Desk, tmp_path: Path) -> None:
    pytest.importorskip("nudenet", reason="pictures: pip install 'precept[vision]'")
    settings = Settings(home=tmp_path, ranker="vllm+vision/meta-llama/Llama-Guard-4-12B")
    with pytest.raises(Misbound, match="has no place for pictures"), open_models(settings, plain.deps.book.pack):
        pass


def test_a_ranker_shows_pictures_to_the_backend_that_sees_and_words_to_the_one_that_stands_in(plain: Desk) -> None:
    pack = plain.deps.book.pack
    dead = RecordedOdds([Unanswered("backend_unavailable", "refused")] * 99, name=SEER)
    blind = RecordedOdds(lambda _: 0.01, name="openai/blind")
    eyes = Eyes(Drawn(), frozenset({SEER}))
    backends = tuple(Asking(odds, Recorded(name=odds.name)) for odds in (dead, blind))
    found = Ranker(pack, backends, eyes=eyes)(pictured(), pack.rules[:2], "adult", ALLOWANCE, [0.5, 0.5])
    assert found.saw == () and dead.asked[0][0][1].pictures and not blind.asked[0][0][1].pictures
    seer = RecordedOdds(lambda _: 0.01, name=SEER)
    alone = Ranker(pack, (Asking(seer, Recorded()),), eyes=eyes)
    assert alone(pictured(), pack.rules[:2], "adult", ALLOWANCE, [0.5, 0.5]).saw == ("image-1",)


@pytest.fixture(scope="module")
def young(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    settings = Settings(home=tmp_path_factory.mktemp("young"), audit_rate=0.0)
    with open_desk(settings, YOUNG, waits=False) as opened:
        yield opened


def test_one_reading_by_a_model_gives_two_verdicts_under_two_profiles_and_both_say_whose_it_is(young: Desk) -> None:
    made = [decided(young, by_sight(CHEST, profile=p), witnesses=(says("partly-bare"),)) for p in ("R1", "R2")]
    assert [(d.outcome, d.rule_id) for d in made] == [("act", "PB1"), ("allow", None)]
    for decision, label in zip(made, ("violating under R1", "allowed under R2"), strict=True):
        assert f"read by {SEER}: bareness=partly-bare" in decision.chain[2].text and label in decision.chain[2].text
        line = next(s.models for s in decision.spent if s.stage == "rank_rules")
        assert line is not None and line.calls == 12 and line.backends == (SEER,)


def test_a_picture_that_a_model_finds_violating_and_tools_do_not_waits_for_a_person(young: Desk) -> None:
    made = decided(young, by_sight(profile="R1"), witnesses=(says("mostly-bare"),))
    assert (made.outcome, made.rule_id, made.causes) == ("review", "PB1", ("ambiguous",))
    assert "do not agree" in made.chain[-1].text
    alone = decided(young, by_sight(profile="R1"))
    assert alone.outcome == "allow", "tools by themselves let it go"


def test_a_reading_that_fails_is_a_review_with_the_cause_and_never_an_allow(young: Desk) -> None:
    for failure in ("backend_unavailable", "out_of_time", "malformed_answer", "out_of_budget"):
        dead = RecordedOdds([Unanswered(failure, "no")], name=SEER)
        made = decided(young, by_sight(profile="R2"), witnesses=(dead,))
        assert (made.outcome, made.causes) == ("review", (failure,))
        line = next(s.models for s in made.spent if s.stage == "rank_rules")
        assert line is not None and line.notes == (f"failed: {failure}",)


def test_a_picture_that_was_seen_by_tools_and_not_shown_to_the_model_is_not_let_go(young: Desk) -> None:
    show = Drawn(lost=("image-1.t1",))
    made = decided(young, by_sight(profile="R2"), show=show, witnesses=(says(),))
    assert (made.outcome, made.causes) == ("review", ("media_not_read",))


def test_a_case_that_waits_after_a_model_looked_is_answered_after_a_restart(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, audit_rate=0.0)
    models = Models(allowance=ALLOWANCE, eyes=Eyes(Drawn(), frozenset({SEER})), witnesses=(says("mostly-bare"),))
    with open_desk(settings, YOUNG, models=models) as first:
        made = first.decide(by_sight(profile="R1"))
        assert made.outcome == "review" and first.waiting(made.id)
    with open_desk(settings, YOUNG) as second:
        edit = second.answer(made.id, Answer(by="ann", outcome="act", rule_id="PB1", reason="It is as the model says."))
        assert (edit.outcome, edit.rule_id) == ("act", "PB1") and not second.waiting(made.id)


def test_no_model_is_asked_about_a_case_without_pictures_or_a_policy_that_reads_none_by_sight(
    young: Desk, plain: Desk
) -> None:
    nobody = RecordedOdds([], name=SEER)
    made = decided(young, make_case("We baked a cake."), witnesses=(nobody,))
    assert made.outcome == "allow" and all(s.models is None for s in made.spent)
    assert decided(plain, pictured(), witnesses=(nobody,)).outcome == "review" and nobody.asked == []


def test_alone_and_in_a_batch_a_model_is_asked_alike(young: Desk) -> None:
    def desk() -> Desk:
        models = Models(allowance=ALLOWANCE, eyes=Eyes(Drawn(), frozenset({SEER})), witnesses=(says("partly-bare"),))
        return Desk(replace(young.deps, models=models))

    cases = [by_sight(CHEST, profile=p) for p in ("R1", "R2")]
    together = [(d.outcome, d.chain, d.findings) for d in desk().decide_many(cases)]
    assert together == [(d.outcome, d.chain, d.findings) for d in map(desk().decide, cases)]


def test_who_is_bound_as_one_that_sees_is_asked_what_it_sees(young: Desk, tmp_path: Path) -> None:
    pytest.importorskip("nudenet", reason="pictures: pip install 'precept[vision]'")
    settings = Settings(
        home=tmp_path, ranker="vllm/a", reasoner="vllm+vision/b,openai+vision/c", critic="vllm+vision/d"
    )
    with open_models(settings, young.deps.book.pack) as models:
        assert [odds.name for odds in models.witnesses] == ["vllm/b", "openai/c"]
        assert models.writer is not None and models.writer.first is models.witnesses[0]
