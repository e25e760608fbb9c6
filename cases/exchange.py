"""What is asked of a language model and what comes back: values alone, no client, no prompt.

An ask that comes to nothing raises Unanswered, which says why; only what cannot mend itself (a wrong key, a model that
does not exist) is raised as Misbound, because every later case would meet it too.
"""

import base64
from typing import Literal

from pydantic import Field, model_validator

from cases.model import Fact

Author = Literal["system", "user", "assistant"]
Failure = Literal["backend_unavailable", "malformed_answer", "out_of_time", "out_of_budget"]


class Picture(Fact):
    """A picture as a model is sent it: an encoded file, `width` by `height` pixels; `id` is what an answer cites."""

    id: str
    data: bytes = Field(repr=False)
    type: Literal["image/jpeg", "image/png"] = "image/jpeg"
    width: int = Field(ge=1)
    height: int = Field(ge=1)

    @property
    def url(self) -> str:
        """Return it as a data: URL."""
        return f"data:{self.type};base64,{base64.b64encode(self.data).decode('ascii')}"


class Placed(Fact):
    """A picture of a message: it stands before the character `at` of the text."""

    at: int = Field(ge=0)
    picture: Picture


class Message(Fact):
    """One turn; `text` is all that a model reads of it, `pictures` in the order of their places all that it sees."""

    author: Author
    text: str
    pictures: tuple[Placed, ...] = ()

    @model_validator(mode="after")
    def _in_order(self) -> "Message":
        places = [p.at for p in self.pictures]
        if places != sorted(places) or any(at > len(self.text) for at in places):
            raise ValueError(f"pictures stand at {places} of a text of {len(self.text)} characters; give them in order")
        return self

    @property
    def parts(self) -> tuple[str | Picture, ...]:
        """Return text and pictures as they follow on each other, empty texts left out.

        >>> shot = Picture(id="image-1.t1", data=b"", width=1, height=1)
        >>> [p if isinstance(p, str) else p.id for p in Message(author="user", text="ab",
        ...     pictures=(Placed(at=1, picture=shot),)).parts]
        ['a', 'image-1.t1', 'b']
        """
        out: list[str | Picture] = []
        last = 0
        for placed in self.pictures:
            out += [self.text[last : placed.at], placed.picture]
            last = placed.at
        return tuple(part for part in (*out, self.text[last:]) if part != "")


class Usage(Fact):
    """What asks cost: calls, tokens in (`cached` of them from a prefix cache) and out, seconds waited, who was asked.

    `notes` are what an operator should know of them: a failure that another backend took over, odds that say little.
    """

    calls: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0
    backends: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            calls=self.calls + other.calls,
            prompt_tokens=self.prompt_tokens + other.prompt_tokens,
            cached_tokens=self.cached_tokens + other.cached_tokens,
            completion_tokens=self.completion_tokens + other.completion_tokens,
            seconds=self.seconds + other.seconds,
            backends=tuple(dict.fromkeys((*self.backends, *other.backends))),
            notes=tuple(dict.fromkeys((*self.notes, *other.notes))),
        )

    @property
    def tokens(self) -> int:
        """Return tokens in and out together."""
        return self.prompt_tokens + self.completion_tokens


class Allowance(Fact):
    """What an ask may still spend: wall seconds, and tokens in and out."""

    seconds: float
    tokens: int

    def less(self, usage: Usage) -> "Allowance":
        """Return what is left after `usage`, never below zero."""
        return Allowance(seconds=max(0.0, self.seconds - usage.seconds), tokens=max(0, self.tokens - usage.tokens))


class Said(Fact):
    """A whole answer. `thought` is what the model said to itself; `cut` says that it ran into its token limit."""

    text: str
    usage: Usage
    thought: str = ""
    cut: bool = False


class Token(Fact):
    """A token that could come first, as its tokenizer spells it, and the natural log of its probability."""

    text: str
    logprob: float


class First(Fact):
    """The likeliest first tokens of an answer; `usage` is what asking cost."""

    tokens: tuple[Token, ...]
    usage: Usage


class Unanswered(RuntimeError):
    """An ask that came to nothing after its retries: why, in words, and what it cost all the same."""

    def __init__(self, failure: Failure, told: str, usage: Usage | None = None) -> None:
        super().__init__(told)
        self.failure = failure
        self.usage = usage or Usage()


class Misbound(RuntimeError):
    """A backend that can never answer as it is set up; the text says which setting to mend."""


class Oddless(Misbound):
    """A backend that answers in words and never gives the odds of its tokens."""
