from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

from cases.intake import case_from_text
from tests.web.api.conftest import KIND
from web.office import Office

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


@pytest.mark.parametrize("query", ["similar=d-0000000000000000", "similar=short", "severity=x", "least=2", "rule=%00",
                                   "similar=d-0000000000000000&q=x"])  # fmt: skip
def test_a_search_that_cannot_be_is_refused(with_key: Callable[..., TestClient], query: str) -> None:
    assert with_key("read").get(f"/v1/search?{query}").status_code in (404, 422)
