"""Which token ids a served model has for spellings, asked of vLLM's own /tokenize. No other server is asked.

A spelling that is not one token has no id, and its probability cannot be looked up; a server that does not know
/tokenize is not asked again. Nothing fails here: without ids the likeliest tokens are all that an answer holds.
"""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tools.connection import Connection
from tools.loop import together

if TYPE_CHECKING:
    from openai import AsyncOpenAI

LOOK_UP = "logprob_token_ids"
MOST_SECONDS = 5.0
MOST_IDS = 128  # what vLLM takes in one request


async def found(
    connection: Connection, client: "AsyncOpenAI", spellings: Sequence[str], seconds: float
) -> tuple[int, ...]:
    """Return the ids of those spellings that are single tokens, looked up once a connection; () where none can be."""
    if connection.endpoint.provider != "vllm" or not spellings or LOOK_UP in connection.refused:
        return ()
    import openai

    try:
        async with asyncio.timeout(min(seconds, MOST_SECONDS)), connection.finding:
            fresh = [text for text in dict.fromkeys(spellings) if text not in connection.ids]
            ids = await together(_id(connection, client, text) for text in fresh)
            connection.ids.update(zip(fresh, ids, strict=True))
    except (openai.NotFoundError, openai.BadRequestError, ValueError, TypeError, KeyError):
        connection.refused.add(LOOK_UP)
        return ()
    except (openai.OpenAIError, TimeoutError):
        return ()  # trouble that the ask itself will meet and tell
    known = (connection.ids.get(text) for text in dict.fromkeys(spellings))
    return tuple(dict.fromkeys(i for i in known if i is not None))[:MOST_IDS]


async def _id(connection: Connection, client: "AsyncOpenAI", text: str) -> int | None:
    body = {"model": connection.endpoint.model, "prompt": text, "add_special_tokens": False}
    answer: Any = await client.post(f"{connection.endpoint.root}/tokenize", cast_to=object, body=body)
    tokens = answer["tokens"]
    return int(tokens[0]) if len(tokens) == 1 else None
