"""What agents need from a language model: an answer in words, or the odds of its first token. No client is here."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypeVar

from cases.decision import Depth
from cases.exchange import Allowance, First, Message, Said, Unanswered, Usage

B = TypeVar("B")
T = TypeVar("T")
SHARE = 0.6  # of the time that is left, for every backend but the last


class Chat(Protocol):
    """Answer in words. `name` is `backend/model`, as records name who wrote something."""

    name: str

    def __call__(
        self, messages: Sequence[Message], allowance: Allowance, *, schema: Mapping[str, object] | None = None,
        depth: Depth = "short", most: int = 1024,
    ) -> Said:  # fmt: skip
        """Return the answer, at most `most` tokens long.

        `schema` is a JSON schema that the text is to follow (its "title" names it); a backend that cannot hold a model
        to it asks in words alone, so the caller validates in any case. `depth` is how much the model may deliberate.
        Raise Unanswered when nothing usable comes back within the allowance, Misbound when nothing ever will.
        """
        ...


class Odds(Protocol):
    """Give the likeliest first tokens of the answers to prompts. `name` is `backend/model`."""

    name: str

    def __call__(
        self, prompts: Sequence[Sequence[Message]], allowance: Allowance, *, tokens: Sequence[str] = ()
    ) -> tuple[First, ...]:
        """Return one First a prompt, in their order, all asked at once.

        `tokens` are spellings whose probabilities are wanted whether or not they are among the likeliest; where a
        backend can look them up it does. Raise Unanswered when any prompt stays without an answer, Misbound as Chat.
        """
        ...


def in_order(
    backends: Sequence[B], allowance: Allowance, ask: Callable[[B, Allowance], tuple[T, Usage]]
) -> tuple[T, B, Usage]:
    """Return the first sound answer of several backends, who gave it, and what all that were tried cost.

    An answer that `ask` finds unsound moves on to the next one like one that never comes. Raise Unanswered with the
    last failure where none is left.
    """
    spent, last = Usage(), Unanswered("backend_unavailable", "no backend is bound")
    told: list[str] = []
    for place, backend in enumerate(backends, 1):
        left = allowance.less(spent)
        if left.seconds <= 0:
            last = last if told else Unanswered("out_of_time", "no time was left")
            told.append("no time was left for another backend")
            break
        if place < len(backends):
            left = Allowance(seconds=left.seconds * SHARE, tokens=left.tokens)
        try:
            answer, usage = ask(backend, left)
            return answer, backend, spent + usage
        except Unanswered as error:
            spent, last = spent + error.usage, error
            told.append(str(error))
    raise Unanswered(last.failure, "; then ".join(told) or str(last), spent)
