"""How many tokens an ask may take: a guess at its prompt, and the room that is left for the answer.

The guess counts three bytes of UTF-8 as a token: about a quarter too many for English, about right for Chinese, so
that an allowance is kept without the model's tokenizer. A picture counts a token for each square of PATCH pixels and
some for its ends, as Qwen's do; models that cut it into tiles take about as many. What an answer reports replaces the
guess.
"""

from collections.abc import Sequence

from cases.exchange import Message

TOKEN_BYTES = 3
TURN_TOKENS = 8
PATCH, PICTURE_TOKENS = 28, 8
LEAST = 16
SHORTEN = "ask for less, or serve the model with a longer context"


def guessed(messages: Sequence[Message]) -> int:
    """Return about how many tokens messages are, the marks of a chat template counted in.

    >>> guessed([Message(author="user", text="abcdef")])
    10
    """
    read = sum(-(-len(m.text.encode("utf-8", "replace")) // TOKEN_BYTES) + TURN_TOKENS for m in messages)
    seen = [placed.picture for m in messages for placed in m.pictures]
    return read + sum(-(-p.width // PATCH) * -(-p.height // PATCH) + PICTURE_TOKENS for p in seen)


def room(prompt: int, most: int, tokens: int, context: int | None = None, answer: int | None = None) -> int | None:
    """Return how many tokens an answer may have, at most `most`; None where an allowance of `tokens` leaves too few.

    Fewer than LEAST are no answer, unless no more were wanted. `context` is what the model holds and `answer` how long
    it may answer, where these are known; they only lower the limit, since the server counts better than a guess.
    """
    left = min(most, tokens - prompt)
    if left < min(most, LEAST):
        return None
    if context is not None:
        left = min(left, max(LEAST, context - prompt))
    return left if answer is None else min(left, answer)
