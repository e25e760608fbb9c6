"""gpt-oss-safeguard: a reasoning model that is given the policy and answers in JSON.

From the user guide of OpenAI and ROOST (cookbook.openai.com): the policy is the system message, the content the user's;
a policy of 400 to 600 tokens in sections (instruction, definitions, violates, safe), four to six examples at the
boundary, a stated precedence and a way to escalate; the answer is {violation, policy_category, rule_ids, confidence,
rationale}. So rules go out a few to a policy, as many as fit; our sections are written from the pack. How it got to its
answer stays unread: neither its thoughts nor its rationale leave here. It needs its own (harmony) chat template.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from agents.framing import framed, written
from agents.guards.guard import Category, GuardPrompt, Heard, judged, malformed, matched, worded
from agents.guards.scale import CONFIDENCE
from agents.opinion import Schema
from agents.prompt import render
from cases.case import Case
from cases.exchange import First, Message, Said
from policy_store.pack import Pack
from policy_store.rule import Rule

POLICY_CHARS = 2400  # about 600 tokens of rules as written in full; a longer rule has a policy to itself
MOST_EXAMPLES = 6
MOST_TOKENS = 2048  # its thoughts count along


class Verdict(BaseModel):
    """The answer; fields beyond these are left unread."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    violation: bool
    policy_category: str | None = None
    rule_ids: tuple[str, ...] = ()
    confidence: Literal["high", "medium", "low"]


class Safeguard:
    """Speaks to gpt-oss-safeguard."""

    name = "gpt-oss-safeguard"
    template = None

    def prompts(self, case: Case, rules: Sequence[Rule], pack: Pack) -> tuple[GuardPrompt, ...]:
        """Return one ask a policy: the rules in their order, as many together as a policy has room for."""
        profile = case.profile or pack.default_profile
        audience = pack.profile(profile).text
        shown = render("guard_safeguard_case", content=framed(case), surface=case.surface, audience=audience)
        content = Message(author="user", text=shown)
        return tuple(
            GuardPrompt(
                (Message(author="system", text=policy(group, pack, profile)), content),
                tuple(rule.id for rule in group), "text",
                tuple(Category(c, (rule.id,)) for rule in group for c in _citable(rule)),
                schema=_schema(group), depth="short", most=MOST_TOKENS,
            )
            for group in grouped(rules, pack, profile)
        )  # fmt: skip

    def read(self, prompt: GuardPrompt, answer: First | Said) -> Heard:
        """Return what the JSON says; a violation has to name rules or clauses of the policy it was given."""
        text = worded(answer)
        verdict = _parsed(text)
        p = CONFIDENCE[verdict.confidence]
        if not verdict.violation:
            return judged(prompt, f"no violation, {verdict.confidence}", p, (), rest=1 - p)
        said = verdict.rule_ids or ((verdict.policy_category,) if verdict.policy_category else ())
        known = [name for name in (matched(prompt, s) for s in said) if name is not None]
        if not known or len(known) < len(said):
            raise malformed(text, f"a violation of {list(said)}, where the policy has {', '.join(prompt.rule_ids)}")
        return judged(prompt, f"violation, {verdict.confidence}", p, known, rest=1 - p)


def grouped(rules: Sequence[Rule], pack: Pack, profile: str | None) -> Iterator[tuple[Rule, ...]]:
    """Yield rules in their order, as many together as POLICY_CHARS hold, at least one."""
    group: list[Rule] = []
    size = 0
    for rule in rules:
        length = len(written(rule, pack, profile))
        if group and size + length > POLICY_CHARS:
            yield tuple(group)
            group, size = [], 0
        group.append(rule)
        size += length
    if group:
        yield tuple(group)


def policy(rules: Sequence[Rule], pack: Pack, profile: str | None) -> str:
    """Return rules as a policy in the sections that the model was made for."""
    ids = {rule.id for rule in rules}
    definitions = dict.fromkeys(f"- {d.term}: {d.text}" for rule in rules for d in rule.definitions)
    excepted = dict.fromkeys(f"- {c.id}: {c.text}" for rule in rules for c in pack.exceptions_of(rule))
    leads = [
        f"- {p.winner} leads over {', '.join(x for x in p.losers if x in ids)}: {p.why}"
        for p in pack.precedence
        if p.winner in ids and ids & set(p.losers)
    ]
    return render(
        "guard_safeguard",
        title=pack.title,
        definitions="\n".join(definitions) or "- Words have their ordinary sense.",
        violates="\n".join(_violates(rule, pack, profile) for rule in rules),
        safe="\n".join([*excepted, "- Anything that no rule above describes."]),
        examples="\n".join(_examples(rules)),
        precedence="\n".join(["- An exception that fits leads over the rule that it belongs to.", *leads]),
    )


def _violates(rule: Rule, pack: Pack, profile: str | None) -> str:
    lines = [f"{rule.id} {rule.type}: {rule.statement}", *(f"- {c.id}: {c.text}" for c in rule.includes)]
    if rule.products:  # its combinations, as this audience has them, are written in one place only
        lines = written(rule, pack, profile).splitlines()[1:-1]
    return "\n".join(lines)


def _examples(rules: Sequence[Rule]) -> list[str]:
    """Return up to MOST_EXAMPLES lines: of each rule in turn one example on either side, then the next ones."""
    pairs = [list(zip(rule.examples.violating, rule.examples.allowed, strict=False)) for rule in rules]
    lines = []
    for turn in range(MOST_EXAMPLES // 2):
        for rule, own in zip(rules, pairs, strict=True):
            if turn < len(own):
                violating, allowed = own[turn]
                why = f", {allowed.exception}" if allowed.exception else ""
                lines.append(f"- violation 1, {rule.id}: {json.dumps(violating.text, ensure_ascii=False)}")
                lines.append(f"- violation 0{why}: {json.dumps(allowed.text, ensure_ascii=False)}")
    return lines[:MOST_EXAMPLES]


def _citable(rule: Rule) -> tuple[str, ...]:
    return (rule.id, *(clause.id for clause in rule.includes))


def _schema(rules: Sequence[Rule]) -> Schema:
    ids = [rule.id for rule in rules]
    fields: Schema = {
        "violation": {"type": "integer", "enum": [0, 1]},
        "policy_category": {"anyOf": [{"type": "string", "enum": ids}, {"type": "null"}]},
        "rule_ids": {"type": "array", "items": {"type": "string", "enum": [c for r in rules for c in _citable(r)]}},
        "confidence": {"type": "string", "enum": list(CONFIDENCE)},
        "rationale": {"type": "string", "maxLength": 400},
    }
    return {
        "title": "verdict", "type": "object", "properties": fields, "required": list(fields),
        "additionalProperties": False,
    }  # fmt: skip


def _parsed(text: str) -> Verdict:
    start, end = text.find("{"), text.rfind("}")
    try:
        return Verdict.model_validate(json.loads(text[start : end + 1]))
    except (json.JSONDecodeError, ValidationError):
        raise malformed(text, "it is no JSON of violation, rule_ids and confidence") from None
