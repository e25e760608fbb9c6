"""Property tests of the API from its own description: whatever is sent, the answer is one that was described."""

from collections.abc import Callable
from contextlib import nullcontext

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from tests.web.api.conftest import THREAT
from web.application import create_app
from web.guard import Limits
from web.office import Office
from web.store import keys
from web.work.tally import Tally

schemathesis = pytest.importorskip("schemathesis", reason="the property tests need schemathesis")
from hypothesis import HealthCheck, Phase, given, settings  # noqa: E402
from hypothesis.errors import Unsatisfiable  # noqa: E402
from schemathesis import GenerationMode  # noqa: E402
from schemathesis.checks import not_a_server_error  # noqa: E402
from schemathesis.specs.openapi.checks import (  # noqa: E402
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
# A stream without an end has a property test of its own, in test_events.py.
MANY = 10
LEFT_OUT = ("/v1/events",)


@pytest.fixture(scope="module")
def described(served: TestClient) -> FastAPI:
    office: Office = served.app.state.office  # type: ignore[attr-defined]
    app = create_app(nullcontext(office), Limits(requests=1_000_000, per_actor=1_000_000, sign_ins=1_000_000))
    app.state.office, app.state.tally = office, Tally(office)
    return app


def test_every_operation_is_described_with_a_summary_an_answer_and_our_errors(client: TestClient) -> None:
    spec = client.get("/v1/openapi.json").json()
    for path, operations in spec["paths"].items():
        for method, operation in operations.items():
            where = f"{method} {path}"
            assert operation.get("summary") and operation.get("description"), where
            assert operation["responses"].get("4XX", {}).get("content", {}).get("application/json"), where
            assert any(code[0] in "23" for code in operation["responses"]), where
    assert "HTTPValidationError" not in spec["components"]["schemas"]


def test_every_example_of_a_body_is_one_that_is_taken(client: TestClient) -> None:
    import jsonschema

    spec = client.get("/v1/openapi.json").json()
    checked = 0
    for operations in spec["paths"].values():
        for operation in operations.values():
            for kind in operation.get("requestBody", {}).get("content", {}).values():
                for example in kind.get("examples", {}).values():
                    jsonschema.validate(example["value"], {**kind["schema"], "components": spec["components"]})
                    checked += 1
    assert checked >= 8


def _told(error: BaseException) -> str:
    inner = error.exceptions if isinstance(error, BaseExceptionGroup) else ()
    return f"{type(error).__name__}: {error}\n" + "\n".join(str(one) for one in inner)


@pytest.mark.slow
@pytest.mark.parametrize("mode", list(GenerationMode))
def test_whatever_is_sent_the_answer_is_one_that_was_described(
    described: FastAPI, office: Office, with_key: Callable[..., TestClient], mode: GenerationMode
) -> None:  # fmt: skip
    _, secret = keys.make(office.store, "fuzz", keys.SCOPES)
    headers = {"Authorization": f"Bearer {secret}"}
    with_key("moderate").post("/v1/moderations", json={"input": THREAT})
    schema = schemathesis.openapi.from_asgi("/v1/openapi.json", described).exclude(path=LEFT_OUT)
    found: dict[str, str] = {}
    for result in schema.get_all_operations():
        operation = result.ok()

        @settings(max_examples=MANY, deadline=None, database=None, phases=[Phase.explicit, Phase.generate],
                  suppress_health_check=list(HealthCheck), derandomize=True)  # fmt: skip
        @given(case=operation.as_strategy(generation_mode=mode))
        def sent(case: schemathesis.Case) -> None:
            case.call_and_validate(headers=headers, checks=CHECKS)

        try:
            sent()
        except Unsatisfiable:
            continue  # nothing can be sent to it that would be wrong
        except (Exception, BaseExceptionGroup) as error:  # one operation at a time is no use to whoever mends them
            found[operation.label] = _told(error)[:2000]
    assert not found, "\n\n".join(f"{label}: {told}" for label, told in found.items())
