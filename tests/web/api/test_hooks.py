import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from fastapi.testclient import TestClient

from cases.intake import case_from_text
from graphs.settings import Settings
from tests.web.acting import holding
from tests.web.api.conftest import THREAT
from tests.web.work.test_outward import place
from web.application import create_app
from web.identity import COOKIE
from web.office import Office, open_office
from web.settings import WebSettings
from web.store import accounts, sessions
from web.store import hooks as kept
from web.work import hooks
from web.work.attendance import attending
from web.work.hooks import RETRIES, next_try, signature
from web.work.tally import Tally

PATH = "/v1/hooks"
Place = tuple[str, list[tuple[str, bytes, dict[str, str]]]]
__all__ = ["place"]


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """An office whose hooks may lead to this machine, and where nothing is sent but by the tests."""
    settings = Settings(home=tmp_path_factory.mktemp("hooks"), audit_rate=0)
    with open_office(settings, WebSettings(private_hooks=True)) as office:
        yield office


@pytest.fixture
def admin(own: Office) -> Iterator[TestClient]:
    """An admin of that office; every hook is removed at the end."""
    app = create_app(nullcontext(own))
    app.state.office = own
    made = accounts.add(own.store, f"admin-{len(accounts.everybody(own.store))}", ("admin",))
    secret = sessions.begin(own.store, made.id)
    session = sessions.session(own.store, secret)
    assert session is not None
    person = TestClient(
        app, base_url="http://127.0.0.1", cookies={COOKIE: secret}, headers={"X-CSRF-Token": session.csrf}
    )
    person.account_id = made.id  # type: ignore[attr-defined]
    yield person
    for hook in person.get(PATH).json()["items"]:
        person.delete(f"{PATH}/{hook['id']}")


def sent(office: Office, at: datetime | None = None) -> int:
    hooks.collect(office)
    return hooks.send_due(office, at)


def newest(admin: TestClient, hook_id: str) -> dict[str, object]:
    return dict(admin.get(f"{PATH}/{hook_id}/deliveries").json()["items"][0])


def test_what_happens_is_sent_beside_the_requests(admin: TestClient, place: Place, own: Office) -> None:
    url, got = place
    admin.post(PATH, json={"url": url})
    with attending(own, Tally(own)):
        made = own.desks.live.decide(case_from_text(THREAT, "attended"))
        for _ in range(3000):
            if got:
                break
            time.sleep(0.01)
    assert json.loads(got[0][1])["data"]["decision_id"] == made.id


