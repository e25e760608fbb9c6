"""The judge over a real vLLM: whatever a random model says of a chain, it says it in the form that was asked for."""

from contextlib import closing

import pytest

pytest.importorskip("openai", reason="the client: pip install 'precept[models]'")

from agents.judge import CRITERIA, grade  # noqa: E402
from cases.exchange import Allowance  # noqa: E402
from tests.agents.records import pack, threat  # noqa: E402
from tests.serving.vllm_server import Server  # noqa: E402
from tools.chat import ServedChat  # noqa: E402
from tools.connection import Connection  # noqa: E402
from tools.endpoint import Endpoint  # noqa: E402

pytestmark = pytest.mark.vllm


def test_a_grading_is_held_to_its_form_by_the_server(vllm: Server) -> None:
    about, made = threat()
    with closing(Connection(Endpoint("vllm", vllm.model, vllm.url))) as connection:
        found = grade(about, made, pack(), [ServedChat(connection)], Allowance(seconds=120, tokens=50_000))
    assert found.author == f"vllm/{vllm.model}" and set(found.grading.levels) == set(CRITERIA)
    assert found.grading.rule_id in {None, *(f.rule_id for f in made.findings)}
    assert found.usage.calls == 1 and found.usage.completion_tokens > 0
