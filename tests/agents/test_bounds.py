"""What a conversation may spend, and what becomes of it where a backend fails; over a real server as well."""

import json
import sys
import threading
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from agents.bounds import LOOKUPS, TURNS
from agents.conversation import converse
from agents.standing import WrongRecord
from cases.decision import Precedent
from cases.exchange import Allowance, Misbound, Unanswered
from tests.agents.asking import FINDINGS, ask, claim, embedded, results
from tests.agents.recorded import PLENTY, RecordedSpeaker, calls, says
from tests.agents.records import (
    case,
    pack,
    threat,
)
from tools.endpoint import Endpoint
from tools.speaker import ServedSpeaker


def test_look_ups_run_out_and_the_model_answers_with_what_it_has() -> None:
    told, speaker = ask("Why?", *[FINDINGS] * LOOKUPS, says(claim()))
    assert told.by == "recorded/turns" and told.usage.calls == LOOKUPS + 1
    assert [bool(b) for b in speaker.model.bound] == [True] * LOOKUPS + [False]


def test_look_ups_beyond_the_limit_are_refused_within_one_turn() -> None:
    searched: list[str] = []

    def similar(text: str, count: int) -> Sequence[Precedent]:
        searched.append(text)
        return []

    many = calls(*[("find_precedents", {"text": str(i)}) for i in range(50)])
    told, speaker = ask("Why?", many, says(claim(answer="HR2 leads.")), similar=similar)
    assert told.by == "recorded/turns" and len(searched) == LOOKUPS
    assert sum("No look-ups are left" in r for r in results(speaker)) == 50 - LOOKUPS


def test_a_model_that_only_ever_looks_things_up_is_stopped() -> None:
    told, speaker = ask("Why?", *[FINDINGS] * (TURNS + 5))
    assert told.fallback and "came to no answer" in told.fallback
    assert len(speaker.model.seen) == TURNS


def test_no_seconds_no_ask() -> None:
    told, speaker = ask("Why?", allowance=Allowance(seconds=0.0, tokens=100_000))
    assert told.fallback and told.fallback.startswith("out_of_time") and not speaker.model.seen
    assert told.reply == embedded("Why?")


def test_no_tokens_no_ask() -> None:
    told, speaker = ask("Why?", allowance=Allowance(seconds=60.0, tokens=500))
    assert told.fallback and told.fallback.startswith("out_of_budget") and not speaker.model.seen


def test_tokens_that_were_spent_count_for_the_next_turn() -> None:
    costly = calls(("read_record", {"section": "findings"}), tokens=(9_000, 900))
    told, speaker = ask("Why?", costly, allowance=Allowance(seconds=60.0, tokens=10_000))
    assert told.fallback and told.fallback.startswith("out_of_budget")
    assert len(speaker.model.seen) == 1 and told.usage.tokens == 9_900


def test_every_turn_is_given_what_is_left() -> None:
    _, speaker = ask("Why?", FINDINGS, says(claim()), allowance=Allowance(seconds=60.0, tokens=100_000))
    (_, *turns) = speaker.asked
    assert len(turns) == 2 and 0 < turns[1][0] < turns[0][0] <= 60.0
    assert all(0 < most <= 1200 for _, most in turns)


def test_an_answer_that_counts_no_tokens_is_counted_by_its_length() -> None:
    uncounted = says(claim(answer="HR2 leads."))
    uncounted.usage_metadata = None
    told, _ = ask("Why?", uncounted)
    assert told.usage.prompt_tokens > 500 and told.usage.completion_tokens > 20


def test_a_backend_that_is_gone_leaves_the_embedded_answer() -> None:
    told, _ = ask("Why HR2?", FINDINGS, ConnectionRefusedError("nobody there"))
    assert told.by == "embedded" and told.reply == embedded("Why HR2?")
    assert told.fallback == "backend_unavailable: recorded/turns: ConnectionRefusedError"
    assert told.usage.calls == 2


def test_a_backend_that_says_why_is_believed() -> None:
    told, _ = ask("Why HR2?", Unanswered("out_of_time", "two seconds went by"))
    assert told.fallback == "out_of_time: two seconds went by"


@pytest.mark.parametrize("error", [Misbound("no such model"), ZeroDivisionError("ours")])
def test_what_can_never_mend_itself_is_raised(error: Exception) -> None:
    with pytest.raises(type(error)):
        ask("Why HR2?", error)


