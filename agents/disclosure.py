"""What a text for the person concerned would tell beyond the notice: inner workings, names, data, promises, numbers.

A net under a model that is shown the notice alone, not a proof. Everything is held against the notice: what stands
there may be said. Contract: faults that rest on the record name nothing of it, because they go back to the model.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain as joined
from typing import NamedTuple

from agents.notice import PLACEHOLDER
from agents.pii import pii
from agents.tongue import EVERYWHERE, TONGUES, Tongue
from cases.decision import Decision, Edit, Outcome
from cases.text import fold, sentences
from policy_store.folding import folded
from policy_store.pack import Pack

SHARED_WORDS = 6
SHORT_WORDS = 3
NAME_LETTERS = 3
INSIDE = "it tells how the decision was made; tell only what the notice tells"
_WORD = re.compile(r"[^\W_]+")
_DIGITS = re.compile(r"[0-9]+")
_NUMBER = re.compile(r"[0-9]+(?:[.,:/-][0-9]+)*")
_APART = re.compile(r"\b(?:[^\W\d_][\s.*_\-]{1,3}){3,}[^\W\d_]\b")
_LINK = re.compile(
    r"https?:|www\.|\b[\w-]+\.(?:com|org|net|eu|de|fr|es|it|nl|pt|io|info|example|gov|uk)\b", re.IGNORECASE
)
_SPOKEN = re.compile(r"“([^“”]+)”|\"([^\"]+)\"|„([^„“”]+)[“”]|«([^«»]+)»|‘([^‘’]{3,})’")
_PERIOD = r"(?:days?|weeks?|months?|years?|hours?|minutes?)"
_CONTRARY: dict[Outcome, str] = {
    "act": r"\b(?:not (?:been )?(?:removed|restricted)|nothing (?:is|was|has been) (?:removed|restricted)"
    r"|breaks? no rule|no rule (?:is|was)|your \w+ (?:does|did) not break|your \w+ is allowed)\b",
    "allow": r"\b(?:was|were|is|are|been) (?:removed|restricted|hidden|limited|deleted|taken down)\b",
    "review": r"\b(?:was|were|is|are|been) (?:removed|restricted|hidden|limited|deleted|taken down|found to break)\b"
    r"|\bbreaks? no rule|\bis allowed\b",
}
_PERSON = (
    r"\b(?:a|some|our|any) (?:person|people|people of ours)\b.{0,20}\b(?:looked|checked|decided|reviewed|read|saw)\b"
)


class Inside(NamedTuple):
    """What must not get out of a record: runs of words, names, and ids of rules as one word."""

    runs: frozenset[tuple[str, ...]]
    names: frozenset[str]
    ids: frozenset[str]


def inside(decision: Decision, edits: Sequence[Edit], pack: Pack, names: Iterable[str], notice: str) -> Inside:
    """Return what a record holds and the notice does not; `names` are those of the models at work."""
    texts = [
        *(s.text for s in decision.chain),
        *joined.from_iterable(
            (*c.notes, *(k.detail for k in c.checks), *(t for x in c.criteria for t in (x.name, x.reason)))
            for c in decision.critiques
        ),
        *(t for g in decision.grades for t in (g.reason, g.anchor)),
        *(e.reason for e in edits),
        *(p.text for p in decision.precedents),
    ]
    terms = [c.replace("_", " ") for c in decision.causes]
    terms += [k.name.replace("_", " ") for c in decision.critiques for k in c.checks]
    terms += [r.type for r in pack.rules]
    told = _words(notice)
    runs = {run for text in texts for run in _runs(text)} | {tuple(_words(t)) for t in terms if len(_words(t)) > 1}
    people = {part for e in edits for part in _person(e.by)}
    models = {c.author for c in decision.critiques if c.author} | {b for r in decision.roles for b in r.backends}
    secret = people | {part for m in {*models, *names} if m != "embedded" for part in _model(m)}
    return Inside(
        runs=frozenset(r for r in runs if not _holds(told, r)),
        names=frozenset(n for n in secret if not _says(told, n)),
        ids=frozenset(map(_squeezed, pack.clauses)) - _cited(told),
    )


def leaks(text: str, notice: str, secret: Inside, tongue: Tongue, outcome: Outcome) -> list[str]:
    """Return what a text tells that the notice does not, in words for its author; empty where it tells nothing."""
    read, told = _plain(text), _plain(notice)
    words, noticed = _words(text), _words(notice)
    out = list(_named_words(read, told, tongue))
    if (
        any(_holds(words, run) for run in secret.runs)
        or any(_says(words, n) for n in secret.names)
        or secret.ids & _cited(words)
    ):
        out.append(INSIDE)
    out += [f"it holds {k} of somebody" for k in dict.fromkeys(f.kind for f in pii(text) if f.quote not in notice)]
    if PLACEHOLDER in text or "#" in text or (_LINK.search(fold(text)) and not _LINK.search(notice)):
        out.append("it names a place, a link or a placeholder; the notice does that")
    out += [
        f"it quotes {said[:60]!r}, which the notice does not say"
        for m in _SPOKEN.finditer(text)
        if not _holds(noticed, tuple(_words(said := next(filter(None, m.groups())))))
    ]
    alone = "" if "a person took" in told else f"|{_PERSON}"
    contrary = [m.group() for m in re.finditer(f"{_CONTRARY[outcome]}{alone}", read) if m.group() not in told]
    out += [f"{c!r} is not what the notice says" for c in dict.fromkeys(contrary)]
    return [*out, *_numbers(read, told, tongue), *_foreign(fold(text))]


def _named_words(read: str, told: str, tongue: Tongue) -> Iterator[str]:
    english = TONGUES["en"]
    for why, stems, here in (
        ("is about the inside of the system", f"{EVERYWHERE}|{tongue.inner}", None),
        ("promises something", tongue.promise, english.promise),
        ("speaks of consequences that were not decided", tongue.beyond, english.beyond),
    ):
        # The notice is English: where it speaks of such a thing itself, a translation of it may do so as well.
        if tongue is not english and here and re.search(rf"\b(?:{here})", told):
            continue
        # Without hyphens as well: "prob-ability" is no other word.
        found = dict.fromkeys(m.group() for m in re.finditer(rf"\b(?:{stems})\w*", f"{read} {read.replace('-', '')}"))
        yield from (f"{word!r} {why}; leave it out" for word in found if not re.search(rf"\b{re.escape(word)}\b", told))


def _numbers(read: str, told: str, tongue: Tongue) -> Iterator[str]:
    known, whole = {n.lstrip("0") for n in _DIGITS.findall(told)}, set(_NUMBER.findall(told))
    for number in dict.fromkeys(_NUMBER.findall(read)):
        parts = _DIGITS.findall(number)
        # A date may be written the other way round; a number of two parts is a number of its own.
        again = len(parts) != 2 and all(p.lstrip("0") in known for p in parts)
        if number not in whole and not again:
            yield f"the number {number[:12]} is not in the notice"
    for word in dict.fromkeys(re.findall(rf"\b(?:{tongue.numbers})\b", read)):
        # A number that the notice states may be said again of the same thing alone.
        said = re.findall(rf"\b{re.escape(word)}\b(?: \w+)?", read)
        if not all(re.search(rf"\b{re.escape(s)}\b", told) for s in said):
            yield f"the number {word!r} is not in the notice"
    for period in re.findall(rf"\b[a-z0-9]+ {_PERIOD}\b", read):
        if not re.search(rf"\b{period}\b", told) and period.split()[0] not in _FILLERS:
            yield f"the period {period!r} is not in the notice"


_FILLERS = frozenset("the a an these those some of for in that this next last every each other few many".split())


def _foreign(seen: str) -> Iterator[str]:
    """Yield a fault where letters of another alphabet could hide a word from these checks."""
    if any(not ch.isascii() and (ch.isdigit() or ch.isalpha() and not ch <= "ɏ") for ch in seen):
        yield "it is not written in the Latin alphabet"


def _plain(text: str) -> str:
    """Return a text in lower case without accents, and words that were written letter by letter as words."""
    flat = " ".join(folded(fold(text)).text.split())
    return _APART.sub(lambda m: "".join(_WORD.findall(m.group())), flat)


def _words(text: str) -> list[str]:
    return _WORD.findall(_plain(text))


def _runs(text: str) -> Iterator[tuple[str, ...]]:
    """Yield every run of SHARED_WORDS words of a text, and each of its shorter sentences as a whole."""
    words = _words(text)
    yield from (tuple(words[i : i + SHARED_WORDS]) for i in range(len(words) - SHARED_WORDS + 1))
    for start, end in sentences(text):
        one = tuple(_words(text[start:end]))
        if SHORT_WORDS <= len(one) < SHARED_WORDS:
            yield one


def _holds(words: Sequence[str], run: tuple[str, ...]) -> bool:
    return f" {' '.join(run)} " in f" {' '.join(words)} "


def _person(name: str) -> set[str]:
    """Return a person's name as one word, and its parts that are long enough to be told."""
    return {n for n in (_squeezed(name), *(p for p in _words(name) if len(p) >= NAME_LETTERS)) if n}


def _model(name: str) -> set[str]:
    """Return what a model may be called: `openai/gpt-9-mini` is gpt-9-mini, and gpt."""
    last = name.rpartition("/")[2]
    return {n for n in (_squeezed(name), _squeezed(last), *_words(last)[:1]) if n}


def _cited(words: Sequence[str]) -> frozenset[str]:
    """Return all that could be an id: up to three words in a row, as one."""
    return frozenset("".join(words[i : i + n]) for n in (1, 2, 3) for i in range(len(words) - n + 1))


def _squeezed(text: str) -> str:
    return "".join(_words(text))


def _says(words: Sequence[str], name: str) -> bool:
    """Return whether words hold a name, as one of them or, where it is long, however it is spaced."""
    return name in words or (len(name) > NAME_LETTERS + 1 and name in "".join(words))
