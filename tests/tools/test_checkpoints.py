import logging
import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import NotRequired, TypedDict

import pytest
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import Command, interrupt

from cases.case import Case
from cases.decision import Decision
from cases.model import Fact
from tests.tools.ledger_samples import pair
from tools.checkpoints import CheckpointError, open_checkpointer

ROOT = Path(__file__).parents[2]
THREAD: RunnableConfig = {"configurable": {"thread_id": "case-a"}}


class Waiting(TypedDict):
    case: Case
    decision: Decision
    answer: NotRequired[str]


class Own(Fact):
    """A value type that is not of `cases`."""

    n: int


def ask(state: Waiting) -> dict[str, str]:
    return {"answer": interrupt({"decision_id": state["decision"].id})}


def graph(saver: SqliteSaver) -> "CompiledStateGraph[Waiting, None, Waiting, Waiting]":
    built = StateGraph(Waiting)
    built.add_node("ask", ask)
    built.add_edge(START, "ask")
    built.add_edge("ask", END)
    return built.compile(checkpointer=saver)


def test_a_paused_case_survives_a_restart_with_its_values_whole(tmp_path: Path) -> None:
    path = tmp_path / "new" / "checkpoints.db"
    about, made = pair("a", outcome="review")
    with open_checkpointer(path) as saver:
        paused = graph(saver).invoke({"case": about, "decision": made}, THREAD)
        assert [pause.value for pause in paused["__interrupt__"]] == [{"decision_id": made.id}]
    script = f"""
from tests.tools.test_checkpoints import THREAD, graph
from tools.checkpoints import open_checkpointer
with open_checkpointer({str(path)!r}) as saver:
    state = graph(saver).get_state(THREAD)
    print(type(state.values["case"]).__name__, state.values["decision"].model_dump_json(), state.next)
"""
    child = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": str(ROOT), "LANGGRAPH_STRICT_MSGPACK": "true"},
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert child.stderr == ""
    assert child.stdout.strip() == f"Case {made.model_dump_json()} ('ask',)"
    with open_checkpointer(path) as saver:
        done = graph(saver).invoke(Command(resume="allow"), THREAD)
    assert done == {"case": about, "decision": made, "answer": "allow"}


def test_a_type_that_is_not_allowed_comes_back_as_bare_fields_and_one_that_is_comes_back_whole(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with open_checkpointer(tmp_path / "c.db") as saver:
        kind, raw = saver.serde.dumps_typed({"own": Own(n=3)})
        with caplog.at_level(logging.WARNING):
            assert saver.serde.loads_typed((kind, raw)) == {"own": {"n": 3}}
        assert "Blocked deserialization" in caplog.text
    with open_checkpointer(tmp_path / "c.db", allowed=[Own]) as saver:
        assert saver.serde.loads_typed((kind, raw)) == {"own": Own(n=3)}


def test_checkpoints_are_in_wal_mode_and_wait_for_another_process(tmp_path: Path) -> None:
    with open_checkpointer(tmp_path / "c.db") as saver:
        asked = [saver.conn.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "busy_timeout")]
        assert asked == ["wal", 30_000]
    with pytest.raises(sqlite3.ProgrammingError, match="closed database"):
        saver.conn.execute("SELECT 1")


def test_two_savers_write_one_file(tmp_path: Path) -> None:
    about, made = pair("a", outcome="review")
    with open_checkpointer(tmp_path / "c.db") as first, open_checkpointer(tmp_path / "c.db") as second:
        for number, saver in enumerate([first, second, first, second]):
            graph(saver).invoke({"case": about, "decision": made}, {"configurable": {"thread_id": str(number)}})
        assert graph(first).get_state({"configurable": {"thread_id": "3"}}).next == ("ask",)


def test_a_file_that_cannot_be_used_is_named_with_the_fix(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    path.write_bytes(b"not a database " * 100)
    with pytest.raises(CheckpointError, match="c.db': cannot open them: the file is no SQLite database"):
        with open_checkpointer(path):
            pass
    with pytest.raises(CheckpointError, match="check that the path names a file.* stand in the ledger as pending"):
        with open_checkpointer(tmp_path):
            pass
    with pytest.raises(CheckpointError, match="choose another path"):
        with open_checkpointer(path / "c.db"):
            pass
