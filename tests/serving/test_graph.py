"""The whole graph over a real vLLM that serves a tiny random model: it knows nothing, and must not be believed.

What such a model says is noise, so these tests are about what holds whatever it says: token odds arrive in the scores,
noise never decides, costs are on record, many cases are in work at once, and a server that dies loses nothing.
"""

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("openai", reason="the client: pip install 'precept[models]'")

from typer.testing import CliRunner  # noqa: E402

from agents.rationale import FAILURES  # noqa: E402
from app import app  # noqa: E402
from cases.case import Case, Part  # noqa: E402
from graphs.desk import Desk  # noqa: E402
from graphs.settings import Settings  # noqa: E402
from graphs.wiring import open_desk, open_models  # noqa: E402
from policy_store.loader import load_pack  # noqa: E402
from tests.serving.vllm_server import Server  # noqa: E402
from tools.ledger import Ledger  # noqa: E402

pytestmark = pytest.mark.vllm

THREAT = "Keep talking, Dana. I know which bus you take home and I will be at the stop, number {}."
VEILED = "Keep talking to the police, Mrs Okoye, and see how long your windows last, number {}."
PACK = load_pack("community")


def case(n: int, text: str = THREAT) -> Case:
    return Case(id=f"case-{n}", parts=(Part(id="text", kind="text", text=text.format(n)),))


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with open_desk(Settings(home=tmp_path_factory.mktemp("graph"), audit_rate=0.0), PACK, waits=False) as desk:
        yield desk


@pytest.fixture
def opened(vllm: Server, plain: Desk) -> Iterator["Opened"]:
    with Opened(vllm, plain) as opened:
        yield opened


class Opened:
    """Opens desks whose roles are bound to the server."""

    def __init__(self, vllm: Server, plain: Desk) -> None:
        self.vllm, self.plain = vllm, plain
        self.contexts: list[object] = []

    def __enter__(self) -> "Opened":
        return self

    def __exit__(self, *raised: object) -> None:
        for context in self.contexts:
            context.__exit__(None, None, None)  # type: ignore[attr-defined]

    def __call__(self, *roles: str, spare: str = "", **limits: object) -> Desk:
        bound = {role: f"vllm/{self.vllm.model}{spare}" for role in roles}
        settings = Settings(home=Path("unused"), vllm_url=self.vllm.url, **bound, **limits)  # type: ignore[arg-type]
        context = open_models(settings, PACK)
        self.contexts.append(context)
        return Desk(replace(self.plain.deps, models=context.__enter__()))


def test_token_odds_of_the_server_become_the_scores_of_a_decision(opened: Opened) -> None:
    decision = opened("ranker").decide(case(1))
    line = next(s for s in decision.spent if s.stage == "rank_rules")
    assert line.models is not None and line.models.backends == (f"vllm/{opened.vllm.model}",)
    assert line.models.calls >= len(decision.findings) and line.models.prompt_tokens > 1000
    embedded = opened.plain.decide(case(1))
    assert decision.findings[0].probability != embedded.findings[0].probability
    again = opened("ranker").decide(case(1))
    assert [f.probability for f in again.findings] == pytest.approx(
        [f.probability for f in decision.findings], abs=1e-3
    )


def test_rules_of_one_case_share_their_prefix_in_the_cache_of_the_server(opened: Opened) -> None:
    decision = opened("ranker").decide(case(2))
    line = next(s for s in decision.spent if s.stage == "rank_rules")
    assert line.models is not None and line.models.cached_tokens > 0.3 * line.models.prompt_tokens


def test_noise_of_a_reasoner_and_a_critic_never_decides(opened: Opened) -> None:
    desk = opened("reasoner", "critic", case_seconds=90, case_tokens=9_000)
    found = [desk.decide(case(n, VEILED)) for n in range(3)]
    reasoned = [d for d in found if any(s.stage == "reason_about" for s in d.spent)]
    assert reasoned, "no case came to the reasoner"
    for decision in reasoned:
        assert decision.outcome == "review" and set(FAILURES) & set(decision.causes), decision.causes
        models = next(s.models for s in decision.spent if s.stage == "reason_about")
        assert models is not None and models.calls >= 1 and models.completion_tokens > 0


