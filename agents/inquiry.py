"""What a question asks: its possible topics in order, and the rules, clauses, options and numbers that it names.

Patterns over folded words: no model reads the question, so nothing in it can instruct anybody. Questions are read to
MAX_READ characters.
"""

import re
from collections import Counter
from math import log

from agents.reply import Kind
from cases.model import Fact
from cases.text import fold
from policy_store.pack import Pack

MAX_READ = 2000
NEAR_BEST = 0.6
TELLING = 1.5
STATED = 1.0

_OPTION = re.compile(r"(?:(?<=\s)|^)\(?([A-Ha-h])[).:]\s*(?=\S)")
_TOKEN = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[-.][A-Za-z0-9]+)*")
_SPACED = re.compile(r"\b([A-Za-z]{1,4})\s([0-9]{1,3})\b")
_STRANGER = re.compile(r"[A-Za-z]{1,3}-?[0-9]{1,3}(?:\.[a-z])?|[A-Z]{1,3}[0-9]{0,3}-[A-Z]{2,}")
_WORD = re.compile(r"[^\W\d_]{3,}")
_ENDING = re.compile(r"(?:ening|ened|ens|ing|ed|en|ful|ly|s)$")
_AUXILIARY = re.compile(
    r"^\W*(?:(?:and|but|so|ok|okay|well|please|tell me)\W+)*(?:is|are|was|were|am|do|does|did|has|have|had|can|could"
    r"|should|would|will|isnt|arent|wasnt|werent|dont|doesnt|didnt|hasnt|cant|couldnt|shouldnt|wouldnt)\b"
)
_NOT = re.compile(r"\b(?:not|never|instead of|rather than|\w+nt)\b")
_WHY = r"(?:why|how come|reasons?|what ground|what basis|explain|justif\w+|on what)"
# Checked in this order; every one that fits is tried until one can answer.
_TOPICS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    ("severity", re.compile(rf"\b{_WHY}\b\W*(?:is (?:it|this|that) )?(?:a |the |an |score |severity )*[0-9]{{1,3}}\b")),
    (
        "what_would_change",
        re.compile(
            r"\b(?:what|which|how|anything)\b.{0,60}\b(?:chang|flip|differ|revers|overturn)|\bwhat if\b"
            r"|\bcounterfactual"
            r"|\bwould\b.{0,80}\b(?:if|without|had)\b|\bwhat (?:would|does|will) it take\b"
            r"|\bhow (?:could|can|would|might|to)\b.{0,40}\b(?:allow|complian|accept|permit|ok\b|okay)"
        ),
    ),
    (
        "similar",
        re.compile(
            r"\b(?:similar\w*|precedents?|alike|resembl\w+|comparable)\b|\bcases? like\b"
            r"|\bnear(?:est|by)? (?:cases?|examples?)"
        ),
    ),
    ("exceptions", re.compile(r"\b(?:exceptions?|exempt\w*|excus\w+|carve-?outs?)\b")),
    (
        "evidence",
        re.compile(
            r"\b(?:what|which|where|show|list|give|highlight|quote)\b.{0,40}"
            r"\b(?:words?|phrases?|sentences?|passages?|parts?|evidence|quotes?|spans?|text|lines?|regions?|frames?|box(?:es)?)\b"
            r"|^\W*(?:evidence|where)\b"
        ),
    ),
    (
        "severity",
        re.compile(
            r"\bhow (?:severe|serious|bad|grave|harmful|dangerous|strong)\b|\bseverity\b|\btiers?\b|\brubric\b"
            r"|\bgrade[sd]?\b"
            r"|\bscored?\b|\bhow (?:much|high)\b"
        ),
    ),
    (
        "who",
        re.compile(
            r"\bwho\b|\bwhom\b|\b(?:which|what) (?:moderator|person|model|version|pack|stage|agent)\b|\bautomat\w+"
            r"|\bwhen (?:was|were|did|is)\b|\bhow (?:was|were|is) (?:this|it|that|the case) (?:decided|made)\b"
        ),
    ),
    (
        "considered",
        re.compile(
            r"\bconsider\w*|\bcandidates?\b|\balternativ\w+|\b(?:other|which|what) rules\b|\blooked at\b|\branked\b"
            r"|\bretriev\w+|\bweighed\b|\bwhat was checked\b|\bfindings?\b"
        ),
    ),
)
_PLAIN_WORDS = frozenset(
    "the and any for its his her was were does did has have had this that these those there with from not are "
    "can could should would will about into onto who whom whose what which when where why how some somebody "
    "someone anybody anyone something anything rule rules policy policies content post comment text message "
    "case decision decid break broken brok violat breach against remov allow act outcom kind sort typ involv "
    "mention contain show say said tell person peopl people author user count fall under really actual also "
    "only just other another than then too very more most words change answer".split()
)


class Option(Fact):
    """One option of a multiple choice."""

    letter: str
    text: str


class Inquiry(Fact):
    """A question as it was understood. `topics` in the order in which to try them; `asked` is folded lower case."""

    topics: tuple[Kind, ...]
    asked: str
    said: str
    rules: tuple[str, ...] = ()
    clauses: tuple[str, ...] = ()
    strangers: tuple[str, ...] = ()
    options: tuple[Option, ...] = ()
    numbers: tuple[int, ...] = ()


