"""A case in review waits for its answer whichever way it was decided, and nothing else leaves a checkpoint."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import ValidationError

from cases.case import Case
from cases.decision import Decision, Edit
from graphs.deps import Record
from graphs.desk import Desk, NotWaiting
from graphs.settings import Settings
from graphs.state import Answer
from graphs.wiring import open_desk
from tests.graphs.conftest import CAKE, THREAT, make_case
from tools.ledger import Ledger

PICTURE = make_case("Look at this", id="picture", images=["a.png"])
ALLOWED = Answer(by="kim", outcome="allow", reason="a holiday picture")


class NoEdits:
    """A ledger whose disk is full when it comes to edits."""

    def __init__(self, ledger: Record) -> None:
        self.ledger = ledger

    def record(self, pairs: Sequence[tuple[Case, Decision]]) -> None:
        self.ledger.record(pairs)

    def edit(self, edit: Edit) -> None:
        raise OSError(28, "No space left on device")


@pytest.fixture
def own(settings: Settings, tmp_path: Path) -> Settings:
    return settings.model_copy(update={"ledger": str(tmp_path / "ledger.db")})


def checkpointed(desk: Desk, decision: Decision) -> bool:
    assert desk.checkpointer is not None
    return desk.checkpointer.get_tuple({"configurable": {"thread_id": decision.id}}) is not None


def test_what_a_batch_leaves_in_review_waits_and_can_be_answered(own: Settings) -> None:
    with open_desk(own) as desk:
        decisions = list(desk.decide_many([PICTURE, make_case(CAKE), make_case(THREAT), PICTURE]))
        assert [d.outcome for d in decisions] == ["review", "allow", "act", "review"]
        assert [desk.waiting(d.id) for d in decisions] == [True, False, False, True]
        assert [checkpointed(desk, d) for d in decisions] == [True, False, False, True]
        assert desk.answer(decisions[0].id, ALLOWED).outcome == "allow"
        assert not checkpointed(desk, decisions[0])
        assert desk.waiting(decisions[3].id)


def test_a_batch_without_waiting_keeps_no_checkpoint(own: Settings) -> None:
    with open_desk(own, waits=False) as desk:
        (decision,) = desk.decide_many([PICTURE])
        assert decision.outcome == "review"
        assert not desk.waiting(decision.id)
        with pytest.raises(NotWaiting):
            desk.answer(decision.id, ALLOWED)


def test_an_answer_that_could_not_be_recorded_can_be_given_again(own: Settings) -> None:
    with open_desk(own) as desk:
        decision = desk.decide(PICTURE)
        broken = Desk(replace(desk.deps, record=NoEdits(desk.deps.record)), desk.checkpointer)
        with pytest.raises(OSError, match="No space left"):
            broken.answer(decision.id, Answer(by="kim", outcome="act", rule_id="SC3", reason="first thought"))
        assert desk.waiting(decision.id)
        assert desk.answer(decision.id, ALLOWED).reason == "a holiday picture"
        assert not desk.waiting(decision.id)
    with Ledger.open(own.ledger_url, readonly=True) as ledger:
        assert [(e.by, e.outcome, e.rule_id) for e in ledger.edits(decision.id)] == [("kim", "allow", None)]


@pytest.mark.parametrize(
    "wrong", [{"severity": 101}, {"severity": -1}, {"reason": "  "}, {"by": ""}, {"outcome": "review"}]
)
def test_an_answer_that_cannot_be_recorded_is_refused_before_it_is_taken(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        Answer.model_validate({"by": "kim", "outcome": "act", "reason": "x"} | wrong)


def test_an_edit_keeps_what_the_person_left_unsaid_from_the_decision(own: Settings) -> None:
    with open_desk(own) as desk:
        decision = desk.decide(make_case("What happens to people who talk too much, Dana?", images=["a.png"]))
        assert decision.outcome == "review"
        edit = desk.answer(decision.id, Answer(by="kim", outcome="act", reason="agreed"))
        assert (edit.rule_id, edit.severity) == (decision.rule_id, None)
