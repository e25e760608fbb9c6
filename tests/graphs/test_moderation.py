"""The graph: its drawing, its routes, and cases that wait for a person across restarts."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from agents.depth import Doubt
from agents.ranker import Ranking, Score
from agents.reasoner import Draft
from agents.router import Route
from cases.decision import Critique
from graphs.desk import Desk, NotWaiting
from graphs.moderation import after_critique, after_rank, after_reason, after_route, build_graph
from graphs.settings import Settings
from graphs.state import Answer
from graphs.wiring import open_desk
from tests.graphs.conftest import THREAT, make_case
from tools.ledger import Ledger

ROOT = Path(__file__).parents[2]
UNREAD = "Привет всем, завтра встречаемся у вокзала в полдень, берите воду"
DRAWN = """\
	__start__ -.-> perceive;
	__start__ -.-> reason;
	__start__ -.-> record;
	await_person --> settle;
	critique -.-> reason;
	critique -.-> record;
	perceive --> route;
	rank -.-> reason;
	rank -.-> record;
	reason -.-> critique;
	reason -.-> record;
	record -. &nbsp;end&nbsp; .-> __end__;
	record -.-> await_person;
	retrieve --> rank;
	route -.-> record;
	route -.-> retrieve;
	settle --> __end__;
"""


def test_the_drawing_shows_one_way_through_the_house() -> None:
    drawing = build_graph().get_graph().draw_mermaid()
    edges = "".join(f"{line}\n" for line in drawing.splitlines() if "->" in line)
    assert edges == DRAWN


def test_only_a_clear_case_outside_the_audit_sample_is_done_at_the_router() -> None:
    def one(clear: bool, audit: bool) -> Route:
        return Route(clear=clear, risk=0.1, seed=None, similarity=0.0, audit=audit)

    assert after_route({"route": one(True, False)}) == "record"
    assert after_route({"route": one(True, True)}) == "retrieve"
    assert after_route({"route": one(False, False)}) == "retrieve"


def test_only_doubt_about_some_rule_is_reasoned_about() -> None:
    ranking = Ranking(scores=(Score(rule_id="HR2", probability=0.4, view=0),), any=0.4)
    nothing = Ranking(scores=(), any=0.0)
    assert after_rank({"doubt": Doubt(depth="none"), "ranking": ranking}) == "record"
    assert after_rank({"doubt": Doubt(depth="short"), "ranking": ranking}) == "reason"
    assert after_rank({"doubt": Doubt(depth="short"), "ranking": nothing}) == "record"


def test_a_case_that_a_model_failed_on_goes_to_the_record_for_a_person() -> None:
    ranking = Ranking(scores=(Score(rule_id="HR2", probability=0.4, view=0),), any=0.4)
    failed = Doubt(depth="short", causes=("backend_unavailable", "ambiguous"))
    assert after_rank({"doubt": failed, "ranking": ranking}) == "record"
    draft = Draft(outcome="act", rule_id="HR2", probability=0.9, findings=(), severity=None, chain=(), precedents=())
    assert after_reason({"draft": draft}) == "critique"
    assert after_reason({"draft": draft.model_copy(update={"failure": "out_of_time"})}) == "record"


def test_only_a_revision_goes_back_to_the_reasoner() -> None:
    def ruled(ruling: str) -> Critique:
        return Critique(round=1, ruling=ruling, score=0.5, checks=(), criteria=())  # type: ignore[arg-type]

    assert after_critique({"critiques": (ruled("revise"),)}) == "reason"
    assert after_critique({"critiques": (ruled("revise"), ruled("veto"))}) == "record"
    assert after_critique({"critiques": (ruled("accept"),)}) == "record"


def test_steps_stream_in_the_order_of_work(desk: Desk) -> None:
    assert [step.node for step in desk.stream(make_case(THREAT))] == ["perceive", "route", "retrieve", "rank", "record"]


def test_a_waiting_case_is_on_record_and_resumes_in_another_process(settings: Settings, ledger_path: Path) -> None:
    own = settings.model_copy(update={"ledger": str(ledger_path)})
    with open_desk(own) as first:
        decision = first.decide(make_case(UNREAD))
        assert first.waiting(decision.id)
    with Ledger.open(ledger_path, readonly=True) as ledger:
        assert [d.id for d in ledger.pending()] == [decision.id]
    code = (
        "import sys; from graphs.settings import read_settings; from graphs.state import Answer\n"
        "from graphs.wiring import open_desk\n"
        "with open_desk(read_settings()) as desk:\n"
        "    answer = Answer(by='kim', outcome='allow', reason='an invitation')\n"
        "    print(desk.answer(sys.argv[1], answer).outcome)"
    )
    env = os.environ | {"PRECEPT_HOME": str(own.home), "PRECEPT_LEDGER": str(ledger_path)}
    done = subprocess.run(
        [sys.executable, "-c", code, decision.id], cwd=ROOT, env=env, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "allow"
    with Ledger.open(ledger_path, readonly=True) as ledger:
        assert not list(ledger.pending())
        assert ledger.decision(decision.id).outcome == "review"
        assert [(e.by, e.outcome, e.reason) for e in ledger.edits(decision.id)] == [("kim", "allow", "an invitation")]
        assert ledger.verify().intact


def test_an_answer_is_taken_once(settings: Settings, ledger_path: Path) -> None:
    answer = Answer(by="kim", outcome="act", rule_id="SC3", severity=10, reason="an advert")
    with open_desk(settings.model_copy(update={"ledger": str(ledger_path)})) as own:
        decision = own.decide(make_case(UNREAD))
        edit = own.answer(decision.id, answer)
        assert (edit.rule_id, edit.severity) == ("SC3", 10)
        with pytest.raises(NotWaiting, match=decision.id):
            own.answer(decision.id, answer)


def test_an_answer_to_nothing_says_what_to_ask_instead(desk: Desk) -> None:
    with pytest.raises(NotWaiting, match="'d-none'.*precept ledger pending"):
        desk.answer("d-none", Answer(by="kim", outcome="allow", reason="x"))


def test_a_finished_case_leaves_no_checkpoint(desk: Desk) -> None:
    decision = desk.decide(make_case(THREAT))
    assert not desk.waiting(decision.id)
    assert desk.checkpointer is not None
    assert desk.checkpointer.get_tuple({"configurable": {"thread_id": decision.id}}) is None


def test_two_processes_decide_on_one_home_at_once(settings: Settings, ledger_path: Path) -> None:
    code = (
        "from graphs.settings import read_settings; from graphs.wiring import open_desk\n"
        "from tests.graphs.conftest import THREAT, make_case\n"
        "with open_desk(read_settings()) as desk:\n"
        "    print(len([desk.decide(make_case(THREAT, id=str(n))) for n in range(5)]))"
    )
    env = os.environ | {"PRECEPT_HOME": str(settings.home), "PRECEPT_LEDGER": str(ledger_path)}
    started = [
        subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    assert [p.communicate(timeout=60)[0].strip() for p in started] == ["5", "5"]
    with Ledger.open(ledger_path, readonly=True) as ledger:
        assert len(list(ledger.decisions())) == 10
        assert ledger.verify().intact
