"""Answers in words from a served model, through langchain-openai. Not a judge: what an answer means is for agents.

A message with pictures goes out as parts, text and data: URLs in turn; one without them goes out as plain text.

It fits agents.ask.Chat. A JSON schema is held by the server where it can; a server that refuses one is asked in words
from then on, so callers validate in any case. Tokens are bounded by a guess at the prompt and a cap on the answer.
"""

import json
import re
import threading
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from cases.decision import Depth
from cases.exchange import Allowance, Message, Said, Usage
from tools.budget import SHORTEN, guessed, room
from tools.connection import Connection, MissingLibrary
from tools.effort import effort, hidden
from tools.resilience import Ask
from tools.thought import parted, thinking_model, thought_of
from tools.trouble import Overlong, Refused

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage, BaseMessage
    from langchain_openai import ChatOpenAI

IN_WORDS = "Answer with one JSON object and nothing else. It follows this JSON schema:"
ECHOED = 4000  # characters of a picture that an error is searched for
_NAME = re.compile(r"[^A-Za-z0-9_-]+")
_FENCED = re.compile(r"```(?:json)?\s*\n(.*)\n\s*```", re.DOTALL)
_BAD_SCHEMA = re.compile(r"invalid schema|grammar|features", re.IGNORECASE)


class Sent(NamedTuple):
    """One request: the turns, the parameters beside them, and the names of those that can be left out."""

    messages: tuple[Message, ...]
    parameters: dict[str, Any]
    optional: frozenset[str]
    in_words: bool


class ServedChat:
    """Ask a served model for words. Many threads may call at once; `streams` has the answer sent piece by piece."""

    def __init__(self, connection: Connection, *, temperature: float = 0.0, streams: bool = False) -> None:
        self.name = connection.endpoint.name
        self._connection, self._temperature, self._streams = connection, temperature, streams
        self._lock = threading.Lock()
        self._made: ChatOpenAI | None = None

    def __call__(
        self, messages: Sequence[Message], allowance: Allowance, *, schema: Mapping[str, object] | None = None,
        depth: Depth = "short", most: int = 1024,
    ) -> Said:  # fmt: skip
        """Return the answer, at most `most` tokens long; see agents.ask.Chat for the contract."""
        model = self._model()  # before the clock starts: its import takes seconds, once
        ask = Ask(self._connection, allowance.seconds, asked(messages))
        return ask.wait(self._answered(model, ask, tuple(messages), allowance.tokens, schema, depth, most))

    async def _answered(
        self, model: "ChatOpenAI", ask: Ask, messages: tuple[Message, ...], tokens: int,
        schema: Mapping[str, object] | None, depth: Depth, most: int,
    ) -> Said:  # fmt: skip
        connection = self._connection
        while True:  # every turn but the last takes a parameter away or lowers the limit
            sent = self._sent(messages, schema, depth)
            prompt = guessed(sent.messages)
            limit = room(prompt, most, tokens, connection.context, connection.answer)
            if limit is None:
                told = f"{self.name} was not asked: the prompt is about {prompt} tokens and {tokens} are left"
                raise ask.failed("out_of_budget", told)
            try:
                act = partial(model.ainvoke, [_turn(m) for m in sent.messages], max_tokens=limit, **sent.parameters)
                return self._said(ask, await ask.answer(act, sent.optional), sent, limit)
            except Refused as refusal:
                self._forgo(refusal, schema)
            except Overlong as overlong:
                _learn(connection, overlong)
                lower = room(prompt, most, tokens, connection.context, connection.answer)
                if overlong.part == "prompt" or overlong.limit is None or lower is None or lower >= limit:
                    raise ask.failed("out_of_budget", f"{overlong}; {SHORTEN}") from None

    def _sent(self, messages: tuple[Message, ...], schema: Mapping[str, object] | None, depth: Depth) -> Sent:
        refused = self._connection.refused
        wanted = effort(self._connection.endpoint, depth)
        plain: dict[str, Any] = {}
        # Beyond the parameters that the client knows, so that it neither parses the answer nor raises when it is cut.
        extra: dict[str, Any] = {}
        if not hidden(self._connection.endpoint):
            plain["temperature"] = self._temperature
        if wanted.reasoning:
            plain["reasoning_effort"] = wanted.reasoning
        if wanted.template:
            extra["chat_template_kwargs"] = wanted.template
        in_words = schema is not None and bool({"response_format", _mark(schema)} & refused)
        if schema is not None and not in_words:
            held = {"name": _name(schema), "schema": dict(schema), "strict": True}
            extra["response_format"] = {"type": "json_schema", "json_schema": held}
        if schema is not None and in_words:
            last = messages[-1]
            text = f"{last.text}\n\n{IN_WORDS}\n{json.dumps(schema, ensure_ascii=False)}"
            messages = (*messages[:-1], last.model_copy(update={"text": text}))
        plain = {name: value for name, value in plain.items() if name not in refused}
        extra = {name: value for name, value in extra.items() if name not in refused}
        optional = frozenset(plain) | frozenset(extra)
        return Sent(messages, plain | ({"extra_body": extra} if extra else {}), optional, in_words)

    def _forgo(self, refusal: Refused, schema: Mapping[str, object] | None) -> None:
        # A server may hold some schemas and not this one.
        one = refusal.parameter == "response_format" and schema is not None and _BAD_SCHEMA.search(refusal.words)
        self._connection.refused.add(_mark(schema) if one and schema is not None else refusal.parameter)

    def _said(self, ask: Ask, reply: "AIMessage", sent: Sent, limit: int) -> Said:
        inside = parted(reply.text)
        thought = "\n".join(filter(None, (thought_of(reply), inside.thought)))
        finish = reply.response_metadata.get("finish_reason")
        ask.counted = self._counted(reply, sent, thought)
        if reply.additional_kwargs.get("refusal") or finish == "content_filter":
            raise ask.failed("malformed_answer", f"{self.name} refused to answer under rules of its own")
        if finish is None:
            raise ask.failed("malformed_answer", f"{self.name} broke off in the middle of its answer")
        if not inside.text:
            why = f"it ran into its limit of {limit} tokens" if finish == "length" else f"it ended by {finish!r}"
            raise ask.failed("malformed_answer", f"{self.name} gave an empty answer; {why}")
        fenced = _FENCED.fullmatch(inside.text) if sent.in_words else None
        text = fenced[1].strip() if fenced else inside.text
        usage = ask.cost + Usage(backends=(self.name,))
        return Said(text=text, usage=usage, thought=thought, cut=finish == "length")

    def _counted(self, reply: "AIMessage", sent: Sent, thought: str) -> Usage:
        counted = reply.usage_metadata
        if counted is None:  # a guess keeps the allowance where a server does not count
            answer = Message(author="assistant", text=f"{thought}{reply.text}")
            return Usage(prompt_tokens=guessed(sent.messages), completion_tokens=guessed([answer]))
        return Usage(
            prompt_tokens=counted["input_tokens"],
            cached_tokens=counted.get("input_token_details", {}).get("cache_read", 0) or 0,
            completion_tokens=counted["output_tokens"],
        )

    def _model(self) -> "ChatOpenAI":
        client = self._connection.client
        with self._lock:
            if self._made is None:
                try:
                    made = thinking_model()
                except ImportError:
                    raise MissingLibrary("langchain-openai") from None
                self._made = made(
                    model=self._connection.endpoint.model,
                    base_url=self._connection.endpoint.base,
                    api_key=_no_key,  # the clients below have it; an asynchronous one is never asked for here
                    root_async_client=client,
                    async_client=client.chat.completions,
                    openai_proxy=None,
                    temperature=None,
                    max_retries=0,
                    cache=False,
                    streaming=self._streams,
                    stream_usage=True,
                    use_responses_api=False,
                    output_version=None,
                )
            return self._made


