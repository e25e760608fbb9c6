"""`author` goes in with a case, comes out for those who may read cases, and stays out of everything that goes further."""

import json
import logging
import uuid
from collections.abc import Callable
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient

from tests.web.api.conftest import KIND, THREAT
from web.office import Office
from web.store import authors as authors_kept
from web.store import journal
from web.store.idempotency import ANSWERS
from web.work import authors, marks

PATH = "/v1/cases"
Client = Callable[..., TestClient]


@pytest.fixture
def author() -> str:
    return f"u-{uuid.uuid4().hex[:10]}"


def sent(client: TestClient, author: str, text: str = THREAT, **more: object) -> str:
    answer = client.post(PATH, json={"text": text, "author": author} | more)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["decision"]["decision_id"])


def test_the_sender_and_readers_are_told_who_published_a_case(with_key: Client, author: str) -> None:
    sender = with_key("moderate")
    made = sender.post(PATH, json={"text": THREAT, "author": author}).json()
    assert made["author"] == author and sender.get(f"{PATH}/{made['id']}").json()["author"] == author
    decision = with_key("read").get(f"/v1/decisions/{made['decision']['decision_id']}").json()
    assert decision["author"] == author
    assert sender.post(PATH, json={"text": THREAT}).json()["author"] is None


@pytest.mark.parametrize("author", ["", " ", "a\u0007", "a\u202eb", 'a"b', "x" * 129, 7, ["a"]])
def test_what_is_no_id_of_an_author_is_refused(with_key: Client, office: Office, author: object) -> None:
    before = office.ledger.head().count
    answer = with_key("moderate").post(
        PATH, content=json.dumps({"text": KIND, "author": author}), headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 422 and answer.json()["error"]["param"] == "author", answer.text
    assert office.ledger.head().count == before


def test_the_same_text_by_two_authors_is_two_entries(with_key: Client, office: Office, author: str) -> None:
    sender, text = with_key("moderate"), f"{THREAT} {author}"
    one, two = sent(sender, author, text), sent(sender, f"{author}-2", text)
    assert one != two
    assert office.ledger.decision(one).case_digest == office.ledger.decision(two).case_digest
    reader = with_key("read")
    assert [len(reader.get(f"/v1/authors/{a}").json()["items"]) for a in (author, f"{author}-2")] == [1, 1]


def test_an_author_has_strikes_and_cases_a_page_at_a_time(with_key: Client, author: str) -> None:
    sender, reader = with_key("moderate"), with_key("read")
    ids = [sent(sender, author, text, id=f"post-{n}") for n, text in enumerate((THREAT, KIND, f"{THREAT} Soon."))]
    first = reader.get(f"/v1/authors/{author}", params={"limit": 2}).json()
    strikes = first["strikes"]
    assert first["author"] == author and strikes["cases"] == 2 and strikes["days"] == 90
    assert strikes["total"] > 1 and strikes["recommended"] != "none"
    assert strikes["message"].startswith(f"{strikes['total']} strikes in the last 90 days, from 2 cases.")
    assert [i["decision_id"] for i in first["items"]] == ids[:0:-1]
    rest = reader.get(f"/v1/authors/{author}", params={"limit": 2, "after": first["next"]}).json()
    assert [i["decision_id"] for i in rest["items"]] == ids[:1] and rest["next"] is None
    found = reader.get("/v1/search", params={"q": f"author:{author} outcome:act"}).json()
    assert {i["decision_id"] for i in found["items"]} == {ids[0], ids[2]}


def test_ids_of_other_networks_are_taken_as_they_are(with_key: Client) -> None:
    sender, reader = with_key("moderate"), with_key("read")
    for author in (f"https://example.org/@{uuid.uuid4()}?a=1", f"did:plc:{uuid.uuid4()}", f"> {uuid.uuid4()} ü"):
        decision = sent(sender, author)
        answer = reader.get(f"/v1/authors/{quote(author, safe='')}")
        assert answer.status_code == 200 and answer.json()["author"] == author
        listed = reader.get("/v1/decisions", params={"q": f'author:"{author}"'}).json()["items"]
        assert [i["decision_id"] for i in listed] == [decision]


def test_only_those_who_may_read_cases_may_ask_about_an_author(
    with_key: Client, client: TestClient, author: str
) -> None:
    sent(with_key("moderate"), author)
    assert client.get(f"/v1/authors/{author}").status_code == 401
    assert with_key("moderate").get(f"/v1/authors/{author}").status_code == 403
    unknown = with_key("read").get(f"/v1/authors/{author}-unknown")
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (404, "unknown_author")


def test_nothing_that_goes_further_names_an_author(
    with_key: Client, office: Office, author: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    sender, reader = with_key("moderate"), with_key("read")
    decision = sent(sender, author)
    for audience in ("user", "dsa"):
        told = reader.get(f"/v1/decisions/{decision}/explanation", params={"for": audience}).text
        assert decision in told and author not in told
    reader.get(f"/v1/authors/{author}")
    reader.get("/v1/search", params={"q": f"-author:nobody author:{author}"})
    ours = f"author:{authors_kept.ref(office.store, author)}"
    lines = [line for line in journal.lines(office.store, limit=20) if ours in json.dumps(line.detail)]
    assert {line.act for line in lines} == {"author.read", "case.search"}
    assert author not in "".join(line.model_dump_json() for line in journal.lines(office.store, limit=5000))
    assert author not in office.ledger.case(office.ledger.decision(decision).case_digest).model_dump_json()
    told_to_logs = [r for r in caplog.records if r.name.startswith(("precept", "web", "uvicorn"))]
    assert all(author not in r.getMessage() for r in told_to_logs)


def test_an_answer_that_is_told_again_knows_its_author_until_that_is_forgotten(
    with_key: Client, office: Office, author: str
) -> None:
    sender, body, key = with_key("moderate"), {"text": THREAT, "author": author}, {"Idempotency-Key": uuid.uuid4().hex}
    first = sender.post(PATH, json=body, headers=key)
    again = sender.post(PATH, json=body, headers=key)
    assert again.json() == first.json() and again.json()["author"] == author
    other = sender.post(PATH, json=body | {"author": f"{author}-2"}, headers=key)
    assert (other.status_code, other.json()["error"]["code"]) == (422, "idempotency_mismatch")
    with office.store.reading() as connection:
        assert author not in str(connection.execute(ANSWERS.select()).all())
    authors.forget(office.store, "tester", author)
    assert sender.post(PATH, json=body, headers=key).json()["author"] is None
    assert with_key("read").get(f"/v1/authors/{author}").status_code == 404


def test_who_could_judge_a_case_blind_finds_nothing_of_it_with_its_author(
    signed_in: Client, with_key: Client, office: Office, author: str
) -> None:
    from web.identity import Actor
    from web.roles import OF_ROLE

    decision = sent(with_key("moderate"), author)
    asks = Actor(id="u-asks", shown="Asks", via="session", may=frozenset(OF_ROLE["moderator"]))
    assert signed_in("moderator").get(f"/v1/authors/{author}").json()["items"]
    marks.ask_second(office, asks, decision, "Unsure")
    told = signed_in("moderator").get(f"/v1/authors/{author}").json()
    assert told["items"] == [] and told["strikes"]["total"] == 0


def test_the_drop_in_takes_authors_one_for_each_result(with_key: Client, author: str) -> None:
    sender = with_key("moderate")
    body = {"input": [THREAT, KIND, THREAT], "precept": {"authors": [author, None, f"{author}-2"]}}
    answer = sender.post("/v1/moderations", json=body)
    assert answer.status_code == 200 and author not in answer.text
    ids = [r["precept"]["decision_id"] for r in answer.json()["results"]]
    reader = with_key("read")
    assert [reader.get(f"/v1/decisions/{i}").json()["author"] for i in ids] == [author, None, f"{author}-2"]
    for wrong, param in (([author], "precept.authors"), ([author, "", None], "precept.authors")):
        refused = sender.post("/v1/moderations", json=body | {"precept": {"authors": wrong}})
        assert refused.status_code == 400 and refused.json()["error"]["param"].startswith(param)
