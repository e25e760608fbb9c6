"""What a model that answers about a decision may look up: rule, record, precedents, a fresh score, history, content.

Reading alone: nothing here changes a record, a case or a policy, and nothing is asked of a model. Contract: `facts` of
what comes back are lines of the record and of measurements, without any words of content or of people, so that what a
model says can be held against them.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple, Protocol

from agents.excerpt import flat, shortened
from agents.framing import neutral, written
from agents.quoting import found
from agents.reply import MAX_QUOTED, Docket
from agents.whatif import masked, scored, texts
from cases.case import media_ids
from cases.decision import Precedent
from cases.model import Fact
from cases.observation import Observation
from policy_store.rule import Rule

Section = Literal["outcome", "findings", "severity", "chain", "critiques", "edits"]
SHOWN_CHARS = 4000
NEAR = 5
SIGHTS = 30
UNREAD = "It was not read when the case was decided: no frame, region, transcript or description of it is on record."
_SPOKEN = re.compile(r"“.*”", re.DOTALL)


class Version(Fact):
    """A version of the policy on record: when it was first used, and what its authors say changed."""

    version: str
    digest: str
    at: datetime
    changes: str = ""


class History(Protocol):
    """Tell which versions of a policy are on record."""

    def __call__(self, pack_id: str) -> Sequence[Version]:
        """Return the versions of a policy, oldest first."""
        ...


class Found(NamedTuple):
    """What a look-up shows: `text` for the model, `facts` the lines of it that code vouches for."""

    text: str
    facts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Shelf:
    """All that can be looked up about one decision. Each method is one look-up; none raises for what is not there."""

    docket: Docket
    history: History | None = None

    def policy(self, id: str) -> Found:
        """Return a rule with all its clauses, or one clause, by id."""
        pack = self.docket.pack
        wanted = _known(id, pack.by_id)
        if wanted:
            return _vouched(
                written(pack.by_id[wanted], pack, self.docket.decision.profile), _banded(pack.by_id[wanted])
            )
        clause = _known(id, pack.clauses)
        if clause:
            holds = [r.id for r in pack.rules if clause in {c.id for c in (*r.clauses, *pack.exceptions_of(r))}]
            return _vouched(f"{clause}: {pack.clauses[clause].text}", f"{clause} belongs to {', '.join(holds)}.")
        return Found(f"The policy has no such id. Its rules: {', '.join(f'{r.id} {r.type}' for r in pack.rules)}.")

    def record(self, section: Section) -> Found:
        """Return a section of the decision's record."""
        lines = tuple(_SECTIONS[section](self.docket))
        return Found("\n".join(lines), tuple(_SPOKEN.sub("", line) for line in lines))

    def precedents(self, text: str | None) -> Found:
        """Return known cases near a text, or near the case itself for None."""
        docket = self.docket
        near: list[Precedent] = [] if text else list(docket.decision.precedents)
        if docket.similar is not None:
            near += docket.similar(text or docket.case.text, NEAR)
        best = sorted({p.id: p for p in near}.values(), key=lambda p: -p.similarity)[:NEAR]
        if not best:
            return Found("None is on record, and none was found.")
        facts = [
            f"{p.id}: {'violating' if p.violating else 'allowed'} under {p.rule_id}, similarity {p.similarity:.2f}."
            for p in best
        ]
        lines = [f"{f} “{shortened(p.text, MAX_QUOTED)}”" for f, p in zip(facts, best, strict=True)]
        return Found("\n".join(lines), tuple(facts))

    def rescored(self, quote: str) -> Found:
        """Return what the rules score once words of the case are taken out, beside what they score with them."""
        docket = self.docket
        if docket.rescore is None:
            return Found("Nothing can be scored anew here; the record alone answers.")
        span = found(docket.case, None, quote)
        if span is None:
            return Found("Those words do not stand in the case, so nothing was taken out. Quote it exactly.")
        before, after = scored([texts(docket.case), texts(masked(docket.case, (span,)))], docket.rescore)
        ranked = [f.rule_id for f in docket.decision.findings] or sorted(before, key=lambda r: -before[r])[:NEAR]
        facts = [f"{r}: {before.get(r, 0.0):.2f} before, {after.get(r, 0.0):.2f} without them." for r in ranked]
        leader = max(after, key=lambda r: after[r], default=None)
        if leader is not None:
            facts.append(f"{leader} leads without them, at {after[leader]:.2f}.")
        return Found("\n".join([f"Without “{shortened(span.quote, MAX_QUOTED)}”:", *facts]), tuple(facts))

    def versions(self) -> Found:
        """Return the versions of the policy on record, with their dates."""
        used = self.docket.decision.pack
        own = f"The decision was made under {used.id} {used.version}, digest {used.digest[:12]}."
        if self.history is None:
            return _vouched(f"{own} No other version can be looked up here.", own)
        lines = [own]
        for v in self.history(used.id):
            same = ", the one of this decision" if v.digest == used.digest else ""
            lines.append(f"{used.id} {v.version}, on record since {v.at.date().isoformat()}{same}. {flat(v.changes)}")
        return Found("\n".join(lines), tuple(lines))

    def part(self, part: str, start: int) -> Found:
        """Return text of a part of the case from a character on; content, so it vouches for nothing."""
        wanted = next((p for p in self.docket.case.parts if p.id == part), None)
        if wanted is None:
            return Found(f"There is no such part. The parts: {', '.join(p.id for p in self.docket.case.parts)}.")
        start = max(0, start)
        text = wanted.text[start : start + SHOWN_CHARS]
        rest = len(wanted.text) - start - len(text)
        end = f"\n({rest} characters follow.)" if rest > 0 else ""
        return Found(f"Part {part}, from character {start}:\n{text}{end}")

    def media(self, number: int, region: str | None) -> Found:
        """Return what is known of a picture, video or sound of the case, counted from 1, or of a region of it."""
        media = self.docket.case.media
        if not media:
            return Found("The case holds no picture, video or sound.")
        if not 1 <= number <= len(media):
            return Found(f"There is no medium of that number; there are {len(media)}, counted from 1.")
        name = media_ids(media)[number - 1]
        seen = [o for o in self.docket.case.observations if o.media == name]
        if seen:
            return _sights(name, seen, region)
        fact = f"Medium {number} is of the type {media[number - 1].type}. {UNREAD}"
        words = [p.id for p in self.docket.case.parts if p.kind in ("screen", "speech", "transcript", "caption")]
        given = f" The case brings words of its own in these parts: {', '.join(words)}." if words else ""
        return _vouched(fact + given, fact)


