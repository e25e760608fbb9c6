"""What an operator may set, from the environment (`PRECEPT_*`). Everything else is derived."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError, field_validator

from agents.assembly import Assembly
from agents.calibration import Template
from agents.keyframes import BINS, FRAMES, TOP
from cases.exchange import Allowance
from cases.model import Fact
from graphs.binding import EMBEDDED, ROLES, Binding, BindingError, Role, bindings

BARE = {"openai_key": "OPENAI_API_KEY", "openai_url": "OPENAI_BASE_URL"}


class SettingsError(ValueError):
    """A setting that cannot be used; the text names it, its value and the fix."""


class Settings(Fact):
    """Where things are kept, which backend plays which role, and the limits of a run.

    Roles are strings as `graphs.binding` reads them. `case_seconds` and `case_tokens` bound what language models may
    spend on one case; `in_flight` how many asks are out at once, and how many cases are in work. Files of cases are
    taken from inside `media_root` alone, where it is set.

    `frames` are taken of a video, `frame_bins` + `frame_top` of them are key frames, chosen by `scorer`: "embedded", or
    "clip/FOLDER" of an image-text encoder. `ocr` reads words; `speech` listens: "none", or "faster-whisper/MODEL".
    `media_seconds` is what one file may take, apart from listening. `cache_mb` bounds what is kept in the home to save
    time: vectors, and what was seen in files.
    """

    home: Path = Field(default_factory=lambda: Path.home() / ".precept")
    policy: str = "community"
    ledger: str | None = None
    chroma: str | None = None
    ranker: str = "embedded"
    reasoner: str = "embedded"
    critic: str = "embedded"
    explainer: str = "embedded"
    judge: str = "embedded"
    vllm_url: str = Field(default="http://127.0.0.1:8000/v1", pattern=r"^https?://\S+$")
    vllm_key: SecretStr | None = None
    openai_url: str | None = Field(default=None, pattern=r"^https?://\S+$")
    openai_key: SecretStr | None = None
    case_seconds: float = Field(default=120.0, gt=0, le=86_400)
    case_tokens: int = Field(default=150_000, ge=1_000, le=10_000_000)
    in_flight: int = Field(default=16, ge=1, le=1024)
    template: Template | None = None
    assembly: Assembly | None = None
    media_root: Path | None = None
    media_seconds: float = Field(default=300.0, gt=0, le=86_400)
    cache_mb: int = Field(default=4096, ge=1, le=1_000_000)
    frames: int = Field(default=FRAMES, ge=1, le=64)
    frame_bins: int = Field(default=BINS, ge=1, le=64)
    frame_top: int = Field(default=TOP, ge=0, le=64)
    scorer: str = Field(default="embedded", pattern=r"^(embedded|clip/\S.*)$")
    ocr: Literal["rapidocr", "tesseract"] = "rapidocr"
    speech: str = Field(default="none", pattern=r"^(none|faster-whisper/\S.*)$")
    audit_rate: float = Field(default=0.005, ge=0, le=1)
    retrieve: int = Field(default=8, ge=1, le=100)
    threads: int | None = Field(default=None, ge=1, le=256)

    @field_validator("media_root")
    @classmethod
    def _from_anywhere(cls, root: Path | None) -> Path | None:
        # What a case names must not depend on where the process stands.
        return None if root is None else root.expanduser().absolute()

    @property
    def ledger_url(self) -> str:
        """Return where the ledger is: a URL, or a file under `home`."""
        return self.ledger or str(self.home / "ledger.db")

    @property
    def allowance(self) -> Allowance:
        """Return what language models may spend on one case."""
        return Allowance(seconds=self.case_seconds, tokens=self.case_tokens)

    def bound(self, role: Role) -> tuple[Binding, ...]:
        """Return the backends of a role, in the order in which they are tried."""
        return bindings(role, getattr(self, role))

    @property
    def bare(self) -> bool:
        """Return whether every role that decides is embedded alone."""
        return all(self.bound(role) == (EMBEDDED,) for role in ("ranker", "reasoner", "critic"))

    @property
    def embedded(self) -> "Settings":
        """Return these settings with every role embedded but the judge, which only grades what was decided."""
        return self.model_copy(update={role: "embedded" for role in ROLES if role != "judge"})


def read_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Return the settings; role strings may also stand bare (`RANKER=embedded`). Raise SettingsError on a bad value."""
    env = os.environ if environ is None else environ
    given = {name: env[key] for name in Settings.model_fields if (key := f"PRECEPT_{name.upper()}") in env}
    given |= {role: env[role.upper()] for role in ROLES if role.upper() in env and role not in given}
    given |= {name: env[key] for name, key in BARE.items() if env.get(key) and name not in given}
    try:
        settings = Settings.model_validate(given)
        for role in ROLES:
            settings.bound(role)
    except ValidationError as error:
        lines = [_told(str(e["loc"][0]), given, e["msg"]) for e in error.errors()]
        raise SettingsError("; ".join(lines) + " (unset it to use the default)") from None
    except BindingError as error:
        raise SettingsError(str(error)) from None
    return settings


def _told(name: str, given: Mapping[str, str], message: str) -> str:
    value = "(hidden)" if name.endswith("_key") else repr(given.get(name))
    return f"PRECEPT_{name.upper()}={value}: {message}"
