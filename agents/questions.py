"""Answers to questions about a decision: deterministic, from the record, the policy and fresh measurements alone.

Not a chat: what the record cannot answer is said so, with what can be asked. Contract: case, pack and edits are the
decision's own; a question is words to match, never an instruction.
"""

from collections.abc import Callable, Sequence

from agents.absence import why_not
from agents.attributes import label_of
from agents.closed import choose, manner_of, yes_or_no
from agents.excerpt import bar, flat, shortened
from agents.inquiry import Inquiry, read_question
from agents.perceiver import seen_at
from agents.prompt import render
from agents.rationale import WHY
from agents.reply import (
    MAX_QUOTED,
    Docket,
    Kind,
    Reply,
    Rescore,
    Similar,
    cited,
    quoted,
    sentence,
    statement_of,
)
from agents.sight import otherwise
from agents.standing import standing
from agents.whatif import changes
from agents.whereabouts import whereabouts
from cases.case import Case
from cases.decision import Decision, Edit
from cases.finding import Citation, Evidence, Finding
from cases.observation import Locator
from policy_store.pack import Pack
from policy_store.rule import Rule

NEAR = 3
SHOWN = 5


def answer(
    question: str,
    decision: Decision,
    case: Case,
    pack: Pack,
    edits: Sequence[Edit] = (),
    rescore: Rescore | None = None,
    similar: Similar | None = None,
) -> Reply:
    """Return the answer to a question in plain words.

    `rescore` scores texts anew and `similar` finds known cases; without them the record alone answers. Raise
    WrongRecord when case, pack or an edit is not the decision's.
    """
    held = standing(decision, case, pack, edits)
    docket = Docket(decision, case, pack, tuple(edits), held, rescore, similar)
    inquiry = read_question(question, pack)
    for topic in inquiry.topics:
        made = ANSWERS[topic](docket, inquiry)
        if made is not None:
            return made
    return _unknown(docket, inquiry)


def _unknown(docket: Docket, inquiry: Inquiry) -> Reply:
    return Reply(kind="unknown", text=render("ask_unknown"))


def _why(docket: Docket, inquiry: Inquiry) -> Reply | None:
    held, decision = docket.held, docket.decision
    if inquiry.strangers and not inquiry.rules:
        return why_not(docket, inquiry)
    if inquiry.rules and inquiry.rules[0] != held.rule_id:
        return why_not(docket, inquiry)
    if held.outcome == "allow":
        return _why_allowed(docket)
    finding, rule = docket.main, docket.rule
    causes = " ".join(WHY[c] for c in decision.causes)
    if finding is None or rule is None:
        return Reply(kind="why", text=sentence(_by_person(docket), "No rule leads.", causes or "Nothing was found."))
    own = docket.finding(rule.id)
    citations = _own_citations(docket)
    evidence = own.evidence if own else ()
    regions = "; ".join(f"{s.region}, {s.shows}{_at(s.locator)}" for s in (own.sightings if own else ()))
    front = (
        f"with {docket.title(rule.id)} in front" if held.rule_id else f"and no rule is suspected; nearest is {rule.id}"
    )
    leads = (
        f"{docket.title(rule.id)} leads: {held.action or 'act'}."
        if held.outcome == "act"
        else f"It waits for a person, {front}. {causes}"
    )
    text = sentence(
        _by_person(docket),
        leads,
        cited(citations),
        f"It rests on {quoted(evidence)}." if evidence else "" if regions else "No words were singled out for it.",
        f"Seen: {regions}." if regions else "",
        f"It stands at {own.probability:.2f}." if own else "The system had no finding on this rule.",
        _exceptions_in_short(docket),
        f"Severity {held.severity}, {held.tier}." if held.severity is not None else "",
    )
    return Reply(kind="why", text=text, citations=citations, evidence=evidence)


def _why_allowed(docket: Docket) -> Reply:
    decision = docket.decision
    person = _by_person(docket)
    if not decision.findings:
        text = "It is allowed: the router found nothing near it that breaks a rule, so no rule was ranked."
        return Reply(kind="why", text=sentence(person, text))
    main = docket.main
    near = ", ".join(f"{f.rule_id} {f.probability:.2f}" for f in decision.findings[:NEAR])
    saving = [Citation(clause_id=w.exception_id, quote=w.quote) for w in (main.exceptions if main else ()) if w.applies]
    rule = docket.rule
    citations = (*saving, *((statement_of(rule),) if rule else ()))
    why = f"The likeliest were {near}."
    held = "What holds here: " + cited(saving) if saving else "None was likely enough to act on."
    closest = f"The nearest rule says {cited((statement_of(rule),))}" if rule else ""
    opening = "It is allowed." if person else "It is allowed: no rule was found to be broken."
    return Reply(kind="why", text=sentence(person, opening, why, held, closest), citations=citations)