def test_a_decision_is_sent_signed_and_the_secret_is_shown_once(admin: TestClient, place: Place, own: Office) -> None:
    url, got = place
    made = admin.post(PATH, json={"url": f"{url}/in"}).json()
    assert made["secret"].startswith("whsec-")
    assert made["secret"] not in admin.get(PATH).text
    decision = own.desks.live.decide(case_from_text(THREAT, "hooked"))
    assert sent(own) == 1
    path, body, headers = got[0]
    stamp, signed = (part.split("=", 1)[1] for part in headers["precept-signature"].split(","))
    wanted = hmac.new(made["secret"].encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    assert hmac.compare_digest(signed, wanted) and path == "/in"
    told = json.loads(body)
    assert (told["type"], told["data"]["decision_id"], told["data"]["rule_id"]) == ("decision", decision.id, "HR2")
    assert "chain" not in told["data"] and headers["precept-event"] == "decision"
    assert newest(admin, made["hook"]["id"])["state"] == "delivered"


def test_a_secret_lies_sealed_and_without_its_key_nothing_is_sent_unsigned(
    admin: TestClient, place: Place, own: Office
) -> None:
    url, got = place
    made = admin.post(PATH, json={"url": url, "events": ["test"]}).json()
    home = own.settings.home
    assert holding(home, "work.db*", made["hook"]["id"]) and not holding(home, "work.db*", made["secret"])
    hook, key = made["hook"]["id"], home / "web.key"
    admin.post(f"{PATH}/{hook}/test")
    key.rename(home / "elsewhere")
    try:
        assert sent(own) == 1
        told = newest(admin, hook)
        assert (told["state"], "cannot be signed" in str(told["error"]), str(home) in str(told)) == (
            "pending",
            True,
            False,
        )
    finally:
        (home / "elsewhere").rename(key)
    assert not got and sent(own, datetime.now(UTC) + timedelta(hours=1)) == 1
    assert newest(admin, hook)["state"] == "delivered" and len(got) == 1


def test_a_ruling_is_sent_without_who_ruled(admin: TestClient, place: Place, own: Office) -> None:
    url, got = place
    admin.post(PATH, json={"url": url, "events": ["ruling"]})
    decision = own.desks.live.decide(case_from_text(THREAT, "ruled"))
    body = {"outcome": "allow", "reason": "Zarniwoop said so."}
    assert admin.post(f"/v1/decisions/{decision.id}/rulings", json=body, headers={"If-Match": '"1"'}).status_code == 201
    assert sent(own) == 1
    told = json.loads(got[0][1])
    assert (told["type"], told["data"]["outcome"], told["data"]["decision_id"]) == ("ruling", "allow", decision.id)
    assert "Zarniwoop" not in got[0][1].decode() and admin.account_id not in got[0][1].decode()  # type: ignore[attr-defined]


def test_a_target_that_fails_is_tried_again_at_growing_distances_and_then_given_up(
    admin: TestClient, place: Place, own: Office
) -> None:
    url, got = place
    hook = admin.post(PATH, json={"url": f"{url}/500", "events": ["test"]}).json()["hook"]["id"]
    admin.post(f"{PATH}/{hook}/test")
    assert sent(own) == 1
    first = newest(admin, hook)
    assert (first["state"], first["status"], first["error"]) == ("pending", 500, "it answered 500")
    at = datetime.now(UTC)
    for _ in range(RETRIES):
        at += timedelta(hours=3)
        hooks.send_due(own, at)
    last = newest(admin, hook)
    assert (last["state"], last["tries"], len(got)) == ("failed", RETRIES + 1, RETRIES + 1)
    assert hooks.send_due(own, at + timedelta(days=1)) == 0
    again = admin.post(f"{PATH}/{hook}/deliveries/{last['id']}/again")
    assert (again.status_code, again.json()["state"]) == (202, "pending")
    assert admin.post(f"{PATH}/{hook}/deliveries/{last['id']}/again").status_code == 409


def test_the_distances_between_tries_grow() -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    waits = [found - at for n in range(1, RETRIES + 1) if (found := next_try(n, at)) is not None]
    assert [w.total_seconds() for w in waits] == [5, 20, 80, 320, 1280]
    assert next_try(RETRIES + 1, at) is None


def test_a_target_on_this_machine_is_refused_unless_the_operator_allows_it(
    signed_in: Callable[..., TestClient],
) -> None:
    person = signed_in("admin")
    for url in ("http://127.0.0.1:8080/x", "http://localhost/x", "http://169.254.169.254/latest", "file:///etc/passwd"):
        answer = person.post(PATH, json={"url": url})
        assert (answer.status_code, answer.json()["error"]["code"]) == (422, "bad_target"), url


def test_a_target_is_looked_up_and_checked_at_each_try(admin: TestClient, place: Place, own: Office) -> None:
    url, got = place
    hook = admin.post(PATH, json={"url": url, "events": ["test"]}).json()["hook"]["id"]
    admin.post(f"{PATH}/{hook}/test")
    assert sent(replace(own, web=WebSettings())) == 1
    told = newest(admin, hook)
    assert told["state"] == "failed" and "own network" in str(told["error"]) and got == []


def test_a_removed_hook_gets_nothing_more(admin: TestClient, place: Place, own: Office) -> None:
    url, got = place
    hook = admin.post(PATH, json={"url": url, "events": ["test"]}).json()["hook"]["id"]
    assert admin.delete(f"{PATH}/{hook}").status_code == 204
    assert admin.delete(f"{PATH}/{hook}").status_code == 404
    assert admin.post(f"{PATH}/{hook}/test").status_code == 404
    assert admin.get(f"{PATH}/{hook}/deliveries").status_code == 404


def test_an_event_is_queued_once_whoever_sees_it_first(admin: TestClient, place: Place, own: Office) -> None:
    url, _ = place
    admin.post(PATH, json={"url": url})
    before = kept.reached(own.store)
    made = [("evt-1", "decision", "{}")]
    assert kept.enqueue(own.store, before, before, made, datetime.now(UTC))  # type: ignore[arg-type]
    assert not kept.enqueue(own.store, before - 1, before, made, datetime.now(UTC))  # type: ignore[arg-type]


def test_hooks_are_for_admins(signed_in: Callable[..., TestClient], with_key: Callable[..., TestClient]) -> None:
    everything = with_key("moderate", "read", "review", "appeals", "policies", "metrics")
    for caller in (signed_in("moderator"), signed_in("author"), everything):
        assert caller.get(PATH).status_code == 403
        assert caller.post(PATH, json={"url": "https://example.org/"}).status_code == 403


@pytest.mark.parametrize("body", [{}, {"url": "x"}, {"url": "https://example.org/", "events": []}, {"url": 7},
                                  {"url": "https://example.org/", "events": ["colour"]}])  # fmt: skip
def test_a_hook_that_says_too_little_is_refused(signed_in: Callable[..., TestClient], body: dict[str, object]) -> None:
    assert signed_in("admin").post(PATH, json=body).status_code == 422


def test_a_signature_covers_time_and_body() -> None:
    assert signature("s", 1, "{}") != signature("s", 2, "{}") != signature("s", 2, "{ }")
