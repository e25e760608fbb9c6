"""The benchmark by depth, run once and very short over a real server: that every depth is reached and timed."""

from contextlib import closing

import pytest

pytest.importorskip("openai", reason="the client: pip install 'precept[models]'")

from cases.exchange import Usage  # noqa: E402
from evals.bench_depth import measure, told  # noqa: E402
from evals.bench_server import Bench  # noqa: E402
from tests.serving.vllm_server import Server  # noqa: E402

pytestmark = pytest.mark.vllm


def test_every_depth_asks_the_server_and_costs_more_than_the_ranker_alone(vllm: Server) -> None:
    with closing(Bench(vllm.url, vllm.model)) as bench:
        found = list(measure(bench, cases=1, size=300, at_once=1, depths=("ranker", "short")))
    ranker, short = (sum((s.models for s in f.cases[0].decision.spent if s.models), Usage()) for f in found)
    assert short.calls > ranker.calls > 5 and short.completion_tokens > ranker.completion_tokens == ranker.calls
    assert all(f.bare[0] > 0 and f.strayed == 0 for f in found), told(found)
