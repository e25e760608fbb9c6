from collections.abc import Callable
from contextlib import nullcontext

import pytest
from fastapi.testclient import TestClient

from tests.web.api.conftest import KIND
from web.application import create_app
from web.guard import Limits
from web.office import Office
from web.store import keys


@pytest.fixture
def strict(office: Office) -> TestClient:
    """The application with a rate of three requests a minute for each key, and a tight deadline."""
    app = create_app(nullcontext(office), Limits(per_actor=3, seconds=0.0001))
    app.state.office = office
    return TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False)


def bearer(office: Office) -> dict[str, str]:
    return {"Authorization": f"Bearer {keys.make(office.store, 'a test', ('moderate', 'read'))[1]}"}


def test_each_key_has_a_rate_of_its_own(strict: TestClient, office: Office) -> None:
    one, two = bearer(office), bearer(office)
    assert [strict.get("/v1/decisions", headers=one).status_code for _ in range(4)] == [200, 200, 200, 429]
    refused = strict.get("/v1/decisions", headers=one)
    assert refused.json()["error"]["type"] == "rate_limit_error" and int(refused.headers["retry-after"]) > 0
    assert strict.get("/v1/decisions", headers=two).status_code == 200


def test_a_request_without_a_deadline_has_that_of_the_service(strict: TestClient, office: Office) -> None:
    texts = [f"{KIND} Deadline {n}." for n in range(100)]
    assert strict.post("/v1/moderations", json={"input": texts}, headers=bearer(office)).status_code == 504


def test_every_route_of_the_api_but_status_asks_who_calls(served: TestClient, client: TestClient) -> None:
    spec = client.get("/v1/openapi.json").json()
    fill = {"decision_id": "d-0000000000000000", "id": "c-0000000000000000", "job_id": "j-0000000000000000",
            "hook_id": "h-000000000000", "delivery_id": "w-0000000000000000"}  # fmt: skip
    checked = 0
    for path, operations in spec["paths"].items():
        if path in ("/status", "/status/live"):
            continue
        for method in operations:
            for name, value in fill.items():
                path = path.replace(f"{{{name}}}", value)
            answer = client.request(method.upper(), path, json={} if method in ("post", "put", "patch") else None)
            assert answer.status_code == 401, (method, path, answer.text)
            checked += 1
    assert checked >= 20


@pytest.mark.parametrize("role", ["moderator"])
def test_a_person_may_use_the_api_with_the_token_of_the_session(
    signed_in: Callable[..., TestClient], role: str
) -> None:
    person = signed_in(role)
    assert person.post("/v1/moderations", json={"input": KIND}).status_code == 200
    del person.headers["X-CSRF-Token"]
    assert person.post("/v1/moderations", json={"input": KIND}).status_code == 403
