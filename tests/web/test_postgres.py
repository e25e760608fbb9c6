"""Two offices over one database of PostgreSQL: what one does the other sees, and nobody does anything twice."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from graphs.settings import Settings
from tests.postgres import Server, emptied
from tests.web.acting import DOUBTFUL, THREAT
from tests.web.api.conftest import picture
from tests.web.conftest import BASE
from web.application import create_app
from web.guard import Limits
from web.identity import COOKIE
from web.office import Office, open_office
from web.store import accounts, jobs, keys, sessions
from web.store.accounts import Role
from web.store.database import now
from web.work.media import decoded, folder, keep
from web.work.pruning import prune

pytestmark = pytest.mark.postgres
MANY = Limits(requests=1_000_000, per_actor=1_000_000, sign_ins=1_000_000)


def office_of(client: TestClient) -> Office:
    found: Office = client.app.state.office  # type: ignore[attr-defined]
    return found


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    from tests.postgres import Missing

    pytest.importorskip("psycopg", reason="NO POSTGRESQL: nothing was tested on it; pip install 'precept[postgres]'")
    try:
        made = Server()
    except Missing as error:
        pytest.skip(f"NO POSTGRESQL: nothing was tested on it: {error}")
    yield made
    made.end()


@pytest.fixture(scope="module")
def offices(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[TestClient, TestClient]]:
    with emptied(server) as place:
        settings = Settings(home=tmp_path_factory.mktemp("home"), ledger=place, audit_rate=0)
        one, two = (
            TestClient(create_app(open_office(settings), MANY), base_url=BASE, raise_server_exceptions=False)
            for _ in range(2)
        )
        with one, two:
            yield one, two


def program(client: TestClient, *others: TestClient) -> tuple[TestClient, ...]:
    """Return the same program as a caller of each office."""
    _, secret = keys.make(office_of(client).store, "a test", ("moderate", "read", "review", "appeals"))
    headers = {"Authorization": f"Bearer {secret}"}
    return tuple(
        TestClient(c.app, base_url=BASE, headers=headers, raise_server_exceptions=False) for c in (client, *others)
    )


def signed_in(client: TestClient, *roles: Role) -> TestClient:
    store = office_of(client).store
    made = accounts.add(store, f"p-{len(accounts.everybody(store))}", roles)
    secret = sessions.begin(store, made.id)
    session = sessions.session(store, secret)
    assert session is not None
    headers = {"X-CSRF-Token": session.csrf}
    return TestClient(
        client.app, base_url=BASE, cookies={COOKIE: secret}, headers=headers, raise_server_exceptions=False
    )


def decided(caller: TestClient, text: str, **more: object) -> str:
    answer = caller.post("/v1/cases", json={"text": text} | more)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["decision"]["decision_id"])


Pair = tuple[TestClient, TestClient]


def test_what_one_office_decides_is_claimed_and_settled_in_the_other(offices: Pair) -> None:
    one, two = offices
    sender, _ = program(one, two)
    made = decided(sender, DOUBTFUL, media=[{"type": "image", "data": picture(colour=31)}])
    ana, ben = signed_in(one, "moderator"), signed_in(two, "moderator")
    listed = {i["decision_id"]: i for i in ben.get("/v1/queue?limit=200").json()["items"]}
    assert listed[made]["state"] == "waiting"
    assert ben.post(f"/v1/queue/{made}/claim").status_code == 200
    refused = ana.post(f"/v1/queue/{made}/claim")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "claimed")
    body, tag = {"outcome": "allow", "reason": "Nobody is hurt."}, {"If-Match": f'"{listed[made]["version"]}"'}
    assert ben.post(f"/v1/decisions/{made}/rulings", json=body, headers=tag).status_code == 201
    assert made not in {i["decision_id"] for i in ana.get("/v1/queue?limit=200").json()["items"]}
    late = ana.post(f"/v1/decisions/{made}/rulings", json=body, headers=tag)
    assert late.status_code in (409, 412), late.text
    assert office_of(one).ledger.standing(made).outcome == "allow"
    assert office_of(one).ledger.verify().intact


def test_of_many_in_both_offices_who_take_the_next_case_no_two_get_the_same(offices: Pair) -> None:
    sender, _ = program(*offices)
    made = {
        decided(sender, f"{DOUBTFUL} {n}", media=[{"type": "image", "data": picture(colour=40 + n)}]) for n in range(4)
    }
    people = [signed_in(offices[n % 2], "moderator") for n in range(6)]
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda p: p.post("/v1/queue/next", json={"q": "has:media", "sort": "-at"}), people))
    taken = [a.json()["decision_id"] for a in answers if a.status_code == 200]
    assert len(taken) == len(set(taken)) and set(taken) <= made and len(taken) >= 1


def test_one_key_sent_to_both_offices_is_one_case(offices: Pair) -> None:
    callers = program(*offices)
    body, key = {"text": f"{THREAT} Once."}, {"Idempotency-Key": "both"}
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda n: callers[n % 2].post("/v1/cases", json=body, headers=key), range(6)))
    assert {a.status_code for a in answers} <= {201, 409}
    assert {a.json()["error"]["code"] for a in answers if a.status_code == 409} <= {"idempotency_open"}
    again = [c.post("/v1/cases", json=body, headers=key).json()["decision"]["decision_id"] for c in callers]
    assert len({a.json()["decision"]["decision_id"] for a in answers if a.status_code == 201} | set(again)) == 1
    other = callers[1].post("/v1/cases", json={"text": "Another."}, headers=key)
    assert (other.status_code, other.json()["error"]["code"]) == (422, "idempotency_mismatch")


def test_an_appeal_that_is_filed_in_one_is_ruled_once_in_both_and_its_author_loses_the_strike(offices: Pair) -> None:
    here, there = program(*offices)
    made = decided(here, THREAT, author="u-81")
    assert there.get("/v1/authors/u-81").json()["strikes"]["cases"] == 1
    filed = here.post("/v1/appeals", json={"decision_id": made, "statement": "I was quoting."})
    assert filed.status_code == 201, filed.text
    place, tag = f"/v1/appeals/{filed.json()['id']}/ruling", {"If-Match": filed.headers["ETag"]}
    body = {"verb": "overturn", "reason": "A quotation.", "decided_by": "kim"}
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda n: (here, there)[n % 2].post(place, json=body, headers=tag), range(4)))
    assert sorted(a.status_code for a in answers)[0] == 200
    assert [a.status_code for a in answers].count(200) == 1, [a.text for a in answers]
    assert len(office_of(offices[1]).ledger.edits(made)) == 1
    assert here.get("/v1/authors/u-81").json()["strikes"]["cases"] == 0


def test_a_job_of_one_office_is_seen_and_cancelled_in_the_other(offices: Pair) -> None:
    one, two = (office_of(o).store for o in offices)
    job = jobs.add(one, "u-1", "impact", "p-1")
    assert jobs.begin(two, job.id) and not jobs.begin(one, job.id)
    assert jobs.end(two, job.id, "cancelled") and not jobs.advance(one, job.id, 1, 2)
    seen = jobs.job(one, job.id)
    assert seen is not None and seen.state == "cancelled"


def test_a_file_that_one_keeps_while_the_other_prunes_is_there_afterwards(offices: Pair) -> None:
    one, two = map(office_of, offices)
    data = decoded(picture(colour=99), "x")
    place = Path(keep(one, data, "x").path)

    def act(n: int) -> None:
        if n % 2:
            prune(two.store, two.ledger, two.settings.home, None, now(), timedelta(microseconds=1))
        else:
            keep(one, data, "x")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(act, range(20)))
    keep(one, data, "x")
    assert place.read_bytes() == data and place.parent == folder(one.settings.home, None)


def test_a_day_ends_where_it_ends_however_the_server_sorts(offices: Pair) -> None:
    caller, _ = program(*offices)
    decided(caller, THREAT)
    today = f"{now():%Y-%m-%d}"
    found = {s: len(caller.get("/v1/search", params={"q": f"at:{s}{today}"}).json()["items"]) for s in ("", ">", "<=")}
    assert found[">"] == 0 and found[""] == found["<="] > 0


def test_while_the_server_is_away_it_says_so_and_afterwards_it_goes_on_with_nothing_lost(
    offices: Pair, server: Server
) -> None:
    here, there = program(*offices)
    before = decided(here, f"{THREAT} Before.")
    count = office_of(offices[0]).ledger.head().count
    server.stop()
    try:
        refused = here.post("/v1/cases", json={"text": THREAT})
        assert (refused.status_code, refused.json()["error"]["code"]) == (503, "storage"), refused.text
        assert str(server.folder) not in refused.text and refused.headers["Retry-After"] == "5"
        assert there.get("/v1/queue").status_code == 503 and offices[1].get("/status/live").status_code == 200
        state = offices[0].get("/status")
        assert state.status_code == 503
        assert [p["ready"] for p in state.json()["parts"] if p["name"] in ("ledger", "store")] == [False, False]
    finally:
        server.start()
    after = decided(there, f"{THREAT} After.")
    assert here.get(f"/v1/decisions/{before}").status_code == here.get(f"/v1/decisions/{after}").status_code == 200
    assert office_of(offices[1]).ledger.head().count == count + 1
    assert office_of(offices[0]).ledger.verify().intact and offices[0].get("/status").status_code == 200
