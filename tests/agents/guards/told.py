"""Models that answer by what a prompt says: the odds of any words (Weights), or words (Words). No client, no network.

Contract: a prompt that no key stands in is an AssertionError; `asked` keeps every prompt, in the order of the asks.
"""

from collections.abc import Mapping, Sequence
from math import inf, log
from threading import Lock
from typing import TypeVar

from cases.case import Case, Part
from cases.decision import Depth
from cases.exchange import Allowance, First, Message, Said, Token, Unanswered, Usage

COST = Usage(calls=1, prompt_tokens=50, cached_tokens=30, completion_tokens=1, seconds=0.5)
PLENTY = Allowance(seconds=60.0, tokens=100_000)
Shares = Mapping[str, float]
T = TypeVar("T")


def case(text: str = "I will break your legs on Friday.", **more: object) -> Case:
    """Return a case of one text."""
    return Case(id="c", parts=(Part(id="text", kind="text", text=text),), **more)  # type: ignore[arg-type]


def said(text: str, *, cut: bool = False) -> Said:
    """Return an answer in words."""
    return Said(text=text, usage=COST, cut=cut)


def first(shares: Shares) -> First:
    """Return an answer by the probabilities of its first tokens."""
    tokens = tuple(Token(text=t, logprob=log(p) if p > 0 else -inf) for t, p in shares.items())
    return First(tokens=tokens, usage=COST)


class Weights:
    """Fits agents.ask.Odds. The first key that stands in a prompt decides what its first tokens weigh."""

    def __init__(self, answers: Mapping[str, Shares | Unanswered], name: str = "told/odds") -> None:
        self.name = name
        self.asked: list[tuple[tuple[Message, ...], ...]] = []
        self.allowances: list[Allowance] = []
        self.tokens: list[tuple[str, ...]] = []
        self._answers = answers

    def __call__(
        self, prompts: Sequence[Sequence[Message]], allowance: Allowance, *, tokens: Sequence[str] = ()
    ) -> tuple[First, ...]:
        self.asked.append(tuple(tuple(p) for p in prompts))
        self.allowances.append(allowance)
        self.tokens.append(tuple(tokens))
        return tuple(self._first(prompt) for prompt in prompts)

    def _first(self, prompt: Sequence[Message]) -> First:
        found = keyed(self._answers, prompt)
        if isinstance(found, Unanswered):
            raise found
        return first(found)


class Words:
    """Fits agents.ask.Chat, from many threads at once. The first key that stands in a prompt decides the answer."""

    def __init__(self, answers: Mapping[str, str | Unanswered], name: str = "told/words") -> None:
        self.name = name
        self.asked: list[tuple[Message, ...]] = []
        self.allowances: list[Allowance] = []
        self.schemas: list[Mapping[str, object] | None] = []
        self._answers = answers
        self._lock = Lock()

    def __call__(
        self, messages: Sequence[Message], allowance: Allowance, *, schema: Mapping[str, object] | None = None,
        depth: Depth = "short", most: int = 1024,
    ) -> Said:  # fmt: skip
        with self._lock:
            self.asked.append(tuple(messages))
            self.allowances.append(allowance)
            self.schemas.append(schema)
        found = keyed(self._answers, messages)
        if isinstance(found, Unanswered):
            raise found
        return said(found)


def keyed(answers: Mapping[str, T], prompt: Sequence[Message]) -> T:
    """Return the answer of the first key that stands in a prompt."""
    text = "\n".join(m.text for m in prompt)
    found = [answer for key, answer in answers.items() if key in text]
    assert found, f"nothing was recorded for {text!r}"
    return found[0]