def _by_person(docket: Docket) -> str:
    last = docket.held.edit
    if last is None:
        return ""
    was = docket.decision
    return (
        f"{flat(last.by)} decided so: “{flat(last.reason)}”. "
        f"The system had found {was.outcome}{f' under {was.rule_id}' if was.rule_id else ''}."
    )


def _own_citations(docket: Docket) -> tuple[Citation, ...]:
    rule = docket.rule
    if rule is None:
        return ()
    found = docket.finding(rule.id)
    rest = tuple(c for c in (found.citations if found else ()) if c.clause_id != rule.id)
    return (statement_of(rule), *rest)


def _exceptions_in_short(docket: Docket) -> str:
    found = docket.main
    if found is None or not found.exceptions:
        return "No exception was weighed."
    first = found.exceptions[0]
    holds = "holds" if first.applies else "does not hold"
    return f"The likeliest exception, {first.exception_id}, {holds}, at {first.probability:.2f}."


def _what_would_change(docket: Docket, inquiry: Inquiry) -> Reply:
    rule, main = docket.rule, docket.main
    if rule is None or main is None:
        text = "No rule was ranked, so there is nothing to take away or to state. Other words would have to be decided."
        return Reply(kind="what_would_change", text=text)
    found = docket.finding(rule.id) or main
    if rule.by_sight and found.sightings:
        return _seen_otherwise(docket, rule, found)
    exceptions = docket.pack.exceptions_of(rule)
    order = {w.exception_id: i for i, w in enumerate(found.exceptions)}
    manner = manner_of(inquiry.asked)
    named = (*inquiry.clauses, *([manner.exception_id] if manner else []))
    wanted = [c for c in exceptions if c.id in named] or sorted(exceptions, key=lambda c: order.get(c.id, 99))
    citations = (statement_of(rule), *(Citation(clause_id=c.id, quote=c.text) for c in wanted[:NEAR]))
    if docket.rescore is None:
        return Reply(
            kind="what_would_change",
            text=_from_critique(docket, citations),
            citations=citations,
            evidence=found.evidence,
        )
    measured = changes(docket.case, rule.id, found.evidence, wanted[:NEAR], docket.rescore)
    lines = [
        f"{c.what[0].upper()}{c.what[1:]} {rule.id} goes from {c.before:.2f} to {c.after:.2f}"
        + (f", and {c.leader} leads at {c.leading:.2f}." if c.leader and c.leader != rule.id else ".")
        for c in measured
    ]
    text = sentence(
        f"Scored anew, {docket.title(rule.id)} is what the outcome hangs on.",
        *(lines or ["There are no words and no exceptions to change."]),
        cited(citations),
        "Whether a probability is enough to act on is settled by deciding the changed text.",
    )
    return Reply(kind="what_would_change", text=text, citations=citations, evidence=found.evidence)


def _seen_otherwise(docket: Docket, rule: Rule, found: Finding) -> Reply:
    """Return what would turn a verdict on what a picture shows: other values, or another profile."""
    profile = docket.decision.profile or docket.pack.default_profile
    held = {a.attribute_id: a.value_id for a in found.attributes}
    others = [
        f"Under {p.id} the same values are {label_of(rule, held, p.id)}."
        for p in docket.pack.profiles
        if p.id != profile and rule.id not in p.off
    ]
    lines = otherwise(rule, found.attributes, profile)
    text = sentence(
        f"{docket.title(rule.id)} is read from the picture: {', '.join(f'{a} {v}' for a, v in held.items())}, "
        f"which is {label_of(rule, held, profile)} under {profile}.",
        *(lines or ["No single other value would turn it."]),
        *others,
        cited(found.citations),
    )
    return Reply(kind="what_would_change", text=text, citations=found.citations, evidence=found.evidence)