def overview(docket: Docket) -> Found:
    """Return the lines that every answer starts from: what holds, who decided and under which policy."""
    lines = tuple(_outcome(docket))
    return Found("\n".join(lines), tuple(_SPOKEN.sub("", line) for line in lines))


def _vouched(text: str, *facts: str) -> Found:
    return Found(text if not facts or facts[0] in text else f"{text}\n{facts[0]}", (text, *facts))


def _known(wanted: str, ids: Iterable[str]) -> str | None:
    return {i.casefold(): i for i in ids}.get(wanted.strip().casefold())


def _banded(rule: Rule) -> str:
    done = f" Whatever its severity, what is done is: {rule.action}." if rule.action else ""
    return f"The severity band of {rule.id} is {rule.band.low}-{rule.band.high}.{done}"


def _outcome(docket: Docket) -> Iterator[str]:
    decision, held, pack = docket.decision, docket.held, docket.pack
    under = f" under {docket.title(held.rule_id)}" if held.rule_id else ""
    yield f"What holds: {held.outcome}{under}."
    if held.severity is not None:
        yield f"Severity {held.severity} of 100, tier {held.tier}, to be done: {held.action}."
    if held.edit is not None:
        was = f"{decision.outcome}{f' under {decision.rule_id}' if decision.rule_id else ''}"
        yield f"A person has the last word; the system had found {was}, severity {decision.severity}."
    meant = "an uncalibrated risk" if decision.stage == "router" else "the probability that a rule is broken"
    yield f"Decided by the {decision.stage} on {decision.at.date().isoformat()}, depth {decision.depth}."
    yield f"Score {decision.score:.2f}: {meant}."
    yield f"Automation: {held.automation}. Profile: {decision.profile or pack.default_profile}."
    yield f"Policy {pack.id} {pack.version}; model {decision.model_digest[:12]}."
    for played in decision.roles:
        yield f"Role {played.role}: {', then '.join(played.backends)}."
    if decision.causes:
        yield f"Causes of doubt: {', '.join(c.replace('_', ' ') for c in decision.causes)}."


