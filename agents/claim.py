"""What a model says in answer to a question about a decision, and what code holds against it. No model is asked.

Every clause must be the policy's, every quotation the case's, every number the record's or a measurement's, and a
closed answer must begin with its letter. Whatever does not hold is named in words, so that the model can mend it once.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

from pydantic import ValidationError

from agents.excerpt import flat
from agents.inquiry import Inquiry
from agents.opinion import Closed, Quote, Schema
from agents.prompt import render
from agents.quoting import found, place
from agents.reply import Docket, Kind, Reply, cited, quoted, sentence
from cases.case import Part
from cases.finding import Citation, Evidence

Form = Literal["yes_no", "choice", "what_how"]
MAX_CHARS = 1500
MAX_CITED = 6
SPOKEN_WORDS = 3
MAX_DIGITS = 12
_THOUGHT = re.compile(r"^.*</think>", re.DOTALL)
_SPOKEN = re.compile(r"“([^“”]+)”|\"([^\"]+)\"|„([^„“”]+)[“”]|«([^«»]+)»")
_ID = re.compile(r"(?<![\w-])(?:[A-Z]{1,4}-?[0-9]{1,3}(?:\.[a-z])?|[A-Z]{1,3}[0-9]{0,3}-[A-Z]{2,})(?![\w-])")
_NAMED = re.compile(r"(?<![\w-])[A-Z][A-Z0-9.a-z-]*[A-Z0-9a-z](?![\w-])")
_NUMBER = re.compile(r"(?<![\w.])[0-9]+(?:[.,][0-9]+)*(?:\s?%|\s(?:percent|per cent)\b)?")
_SEVERITY = re.compile(r"\bseverity\b[^0-9.]{0,24}([0-9]{1,3})(?![0-9]|\.[0-9])", re.IGNORECASE)
_SHARE = re.compile(r"\s?(?:%|percent|per cent)$")
_THOUSANDS = re.compile(r"(?<=[0-9]),(?=[0-9]{3}(?![0-9]))")
_WORDED = re.compile(
    r"\b(?:(?:thir|four|fif|six|seven|eigh|nine)teen|eleven|twelve|(?:twen|thir|for|fif|six|seven|eigh|nine)ty"
    r"|hundred|thousand|million)\b",
    re.IGNORECASE,
)
_STOP = re.compile(r"(?<=[.!?;])\s")
_OPEN = re.compile(r"\b(?:why|how|what|which|who|whom|where|when|explain|tell|show|list|give|describe)\b")
_AUXILIARY = re.compile(
    r"^\W*(?:is|are|was|were|am|do|does|did|has|have|had|can|could|should|would|will|isnt|arent|wasnt|werent|doesnt"
    r"|didnt|hasnt)\b"
)
_BREAKS = re.compile(r"\b(?:brok\w+|break\w*|breach\w*|violat\w*|against|infring\w*)\b")


class Claim(Closed):
    """One answer as its author gives it; `letter` is the option's for a choice, Y or N for a yes-or-no question."""

    form: Form
    clause_ids: tuple[str, ...]
    quotes: tuple[Quote, ...]
    answerable: bool
    letter: str | None = None
    answer: str


class Shapeless(ValueError):
    """An answer that is no Claim; the text says what is wrong with its form."""


def schema(docket: Docket) -> Schema:
    """Return the JSON schema of a claim: what it rests on comes before what it says."""
    text: Schema = {"type": "string", "maxLength": MAX_CHARS}
    part: Schema = {"type": "string", "enum": [p.id for p in docket.case.parts] or [""]}
    fields: Schema = {
        "form": {"type": "string", "enum": ["yes_no", "choice", "what_how"]},
        "clause_ids": {"type": "array", "items": {"type": "string"}, "maxItems": MAX_CITED},
        "quotes": {"type": "array", "items": _closed({"part": part, "quote": text}), "maxItems": MAX_CITED},
        "answerable": {"type": "boolean"},
        "letter": {"anyOf": [{"type": "string", "maxLength": 1}, {"type": "null"}]},
        "answer": text,
    }
    return {"title": "answer", **_closed(fields)}


def parse(text: str) -> Claim:
    """Return the claim that a text holds, thoughts and code fences around it left out; raise Shapeless for none."""
    body = _THOUGHT.sub("", text)
    start, end = body.find("{"), body.rfind("}")
    if start < 0 or end < start:
        raise Shapeless("the answer holds no JSON object")
    try:
        return Claim.model_validate_json(body[start : end + 1])
    except ValidationError as error:
        wrong = [f"{'.'.join(map(str, e['loc'])) or 'answer'}: {e['msg']}" for e in error.errors()[:6]]
        raise Shapeless("; ".join(wrong)) from None


