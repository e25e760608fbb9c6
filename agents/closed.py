"""Closed questions about a decision: yes or no, and multiple choice (moderation questions, ICM-Assistant I3).

The first letter is the answer: Y or N, or the letter of the option. None where the record decides neither.
"""

import re

from agents.absence import absent, unknown_rule
from agents.inquiry import Inquiry, Option, read_question, rules_by_words
from agents.reply import Docket, Reply, cited, quoted, sentence, statement_of
from cases.finding import Citation, Evidence, Stance
from cases.model import Fact
from policy_store.rule import Rule

LIKELY = 0.5
SHOWS = 3


class Manner(Fact):
    """A way of saying things that can be asked about: the stances that mean it, the exception that says the same."""

    pattern: str
    name: str
    stances: tuple[Stance, ...]
    exception_id: str | None = None

    def asked_in(self, text: str) -> bool:
        """Return whether a question names it."""
        return re.search(rf"\b(?:{self.pattern})\b", text) is not None


MANNERS = (
    Manner(
        pattern=r"jok\w*|humou?r\w*|funny|sarcas\w*|satir\w*|iron(?:y|ic\w*)|kidding|banter|hyperbol\w*"
        r"|figure of speech",
        name="a joke or figure of speech", stances=("joke",), exception_id="X-FIGURE",
    ),
    Manner(
        pattern=r"fiction\w*|stor(?:y|ies)|novel|film|movie|lyrics?|poem|role-?play",
        name="fiction", stances=("fiction",), exception_id="X-FICTION",
    ),
    Manner(
        pattern=r"news|reporting|reportage|journalis\w*|documentation|research",
        name="a report", stances=("report",), exception_id="X-REPORT",
    ),
    Manner(
        pattern=r"condemn\w*|counter-?speech|criticis\w*|criticiz\w*|warns?|warning",
        name="said to condemn", stances=("counter",), exception_id="X-COUNTER",
    ),
    Manner(
        pattern=r"quot(?:e|es|ed|ing|ation)",
        name="a quotation", stances=("quote", "counter"), exception_id="X-COUNTER",
    ),
    Manner(
        pattern=r"themsel\w+|himself|herself|oneself|own (?:experience|life|story)",
        name="about the author", stances=("self",), exception_id="X-SELF",
    ),
    Manner(
        pattern=r"serious(?:ly)?|meant|literal(?:ly)?|sincere(?:ly)?",
        name="meant as said", stances=("direct", "request", "endorse"),
    ),
    Manner(pattern=r"endors\w*|approv\w*", name="an endorsement", stances=("endorse",)),
    Manner(pattern=r"requests?|question|asks?|asking", name="a request", stances=("request",)),
)  # fmt: skip
_QUOTED = re.compile(r"[\"“”„«]([^\"“”„«»]{1,200})[\"“”»]")
_PERSON = re.compile(
    r"\b(?:human|moderator|person|somebody|someone|anybody|anyone|people)\b"
    r".{0,30}\b(?:involv|decid|review|look|check|saw|confirm|part)|\bautomat"
)
_REMOVED = re.compile(r"\b(?:remov|taken down|take down|delet)")
_ACTED = re.compile(
    r"\b(?:remov|taken down|take down|delet|act(?:ed|ion)? (?:on|up)|restrict|violat|break|broke|breach|against"
    r"|unlawful|punish|flag)"
)
_ALLOWED = re.compile(
    r"\b(?:allow|permit|compliant|comply|complies|acceptable|harmless|within the rules|(?:ok|okay|fine|safe|clean)\b)"
)
_WAITS = re.compile(r"\b(?:review|wait|pending|undecided|unsure|uncertain|doubt)")
_BOUND = re.compile(r"\b(above|over|more than|at least|exceeds?|below|under|less than|at most)\s+([0-9]{1,3})\b")
_NONE = re.compile(r"^(?:none|neither|no rule|nothing|no violation|not any)\b")
_NEGATED = re.compile(r"\b(?:not|except|least|doesnt|isnt|never)\b")


def manner_of(text: str) -> Manner | None:
    """Return the manner of saying things that a text in lower case names, None when it names none."""
    return next((m for m in MANNERS if m.asked_in(text)), None)


def yes_or_no(docket: Docket, inquiry: Inquiry) -> Reply | None:
    """Return the answer to a yes-or-no question; None when the record holds nothing about it."""
    if inquiry.strangers and not inquiry.rules:
        unknown = unknown_rule(docket, inquiry.strangers[0])
        return unknown.model_copy(update={"kind": "yes_no", "text": f"No: {unknown.text[0].lower()}{unknown.text[1:]}"})
    if inquiry.rules:
        return _judged(docket, [docket.pack.by_id[r] for r in inquiry.rules[:1]])
    for attempt in (_clause, _says, _person, _stance, _by_words, _number, _dimension, _outcome):
        if (made := attempt(docket, inquiry)) is not None:
            return made
    return None


