"""Programs file appeals, carry the rulings of people, and are told outcomes; never who decided."""

import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from cases.case import Case, Part
from web.office import Office
from web.store import hooks

THREAT = "Keep talking, Dana. I know which bus you take home and I will be at the stop."
Key = Callable[..., TestClient]


@pytest.fixture
def acted(office: Office) -> str:
    part = Part(id="text", kind="text", text=THREAT)
    return office.desks.live.decide(Case(id=f"api-{datetime.now(UTC).timestamp()}", parts=(part,))).id


def filed(client: TestClient, decision_id: str, **more: object) -> dict[str, object]:
    answer = client.post("/v1/appeals", json={"decision_id": decision_id, "statement": "I was quoting.", **more})
    assert answer.status_code == 201, answer.text
    out: dict[str, object] = answer.json() | {"etag": answer.headers["ETag"]}
    return out


def test_an_appeal_is_filed_read_and_listed(with_key: Key, acted: str) -> None:
    program = with_key("appeals")
    made = filed(program, acted, appellant="user-1")
    assert made["contested"] == {"outcome": "act", "rule_id": "HR2", "severity": made["contested"]["severity"],  # type: ignore[index]
                                 "tier": made["contested"]["tier"], "policy": made["contested"]["policy"]}  # type: ignore[index]  # fmt: skip
    answer = program.get(f"/v1/appeals/{made['id']}")
    assert answer.json()["state"] == "open" and answer.headers["ETag"] == made["etag"]
    listed = program.get("/v1/appeals", params={"decision_id": acted}).json()
    assert [i["id"] for i in listed["items"]] == [made["id"]] and listed["counts"]["open"] == 1


def test_pages_follow_each_other_oldest_first(with_key: Key, acted: str) -> None:
    program = with_key("appeals")
    ids = [filed(program, acted, appellant=name)["id"] for name in "abc"]
    first = program.get("/v1/appeals", params={"decision_id": acted, "limit": 2}).json()
    rest = program.get("/v1/appeals", params={"decision_id": acted, "limit": 2, "after": first["next"]}).json()
    assert [i["id"] for i in (*first["items"], *rest["items"])] == ids and rest["next"] is None
    assert program.get("/v1/appeals", params={"after": "x"}).status_code == 422


def test_a_ruling_needs_the_version_a_person_and_is_told_in_coop_s_words(
    with_key: Key, office: Office, acted: str
) -> None:
    program = with_key("appeals")
    made = filed(program, acted)
    url, body = f"/v1/appeals/{made['id']}/ruling", {"verb": "overturn", "reason": "A quotation.", "decided_by": "kim"}
    assert program.post(url, json=body).status_code == 428
    assert program.post(url, json=body, headers={"If-Match": '"99"'}).status_code == 412
    nobody = program.post(url, json=body | {"decided_by": None}, headers={"If-Match": str(made["etag"])})
    assert (nobody.status_code, nobody.json()["error"]["code"]) == (422, "person_required")
    done = program.post(url, json=body, headers={"If-Match": str(made["etag"])})
    assert done.status_code == 200 and done.json()["state"] == "overturned"
    assert done.json()["ruling"]["decision"] == "ACCEPT" and done.json()["ruling"]["outcome"] == "allow"
    assert "kim" not in done.text and "pk-" not in done.text
    again = program.post(url, json=body, headers={"If-Match": done.headers["ETag"]})
    assert again.status_code in (403, 409) and "kim" not in again.text
    assert office.ledger.standing(acted).outcome == "allow"


def test_granting_is_never_recorded_as_denying(with_key: Key, office: Office) -> None:
    program = with_key("appeals")
    expected = {"uphold": "REJECT", "overturn": "ACCEPT", "change": "ACCEPT"}
    for verb, word in expected.items():
        part = Part(id="text", kind="text", text=THREAT)
        decision = office.desks.live.decide(Case(id=f"word-{verb}", parts=(part,)))
        made = filed(program, decision.id)
        body = {"verb": verb, "reason": "x", "decided_by": "kim"}
        body |= {"rule_id": "HR1", "severity": 40} if verb == "change" else {}
        done = program.post(f"/v1/appeals/{made['id']}/ruling", json=body, headers={"If-Match": str(made["etag"])})
        assert done.json()["ruling"]["decision"] == word, done.text
        assert program.get(f"/v1/appeals/{made['id']}/callback").json()["appealDecision"] == word


def test_the_fresh_judgement_is_hidden_from_a_program_until_its_person_has_looked(with_key: Key, acted: str) -> None:
    program = with_key("appeals")
    url = f"/v1/appeals/{filed(program, acted)['id']}"
    assert program.get(f"{url}/fresh", params={"decided_by": "kim"}).json()["error"]["code"] == "blind"
    assert program.post(f"{url}/look", json={"outcome": "allow", "decided_by": "kim"}).status_code == 204
    found = program.get(f"{url}/fresh", params={"decided_by": "kim"})
    assert found.status_code == 200 and found.json()["then"]["voices"]
    assert found.json()["then"]["decision"]["chain"] == [] and found.json()["then"]["decision"]["critiques"] == []
    assert program.get(f"{url}/fresh", params={"decided_by": "lee"}).status_code == 403


