"""The critique agent that is a language model: its rubric counts, its ruling only as far as its scores carry it."""

import json

import pytest

from agents.critic import MAX_ROUNDS, Measured
from agents.critique import MOST, SEEING, criticise_by_model
from agents.reasoner import Draft, reason
from cases.decision import Critique
from cases.exchange import Misbound, Unanswered, Usage
from tests.agents.answers import LEGS, assessment
from tests.agents.bench import bench
from tests.agents.recorded import PLENTY, Recorded
from tests.agents.shown import MENACE, SEER, seeing_bench

GOOD = Measured(full=0.95, masked=0.2, alone=0.9, stated=0.5, unspoken=0.95, spoken=False, exception=None)
LINE = {"name": "harm", "clause_id": "VI2", "weight": 1.0, "reason": "because", "level": 4}


def criticised(
    *answers: object, round: int = 1, measured: Measured = GOOD, **changes: object
) -> tuple[Critique, Usage, Recorded]:
    desk, ranking = bench(LEGS)
    draft: Draft = reason(desk, ranking, (), "full").model_copy(update=changes)
    chat = Recorded(*answers, name="vllm/critic")
    retrieved = frozenset(s.rule_id for s in ranking.scores)
    made, usage = criticise_by_model(desk, draft, retrieved, round, [chat], PLENTY, measured)
    return made, usage, chat


def lines(*pairs: tuple[float, int]) -> list[dict[str, object]]:
    return [LINE | {"weight": w, "level": n} for w, n in pairs]


def test_a_draft_that_meets_its_rubric_is_accepted_with_rubric_and_scores_on_record() -> None:
    made, usage, chat = criticised(assessment())
    assert (made.ruling, made.score, made.author, made.failure) == ("accept", 1.0, "vllm/critic", None)
    assert [c.name for c in made.criteria] == ["VI2: a person is threatened", "VI2: harm"]
    assert sum(c.weight for c in made.criteria) == pytest.approx(1)
    assert usage.calls == 1 and made.notes == ()
    assert "Outcome: act. Leading rule: VI2" in chat.asked[0].text


def test_scores_are_added_up_by_code_with_weights_that_sum_to_one() -> None:
    made, _, _ = criticised(assessment(criteria=lines((0.7, 4), (0.35, 1))))
    assert made.score == pytest.approx((0.7 * 1 + 0.35 * 0.25) / 1.05, abs=1e-4)
    assert sum(c.weight for c in made.criteria) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(
    ("answer", "round", "ruling"),
    [
        (assessment(ruling="revise", notes=["Quote more."], fixes=["widen_evidence"]), 1, "revise"),
        (assessment(ruling="revise"), MAX_ROUNDS, "veto"),
        (assessment(ruling="veto", notes=["No rule covers it."]), 1, "veto"),
        (assessment(obeyed_content=True), 1, "veto"),
        (assessment(criteria=lines((0.5, 0), (0.5, 1))), 1, "revise"),
        (assessment(criteria=lines((0.5, 0), (0.5, 1))), MAX_ROUNDS, "veto"),
    ],
)
def test_a_ruling_is_never_kinder_than_its_scores_and_rounds_are_bounded(answer: str, round: int, ruling: str) -> None:
    made, _, _ = criticised(answer, round=round)
    assert made.ruling == ruling
    assert bool(made.fixes) == (ruling == "revise")


def test_what_to_mend_goes_with_a_draft_that_is_sent_back() -> None:
    made, _, _ = criticised(assessment(ruling="revise", notes=["Quote more."], fixes=["widen_evidence"]))
    assert (made.notes, made.fixes) == (("Quote more.",), ("widen_evidence",))
    assert criticised(assessment(ruling="revise"))[0].fixes == ("go_full",)


def test_a_draft_that_breaks_a_check_of_code_is_vetoed_unread() -> None:
    made, usage, chat = criticised(chain=())
    assert made.ruling == "veto" and made.notes[0].startswith("chain_supports_answer")
    assert (usage.calls, chat.asked) == (0, [])


