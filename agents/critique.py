"""The critique agent that is a language model (SCA-R at run time, B7): it writes this case's rubric and grades a draft.

Another role than the reasoner's, and often another model. Code comes first and last: a draft that breaks a check of
code is vetoed unread, scores are added up here, and a ruling counts only as far as the scores carry it. A critique that
is malformed twice, or never comes, vetoes, so that a person decides. A model that sees is shown the pictures that a
reasoner is shown.
"""

import json
from collections.abc import Sequence
from typing import Literal, NamedTuple

from pydantic import ValidationError

from agents.ask import Chat, in_order
from agents.checks import code_checks
from agents.critic import MAX_ROUNDS, PASS, Measured, round_, soft_checks
from agents.exhibit import Exhibits
from agents.framing import framed, neutral, policy, turn
from agents.opinion import Closed, Schema
from agents.prompt import render
from agents.reasoner import Bench, Draft
from cases.decision import Check, Criterion, Critique, Fix, Ruling
from cases.exchange import Allowance, Message, Said, Unanswered, Usage
from cases.model import Fact
from policy_store.rule import Rule

LEAST, MOST_CRITERIA = 2, 6
MOST = 1500
SEEING = 150  # tokens of an answer for each picture that is shown
FIXES: tuple[Fix, ...] = ("go_full", "widen_evidence", "try_rival")


class Line(Closed):
    """A criterion as the model writes it: what to look at, from which clause, how much it weighs, how it is met 0-4."""

    name: str
    clause_id: str
    weight: float
    reason: str
    level: Literal[0, 1, 2, 3, 4]


class Assessment(Closed):
    """One answer of the critic."""

    criteria: tuple[Line, ...]
    obeyed_content: bool
    notes: tuple[str, ...]
    fixes: tuple[Fix, ...]
    ruling: Ruling


class Criticised(NamedTuple):
    """A critique, and what the model was asked for it."""

    critique: Critique
    usage: Usage


class Sound(Fact):
    """The checks made before a model is asked."""

    hard: tuple[Check, ...]
    soft: tuple[Check, ...]

    @property
    def broken(self) -> tuple[Check, ...]:
        """Return the checks that no draft survives: those of code, and drift with words that address a judge."""
        return tuple(c for c in (*self.hard, self.soft[-1]) if not c.passed)


def criticise_by_model(
    bench: Bench, draft: Draft, retrieved: frozenset[str], round: int, chats: Sequence[Chat], allowance: Allowance,
    measured: Measured,
) -> Criticised:  # fmt: skip
    """Return the ruling on a draft in round 1, 2, …; beyond MAX_ROUNDS nothing is sent back. Raise Misbound alone.

    `chats` are tried in order.
    """
    checks = Sound(
        hard=code_checks(draft, bench.case, bench.book.pack, retrieved), soft=soft_checks(bench, draft, measured)
    )
    if checks.broken:
        notes = tuple(f"{c.name}: {c.detail}" for c in checks.broken)
        return Criticised(_critique(round, "veto", 0.0, checks, notes=notes), Usage())
    rules = tuple(bench.book.pack.by_id[f.rule_id] for f in draft.findings if f.rule_id in retrieved)
    try:
        found, chat, usage = in_order(chats, allowance, lambda chat, left: assess(bench, draft, rules, chat, left))
    except Unanswered as error:
        note = "The critic gave no usable answer."
        veto = _critique(round, "veto", 0.0, checks, notes=(note,))
        return Criticised(veto.model_copy(update={"failure": error.failure}), error.usage)
    criteria = _weighed(found)
    score = round_(sum(c.weight * c.score for c in criteria))
    ruling = ruled(found, score, checks, round)
    notes = (
        *(("The draft follows what the content asks of its judge.",) if found.obeyed_content else ()),
        *found.notes,
    )
    fixes = (found.fixes or ("go_full",)) if ruling == "revise" else ()
    made = _critique(round, ruling, score, checks, notes if ruling != "accept" else (), chat.name, criteria, fixes)
    return Criticised(made, usage)


def ruled(found: Assessment, score: float, checks: Sound, round: int) -> Ruling:
    """Return the ruling that an assessment amounts to: never kinder than its scores, never more than MAX_ROUNDS."""
    if found.obeyed_content or found.ruling == "veto":
        return "veto"
    more = round < MAX_ROUNDS
    if found.ruling == "revise":
        return "revise" if more else "veto"
    if score < PASS:
        return "revise" if more else "veto"
    sound = all(c.passed for c in checks.soft)
    return "accept" if sound or not more else "revise"