def test_without_the_library_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "langchain.agents", None)
    with pytest.raises(Misbound, match=r"pip install 'precept\[models\]'"):
        ask("Why HR2?")


def test_another_case_is_refused() -> None:
    speaker = RecordedSpeaker()
    with pytest.raises(WrongRecord):
        converse("why?", threat()[1], case("other"), pack(), speaker=speaker, allowance=PLENTY)


class Server(ThreadingHTTPServer):
    """Speaks chat completions on this machine: gives recorded messages, or statuses, in order and keeps the bodies."""

    def __init__(self, *replies: dict[str, Any] | int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.replies, self.bodies = list(replies), []
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        self.server.bodies.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
        reply = self.server.replies.pop(0)
        status = reply if isinstance(reply, int) else 200
        choice = {"index": 0, "message": reply, "finish_reason": "stop"}
        usage = {
            "prompt_tokens": 50,
            "completion_tokens": 5,
            "total_tokens": 55,
            "prompt_tokens_details": {"cached_tokens": 32},
        }
        body = {"id": "r", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice], "usage": usage}
        raw = json.dumps(body if status == 200 else {"error": {"message": "broken"}}).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *_: object) -> None:
        """Stay silent."""


def speaker_at(port: int) -> ServedSpeaker:
    """Return the speaker that wiring opens, at a local server."""
    return ServedSpeaker(Endpoint("openai", "m", f"http://127.0.0.1:{port}/v1", "sk-secret-key"))


@pytest.fixture
def served() -> Iterator[Any]:
    pytest.importorskip("langchain_openai", reason="the wire is tested where langchain-openai is installed")
    opened: list[Server] = []

    def serve(*replies: dict[str, Any] | int) -> tuple[Server, ServedSpeaker]:
        opened.append(Server(*replies))
        return opened[-1], speaker_at(opened[-1].server_address[1])

    yield serve
    for server in opened:
        server.shutdown()
        server.server_close()


def _call(name: str, arguments: str) -> dict[str, Any]:
    call = {"id": "c1", "type": "function", "function": {"name": name, "arguments": arguments}}
    return {"role": "assistant", "content": None, "tool_calls": [call]}


def test_over_the_wire_tools_are_strict_and_a_mended_answer_is_held_to_its_schema(served) -> None:
    server, speaker = served(
        _call("read_record", '{"section": "findings"}'),
        {"role": "assistant", "content": "Because."},
        {"role": "assistant", "content": json.dumps(claim())},
    )
    about, made = threat()
    told = converse("Why HR2?", made, about, pack(), speaker=speaker, allowance=PLENTY)
    assert (told.by, told.fallback) == ("openai/m", None)
    assert (told.usage.calls, told.usage.tokens, told.usage.cached_tokens) == (3, 165, 96)
    first, second, third = server.bodies
    assert all(t["function"]["strict"] for t in first["tools"]) and "response_format" not in first
    assert second["messages"][-1]["role"] == "tool" and "hit at 0.93" in second["messages"][-1]["content"]
    assert "tools" not in third and third["response_format"]["json_schema"]["strict"] is True
    assert all(b["max_completion_tokens"] == 1200 for b in server.bodies)


def test_over_the_wire_a_call_that_is_no_json_does_not_break_the_conversation(served) -> None:
    _, speaker = served(
        _call("read_record", '{"section": '),
        *[{"role": "assistant", "content": json.dumps(claim(answer="HR2 leads."))}] * 2,
    )
    about, made = threat()
    assert converse("Why HR2?", made, about, pack(), speaker=speaker, allowance=PLENTY).by == "openai/m"


@pytest.mark.parametrize("status", [401, 404])
def test_over_the_wire_a_wrong_key_or_model_is_raised_without_the_key_and_the_content(served, status: int) -> None:
    _, speaker = served(status)
    about, made = threat()
    with pytest.raises(Misbound) as raised:
        converse("Why HR2?", made, about, pack(), speaker=speaker, allowance=PLENTY)
    assert "sk-secret" not in str(raised.value) and about.text[:20] not in str(raised.value)


@pytest.mark.parametrize("status", [429, 500])
def test_over_the_wire_a_server_in_trouble_leaves_the_embedded_answer(served, status: int) -> None:
    _, speaker = served(status)
    about, made = threat()
    told = converse("Why HR2?", made, about, pack(), speaker=speaker, allowance=PLENTY)
    assert told.reply == embedded("Why HR2?") and told.fallback and told.fallback.startswith("backend_unavailable")
