"""Find in a case what a model says that it quotes. What is not there is not evidence.

A model may change case, blanks, quotation marks and accents; the words themselves must stand in the part. What comes
back is always the case's own text, by offsets.
"""

import re
from itertools import pairwise

from cases.case import Case, Part
from cases.finding import Evidence
from policy_store.folding import folded

_TOKENS = re.compile(r"\w+|[^\w\s]")
_ELLIPSIS = re.compile(r"^(?:\.{3}|…)\s*|\s*(?:\.{3}|…)$")
MARKS = str.maketrans(
    {"‹": "<", "›": ">", "［": "[", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "–": "-", "—": "-"}
)


def found(case: Case, part_id: str | None, quote: str) -> Evidence | None:
    """Return a quote as evidence of the part that holds it, `part_id` first; None where no part does."""
    for part in sorted(case.parts, key=lambda p: p.id != part_id):
        if span := place(part, quote):
            start, end = span
            return Evidence(part=part.id, start=start, end=end, quote=part.text[start:end])
    return None


def place(part: Part, quote: str) -> tuple[int, int] | None:
    """Return (start, end) of the first place of a part that reads like a quote, None where there is none."""
    if quote.strip() and (span := _whole(quote.strip(), part.text)):
        return span
    wanted = _ELLIPSIS.sub("", quote.strip()).strip("\"'“”‘’ ")
    if not any(ch.isalnum() for ch in wanted):
        return (at, at + len(wanted)) if wanted and (at := part.text.find(wanted)) >= 0 else None
    if span := _whole(wanted, part.text):
        return span
    body, starts, ends = folded(part.text)
    tokens = _TOKENS.findall(folded(wanted).text.translate(MARKS))
    if not tokens:
        return None
    # Two words never run into one: "the rapist" does not stand in "therapist".
    pattern = re.escape(tokens[0])
    for before, after in pairwise(tokens):
        apart = before[-1].isascii() and before[-1].isalnum() and after[0].isascii() and after[0].isalnum()
        pattern += (r"\s+" if apart else r"\s*") + re.escape(after)
    hit = re.search(_bounded(pattern, tokens[0][0], tokens[-1][-1]), body.translate(MARKS))
    return (starts[hit.start()], ends[hit.end() - 1]) if hit else None


def _whole(quote: str, text: str) -> tuple[int, int] | None:
    hit = re.search(_bounded(re.escape(quote), quote[0], quote[-1]), text)
    return hit.span() if hit else None


def _bounded(pattern: str, first: str, last: str) -> str:
    """Return a pattern that neither begins nor ends inside a word of a script with blanks."""
    left = r"(?<![A-Za-z0-9])" if first.isascii() and first.isalnum() else ""
    right = r"(?![A-Za-z0-9])" if last.isascii() and last.isalnum() else ""
    return f"{left}{pattern}{right}"
