"""The guard at the door: security headers, size of bodies, rate of requests. It knows no account and no case.

Pure ASGI, so that streams pass through it as they come. A body is counted as it arrives: a length that lies is no help.
"""

import uuid
from dataclasses import dataclass
from functools import cached_property

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from web.problem import Problem

# No inline script or style anywhere; pictures of cases are served by us or come as data.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}


@dataclass(frozen=True)
class Limits:
    """What one caller may send: bytes of a body, requests a minute by address and by key, tries to sign in a minute.

    `seconds` is what an answer of the API may take, where the request does not say.
    """

    body: int = 20_000_000
    requests: int = 6000
    per_actor: int = 3000
    sign_ins: int = 10
    seconds: float = 60.0

    @cached_property
    def limiter(self) -> "Window":
        """Return the window that counts for these limits."""
        return Window()


class Window:
    """A moving window of a minute over named counters."""

    def __init__(self) -> None:
        from limits.storage import MemoryStorage
        from limits.strategies import MovingWindowRateLimiter

        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def hit(self, most: int, *names: str) -> bool:
        """Count one; return whether it is still within the limit."""
        from limits import RateLimitItemPerMinute

        return self._limiter.hit(RateLimitItemPerMinute(most), *names)


class Guard:
    """The middleware."""

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self.app = app
        self.limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request within the limits."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        request_id = uuid.uuid4().hex[:16]

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                out = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    out.setdefault(name, value)
                out["x-request-id"] = request_id
                if not scope["path"].startswith("/static/"):
                    out.setdefault("cache-control", "no-store")
            await send(message)

        problem = self._refusal(scope, headers)
        if problem is not None:
            answer = JSONResponse(problem.body.model_dump(), problem.status, headers=problem.headers)
            await answer(scope, receive, sending)
            return
        seen, over, begun = 0, False, False

        async def receiving() -> Message:
            nonlocal seen, over
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self.limits.body:
                over = True
                raise _TooLarge
            return message

        async def watching(message: Message) -> None:
            nonlocal begun
            if over and not begun:
                return  # whatever the application makes of a body that broke off, the answer is ours
            begun = True
            await sending(message)

        try:
            await self.app(scope, receiving, watching)
        except _TooLarge:
            pass
        if over and not begun:
            answer = JSONResponse(self._too_large().body.model_dump(), 413)
            await answer(scope, receive, sending)

    def _refusal(self, scope: Scope, headers: Headers) -> Problem | None:
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length) > self.limits.body:
            return self._too_large()
        client = scope.get("client") or ("unknown", 0)
        if not self.limits.limiter.hit(self.limits.requests, "requests", client[0]):
            return Problem(429, f"More than {self.limits.requests} requests in a minute; wait, and send fewer.",
                           code="rate_limit_exceeded", headers={"Retry-After": "10"})  # fmt: skip
        signs_in = scope["path"] == "/login" and scope["method"] == "POST"
        if signs_in and not self.limits.limiter.hit(self.limits.sign_ins, "sign-ins", client[0]):
            return Problem(429, "Too many tries to sign in from this address; wait a minute.",
                           code="rate_limit_exceeded", headers={"Retry-After": "60"})  # fmt: skip
        return None

    def _too_large(self) -> Problem:
        return Problem(413, f"The body is larger than {self.limits.body:,} bytes; send less at a time.",
                       code="body_too_large")  # fmt: skip


class _TooLarge(Exception):
    pass
