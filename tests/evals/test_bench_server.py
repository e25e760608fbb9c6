import doctest
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

pytest.importorskip("openai", reason="the client: pip install 'precept[models]'")

from agents.asker import Prompt  # noqa: E402
from agents.rulebook import statement_text  # noqa: E402
from evals import bench_server  # noqa: E402
from evals.bench_server import (  # noqa: E402
    ORDERS,
    SIZES,
    Bench,
    Shared,
    fresh,
    percentiles,
    questions,
    ratio,
    rule_first,
)
from policy_store.loader import load_pack  # noqa: E402
from tests.tools.fault_server import MODEL, FaultServer, Say, Status  # noqa: E402

PACK = load_pack("community")


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultServer]:
    monkeypatch.delenv("PRECEPT_VLLM_KEY", raising=False)
    with FaultServer(key=None) as server:
        yield server


def whole(prompt: Prompt) -> str:
    return "\n\n".join(message.text for message in prompt)


def test_the_worked_examples_hold() -> None:
    assert doctest.testmod(bench_server).failed == 0


def test_a_round_that_went_badly_for_both_sides_does_not_move_their_ratio() -> None:
    found = ratio([90.0, 9.0, 92.0, 88.0, 91.0], [100.0, 10.0, 100.0, 100.0, 100.0])
    assert found == pytest.approx((0.9, 0.88, 0.92))


def test_the_99th_percentile_is_the_slow_end_and_the_median_is_not_moved_by_it() -> None:
    half, most = percentiles([0.010] * 98 + [0.500] * 2)
    assert half == 10 and 10 < most <= 500


def test_contents_are_as_long_as_asked_and_new_from_their_first_words_on() -> None:
    for size in SIZES:
        found = [fresh(size).text for _ in range(20)]
        assert {len(text) for text in found} == {size}
        assert len({text[:20] for text in found}) == 20


@pytest.mark.parametrize("size", SIZES)
def test_with_the_rule_last_the_questions_of_a_case_share_its_content(size: int) -> None:
    case = fresh(size)
    asked = [whole(prompt) for prompt in questions(case, PACK)]
    assert len(set(asked)) == len(asked) == 9
    assert case.text in os.path.commonprefix(asked)


def test_with_the_rule_first_they_share_nothing_of_it_and_say_the_same() -> None:
    case = fresh(SIZES[0])
    asked = questions(case, PACK)
    turned = [rule_first(prompt) for prompt in asked]
    shared = os.path.commonprefix([whole(prompt) for prompt in turned])
    assert "<content part" not in shared and "Answer Yes or No" in shared
    for before, after in zip(asked, turned, strict=True):
        assert Counter(whole(before).split("\n\n")) == Counter(whole(after).split("\n\n"))
        assert before[0] == after[0] and before != after
    law = statement_text(PACK.rules[0])
    assert whole(turned[1]).index(law) < whole(turned[1]).index(case.text)


@pytest.mark.parametrize("refuses", [False, True])
def test_the_bare_client_sends_the_requests_that_our_transport_sends(served: FaultServer, refuses: bool) -> None:
    if refuses:
        served.tokenize = 404
        served.speak = lambda body: (
            Status(400, "temperature is not supported", param="temperature")
            if "temperature" in body
            else Say({"content": "Yes"})
        )
    known = [questions(fresh(300), PACK) for _ in range(3)]
    with closing(Bench(served.url, MODEL)) as bench:
        bench.ours(known)
        before = [body for body in served.chats if not (refuses and "temperature" in body)]
        count = len(served.chats)
        bench.bare(known)
    after = served.chats[count:]
    assert len(before) == len(after) == 27
    assert sorted(map(str, map(sorted_items, before))) == sorted(map(str, map(sorted_items, after)))
    assert ("temperature" in after[0]) is not refuses and ("logprob_token_ids" in after[0]) is not refuses


def sorted_items(body: dict[str, object]) -> list[tuple[str, object]]:
    return sorted(body.items())


def test_no_two_cases_share_even_the_system_prompt_when_the_cache_is_measured(served: FaultServer) -> None:
    with closing(Bench(served.url, MODEL)) as bench:
        for order in ORDERS.values():
            assert bench.shared(300, 2, order).seconds > 0
    systems = Counter(body["messages"][0]["content"] for body in served.chats)
    assert set(systems.values()) == {9} and len(systems) == 4
    assert "Community" not in os.path.commonprefix(list(systems))


def test_a_server_that_counts_nothing_as_cached_is_told_how_to() -> None:
    rows = list(bench_server._cached(1500, [Shared(0.0, 1.0)], [Shared(0.0, 2.0)]))
    assert "--enable-prompt-tokens-details" in rows[0].detail and rows[2].measured == "2.00x"


@pytest.mark.parametrize(("slower", "measured", "holds"), [(2.0, "0.50x", False), (1.0, "1.00x", True)])
def test_a_transport_that_takes_twice_as_long_does_half_the_requests(slower: float, measured: str, holds: bool) -> None:
    bare = [(1.0, 0.3), (3.0, 0.3), (2.0, 0.3), (2.0, 0.3)]
    row = bench_server._transport([(slower * wall, 0.4) for wall, _ in bare], bare, 100)
    assert (row.measured, row.holds) == (measured, holds)
    assert f"{50 / slower:.0f} against 50 a second" in row.detail and "work 4.0 against 3.0 ms" in row.detail


def test_the_module_is_light_until_it_measures() -> None:
    code = (
        "import sys, evals.bench_server; print({'openai', 'langchain_openai', 'langgraph', 'torch'} & set(sys.modules))"
    )
    root = Path(__file__).parents[2]
    found = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"