def choose(docket: Docket, inquiry: Inquiry) -> Reply | None:
    """Return the option that the record speaks for; None when it speaks about none of them."""
    scores = [(o, s) for o in inquiry.options if (s := _support(docket, o)) is not None]
    if not scores:
        return None
    stem = inquiry.asked.split(f"{inquiry.options[0].letter.lower()})")[0]
    pick = min if _NEGATED.search(stem) else max
    option, support = pick(scores, key=lambda pair: pair[1])
    rules = _rules_of(docket, option)
    citations = tuple(statement_of(r) for r in rules[:1]) or tuple(statement_of(r) for r in (docket.rule,) if r)
    found = docket.finding(rules[0].id) if rules else docket.main
    evidence = found.evidence if found and docket.held.outcome != "allow" else ()
    others = ", ".join(f"{o.letter} {s:.2f}" for o, s in scores if o is not option)
    text = sentence(
        f"{option.letter}) {option.text}: the record speaks for it at {support:.2f}"
        + (f" (others: {others})." if others else "."),
        f"It rests on {quoted(evidence)}." if evidence else "",
        cited(citations),
    )
    return Reply(kind="choice", text=text, citations=citations, evidence=evidence)


def _support(docket: Docket, option: Option) -> float | None:
    held, decision = docket.held, docket.decision
    asked = option.text.casefold()
    if _NONE.search(asked):
        likeliest = max((f.probability for f in decision.findings), default=0.0)
        return {"act": 0.0, "allow": 1.0, "review": round(1 - likeliest, 4)}[held.outcome]
    manner = manner_of(asked)
    if manner and docket.main and docket.main.stance:
        return float(docket.main.stance in manner.stances)
    if rules := _rules_of(docket, option):
        return max(_probability(docket, r) for r in rules)
    words = set(re.findall(r"[\w-]+", asked))
    if asked in {t.id for t in docket.pack.tiers}:
        return float(asked == held.tier)
    for outcome, names in (("act", _ACTED), ("allow", _ALLOWED), ("review", _WAITS)):
        if outcome in words or names.search(asked):
            return float(held.outcome == outcome)
    return None


def _rules_of(docket: Docket, option: Option) -> list[Rule]:
    if _NONE.search(option.text.casefold()):
        return []
    read = read_question(option.text, docket.pack)
    ids = read.rules or (() if read.strangers else rules_by_words(option.text, docket.pack))
    return sorted((docket.pack.by_id[i] for i in ids), key=lambda r: -_probability(docket, r))


def _probability(docket: Docket, rule: Rule) -> float:
    if docket.held.edit is not None and docket.held.outcome != "review":
        return float(rule.id == docket.held.rule_id)
    found = docket.finding(rule.id)
    p = found.probability if found else 0.0
    # The rule that leads by precedence may be the less likely one, and is the answer all the same.
    return 1.0 if docket.held.outcome == "act" and rule.id == docket.held.rule_id else min(p, 0.9999)


def _judged(docket: Docket, rules: list[Rule]) -> Reply:
    """Answer whether one of the rules is broken, by the one that the record knows most about."""
    held = docket.held
    likeliest = max(rules, key=lambda r: (r.id == held.rule_id, _probability(docket, r)))
    # Where all are unlikely, the one that the question's words name best is meant.
    rule = likeliest if _probability(docket, likeliest) >= LIKELY else rules[0]
    found, name = docket.finding(rule.id), docket.title(rule.id)
    evidence = found.evidence if found else ()
    quotes = f"{quoted(evidence)}." if evidence else ""
    citation = statement_of(rule)
    p = found.probability if found else 0.0
    broken = held.outcome == "act" and rule.id == held.rule_id
    also = held.edit is None and found is not None and found.verdict == "hit"
    if broken or also:
        how = "a person found it" if held.edit else f"found at {p:.2f}"
        text = sentence(f"Yes: {name} is broken, {how}.", quotes, cited((citation,)))
    elif held.outcome == "review" and p >= LIKELY:
        text = sentence(
            f"Yes, more likely than not, but no one has decided: {name} stands at {p:.2f}.", quotes, cited((citation,))
        )
    else:
        rest = absent(docket, rule)
        person = "a person decided otherwise. " if held.edit is not None and found and found.verdict == "hit" else ""
        others = ", ".join(r.id for r in rules if r is not rule)
        also_not = f" Nor is it {others}." if others else ""
        return rest.model_copy(update={"kind": "yes_no", "text": f"No: {person}{rest.text}{also_not}"})
    return Reply(kind="yes_no", text=text, citations=(citation,), evidence=evidence)


def _by_words(docket: Docket, inquiry: Inquiry) -> Reply | None:
    rules = [docket.pack.by_id[r] for r in rules_by_words(inquiry.said, docket.pack)]
    return _judged(docket, rules) if rules else None


def _clause(docket: Docket, inquiry: Inquiry) -> Reply | None:
    """Answer whether an exception that the question names holds."""
    named = [w for f in docket.decision.findings for w in f.exceptions if w.exception_id in inquiry.clauses]
    if not named:
        return None
    w = max(named, key=lambda w: w.probability)
    clause = Citation(clause_id=w.exception_id, quote=w.quote)
    stands = f"{w.exception_id} {'holds' if w.applies else 'does not hold'}, at {w.probability:.2f}."
    return _told(docket, w.applies, stands, clauses=(clause,))


