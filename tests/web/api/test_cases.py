import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from fastapi.testclient import TestClient

from cases.intake import case_from_text
from tests.web.api.conftest import KIND, THREAT, picture
from web.office import Office
from web.store import submissions
from web.store.submissions import SUBMISSIONS
from web.work.intake import id_of

PATH = "/v1/cases"


def events(text: str) -> list[tuple[str, dict[str, object]]]:
    out = []
    for block in text.strip().split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if lines:
            out.append((lines["event"], json.loads(lines["data"])))
    return out


def test_a_case_is_decided_and_can_be_read_again(with_key: Callable[..., TestClient], office: Office) -> None:
    sender = with_key("moderate")
    made = sender.post(PATH, json={"id": "comment-1", "text": THREAT, "surface": "comment"})
    body = made.json()
    assert made.status_code == 201 and made.headers["location"] == f"{PATH}/{body['id']}"
    assert (body["state"], body["case_id"], body["decision"]["outcome"]) == ("decided", "comment-1", "act")
    assert sender.get(f"{PATH}/{body['id']}").json() == body
    assert office.ledger.decision(body["decision"]["decision_id"]).case_id == "comment-1"


def test_the_parts_of_an_ad_keep_their_names(with_key: Callable[..., TestClient], office: Office) -> None:
    sent = {"parts": {"caption": KIND, "title": "Cake"}, "surface": "ad"}
    body = with_key("moderate").post(PATH, json=sent).json()
    case = office.ledger.case(office.ledger.decision(body["decision"]["decision_id"]).case_digest)
    assert [(p.id, p.kind) for p in case.parts] == [("title", "title"), ("caption", "caption")]


def test_one_key_gives_one_answer(with_key: Callable[..., TestClient], office: Office) -> None:
    sender, sent = with_key("moderate"), {"text": f"{KIND} With a key."}
    before = office.ledger.head().count
    first = sender.post(PATH, json=sent, headers={"Idempotency-Key": "k-1"})
    again = sender.post(PATH, json=sent, headers={"Idempotency-Key": "k-1"})
    assert again.json() == first.json() and again.status_code == first.status_code == 201
    assert "idempotent-replayed" not in first.headers and again.headers["idempotent-replayed"] == "true"
    assert office.ledger.head().count == before + 1


def test_one_key_with_another_body_is_refused(with_key: Callable[..., TestClient]) -> None:
    sender = with_key("moderate")
    sender.post(PATH, json={"text": KIND}, headers={"Idempotency-Key": "k-2"})
    refused = sender.post(PATH, json={"text": f"{KIND}!"}, headers={"Idempotency-Key": "k-2"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "idempotency_mismatch")
    assert (
        with_key("moderate").post(PATH, json={"text": "Mine."}, headers={"Idempotency-Key": "k-2"}).status_code == 201
    )


def test_a_refused_body_leaves_its_key_free(with_key: Callable[..., TestClient]) -> None:
    sender = with_key("moderate")
    assert sender.post(PATH, json={"text": " "}, headers={"Idempotency-Key": "k-3"}).status_code == 400
    assert sender.post(PATH, json={"text": KIND}, headers={"Idempotency-Key": "k-3"}).status_code == 201


def test_of_requests_that_race_with_one_key_one_is_decided(with_key: Callable[..., TestClient], office: Office) -> None:
    sender, sent = with_key("moderate"), {"text": f"{KIND} A race."}
    before = office.ledger.head().count
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: sender.post(PATH, json=sent, headers={"Idempotency-Key": "race"}), range(4)))
    assert {a.status_code for a in answers} <= {201, 409}
    assert len({a.json()["id"] for a in answers if a.status_code == 201}) == 1
    assert office.ledger.head().count == before + 1


def test_who_does_not_wait_reads_the_decision_later(address: str, secret: Callable[..., str]) -> None:
    with httpx.Client(
        base_url=address, headers={"Authorization": f"Bearer {secret('moderate')}"}, timeout=60
    ) as client:
        made = client.post(f"{PATH}?wait=false", json={"text": THREAT})
        assert made.status_code in (201, 202)
        told = events(client.get(made.json()["steps"]).text)
        assert told[-1][0] == "decision"
        assert client.get(made.headers["location"]).json()["state"] == "decided"


def test_a_deadline_that_is_over_is_answered_with_what_there_is(with_key: Callable[..., TestClient]) -> None:
    sender = with_key("moderate")
    made = sender.post(PATH, json={"text": THREAT}, headers={"Precept-Deadline": "0.001"})
    assert (made.status_code, made.json()["state"], made.json()["decision"]) == (202, "deciding", None)
    assert events(sender.get(made.json()["steps"]).text)[-1][1]["state"] == "decided"


def test_the_steps_come_in_order_and_a_program_sees_no_detail(with_key: Callable[..., TestClient]) -> None:
    sender = with_key("moderate", "read", "review", "policies")
    made = sender.post(PATH, json={"text": THREAT}).json()
    told = events(sender.get(made["steps"]).text)
    assert [name for name, _ in told] == ["step"] * (len(told) - 1) + ["decision"]
    assert [step["step"] for _, step in told[:-1]][:3] == ["perceive", "route", "retrieve"]
    assert all(step["detail"] is None and step["label"] for _, step in told[:-1])
    assert all(step["label"] != step["step"] for _, step in told[:-1])


