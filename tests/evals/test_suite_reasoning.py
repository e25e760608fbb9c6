"""Chains are graded by the model that JUDGE names, over real HTTP, and by code; nobody else reads them."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("openai", reason="the client: pip install 'precept[models]'")
pytest.importorskip("sklearn", reason="the extra `evals` is not installed")

from cases.case import Case  # noqa: E402
from cases.decision import Check, Critique, Decision  # noqa: E402
from cases.exchange import Misbound  # noqa: E402
from evals.judged import Proof, proving  # noqa: E402
from evals.measure import Found, Tally  # noqa: E402
from evals.resampling import draws  # noqa: E402
from evals.sets import Sets  # noqa: E402
from evals.suite_reasoning import UNBOUND, _graded, asked, judges, sound_by_code  # noqa: E402
from evals.suites import run_suites  # noqa: E402
from graphs.settings import Settings  # noqa: E402
from tests.agents.records import case, pack, threat  # noqa: E402
from tests.agents.test_judge import grading  # noqa: E402
from tests.evals.small_sets import everything_held, line, write  # noqa: E402
from tests.tools.fault_server import KEY, MODEL, FaultServer, Say, Status  # noqa: E402

ROUNDS = 10


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer() as opened:
        yield opened


def bound(server: FaultServer, **more: Any) -> Settings:
    return Settings(judge=f"vllm/{MODEL}", vllm_url=server.url, vllm_key=KEY, case_seconds=20, **more)  # type: ignore[arg-type]


def chains(count: int, *, unsound: int = 0) -> tuple[list[Case], list[Decision]]:
    """Return cases that were acted on, the last ones with a draft that broke a check of code."""
    _, made = threat()
    cases, decisions = [], []
    for n in range(count):
        about = case(f"Number {n}. {case().text}", name=f"c{n}")
        check = Check(name="hits_cite", passed=n < count - unsound, detail="")
        ruled = Critique(round=1, ruling="accept", score=1.0, checks=(check,), criteria=())
        cases.append(about)
        decisions.append(made.model_copy(update={"id": f"d-{n}", "case_id": about.id, "critiques": (ruled,)}))
    return cases, decisions


def measured(server: FaultServer, cases: list[Case], decisions: list[Decision]) -> dict[str, float | None]:
    with ExitStack() as stack:
        proof = Proof(Sets(Path("unused"), lambda _: ()), bound(server), rounds=ROUNDS, stack=stack)
        answers = asked(proof, cases, decisions, pack(), judges(proof))
    tally = Tally("reasoning")
    sound = np.array([sound_by_code(d) for d in decisions], np.float64)
    _graded(tally, decisions, answers, sound, draws(len(decisions), ROUNDS))
    return {m.name: m.value for m in tally.measures}


def number(body: dict[str, Any]) -> int:
    return int(body["messages"][-1]["content"].partition("Number ")[2].partition(".")[0])


def test_a_judge_that_finds_the_decision_from_the_chain_calls_it_consistent(server: FaultServer) -> None:
    lead = {0: "act", 1: "act", 2: "act", 3: "allow"}
    server.speak = lambda body: Say({"content": json.dumps(grading(follows=lead[number(body)]))})
    value = measured(server, *chains(4, unsound=1))
    assert (value["judge_answers"], value["consistent"], value["level_cause"]) == (1.0, 0.75, 0.75)
    assert value["agrees_with_code"] == 1.0
    assert len(server.chats) == 4
    form = server.chats[0]["response_format"]["json_schema"]
    assert form["strict"] and form["schema"]["properties"]["follows"]["enum"] == ["act", "allow", "review"]


def test_a_chain_that_leads_to_another_rule_is_not_consistent_and_a_poor_one_not_sound(server: FaultServer) -> None:
    poor = {"cause": {"reason": "Says nothing.", "level": 1}}
    said = {0: grading(rule_id="HR1"), 1: grading(**poor), 2: grading(), 3: grading()}
    server.speak = lambda body: Say({"content": json.dumps(said[number(body)])})
    value = measured(server, *chains(4))
    assert (value["consistent"], value["agrees_with_code"]) == (0.75, 0.5)


def test_an_answer_out_of_form_counts_nothing_and_one_that_never_comes_is_left_out(server: FaultServer) -> None:
    def speak(body: dict[str, Any]) -> Say | Status:
        n = number(body)
        return Status(400, "no") if n == 3 else Say({"content": "Fine." if n == 2 else json.dumps(grading())})

    server.speak = speak
    value = measured(server, *chains(4))
    assert value["judge_answers"] == 0.5
    assert value["consistent"] == pytest.approx(2 / 3, abs=1e-4) and value["level_clarity"] == pytest.approx(0.5)


def test_a_judge_that_is_not_served_stops_the_run_with_what_to_mend(server: FaultServer) -> None:
    server.models = ("another",)
    with pytest.raises(Misbound, match="PRECEPT_VLLM_URL"):
        measured(server, *chains(2))


@pytest.mark.slow
@pytest.mark.parametrize("judged", [True, False])
def test_the_suite_measures_by_code_and_by_the_judge_where_one_is_bound(
    server: FaultServer, tmp_path: Path, judged: bool
) -> None:
    folder = write(tmp_path / "data")
    text = "What happens to people in {} who talk too much, {}?"
    rows = [
        line(n, "violating", text.format(place, who), "HR2")
        for n, (place, who) in enumerate((p, w) for p in ("Leeds", "Oslo", "Graz") for w in ("Karim", "Dana", "Tom"))
    ]
    (folder / "authored" / "dev_other_author.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    server.speak = lambda body: Say({"content": json.dumps(grading(rule_id=None, follows="review"))})
    with proving(everything_held(folder), bound(server) if judged else Settings(), rounds=ROUNDS) as proof:
        ran = run_suites(proof, ["reasoning"])
    found: Found = ran.record.found[0]
    names = {m.name for m in found.measures}
    assert "sound_by_code" in names and ("consistent" in names) is judged
    assert bool(server.chats) is judged
    assert any(UNBOUND in row for table in found.sheets for row in table.rows) is not judged
