"""One office for all tests of the web: a real ledger, store, index and model in a folder of its own.

With --postgres its ledger and store are in a database of PostgreSQL.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

pytest.importorskip("fastapi", reason="the web needs pip install 'precept[web]'")

from fastapi.testclient import TestClient

from graphs.settings import Settings
from tests.postgres import emptied
from web.application import create_app
from web.guard import Limits
from web.identity import COOKIE
from web.office import Office, open_office
from web.store import accounts, keys, sessions
from web.store.accounts import Role
from web.store.keys import Scope

PASSWORD = "correct horse battery"
BASE = "http://127.0.0.1"


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[TestClient]:
    """The running application; its ledger fills up over the tests, so a test makes the cases that it needs."""
    with ExitStack() as stack:
        place = None
        if request.config.getoption("--postgres"):
            place = stack.enter_context(emptied(request.getfixturevalue("postgres")))
        settings = Settings(home=tmp_path_factory.mktemp("home"), ledger=place, audit_rate=0)
        app = create_app(open_office(settings), Limits(requests=1_000_000, per_actor=1_000_000, sign_ins=1_000_000))
        yield stack.enter_context(TestClient(app, base_url=BASE, raise_server_exceptions=False))


@pytest.fixture
def office(served: TestClient) -> Office:
    """The office behind the application."""
    found: Office = served.app.state.office  # type: ignore[attr-defined]
    return found


@pytest.fixture
def client(served: TestClient) -> TestClient:
    """Somebody who is not signed in."""
    return TestClient(served.app, base_url=BASE, raise_server_exceptions=False)


@pytest.fixture
def signed_in(served: TestClient, office: Office) -> Callable[..., TestClient]:
    """Return a client signed in as a new person with these roles; its unsafe requests carry the session's token."""

    def sign_in(*roles: Role) -> TestClient:
        name = f"{'-'.join(roles)}-{len(accounts.everybody(office.store))}"
        made = accounts.add(office.store, name, roles)
        secret = sessions.begin(office.store, made.id)
        session = sessions.session(office.store, secret)
        assert session is not None
        headers = {"X-CSRF-Token": session.csrf}
        out = TestClient(
            served.app, base_url=BASE, cookies={COOKIE: secret}, headers=headers, raise_server_exceptions=False
        )
        out.account_id = made.id  # type: ignore[attr-defined]
        return out

    return sign_in


@pytest.fixture
def with_key(served: TestClient, office: Office) -> Callable[..., TestClient]:
    """Return a client that sends an API key with these scopes."""

    def make(*scopes: Scope) -> TestClient:
        _, secret = keys.make(office.store, "a test", scopes)
        return TestClient(
            served.app, base_url=BASE, headers={"Authorization": f"Bearer {secret}"}, raise_server_exceptions=False
        )

    return make