def test_the_steps_go_on_after_the_last_one_that_was_seen(with_key: Callable[..., TestClient]) -> None:
    sender = with_key("moderate")
    made = sender.post(PATH, json={"text": KIND}).json()
    told = events(sender.get(made["steps"], headers={"Last-Event-ID": "2"}).text)
    assert told[0][1]["n"] == 3 if told[0][0] == "step" else told[0][0] == "decision"


def test_a_person_who_may_read_cases_sees_what_each_step_found(signed_in: Callable[..., TestClient]) -> None:
    person = signed_in("moderator")
    made = person.post(PATH, json={"text": THREAT}).json()
    told = {step["step"]: step["detail"] for name, step in events(person.get(made["steps"]).text) if name == "step"}
    assert "HR2" in str(told["retrieve"]) and told["record"]


def test_only_the_sender_and_readers_may_read_a_case_and_only_readers_its_content(
    with_key: Callable[..., TestClient],
) -> None:
    sender = with_key("moderate")
    made = sender.post(PATH, json={"text": THREAT}).json()
    assert sender.get(f"{PATH}/{made['id']}").json()["content"] is None
    assert with_key("moderate").get(f"{PATH}/{made['id']}").status_code == 404
    assert with_key("moderate").get(made["steps"]).status_code == 404
    reader = with_key("moderate", "read").get(f"{PATH}/{made['id']}").json()
    assert reader["content"]["parts"][0]["text"] == THREAT


def test_a_file_is_kept_under_its_digest_and_its_place_is_told_to_nobody(
    with_key: Callable[..., TestClient], signed_in: Callable[..., TestClient], office: Office
) -> None:
    sent = {"text": KIND, "media": [{"type": "image", "data": picture(33)}]}
    made = with_key("moderate").post(PATH, json=sent).json()
    case = office.ledger.case(office.ledger.decision(made["decision"]["decision_id"]).case_digest)
    (medium,) = case.media
    assert medium.path.startswith(str(office.settings.home / "uploads"))
    read = signed_in("moderator").get(f"{PATH}/{made['id']}").text
    assert str(office.settings.home) not in read and "image-1" in read
    assert made["decision"]["outcome"] == "review"
    assert office.desks.live.waiting(made["decision"]["decision_id"])


@pytest.mark.parametrize(
    ("sent", "status", "param"),
    [
        ({"text": "a", "parts": {"title": "b"}}, 422, ""),
        ({"text": KIND, "media": [{"type": "image", "path": "/etc/passwd"}]}, 422, "media.0"),
        ({"text": KIND, "media": [{"type": "image", "data": "/etc/passwd"}]}, 400, "media[0].data"),
        ({"text": KIND, "media": [{"type": "video", "data": picture()}]}, 400, "media[0].data"),
        ({"text": KIND, "id": ""}, 422, "id"),
        ({"text": KIND, "locale": "../x"}, 422, "locale"),
        ({"text": "a\0"}, 400, "text"),
        ({"text": "\ud800"}, 422, "text"),
        ({}, 400, "text"),
        ({"text": KIND, "rule": "HR2"}, 422, "rule"),
    ],
)  # fmt: skip
def test_a_bad_case_is_refused_with_the_field_that_is_wrong(
    with_key: Callable[..., TestClient], office: Office, sent: dict[str, object], status: int, param: str
) -> None:
    before = office.ledger.head().count
    answer = with_key("moderate").post(PATH, content=json.dumps(sent), headers={"Content-Type": "application/json"})
    assert answer.status_code == status, answer.text
    assert str(answer.json()["error"]["param"]).startswith(param)
    assert office.ledger.head().count == before


@pytest.mark.parametrize("name", ["c-0000000000000000", "x", "../etc", "c-" + "0" * 400])
def test_an_unknown_case_is_told(with_key: Callable[..., TestClient], name: str) -> None:
    answer = with_key("moderate").get(f"{PATH}/{name}")
    assert answer.status_code in (404, 422) and answer.json()["error"]["message"]


def test_a_case_that_a_restart_broke_off_is_decided_when_somebody_asks(
    with_key: Callable[..., TestClient], office: Office
) -> None:
    made = submissions.add(office.store, "pk-gone", case_from_text(THREAT, "left"), submissions.new_id())
    with office.store.writing() as connection:
        connection.execute(
            SUBMISSIONS.update().where(SUBMISSIONS.c.id == made.id).values(owner="here:1:gone", beat="2020")
        )
    told = events(with_key("moderate", "read").get(f"{PATH}/{made.id}/steps").text)
    assert (told[-1][0], told[-1][1]["decision"]["outcome"]) == ("decision", "act")  # type: ignore[index]


def test_a_case_that_was_on_record_when_a_restart_broke_off_is_not_decided_again(
    with_key: Callable[..., TestClient], office: Office
) -> None:
    made = submissions.add(office.store, "pk-gone", case_from_text(THREAT, "left-late"), submissions.new_id())
    (one,) = {d.id for s in office.desks.live.stream(case_from_text(THREAT, "left-late"), id_of(made.id))
              if (d := s.fields.get("decision"))}  # fmt: skip
    with office.store.writing() as connection:
        connection.execute(
            SUBMISSIONS.update().where(SUBMISSIONS.c.id == made.id).values(owner="here:1:gone", beat="2020")
        )
    told = events(with_key("moderate", "read").get(f"{PATH}/{made.id}/steps").text)
    assert (told[-1][0], told[-1][1]["decision"]["decision_id"]) == ("decision", one)  # type: ignore[index]
    assert [d.id for d in office.ledger.decisions(case_id="left-late")] == [one]
