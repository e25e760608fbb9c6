"""What the doctor sees of an endpoint, over real HTTP."""

import io
from collections.abc import Iterator
from typing import Any

import pytest

from tests.tools.fault_server import KEY, MODEL, FaultServer, Hang, Malformed, Say, Status
from tests.tools.served import endpoint, gone
from tools.loop import Loop
from tools.probe import Probe, probe, square


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer() as made:
        made.speak = lambda body: Say({"content": '{"wet": true}' if "response_format" in body else "Yes"})
        yield made


def probed(server: FaultServer, *, seconds: float = 20.0, sees: bool = False, **given: Any) -> Probe:
    loop = Loop()
    try:
        return probe(endpoint(server, **given), sees=sees, seconds=seconds, loop=loop)
    finally:
        loop.close()


def test_a_sound_endpoint_is_told_by_what_it_can_do(server: FaultServer) -> None:
    found = probed(server)
    assert found.latency_ms is not None and found.latency_ms > 0
    assert found._replace(latency_ms=None) == Probe(True, (MODEL,), None, True, True, "")
    assert len(server.asked) == 4


def test_a_server_that_is_not_there_is_told_with_the_setting_to_mend(server: FaultServer) -> None:
    url = gone()
    found = probed(server, url=url)
    told = f"vllm/{MODEL} at {url} was asked once, at last: no connection; see that it runs, or mend PRECEPT_VLLM_URL"
    assert found == Probe(False, told=told)


def test_a_wrong_key_is_told_without_it(server: FaultServer) -> None:
    found = probed(server, key="sk-wrong-key")
    assert found.reachable and not found.logprobs and found.latency_ms is None
    assert found.told.endswith("mend PRECEPT_VLLM_KEY")
    assert "sk-wrong" not in found.told and KEY not in found.told


def test_a_model_that_is_not_served_is_told_with_those_that_are(server: FaultServer) -> None:
    found = probed(server, model="other/model")
    told = f"{server.url} does not serve 'other/model' but {MODEL}; bind the role to one of these, or serve it"
    assert found == Probe(True, (MODEL,), told=told)


def test_a_path_that_is_not_there_is_told(server: FaultServer) -> None:
    found = probed(server, url=server.root)
    assert found.reachable
    assert found.told.endswith("mend PRECEPT_VLLM_URL (it usually ends in /v1)")


def test_missing_probabilities_and_schemas_are_told_and_the_rest_is_measured(server: FaultServer) -> None:
    server.speak = lambda body: (
        Status(400, "unknown response_format", param="response_format")
        if "response_format" in body
        else Say({"content": "Yes"}, logprobs=False)
    )
    found = probed(server)
    assert found.reachable and found.latency_ms is not None
    assert not found.logprobs and not found.structured
    assert "offers no token probabilities" in found.told
    assert "does not hold answers to a JSON schema" in found.told


def test_one_that_is_to_see_is_shown_a_picture(server: FaultServer) -> None:
    assert probed(server, sees=True).told == ""
    assert [part["type"] for part in server.chats[-1]["messages"][0]["content"]] == ["image_url", "text"]


def test_one_that_takes_no_picture_is_told_with_what_to_leave_out(server: FaultServer) -> None:
    plain = server.speak

    def speak(body: dict[str, Any]) -> Say | Status:
        pictured = isinstance(body["messages"][0]["content"], list)
        return Status(400, f"{MODEL} is not a multimodal model") if pictured else plain(body)  # type: ignore[return-value]

    server.speak = speak  # type: ignore[assignment]
    found = probed(server, sees=True)
    assert found.reachable and found.logprobs and "is not a multimodal model" in found.told
    assert found.told.endswith("leave +vision out of its binding") and probed(server).told == ""


def test_the_picture_is_a_red_square_that_can_be_opened() -> None:
    images = pytest.importorskip("PIL.Image", reason="needs pip install 'precept[vision]'")
    shown = images.open(io.BytesIO(square().data)).convert("RGB")
    assert shown.size == (square().width, square().height) and shown.getpixel((5, 50)) == (255, 0, 0)


def test_a_first_token_that_is_blank_is_an_answer_all_the_same(server: FaultServer) -> None:
    server.fail(Say({"content": "Yes"}, logprobs=False), Say({"content": " "}, finish="length"))
    found = probed(server)
    assert found.latency_ms is not None
    assert (found.logprobs, found.structured) == (False, True)


@pytest.mark.parametrize("content", ["Yes", "[1]", '{"wet": 1}', '{"wet"'])
def test_an_answer_that_does_not_follow_the_schema_is_not_structured(server: FaultServer, content: str) -> None:
    server.speak = lambda body: Say({"content": content})
    found = probed(server)
    assert (found.logprobs, found.structured) == (True, False)


def test_a_server_that_hangs_is_told_within_the_time_given(server: FaultServer) -> None:
    server.fail(Hang())
    found = probed(server, seconds=0.3)
    assert found.reachable and found.models == (MODEL,)
    assert "gave no answer within the 0.3 s" in found.told
    assert found.latency_ms is None


def test_a_server_that_talks_nonsense_is_told(server: FaultServer) -> None:
    server.fail(Malformed())
    found = probed(server)
    assert found.reachable and "is no chat completion" in found.told
    assert not found.logprobs