def test_coop_s_body_files_an_appeal_and_the_callback_has_coop_s_shape(
    with_key: Key, office: Office, acted: str
) -> None:
    program = with_key("appeals")
    secret = program.headers.pop("Authorization").removeprefix("Bearer ")
    case_id = office.ledger.decision(acted).case_id
    body = {
        "appealId": f"coop-{acted}", "appealedBy": {"typeId": "user", "id": "u-9"}, "appealedAt": "2026-03-01T10:00:00Z",
        "actionedItem": {"id": case_id, "data": {"text": THREAT}, "typeId": "post"}, "actionsTaken": ["remove"],
        "appealReason": "I was quoting.", "violatingPolicies": [{"id": "threats"}], "somethingNew": 1,
        "additionalItems": [{"id": "x", "typeId": "post", "data": {"text": "The message that he sent me."}}],
    }  # fmt: skip
    assert program.post("/v1/report/appeal", json=body).status_code == 401
    headers = {"X-API-KEY": secret}
    assert program.post("/v1/report/appeal", json=body, headers=headers).status_code == 204
    assert program.post("/v1/report/appeal", json=body, headers=headers).status_code == 204  # sent again: the same
    unknown = body | {"appealId": "other", "actionedItem": {"id": "never-seen", "typeId": "post", "data": {}}}
    assert program.post("/v1/report/appeal", json=unknown, headers=headers).status_code == 400
    program.headers["Authorization"] = f"Bearer {secret}"
    (one,) = program.get("/v1/appeals", params={"decision_id": acted}).json()["items"]
    assert (one["outside_id"], one["appellant"], one["filed"][:10]) == (f"coop-{acted}", "u-9", "2026-03-01")
    assert one["extra"] == ["The message that he sent me."]
    tag = program.get(f"/v1/appeals/{one['id']}").headers["ETag"]
    ruling = {"verb": "uphold", "reason": "x", "decided_by": "kim"}
    assert program.post(f"/v1/appeals/{one['id']}/ruling", json=ruling, headers={"If-Match": tag}).status_code == 200
    told = program.get(f"/v1/appeals/{one['id']}/callback").json()
    assert told == {
        "appealId": f"coop-{acted}", "item": {"id": case_id, "typeId": "post"},
        "appealedBy": {"id": "u-9", "typeId": "user"}, "appealDecision": "REJECT", "custom": told["custom"],
    }  # fmt: skip


def test_a_hook_that_wants_appeals_is_sent_the_callback_once(with_key: Key, office: Office, acted: str) -> None:
    with office.store.writing() as connection:
        hook, _ = hooks.add(office.store.seal, "u", "https://platform.example/hook", ("appeal",),
                            office.ledger.head().count, connection)  # fmt: skip
    program = with_key("appeals")
    made = filed(program, acted)
    ruling = {"verb": "overturn", "reason": "x", "decided_by": "kim"}
    program.post(f"/v1/appeals/{made['id']}/ruling", json=ruling, headers={"If-Match": str(made["etag"])})
    (sent,) = hooks.deliveries(office.store, hook.id)
    assert (sent.type, sent.event) == ("appeal", f"evt-{made['id']}")
    table = hooks.DELIVERIES
    with office.store.writing() as connection:
        body = connection.execute(sa.select(table.c.body).where(table.c.id == sent.id)).scalar_one()
        hooks.remove(hook.id, connection)
    assert json.loads(body)["data"]["appealDecision"] == "ACCEPT" and "kim" not in body


def test_keys_without_the_scope_and_moderators_see_no_appeal(
    with_key: Key, signed_in: Callable[..., TestClient], acted: str
) -> None:
    made = filed(with_key("appeals"), acted)
    for client in (with_key("moderate"), with_key("read"), signed_in("moderator"), signed_in("author")):
        assert client.get(f"/v1/appeals/{made['id']}").status_code == 403
        assert client.post("/v1/appeals", json={"decision_id": acted}).status_code == 403


@pytest.mark.parametrize(
    ("body", "status", "param"),
    [
        ({"decision_id": "d-0000000000000000"}, 404, "decision_id"),
        ({"decision_id": "x", "statement": "y" * 10_001}, 422, "statement"),
        ({"decision_id": "x", "country": "XX"}, 422, "country"),
        ({"decision_id": "x", "unknown": 1}, 422, "unknown"),
        ({}, 422, "decision_id"),
    ],
)
def test_bad_filings_say_which_field(with_key: Key, body: dict[str, object], status: int, param: str) -> None:
    answer = with_key("appeals").post("/v1/appeals", json=body)
    assert (answer.status_code, answer.json()["error"]["param"]) == (status, param)


def test_an_unknown_appeal_is_404_on_every_path(with_key: Key) -> None:
    program = with_key("appeals")
    for path in ("", "/fresh?decided_by=kim", "/notice", "/callback"):
        assert program.get(f"/v1/appeals/a-nowhere{path}").status_code == 404, path
