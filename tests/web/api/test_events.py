from collections.abc import Callable

import httpx
import pytest
from fastapi.testclient import TestClient

from cases.intake import case_from_text
from tests.web.api.conftest import KIND, THREAT
from tests.web.api.test_cases import events
from web.office import Office

PATH = "/v1/events"


def test_what_happens_is_streamed_as_it_happens(address: str, secret: Callable[..., str], office: Office) -> None:
    headers = {"Authorization": f"Bearer {secret('read')}"}
    with (
        httpx.Client(base_url=address, headers=headers, timeout=60) as client,
        client.stream("GET", PATH, params={"limit": 2}) as stream,
    ):
        assert stream.headers["content-type"].startswith("text/event-stream")
        one = office.desks.live.decide(case_from_text(THREAT, "streamed-1"))
        two = office.desks.live.decide(case_from_text(KIND, "streamed-2"))
        stream.read()
        told = events(stream.text)
    assert [(name, e["data"]["decision_id"]) for name, e in told] == [("decision", one.id), ("decision", two.id)]  # type: ignore[index]


def test_who_lost_the_thread_takes_it_up_after_the_last_event(
    with_key: Callable[..., TestClient], signed_in: Callable[..., TestClient], office: Office
) -> None:
    head = office.ledger.head().count
    made = office.desks.live.decide(case_from_text(THREAT, "taken-up"))
    body = {"outcome": "allow", "reason": "A quotation."}
    signed_in("moderator").post(f"/v1/decisions/{made.id}/rulings", json=body, headers={"If-Match": '"1"'})
    reader = with_key("read")
    told = events(reader.get(f"{PATH}?wait=false", headers={"Last-Event-ID": f"evt-{head}"}).text)
    assert [name for name, _ in told] == ["decision", "ruling"]
    assert [e["data"]["outcome"] for _, e in told] == ["act", "allow"]  # type: ignore[index]
    last = told[0][1]["id"]
    assert [n for n, _ in events(reader.get(f"{PATH}?wait=false&after={last}").text)] == ["ruling"]


@pytest.mark.parametrize("bad", ["x", "evt-", "-1", "evt-99999999999999999999"])
def test_an_id_that_is_none_is_refused(with_key: Callable[..., TestClient], bad: str) -> None:
    answer = with_key("read").get(f"{PATH}?wait=false", headers={"Last-Event-ID": bad})
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "bad_event_id")


def test_events_need_the_permission_to_read(with_key: Callable[..., TestClient]) -> None:
    assert with_key("moderate").get(f"{PATH}?wait=false").status_code == 403
