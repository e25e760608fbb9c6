from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

from web.number import LARGEST, whole

NONE = ["", "²", "٣", "-1", "+1", "1.0", "1e3", "0x1", "1_000", str(LARGEST + 1), "9" * 5000, "NaN"]


@pytest.mark.parametrize("text", NONE)
def test_what_is_no_plain_whole_number_is_none(text: str) -> None:
    assert whole(text) is None
    assert whole(" 007 ") == 7 and whole(str(LARGEST)) == LARGEST


@pytest.mark.parametrize("bad", ["²", "9" * 30, "9" * 5000])
def test_a_number_that_is_none_is_refused_wherever_one_is_asked_for(
    signed_in: Callable[..., TestClient], with_key: Callable[..., TestClient], bad: str
) -> None:
    admin, reader = signed_in("admin"), with_key("read", "review")
    form = {"ids": [f"d-0000000000000000:{bad}"], "outcome": "act", "reason": "x", "severity": "1"}
    answers = [
        admin.post("/bulk", data=form),
        admin.post("/bulk", data=form | {"ids": ["d-0000000000000000:1"], "severity": bad}),
        admin.post(f"/settings/filters/{bad}/remove"),
        admin.get("/admin/journal", params={"before": bad}),
        reader.get("/v1/decisions", params={"q": f"severity:>{bad[:40]}"}),
        reader.get("/v1/decisions", params={"sort": "severity", "after": f"{bad[:40]}~5"}),
        reader.get("/v1/queue", params={"sort": "severity", "after": f"5~{bad[:40]}"}),
    ]
    assert [a.status_code for a in answers] == [422] * len(answers), [a.text[:300] for a in answers]
    assert all(len(a.text) < 20_000 for a in answers)


@pytest.mark.parametrize("bad", ["score:nan", "score:inf", "score:x", "severity:-5", "at:9999-99-99"])
def test_a_search_for_what_is_no_value_is_refused(with_key: Callable[..., TestClient], bad: str) -> None:
    answer = with_key("read").get("/v1/decisions", params={"q": bad})
    assert (answer.status_code, answer.json()["error"]["param"]) == (422, "q")