def form_of(inquiry: Inquiry) -> Form | None:
    """Return the form that a question must be answered in, None where its author is to see."""
    if inquiry.options:
        return "choice"
    if inquiry.topics[0] == "yes_no" and _AUXILIARY.search(inquiry.asked) and not _OPEN.search(inquiry.asked):
        return "yes_no"
    return None


def faults(claim: Claim, docket: Docket, inquiry: Inquiry, shown: str, facts: Sequence[str]) -> list[str]:
    """Return what does not hold in a claim, in words; empty for one that holds.

    `shown` is all that its author was shown, `facts` the lines of it that code vouches for.
    """
    pack = docket.pack
    known = [c for c in claim.clause_ids if c in pack.clauses]
    out = [f"clause_ids name {c!r}, which the policy does not have" for c in claim.clause_ids if c not in pack.clauses]
    out += [
        f"the quote {q.quote[:80]!r} does not stand in the case; quote its words exactly as they are"
        for q in claim.quotes
        if found(docket.case, q.part, q.quote) is None
    ]
    said = flat(claim.answer)
    if not any(ch.isalnum() for ch in said):
        out.append("answer is empty")
    if len(said) > MAX_CHARS:
        out.append(f"answer has {len(said)} characters; {MAX_CHARS} is the most")
    if max(len(claim.clause_ids), len(claim.quotes)) > MAX_CITED:
        out.append(f"{len(claim.clause_ids)} clauses and {len(claim.quotes)} quotes are given; {MAX_CITED} is the most")
    if claim.answerable and not known and not claim.quotes:
        out.append("nothing is cited; name the clauses or quote the words of the case that the answer rests on")
    out += _misformed(claim, said, inquiry)
    spoken = [next(filter(None, m.groups())) for m in _SPOKEN.finditer(said)]
    held = Part(id="shown", kind="text", text=shown)
    out += [
        f"the answer quotes {s[:80]!r}, which stands neither in the case nor in what was shown"
        for s in spoken
        if len(s.split()) >= SPOKEN_WORDS and not found(docket.case, None, s) and not place(held, s)
    ]
    bare = _SPOKEN.sub(" ", said)
    unknown = dict.fromkeys(i for i in _ID.findall(bare) if i not in pack.clauses)
    out += [f"the answer names {i!r}, which the policy does not have" for i in unknown]
    return [*out, *_uncounted(bare, docket, facts), *_contrary(claim, docket, inquiry)]


def replied(claim: Claim, docket: Docket, inquiry: Inquiry) -> Reply:
    """Return a claim that holds as an answer: clauses in the policy's own words, quotes in the case's."""
    citations = tuple(Citation(clause_id=c, quote=docket.pack.clauses[c].text) for c in dict.fromkeys(claim.clause_ids))
    spans = dict.fromkeys(e for q in claim.quotes if (e := found(docket.case, q.part, q.quote)))
    evidence: tuple[Evidence, ...] = tuple(spans)
    rests = f"It rests on {quoted(evidence)}." if evidence else ""
    answer = flat(claim.answer)
    said = answer if claim.answerable else render("ask_cannot", said=answer)
    text = sentence(said, rests, cited(citations))
    return Reply(kind=_kind(claim, inquiry), text=text, citations=citations, evidence=evidence)


def _kind(claim: Claim, inquiry: Inquiry) -> Kind:
    if not claim.answerable:
        return "unknown"
    if claim.form != "what_how":
        return claim.form
    topics: list[Kind] = [t for t in inquiry.topics if t not in ("yes_no", "choice", "unknown")]
    return topics[0] if topics else "why"


def _misformed(claim: Claim, said: str, inquiry: Inquiry) -> Iterator[str]:
    if not claim.answerable:
        return
    wanted = form_of(inquiry)
    if wanted and claim.form != wanted:
        yield f"form is {claim.form}, but the question is of the form {wanted}"
    elif claim.form == "yes_no" and not re.match(r"(?:yes|no|y|n)\b", said, re.IGNORECASE):
        yield "the answer to a yes-or-no question begins with Yes or No"
    elif claim.form == "yes_no" and claim.letter and claim.letter.upper() != said[0].upper():
        yield f"letter is {claim.letter!r}, but the answer begins with {said[0]!r}"
    elif claim.form == "choice":
        letters = [o.letter for o in inquiry.options]
        if not letters:
            yield "form is choice, but the question gives no options"
        elif (claim.letter or "").upper() not in letters:
            yield f"letter is {claim.letter!r}; the options are {', '.join(letters)}"
        elif not re.match(rf"{(claim.letter or '').upper()}\b", said, re.IGNORECASE):
            yield f"the answer to a choice begins with its letter, {(claim.letter or '').upper()}"


