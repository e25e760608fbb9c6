"""A real HTTP server on 127.0.0.1 that speaks OpenAI's chat completions, and can be told to fail in many ways.

It keeps what it was asked. Faults are used up in order, one a chat request; with none left it answers by `speak`.
"""

import json
import socket
import threading
from collections import deque
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, ClassVar, NamedTuple, Self

MODEL = "test/Qwen3-tiny"
KEY = "sk-secret-0123456789"
VOCABULARY = {"Yes": 11, " Yes": 12, "No": 21, " No": 22, "yes": 31}
ODDS = {"Yes": -0.2, "No": -2.0, " Yes": -3.0, "Maybe": -4.0}


class Asked(NamedTuple):
    """A request as it came; header names are in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: dict[str, Any]


class Status(NamedTuple):
    """Answer with an HTTP status and an error in OpenAI's form."""

    code: int
    message: str = "the server has a problem"
    headers: tuple[tuple[str, str], ...] = ()
    error_code: str | None = None
    param: str | None = None


class Page(NamedTuple):
    """Answer with a page of a proxy."""

    code: int
    html: str = "<html><body>Bad Gateway</body></html>"


class Hang(NamedTuple):
    """Take the request and never answer."""


class BreakOff(NamedTuple):
    """Close the connection in the middle of the answer, after so many bytes of it."""

    after: int = 40


class HangUp(NamedTuple):
    """Close the connection without a word."""


class Drip(NamedTuple):
    """Answer soundly, one byte every `pause` seconds: no single read takes long, and all of it takes minutes."""

    pause: float = 0.2


class Malformed(NamedTuple):
    """Answer 200 with a body that is no chat completion."""

    body: str = '{"id": "x", "choices": [{"index": 0, "mess'
    type: str = "application/json"


class Say(NamedTuple):
    """Answer with this message (fields of OpenAI's) and finish reason.

    `usage` and `logprobs` False leave these out; `first` is the log-probability of Yes, which is sampled.
    """

    message: dict[str, Any]
    finish: str = "stop"
    usage: bool = True
    logprobs: bool = True
    first: float = ODDS["Yes"]


Fault = Status | Page | Hang | Drip | BreakOff | HangUp | Malformed | Say


def limited(seconds: str) -> Status:
    """Return a 429 that asks to wait."""
    return Status(429, "too many requests", (("Retry-After", seconds),))