def test_sixteen_cases_are_in_work_at_once_and_all_are_on_record(opened: Opened) -> None:
    desk = opened("ranker", in_flight=16)
    found = list(desk.decide_many([case(n) for n in range(16)]))
    assert [d.case_id for d in found] == [f"case-{n}" for n in range(16)]
    assert all(any(s.models and s.models.calls for s in d.spent) for d in found)
    ledger = desk.deps.record
    assert isinstance(ledger, Ledger) and ledger.verify().intact
    assert {ledger.decision(d.id).id for d in found} == {d.id for d in found}


def test_a_server_killed_in_mid_batch_loses_nothing_and_lets_nothing_go(opened: Opened) -> None:
    desk = opened("ranker", in_flight=8, case_seconds=20)
    killer = threading.Timer(1.0, opened.vllm.kill)
    killer.start()
    found = list(desk.decide_many([case(100 + n) for n in range(48)]))
    killer.join()
    assert [d.case_id for d in found] == [f"case-{100 + n}" for n in range(48)]
    failed = [d for d in found if set(FAILURES) & set(d.causes)]
    assert failed, "the server died after the last case"
    assert {d.outcome for d in failed} == {"review"}
    ledger = desk.deps.record
    assert isinstance(ledger, Ledger) and {ledger.decision(d.id).id for d in found} == {d.id for d in found}
    opened.vllm.restart()
    after = opened("ranker").decide(case(200))
    assert not set(FAILURES) & set(after.causes)


def test_a_server_killed_in_mid_batch_leaves_every_case_to_embedded_where_it_is_written_last(opened: Opened) -> None:
    desk = opened("ranker", "reasoner", "critic", spare=",embedded", in_flight=8, case_seconds=20)
    killer = threading.Timer(1.0, opened.vllm.kill)
    killer.start()
    found = list(desk.decide_many([case(300 + n) for n in range(24)]))
    killer.join()
    assert [d.case_id for d in found] == [f"case-{300 + n}" for n in range(24)]
    assert not any(set(FAILURES) & set(d.causes) for d in found)
    ranked = [next((s.models for s in d.spent if s.stage == "rank_rules" and s.models), None) for d in found]
    lost = [n for n, usage in enumerate(ranked) if usage and any(note.startswith("failed:") for note in usage.notes)]
    assert lost, "the server died after the last case"
    for n in lost:
        embedded = opened.plain.decide(case(300 + n))
        assert (found[n].outcome, found[n].rule_id) == (embedded.outcome, embedded.rule_id)
    ledger = desk.deps.record
    assert isinstance(ledger, Ledger) and {ledger.decision(d.id).id for d in found} == {d.id for d in found}


def test_embedded_written_last_takes_over_from_a_dead_server(opened: Opened) -> None:
    opened.vllm.kill()
    decision = opened("ranker", "reasoner", "critic", spare=",embedded", case_seconds=10).decide(case(1))
    embedded = opened.plain.decide(case(1))
    assert (decision.outcome, decision.score) == (embedded.outcome, embedded.score)


def test_the_doctor_reaches_the_server_and_says_what_it_can_do(
    opened: Opened, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "PRECEPT_HOME": str(tmp_path), "RANKER": f"vllm/{opened.vllm.model}", "PRECEPT_VLLM_URL": opened.vllm.url,
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    told = CliRunner().invoke(app, ["doctor"], env={"COLUMNS": "200"})
    assert told.exit_code == 0, told.output
    assert "token probabilities yes; JSON held to a schema yes" in " ".join(told.output.split())
    opened.vllm.kill()
    gone = CliRunner().invoke(app, ["doctor"], env={"COLUMNS": "200"})
    assert gone.exit_code == 1 and "PRECEPT_VLLM_URL" in gone.output
