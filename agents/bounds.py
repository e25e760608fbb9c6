"""What one conversation with a tool-calling model may spend, held at every turn of LangChain's agent.

Not a client and not a retry. Contract: a turn is asked only while look-ups, turns, seconds and tokens are left; what a
backend names as its failures becomes Unanswered, and everything else is raised as it is.
"""

import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from agents.opinion import Schema
from cases.exchange import Allowance, Misbound, Unanswered, Usage

if TYPE_CHECKING:
    from langchain.agents.middleware import AgentMiddleware
    from langchain_core.language_models.chat_models import BaseChatModel
    from langchain_core.messages import AIMessage, BaseMessage

LOOKUPS = 8
# Each look-up may take a turn of its own; two more close the conversation and mend the answer.
TURNS = LOOKUPS + 2
MOST, LEAST = 1200, 64
CHARS_A_TOKEN = 3
SPENT = "No look-ups are left. Answer from what you have."


class Speaker(Protocol):
    """A backend whose models can call tools. `name` is `backend/model`, as records name who wrote something.

    `failures` are the exceptions by which its models say that no usable answer came. `schema` says that the server can
    hold an answer to a JSON schema.
    """

    @property
    def name(self) -> str:
        """Return `backend/model`."""
        ...

    @property
    def failures(self) -> tuple[type[Exception], ...]:
        """Return the exceptions that mean that no usable answer came."""
        ...

    @property
    def schema(self) -> bool:
        """Return whether answers can be held to a JSON schema."""
        ...

    def meant(self, error: Exception, late: bool) -> Exception:
        """Return the Unanswered or Misbound that a failure means, told without what was asked and without a key."""
        ...

    def __call__(self, seconds: float, most: int) -> "BaseChatModel":
        """Return a model that gives up after `seconds` and writes at most `most` tokens a turn."""
        ...


class Bounds:
    """The limits of one conversation, and what it has cost so far. The clock starts with its first turn."""

    def __init__(self, speaker: Speaker, allowance: Allowance, schema: Schema) -> None:
        self.speaker = speaker
        self.usage = Usage()
        # Set for the turn that mends an answer: nothing more is looked up.
        self.closing = False
        self.allowance, self._schema = allowance, schema
        self._looked = 0
        self._begun: float | None = None
        self._lock = threading.Lock()

    def turn(self, request: Any, handler: Callable[[Any], Any]) -> Any:
        """Ask the model for one turn of the agent; raise Unanswered where nothing is left or nothing comes."""
        prompt = guessed([*([request.system_message] if request.system_message else []), *request.messages])
        seconds, most = self._left(prompt)
        if self.closing or self._looked >= LOOKUPS:
            settings = {"response_format": _held(self._schema)} if self.speaker.schema else {}
            request = request.override(tools=[], model_settings=settings)
        else:
            # Servers that can keep calls to their schema do so only for tools that say so.
            request = request.override(model_settings={"strict": True})
        began = time.monotonic()
        try:
            response = handler(request.override(model=self.speaker(seconds, most)))
        except (Unanswered, Misbound):
            self._pay(prompt, None, began)
            raise
        except self.speaker.failures as error:
            self._pay(prompt, None, began)
            late = time.monotonic() - began >= seconds
            raise self.speaker.meant(error, late) from None  # what a server says may repeat a key, or the content
        self._pay(prompt, response.result[0], began)
        return response

    def look_up(self, request: Any, handler: Callable[[Any], Any]) -> Any:
        """Run one look-up while any are left, else say that none are. One at a time: they share models and a ledger."""
        from langchain_core.messages import ToolMessage

        with self._lock:
            self._looked += 1
            if self._looked <= LOOKUPS:
                return handler(request)
        call = request.tool_call
        return ToolMessage(content=SPENT, tool_call_id=call["id"], name=call["name"], status="error")

    def _left(self, prompt: int) -> tuple[float, int]:
        """Return the seconds and the tokens of an answer that are left for a turn, after a prompt of so many tokens."""
        now = time.monotonic()
        self._begun = now if self._begun is None else self._begun
        seconds = self.allowance.seconds - (now - self._begun)
        if seconds <= 0:
            raise Unanswered("out_of_time", f"{self.allowance.seconds:g} s went by without an answer")
        if self.usage.calls >= TURNS:
            raise Unanswered("malformed_answer", f"{self.speaker.name} came to no answer in {TURNS} turns")
        most = min(MOST, self.allowance.tokens - self.usage.tokens - prompt)
        if most < LEAST:
            left = self.allowance.tokens - self.usage.tokens
            raise Unanswered("out_of_budget", f"a prompt of about {prompt} tokens leaves no room; {left} were left")
        return seconds, most

    def _pay(self, prompt: int, reply: "AIMessage | None", began: float) -> None:
        counted = reply.usage_metadata if reply is not None else None
        details = counted.get("input_token_details") if counted else None
        self.usage += Usage(
            calls=1,
            prompt_tokens=counted["input_tokens"] if counted else prompt,
            cached_tokens=(details or {}).get("cache_read") or 0,
            completion_tokens=counted["output_tokens"] if counted else guessed([reply] if reply else []),
            seconds=time.monotonic() - began,
            backends=(self.speaker.name,) if reply is not None else (),
        )


def guessed(messages: Sequence["BaseMessage"]) -> int:
    """Return about how many tokens messages are, guessed from their length."""
    return sum(len(str(m.content)) + len(str(getattr(m, "tool_calls", ""))) for m in messages) // CHARS_A_TOKEN


def limited(bounds: Bounds) -> "AgentMiddleware[Any, Any, Any]":
    """Return the middleware that holds an agent to its bounds."""
    from langchain.agents.middleware import AgentMiddleware

    class Limited(AgentMiddleware[Any, Any, Any]):
        def wrap_model_call(self, request: Any, handler: Callable[[Any], Any]) -> Any:
            return bounds.turn(request, handler)

        def wrap_tool_call(self, request: Any, handler: Callable[[Any], Any]) -> Any:
            return bounds.look_up(request, handler)

    return Limited()


def _held(schema: Schema) -> Schema:
    name = str(schema["title"])
    return {"type": "json_schema", "json_schema": {"name": name, "schema": schema, "strict": True}}
