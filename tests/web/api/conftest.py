"""A real server on this machine, over the office that all tests of the web share, and content for it."""

import base64
import struct
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from web.application import create_app
from web.guard import Limits
from web.office import Office

THREAT = "I will find you and hurt you, wait for me at the bus stop."
KIND = "See you on Friday, bring cake."


@contextmanager
def listening(app: FastAPI) -> Iterator[str]:
    """Serve an application by uvicorn in a thread; give its address."""
    import uvicorn

    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning")
    server, sock = uvicorn.Server(config), config.bind_socket()
    thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]}, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{sock.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(30)


@pytest.fixture(scope="session")
def address(served: TestClient) -> Iterator[str]:
    """The address of a real server over the shared office."""
    office: Office = served.app.state.office  # type: ignore[attr-defined]
    limits = Limits(requests=1_000_000, per_actor=1_000_000, sign_ins=1_000_000)
    with listening(create_app(nullcontext(office), limits)) as found:
        yield found


@pytest.fixture
def secret(office: Office) -> Callable[..., str]:
    """Return the secret of a new key with these scopes."""
    from web.store import keys

    return lambda *scopes: keys.make(office.store, "a test", scopes)[1]


def picture(colour: int = 200, size: int = 64) -> str:
    """Return a plain grey PNG as a data: URL."""
    row = b"\0" + bytes([colour]) * size
    head = struct.pack(">IIBBBBB", size, size, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(row * size)), (b"IEND", b""))
    body = b"".join(struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d)) for k, d in chunks)
    return "data:image/png;base64," + base64.b64encode(b"\x89PNG\r\n\x1a\n" + body).decode()
