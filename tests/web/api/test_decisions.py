from collections.abc import Callable
from importlib.resources import files

import pytest
from fastapi.testclient import TestClient

from cases.case import Case
from cases.decision import Decision
from cases.intake import case_from_text, read_line
from tests.web.api.conftest import KIND, THREAT
from web.office import Office
from web.store import accounts, journal

PATH = "/v1/decisions"


@pytest.fixture
def made(office: Office) -> Callable[[str], Decision]:
    return lambda text: office.desks.live.decide(case_from_text(text, "case-17", surface="comment"))


@pytest.fixture(scope="module")
def reasoned(served: TestClient) -> Decision:
    """A decision that was reasoned about, so that there is a chain to keep to oneself."""
    office: Office = served.app.state.office  # type: ignore[attr-defined]
    body = files("cases").joinpath("examples.jsonl").read_bytes()
    for n, line in enumerate(body.splitlines(), 1):
        case = read_line(line, n)
        assert isinstance(case, Case)
        decision = office.desks.live.decide(case)
        if decision.chain:
            return decision
    raise AssertionError("no example is reasoned about")


def test_a_decision_is_read_with_its_content_and_its_version_as_etag(
    with_key: Callable[..., TestClient], made: Callable[[str], Decision]
) -> None:
    decision, reader = made(THREAT), with_key("read")
    answer = reader.get(f"{PATH}/{decision.id}")
    assert answer.headers["etag"] == '"1"'
    assert answer.json()["content"]["parts"] == [{"id": "text", "kind": "text", "text": THREAT}]
    assert reader.get(f"{PATH}/{decision.id[:12]}").json()["decision_id"] == decision.id
    assert reader.get(f"{PATH}/{decision.id}", headers={"If-None-Match": '"1"'}).status_code == 304
    assert reader.get(f"{PATH}/{decision.id}", headers={"If-None-Match": '"2"'}).status_code == 200


def test_a_reading_goes_into_the_journal(
    with_key: Callable[..., TestClient], made: Callable[[str], Decision], office: Office
) -> None:
    decision = made(THREAT)
    with_key("read").get(f"{PATH}/{decision.id}")
    assert [line.act for line in journal.lines(office.store, subject=decision.id)] == ["case.read"]


def test_a_ruling_is_recorded_beside_the_decision_and_tells_what_holds(
    signed_in: Callable[..., TestClient], with_key: Callable[..., TestClient], made: Callable[[str], Decision]
) -> None:
    decision, person = made(THREAT), signed_in("moderator")
    tag = person.get(f"{PATH}/{decision.id}").headers["etag"]
    ruled = person.post(
        f"{PATH}/{decision.id}/rulings", json={"outcome": "allow", "reason": "A quotation."}, headers={"If-Match": tag}
    )
    assert ruled.status_code == 201 and ruled.headers["etag"] != tag
    now = with_key("read").get(f"{PATH}/{decision.id}").json()
    assert (now["outcome"], now["system_outcome"], now["rule_id"], now["severity"]) == ("allow", "act", None, 0)
    assert now["version"] == ruled.json()["version"] and now["edited"] is not None
    assert "HR2" not in now["rationale"] and "bus stop" not in now["rationale"]


@pytest.mark.parametrize(("tag", "status"), [(None, 428), ('"99"', 412), ("W/x", 412), ('"1', 201), ('W/"1"', 201)])
def test_a_ruling_needs_the_version_that_was_looked_at(
    signed_in: Callable[..., TestClient], made: Callable[[str], Decision], tag: str | None, status: int
) -> None:
    decision = made(THREAT)
    headers = {} if tag is None else {"If-Match": tag}
    body = {"outcome": "allow", "reason": "A quotation."}
    assert (
        signed_in("moderator").post(f"{PATH}/{decision.id}/rulings", json=body, headers=headers).status_code == status
    )


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"outcome": "allow"}, "reason"),
        ({"outcome": "allow", "reason": " "}, "reason"),
        ({"outcome": "review", "reason": "x"}, "outcome"),
        ({"outcome": "act", "rule_id": "XX9", "reason": "x"}, "rule_id"),
        ({"outcome": "act", "severity": 101, "reason": "x"}, "severity"),
        ({"outcome": "allow", "severity": 5, "reason": "x"}, "severity"),
        ({"outcome": "allow", "reason": "x", "by": "somebody"}, "by"),
    ],
)
def test_a_ruling_that_fits_no_rule_is_refused_whole(
    signed_in: Callable[..., TestClient],
    made: Callable[[str], Decision],
    office: Office,
    body: dict[str, object],
    param: str,
) -> None:
    decision = made(THREAT)
    answer = signed_in("moderator").post(f"{PATH}/{decision.id}/rulings", json=body, headers={"If-Match": '"1"'})
    assert (answer.status_code, answer.json()["error"]["param"]) == (422, param)
    assert office.ledger.edits(decision.id) == ()


