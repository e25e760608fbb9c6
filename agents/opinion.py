"""What a language model is to say of a case: its JSON schema, and what code checks of it. No model is asked.

Reasons come before the verdict, in the order of the four steps, because a model writes from front to back. Whatever
fails a check is named in words, so that the model can mend it once; nothing of an unsound answer is used.
"""

import json
from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from agents.exhibit import NOTHING, Exhibits
from agents.quoting import found
from agents.region import Glimpse, citable
from agents.region import faults as misseen
from agents.region import words as words_seen
from cases.case import Case
from cases.decision import Depth, Outcome
from cases.finding import STANCES, Evidence, Stance, Verdict
from policy_store.pack import Pack
from policy_store.rule import Rule

MAX_QUOTES = 5
MAX_WORDS = 120
Schema = dict[str, object]


class Closed(BaseModel):
    """Hold a part of an answer; an unknown field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Quote(Closed):
    """Words that the model says stand in a part of the case."""

    part: str
    quote: str


class Screened(Closed):
    """The verdict on one of the offered rules."""

    rule_id: str
    reason: str
    verdict: Verdict


class Excepted(Closed):
    """An exception that was considered, and the rule that it would save the content from."""

    rule_id: str
    exception_id: str
    reason: str
    applies: bool


class Graded(Closed):
    """A level of one rubric dimension."""

    dimension: str
    reason: str
    level: int


class Opinion(Closed):
    """One answer. `confidence` 0-100 is how sure the model says it is that the outcome is right.

    `seen` is asked for where pictures are shown, and there alone.
    """

    seen: tuple[Glimpse, ...] = ()
    location: tuple[Quote, ...]
    explicit: str
    implicit: str = ""
    screening: tuple[Screened, ...]
    exceptions: tuple[Excepted, ...] = ()
    contrast: str = ""
    cause: str
    stance: Stance
    grades: tuple[Graded, ...] = ()
    rule_id: str | None
    clause_ids: tuple[str, ...]
    outcome: Outcome
    confidence: int


class Malformed(ValueError):
    """An answer that is not an Opinion; the text says what is wrong with its form."""


def schema(
    case: Case, rules: Sequence[Rule], pack: Pack, depth: Depth, exhibits: Exhibits = NOTHING
) -> Schema:  # fmt: skip
    """Return the JSON schema of an answer about these rules, every id a closed choice; fields grow with the depth.

    Where pictures are shown, what is seen of them comes first.
    """
    ids: list[str | None] = [r.id for r in rules]
    exceptions = [c.id for c in dict.fromkeys(c for r in rules for c in pack.exceptions_of(r))]
    clauses = list(dict.fromkeys(c for r in rules for c in (r.id, *(i.id for i in r.includes), *exceptions)))
    parts = [p.id for p in case.parts if p.text.strip()] or [p.id for p in case.parts]
    fields: Schema = {}
    if exhibits.items:
        one_seen = _closed({"region": _choice(citable(case, exhibits)), "shows": _TEXT, "words": _TEXT})
        shown = len(exhibits.frames)
        fields["seen"] = _many(one_seen, shown + MAX_QUOTES, least=shown)
    fields |= {
        "location": _many(_closed({"part": _choice(parts), "quote": _TEXT}), MAX_QUOTES),
        "explicit": _TEXT,
    }
    if depth == "full":
        fields["implicit"] = _TEXT
    fields["screening"] = _many(
        _closed({"rule_id": _choice(ids), "reason": _TEXT, "verdict": _choice(["hit", "not_hit", "not_applicable"])}),
        len(rules), least=len(rules),
    )  # fmt: skip
    if exceptions:
        one: Schema = {"rule_id": _choice(ids), "exception_id": _choice(exceptions), "reason": _TEXT}
        fields["exceptions"] = _many(_closed(one | {"applies": {"type": "boolean"}}), 2 * len(exceptions))
    if depth == "full":
        fields["contrast"] = _TEXT
    fields |= {"cause": _TEXT, "stance": _choice(list(STANCES))}
    dimensions = [d.id for d in pack.rubric.dimensions]
    level = _closed({"dimension": _choice(dimensions), "reason": _TEXT, "level": _choice([0, 1, 2, 3, 4])})
    fields |= {
        "grades": _many(level, len(dimensions)),
        "rule_id": {"anyOf": [_choice(ids), {"type": "null"}]},
        "clause_ids": _many(_choice(clauses), 4),
        "outcome": _choice(["allow", "act", "review"]),
        "confidence": {"type": "integer", "minimum": 0, "maximum": 100},
    }
    return {"title": "opinion", **_closed(fields)}


def parse(text: str) -> Opinion:
    """Return the opinion that a text holds, code fences around it left out; raise Malformed where it holds none."""
    body = text.strip()
    start, end = body.find("{"), body.rfind("}")
    if start < 0 or end < start:
        raise Malformed("the answer holds no JSON object")
    try:
        # From the first brace to the last: some models fence their JSON or greet before it. Not strict: grammars of
        # servers let raw control characters into strings.
        return Opinion.model_validate(json.loads(body[start : end + 1], strict=False))
    except json.JSONDecodeError as error:
        raise Malformed(f"the answer is no JSON: {error.msg} at character {error.pos}") from None
    except ValidationError as error:
        wrong = [f"{'.'.join(map(str, e['loc'])) or 'answer'}: {e['msg']}" for e in error.errors()[:6]]
        raise Malformed("; ".join(wrong)) from None


def faults(opinion: Opinion, case: Case, rules: Sequence[Rule], pack: Pack, exhibits: Exhibits = NOTHING) -> list[str]:
    """Return what makes an opinion unsound, in words that tell its author what to mend; empty for a sound one."""
    by_id = {r.id: r for r in rules}
    screened = standing_verdicts(opinion, rules, pack)
    names = [s.rule_id for s in opinion.screening]
    twice = [r for r in dict.fromkeys(names) if names.count(r) > 1]
    lead = by_id.get(opinion.rule_id or "")
    out = [f"screening names {r!r}, which is no rule in play" for r in screened if r not in by_id]
    out += [f"{r} is screened more than once" for r in twice]
    out += misseen(opinion.seen, case, exhibits)
    out += _unquoted(opinion, case)
    if opinion.rule_id is not None and lead is None:
        out.append(f"rule_id {opinion.rule_id!r} is no rule in play; the rules in play are {', '.join(by_id)}")
    if opinion.outcome == "act":
        out += _unfounded(opinion, lead, pack)
    if opinion.outcome == "allow":
        missing = [r for r in by_id if r not in screened]
        out += [f"outcome is allow, but screening says nothing of {', '.join(missing)}"] if missing else []
        hit = [r for r, v in screened.items() if v == "hit"]
        why = "and no exception of it is said to apply"
        out += [f"outcome is allow, but screening finds {', '.join(hit)} hit, {why}"] if hit else []
    return [*out, *_foreign(opinion, lead, by_id, pack), *_misgraded(opinion, pack)]


def standing_verdicts(opinion: Opinion, rules: Sequence[Rule], pack: Pack) -> dict[str, Verdict]:
    """Return the verdict on each screened rule; a rule that is hit and saved by an exception of its own is not hit."""
    own = {r.id: {c.id for c in pack.exceptions_of(r)} for r in rules}
    saved = {e.rule_id for e in opinion.exceptions if e.applies and e.exception_id in own.get(e.rule_id, ())}
    verdicts: dict[str, Verdict] = {s.rule_id: s.verdict for s in opinion.screening}
    return {r: "not_hit" if v == "hit" and r in saved else v for r, v in verdicts.items()}


def quotes(opinion: Opinion, case: Case) -> tuple[Evidence, ...]:
    """Return the model's quotes that stand in the case, in reading order, each once, with their true places."""
    placed = {e: None for q in opinion.location if (e := found(case, q.part, q.quote))}
    placed |= dict.fromkeys(words_seen(opinion.seen, case))
    order = [p.id for p in case.parts]
    return tuple(sorted(placed, key=lambda e: (order.index(e.part), e.start, e.end)))


