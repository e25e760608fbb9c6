"""What an operator may set, from the environment (`PRECEPT_*`). Everything else is derived."""

import os
from collections.abc import Mapping
from pathlib import Path

from pydantic import Field, ValidationError

from agents.assembly import Assembly
from agents.calibration import Template
from cases.model import Fact


class SettingsError(ValueError):
    """A setting that cannot be used; the text names it, its value and the fix."""


class Settings(Fact):
    """Where things are kept, which backend plays which role, and the limits of a run."""

    home: Path = Field(default_factory=lambda: Path.home() / ".precept")
    policy: str = "community"
    ledger: str | None = None
    chroma: str | None = None
    ranker: str = "embedded"
    reasoner: str = "embedded"
    critic: str = "embedded"
    explainer: str = "embedded"
    template: Template | None = None
    assembly: Assembly | None = None
    audit_rate: float = Field(default=0.005, ge=0, le=1)
    retrieve: int = Field(default=8, ge=1, le=100)
    threads: int | None = Field(default=None, ge=1, le=256)

    @property
    def ledger_url(self) -> str:
        """Return where the ledger is: a URL, or a file under `home`."""
        return self.ledger or str(self.home / "ledger.db")


ROLES = ("ranker", "reasoner", "critic", "explainer")


def read_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Return the settings; role strings may also stand bare (`RANKER=embedded`). Raise SettingsError on a bad value."""
    env = os.environ if environ is None else environ
    given = {name: env[key] for name in Settings.model_fields if (key := f"PRECEPT_{name.upper()}") in env}
    given |= {role: env[role.upper()] for role in ROLES if role.upper() in env and role not in given}
    try:
        settings = Settings.model_validate(given)
    except ValidationError as error:
        lines = [
            f"PRECEPT_{str(e['loc'][0]).upper()}={given.get(str(e['loc'][0]))!r}: {e['msg']}" for e in error.errors()
        ]
        raise SettingsError("; ".join(lines) + " (unset it to use the default)") from None
    for role in ROLES:
        value = getattr(settings, role)
        if value != "embedded":
            raise SettingsError(
                f"{role.upper()}={value!r}: this release knows only the backend 'embedded'; unset {role.upper()}"
            )
    return settings