def _from_critique(docket: Docket, citations: Sequence[Citation]) -> str:
    names = {
        "masking_the_evidence_lowers_the_score": "Without the quoted words",
        "stating_an_exception_does_not_raise_the_score": "With the likeliest exception stated",
    }
    checks = docket.decision.critiques[-1].checks if docket.decision.critiques else ()
    lines = [f"{names[c.name]}: {c.detail}." for c in checks if c.name in names]
    opening = "From the critique's own measurements:" if lines else "Nothing was measured about changes."
    found = docket.main
    words = f"The words that carry it: {quoted(found.evidence)}." if found and found.evidence else ""
    return sentence(opening, *lines, words, "What the rule says and what would except it:", cited(citations))


def _similar(docket: Docket, inquiry: Inquiry) -> Reply:
    found = {p.id: p for p in docket.decision.precedents}
    if docket.similar is not None:
        found |= {p.id: p for p in docket.similar(docket.case.text, SHOWN)}
    near = sorted(found.values(), key=lambda p: -p.similarity)[: SHOWN * 2]
    rules = [docket.pack.by_id[r] for r in dict.fromkeys(p.rule_id for p in near) if r in docket.pack.by_id]
    if not near:
        own = (statement_of(docket.rule),) if docket.rule else ()
        text = sentence("The record holds no precedents, and there was nothing to search with.", cited(own))
        return Reply(kind="similar", text=text, citations=own)
    lines = [
        f"{p.id}, {'violating' if p.violating else 'allowed'} under {p.rule_id}, at {p.similarity:.2f}: "
        f"“{shortened(p.text, MAX_QUOTED)}”."
        for p in near
    ]
    citations = tuple(statement_of(rule) for rule in rules)
    return Reply(kind="similar", text=sentence("Nearest first.", *lines, cited(citations)), citations=citations)


def _considered(docket: Docket, inquiry: Inquiry) -> Reply:
    decision, main = docket.decision, docket.main
    if main is None:
        text = "Only the router looked: nothing near the case breaks a rule, so no rule was ranked."
        return Reply(kind="considered", text=text)
    rows = [
        f"{docket.title(f.rule_id)} {f.verdict.replace('_', ' ')} at {f.probability:.2f}" for f in decision.findings
    ]
    citations = _own_citations(docket)
    text = sentence(
        f"The rules on record: {', '.join(rows)}.",
        f"The stance reads as {main.stance}." if main.stance else "",
        f"Exceptions weighed: {', '.join(w.exception_id for w in main.exceptions)}." if main.exceptions else "",
        f"Causes of doubt: {', '.join(c.replace('_', ' ') for c in decision.causes)}." if decision.causes else "",
        f"{len(decision.critiques)} critique(s), the last: {decision.critiques[-1].ruling}."
        if decision.critiques
        else "",
        cited(citations),
    )
    return Reply(kind="considered", text=text, citations=citations, evidence=main.evidence)


def _severity(docket: Docket, inquiry: Inquiry) -> Reply:
    held, decision, rule = docket.held, docket.decision, docket.rule
    other = [n for n in inquiry.numbers if n != held.severity]
    if held.severity is None:
        opening = "The severity is open: a person acts under another rule and stated none."
    else:
        done = "nothing is done" if held.action == "none" else held.action
        opening = f"Severity {held.severity} of 100, tier {held.tier}: {done}."
    if other and held.severity is not None and not any(n == held.severity for n in inquiry.numbers):
        opening += f" It is not {other[0]}."
    if held.edit is not None and held.severity != decision.severity:
        opening += f" The system had put it at {decision.severity}."
    grades = [f"{g.dimension} {bar(g.value)} {g.value:.2f} ({g.anchor} {flat(g.reason)})." for g in decision.grades]
    citations = (statement_of(rule),) if rule else ()
    meant = "The router's risk" if decision.stage == "router" else "The probability that a rule is broken"
    text = sentence(
        opening,
        f"The band of {rule.id} is {rule.band.low}-{rule.band.high}." if rule and held.outcome != "allow" else "",
        *(grades or ["No rubric was graded."]),
        f"{meant} is {decision.score:.2f}; it is no severity.",
        cited(citations),
    )
    return Reply(kind="severity", text=text, citations=citations, evidence=docket.main.evidence if docket.main else ())


