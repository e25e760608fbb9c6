"""What a model says to itself, kept apart from what it answers. It is never shown to the public.

Servers put thoughts in three places: a field `reasoning`, a field `reasoning_content`, or the text itself between
think tags, whose opening one a chat template may have written already.
"""

import re
import warnings
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import openai
    from langchain_core.messages import AIMessage
    from langchain_core.outputs import ChatGenerationChunk, ChatResult
    from langchain_openai import ChatOpenAI

KEPT = "reasoning_content"
_OPEN, _CLOSED = "<think>", "</think>"
_TAG = re.compile(r"</?think>")


class Parted(NamedTuple):
    """An answer in two: thought and text."""

    thought: str
    text: str


def parted(answer: str) -> Parted:
    """Return an answer without its thoughts; a thought that was cut off leaves no text.

    >>> parted("<think>Is it? It is.</think>\\nYes")
    Parted(thought='Is it? It is.', text='Yes')
    """
    before, closed, after = answer.rpartition(_CLOSED)
    text, opened, unfinished = after.partition(_OPEN)
    thoughts = [_TAG.sub("", piece).strip() for piece, there in ((before, closed), (unfinished, opened)) if there]
    return Parted("\n".join(filter(None, thoughts)), text.strip())


def thought_of(message: "AIMessage") -> str:
    """Return the thoughts that a server sent beside the text."""
    return str(message.additional_kwargs.get(KEPT, ""))


@cache
def thinking_model() -> "type[ChatOpenAI]":
    """Return ChatOpenAI with the field that it drops: what a server sends as reasoning stays with the message."""
    from langchain_openai import ChatOpenAI

    # It advises methods that are not used here, on errors that are dealt with.
    for beginning in ("This model does not support OpenAI's structured output", "Invalid schema for OpenAI's"):
        warnings.filterwarnings("ignore", beginning)

    class ThinkingChatOpenAI(ChatOpenAI):
        """Keep the thoughts of whole answers and of streamed ones in `additional_kwargs`."""

        def _create_chat_result(
            self, response: "dict[str, Any] | openai.BaseModel", generation_info: dict[str, Any] | None = None
        ) -> "ChatResult":
            result = super()._create_chat_result(response, generation_info)
            whole = response if isinstance(response, dict) else response.model_dump()
            for generation, choice in zip(result.generations, whole["choices"], strict=False):
                _keep(generation.message, choice["message"])
            return result

        def _convert_chunk_to_generation_chunk(
            self, chunk: dict[str, Any], default_chunk_class: type, base_generation_info: dict[str, Any] | None
        ) -> "ChatGenerationChunk | None":
            made = super()._convert_chunk_to_generation_chunk(chunk, default_chunk_class, base_generation_info)
            if made is not None and chunk.get("choices"):
                _keep(made.message, chunk["choices"][0].get("delta") or {})
            return made

    return ThinkingChatOpenAI


def _keep(message: Any, fields: Mapping[str, Any]) -> None:
    if thought := fields.get("reasoning") or fields.get("reasoning_content"):
        message.additional_kwargs[KEPT] = str(thought)
