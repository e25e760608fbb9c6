"""The benchmark of a server, run once and very short over a real one: that it runs, not how fast anything is."""

import re
from contextlib import closing

import pytest

pytest.importorskip("openai", reason="the client: pip install 'precept[models]'")

from evals.bench import table  # noqa: E402
from evals.bench_server import Bench, measure  # noqa: E402
from tests.serving.vllm_server import VERSION, Server  # noqa: E402

pytestmark = pytest.mark.vllm


def test_every_row_of_a_short_benchmark_is_a_number(vllm: Server) -> None:
    with closing(Bench(vllm.url, vllm.model)) as bench:
        rows = measure(bench, rounds=2, cases=2, singles=2, cached=1)
        where = bench.where()
    assert f"vLLM {VERSION}" in where and vllm.model in where
    numbers = {row.name: re.fullmatch(r"(\d+(?:\.\d+)?)(?:x|%| ms)?", row.measured) for row in rows}
    assert all(numbers.values()), table(rows)
    assert len(numbers) == len(rows) == 16
    assert all(float(found[1]) > 0 for found in numbers.values() if found), table(rows)
    for size in ("1,500", "6,000"):
        last, first = (
            numbers[f"Prompt from the prefix cache, {size} characters, {order}"]
            for order in ("rule last", "rule first")
        )
        assert last and first and float(last[1]) > 2 * float(first[1])
    assert any("4 of 4 follow it" in row.detail for row in rows), table(rows)
