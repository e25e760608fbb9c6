from collections.abc import Callable
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient

from tests.web.conftest import PASSWORD
from web.office import Office
from web.settings import WebSettings
from web.store import accounts, sessions

FORM = {"name": "nobody-here", "password": PASSWORD}
FOREIGN = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://127.0.0.1"},
    {"Origin": "https://evil.example"},
    {"Origin": "http://127.0.0.1.evil.example"},
    {"Origin": "http://127.0.0.1:81"},
    {"Origin": "null"},
]
OWN = [
    {},
    {"Sec-Fetch-Site": "same-origin"},
    {"Sec-Fetch-Site": "none"},
    {"Origin": "http://127.0.0.1"},
    {"Sec-Fetch-Site": "same-origin", "Origin": "https://behind.example"},
]


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
def test_another_sites_page_cannot_sign_anybody_in(client: TestClient, headers: dict[str, str]) -> None:
    answer = client.post("/login", data=FORM, headers=headers)
    told = answer.json()["error"]
    assert (answer.status_code, told["code"], told["type"]) == (403, "cross_site", "permission_error")
    assert list(headers.values())[0] in told["message"] and "set-cookie" not in answer.headers


@pytest.mark.parametrize("headers", OWN, ids=str)
def test_the_form_of_our_own_page_is_taken(client: TestClient, office: Office, headers: dict[str, str]) -> None:
    name = f"guarded-{len(accounts.everybody(office.store))}"
    accounts.add(office.store, name, ("moderator",), PASSWORD)
    answer = client.post("/login", data={"name": name, "password": PASSWORD}, headers=headers, follow_redirects=False)
    assert answer.status_code == 303 and "precept=" in answer.headers["set-cookie"]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_every_method_that_changes_something_is_guarded(client: TestClient, method: str) -> None:
    answer = client.request(method, "/v1/nowhere", headers={"Sec-Fetch-Site": "cross-site"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "cross_site")


def test_a_one_time_link_is_not_used_up_by_another_sites_page(client: TestClient, office: Office) -> None:
    made = accounts.add(office.store, f"linked-{len(accounts.everybody(office.store))}", ("moderator",))
    secret = sessions.link(office.store, made.id)
    assert client.post("/link", data={"secret": secret}, headers={"Origin": "https://evil.example"}).status_code == 403
    assert client.post("/link", data={"secret": secret}, follow_redirects=False).status_code == 303


def test_somebody_signed_in_is_guarded_before_the_token_is_looked_at(signed_in: Callable[..., TestClient]) -> None:
    answer = signed_in("moderator").post("/logout", headers={"Sec-Fetch-Site": "cross-site"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "cross_site")


def test_a_key_may_be_used_from_anywhere(with_key: Callable[..., TestClient]) -> None:
    headers = {"Sec-Fetch-Site": "cross-site", "Origin": "https://app.example"}
    assert with_key("moderate").post("/v1/moderations", json={"input": "Hello."}, headers=headers).status_code == 200


def test_another_scheme_than_bearer_is_no_key(client: TestClient) -> None:
    headers = {"Authorization": "Basic abc", "Origin": "https://evil.example"}
    assert client.post("/login", data=FORM, headers=headers).json()["error"]["code"] == "cross_site"


def test_who_comes_back_from_a_provider_is_let_in(client: TestClient) -> None:
    answer = client.get("/login/back?state=x&code=y", headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403 and "not finished" in answer.text


def test_the_address_behind_a_proxy_is_our_own(served: TestClient, office: Office, client: TestClient) -> None:
    web = WebSettings(public_url="https://console.example/")
    served.app.state.office = replace(office, web=web)  # type: ignore[attr-defined]
    try:
        ours, others = (
            client.post("/login", data=FORM, headers={"Origin": f"https://{name}.example"})
            for name in ("console", "other")
        )
    finally:
        served.app.state.office = office  # type: ignore[attr-defined]
    assert "cross_site" not in ours.text and others.json()["error"]["code"] == "cross_site"