def _exceptions(docket: Docket, inquiry: Inquiry) -> Reply | None:
    named = [c for c in inquiry.clauses if c in docket.pack.clauses]
    rule = docket.pack.by_id[inquiry.rules[0]] if inquiry.rules else docket.rule
    found = docket.finding(rule.id) if rule else None
    weighed = {w.exception_id: w for w in (found.exceptions if found else ())}
    known = docket.pack.exceptions_of(rule) if rule else docket.pack.exceptions
    asked = [docket.pack.clauses[c] for c in named] or list(known)
    if named and any(c not in {k.id for k in known} for c in named) and rule:
        foreign = [c for c in named if c not in {k.id for k in known}]
        head = f"{', '.join(foreign)} is no exception of {docket.title(rule.id)}."
    elif not asked:
        return Reply(
            kind="exceptions", text=f"{docket.title(rule.id)} has no exceptions." if rule else "There are none."
        )
    else:
        head = f"Exceptions of {docket.title(rule.id)}." if rule else "Exceptions that hold for every rule."
    lines = []
    for clause in asked:
        w = weighed.get(clause.id)
        rest = "is not among the likeliest, which alone are on record" if weighed else "was not weighed"
        stands = f"{'holds' if w.applies else 'does not hold'}, at {w.probability:.2f}" if w else rest
        lines.append(f"{clause.id} {stands}: “{clause.text}”")
    citations = tuple(Citation(clause_id=c.id, quote=c.text) for c in asked)
    return Reply(kind="exceptions", text=sentence(head, *lines), citations=citations)


def _evidence(docket: Docket, inquiry: Inquiry) -> Reply:
    rule = docket.pack.by_id[inquiry.rules[0]] if inquiry.rules else docket.rule
    found = docket.finding(rule.id) if rule else None
    citations = tuple(dict.fromkeys((*((statement_of(rule),) if rule else ()), *(found.citations if found else ()))))
    if found is None or not (found.evidence or found.sightings):
        text = f"No words were singled out{f' for {docket.title(rule.id)}' if rule else ''}."
        return Reply(kind="evidence", text=sentence(text, cited(citations)), citations=citations)
    lines = [
        f"{quoted((e,))}" + (f", without which the log-odds move by {-e.drop:+.2f}" if e.drop is not None else "") + "."
        for e in found.evidence
    ]
    lines += [f"Read in {e.part} at {there}." for e in found.evidence if (there := _read_at(docket, e))]
    lines += [f"Seen in {s.media}: {s.region}, {s.shows}{_at(s.locator)}." for s in found.sightings]
    text = sentence(f"For {docket.title(found.rule_id)}:", *lines, cited(citations))
    return Reply(kind="evidence", text=text, citations=citations, evidence=found.evidence)


def _read_at(docket: Docket, evidence: Evidence) -> str:
    """Return where in a file quoted words stand, "" for words that were written."""
    places = [f"{one.id}{_at(one.locator)}" for one in seen_at(docket.case, evidence)[:NEAR]]
    return "; ".join(places)


def _at(locator: Locator) -> str:
    return f", {there}" if (there := whereabouts(locator)) else ""


def _who(docket: Docket, inquiry: Inquiry) -> Reply:
    decision, held = docket.decision, docket.held
    edits = [
        f"{flat(e.by)}, on {e.at.date().isoformat()}: {e.outcome}{f' under {e.rule_id}' if e.rule_id else ''}, "
        f"because “{flat(e.reason)}”."
        for e in docket.edits
    ]
    part = {
        "full": "No person took part.",
        "partial": "Machine and person took part.",
        "none": "A person decided alone.",
    }
    waiting = "Nobody has decided it yet: it waits for a person." if held.outcome == "review" else ""
    citations = (statement_of(docket.rule),) if docket.rule else ()
    text = sentence(
        f"The {decision.stage} came to {decision.outcome} on {decision.at.date().isoformat()}, "
        f"under {decision.pack.id} {decision.pack.version} with model {decision.model_digest[:12]}.",
        *edits,
        waiting or part[held.automation],
        cited(citations),
    )
    return Reply(kind="who", text=text, citations=citations)


ANSWERS: dict[Kind, Callable[[Docket, Inquiry], Reply | None]] = {
    "why": _why, "why_not": why_not, "what_would_change": _what_would_change, "similar": _similar,
    "considered": _considered, "severity": _severity, "exceptions": _exceptions, "evidence": _evidence, "who": _who,
    "yes_no": yes_or_no, "choice": choose, "unknown": _unknown,
}  # fmt: skip
