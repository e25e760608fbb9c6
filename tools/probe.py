"""Looks at an endpoint once, for `precept doctor`: is it there, what does it serve, how fast, what can it do?

It never raises for a server that does not answer or is set up wrongly: what is wrong, and what to mend, is told.
"""

import json
import struct
import zlib
from dataclasses import replace
from typing import NamedTuple

from cases.exchange import Allowance, Message, Misbound, Picture, Placed, Said, Unanswered
from tools.chat import ServedChat
from tools.connection import Connection
from tools.endpoint import Endpoint
from tools.loop import SHARED, Loop
from tools.odds import Countless, ServedOdds
from tools.resilience import Ask

SECONDS = 20.0
SHOWN = 5
ASKED = (Message(author="user", text="Is water wet? Answer Yes or No."),)
SCHEMA: dict[str, object] = {
    "title": "probe", "type": "object", "properties": {"wet": {"type": "boolean"}},
    "required": ["wet"], "additionalProperties": False,
}  # fmt: skip


class Probe(NamedTuple):
    """What was found. `told` says what is wrong and how to mend it, "" where nothing is.

    `latency_ms` is that of an answer of one token; `logprobs` and `structured` say that token probabilities and answers
    held to a JSON schema came back.
    """

    reachable: bool
    models: tuple[str, ...] = ()
    latency_ms: float | None = None
    logprobs: bool = False
    structured: bool = False
    told: str = ""


def probe(endpoint: Endpoint, *, sees: bool = False, seconds: float = SECONDS, loop: Loop = SHARED) -> Probe:
    """Ask an endpoint for its models, one token and one small JSON object, each within `seconds` and once.

    With `sees` it is shown a picture too: whether it takes one is found, not whether it sees what is there. Raise
    MissingLibrary where openai or langchain-openai is not installed.
    """
    connection = Connection(replace(endpoint, attempts=1), loop=loop)
    try:
        found = _looked(connection, Allowance(seconds=seconds, tokens=4096))
        return _shown(connection, found, seconds) if sees and found.latency_ms is not None else found
    finally:
        connection.close()


def _looked(connection: Connection, allowance: Allowance) -> Probe:
    endpoint, counted = connection.endpoint, True
    models: tuple[str, ...] = ()
    latency: float | None = None
    told: list[str] = []
    try:
        models = _models(connection, allowance.seconds)
        if endpoint.provider == "vllm" and models and endpoint.model not in models:
            served = ", ".join(models[:SHOWN])
            fix = "bind the role to one of these, or serve it"
            return Probe(True, models, told=f"{endpoint.place} does not serve {endpoint.model!r} but {served}; {fix}")
        try:
            odds = ServedOdds(connection)
            # The better of two: the first request to a model that has just been loaded warms it up.
            latency = min(odds([ASKED], allowance)[0].usage.seconds for _ in range(2))
        except Countless as countless:
            counted = False
            told.append(str(countless))
            latency = _timed(connection, allowance)
        structured = _held(connection, allowance)
    except (Unanswered, Misbound) as error:
        # An answer of any kind, a refusal too, shows that something is there.
        reachable = bool(models) or isinstance(error, Misbound)
        return Probe(reachable, models, _milliseconds(latency), latency is not None and counted, False, str(error))
    if not structured:
        told.append(f"{endpoint.name} does not hold answers to a JSON schema; they are asked for in words and checked")
    return Probe(True, models, _milliseconds(latency), counted, structured, "; ".join(told))


def square(side: int = 56) -> Picture:
    """Return a red square, made without any library of pictures."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    rows = (b"\0" + b"\xff\0\0" * side) * side
    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    data = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return Picture(id="square", data=b"\x89PNG\r\n\x1a\n" + data, type="image/png", width=side, height=side)


def _shown(connection: Connection, found: Probe, seconds: float) -> Probe:
    asked = Message(author="user", text="Is this red? Answer Yes or No.", pictures=(Placed(at=0, picture=square()),))
    try:
        ServedChat(connection)((asked,), Allowance(seconds=seconds, tokens=4096), depth="none", most=256)
        return found
    except Unanswered as unanswered:
        if unanswered.failure == "malformed_answer":
            return found  # it answered, whatever it said
        error: Exception = unanswered
    except Misbound as misbound:
        error = misbound
    told = f"it is bound as one that sees and does not take a picture ({error}); leave +vision out of its binding"
    return found._replace(told="; ".join(filter(None, (found.told, told))))


def _models(connection: Connection, seconds: float) -> tuple[str, ...]:
    client = connection.client
    ask = Ask(connection, seconds, ())

    async def listed() -> tuple[str, ...]:
        page = await ask.answer(client.models.list)
        return tuple(model.id for model in page.data)

    return ask.wait(listed())


def _timed(connection: Connection, allowance: Allowance) -> float:
    try:
        return ServedChat(connection)(ASKED, allowance, depth="none", most=1).usage.seconds
    except Unanswered as unanswered:
        if unanswered.failure != "malformed_answer":
            raise
        return unanswered.usage.seconds  # one token may be a blank


def _held(connection: Connection, allowance: Allowance) -> bool:
    try:
        said: Said = ServedChat(connection)(ASKED, allowance, schema=SCHEMA, depth="none", most=256)
        found = json.loads(said.text)
    except ValueError:
        return False
    except Unanswered as unanswered:
        if unanswered.failure != "malformed_answer":
            raise
        return False
    refused = any(name.startswith("response_format") for name in connection.refused)
    return not refused and isinstance(found, dict) and isinstance(found.get("wet"), bool)


def _milliseconds(seconds: float | None) -> float | None:
    return None if seconds is None else seconds * 1000