def read_question(question: str, pack: Pack) -> Inquiry:
    """Return what a question asks; an empty or foreign one has the topic unknown alone."""
    said = fold(question[: MAX_READ * 2])[:MAX_READ].replace("’", "'").replace("‘", "'")
    asked = said.casefold().replace("'", "")
    options, stem = _options(said)
    rules, clauses, strangers = _named_ids(said, pack)
    numbers = tuple(int(n) for n in re.findall(r"(?<![\w.])[0-9]{1,3}(?![\w]|\.[0-9])", asked))
    return Inquiry(
        topics=_topics(asked, stem.casefold(), bool(options), bool(rules or strangers or clauses), bool(clauses)),
        asked=asked, said=said, rules=rules, clauses=clauses, strangers=strangers, options=options, numbers=numbers,
    )  # fmt: skip


def rules_by_words(text: str, pack: Pack) -> tuple[str, ...]:
    """Return the rules that a text names by words of their titles, scenes or statements, nearest first.

    Words that few rules share count more; a text that shares only common words names none.
    """
    stems = {stem(w) for w in _WORD.findall(text.casefold()) if not {w, stem(w)} & _PLAIN_WORDS}
    weights, idf = _lexicon(pack)
    shared = {s for s in stems if idf.get(s, 0.0) >= TELLING}
    if not shared:
        return ()
    near = {rule_id: own for rule_id, own in weights.items() if _named(own, stems, shared)}
    if not near:
        return ()
    scores = {rule_id: sum(idf[s] * own[s] for s in stems if s in own) for rule_id, own in near.items()}
    best = max(scores.values())
    return tuple(sorted((r for r, v in scores.items() if v >= NEAR_BEST * best), key=lambda r: -scores[r]))


def _named(own: dict[str, float], stems: set[str], shared: set[str]) -> bool:
    """Say whether words name a rule: a telling one of its title, scene or keywords, or two of its statement."""
    hits = stems & own.keys()
    return any(own[s] > STATED for s in hits & shared) or (len(hits) > 1 and bool(hits & shared))


def _topics(asked: str, stem: str, choice: bool, named: bool, clause: bool) -> tuple[Kind, ...]:
    found: list[Kind] = ["choice"] if choice else []
    why, negated = re.search(rf"\b{_WHY}\b", asked), _NOT.search(asked)
    topical = [kind for kind, pattern in _TOPICS if pattern.search(asked)]
    if clause and not choice and "what_would_change" not in topical:
        found += ["yes_no", "exceptions"] if _AUXILIARY.search(asked) else ["exceptions"]
    if why and negated and (named or not topical):
        found.append("why_not")
    if _AUXILIARY.search(asked):
        # "Are there similar cases?" is no question about the content, "is it severe?" is.
        first = [k for k in topical if k in ("similar", "exceptions", "what_would_change")]
        found += [*first, "yes_no"]
    found += topical
    if why or named:
        found += ["why_not", "why"] if negated else ["why"]
    return tuple(dict.fromkeys(found)) or ("unknown",)


def _options(said: str) -> tuple[tuple[Option, ...], str]:
    marks = list(_OPTION.finditer(said))
    # Letters that do not run A, B, C, … are initials or list marks of something else.
    first = next((i for i, m in enumerate(marks) if m.group(1) in "Aa"), None)
    if first is None:
        return (), said
    run = [marks[first]]
    for mark in marks[first + 1 :]:
        if ord(mark.group(1).upper()) == ord(run[-1].group(1).upper()) + 1:
            run.append(mark)
    if len(run) < 2:
        return (), said
    ends = [m.start() for m in run[1:]] + [len(said)]
    found = (
        Option(letter=m.group(1).upper(), text=said[m.end() : end].strip(" ,;?"))
        for m, end in zip(run, ends, strict=True)
    )
    return tuple(found), said[: run[0].start()]


def _named_ids(said: str, pack: Pack) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    known = {_key(i): i for i in (*pack.clauses, *pack.by_id)}
    tokens = [(m.start(), m.group()) for m in _TOKEN.finditer(said)]
    spaced = [(m.start(), m.group(1) + m.group(2)) for m in _SPACED.finditer(said)]
    tokens += [(start, name) for start, name in spaced if _key(name) in known]
    rules: dict[str, None] = {}
    clauses: dict[str, None] = {}
    strangers: dict[str, None] = {}
    apart = {p.id.casefold() for p in pack.profiles}
    for _, token in sorted(tokens):
        found = known.get(_key(token))
        if found in pack.by_id:
            rules[found] = None
        elif found is not None:
            clauses[found] = None
        elif _STRANGER.fullmatch(token) and token.casefold() not in apart:
            strangers[token] = None
    return tuple(rules), tuple(clauses), tuple(strangers)


def _key(name: str) -> str:
    return name.casefold().replace("-", "")


def _stems(text: str) -> list[str]:
    return [stem(w) for w in _WORD.findall(text.casefold())]


def stem(word: str) -> str:
    """Return the beginning of a word that its forms share, roughly.

    >>> {stem(w) for w in ("threat", "threats", "threaten", "threatening")}
    {'threat'}
    """
    cut = _ENDING.sub("", word)
    return (cut if len(cut) >= 3 else word)[:6].rstrip("e")


def _lexicon(pack: Pack) -> tuple[dict[str, dict[str, float]], dict[str, float]]:
    """Return the weight of each stem per rule, and how telling each stem is."""
    scenes = {s.id: s.name for s in pack.scenes}
    weights: dict[str, dict[str, float]] = {}
    for rule in pack.rules:
        names = " ".join(k for k in rule.keywords if " " not in k)
        texts = ((rule.statement, STATED), (names, 2.0), (scenes.get(rule.scene, ""), 2.0), (rule.type, 3.0))
        weights[rule.id] = {s: weight for text, weight in texts for s in _stems(text)}
    seen = Counter(s for own in weights.values() for s in own)
    return weights, {s: log((len(weights) + 1) / n) for s, n in seen.items()}
