"""A served model as LangChain's agents drive it, tools included: a fresh client a turn, with that turn's limits.

Not a retry: whoever leads the conversation has its limits and its fallback. A turn ends when its time is up, whatever
has come by then: the time-outs of a client are for single reads, and a server that drips bytes would never meet one.
"""

import asyncio
from functools import cache
from typing import TYPE_CHECKING, Any

from cases.exchange import Misbound, Unanswered
from tools.connection import CONNECT_SECONDS, MissingLibrary
from tools.effort import effort
from tools.endpoint import Endpoint
from tools.loop import SHARED

if TYPE_CHECKING:
    from langchain_core.language_models.chat_models import BaseChatModel
    from langchain_core.messages import BaseMessage
    from langchain_core.outputs import ChatResult


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
        return OpenAIError, TimeoutError, ValueError, TypeError

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
        late = late or isinstance(error, TimeoutError)
        return Unanswered("out_of_time" if late else "backend_unavailable", told)

    def __call__(self, seconds: float, most: int) -> "BaseChatModel":
        """Return a model for one turn that gives up after `seconds` and writes at most `most` tokens.

        It deliberates as at depth short: an answer is short, and look-ups do the rest.
        """
        wanted = effort(self._endpoint, "short")
        made: BaseChatModel = _timely_model()(
            model=self._endpoint.model,
            base_url=self._endpoint.base,
            api_key=lambda: self._endpoint.key or "none",
            turn_key=self._endpoint.key or "none",
            turn_seconds=seconds,
            max_retries=0,
            max_completion_tokens=most,
            reasoning_effort=wanted.reasoning,
            extra_body={"chat_template_kwargs": wanted.template} if wanted.template else None,
            disable_streaming=True,
            use_responses_api=False,
        )
        return made


@cache
def _timely_model() -> Any:
    try:
        from langchain_openai import ChatOpenAI
    except ImportError:
        raise MissingLibrary("langchain-openai") from None
    from openai import AsyncOpenAI, Timeout
    from pydantic import Field, SecretStr

    class TimelyChatOpenAI(ChatOpenAI):
        """Ask once, in the shared loop, where the time of the whole request is bounded."""

        turn_seconds: float
        turn_key: SecretStr = Field(exclude=True)

        def _generate(
            self, messages: "list[BaseMessage]", stop: list[str] | None = None, run_manager: object = None, **given: Any
        ) -> "ChatResult":
            return SHARED.submit(self._bounded(messages, stop, given))

        async def _bounded(
            self, messages: "list[BaseMessage]", stop: list[str] | None, given: dict[str, Any]
        ) -> "ChatResult":
            async with (
                asyncio.timeout(self.turn_seconds),
                AsyncOpenAI(
                    base_url=self.openai_api_base,
                    api_key=self.turn_key.get_secret_value(),
                    max_retries=0,
                    timeout=Timeout(None, connect=CONNECT_SECONDS),
                ) as client,
            ):
                self.root_async_client, self.async_client = client, client.chat.completions
                return await super()._agenerate(messages, stop, None, **given)

    return TimelyChatOpenAI
