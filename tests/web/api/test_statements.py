"""A client of the DSA's database works here: the same bodies, the same errors by field, all of a batch or nothing."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from fastapi.testclient import TestClient

from cases.case import Case, Part
from cases.decision import Edit
from web.api.statements import EXAMPLE
from web.office import Office

THREAT = "Keep talking, Dana. I know which bus you take home and I will be at the stop."
Key = Callable[..., TestClient]


def example(puid: str, **changes: object) -> dict[str, object]:
    assert isinstance(EXAMPLE, dict)
    return {**EXAMPLE, "puid": f"{puid}-{datetime.now(UTC).timestamp()}".replace(".", "-"), **changes}


@pytest.fixture
def sender(with_key: Key) -> TestClient:
    return with_key("appeals", "read")


def test_a_valid_statement_is_taken_in_and_found_by_its_puid(sender: TestClient) -> None:
    body = example("one")
    made = sender.post("/v1/statement", json=body)
    assert made.status_code == 201 and made.json()["statement"] == body
    found = sender.get(f"/v1/statement/existing-puid/{body['puid']}", follow_redirects=False)
    assert (found.status_code, found.headers["location"]) == (302, made.json()["self"])
    assert sender.get(made.json()["self"]).json()["uuid"] == made.json()["uuid"]
    assert sender.get("/v1/statement/existing-puid/never-used").status_code == 404
    assert made.json()["uuid"] in [i["uuid"] for i in sender.get("/v1/statements").json()["items"]]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"category": "NO_CATEGORY"}, "category"),
        ({"decision_visibility": None}, "decision_visibility"),
        ({"incompatible_content_ground": None}, "incompatible_content_ground"),
        ({"content_language": "en"}, "content_language"),
        ({"content_date": "5 January"}, "content_date"),
        ({"territorial_scope": ["AT", "AT"]}, "territorial_scope"),
        ({"automated_decision": "Yes"}, "automated_decision"),
        ({"decision_facts": "Write to ann@mail.example about it."}, "decision_facts"),
        ({"invented": 1}, "invented"),
    ],
)
def test_an_error_is_mapped_to_its_field_in_both_shapes(
    sender: TestClient, changes: dict[str, object], field: str
) -> None:
    answer = sender.post("/v1/statement", json=example("bad", **changes))
    assert answer.status_code == 422
    assert any(key.split(".")[0] == field for key in answer.json()["errors"]), answer.json()["errors"]
    assert answer.json()["message"] and set(answer.json()["error"]) == {"message", "type", "param", "code"}


def test_a_puid_is_used_once(sender: TestClient) -> None:
    body = example("twice")
    uuid = sender.post("/v1/statement", json=body).json()["uuid"]
    again = sender.post("/v1/statement", json=body)
    assert again.status_code == 422 and again.json()["existing"] == {body["puid"]: uuid}
    assert "puid" in again.json()["errors"]


def test_a_batch_is_taken_whole_or_not_at_all(sender: TestClient) -> None:
    good, bad = example("good"), example("worse", category="NO")
    refused = sender.post("/v1/statements", json={"statements": [good, bad, 7]})
    assert refused.status_code == 422 and set(refused.json()["errors"]) == {"statement_1", "statement_2"}
    assert "category" in refused.json()["errors"]["statement_1"]
    assert sender.get(f"/v1/statement/existing-puid/{good['puid']}").status_code == 404
    taken = sender.post("/v1/statements", json={"statements": [good, example("better")]})
    assert taken.status_code == 201 and len(taken.json()["statements"]) == 2


def test_a_puid_twice_in_one_batch_or_used_before_names_the_statement(sender: TestClient) -> None:
    one = example("same")
    twice = sender.post("/v1/statements", json={"statements": [one, one]})
    assert twice.status_code == 422 and list(twice.json()["errors"]) == ["statement_1"]
    sender.post("/v1/statement", json=one)
    used = sender.post("/v1/statements", json={"statements": [example("fresh"), one]})
    assert used.status_code == 422 and list(used.json()["errors"]) == ["statement_1"]


def test_a_batch_holds_1_to_100(sender: TestClient) -> None:
    many = [example(f"n{i}") for i in range(101)]
    assert sender.post("/v1/statements", json={"statements": many}).status_code == 422
    assert sender.post("/v1/statements", json={"statements": []}).status_code == 422
    assert sender.post("/v1/statements", json={"statements": many[:100]}).status_code == 201


def test_a_draft_is_made_from_a_decision_and_can_be_sent_as_it_is(sender: TestClient, office: Office) -> None:
    part = Part(id="text", kind="text", text=THREAT)
    decision = office.desks.live.decide(Case(id="drafted", parts=(part,)))
    made = sender.post("/v1/statements/draft", json={"decision_id": decision.id, "content_date": "2026-02-03"})
    assert made.status_code == 200 and made.json()["warnings"] == {}
    body = {k: v for k, v in made.json()["statement"].items() if v is not None}
    assert (body["content_date"], body["automated_decision"]) == ("2026-02-03", "AUTOMATED_DECISION_FULLY")
    assert sender.post("/v1/statement", json=body).status_code == 201
    guessed = sender.post("/v1/statements/draft", json={"decision_id": decision.id}).json()
    assert "give the day of publication" in guessed["warnings"]["content_date"][0]


def test_nothing_is_due_for_what_is_allowed(sender: TestClient, office: Office) -> None:
    part = Part(id="text", kind="text", text="Lovely weather for the bake sale, see you all at noon!")
    decision = office.desks.live.decide(Case(id="fine", parts=(part,)))
    refused = sender.post("/v1/statements/draft", json={"decision_id": decision.id})
    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "no_statement")


def test_a_key_without_the_scope_sends_none(with_key: Key) -> None:
    assert with_key("moderate").post("/v1/statement", json=example("no")).status_code == 403


def test_to_uphold_or_repeat_a_decision_does_not_begin_the_restriction_anew(sender: TestClient, office: Office) -> None:
    part = Part(id="text", kind="text", text=THREAT)
    decision = office.desks.live.decide(Case(id="since", parts=(part,)))

    def drafted_after(number: int, day: int, rule_id: str, severity: int | None) -> str:
        at = datetime(2030, 1, day, tzinfo=UTC)
        office.ledger.edit(Edit(id=f"e-{number}-{decision.id}", decision_id=decision.id, by="u", outcome="act",
                                rule_id=rule_id, severity=severity, reason="x", at=at))  # fmt: skip
        made = sender.post("/v1/statements/draft", json={"decision_id": decision.id}).json()
        return str(made["statement"]["application_date"])

    assert drafted_after(1, 10, "HR2", None) == decision.at.date().isoformat()
    assert drafted_after(2, 11, "HR1", 40) == "2030-01-11"
    assert drafted_after(3, 12, "HR1", None) == "2030-01-11"
