"""Policies in the form of CoPE (Zentropi): Markdown with labels that include and exclude. Not the prompt of the model.

`# Policy` / `## Overview` / `## Definition of Terms` / `## Interpretation of Language` / `## Definition of Labels` with
`### (HS): Hate Speech` / `#### Includes` / `#### Excludes`. A label is a rule, a bullet a clause, a bullet under a
bullet a clause of its own. How language is to be read has no place in a rule: it stands among its definitions.
"""

import re
from collections.abc import Sequence

from policy_store.pack import Pack
from policy_store.sketch import (
    Carried,
    Line,
    Outline,
    Sketch,
    Written,
    chosen,
    files,
    flat,
    left_behind,
    plain,
    scene_of,
)

READING = "reading"
_LABEL = re.compile(r"^\((?P<id>[A-Za-z][A-Za-z0-9-]*)\):?\s*(?P<name>.*)$")
_BULLET = re.compile(r"^(?P<indent>\s*)[-*•]\s+(?P<body>.+)$")
_NAMED = re.compile(r"^\*\*(?P<name>[^*]+?):?\*\*:?\s*(?P<text>.*)$")
_CLAUSE = re.compile(r"^[A-Z][A-Z0-9.a-z-]*$")
_TITLE = re.compile(r"^Policy: (?P<title>.+)$")
_LEADS = re.compile(r"^(?P<winner>[A-Z][A-Z0-9-]*) leads over (?P<losers>[A-Z0-9, -]+): (?P<why>.+)$")
MOST = 1000


def write_cope(pack: Pack, rule_ids: Sequence[str] = ()) -> Written:
    """Return rules of a pack as labels; all active ones where none is named."""
    rules = chosen(pack, rule_ids)
    ids = {rule.id for rule in rules}
    terms = {d.term: d.text for rule in rules for d in rule.definitions}
    lines = ["# Policy", "", "## Overview", f"Policy: {flat(pack.title)}", "", "## Definition of Terms"]
    lines += [f"- **{flat(t)}**: {flat(text)}" for t, text in terms.items() if not t.startswith(READING)]
    lines += ["", "## Interpretation of Language"]
    lines += [f"- {flat(text)}" for term, text in terms.items() if term.startswith(READING)]
    for lead in pack.precedence:
        losers = [x for x in lead.losers if x in ids]
        if lead.winner in ids and losers:
            lines.append(f"- {lead.winner} leads over {', '.join(losers)}: {flat(lead.why)}")
    lines += ["", "## Definition of Labels"]
    for rule in rules:
        lines += ["", f"### ({rule.id}): {flat(rule.type)}", flat(rule.statement), "", "#### Includes"]
        lines += [f"- **{c.id}**: {flat(c.text)}" for c in rule.includes]
        lines += ["", "#### Excludes"]
        lines += [f"- **{c.id}**: {flat(c.text)}" for c in pack.exceptions_of(rule)]
    notes = ["examples are not carried: the form has no place for them", *left_behind(pack, rules, leads=True)]
    if len(rules) > 1:
        notes.append(f"{len(rules)} labels in one policy: the model answers for one best; export each with --rule")
    return Written("\n".join(lines) + "\n", tuple(notes))


def read_cope(text: str, pack_id: str, head: Pack) -> Carried:
    """Return the pack that a policy describes; raise SketchError where it defines no label."""
    reader = _Reader()
    for raw in text.splitlines():
        reader.line(raw)
    return files(reader.outline(), pack_id, head)


class _Reader:
    """Reads line by line; `section` is the heading it stands under, `side` includes or excludes."""

    def __init__(self) -> None:
        self.found = Outline(title="", scene="P")
        self.section = ""
        self.side: str | None = None
        self.rule: Sketch | None = None
        self.dropped: list[str] = []
        self.common: dict[str, str] = {}

    def line(self, raw: str) -> None:
        """Take one line."""
        line = raw.strip()
        if not line:
            return
        if line.startswith("#"):
            self._heading(plain(line.lstrip("# ")))
            return
        bullet = _BULLET.match(raw)
        body = bullet["body"].strip() if bullet else line
        if self.rule is not None and self.section == "labels":
            self._in_rule(body, len(bullet["indent"].expandtabs(4)) if bullet else -1)
        elif self.section == "terms" and (named := _NAMED.match(body)):
            self.found.definitions.append(Line(plain(named["name"]), plain(named["text"])))
        elif self.section == "language":
            self._reading(plain(body))
        elif titled := _TITLE.match(body):
            self.found.title = titled["title"]
        else:
            self.dropped.append(plain(body))

    def outline(self) -> Outline:
        """Return what was read."""
        found = self.found
        kept = {rule.id for rule in found.rules}
        found.scene = scene_of(found.rules[0].id, "P") if found.rules else "P"
        found.title = found.title or (found.rules[0].type if len(found.rules) == 1 else "Imported policy")
        found.common = [Line(name, text) for name, text in self.common.items()]
        found.leads = [(w, losers, why) for w, losers, why in found.leads if {w, *losers} <= kept]
        if self.dropped:
            found.notes.append(f"not carried: {' '.join(self.dropped)[:200]!r}")
        if any(d.id.startswith(READING) for d in found.definitions):
            found.notes.append(f"how language is to be read stands among the definitions, as {READING!r} and a number")
        return found

    def _heading(self, said: str) -> None:
        low = said.lower()
        label = _LABEL.match(said)
        if label and self.section == "labels":
            rule_id = label["id"].upper()
            self.rule = Sketch(rule_id, label["name"].strip() or rule_id)
            self.found.rules.append(self.rule)
            self.side = None
        elif low.startswith("include"):
            self.side = "includes"
        elif low.startswith("exclude"):
            self.side = "excludes"
        elif "label" in low:
            self.section = "labels"
        else:
            sections = {"term": "terms", "language": "language"}
            self.section = next((name for word, name in sections.items() if word in low), "overview")
            self.rule = None

    def _in_rule(self, body: str, indent: int) -> None:
        assert self.rule is not None
        if self.side is None:
            self.rule.statement = f"{self.rule.statement} {plain(body)}".strip()
            return
        where = self.rule.includes if self.side == "includes" else self.rule.exceptions
        if indent < 0 and where:  # a bullet that runs on
            where[-1] = Line(where[-1].id, f"{where[-1].text} {plain(body)}")
            return
        named = _NAMED.match(body)
        own = named["name"].strip() if named else ""
        if named and _CLAUSE.match(own) and (own.startswith(self.rule.id) or "-" in own):
            name, text = own, flat(named["text"])
        else:
            name, text = self._name(len(where)), plain(body).rstrip(":")
            text = re.sub(r",? including$", "", text)
        if self.side == "excludes" and not name.startswith(self.rule.id):
            self.common[name] = text  # another rule's, which is borrowed, or everybody's
            self.rule.borrows.append(name)
        else:
            where.append(Line(name, text if len(text) >= 3 else f"{text} (as named)"))

    def _name(self, count: int) -> str:
        assert self.rule is not None
        if self.side == "excludes":
            return f"{self.rule.id}-E{count + 1}"
        return f"{self.rule.id}.{chr(ord('a') + count) if count < 26 else f'z{count}'}"

    def _reading(self, body: str) -> None:
        if leads := _LEADS.match(body):
            losers = tuple(x.strip() for x in leads["losers"].split(","))
            self.found.leads.append((leads["winner"], losers, leads["why"]))
        else:
            count = sum(d.id.startswith(READING) for d in self.found.definitions) + 1
            self.found.definitions.append(Line(f"{READING} {count}", body))
