"""Where a model is served: provider, model, URL and key of one server that speaks OpenAI's API. No client is here.

Whoever makes an Endpoint has read the settings; nothing here looks at the environment. The key is never shown: not in
`repr`, not in `place`. Errors name the settings that an operator would mend, so their names are kept here.
"""

from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

Provider = Literal["vllm", "openai"]
URLS: dict[Provider, str] = {"vllm": "http://127.0.0.1:8000/v1", "openai": "https://api.openai.com/v1"}
URL_SETTING: dict[Provider, str] = {"vllm": "PRECEPT_VLLM_URL", "openai": "PRECEPT_OPENAI_URL"}
KEY_SETTING: dict[Provider, str] = {"vllm": "PRECEPT_VLLM_KEY", "openai": "OPENAI_API_KEY"}


@dataclass(frozen=True)
class Endpoint:
    """A served model. `url` ends in /v1 (None: the provider's usual place); `key` may be None where none is asked.

    `in_flight` is how many requests may be out at once; `attempts` how often one ask is sent at most, its first time
    counted; `attempt_seconds` after how long a single attempt is given up.
    """

    provider: Provider
    model: str
    url: str | None = None
    key: str | None = None
    in_flight: int = 16
    attempts: int = 4
    attempt_seconds: float = 120.0

    def __post_init__(self) -> None:
        if urlsplit(self.base).scheme not in ("http", "https") or not urlsplit(self.base).hostname:
            raise ValueError(f"{self.name}: {self.place!r} is no http URL; mend {self.url_setting}")
        if self.in_flight < 1 or self.attempts < 1:
            raise ValueError(f"{self.name}: in_flight={self.in_flight!r}, attempts={self.attempts!r}; give 1 or more")

    def __repr__(self) -> str:
        return f"Endpoint({self.name!r} at {self.place!r})"

    @property
    def name(self) -> str:
        """Return `provider/model`, as records name who wrote something."""
        return f"{self.provider}/{self.model}"

    @property
    def base(self) -> str:
        """Return the URL that the API's paths are appended to, without a slash at its end."""
        return (self.url or URLS[self.provider]).rstrip("/")

    @property
    def root(self) -> str:
        """Return the server's own URL, above /v1."""
        return self.base.removesuffix("/v1")

    @property
    def place(self) -> str:
        """Return the URL as it may be shown: without a user, a password or a query."""
        parts = urlsplit(self.base)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"

    @property
    def url_setting(self) -> str:
        """Return the setting that says where this provider is."""
        return URL_SETTING[self.provider]

    @property
    def key_setting(self) -> str:
        """Return the setting that holds this provider's key."""
        return KEY_SETTING[self.provider]
