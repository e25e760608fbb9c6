"""The judge that is a language model: it grades the reasoning of a decision that stands. It decides nothing.

It reads the steps of the chain but the last, and says where they lead without being told what was decided: reasoning
supports an answer only where one finds the answer from it (reasoning consistency, BLM-Guard B9). An answer that is not
of its form is no grading; whoever counts gives it 0 (as in ICM-Assistant I5), so it is asked once and never mended.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from pydantic import ValidationError

from agents.ask import Chat, in_order
from agents.framing import framed, neutral, policy
from agents.opinion import Closed, Schema
from agents.prompt import render
from cases.case import Case
from cases.decision import Decision, Outcome
from cases.exchange import Allowance, Message, Unanswered, Usage
from policy_store.pack import Pack

MOST = 700
RULES = 6  # of those that were weighed, the likeliest
CRITERIA = ("location", "screening", "cause", "clarity")


class Mark(Closed):
    """One criterion: why, and how well it is met, 0 to 4."""

    reason: str
    level: Literal[0, 1, 2, 3, 4]


class Grading(Closed):
    """What the judge says of a chain: a mark for each of CRITERIA, and what outcome and rule its steps lead to."""

    location: Mark
    screening: Mark
    cause: Mark
    clarity: Mark
    follows: Outcome
    rule_id: str | None

    @property
    def levels(self) -> Mapping[str, int]:
        """Return the level of each criterion."""
        return {name: getattr(self, name).level for name in CRITERIA}


class Graded(NamedTuple):
    """A grading, who wrote it, and what it took."""

    grading: Grading
    author: str
    usage: Usage


def grade(case: Case, decision: Decision, pack: Pack, chats: Sequence[Chat], allowance: Allowance) -> Graded:
    """Return the grading of a decision's chain by the first backend that gives one.

    Raise Unanswered (malformed_answer where the last answer is not of the form), Misbound as Chat.
    """
    rules = tuple(pack.by_id[f.rule_id] for f in decision.findings if f.rule_id in pack.by_id)[:RULES]
    text = render(
        "judge_chain",
        content=framed(case),
        rules=policy(rules, pack, decision.profile),
        chain="\n".join(f"{step.name}: {neutral(step.text)}" for step in decision.chain if step.name != "decision"),
    )
    messages = (
        Message(author="system", text=render("judge_system", title=pack.title)),
        Message(author="user", text=text),
    )
    form = schema([rule.id for rule in rules])

    def ask(chat: Chat, left: Allowance) -> tuple[Grading, Usage]:
        said = chat(messages, left, schema=form, depth="short", most=MOST)
        return read(said.text, [rule.id for rule in rules], chat.name, said.usage), said.usage

    grading, chat, usage = in_order(chats, allowance, ask)
    return Graded(grading, chat.name, usage)


def schema(rule_ids: Sequence[str]) -> Schema:
    """Return the JSON schema of a grading, every choice a closed one."""
    mark: Schema = {
        "type": "object",
        "properties": {
            "reason": {"type": "string", "maxLength": 300},
            "level": {"type": "integer", "enum": [0, 1, 2, 3, 4]},
        },
        "required": ["reason", "level"],
        "additionalProperties": False,
    }
    fields: Schema = {name: mark for name in CRITERIA}
    fields |= {
        "follows": {"type": "string", "enum": ["act", "allow", "review"]},
        "rule_id": {"anyOf": [{"type": "string", "enum": list(rule_ids)}, {"type": "null"}]},
    }
    return {
        "title": "grading", "type": "object", "properties": fields, "required": list(fields),
        "additionalProperties": False,
    }  # fmt: skip


def read(text: str, rule_ids: Sequence[str], author: str, usage: Usage) -> Grading:
    """Return the grading that an answer holds; raise Unanswered for one that is not of the form."""
    start, end = text.find("{"), text.rfind("}")
    try:
        grading = Grading.model_validate(json.loads(text[start : end + 1], strict=False))
    except json.JSONDecodeError as error:
        raise Unanswered("malformed_answer", f"{author}: the grading is no JSON: {error.msg}", usage) from None
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()[:4])
        raise Unanswered("malformed_answer", f"{author}: the grading is not of its form: {wrong}", usage) from None
    if grading.rule_id is not None and grading.rule_id not in rule_ids:
        told = f"{author}: the grading names {grading.rule_id!r}, which was not weighed"
        raise Unanswered("malformed_answer", told, usage)
    return grading
