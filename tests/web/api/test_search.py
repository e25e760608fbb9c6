from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

from cases.intake import case_from_text
from tests.web.acting import holding
from tests.web.api.conftest import KIND
from web.office import Office
from web.store import journal

TWIN = "I will find you and hurt you, wait for me at the tram stop."


def test_cases_are_found_by_words_rule_and_severity(with_key: Callable[..., TestClient], office: Office) -> None:
    made = office.desks.live.decide(case_from_text(TWIN, "tram-1"))
    reader = with_key("read")
    for query in ('q="tram stop"', "rule=HR2&q=tram", "rule=HR*&severity=>1&q=tram", "severity=>=1&q=id:" + made.id):
        found = reader.get(f"/v1/search?{query}").json()["items"]
        assert made.id in {hit["decision_id"] for hit in found} and found[0]["similarity"] is None
    assert reader.get("/v1/search?q=tram&rule=SH1").json()["items"] == []


def test_cases_are_found_by_likeness_nearest_first(with_key: Callable[..., TestClient], office: Office) -> None:
    one = office.desks.live.decide(case_from_text(TWIN + " Now.", "tram-2"))
    two = office.desks.live.decide(case_from_text(TWIN + " Soon.", "tram-3"))
    office.desks.live.decide(case_from_text(KIND + " Twice.", "cake-2"))
    found = with_key("read").get(f"/v1/search?similar={one.id}&least=0").json()["items"]
    near = [hit["similarity"] for hit in found]
    assert near == sorted(near, reverse=True) and two.id in {hit["decision_id"] for hit in found[:3]}


def test_cases_are_found_by_likeness_to_a_text_that_is_kept_nowhere(
    with_key: Callable[..., TestClient], office: Office
) -> None:
    made = office.desks.live.decide(case_from_text(TWIN + " Tomorrow.", "tram-4"))
    cake = office.desks.live.decide(case_from_text(KIND + " Thrice.", "cake-3"))
    text, head = (
        "I will find you and I will hurt you, be at the tram stop tomorrow, Xanthippe.",
        office.ledger.head().count,
    )
    found = with_key("read").post("/v1/search", json={"similar_to": text, "least": 0.3}).json()["items"]
    near = {hit["decision_id"]: hit["similarity"] for hit in found}
    assert near[made.id] > 0.6 and near.get(cake.id, 0) < near[made.id] - 0.2
    assert list(near.values()) == sorted(near.values(), reverse=True)
    assert office.ledger.head().count == head
    (line,) = journal.lines(office.store, act="case.search", limit=1)
    assert line.detail == {"shown": str(len(found)), "least": "0.3", "characters": str(len(text))}
    assert holding(office.settings.home, "*.db*", "tram stop")  # what is kept is found so
    assert not holding(office.settings.home, "*.db*", "Xanthippe")


def test_the_same_words_are_the_nearest_whoever_sent_them(with_key: Callable[..., TestClient], office: Office) -> None:
    made = office.desks.live.decide(case_from_text(TWIN + " On Sunday.", "tram-5"))
    body = {"similar_to": TWIN + " On Sunday.", "limit": 1}
    (hit,) = with_key("read").post("/v1/search", json=body).json()["items"]
    assert hit["decision_id"] == made.id and hit["similarity"] > 0.99


@pytest.mark.parametrize("body", [{}, {"similar_to": ""}, {"similar_to": " \u200b "}, {"similar_to": 7}, {"similar_to": "x", "least": 2},
                                  {"similar_to": "x", "limit": 0}, {"similar_to": "x", "q": "y"}, {"similar_to": "x" * 6_000_000}])  # fmt: skip
def test_a_text_that_cannot_be_compared_is_refused(
    with_key: Callable[..., TestClient], body: dict[str, object]
) -> None:
    answer = with_key("read").post("/v1/search", json=body)
    assert answer.status_code == 422 and answer.json()["error"]["param"]


def test_likeness_to_a_text_needs_the_permission_to_read(
    with_key: Callable[..., TestClient], client: TestClient
) -> None:
    assert with_key("moderate").post("/v1/search", json={"similar_to": "x"}).status_code == 403
    assert client.post("/v1/search", json={"similar_to": "x"}).status_code == 401


def test_what_waits_for_a_blind_opinion_is_not_found_by_who_could_give_it(
    signed_in: Callable[..., TestClient], with_key: Callable[..., TestClient], office: Office
) -> None:
    made = office.desks.live.decide(case_from_text(TWIN + " Blindly.", "tram-6"))
    asker, other, body = (
        signed_in("moderator"),
        signed_in("moderator"),
        {"similar_to": TWIN + " Blindly.", "least": 0.9},
    )
    office.catch_up()
    answer = asker.post(f"/cases/{made.id}/second", data={"reason": "Is it one?"}, follow_redirects=False)
    assert answer.status_code in (200, 303), answer.text

    def found(who: TestClient) -> tuple[bool, bool]:
        near = who.post("/v1/search", json=body).json()["items"]
        listed = who.get(f"/v1/decisions?q=id:{made.id}").json()["items"]
        return made.id in {h["decision_id"] for h in near}, made.id in {h["decision_id"] for h in listed}

    assert found(other) == (False, False) and found(asker) == found(with_key("read")) == (True, True)


@pytest.mark.parametrize("query", ["similar=d-0000000000000000", "similar=short", "severity=x", "least=2", "rule=%00",
                                   "similar=d-0000000000000000&q=x"])  # fmt: skip
def test_a_search_that_cannot_be_is_refused(with_key: Callable[..., TestClient], query: str) -> None:
    assert with_key("read").get(f"/v1/search?{query}").status_code in (404, 422)
