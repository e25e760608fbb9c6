"""A served model as LangChain's agents drive it, tools included: a fresh client a turn, with that turn's limits.

Not a retry: whoever leads the conversation has its limits and its fallback.
"""

from typing import TYPE_CHECKING

from cases.exchange import Misbound, Unanswered
from tools.connection import MissingLibrary
from tools.endpoint import Endpoint

if TYPE_CHECKING:
    from langchain_core.language_models.chat_models import BaseChatModel


class ServedSpeaker:
    """Fits agents.bounds.Speaker. `schema` is True: a server that cannot hold an answer to one says so in a failure."""

    schema = True

    def __init__(self, endpoint: Endpoint) -> None:
        self.name = endpoint.name
        self._endpoint = endpoint

    @property
    def failures(self) -> tuple[type[Exception], ...]:
        """Return the exceptions that mean that no usable answer came."""
        try:
            from openai import OpenAIError
        except ImportError:
            raise MissingLibrary("openai") from None
        return OpenAIError, ValueError, TypeError

    def meant(self, error: Exception, late: bool) -> Exception:
        """Return what a failure means; its text is the kind of error alone, since a server may repeat what it got."""
        import openai

        if isinstance(error, openai.AuthenticationError | openai.PermissionDeniedError):
            return Misbound(f"{self.name} refuses the key; mend {self._endpoint.key_setting}")
        if isinstance(error, openai.NotFoundError):
            return Misbound(
                f"{self.name} is not served at {self._endpoint.place}; mend the role or {self._endpoint.url_setting}"
            )
        code = f" {error.status_code}" if isinstance(error, openai.APIStatusError) else ""
        told = f"{self.name}: {type(error).__name__}{code}"
        return Unanswered("out_of_time" if late else "backend_unavailable", told)

    def __call__(self, seconds: float, most: int) -> "BaseChatModel":
        """Return a model that gives up after `seconds` and writes at most `most` tokens a turn."""
        try:
            from langchain_openai import ChatOpenAI
        except ImportError:
            raise MissingLibrary("langchain-openai") from None
        return ChatOpenAI(
            model=self._endpoint.model,
            base_url=self._endpoint.base,
            api_key=lambda: self._endpoint.key or "none",
            timeout=seconds,
            max_retries=0,
            max_completion_tokens=most,
            use_responses_api=False,
        )
