from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient

from web.guard import HEADERS
from web.office import Office


def test_every_answer_carries_the_headers_that_forbid_inline_scripts(client: TestClient) -> None:
    for path in ("/login", "/status/live", "/v1/nowhere", "/static/style.css"):
        answer = client.get(path)
        assert {k: answer.headers[k] for k in HEADERS} == HEADERS
    assert "unsafe" not in HEADERS["content-security-policy"]


def test_the_service_says_that_it_is_ready_and_by_which_policy(client: TestClient) -> None:
    answer = client.get("/status")
    assert answer.status_code == 200
    assert answer.json()["ready"] and answer.json()["policy"]["id"] == "community"


def test_nobody_sees_a_page_before_signing_in_and_comes_back_to_it_after(client: TestClient) -> None:
    answer = client.get("/queue?q=rule%3AHR2", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=/queue%3Fq%3Drule%253AHR2")


def test_an_unknown_address_under_v1_is_told_in_the_shape_of_openai(client: TestClient) -> None:
    answer = client.get("/v1/nowhere")
    assert answer.status_code == 404
    assert set(answer.json()["error"]) == {"message", "type", "param", "code"}


def test_a_body_larger_than_the_limit_is_refused_whatever_its_length_says(client: TestClient) -> None:
    assert client.post("/login", headers={"Content-Length": "99999999999"}, content=b"x").status_code == 413


def test_a_body_that_grows_past_the_limit_as_it_comes_is_refused(client: TestClient) -> None:
    def growing() -> Iterator[bytes]:
        yield b"name="
        for _ in range(21):
            yield b"x" * 1_000_000

    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert client.post("/login", content=growing(), headers=form).status_code == 413


@pytest.mark.parametrize("header", ["Bearer pk-forged", "Basic abc", "Bearer", "pk-x"])
def test_a_forged_key_is_refused_not_taken_for_nobody(client: TestClient, header: str) -> None:
    answer = client.post("/logout", headers={"Authorization": header})
    assert (answer.status_code, "not valid" in answer.text) == (401, True)


def test_a_form_without_the_token_of_the_session_changes_nothing(signed_in: Callable[..., TestClient]) -> None:
    person = signed_in("moderator")
    del person.headers["X-CSRF-Token"]
    assert person.post("/logout").status_code == 403
    person.headers["X-CSRF-Token"] = "forged"
    assert person.post("/logout").status_code == 403
    assert person.get("/", follow_redirects=False).status_code == 303


def test_a_fault_of_ours_is_told_without_detail_and_with_every_header(
    office: Office, served: TestClient, client: TestClient
) -> None:
    served.app.state.office = replace(office, ledger=None)  # type: ignore[attr-defined, arg-type]
    try:
        answer = client.get("/status")
    finally:
        served.app.state.office = office  # type: ignore[attr-defined]
    assert answer.status_code == 500 and "Traceback" not in answer.text
    assert {k: answer.headers[k] for k in HEADERS} == HEADERS
