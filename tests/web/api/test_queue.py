from collections.abc import Callable

from fastapi.testclient import TestClient

from tests.web.api.conftest import KIND, picture


def waiting(caller: TestClient, colour: int) -> str:
    """Have a case decided that has to wait, as it holds a picture; return its decision."""
    parts = [{"type": "text", "text": f"{KIND} {colour}"}, {"type": "image_url", "image_url": {"url": picture(colour)}}]
    made = caller.post("/v1/moderations", json={"input": parts}).json()
    return str(made["results"][0]["precept"]["decision_id"])


def test_what_waits_is_listed_until_somebody_decides(
    signed_in: Callable[..., TestClient], with_key: Callable[..., TestClient]
) -> None:
    made, person = waiting(with_key("moderate"), 41), signed_in("moderator")
    listed = {item["decision_id"]: item for item in person.get("/v1/queue?limit=200").json()["items"]}
    assert listed[made]["state"] == "waiting"
    body, tag = {"outcome": "allow", "reason": "A cake."}, {"If-Match": f'"{listed[made]["version"]}"'}
    assert person.post(f"/v1/decisions/{made}/rulings", json=body, headers=tag).status_code == 201
    assert made not in {item["decision_id"] for item in person.get("/v1/queue?limit=200").json()["items"]}


def test_a_case_is_in_the_hands_of_one_at_a_time(
    signed_in: Callable[..., TestClient], with_key: Callable[..., TestClient]
) -> None:
    made, one, two = waiting(with_key("moderate"), 42), signed_in("moderator"), signed_in("moderator")
    assert one.post(f"/v1/queue/{made}/claim").json()["decision_id"] == made
    refused = two.post(f"/v1/queue/{made}/claim")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "claimed")
    assert one.delete(f"/v1/queue/{made}/claim").status_code == 204
    assert two.post(f"/v1/queue/{made}/claim").status_code == 200


def test_next_gives_each_reviewer_another_case(
    signed_in: Callable[..., TestClient], with_key: Callable[..., TestClient]
) -> None:
    sender = with_key("moderate")
    made = {waiting(sender, 43), waiting(sender, 44)}
    ids = [
        signed_in("moderator").post("/v1/queue/next", json={"q": "has:media", "sort": "-at"}).json()["decision_id"]
        for _ in range(2)
    ]
    assert set(ids) == made


def test_next_says_so_where_nothing_waits(signed_in: Callable[..., TestClient]) -> None:
    answer = signed_in("moderator").post("/v1/queue/next", json={"q": '"no such words anywhere"'})
    assert (answer.status_code, answer.content) == (204, b"")


def test_the_queue_is_for_reviewers(with_key: Callable[..., TestClient], signed_in: Callable[..., TestClient]) -> None:
    assert with_key("read").get("/v1/queue").status_code == 403
    assert signed_in("author").get("/v1/queue").status_code == 403
    assert with_key("review").get("/v1/queue").status_code == 200


def test_an_unknown_case_cannot_be_claimed(signed_in: Callable[..., TestClient]) -> None:
    answer = signed_in("moderator").post("/v1/queue/d-0000000000000000/claim")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "unknown_decision")
