from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

from web.office import Office
from web.store import accounts, journal, sessions

Signed = Callable[..., TestClient]


@pytest.mark.parametrize("path", ["/admin", "/admin/keys", "/admin/journal", "/admin/journal.csv"])
def test_only_those_who_administer_see_administration(client: TestClient, signed_in: Signed, path: str) -> None:
    assert client.get(path, follow_redirects=False).status_code == 303
    for role in ("moderator", "appeals", "author"):
        assert signed_in(role).get(path).status_code == 403
    assert signed_in("admin").get(path).status_code == 200


def test_an_added_person_comes_in_by_the_link_that_is_shown_once(
    office: Office, client: TestClient, signed_in: Signed
) -> None:
    admin = signed_in("admin")
    answer = admin.post("/admin/people", data={"name": "Vera <b>", "roles": ["moderator"]})
    assert answer.status_code == 200 and "Vera &lt;b&gt;" in answer.text
    secret = answer.text.split("/link/")[1].split('"')[0]
    assert secret not in admin.get("/admin").text
    came = client.post("/link", data={"secret": secret}, follow_redirects=False)
    assert came.status_code == 303
    assert client.get("/", follow_redirects=False).headers["location"] == "/queue"
    assert client.post("/link", data={"secret": secret}).status_code == 403


def test_whoever_loses_a_role_is_signed_out_at_once(office: Office, signed_in: Signed) -> None:
    person, admin = signed_in("moderator"), signed_in("admin")
    account_id = person.account_id  # type: ignore[attr-defined]
    assert person.get("/", follow_redirects=False).headers["location"] == "/queue"
    changed = admin.post(f"/admin/people/{account_id}", data={"roles": ["author"], "active": "true"})
    assert changed.status_code == 200
    assert person.get("/", follow_redirects=False).headers["location"].startswith("/login")
    assert any(x.subject == account_id for x in journal.lines(office.store, act="account.change"))


def test_a_key_is_shown_once_and_works_until_it_is_revoked(client: TestClient, signed_in: Signed) -> None:
    admin = signed_in("admin")
    made = admin.post("/admin/keys", data={"name": "intake", "scopes": ["moderate"]}).text
    secret = made.split('value="pk-')[1].split('"')[0]
    assert secret not in admin.get("/admin/keys").text
    bearer = {"Authorization": f"Bearer pk-{secret}"}
    assert client.get("/admin", headers=bearer).status_code == 403  # known, and lacks the permission
    key_id = f"pk-{secret}"[:9]
    assert admin.post(f"/admin/keys/{key_id}/revoke").status_code == 200
    assert client.get("/admin", headers=bearer).status_code == 401
    assert admin.post(f"/admin/keys/{key_id}/revoke").status_code == 404


def test_a_journal_in_a_spreadsheet_runs_no_formula(office: Office, signed_in: Signed) -> None:
    journal.note(office.store, "nobody", "sign-in.refused", "=HYPERLINK(1)")
    text = signed_in("admin").get("/admin/journal.csv", params={"act": "sign-in.refused"}).text
    assert "'=HYPERLINK(1)" in text and ",=HYPERLINK" not in text


def test_a_refused_sign_in_is_on_record_and_tells_nothing(office: Office, client: TestClient) -> None:
    accounts.add(office.store, "known-name", ("moderator",), "correct horse battery")
    told = {client.post("/login", data={"name": n, "password": "no"}).text for n in ("known-name", "unknown-name")}
    assert len(told) == 1
    assert {"known-name", "unknown-name"} <= {x.subject for x in journal.lines(office.store, act="sign-in.refused")}


def test_signing_in_leads_to_the_page_that_was_wanted_and_never_to_another_site(
    office: Office, client: TestClient
) -> None:
    accounts.add(office.store, "wanderer", ("moderator",), "correct horse battery")
    for wanted, to in (
        ("/policies", "/policies"),
        ("//evil.example", "/"),
        ("https://evil.example", "/"),
        ("/\\evil", "/"),
    ):
        data = {"name": "wanderer", "password": "correct horse battery", "next": wanted}
        answer = client.post("/login", data=data, follow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (303, to)
        cookie = answer.headers["set-cookie"]
        assert "HttpOnly" in cookie and "SameSite=lax" in cookie


def test_a_new_password_ends_every_other_session(office: Office, client: TestClient, signed_in: Signed) -> None:
    person = signed_in("moderator")
    other = sessions.begin(office.store, person.account_id)  # type: ignore[attr-defined]
    wrong = person.post("/password", data={"fresh": "a long new secret", "again": "another long secret"})
    assert wrong.status_code == 422
    done = person.post(
        "/password", data={"fresh": "a long new secret", "again": "a long new secret"}, follow_redirects=False
    )
    assert done.status_code == 303
    assert sessions.session(office.store, other) is None
