"""Models that play back recorded answers: words (Recorded), odds (RecordedOdds) and turns with tools (RecordedSpeaker).

Real ends of the two protocols of agents.ask and of LangChain's chat model, with no client and no network. Contract:
what was not recorded is not answered; an ask too many is an AssertionError, and `unused` says what nobody asked for.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from math import inf, log
from typing import Any

from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import PrivateAttr

from cases.decision import Depth
from cases.exchange import Allowance, First, Message, Said, Token, Unanswered, Usage
from cases.model import Fact

PLENTY = Allowance(seconds=60.0, tokens=100_000)
COST = Usage(calls=1, prompt_tokens=100, completion_tokens=20, seconds=0.01)


class Asked(Fact):
    """What a recorded chat model was asked with."""

    messages: tuple[Message, ...]
    allowance: Allowance
    schema_: Mapping[str, object] | None
    depth: Depth
    most: int

    @property
    def text(self) -> str:
        """Return all that the model saw, one message after another."""
        return "\n".join(m.text for m in self.messages)


class Recorded:
    """Fits agents.ask.Chat: gives the answers in order and keeps in `asked` what each was asked with.

    An answer is a string, a whole Said, an exception that is raised, or anything else, which is given as JSON. Every
    string costs `cost`, in the name of `name`.
    """

    def __init__(self, *answers: object, name: str = "recorded/words", cost: Usage = COST) -> None:
        self.name = name
        self.cost = cost.model_copy(update={"backends": (name,)})
        self.asked: list[Asked] = []
        self._answers = deque(answers)

    def __call__(
        self, messages: Sequence[Message], allowance: Allowance, *, schema: Mapping[str, object] | None = None,
        depth: Depth = "short", most: int = 1024,
    ) -> Said:  # fmt: skip
        self.asked.append(Asked(messages=tuple(messages), allowance=allowance, schema_=schema, depth=depth, most=most))
        assert self._answers, f"{self.name} was asked {len(self.asked)} times, which is once more than was recorded"
        said = self._answers.popleft()
        if isinstance(said, Exception):
            raise said
        if isinstance(said, Said):
            return said
        return Said(text=said if isinstance(said, str) else json.dumps(said), usage=self.cost)

    @property
    def unused(self) -> tuple[object, ...]:
        """Return the answers that nobody asked for."""
        return tuple(self._answers)


class RecordedOdds:
    """Fits agents.ask.Odds: the probability of Yes from a function of the prompt's text, or from values in order.

    Every First holds "Yes" and "No", sharing 1; an exception among the values is raised. `asked` keeps the prompts.
    """

    def __init__(
        self, source: Callable[[str], float] | Iterable[float | Exception], *, name: str = "recorded/odds",
        cost: Usage = COST,
    ) -> None:  # fmt: skip
        self.name = name
        self.cost = cost.model_copy(update={"backends": (name,)})
        self.asked: list[tuple[tuple[Message, ...], ...]] = []
        self.allowances: list[Allowance] = []
        self.tokens: list[tuple[str, ...]] = []
        self._source = source if callable(source) else None
        self._values = deque(() if callable(source) else source)

    def __call__(
        self, prompts: Sequence[Sequence[Message]], allowance: Allowance, *, tokens: Sequence[str] = ()
    ) -> tuple[First, ...]:
        self.asked.append(tuple(tuple(p) for p in prompts))
        self.allowances.append(allowance)
        self.tokens.append(tuple(tokens))
        return tuple(self._first(prompt) for prompt in prompts)

    def _first(self, prompt: Sequence[Message]) -> First:
        if self._source is not None:
            p: float | Exception = self._source("\n".join(m.text for m in prompt))
        else:
            assert self._values, f"{self.name} was asked for more odds than were recorded"
            p = self._values.popleft()
        if isinstance(p, Exception):
            raise p
        return First(
            tokens=(Token(text="Yes", logprob=_log(p)), Token(text="No", logprob=_log(1 - p))), usage=self.cost
        )


def _log(p: float) -> float:
    return log(p) if p > 0 else -inf


class RecordedChatModel(BaseChatModel):
    """A LangChain chat model that gives recorded turns in order; tools can be bound to it, as create_agent does.

    A turn is an AIMessage, an exception that is raised, or a function of the messages that gives either. `seen` keeps
    the messages of every ask, `bound` the schemas of the tools that were offered (an empty list where none were).
    """

    turns: list[Any]
    label: str = "recorded/turns"
    _seen: list[list[BaseMessage]] = PrivateAttr(default_factory=list)
    _bound: list[list[dict[str, Any]]] = PrivateAttr(default_factory=list)
    _settings: list[dict[str, Any]] = PrivateAttr(default_factory=list)

    @property
    def seen(self) -> list[list[BaseMessage]]:
        """Return the messages of every ask so far."""
        return self._seen

    @property
    def bound(self) -> list[list[dict[str, Any]]]:
        """Return the tools offered at every ask so far, in OpenAI's form."""
        return self._bound

    @property
    def settings(self) -> list[dict[str, Any]]:
        """Return what else every ask so far was made with, such as tool_choice or response_format."""
        return self._settings

    @property
    def _llm_type(self) -> str:
        return self.label

    def bind_tools(self, tools: Sequence[Any], *, tool_choice: str | None = None, **more: Any) -> Runnable[Any, Any]:
        strict = more.get("strict")
        return self.bind(
            tools=[convert_to_openai_tool(t, strict=strict) for t in tools], tool_choice=tool_choice, **more
        )

    def _generate(
        self, messages: list[BaseMessage], stop: list[str] | None = None, run_manager: Any = None, **more: Any
    ) -> ChatResult:
        self._seen.append(list(messages))
        self._bound.append(list(more.pop("tools", None) or []))
        self._settings.append(more)
        at = len(self._seen) - 1
        assert at < len(self.turns), f"{self.label} was asked {at + 1} times, which is once more than was recorded"
        turn = self.turns[at]
        if callable(turn):
            turn = turn(messages)
        if isinstance(turn, Exception):
            raise turn
        # A turn may be recorded twice; as answers of a server the two would have ids of their own.
        fresh = [{**c, "id": f"{c['id']}-{at}"} for c in turn.tool_calls]
        turn = turn.model_copy(update={"id": None, "tool_calls": fresh})
        return ChatResult(generations=[ChatGeneration(message=turn)])


