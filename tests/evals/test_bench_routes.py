"""Routes lead where they say, and what models are set to say is sound; a server behind them is asked all the same."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest

from cases.exchange import Message
from evals.bench import new_home
from evals.bench_routes import PLENTY, STALKER, SetChat, SetOdds, Strayed, assessment, opinion, posted, routes, ways
from graphs.wiring import open_desk
from tests.tools.fault_server import MODEL, FaultServer, Say

ASKED = (Message(author="system", text="Answer."), Message(author="user", text="Is it a threat?"))


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultServer]:
    monkeypatch.delenv("PRECEPT_VLLM_KEY", raising=False)
    with FaultServer(key=None) as server:
        yield server


def test_what_a_server_says_is_left_unread_and_what_it_took_is_kept(served: FaultServer) -> None:
    pytest.importorskip("openai", reason="the client: pip install 'precept[models]'")
    from evals.bench_server import Bench

    served.speak = lambda body: Say({"content": "Nonsense."})
    with closing(Bench(served.url, MODEL)) as bench:
        odds, chat = SetOdds({None: 0.25}, bench.odds), SetChat(lambda _: assessment("accept"), bench.chat)
        (first,) = odds([ASKED], PLENTY)
        said = chat(ASKED, PLENTY, schema={"title": "answer", "type": "object"}, most=900)
    assert first.tokens[1].logprob > first.tokens[0].logprob and "Nonsense" not in said.text
    assert first.usage.cached_tokens == said.usage.cached_tokens == 16
    assert [body["messages"][-1]["content"] for body in served.chats] == ["Is it a threat?"] * 2
    # No longer than what is set: how long a model would go on is not what is timed.
    assert served.chats[1]["max_completion_tokens"] == chat.sent[0].most < 900


def test_an_opinion_that_is_set_screens_the_rules_that_a_prompt_offers() -> None:
    made = opinion('<rule id="HR2">\n…\n</rule>\n<rule id="VI1">\n…\n</rule>')
    assert made["screening"] == [
        {"rule_id": "HR2", "reason": "As said.", "verdict": "hit"},
        {"rule_id": "VI1", "reason": "As said.", "verdict": "not_hit"},
    ]


@pytest.mark.slow
def test_every_route_is_taken_and_its_calls_are_counted() -> None:
    ranker, none, short, full, again = routes()
    asked = int(ranker.measured)
    assert ranker.detail == f"rank_rules {asked}" and asked > 1
    # Short and none ask for one token more, which settles how deep to think.
    assert [int(row.measured) - asked for row in (none, short, full, again)] == [3, 3, 2, 4]
    assert again.detail == f"rank_rules {asked}, reason_about 2, critique 2"


@pytest.mark.slow
def test_a_case_that_takes_another_route_is_not_counted_as_if_it_had_taken_it() -> None:
    alone, *_, full, _ = ways()
    with new_home() as settings, open_desk(settings, waits=False) as desk:
        with pytest.raises(Strayed, match="the reasoner is asked at"):
            alone._replace(ranks=full.ranks).take(desk, posted(STALKER))
        models = [sent.most > 1 for sent in full.take(desk, posted(STALKER)).sent]
        assert models == [False, True, True]
        assert replace(desk.deps) == desk.deps
