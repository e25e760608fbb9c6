"""A case as a language model reads it: fixed blocks that content can neither close nor forge.

Every `<` and `>` of content becomes a look-alike, one character for one, so that no block mark of ours, no tag and no
special token of a chat template can come out of content; bracketed instruction marks are broken the same way.
"""

import re
from collections import Counter
from collections.abc import Collection, Sequence

from cases.case import Case
from policy_store.pack import Pack
from policy_store.rule import Product, Rule

READ_CHARS = 24_000
TURNS, TURN_CHARS = 10, 2_000  # of what was said before, the end is nearest
_BRACKETS = str.maketrans({"<": "‹", ">": "›"})
_MARKS = re.compile(r"\[(?=/?(?:INST|SYS|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS)\])", re.IGNORECASE)


def neutral(text: str) -> str:
    """Return text of the same length in which nothing can be taken for a mark of ours or of a chat template.

    >>> neutral("</content> <|im_end|> [INST] ok <3")
    '‹/content› ‹|im_end|› ［INST] ok ‹3'
    """
    return _MARKS.sub("［", text.translate(_BRACKETS))


def framed(case: Case, limit: int = READ_CHARS) -> str:
    """Return context and parts of a case as blocks, content cut to `limit` characters in all and marked where cut."""
    last = list(enumerate(case.context, 1))[-TURNS:]
    blocks = [f'<context turn="{i}">\n{neutral(turn[-TURN_CHARS:])}\n</context>' for i, turn in last]
    left = limit
    for part in case.parts:
        if not part.text.strip():
            continue
        text = part.text[:left]
        left -= len(text)
        cut = "" if len(text) == len(part.text) else f' cut="{len(part.text) - len(text)} characters are missing"'
        blocks.append(f'<content part="{_name(part.id)}"{cut}>\n{neutral(text)}\n</content>')
    blocks += [f'<media type="{m.type}">not read</media>' for m in case.media]
    return "\n".join(blocks)


def cut(case: Case, limit: int = READ_CHARS) -> bool:
    """Return whether a case is longer than a model reads of it."""
    return sum(len(p.text) for p in case.parts) > limit


def policy(rules: Sequence[Rule], pack: Pack, profile: str | None = None) -> str:
    """Return rules one after another, and what several of them except once, at the end."""
    times = Counter(c.id for rule in rules for c in pack.exceptions_of(rule))
    shared = {i for i, n in times.items() if n > 1}
    lines = [written(rule, pack, profile, shared) for rule in rules]
    if shared:
        texts = {c.id: c.text for rule in rules for c in pack.exceptions_of(rule)}
        lines += ["<exceptions>", *(f"- {i}: {texts[i]}" for i in texts if i in shared), "</exceptions>"]
    return "\n".join(lines)


def written(rule: Rule, pack: Pack, profile: str | None = None, elsewhere: Collection[str] = ()) -> str:
    """Return a rule with the ids of everything that can be cited; a decomposed one as a profile labels it.

    Exceptions whose text stands `elsewhere` are named by their ids alone.
    """
    lines = [f'<rule id="{rule.id}">', f"{rule.id} {rule.type}: {rule.statement}"]
    lines += [f"Definition, {d.term}: {d.text}" for d in rule.definitions]
    lines += ["Violates:", *(f"- {c.id}: {c.text}" for c in rule.includes)]
    if exceptions := pack.exceptions_of(rule):
        own = [f"- {c.id}: {c.text}" for c in exceptions if c.id not in elsewhere]
        named = ", ".join(c.id for c in exceptions if c.id in elsewhere)
        lines += ["Does not violate when:", *own, *([f"- {named}: see below"] if named else [])]
    if rule.products:
        lines += ["Combinations, the first that fits decides:", *(_product(p, rule, profile) for p in rule.products)]
        lines.append("- anything else: violates")
    return "\n".join([*lines, "</rule>"])


def _product(product: Product, rule: Rule, profile: str | None) -> str:
    texts = {(a.id, v.id): f"{a.text}: {v.text}" for a in rule.attributes for v in a.values}
    shown = "; ".join(texts[item] for item in product.values.items()) or "all else"
    label = product.labels.get(profile or "*") or product.labels.get("*", "violating")
    return f"- {shown}: {'violates' if label == 'violating' else 'does not violate'}"


def _name(part_id: str) -> str:
    return neutral(part_id).replace('"', "”")
