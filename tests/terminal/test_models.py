"""Commands whose roles are language models, over real HTTP to a server that says what the test wants."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("openai", reason="the client: pip install 'precept[models]'")

from tests.terminal.commands import THREAT, Invoke  # noqa: E402
from tests.tools.fault_server import KEY, MODEL, FaultServer, Say, Status  # noqa: E402


@pytest.fixture
def server(env: dict[str, str]) -> Iterator[FaultServer]:
    """A server that the commands know as vLLM; roles are bound by the tests."""
    with FaultServer() as opened:
        env |= {"PRECEPT_VLLM_URL": opened.url, "PRECEPT_VLLM_KEY": KEY}
        yield opened


def bind(env: dict[str, str], *roles: str, to: str = f"vllm/{MODEL}") -> None:
    env |= dict.fromkeys((role.upper() for role in roles), to)


def decided(precept: Invoke) -> dict[str, Any]:
    done = precept("decide", THREAT, "--json")
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_decide_asks_the_ranker_and_explain_says_what_it_cost(
    server: FaultServer, env: dict[str, str], precept: Invoke
) -> None:
    bind(env, "ranker")
    server.speak = lambda body: Say({"content": "Yes"}, first=-0.001)
    made = decided(precept)
    assert made["outcome"] != "allow"
    asked = [body for body in server.chats if body["max_tokens"] == 1]
    assert len(asked) >= 3 and all(THREAT in body["messages"][-1]["content"] for body in asked)
    told = precept("explain", made["decision_id"]).stdout
    assert f"asks of vllm/{MODEL}" in told and f"- ranker: vllm/{MODEL}" in told
    assert KEY not in told


def test_a_dead_server_means_review_with_the_cause(server: FaultServer, env: dict[str, str], precept: Invoke) -> None:
    bind(env, "ranker")
    env["PRECEPT_CASE_SECONDS"] = "3"
    server.speak = lambda body: Status(503)
    made = decided(precept)
    assert made["outcome"] == "review" and "could not be checked in full" in made["rationale"]


def test_a_wrong_key_is_told_with_the_setting_and_without_the_key(
    server: FaultServer, env: dict[str, str], precept: Invoke
) -> None:
    bind(env, "ranker")
    env["PRECEPT_VLLM_KEY"] = "sk-wrong-wrong"
    done = precept("decide", THREAT)
    assert done.exit_code == 2 and "PRECEPT_VLLM_KEY" in done.stderr and "sk-wrong" not in done.output


def test_the_doctor_says_what_each_backend_can_do(server: FaultServer, env: dict[str, str], precept: Invoke) -> None:
    bind(env, "ranker", "critic")
    server.speak = lambda body: Say({"content": '{"wet": true}' if "response_format" in body else "Yes"})
    found = {look["what"]: look for look in json.loads(precept("doctor", "--json").stdout)["looks"]}
    look = found[f"vllm/{MODEL}"]
    assert look["state"] == "ok"
    assert "plays ranker, critic" in look["told"] and "token probabilities yes" in look["told"]
    assert "JSON held to a schema yes" in look["told"] and " ms" in look["told"]


def test_the_doctor_finds_a_ranker_without_token_odds_unfit(
    server: FaultServer, env: dict[str, str], precept: Invoke
) -> None:
    bind(env, "ranker")
    server.speak = lambda body: Say(
        {"content": '{"wet": true}' if "response_format" in body else "Yes"}, logprobs=False
    )
    done = precept("doctor", "--json")
    found = {look["what"]: look for look in json.loads(done.stdout)["looks"]}
    assert done.exit_code == 1 and found[f"vllm/{MODEL}"]["state"] == "bad"


def test_ask_shows_a_models_answer_that_holds_and_else_the_records(
    server: FaultServer, env: dict[str, str], precept: Invoke
) -> None:
    made = decided(precept)
    rule = made["rule_id"]
    embedded = precept("ask", made["decision_id"], "why?").stdout
    bind(env, "explainer")
    body = {
        "form": "what_how", "clause_ids": [rule], "quotes": [{"part": "text", "quote": "break your legs"}],
        "answerable": True, "letter": None, "answer": f"{rule} leads: the author announces an injury.",
    }  # fmt: skip
    server.speak = lambda _: Say({"content": json.dumps(body)})
    done = precept("ask", made["decision_id"], "why?", "--json")
    told = json.loads(done.stdout)
    assert told["by"] == f"vllm/{MODEL}" and "announces an injury" in told["text"]
    assert told["evidence"][0]["quote"] == "break your legs"
    assert server.chats[-1]["tools"], "no look-ups were offered"
    body["quotes"] = [{"part": "text", "quote": "burn your house"}]
    done = precept("ask", made["decision_id"], "why?")
    assert done.stdout == embedded and "nothing that holds" in done.stderr


def test_explain_adds_plain_words_that_hold_and_else_sends_the_notice_as_it_is(
    server: FaultServer, env: dict[str, str], precept: Invoke
) -> None:
    made = decided(precept)
    notice = precept("explain", made["decision_id"], "--for", "user").stdout
    bind(env, "explainer")
    said = "We took your post down. It tells somebody that you would hurt them, and our rules do not allow that."
    server.speak = lambda _: Say({"content": json.dumps({"text": said})})
    plain = precept("explain", made["decision_id"], "--for", "user")
    assert said in plain.stdout and plain.stderr == ""
    assert all(line in plain.stdout for line in notice.splitlines())
    sent = "".join(m["content"] for m in server.chats[-1]["messages"])
    assert "0." not in sent and made["stage"] not in sent, "the model saw more than the notice"
    server.speak = lambda _: Say({"content": json.dumps({"text": "Our classifier gave your post a score of 0.93."})})
    kept = precept("explain", made["decision_id"], "--for", "user")
    assert kept.stdout == notice and "the notice stands as it is" in kept.stderr


def test_measuring_commands_work_with_the_embedded_roles_and_say_so(
    server: FaultServer, env: dict[str, str], precept: Invoke
) -> None:
    bind(env, "reasoner")
    done = precept("calibrate", "nowhere.jsonl")
    assert "works with the embedded ranker, reasoner and critic" in done.stderr and not server.asked