def _unquoted(opinion: Opinion, case: Case) -> list[str]:
    return [
        f"the quote {q.quote[:80]!r} does not stand in the content; quote its words exactly as they are"
        for q in opinion.location
        if found(case, q.part, q.quote) is None
    ]


def _unfounded(opinion: Opinion, lead: Rule | None, pack: Pack) -> list[str]:
    if lead is None:
        return ["outcome is act, but no rule_id is named"]
    out = []
    said = {s.rule_id: s.verdict for s in opinion.screening}
    if said.get(lead.id) != "hit":
        out.append(f"outcome is act under {lead.id}, but screening does not find {lead.id} hit")
    if not opinion.location and not opinion.seen:
        out.append("outcome is act, but location quotes no words")
    if not {lead.id, *(c.id for c in lead.includes)} & set(opinion.clause_ids):
        out.append(f"outcome is act, but clause_ids cite neither {lead.id} nor one of its clauses")
    own = {c.id for c in pack.exceptions_of(lead)}
    mine = [e for e in opinion.exceptions if e.rule_id == lead.id and e.exception_id in own]
    if holding := [e.exception_id for e in mine if e.applies]:
        out.append(f"outcome is act under {lead.id}, but its exception {', '.join(holding)} is said to apply")
    graded = [g.dimension for g in opinion.grades]
    missing = [d.id for d in pack.rubric.dimensions if d.id not in graded]
    return [*out, *([f"grades leave out {', '.join(missing)}"] if missing else [])]


def _foreign(opinion: Opinion, lead: Rule | None, by_id: dict[str, Rule], pack: Pack) -> list[str]:
    rules = [lead] if lead else list(by_id.values())
    known = {c.id for r in rules for c in (*r.clauses, *pack.exceptions_of(r))}
    every = {(r.id, c.id) for r in by_id.values() for c in pack.exceptions_of(r)}
    about = f"of {lead.id}" if lead else "of the rules in play"
    out = [f"clause_ids name {c!r}, which is no clause {about}" for c in opinion.clause_ids if c not in known]
    return out + [
        f"exceptions name {e.exception_id!r}, which is no exception of {e.rule_id!r}"
        for e in opinion.exceptions
        if (e.rule_id, e.exception_id) not in every
    ]


def _misgraded(opinion: Opinion, pack: Pack) -> list[str]:
    known = {d.id for d in pack.rubric.dimensions}
    out = [f"grades name {g.dimension!r}, which is no dimension" for g in opinion.grades if g.dimension not in known]
    out += [f"the grade of {g.dimension} is {g.level}, not 0 to 4" for g in opinion.grades if not 0 <= g.level <= 4]
    names = [g.dimension for g in opinion.grades]
    out += [f"{n} is graded more than once" for n in dict.fromkeys(names) if names.count(n) > 1]
    if not 0 <= opinion.confidence <= 100:
        out.append(f"confidence is {opinion.confidence}, not 0 to 100")
    return out


_TEXT: Schema = {"type": "string", "maxLength": 6 * MAX_WORDS}


def _choice(values: Sequence[object]) -> Schema:
    kind: Literal["string", "integer"] = "integer" if all(isinstance(v, int) for v in values) else "string"
    return {"type": kind, "enum": list(values)}


def _many(item: Schema, most: int, least: int = 0) -> Schema:
    return {"type": "array", "items": item, "minItems": least, "maxItems": most}


def _closed(fields: Schema) -> Schema:
    return {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}
