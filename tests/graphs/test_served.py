import json
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from cases.intake import IntakeError
from graphs import served
from tools.ledger import Ledger

ROOT = Path(__file__).parents[2]
VIDEO = {"id": "v1", "text": "Look at this", "media": [{"type": "video", "path": "clip.mp4"}]}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("served")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PRECEPT_HOME", str(folder))
        yield folder
    served._opened.cache_clear()


def graph() -> "served.Served":
    """The graph as langgraph.json names it."""
    config = json.loads((ROOT / "langgraph.json").read_text())
    path, name = config["graphs"]["moderation"]["path"].split(":")
    made: served.Served = getattr(import_module(Path(path).with_suffix("").as_posix().replace("/", ".")), name)({})
    return made


def test_a_harmless_case_goes_through_as_json(home: Path) -> None:
    out = graph().invoke({"case": {"id": "c1", "text": "A cake recipe with eggs, flour and sugar"}})
    assert out["decision"]["outcome"] == "allow"
    json.dumps(out)


def test_a_case_in_review_waits_for_the_answer_that_is_then_on_record(home: Path) -> None:
    made = graph()
    made.checkpointer = InMemorySaver()
    thread = {"configurable": {"thread_id": "t1"}}
    waiting = made.invoke({"case": VIDEO}, thread)["__interrupt__"][0].value
    assert waiting["causes"] == ["media_not_read"]
    out = made.invoke(Command(resume={"by": "ann", "outcome": "allow", "reason": "a holiday clip"}), thread)
    assert out["edit"]["outcome"] == "allow"
    with Ledger.open(home / "ledger.db", readonly=True) as ledger:
        assert ledger.standing(waiting["id"]).by == "ann"


def test_a_case_that_cannot_be_taken_in_is_refused(home: Path) -> None:
    with pytest.raises(IntakeError, match="did you mean 'post'"):
        graph().invoke({"case": {"id": "c1", "text": "x", "surface": "pots"}})
