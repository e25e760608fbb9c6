"""What an error of a model server means: it passes, it is about one ask, or a person must mend a setting.

Reads the errors of openai, langchain-openai and httpx; nothing is tried again here. What a server said is quoted
shortened to one line, without our key, and not at all where it repeats the request: content never gets into an error.
"""

import re
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Literal

from cases.exchange import Failure, Misbound, Unanswered
from tools.connection import CONNECT_SECONDS
from tools.endpoint import Endpoint

if TYPE_CHECKING:
    from openai import APIStatusError

READ_CHARS, QUOTED_CHARS = 2000, 200
ECHO_CHARS = 16
LEAST_CHARS = 4
ECHOED = "(its words repeat the request and are left out)"
PASSING = {408, 409, 425, 429}
SPENT = {"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"}
FILTERED = {"content_filter", "content_policy_violation", "invalid_prompt"}
MALFORMED = (ValueError, TypeError, KeyError, IndexError, AttributeError)
_KEYS = re.compile(r"\bsk-[\w*.-]+")
_CONTEXT = re.compile(r"context[_ ]length|context window|max_model_len|maximum model length|prompt is too long", re.I)
_LIMIT = re.compile(r"(?:context length (?:is )?\(?|max_model_len\W{0,3}|model length of )(\d+)", re.I)
_PROMPT = re.compile(r"without any output|your prompt|input length|prompt \(length", re.I)
_ANSWER = re.compile(r"supports at most (\d+) (?:completion|output) tokens", re.I)
_UNKNOWN = re.compile(
    r"unrecogni[sz]ed|unknown|unexpected|unsupported|extra inputs|not permitted|not supported|not support", re.I
)
_SIGNS = {"response_format": r"response_format|json_schema|structured.output|guided|grammar|JSON schema"}
Part = Literal["prompt", "answer", "both"]


class Passing(Exception):
    """Trouble that may be gone at the next try; `wait` is how many seconds the server asked to wait, None for none."""

    def __init__(self, failure: Failure, told: str, wait: float | None = None) -> None:
        super().__init__(told)
        self.failure, self.wait = failure, wait


class Refused(Exception):
    """A server that does not take one of the parameters that we can do without; `words` is what it said."""

    def __init__(self, parameter: str, words: str) -> None:
        super().__init__(words)
        self.parameter, self.words = parameter, words


class Overlong(Exception):
    """More than the model holds: `limit` tokens, where the server says how many, for this part of what was asked."""

    def __init__(self, part: Part, limit: int | None, told: str) -> None:
        super().__init__(told)
        self.part, self.limit = part, limit


def judged(error: Exception, endpoint: Endpoint, asked: Sequence[str], optional: Collection[str] = ()) -> Exception:
    """Return what an error means as the exception to raise instead of it; an error that is not a server's comes back.

    `asked` are the texts of the request, `optional` the parameters that the caller can leave out.
    """
    import openai

    if isinstance(error, openai.APIStatusError):
        return _status(error, endpoint, asked, optional)
    if isinstance(error, openai.APIConnectionError):
        return Passing("backend_unavailable", _lost(error))
    if isinstance(error, openai.APIResponseValidationError):
        return Passing("malformed_answer", "the answer is no chat completion")
    if isinstance(error, openai.APIError):
        return Passing("backend_unavailable", "the server broke the answer off with an error")
    if type(error).__module__.startswith(("httpx", "httpcore")):
        return Passing("backend_unavailable", _lost(error))
    if isinstance(error, MALFORMED):
        return Passing("malformed_answer", f"the answer is no chat completion ({type(error).__name__})")
    return error


