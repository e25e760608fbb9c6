"""Signing in through an OpenID Connect provider: authorisation code with PKCE. It knows no account.

Contract: an identity comes back only where the provider's own keys signed it, for this client, with our nonce; anything
else raises. The provider is the operator's choice, and the one address outside that the console itself calls.
"""

from typing import NamedTuple, Protocol

from web.problem import Problem
from web.settings import WebSettings
from web.store.arrivals import Arrival

SECONDS = 10.0
# A list, so that a token never chooses its own way of being believed.
SIGNED_BY = ["RS256", "ES256", "PS256", "EdDSA"]


class Identity(NamedTuple):
    """Who the provider says it is; `email` is None unless the provider verified it."""

    subject: str
    email: str | None
    name: str | None


class Provider(Protocol):
    """Where people are sent, and who they are when they come back."""

    def way(self, arrival: Arrival, back: str) -> str:
        """Return the address to send somebody to."""
        ...

    def identity(self, arrival: Arrival, code: str, back: str) -> Identity:
        """Return who came back with a code; raise Problem where that is not certain."""
        ...


class Discovered:
    """The provider of the settings, by its published configuration."""

    def __init__(self, web: WebSettings) -> None:
        assert web.oidc_issuer is not None and web.oidc_client is not None
        self.issuer = web.oidc_issuer.rstrip("/")
        self.client_id = web.oidc_client
        self.secret = web.oidc_secret.get_secret_value() if web.oidc_secret else None

    def way(self, arrival: Arrival, back: str) -> str:
        """Return the address to send somebody to."""
        url, _ = self._client(back).create_authorization_url(
            self._published()["authorization_endpoint"], state=arrival.state, nonce=arrival.nonce,
            code_verifier=arrival.verifier,
        )  # fmt: skip
        return str(url)

    def identity(self, arrival: Arrival, code: str, back: str) -> Identity:
        """Return who came back with a code; raise Problem where that is not certain."""
        import httpx
        from authlib.integrations.base_client import OAuthError
        from joserfc import jwt
        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet

        published = self._published()
        try:
            got = self._client(back).fetch_token(
                published["token_endpoint"], code=code, code_verifier=arrival.verifier, grant_type="authorization_code"
            )
            keys = KeySet.import_key_set(httpx.get(published["jwks_uri"], timeout=SECONDS).raise_for_status().json())
            token = jwt.decode(got["id_token"], keys, algorithms=SIGNED_BY)
            jwt.JWTClaimsRegistry(
                leeway=60, iss={"essential": True, "value": published["issuer"]},
                aud={"essential": True, "value": self.client_id}, exp={"essential": True},
                nonce={"essential": True, "value": arrival.nonce}, sub={"essential": True},
            ).validate(token.claims)  # fmt: skip
        except (OAuthError, JoseError, KeyError, ValueError, httpx.HTTPError) as error:
            raise Problem(403, f"The provider's answer could not be verified ({type(error).__name__}); sign in again.",
                          code="bad_identity") from error  # fmt: skip
        claims = token.claims
        email = claims.get("email") if claims.get("email_verified") is True else None
        return Identity(str(claims["sub"]), email, claims.get("name"))

    def _client(self, back: str):  # type: ignore[no-untyped-def]
        from authlib.integrations.httpx_client import OAuth2Client

        return OAuth2Client(
            self.client_id, self.secret, scope="openid email profile", redirect_uri=back, timeout=SECONDS,
            code_challenge_method="S256",
        )  # fmt: skip

    def _published(self) -> dict[str, str]:
        import httpx

        try:
            found = httpx.get(f"{self.issuer}/.well-known/openid-configuration", timeout=SECONDS)
            body: dict[str, str] = found.raise_for_status().json()
        except (httpx.HTTPError, ValueError) as error:
            raise Problem(503, f"The sign-in provider {self.issuer!r} cannot be reached ({type(error).__name__}).",
                          code="provider") from error  # fmt: skip
        if body.get("issuer", "").rstrip("/") != self.issuer:
            raise Problem(503, f"The sign-in provider calls itself {body.get('issuer')!r}, not {self.issuer!r}; set "
                          "PRECEPT_WEB_OIDC_ISSUER to its own name.", code="provider")  # fmt: skip
        return body
