"""Prompts that many callers ask at once go through a local model together, and each gets its own answers back."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from cases.exchange import Allowance, First, Message, Token, Unanswered, Usage
from tools.gathered import GatheredOdds

AMPLE = Allowance(seconds=20, tokens=1000)


class Echo:
    """A model whose first token is the prompt itself; it keeps the batches that it read."""

    name = "transformers/echo"

    def __init__(self) -> None:
        self.read: list[list[str]] = []
        self.tokens: list[tuple[str, ...]] = []
        self.broken = False

    def __call__(self, prompts, allowance, *, tokens=()):  # type: ignore[no-untyped-def]
        if self.broken:
            raise Unanswered("out_of_budget", "the prompt is too long")
        self.read.append([p[0].text for p in prompts])
        self.tokens.append(tuple(tokens))
        return tuple(First(tokens=(Token(text=p[0].text, logprob=0.0),), usage=Usage(calls=1)) for p in prompts)


def prompts(*texts: str) -> list[tuple[Message, ...]]:
    return [(Message(author="user", text=text),) for text in texts]


def test_callers_share_a_batch_and_get_their_own_answers_in_order() -> None:
    echo, start = Echo(), Barrier(6)
    gathered = GatheredOdds(echo, wait=0.2)

    def ask(n: int) -> list[str]:
        start.wait(10)
        found = gathered(prompts(f"{n}a", f"{n}b"), AMPLE, tokens=("Yes", "No") if n % 2 else ("safe",))
        return [first.tokens[0].text for first in found]

    with ThreadPoolExecutor(6) as threads:
        answers = list(threads.map(ask, range(6)))
    gathered.close()
    assert answers == [[f"{n}a", f"{n}b"] for n in range(6)]
    assert sorted(t for batch in echo.read for t in batch) == sorted(f"{n}{x}" for n in range(6) for x in "ab")
    assert len(echo.read) < 6, "nobody shared a batch"
    assert set(echo.tokens[0]) <= {"Yes", "No", "safe"}


def test_a_model_that_fails_fails_for_all_who_asked_and_goes_on() -> None:
    echo = Echo()
    gathered = GatheredOdds(echo)
    echo.broken = True
    with pytest.raises(Unanswered, match="too long"):
        gathered(prompts("x"), AMPLE)
    echo.broken = False
    assert gathered(prompts("y"), AMPLE)[0].tokens[0].text == "y"
    gathered.close()
    with pytest.raises(Unanswered, match="closed"):
        gathered(prompts("z"), AMPLE)