def test_who_may_not_review_may_not_rule(
    signed_in: Callable[..., TestClient], with_key: Callable[..., TestClient], made: Callable[[str], Decision]
) -> None:
    path, body = f"{PATH}/{made(THREAT).id}/rulings", {"outcome": "allow", "reason": "x"}
    for caller in (signed_in("author"), with_key("read"), with_key("moderate")):
        assert caller.post(path, json=body, headers={"If-Match": '"1"'}).status_code == 403


def test_of_two_rulings_on_one_version_one_is_taken(
    signed_in: Callable[..., TestClient], made: Callable[[str], Decision], office: Office
) -> None:
    decision, body = made(THREAT), {"outcome": "allow", "reason": "A quotation."}
    first, second = signed_in("moderator"), signed_in("moderator")
    path, headers = f"{PATH}/{decision.id}/rulings", {"If-Match": '"1"'}
    assert first.post(path, json=body, headers=headers).status_code == 201
    assert second.post(path, json=body, headers=headers).status_code == 412
    assert len(office.ledger.edits(decision.id)) == 1


def test_a_list_is_cut_into_pages_that_follow_on_each_other(
    with_key: Callable[..., TestClient], made: Callable[[str], Decision]
) -> None:
    ids = [made(f"{KIND} Page {n}.").id for n in range(5)]
    reader, seen, after = with_key("read"), [], None
    while len(seen) < 5:
        answer = reader.get(PATH, params={"limit": 2, "q": '"page "'} | ({"after": after} if after else {})).json()
        seen += [item["decision_id"] for item in answer["items"]]
        after = answer["next"]
        if after is None:
            break
    assert seen[:5] == ids[::-1]


def test_a_list_is_filtered_by_fields_and_by_prefixes_alike(
    with_key: Callable[..., TestClient], made: Callable[[str], Decision]
) -> None:
    decision, reader = made(THREAT), with_key("read")
    by_field = reader.get(PATH, params={"outcome": "act", "rule_id": "HR2", "severity_from": 1, "total": True}).json()
    by_text = reader.get(PATH, params={"q": "outcome:act rule:HR2 severity:>=1", "total": True}).json()
    assert by_field == by_text and by_field["items"][0]["decision_id"] == decision.id
    assert by_field["total"] >= 1
    assert reader.get(PATH, params={"outcome": "allow", "rule_id": "HR2"}).json()["items"] == []


@pytest.mark.parametrize("query", ["q=colour:red", 'q="', "sort=colour", "after=x", "limit=0", "limit=1000",
                                   "outcome=perhaps", "rule_id=a%20b", "severity_from=101"])  # fmt: skip
def test_a_list_that_cannot_be_read_is_refused(with_key: Callable[..., TestClient], query: str) -> None:
    answer = with_key("read").get(f"{PATH}?{query}")
    assert answer.status_code == 422 and answer.json()["error"]["param"]


def test_the_explanations_are_made_for_their_readers(
    signed_in: Callable[..., TestClient], with_key: Callable[..., TestClient], made: Callable[[str], Decision]
) -> None:
    decision = made(THREAT)
    path = f"{PATH}/{decision.id}/explanation"
    notice = with_key("read").get(path).json()
    assert notice["audience"] == "user" and decision.id in notice["text"] and "0." not in notice["text"]
    assert signed_in("moderator").get(f"{path}?for=moderator").json()["text"].startswith("# Act under HR2")
    statement = with_key("read").get(f"{path}?for=dsa&published=2026-01-02").json()["statement"]
    assert statement["content_date"] == "2026-01-02"
    assert with_key("read").get(f"{path}?for=dsa&published=yesterday").status_code == 422
    assert with_key("read").get(f"{PATH}/{made(KIND).id}/explanation?for=dsa").status_code == 422


