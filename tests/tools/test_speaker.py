"""A turn of a tool-calling model over real HTTP: its limits, its parameters, and what a failure means."""

from collections.abc import Iterator

import pytest

pytest.importorskip("langchain_openai", reason="the client: pip install 'precept[models]'")

from cases.exchange import Misbound, Unanswered  # noqa: E402
from tests.tools.fault_server import KEY, MODEL, Drip, FaultServer, Hang, Status  # noqa: E402
from tests.tools.served import CONTENT, endpoint  # noqa: E402
from tools.speaker import ServedSpeaker  # noqa: E402


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer() as made:
        yield made


def test_turns_are_answered_each_by_a_client_of_its_own(server: FaultServer) -> None:
    speaker = ServedSpeaker(endpoint(server))
    assert [speaker(30, 64).invoke(CONTENT).text for _ in range(2)] == ["Yes", "Yes"]
    first, second = (asked for asked in server.asked if asked.path.endswith("completions"))
    assert first.headers["authorization"] == second.headers["authorization"] == f"Bearer {KEY}"
    assert first.body["max_completion_tokens"] == 64


@pytest.mark.parametrize("trouble", [Drip(), Hang()], ids=repr)
def test_a_turn_ends_when_its_time_is_up_though_bytes_may_still_come(server: FaultServer, trouble: Drip | Hang) -> None:
    server.fail(trouble)
    speaker = ServedSpeaker(endpoint(server))
    with pytest.raises(speaker.failures) as raised:
        speaker(0.5, 64).invoke(CONTENT)
    meant = speaker.meant(raised.value, late=False)
    assert isinstance(meant, Unanswered) and meant.failure == "out_of_time"
    assert speaker(30, 64).invoke(CONTENT).text == "Yes"


@pytest.mark.parametrize("status", [401, 404, 500])
def test_a_failure_is_told_without_what_was_asked(server: FaultServer, status: int) -> None:
    server.fail(Status(status, f"you sent {CONTENT!r} with {KEY}"))
    speaker = ServedSpeaker(endpoint(server))
    with pytest.raises(speaker.failures) as raised:
        speaker(30, 64).invoke(CONTENT)
    meant = speaker.meant(raised.value, late=False)
    assert isinstance(meant, Unanswered if status == 500 else Misbound)
    assert CONTENT not in str(meant) and KEY not in str(meant)


@pytest.mark.parametrize(
    ("model", "sent"),
    [
        (MODEL, {"chat_template_kwargs": {"enable_thinking": False}}),
        ("openai/gpt-oss-20b", {"reasoning_effort": "medium"}),
        ("mistral-7b", {}),
    ],
)
def test_a_model_is_told_to_deliberate_briefly_in_its_own_words(model: str, sent: dict[str, object]) -> None:
    with FaultServer(models=(model,)) as server:
        ServedSpeaker(endpoint(server, model=model))(30, 64).invoke(CONTENT)
    (body,) = server.chats
    assert {k: v for k, v in body.items() if k in ("chat_template_kwargs", "reasoning_effort")} == sent
