"""What is wrong with a request, as one value, and how it is told: JSON for programs, a page for people.

Contract: every error body of the API has the shape {"error": {"message", "type", "param", "code"}}; the message says
what, the value and the fix, and never holds a path, a stack or anybody's content.
"""

from typing import Literal

from cases.model import Fact

Kind = Literal[
    "invalid_request_error", "authentication_error", "permission_error", "not_found_error", "conflict_error",
    "rate_limit_error", "server_error",
]  # fmt: skip
KINDS: dict[int, Kind] = {
    400: "invalid_request_error", 401: "authentication_error", 403: "permission_error", 404: "not_found_error",
    409: "conflict_error", 412: "conflict_error", 413: "invalid_request_error", 415: "invalid_request_error",
    422: "invalid_request_error", 428: "invalid_request_error", 429: "rate_limit_error",
}  # fmt: skip


class Problem(Exception):
    """A request that cannot be carried out. `param` names the field, `code` is a word that programs compare."""

    def __init__(
        self, status: int, message: str, *, param: str | None = None, code: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:  # fmt: skip
        super().__init__(message)
        self.status = status
        self.message = message
        self.param = param
        self.code = code
        self.headers = headers or {}

    @property
    def kind(self) -> Kind:
        """Return the type of error that OpenAI's clients know."""
        return KINDS.get(self.status, "server_error" if self.status >= 500 else "invalid_request_error")

    @property
    def body(self) -> "ErrorBody":
        """Return what the API answers."""
        return ErrorBody(error=Told(message=self.message, type=self.kind, param=self.param, code=self.code))


class Told(Fact):
    """The inside of an error body."""

    message: str
    type: str
    param: str | None
    code: str | None


class ErrorBody(Fact):
    """The body of every error."""

    error: Told
