"""The floor sends what a case sent, step by step; the table says of whom each number is."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

pytest.importorskip("openai", reason="the client: pip install 'precept[models]'")

from agents.yesno import VARIANTS  # noqa: E402
from cases.decision import Spent  # noqa: E402
from cases.exchange import Usage  # noqa: E402
from evals.bench_depth import Measured, send, stalked, told  # noqa: E402
from evals.bench_routes import PLENTY, Sent, SetChat, SetOdds, Taken, assessment, ways  # noqa: E402
from evals.bench_server import Bench, questions  # noqa: E402
from tests.agents.records import threat  # noqa: E402
from tests.tools.fault_server import MODEL, FaultServer  # noqa: E402

SCHEMA: dict[str, object] = {"title": "answer", "type": "object", "properties": {"a": {"type": "boolean"}}}


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultServer]:
    monkeypatch.delenv("PRECEPT_VLLM_KEY", raising=False)
    with FaultServer(key=None) as server:
        yield server


def test_texts_are_as_long_as_asked_end_in_the_threat_and_are_new(served: FaultServer) -> None:
    found = [stalked(600).text for _ in range(20)]
    assert {len(text) for text in found} == {600} and all(text.endswith("at the stop.") for text in found)
    assert len({text[:20] for text in found}) == 20


@pytest.mark.parametrize("depth", ["none", "full"])
def test_the_floor_sends_the_requests_of_a_case_in_its_steps(served: FaultServer, depth: Any) -> None:
    sent: list[Sent] = []
    with closing(Bench(served.url, MODEL)) as bench:
        prompts = questions(stalked(300), bench.pack)
        SetOdds({None: 0.5}, bench.odds, sent)(prompts, PLENTY, tokens=VARIANTS)
        chat = SetChat(lambda _: assessment("accept"), bench.chat, sent)
        chat(prompts[0], PLENTY, schema=SCHEMA, depth=depth, most=700)
        ours = list(served.chats)
        send(bench, sent, asyncio.Semaphore(4))
    bare = served.chats[len(ours) :]
    assert len(ours) == len(bare) == 10
    assert sorted(map(shown, bare[:9])) == sorted(map(shown, ours[:9]))
    assert shown(bare[9]) == shown(ours[9])


def shown(body: dict[str, Any]) -> str:
    # Whether a stream is wanted is said by its absence too.
    return json.dumps({k: v for k, v in body.items() if not (k == "stream" and v is False)}, sort_keys=True)


def test_the_table_tells_a_case_from_what_it_waited_for_models() -> None:
    _, made = threat()
    spent = [
        Spent(stage="rank_rules", seconds=0.3, models=Usage(calls=12, completion_tokens=12, seconds=0.2)),
        Spent(stage="critique", seconds=0.2, models=Usage(calls=1, completion_tokens=100, seconds=0.1)),
    ]
    decision = made.model_copy(update={"spent": tuple(spent)})
    found = told([Measured(ways()[0], (Taken(decision, (), 0.5), Taken(decision, (), 0.7)), (0.15, 0.15), 1)])
    assert found.splitlines()[2] == "| the ranker alone | 2 | 13 | 112 | 600 | 698 | 300 | 150 | 150 | 2.00x |"