def assess(
    bench: Bench, draft: Draft, rules: Sequence[Rule], chat: Chat, allowance: Allowance
) -> tuple[Assessment, Usage]:
    """Return a sound assessment, asked for at most twice; raise Unanswered where both are unsound."""
    pack = bench.book.pack
    clauses = tuple(dict.fromkeys(c.id for r in rules for c in (*r.clauses, *pack.exceptions_of(r))))
    exhibits = bench.shown_to(chat.name)
    text = render(
        "critic_case",
        content=framed(bench.case, exhibits=exhibits),
        rules=policy(rules, pack, bench.profile),
        draft=_shown(draft),
        seen=_seeing(exhibits),
    )
    messages: tuple[Message, ...] = (
        Message(author="system", text=render("critic_system", title=pack.title)),
        turn("user", text, exhibits),
    )
    most = MOST + SEEING * len(exhibits.items)
    usage, wrong = Usage(), ["nothing was answered"]
    for _ in range(2):
        try:
            said = chat(messages, allowance.less(usage), schema=schema(clauses), depth="short", most=most)
        except Unanswered as error:
            raise Unanswered(error.failure, str(error), usage + error.usage) from error
        usage += said.usage
        found, wrong = _read(said, clauses)
        if found is not None and not wrong:
            return found, usage
        mend = render("reason_repair", faults="\n".join(f"- {neutral(w)}" for w in wrong))
        answered = Message(author="assistant", text=neutral(said.text))
        messages = (*messages[:2], answered, Message(author="user", text=mend))
    raise Unanswered("malformed_answer", f"{chat.name}: unsound after one repair: {'; '.join(wrong[:4])}", usage)


def schema(clauses: Sequence[str]) -> Schema:
    """Return the JSON schema of an assessment, every clause id a closed choice."""
    text: Schema = {"type": "string", "maxLength": 400}
    line: Schema = {
        "name": text,
        "clause_id": {"type": "string", "enum": list(clauses)},
        "weight": {"type": "number", "minimum": 0, "maximum": 1},
        "reason": text,
        "level": {"type": "integer", "enum": [0, 1, 2, 3, 4]},
    }
    fields: Schema = {
        "criteria": {"type": "array", "items": _closed(line), "minItems": LEAST, "maxItems": MOST_CRITERIA},
        "obeyed_content": {"type": "boolean"},
        "notes": {"type": "array", "items": text, "maxItems": 4},
        "fixes": {"type": "array", "items": {"type": "string", "enum": list(FIXES)}, "maxItems": len(FIXES)},
        "ruling": {"type": "string", "enum": ["accept", "revise", "veto"]},
    }
    return {"title": "assessment", **_closed(fields)}


def _read(said: Said, clauses: Sequence[str]) -> tuple[Assessment | None, list[str]]:
    if said.cut:
        return None, ["the answer was cut off at its token limit; be shorter"]
    start, end = said.text.find("{"), said.text.rfind("}")
    if start < 0 or end < start:
        return None, ["the answer holds no JSON object"]
    try:
        found = Assessment.model_validate(json.loads(said.text[start : end + 1], strict=False))
    except json.JSONDecodeError as error:
        return None, [f"the answer is no JSON: {error.msg} at character {error.pos}"]
    except ValidationError as error:
        return None, [f"{'.'.join(map(str, e['loc'])) or 'answer'}: {e['msg']}" for e in error.errors()[:6]]
    wrong = []
    if not LEAST <= len(found.criteria) <= MOST_CRITERIA:
        wrong.append(f"{len(found.criteria)} criteria are given; give {LEAST} to {MOST_CRITERIA}")
    wrong += [
        f"clause_id {c.clause_id!r} is no clause of these rules" for c in found.criteria if c.clause_id not in clauses
    ]
    total = sum(c.weight for c in found.criteria)
    if any(c.weight < 0 for c in found.criteria) or not 0.9 <= total <= 1.1:
        wrong.append(f"the weights add up to {total:.2f}; they are to be positive and add up to 1")
    return found, wrong


def _weighed(found: Assessment) -> tuple[Criterion, ...]:
    total = sum(c.weight for c in found.criteria)
    return tuple(
        Criterion(
            name=f"{c.clause_id}: {c.name}", weight=round(c.weight / total, 6), score=c.level / 4, reason=c.reason
        )
        for c in found.criteria
    )


def _critique(
    round: int, ruling: Ruling, score: float, checks: Sound, notes: Sequence[str] = (), author: str | None = None,
    criteria: tuple[Criterion, ...] = (), fixes: tuple[Fix, ...] = (),
) -> Critique:  # fmt: skip
    return Critique(
        round=round, ruling=ruling, score=score, checks=(*checks.hard, *checks.soft), criteria=criteria,
        notes=tuple(notes), fixes=fixes, author=author,
    )  # fmt: skip


def _shown(draft: Draft) -> str:
    main = draft.findings[0]
    lines = [f"Outcome: {draft.outcome}. Leading rule: {draft.rule_id}, at {draft.probability:.2f}."]
    lines += [f"{s.name}: {neutral(s.text)}" for s in draft.chain]
    lines += [f"Cited: {c.clause_id}" for c in main.citations]
    if draft.severity and draft.outcome == "act":
        grades = "; ".join(f"{g.dimension} {g.level} ({neutral(g.reason)})" for g in draft.severity.grades)
        lines.append(f"Severity {draft.severity.value} of 100: {grades}")
    return "\n".join(lines)


def _seeing(exhibits: Exhibits) -> str:
    return render("critic_seen") + "\n" if exhibits.items else ""


def _closed(fields: Schema) -> Schema:
    return {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}