def test_a_draft_that_lets_go_only_because_the_content_says_so_is_vetoed() -> None:
    moved = Measured(full=0.1, masked=0.1, alone=0.1, stated=0.1, unspoken=0.9, spoken=True, exception=None)
    desk, ranking = bench(LEGS)
    draft = reason(desk, ranking, (), "full")
    step = draft.chain[-1].model_copy(update={"text": f"so: allow. {draft.note}"})
    made, _, chat = criticised(measured=moved, outcome="allow", chain=(*draft.chain[:-1], step))
    assert made.ruling == "veto" and "instructions_in_content_change_nothing" in made.notes[0]
    assert chat.asked == []


def test_a_verdict_that_survives_the_masking_of_its_evidence_is_sent_back_once() -> None:
    rigid = Measured(full=0.95, masked=0.95, alone=0.9, stated=0.5, unspoken=0.95, spoken=False, exception=None)
    assert criticised(assessment(), measured=rigid)[0].ruling == "revise"
    assert criticised(assessment(), measured=rigid, round=MAX_ROUNDS)[0].ruling == "accept"


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ("I accept.", "no JSON object"),
        (assessment(criteria=lines((0.2, 4), (0.2, 4))), "add up to 0.40"),
        (assessment(criteria=lines((1.5, 4), (-0.5, 4))), "are to be positive"),
        (assessment(criteria=lines((1.0, 4))), "1 criteria are given"),
        (assessment(criteria=[LINE | {"clause_id": "ZZ"}, LINE | {"weight": 0.0}]), "'ZZ' is no clause"),
        (assessment(criteria=[LINE | {"level": 9}, LINE]), "level"),
        (json.dumps({"ruling": "accept"}), "Field required"),
    ],
)  # fmt: skip
def test_a_malformed_assessment_is_mended_once_and_then_vetoes(answer: str, told: str) -> None:
    made, usage, chat = criticised(answer, assessment())
    assert (made.ruling, usage.calls) == ("accept", 2)
    assert told in chat.asked[1].messages[-1].text
    vetoed, _, _ = criticised(answer, answer)
    assert (vetoed.ruling, vetoed.failure) == ("veto", "malformed_answer")


def test_a_critic_that_cannot_be_reached_vetoes_with_the_cause() -> None:
    made, usage, _ = criticised(Unanswered("backend_unavailable", "refused", Usage(calls=2)))
    assert (made.ruling, made.failure, usage.calls) == ("veto", "backend_unavailable", 2)
    with pytest.raises(Misbound):
        criticised(Misbound("wrong key"))


def seen_by(*chats: Recorded) -> Critique:
    desk, ranking = seeing_bench()
    draft = reason(desk, ranking, (), "full")
    retrieved = frozenset(s.rule_id for s in ranking.scores)
    return criticise_by_model(desk, draft, retrieved, 1, chats, PLENTY, GOOD).critique


def test_a_critic_that_sees_is_shown_the_pictures_of_the_case_and_told_to_look_for_itself() -> None:
    chat = Recorded(assessment(), name=SEER)
    assert seen_by(chat).author == SEER
    (asked,) = chat.asked
    shown = [placed.picture.id for placed in asked.messages[1].pictures]
    assert shown[0] == "image-1.t1" and len(shown) == 4
    for placed in asked.messages[1].pictures:
        assert asked.messages[1].text[: placed.at].splitlines()[-1].split('"')[1] == placed.picture.id
    assert "You are shown the pictures too." in asked.text and MENACE in asked.text
    assert asked.most == MOST + 4 * SEEING


def test_a_blind_critic_is_told_that_it_does_not_see_and_one_that_stands_in_gets_what_it_can_take() -> None:
    dead = Recorded(Unanswered("backend_unavailable", "refused"), name=SEER)
    blind = Recorded(assessment(), name="openai/blind")
    assert seen_by(dead, blind).author == "openai/blind"
    assert dead.asked[0].messages[1].pictures and not blind.asked[0].messages[1].pictures
    assert "You are shown the pictures" not in blind.asked[0].text and "It is not shown to you" in blind.asked[0].text
    assert blind.asked[0].most == MOST


def test_a_repair_keeps_the_pictures_before_the_critic() -> None:
    chat = Recorded("no JSON", assessment(), name=SEER)
    assert seen_by(chat).failure is None
    assert [len(m.pictures) for m in chat.asked[1].messages] == [0, 4, 0, 0]