class RecordedSpeaker:
    """Fits agents.bounds.Speaker: one recorded chat model for all turns; `asked` keeps (seconds, most) of each."""

    def __init__(
        self, *turns: Any, name: str = "recorded/turns", failures: tuple[type[Exception], ...] = (ConnectionError,),
        schema: bool = True,
    ) -> None:  # fmt: skip
        self.name, self.failures, self.schema = name, failures, schema
        self.model = RecordedChatModel(turns=list(turns), label=name)
        self.asked: list[tuple[float, int]] = []

    def meant(self, error: Exception, late: bool) -> Exception:
        return Unanswered("out_of_time" if late else "backend_unavailable", f"{self.name}: {type(error).__name__}")

    def __call__(self, seconds: float, most: int) -> RecordedChatModel:
        self.asked.append((seconds, most))
        return self.model


def says(content: object, *, tokens: tuple[int, int] = (100, 20)) -> AIMessage:
    """Return a turn of words: a string as it is, anything else as JSON. `tokens` are those in and out."""
    text = content if isinstance(content, str) else json.dumps(content)
    return AIMessage(content=text, usage_metadata=_usage(tokens))


def calls(*wanted: tuple[str, Mapping[str, object]], tokens: tuple[int, int] = (100, 20)) -> AIMessage:
    """Return a turn that calls tools, each by (name, arguments)."""
    made = [
        {"name": name, "args": dict(args), "id": f"call-{name}-{i}", "type": "tool_call"}
        for i, (name, args) in enumerate(wanted)
    ]
    return AIMessage(content="", tool_calls=made, usage_metadata=_usage(tokens))


def _usage(tokens: tuple[int, int]) -> Any:
    into, out = tokens
    return {"input_tokens": into, "output_tokens": out, "total_tokens": into + out}
