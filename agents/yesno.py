"""The probability of Yes in the first token of an answer (Filter-And-Refine, M3). No model is asked here.

Tokenizers spell one word in many ways: "Yes", " yes", "YES", "▁Yes", "Ġyes". All that differ in case, blanks and marks
alone count together, by their text: an id written into the code would be wrong for the next tokenizer. The same number
for the question "Is the image {term}?" is the ICM-score (I4); above 0.5 it is positive.
"""

import re
from math import exp

from cases.exchange import First, Unanswered
from cases.model import Fact

# Besides what is no letter: the marks that SentencePiece (U+2581) and byte-level BPE (Ġ, Ċ) write for blanks.
_EDGE = re.compile(r"^[\W_\u2581ĠĊ]+|[\W_\u2581ĠĊ]+$")
SHOWN = 5
# A word that hardly ever comes first is weighed against one that does so as rarely: their share would be noise.
MOST_OUTSIDE = 0.9


class YesNo(Fact):
    """What the first token says: `p` is the share of Yes in what `yes` and `no` weigh together, both in [0, 1].

    `outside` is the weight of all other tokens: near 1 the model does not answer the question, and p says little.
    """

    p: float
    yes: float
    no: float
    outside: float


def variants(*words: str) -> tuple[str, ...]:
    """Return the spellings of words to ask a backend for: as is, lower, capital, upper, each with and without a blank.

    >>> variants("Yes")
    ('Yes', ' Yes', 'yes', ' yes', 'YES', ' YES')
    """
    cased = [form for word in words for form in (word, word.lower(), word.capitalize(), word.upper())]
    return tuple(dict.fromkeys(spelled for form in cased for spelled in (form, f" {form}")))


VARIANTS = variants("Yes", "No")


def weigh_tokens(first: First, yes: str = "yes", no: str = "no", *, most_outside: float = MOST_OUTSIDE) -> YesNo:
    """Return p = yes / (yes + no), each summed over its spellings (M3).

    Raise Unanswered (malformed_answer) where neither word is among the tokens, and where other words have more than
    `most_outside` of the weight together: a model that thinks aloud or was served with another template.
    """
    masses = {yes.casefold(): 0.0, no.casefold(): 0.0}
    for token in first.tokens:
        word = bare(token.text)
        if word in masses:
            masses[word] += exp(token.logprob)
    says, denies = (min(1.0, mass) for mass in masses.values())
    if says + denies <= 0.0:
        seen = ", ".join(repr(t.text) for t in first.tokens[:SHOWN]) or "nothing"
        raise Unanswered("malformed_answer", f"neither {yes!r} nor {no!r} is among the first tokens: {seen}")
    outside = min(1.0, max(0.0, 1.0 - says - denies))
    if outside > most_outside:
        told = f"{outside:.3f} of the first token's weight is on neither {yes!r} nor {no!r}, above {most_outside:g}"
        raise Unanswered("malformed_answer", told)
    return YesNo(p=says / (says + denies), yes=says, no=denies, outside=outside)


def bare(token: str) -> str:
    """Return a token's word, without case, blanks and marks around it.

    >>> [bare(t) for t in ("▁Yes", "ĠYES", " yes.", '"No', "Not", "\\n\\n")]
    ['yes', 'yes', 'yes', 'no', 'not', '']
    """
    return _EDGE.sub("", token).casefold()


def settled_early(p: float, tau: float) -> bool:
    """Return whether a first token is sure enough, either way, to spare the rest of the answer (SingGuard's exit).

    >>> [settled_early(p, 0.97) for p in (0.99, 0.01, 0.9)]
    [True, True, False]
    """
    return p >= tau or 1.0 - p >= tau