def _says(docket: Docket, inquiry: Inquiry) -> Reply | None:
    """Answer whether the content holds words that the question quotes."""
    wanted = _QUOTED.search(inquiry.said)
    if wanted is None:
        return None
    words = wanted.group(1).strip()
    for part in docket.case.parts:
        at = part.text.lower().find(words.lower())
        if words and at >= 0 and len(part.text.lower()) == len(part.text):
            found = Evidence(part=part.id, start=at, end=at + len(words), quote=part.text[at : at + len(words)])
            return _told(docket, True, f"it says {quoted((found,))}.", (found,))
    return _told(docket, False, "those words do not stand in the content.")


def _person(docket: Docket, inquiry: Inquiry) -> Reply | None:
    if not _PERSON.search(inquiry.asked):
        return None
    touched = docket.held.edit is not None or docket.decision.automation == "none" or docket.decision.stage == "person"
    machine = docket.held.automation != "none"
    if "automat" in inquiry.asked:
        alone = "alone" if machine and not touched else "together with a person" if machine else ""
        return _told(
            docket, machine, f"it was decided by automated means {alone}." if machine else "a person decided it."
        )
    if docket.held.outcome == "review" and not touched:
        return _told(docket, False, "nobody has decided it yet; it waits for a person.")
    return _told(docket, touched, "a person has the last word on it." if touched else "no person took part.")


def _stance(docket: Docket, inquiry: Inquiry) -> Reply | None:
    manner = manner_of(inquiry.asked)
    main = docket.main
    if manner is None or main is None:
        return None
    weighed = next((w for w in main.exceptions if w.exception_id == manner.exception_id), None)
    if main.stance is None and weighed is None:
        return None
    yes = main.stance in manner.stances or bool(weighed and weighed.applies)
    reads = f"the stance reads as {main.stance}" if main.stance else "no stance was read"
    means = f"{reads}; {'that is' if yes else 'it is not'} {manner.name}."
    if weighed is None:
        return _told(docket, yes, means, main.evidence)
    holds = f"{weighed.exception_id} {'holds' if weighed.applies else 'does not hold'}, at {weighed.probability:.2f}."
    clause = Citation(clause_id=weighed.exception_id, quote=weighed.quote)
    return _told(docket, yes, f"{means} {holds}", main.evidence, (clause,))


def _number(docket: Docket, inquiry: Inquiry) -> Reply | None:
    bound = _BOUND.search(inquiry.asked)
    severity = docket.held.severity
    if severity is None:
        return None
    if bound:
        word, limit = bound.group(1), int(bound.group(2))
        yes = {
            "at least": severity >= limit, "at most": severity <= limit,
            "below": severity < limit, "under": severity < limit, "less than": severity < limit,
        }.get(word, severity > limit)  # fmt: skip
        return _told(docket, yes, f"the severity is {severity} of 100.")
    tier = next(
        (t for t in docket.pack.tiers if t.id != "none" and re.search(rf"\b{re.escape(t.id)}\b", inquiry.asked)), None
    )
    if tier is None:
        return None
    return _told(docket, tier.id == docket.held.tier, f"the tier is {docket.held.tier}, at severity {severity}.")


def _dimension(docket: Docket, inquiry: Inquiry) -> Reply | None:
    """Answer from the rubric: a dimension is shown from level SHOWS on."""
    for grade in docket.decision.grades:
        if re.search(rf"\b{re.escape(grade.dimension[:6])}", inquiry.asked):
            return _told(
                docket,
                grade.level >= SHOWS,
                f"{grade.dimension} is graded {grade.level} of 4: {grade.anchor} {grade.reason}.",
            )
    return None


def _outcome(docket: Docket, inquiry: Inquiry) -> Reply | None:
    held = docket.held
    about = f"{held.outcome}{f' under {docket.title(held.rule_id)}' if held.rule_id else ''}"
    evidence = docket.main.evidence if docket.main and held.outcome != "allow" else ()
    if _WAITS.search(inquiry.asked):
        waits = held.outcome == "review"
        return _told(docket, waits, "it waits for a person." if waits else f"it is decided: {about}.", evidence)
    for pattern, outcome in ((_ALLOWED, "allow"), (_ACTED, "act")):
        if not pattern.search(inquiry.asked):
            continue
        if _REMOVED.search(inquiry.asked) and held.outcome == "act":
            removed = "remove" in (held.action or "")
            return _told(docket, removed, f"what is done is: {held.action or 'not settled'} ({about}).", evidence)
        rest = f"no one has decided: {about}." if held.outcome == "review" else f"the outcome is {about}."
        return _told(docket, held.outcome == outcome, rest, evidence)
    return None


def _told(
    docket: Docket, yes: bool, reason: str, evidence: tuple[Evidence, ...] = (), clauses: tuple[Citation, ...] = ()
) -> Reply:
    citations = (*((statement_of(docket.rule),) if docket.rule else ()), *clauses)
    text = sentence(f"{'Yes' if yes else 'No'}: {reason.strip()}", cited(citations))
    return Reply(kind="yes_no", text=text, citations=citations, evidence=evidence)
