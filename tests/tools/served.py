"""What tests of served models share: connections to a fault server, a clock that sleeps do not wait for, turns."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from cases.exchange import Allowance, Message
from tests.tools.fault_server import KEY, MODEL, FaultServer
from tools.connection import Connection, Patience
from tools.endpoint import Endpoint
from tools.loop import Loop

AMPLE = Allowance(seconds=30, tokens=8000)
CONTENT = "the walrus met the carpenter at dawn"
TURNS = (Message(author="system", text="Answer in one word."), Message(author="user", text=f"Say: {CONTENT}"))
VERDICT: dict[str, object] = {
    "title": "Verdict of a case", "type": "object", "properties": {"outcome": {"type": "string"}},
    "required": ["outcome"], "additionalProperties": False,
}  # fmt: skip


class Time:
    """A clock that only its own sleeps move; `slept` are the seconds of each."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def patience(self, draw: float = 1.0) -> Patience:
        """Return a patience on this clock whose jitter is always that share."""
        return Patience(sleep=self.sleep, clock=self, draw=lambda: draw)


def endpoint(server: FaultServer, **given: Any) -> Endpoint:
    """Return an endpoint of the server's model, by vLLM and with the right key unless told otherwise."""
    return Endpoint(**{"provider": "vllm", "model": MODEL, "url": server.url, "key": KEY, **given})


@contextmanager
def connected(server: FaultServer, *, patience: Patience | None = None, **given: Any) -> Iterator[Connection]:
    """Open a connection in a loop of its own, with sleeps that take no time unless told otherwise."""
    loop = Loop()
    connection = Connection(endpoint(server, **given), patience=patience or Time().patience(), loop=loop)
    try:
        yield connection
    finally:
        connection.close()
        loop.close()


def gone() -> str:
    """Return the URL of a server that is there no more."""
    with FaultServer() as server:
        return server.url