def _uncounted(said: str, docket: Docket, facts: Sequence[str]) -> Iterator[str]:
    """Yield the numbers of an answer that no fact states, or that a fact states about something else."""
    if _WORDED.search(said) or any(ch.isdecimal() and not ch.isascii() for ch in said):
        yield "the answer writes numbers as words; write them in the digits 0 to 9"
    lines = [(_ids(f, docket), _values(f, docket)) for f in facts]
    counts = _counts(docket)
    severities = {v for f, (_, values) in zip(facts, lines, strict=True) if "severity" in f.lower() for v in values}
    for one in _STOP.split(said):
        about = _ids(one, docket)
        near = {v for ids, values in lines for v in values if not about or ids & about or not (ids or _parted(v))}
        near |= counts
        for number in _numbers(one, docket):
            if not _stated(number, near):
                yield f"the answer states {number.strip()}, which neither the record nor a look-up states" + (
                    f" about {', '.join(sorted(about))}" if about else ""
                )
        for severity in _SEVERITY.findall(one):
            if Decimal(severity) not in severities:
                yield f"the answer states the severity {severity}, which is no severity on record"


def _ids(line: str, docket: Docket) -> set[str]:
    """Return the rules and clauses that a line names; a clause of a rule speaks about the rule as well."""
    named = set(_NAMED.findall(line)) & docket.pack.clauses.keys()
    return named | {rule for i in named if (rule := i.partition(".")[0]) in docket.pack.by_id}


def _parted(value: Decimal | str) -> bool:
    """Return whether a number has decimals, as probabilities have: those belong to the rule that they are said of."""
    return isinstance(value, Decimal) and value != value.to_integral_value()


def _numbers(line: str, docket: Docket) -> list[str]:
    """Return the numbers of a line as they are written, those in ids left out."""
    known = docket.pack.clauses
    return _NUMBER.findall(_ID.sub(" ", _NAMED.sub(lambda m: " " if m.group() in known else m.group(), line)))


def _values(line: str, docket: Docket) -> set[Decimal | str]:
    return {_value(n) for n in _numbers(line, docket)}


def _value(number: str) -> Decimal | str:
    """Return a number as it is written; what has two points, as a version has, stays a text."""
    bare = _THOUSANDS.sub("", _SHARE.sub("", number)).replace(",", ".")
    return Decimal(bare) if bare.count(".") < 2 and len(bare) <= MAX_DIGITS else bare


def _stated(number: str, known: set[Decimal | str]) -> bool:
    """Return whether a number is a known one, as it is or rounded as it is written, or a known share in percent."""
    value = _value(number)
    if isinstance(value, str):
        return value in known
    numbers = [k for k in known if isinstance(k, Decimal)]
    step = Decimal(1).scaleb(int(value.as_tuple().exponent))
    if _SHARE.search(number):
        return any(value == (k * 100).quantize(step, ROUND_HALF_UP) for k in numbers if k <= 1)
    # Rounded to no decimals at all every probability would be a 0 or a 1.
    return value in numbers or (step < 1 and any(value == k.quantize(step, ROUND_HALF_UP) for k in numbers))


def _counts(docket: Docket) -> set[Decimal | str]:
    """Return how many of each thing the record holds: an answer may count them."""
    made = docket.decision
    listed: Iterable[Sequence[object]] = (
        made.findings, made.critiques, made.precedents, made.grades, docket.edits, docket.case.parts,
        docket.case.media, docket.pack.rules, *(f.evidence for f in made.findings),
        *(f.exceptions for f in made.findings),
    )  # fmt: skip
    return {Decimal(100), *(Decimal(len(items)) for items in listed)}


def _contrary(claim: Claim, docket: Docket, inquiry: Inquiry) -> Iterator[str]:
    """Yield a fault where the record itself says yes or no to whether a rule that the question names is broken."""
    if not claim.answerable or claim.form != "yes_no" or len(inquiry.rules) != 1 or not _BREAKS.search(inquiry.asked):
        return
    if re.search(r"\b(?:not|never|if|would|without|\w+nt)\b", inquiry.asked) or inquiry.topics[0] != "yes_no":
        return
    rule_id, held = inquiry.rules[0], docket.held
    hit = held.edit is None and any(f.rule_id == rule_id and f.verdict == "hit" for f in docket.decision.findings)
    settled = {"act": held.rule_id == rule_id or hit, "allow": False}.get(held.outcome)
    if settled is not None and claim.answer.strip()[:1].upper() != ("Y" if settled else "N"):
        yield f"the record says {'yes' if settled else 'no'}: what holds is {held.outcome} under {held.rule_id}"


def _closed(fields: Schema) -> Schema:
    return {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}
