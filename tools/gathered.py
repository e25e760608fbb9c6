"""Token odds of a model in this process for many callers at once: what they ask together is read together.

A forward pass over sixteen prompts takes little longer than over one, so the asks of concurrent cases are gathered.
"""

from collections.abc import Sequence
from typing import NamedTuple

from cases.exchange import Allowance, First, Message, Unanswered
from tools.batcher import Batcher
from tools.budget import guessed
from tools.resting import Weighing

SIZE = 64
# The batch has callers with different times left; each of them stops waiting by itself.
LONG = Allowance(seconds=600.0, tokens=10_000_000)


class Wanted(NamedTuple):
    """A prompt, and the spellings whose odds its caller wants."""

    prompt: tuple[Message, ...]
    tokens: tuple[str, ...]


class GatheredOdds:
    """Fits agents.ask.Odds. Close it when done; `size` prompts go into one batch at most, `depth` may wait."""

    def __init__(self, odds: Weighing, *, size: int = SIZE, wait: float = 0.01, depth: int = 512) -> None:
        self.name = odds.name
        self._odds = odds
        self._batcher: Batcher[Wanted, First | Unanswered] = Batcher(
            odds.name, self._read, size=size, wait=wait, depth=depth
        )

    def __call__(
        self, prompts: Sequence[Sequence[Message]], allowance: Allowance, *, tokens: Sequence[str] = ()
    ) -> tuple[First, ...]:
        """Return one First a prompt, read together with those of other callers; raise as the model does."""
        wanted = [Wanted(tuple(prompt), tuple(tokens)) for prompt in prompts]
        size = sum(guessed(w.prompt) for w in wanted)
        if size > allowance.tokens:
            raise Unanswered("out_of_budget", f"{self.name}: about {size} tokens to read, {allowance.tokens} are left")
        found = self._batcher(wanted, allowance.seconds)
        for one in found:
            if isinstance(one, Unanswered):
                raise Unanswered(one.failure, str(one), one.usage)
        return tuple(one for one in found if isinstance(one, First))

    def close(self) -> None:
        """Answer what is queued and take nothing more."""
        self._batcher.close()

    def _read(self, batch: list[Wanted]) -> list[First | Unanswered]:
        tokens = tuple(dict.fromkeys(t for wanted in batch for t in wanted.tokens))
        try:
            return list(self._odds([wanted.prompt for wanted in batch], LONG, tokens=tokens))
        except Unanswered as error:
            # One prompt that is too long costs its own caller, not its neighbours.
            return [error] if len(batch) == 1 else [one for wanted in batch for one in self._read([wanted])]
