"""What an operator may set of the console, from the environment (`PRECEPT_WEB_*`). Deciding has settings of its own."""

import os
from collections.abc import Mapping
from typing import Annotated

from pydantic import BeforeValidator, Field, SecretStr, ValidationError

from cases.model import Fact
from cases.strikes import Scale, Step, Weight, steps, weights
from graphs.settings import SettingsError

PREFIX = "PRECEPT_WEB_"
Weights = Annotated[tuple[Weight, ...], BeforeValidator(lambda said: weights(said) if isinstance(said, str) else said)]
Steps = Annotated[tuple[Step, ...], BeforeValidator(lambda said: steps(said) if isinstance(said, str) else said)]


class WebSettings(Fact):
    """Signing in through an OpenID Connect provider, who may publish, and where webhooks may go.

    `oidc_issuer` is the provider's address, as its configuration names it. `solo_publishing` lets an author who
    administers publish a policy alone. `private_hooks` lets webhooks reach loopback and private addresses.
    `public_url` is how people reach the console, where a proxy stands before it. Files that were sent and that no case
    names are taken out after `uploads_days`.

    Strikes of an account go back `strike_days`; `strike_weights` says what a violation of each tier counts (one that is
    not named counts 1), `strike_steps` from how many strikes on which measure is recommended.
    """

    oidc_issuer: str | None = Field(default=None, pattern=r"^https?://\S+$")
    oidc_client: str | None = None
    oidc_secret: SecretStr | None = None
    public_url: str | None = Field(default=None, pattern=r"^https?://\S+$")
    solo_publishing: bool = False
    private_hooks: bool = False
    uploads_days: float = Field(default=30.0, gt=0, le=36_500)
    strike_days: int = Field(default=Scale().days, ge=1, le=36_500)
    strike_weights: Weights = Scale().weights
    strike_steps: Steps = Scale().steps

    @property
    def oidc(self) -> bool:
        """Return whether people may sign in through a provider."""
        return self.oidc_issuer is not None and self.oidc_client is not None

    @property
    def scale(self) -> Scale:
        """Return how strikes are counted."""
        return Scale(days=self.strike_days, weights=self.strike_weights, steps=self.strike_steps)


def read_web_settings(environ: Mapping[str, str] | None = None) -> WebSettings:
    """Return the settings; raise SettingsError on a bad value."""
    env = os.environ if environ is None else environ
    given = {name: env[key] for name in WebSettings.model_fields if (key := f"{PREFIX}{name.upper()}") in env}
    try:
        return WebSettings.model_validate(given)
    except ValidationError as error:
        names = "; ".join(f"{PREFIX}{str(e['loc'][0]).upper()}: {e['msg']}" for e in error.errors())
        raise SettingsError(f"{names} (unset it to use the default)") from None
