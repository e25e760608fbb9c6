"""A case ends at its deadline whatever a server does, and nothing is let go for it."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("openai", reason="the client: pip install 'precept[models]'")

from graphs.desk import Desk  # noqa: E402
from graphs.settings import Settings  # noqa: E402
from graphs.wiring import open_models  # noqa: E402
from tests.graphs.conftest import VERMIN, make_case  # noqa: E402
from tests.tools.fault_server import KEY, MODEL, Drip, FaultServer  # noqa: E402

SECONDS = 5.0


@pytest.fixture
def server(desk: Desk) -> Iterator[FaultServer]:
    import openai  # noqa: F401 — not on the time of the case, nor the index

    desk.deps.rules()
    with FaultServer() as opened:
        yield opened


@pytest.mark.parametrize("spare", ["", ",embedded"])
def test_a_case_whose_ranker_never_finishes_is_decided_all_the_same(
    desk: Desk, server: FaultServer, spare: str
) -> None:
    server.speak = lambda body: Drip()
    settings = Settings(
        home=Path("unused"), ranker=f"vllm/{MODEL}{spare}", vllm_url=server.url, vllm_key=KEY, case_seconds=SECONDS
    )
    with open_models(settings, desk.deps.book.pack) as models:
        decision = Desk(replace(desk.deps, models=models)).decide(make_case(VERMIN))
    (line,) = [s.models for s in decision.spent if s.models]
    assert server.chats and line.calls and "failed: out_of_time" in line.notes
    if spare:
        embedded = Desk(desk.deps).decide(make_case(VERMIN))
        assert (decision.outcome, decision.score) == (embedded.outcome, embedded.score)
    else:
        assert decision.outcome == "review" and "out_of_time" in decision.causes
