from collections.abc import Iterator
from pathlib import Path

import pytest

from web.store import accounts
from web.store.accounts import AccountError
from web.store.database import Store, StoreError

SECRET = "correct horse battery"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "work.db") as opened:
        accounts.add(opened, "root", ("admin",), SECRET)
        yield opened


def test_a_name_and_its_password_sign_in_and_nothing_else_does(store: Store) -> None:
    found = accounts.signed_in(store, "root", SECRET)
    assert found is not None and found.roles == ("admin",)
    for name, password in (("root", "wrong"), ("root", ""), ("nobody", SECRET), ("root ", SECRET + " ")):
        assert accounts.signed_in(store, name, password) is None


def test_an_account_without_a_password_cannot_be_signed_in_by_any(store: Store) -> None:
    accounts.add(store, "invited", ("moderator",))
    assert accounts.signed_in(store, "invited", "") is None


def test_a_deactivated_account_cannot_sign_in(store: Store) -> None:
    made = accounts.add(store, "gone", ("moderator",), SECRET)
    accounts.change(store, made.id, active=False)
    assert accounts.signed_in(store, "gone", SECRET) is None


def test_the_password_itself_is_kept_nowhere(store: Store, tmp_path: Path) -> None:
    store.close()
    assert all(SECRET.encode() not in p.read_bytes() for p in tmp_path.iterdir())


def test_the_last_who_administers_can_neither_leave_nor_lose_the_role(store: Store) -> None:
    root = accounts.named(store, "root")
    assert root is not None
    for change in ({"active": False}, {"roles": ("moderator",)}):
        with pytest.raises(AccountError, match="nobody who administers"):
            accounts.change(store, root.id, **change)  # type: ignore[arg-type]
    assert accounts.account(store, root.id) == root


@pytest.mark.parametrize(
    ("name", "roles", "password"),
    [("root", ("author",), None), ("", ("author",), None), ("a\nb", ("author",), None), ("x" * 65, ("author",), None),
     ("x", (), None), ("x", ("service",), None), ("x", ("author",), "short"), ("x", ("author",), "x" * 300)],
)  # fmt: skip
def test_a_bad_account_is_refused_and_leaves_nothing(
    store: Store, name: str, roles: tuple[accounts.Role, ...], password: str | None
) -> None:
    with pytest.raises(AccountError):
        accounts.add(store, name, roles, password)
    assert [a.name for a in accounts.everybody(store)] == ["root"]


def test_an_invitation_by_address_belongs_to_the_first_subject_who_comes(store: Store) -> None:
    made = accounts.add(store, "ana@example.org", ("author",))
    first = accounts.bind(store, "ana@example.org", "subject-1")
    assert first is not None and first.id == made.id
    assert accounts.bind(store, "ana@example.org", "subject-2") is None
    found = accounts.of_subject(store, "subject-1")
    assert found is not None and found.id == made.id


def test_preferences_are_kept_beside_each_other(store: Store) -> None:
    made = accounts.add(store, "x", ("moderator",))
    accounts.prefer(store, made.id, {"blur": 4})
    accounts.prefer(store, made.id, {"theme": "dark"})
    found = accounts.account(store, made.id)
    assert found is not None and found.preferences == {"blur": 4, "theme": "dark"}


def test_a_store_of_a_newer_form_is_left_alone(tmp_path: Path) -> None:
    place = tmp_path / "work.db"
    with Store.open(place) as opened, opened.writing() as connection:
        connection.exec_driver_sql("UPDATE work_form SET version = 99")
    with pytest.raises(StoreError, match="form 99"):
        Store.open(place)


def test_a_file_that_is_no_store_is_told_and_kept(tmp_path: Path) -> None:
    place = tmp_path / "work.db"
    place.write_bytes(b"not a database, only words" * 100)
    with pytest.raises(StoreError, match="work.db"):
        Store.open(place)
    assert place.read_bytes().startswith(b"not a database")