class FaultServer:
    """The server; use it in a `with` block. `url` ends in /v1."""

    def __init__(self, *, key: str | None = KEY, models: tuple[str, ...] = (MODEL,)) -> None:
        self.key, self.models = key, models
        self.tokenize = 200  # the status that /tokenize answers with
        self.asked: list[Asked] = []
        self.faults: deque[Fault] = deque()
        self.speak: Callable[[dict[str, Any]], Fault] = lambda body: Say({"content": "Yes"})
        self.busiest = 0
        self.lock = threading.Lock()
        self.busy = 0
        self.gate: threading.Barrier | None = None  # holds chat requests until so many are there at once
        self.reached = threading.Event()  # set by the first chat request
        self.stopping = threading.Event()
        self._http = _Http(("127.0.0.1", 0), type("Handler", (_Handler,), {"owner": self}))
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)

    @property
    def root(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    @property
    def url(self) -> str:
        return f"{self.root}/v1"

    @property
    def chats(self) -> list[dict[str, Any]]:
        """The bodies of the chat requests, in the order in which they came."""
        return [a.body for a in self.asked if a.path == "/v1/chat/completions"]

    def fail(self, *faults: Fault) -> None:
        """Use these for the next chat requests, in order."""
        self.faults.extend(faults)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stopping.set()
        self._http.shutdown()
        self._http.server_close()


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Stay silent: clients that go away in the middle are what is tested."""


class _Handler(BaseHTTPRequestHandler):
    owner: ClassVar[FaultServer]
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: Any) -> None:
        """Stay silent."""

    def do_GET(self) -> None:
        self._note({})
        if not self._known():
            return
        if self.path == "/v1/models":
            self._json(200, {"object": "list", "data": [_model(name) for name in self.owner.models]})
        else:
            self._json(404, _error("Not Found", None, None))

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")
        self._note(body)
        if not self._known():
            return
        if self.path == "/tokenize" and self.owner.tokenize != 200:
            self._json(self.owner.tokenize, _error("not now", None, None))
        elif self.path == "/tokenize":
            prompt = body["prompt"]
            tokens = [VOCABULARY[prompt]] if prompt in VOCABULARY else [1] * len(prompt)
            self._json(200, {"count": len(tokens), "max_model_len": 1024, "tokens": tokens})
        elif self.path == "/v1/chat/completions":
            self._chat(body)
        else:
            self._json(404, _error("Not Found", None, None))

    def _chat(self, body: dict[str, Any]) -> None:
        owner = self.owner
        with owner.lock:
            owner.busy += 1
            owner.busiest = max(owner.busiest, owner.busy)
        owner.reached.set()
        try:
            if owner.gate is not None:
                owner.gate.wait(10)
            with owner.lock:
                fault = owner.faults.popleft() if owner.faults else None
            if fault is None and body["model"] not in owner.models:
                fault = Status(404, f"The model `{body['model']}` does not exist.", error_code="model_not_found")
            self._play(fault if fault is not None else owner.speak(body), body)
        finally:
            with owner.lock:
                owner.busy -= 1

    def _play(self, fault: Fault, body: dict[str, Any]) -> None:
        match fault:
            case Status(code, message, headers, error_code, param):
                self._json(code, _error(message, error_code, param), dict(headers))
            case Page(code, html):
                self._send(code, html.encode(), "text/html")
            case Malformed(text, kind):
                self._send(200, text.encode(), kind)
            case Hang():
                self.owner.stopping.wait(60)
                self._hang_up()
            case Drip(pause):
                self._drip(pause, body)
            case HangUp():
                self._hang_up()
            case BreakOff(after):
                self._break_off(after, body)
            case Say():
                self._stream(fault, body) if body.get("stream") else self._json(200, _completion(fault, body))

    def _break_off(self, after: int, body: dict[str, Any]) -> None:
        whole = json.dumps(_completion(Say({"content": "Yes"}), body)).encode()
        self.send_response(200)
        if body.get("stream"):
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            piece = f"data: {json.dumps(_piece({'role': 'assistant', 'content': 'Ye'}, None))}\n\n".encode()
            self.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
        else:
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(whole)))
            self.end_headers()
            self.wfile.write(whole[:after])
        self.wfile.flush()
        self._hang_up()

    def _drip(self, pause: float, body: dict[str, Any]) -> None:
        whole = json.dumps(_completion(Say({"content": "Yes"}), body)).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream" if body.get("stream") else "application/json")
        self.send_header("Content-Length", str(len(whole)))
        self.end_headers()
        for at in range(len(whole)):
            if self.owner.stopping.wait(pause):
                break
            self.wfile.write(whole[at : at + 1])

    def _stream(self, say: Say, body: dict[str, Any]) -> None:
        pieces = [_piece({"role": "assistant", "content": ""}, None)]
        for field, text in say.message.items():
            half = len(text) // 2
            pieces += [_piece({field: part}, None) for part in (text[:half], text[half:])]
        pieces.append(_piece({}, say.finish))
        if say.usage and (body.get("stream_options") or {}).get("include_usage"):
            pieces.append(_piece(None, None) | {"usage": _USAGE})
        text = "".join(f"data: {json.dumps(piece)}\n\n" for piece in pieces) + "data: [DONE]\n\n"
        self._send(200, text.encode(), "text/event-stream")

    def _known(self) -> bool:
        if self.owner.key is None or self.headers.get("Authorization") == f"Bearer {self.owner.key}":
            return True
        given = self.headers.get("Authorization", "").removeprefix("Bearer ")
        self._json(401, _error(f"Incorrect API key provided: {given}.", "invalid_api_key", None))
        return False

    def _note(self, body: dict[str, Any]) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        with self.owner.lock:
            self.owner.asked.append(Asked(self.command, self.path, headers, body))

    def _json(self, code: int, value: object, headers: dict[str, str] | None = None) -> None:
        self._send(code, json.dumps(value).encode(), "application/json", headers)

    def _send(self, code: int, body: bytes, kind: str, headers: dict[str, str] | None = None) -> None:
        self.send_response(code)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _hang_up(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)


_USAGE = {
    "prompt_tokens": 20, "completion_tokens": 3, "total_tokens": 23, "prompt_tokens_details": {"cached_tokens": 16},
}  # fmt: skip


def _completion(say: Say, body: dict[str, Any]) -> dict[str, Any]:
    choice = {"index": 0, "message": {"role": "assistant", **say.message}, "finish_reason": say.finish}
    if body.get("logprobs") and say.logprobs:
        wanted = set(body.get("logprob_token_ids") or ())
        odds = ODDS | {"Yes": say.first}
        spelled = {t: odds.get(t, -9.5) for t, i in VOCABULARY.items() if i in wanted} if wanted else odds
        likely = [{"token": t, "logprob": p, "bytes": None} for t, p in spelled.items()]
        first = {"token": "Yes", "logprob": say.first, "bytes": None, "top_logprobs": likely}
        choice["logprobs"] = {"content": [first]}
    whole = {"id": "x", "object": "chat.completion", "created": 1, "model": body["model"], "choices": [choice]}
    return whole | ({"usage": _USAGE} if say.usage else {})


def _piece(delta: dict[str, Any] | None, finish: str | None) -> dict[str, Any]:
    choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": finish}]
    return {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": MODEL, "choices": choices}


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 1, "owned_by": "test"}


def _error(message: str, code: str | None, param: str | None) -> dict[str, Any]:
    return {"error": {"message": message, "type": "error", "code": code, "param": param}}
