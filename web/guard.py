"""The guard at the door: security headers, size of bodies, rate of requests, whose page asks. It knows no case.

Pure ASGI, so that streams pass through it as they come. A body is counted as it arrives: a length that lies is no help.
What would change something and comes from a page of another site is refused, also where nobody is signed in yet:
a browser says where a request comes from, and no page can make it say otherwise. A bearer key may come from anywhere,
as no browser sends one by itself.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from web.problem import Problem

# No inline script or style anywhere; pictures of cases are served by us or come as data.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    # Not no-referrer: that has browsers hide the origin of our own forms, too.
    "referrer-policy": "same-origin",
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
    """The middleware. `public` tells the address by which people reach the console, where a proxy gives it another."""

    def __init__(self, app: ASGIApp, limits: Limits, public: Callable[[], str | None] = lambda: None) -> None:
        self.app = app
        self.limits = limits
        self.public = public

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
        if scope["method"] not in SAFE and (told := self._stranger(headers)):
            return Problem(403, f"This comes from a page of another site ({told}); open the console at its own "
                           "address, or send an API key as Authorization: Bearer.", code="cross_site")  # fmt: skip
        signs_in = scope["path"] == "/login" and scope["method"] == "POST"
        if signs_in and not self.limits.limiter.hit(self.limits.sign_ins, "sign-ins", client[0]):
            return Problem(429, "Too many tries to sign in from this address; wait a minute.",
                           code="rate_limit_exceeded", headers={"Retry-After": "60"})  # fmt: skip
        return None

    def _stranger(self, headers: Headers) -> str | None:
        """Return which header says that another site's page asks, None where none does."""
        if headers.get("authorization", "").partition(" ")[0].lower() == "bearer":
            return None
        site, origin = headers.get("sec-fetch-site"), headers.get("origin")
        if site is not None:  # it is the browser that compared, and it knows no proxy
            return None if site in ("same-origin", "none") else f"Sec-Fetch-Site: {site[:40]!r}"
        if origin is None:
            return None
        ours = {headers.get("host", ""), urlsplit(self.public() or "").netloc} - {""}
        return None if origin.partition("://")[2] in ours else f"Origin: {origin[:100]!r}"

    def _too_large(self) -> Problem:
        return Problem(413, f"The body is larger than {self.limits.body:,} bytes; send less at a time.",
                       code="body_too_large")  # fmt: skip


class _TooLarge(Exception):
    pass
