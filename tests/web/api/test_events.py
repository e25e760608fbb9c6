from collections.abc import Callable

import httpx
import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cases.intake import case_from_text
from tests.web.api.conftest import KIND, THREAT
from tests.web.api.test_cases import events
from web.office import Office
from web.work.happenings import Happening, place

PATH = "/v1/events"
# What a program may send where an id belongs: ids, ids that went wrong, and anything else.
IDS = st.one_of(
    st.integers(-2, 10**18).map(lambda n: f"evt-{n}"), st.integers(-2, 10**18).map(str), st.text(max_size=60),
    st.sampled_from(["evt-0", "EVT-1", " evt-1 ", "evt-1\n", "evt--1", "evt-1e3", "evt-\u0661", "\u00b2", "evt-01", ""]),
)  # fmt: skip
NUMBERS = st.one_of(
    st.integers(-3, 20_000).map(str), st.sampled_from(["", "x", "1.5", "1e2", "\u0663", "true", "9" * 40])
)
ASKED = st.fixed_dictionaries({}, optional={"after": IDS, "limit": NUMBERS, "unknown": st.text(max_size=9)})
SENT = st.one_of(st.none(), IDS.map(lambda s: s.encode("utf-8", "replace").replace(b"\n", b"").replace(b"\r", b"")))


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


def test_whatever_is_asked_for_the_stream_is_well_formed_and_ends(
    with_key: Callable[..., TestClient], office: Office
) -> None:
    office.desks.live.decide(case_from_text(THREAT, "fuzzed"))
    reader, head = with_key("read"), office.ledger.head().count
    seen = set()

    @settings(max_examples=50, deadline=None, database=None, derandomize=True,
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(asked=ASKED, sent=SENT)
    def ask(asked: dict[str, str], sent: bytes | None) -> None:
        headers = {} if sent is None else {b"Last-Event-ID": sent}
        answer = reader.get(PATH, params={"wait": "false", **asked}, headers=headers)  # type: ignore[arg-type]
        seen.add(answer.status_code)
        assert answer.status_code in (200, 422), answer.text
        if answer.status_code == 422:
            assert (
                set(answer.json()["error"]) == {"message", "type", "param", "code"} and answer.json()["error"]["param"]
            )
            return
        assert answer.headers["content-type"].startswith("text/event-stream")
        told = [Happening.model_validate(data) for _, data in events(answer.text)]
        places = [place(one.id) or 0 for one in told]
        assert [kind for kind, _ in events(answer.text)] == [one.type for one in told]
        begun = place((sent or b"").decode("latin-1") or asked.get("after", "")) or 0
        assert places == sorted(set(places)) and all(begun < p for p in places)
        assert "limit" not in asked or len(told) <= int(asked["limit"])

    ask()
    assert seen == {200, 422}
    # Who waits, and asks for no more than is there, is not kept waiting.
    told = events(reader.get(f"{PATH}?wait=true&after=evt-{head - 1}&limit=1").text)
    assert [e["data"]["id"] for _, e in told] == ["fuzzed"]  # type: ignore[index]