async def _no_key() -> str:
    return ""


def _name(schema: Mapping[str, object]) -> str:
    return _NAME.sub("_", str(schema.get("title") or "answer"))[:64]


def _learn(connection: Connection, overlong: Overlong) -> None:
    if overlong.limit is not None:
        if overlong.part == "answer":
            connection.answer = min(overlong.limit, connection.answer or overlong.limit)
        else:
            connection.context = min(overlong.limit, connection.context or overlong.limit)


def _mark(schema: Mapping[str, object]) -> str:
    return f"response_format {_name(schema)}"


def asked(messages: Sequence[Message]) -> list[str]:
    """Return the texts of messages, which no error may repeat, with the beginnings of their pictures."""
    urls = [placed.picture.url[:ECHOED] for message in messages for placed in message.pictures]
    return [message.text for message in messages] + urls


def content(message: Message) -> "str | list[str | dict[str, Any]]":
    """Return a message's content as OpenAI's API takes it: its text, or a list of parts where it holds pictures."""
    if not message.pictures:
        return message.text
    return [
        {"type": "text", "text": part}
        if isinstance(part, str)
        else {"type": "image_url", "image_url": {"url": part.url}}
        for part in message.parts
    ]


def _turn(message: Message) -> "BaseMessage":
    from langchain_core.messages import AIMessage, HumanMessage, SystemMessage

    match message.author:
        case "system":
            return SystemMessage(message.text)
        case "user":
            return HumanMessage(content(message))
        case "assistant":
            return AIMessage(message.text)