def _status(error: "APIStatusError", endpoint: Endpoint, asked: Sequence[str], optional: Collection[str]) -> Exception:
    status, words = error.status_code, said(error.body, endpoint, asked)
    told = f"{status} {_phrase(status)}" + (f": {words if words == ECHOED else repr(words)}" if words else "")
    # A message that repeats the request may hold words of the content, which must not decide what it means.
    raw = "" if words == ECHOED else _line(error.body)
    if error.code in SPENT:
        return Unanswered("backend_unavailable", f"{endpoint.name} has no quota left ({told}); mend the account")
    if status in PASSING or status >= 500:
        return Passing("backend_unavailable", told, _wait(error))
    where = f"{endpoint.name} at {endpoint.place}"
    if status in (401, 403):
        return Misbound(f"{where} does not take the key ({told}); mend {endpoint.key_setting}")
    if status in (404, 405):
        fix = f"bind the role to a model that it serves, or mend {endpoint.url_setting} (it usually ends in /v1)"
        return Misbound(f"{where} has no such model or path ({told}); {fix}")
    if answer := _ANSWER.search(raw):
        return Overlong("answer", int(answer[1]), f"{endpoint.name}: {told}")
    if _CONTEXT.search(raw) or error.code == "context_length_exceeded":
        limit = _LIMIT.search(raw)
        part: Part = "prompt" if _PROMPT.search(raw) else "both"
        return Overlong(part, int(limit[1]) if limit else None, f"{endpoint.name}: {told}")
    if error.code in FILTERED:
        return Unanswered("malformed_answer", f"{endpoint.name} refused the case under rules of its own ({told})")
    for parameter in sorted(optional):
        named = (error.param or "").rpartition(".")[2] == parameter
        if named or re.search(_SIGNS.get(parameter, rf"\b{parameter}\b"), raw, re.I):
            return Refused(parameter, told)
    about_content = (error.param or "").removeprefix("body.").startswith(("messages", "input", "prompt"))
    if not about_content and (error.param or _UNKNOWN.search(raw)):
        return Misbound(f"{where} does not take what it is sent ({told}); bind the role to another model")
    return Unanswered("backend_unavailable", f"{where} does not take this ask ({told})")


def said(body: object, endpoint: Endpoint, asked: Sequence[str]) -> str:
    """Return the message of an error's body as one short line fit to be shown, or "" where it has none."""
    line = _line(body)
    if _echoes(line, asked):
        return ECHOED
    if endpoint.key:
        line = line.replace(endpoint.key, "(key)")
    line = _KEYS.sub("(key)", line)
    return line if len(line) <= QUOTED_CHARS else f"{line[: QUOTED_CHARS - 1]}…"


def _line(body: object) -> str:
    text = ""
    if isinstance(body, dict):
        text = str(body.get("message") or body.get("detail") or "")
    elif isinstance(body, str) and "<" not in body:  # a page of a proxy says nothing that its status does not
        text = body
    return " ".join(text[:READ_CHARS].replace("\\n", " ").split())


def _echoes(line: str, asked: Sequence[str]) -> bool:
    texts = [" ".join(text.split()) for text in asked]
    if any(len(text) >= LEAST_CHARS and text in line for text in texts):
        return True
    whole = " ".join(texts)
    return any(line[at : at + ECHO_CHARS] in whole for at in range(len(line) - ECHO_CHARS + 1))


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "of no known meaning"


def _lost(error: BaseException) -> str:
    while error.__cause__ is not None and not type(error).__module__.startswith("httpx"):
        error = error.__cause__
    # By name, since httpx has come under two names.
    name = type(error).__name__
    if name == "ConnectTimeout":
        return f"no connection within {CONNECT_SECONDS:.0f} s"
    return "no connection" if name == "ConnectError" else f"the connection broke off ({name})"


def _wait(error: "APIStatusError") -> float | None:
    headers = error.response.headers
    for name, unit in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        value = headers.get(name)
        try:
            if value is not None:
                return max(0.0, float(value) / unit)
        except ValueError:
            pass
    try:
        until = parsedate_to_datetime(headers.get("retry-after") or "")
    except ValueError:
        return None
    return max(0.0, (until - datetime.now(UTC)).total_seconds()) if until.tzinfo else None
