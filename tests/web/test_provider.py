"""Signing in over a real provider on loopback, which publishes, exchanges codes and signs tokens."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi.testclient import TestClient
from joserfc import jwt
from joserfc.jwk import RSAKey

from web.office import Office
from web.settings import WebSettings
from web.store import accounts

OURS = RSAKey.generate_key(2048, {"kid": "ours", "use": "sig", "alg": "RS256"})
THEIRS = RSAKey.generate_key(2048, {"kid": "ours", "use": "sig", "alg": "RS256"})
Change = Callable[[dict[str, object]], dict[str, object]]


class OpenProvider(ThreadingHTTPServer):
    """A provider: `claims` are what it says of whoever comes, `key` is what it signs with."""

    claims: dict[str, object]
    key: RSAKey
    nonce: str = ""
    verifier: str = ""
    block_on_close = False

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: OpenProvider

    def do_GET(self) -> None:
        at = self.server.issuer
        if self.path.endswith("/openid-configuration"):
            self._say({"issuer": at, "authorization_endpoint": f"{at}/authorize", "token_endpoint": f"{at}/token",
                       "jwks_uri": f"{at}/keys"})  # fmt: skip
        else:
            self._say({"keys": [OURS.as_dict(private=False)]})

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["content-length"])).decode())
        self.server.verifier = form["code_verifier"][0]
        stamp = int(time.time())
        claims = {
            "iss": self.server.issuer,
            "aud": "console",
            "iat": stamp,
            "exp": stamp + 60,
            "nonce": self.server.nonce,
        }
        token = jwt.encode({"alg": "RS256", "kid": "ours"}, claims | self.server.claims, self.server.key)
        self._say({"access_token": "a", "token_type": "Bearer", "id_token": token})

    def _say(self, body: object) -> None:
        raw = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def provider() -> Iterator[OpenProvider]:
    server = OpenProvider(("127.0.0.1", 0), Handler)
    server.claims = {"sub": "s-1", "email": "ida@example.org", "email_verified": True}
    server.key = OURS
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def door(office: Office, served: TestClient, client: TestClient, provider: OpenProvider) -> Iterator[TestClient]:
    """The application with the provider set up."""
    served.app.state.office = replace(  # type: ignore[attr-defined]
        office, web=WebSettings(oidc_issuer=provider.issuer, oidc_client="console")
    )
    yield client
    served.app.state.office = office  # type: ignore[attr-defined]


def through(door: TestClient, provider: OpenProvider, next: str = "/") -> "tuple[int, str]":
    """Go to the provider and back; return the status and where it leads, or what it says."""
    left = door.get("/login/provider", params={"next": next}, follow_redirects=False)
    sent = parse_qs(urlsplit(left.headers["location"]).query)
    assert sent["code_challenge_method"] == ["S256"] and sent["redirect_uri"] == ["http://127.0.0.1/login/back"]
    provider.nonce = sent["nonce"][0]
    back = door.get("/login/back", params={"state": sent["state"][0], "code": "c"}, follow_redirects=False)
    return back.status_code, back.headers.get("location", back.text)


def test_an_invited_person_comes_in_and_is_known_by_subject_from_then_on(
    office: Office, door: TestClient, provider: OpenProvider
) -> None:
    made = accounts.add(office.store, "ida@example.org", ("author",))
    assert through(door, provider, "/policies") == (303, "/policies")
    assert len(provider.verifier) >= 43
    provider.claims["email"] = "ida.new@example.org"
    assert through(door, provider) == (303, "/")
    found = accounts.of_subject(office.store, "s-1")
    assert found is not None and found.id == made.id


def test_nobody_gets_in_whom_no_admin_named(door: TestClient, provider: OpenProvider) -> None:
    provider.claims = {"sub": "s-9", "email": "stranger@example.org", "email_verified": True}
    status, told = through(door, provider)
    assert status == 403 and "stranger@example.org" in told


def test_an_address_that_the_provider_did_not_verify_opens_no_account(
    office: Office, door: TestClient, provider: OpenProvider
) -> None:
    accounts.add(office.store, "eve@example.org", ("author",))
    for verified in (False, "true", None):
        provider.claims = {"sub": "s-eve", "email": "eve@example.org", "email_verified": verified}
        assert through(door, provider)[0] == 403


@pytest.mark.parametrize(
    "claims", [{"nonce": "another"}, {"aud": "another"}, {"iss": "http://elsewhere"}, {"exp": 1}], ids=str
)
def test_a_token_for_another_place_or_time_is_refused(
    door: TestClient, provider: OpenProvider, claims: dict[str, object]
) -> None:
    provider.claims |= claims
    status, told = through(door, provider)
    assert status == 403 and "could not be verified" in told


def test_a_token_that_another_key_signed_is_refused(door: TestClient, provider: OpenProvider) -> None:
    provider.key = THEIRS
    assert through(door, provider)[0] == 403


def test_coming_back_without_having_left_is_refused_and_a_state_works_once(
    door: TestClient, provider: OpenProvider
) -> None:
    assert door.get("/login/back", params={"state": "forged", "code": "c"}, follow_redirects=False).status_code == 403
    left = door.get("/login/provider", follow_redirects=False)
    sent = parse_qs(urlsplit(left.headers["location"]).query)
    provider.nonce = sent["nonce"][0]
    come = {"state": sent["state"][0], "code": "c"}
    door.get("/login/back", params=come)
    assert door.get("/login/back", params=come, follow_redirects=False).status_code == 403


def test_a_provider_that_cannot_be_reached_is_told_as_such(
    office: Office, served: TestClient, client: TestClient, tmp_path: Path
) -> None:
    served.app.state.office = replace(  # type: ignore[attr-defined]
        office, web=WebSettings(oidc_issuer="http://127.0.0.1:9", oidc_client="console")
    )
    try:
        answer = client.get("/login/provider", follow_redirects=False)
        assert answer.status_code == 503 and "cannot be reached" in answer.text
    finally:
        served.app.state.office = office  # type: ignore[attr-defined]


def test_somebody_elses_way_back_signs_nobody_in(
    office: Office, served: TestClient, door: TestClient, provider: OpenProvider
) -> None:
    accounts.add(office.store, "mallory@example.org", ("author",))
    provider.claims = {"sub": "s-mallory", "email": "mallory@example.org", "email_verified": True}
    left = door.get("/login/provider", follow_redirects=False)
    sent = parse_qs(urlsplit(left.headers["location"]).query)
    provider.nonce = sent["nonce"][0]
    victim = TestClient(served.app, base_url="http://127.0.0.1")
    come = {"state": sent["state"][0], "code": "c"}
    assert victim.get("/login/back", params=come, follow_redirects=False).status_code == 403
    assert door.get("/login/back", params=come, follow_redirects=False).status_code == 303