def _findings(docket: Docket) -> Iterator[str]:
    if not docket.decision.findings:
        yield "No rule was ranked: the router found nothing near the case that breaks one."
    for f in docket.decision.findings:
        stance = f", stance {f.stance}" if f.stance else ""
        yield f"{docket.title(f.rule_id)}: {f.verdict.replace('_', ' ')} at {f.probability:.2f}{stance}."
        if f.citations:
            yield f"{f.rule_id} cites {', '.join(c.clause_id for c in f.citations)}."
        for e in f.evidence:
            drop = "" if e.drop is None else f", without it the log-odds move by {-e.drop:+.2f}"
            place = f"characters {e.start}-{e.end}"
            yield f"{f.rule_id} rests on {place}{drop}: “{shortened(e.quote, MAX_QUOTED)}” in part “{flat(e.part)}”"
        for w in f.exceptions:
            holds = "holds" if w.applies else "does not hold"
            yield f"{w.exception_id} {holds} for {f.rule_id}, at {w.probability:.2f}."


def _severity(docket: Docket) -> Iterator[str]:
    yield from (line for line in _outcome(docket) if line.startswith(("Severity", "A person")))
    if docket.rule:
        yield _banded(docket.rule)
    for g in docket.decision.grades:
        yield f"{g.dimension} is graded {g.level} of 4, measured {g.value:.2f}: {g.anchor} “{flat(g.reason)}”"
    for tier in docket.pack.tiers:
        yield f"Tier {tier.id} begins at severity {tier.low}: {tier.action}."


def _chain(docket: Docket) -> Iterator[str]:
    if not docket.decision.chain:
        yield "There is none: no draft was reasoned about."
    for step in docket.decision.chain:
        yield f"{step.name}: {flat(step.text)}"


def _critiques(docket: Docket) -> Iterator[str]:
    if not docket.decision.critiques:
        yield "There is none: only drafts of the reasoner are criticised."
    for c in docket.decision.critiques:
        yield f"Critique of round {c.round}: {c.ruling}, score {c.score:.2f}, by {c.author or 'code'}."
        for line in c.criteria:
            yield f"{flat(line.name)}: weight {line.weight:.2f}, score {line.score:.2f}; {flat(line.reason)}."
        for check in c.checks:
            stands = "passed" if check.passed else "failed"
            yield f"Check {check.name.replace('_', ' ')}: {stands}, {flat(check.detail)}."
        for note in c.notes:
            yield f"Note: {flat(note)}"


def _edits(docket: Docket) -> Iterator[str]:
    if not docket.edits:
        yield "No person has changed anything."
    for e in docket.edits:
        under = f" under {e.rule_id}" if e.rule_id else ""
        severity = f", severity {e.severity}" if e.severity is not None else ""
        yield f"On {e.at.date().isoformat()}: {e.outcome}{under}{severity}. “{flat(e.by)}: {flat(e.reason)}”"


_SECTIONS: dict[Section, Callable[[Docket], Iterator[str]]] = {
    "outcome": _outcome, "findings": _findings, "severity": _severity, "chain": _chain, "critiques": _critiques,
    "edits": _edits,
}  # fmt: skip


def _sights(name: str, seen: Sequence[Observation], region: str | None) -> Found:
    """Return what tools saw in a file: all of it, or what is called `region` by its id, label or words."""
    wanted = (region or "").casefold()
    chosen = [o for o in seen if wanted in f"{o.id} {o.label} {o.text}".casefold()]
    if not chosen:
        ids = ", ".join(o.id for o in seen[:SIGHTS])
        return Found(f"Nothing of {name} is called {region!r}; there are {ids}.")
    lines = []
    for one in chosen[:SIGHTS]:
        box = one.locator.box
        across = f", from {box.x:.0%} to {box.x + box.width:.0%} across" if box else ""
        at = f"{across}, {box.y:.0%} to {box.y + box.height:.0%} down" if box else ""
        what = f"the words “{neutral(one.text)}”" if one.text else f"{one.kind} {neutral(one.label)}"
        lines.append(f"{one.id}: {what}{at}, by {one.tool}, confidence {one.confidence:.2f}.")
    more = f" {len(chosen) - SIGHTS} more are left out." if len(chosen) > SIGHTS else ""
    told = f"What tools saw in {name}; what the picture means was not judged."
    return Found("\n".join([told + more, *lines]), tuple(lines))