def test_a_program_is_told_neither_the_chain_nor_who_decided_on_any_route(
    served: TestClient, signed_in: Callable[..., TestClient], with_key: Callable[..., TestClient], office: Office, reasoned: Decision
) -> None:  # fmt: skip
    accounts_before = {a.id for a in accounts.everybody(office.store)}
    person = signed_in("moderator")
    (account,) = [a for a in accounts.everybody(office.store) if a.id not in accounts_before]
    reason = "Zarniwoop said so."
    tag = person.get(f"{PATH}/{reasoned.id}").headers["etag"]
    ruled = person.post(
        f"{PATH}/{reasoned.id}/rulings", json={"outcome": "allow", "reason": reason}, headers={"If-Match": tag}
    )
    assert ruled.status_code == 201
    assert person.post(f"/v1/queue/{reasoned.id}/claim").json()["holder"] == account.shown
    program = with_key("moderate", "read", "review", "appeals", "policies", "metrics")
    hidden = [account.id, account.shown, account.name, "Zarniwoop", *(s.text[:60] for s in reasoned.chain)]
    hidden += [p.text[:60] for p in reasoned.precedents]
    hidden += [n for c in reasoned.critiques for n in c.notes]
    sent = {"text": office.ledger.case(reasoned.case_digest).text}
    steps = program.post("/v1/cases", json=sent).json()["steps"]
    routes = [
        f"{PATH}/{reasoned.id}", PATH, f"{PATH}?q=id:{reasoned.id}", f"{PATH}/{reasoned.id}/explanation",
        f"{PATH}/{reasoned.id}/explanation?for=moderator", f"{PATH}/{reasoned.id}/explanation?for=dsa",
        "/v1/queue?q=state:settled", "/v1/search?q=outcome:allow", f"/v1/search?similar={reasoned.id}", steps,
        steps.removesuffix("/steps"), "/v1/events?after=evt-0&wait=false", "/metrics", "/status", "/v1/openapi.json",
        f"{PATH}?q=by:{account.shown}", f"{PATH}?q=by:{account.id}",
    ]  # fmt: skip
    answers = {route: program.get(route) for route in routes}
    answers["claim"] = program.post(f"/v1/queue/{reasoned.id}/claim")
    answers["rule"] = program.post(
        f"{PATH}/{reasoned.id}/rulings", json={"outcome": "allow", "reason": "x"}, headers={"If-Match": tag}
    )
    assert answers["claim"].status_code == 409 and answers["rule"].status_code in (409, 412)
    content = sent["text"]
    for route, answer in answers.items():
        assert answer.status_code < 500, (route, answer.text)
        body = answer.text.replace(f"by:{account.shown}", "").replace(f"by:{account.id}", "")
        for word in hidden:
            assert word in content or word not in body, (route, word)
    inside = person.get(f"{PATH}/{reasoned.id}").json()
    assert inside["inside"]["chain"][0]["text"] == reasoned.chain[0].text
    assert inside["edits"][-1]["by"] == account.shown and inside["edits"][-1]["reason"] == reason


def test_a_session_shows_no_verdict_to_whoever_could_give_a_blind_second_opinion(
    office: Office, signed_in: Callable[..., TestClient]
) -> None:
    from web.identity import Actor
    from web.roles import OF_ROLE
    from web.work import marks

    made = office.desks.live.decide(case_from_text(THREAT + " again and again", id="blind"))
    office.catch_up()
    first, second = signed_in("moderator"), signed_in("moderator")
    asker = first.account_id  # type: ignore[attr-defined]
    actor = Actor(id=asker, shown="first", via="session", may=OF_ROLE["moderator"])
    marks.ask_second(office, actor, made.id, "Hard to tell.", None)
    for path in (f"/v1/decisions/{made.id}", f"/v1/decisions/{made.id}/explanation?for=moderator"):
        refused = second.get(path)
        assert (refused.status_code, refused.json()["error"]["code"]) == (403, "blind")
        assert first.get(path).status_code == 200


def test_a_case_that_was_sent_shows_no_verdict_to_whoever_could_give_a_blind_second_opinion(
    office: Office, signed_in: Callable[..., TestClient], with_key: Callable[..., TestClient]
) -> None:
    from web.identity import Actor
    from web.roles import OF_ROLE
    from web.work import marks
    from web.work.intake import id_of

    sender = with_key("moderate")
    sent = sender.post("/v1/cases", json={"text": THREAT + " and again, and again"}).json()
    office.catch_up()
    first, second = signed_in("moderator"), signed_in("moderator")
    asker = first.account_id  # type: ignore[attr-defined]
    actor = Actor(id=asker, shown="first", via="session", may=OF_ROLE["moderator"])
    for person in (first, second):
        assert person.get(f"/v1/cases/{sent['id']}").json()["decision"] is not None
    marks.ask_second(office, actor, id_of(sent["id"]), "Hard to tell.", None)
    for path in (f"/v1/cases/{sent['id']}", f"/v1/cases/{sent['id']}/steps"):
        refused = second.get(path)
        assert (refused.status_code, refused.json()["error"]["code"]) == (403, "blind")
        assert first.get(path).status_code == sender.get(path).status_code == 200
