"""What a page shows of a case: text cut into plain and marked spans, findings with their clauses, history with names.

A projection of the record; it judges nothing and escapes nothing (templates do). Contract: whoever gives a blind second
opinion gets a view without the system's verdict, the first reader's, and everything that would tell either; a program
gets neither the chain nor the name of a colleague. Making one is a read of content, and is noted in the journal.
"""

from collections.abc import Sequence

from agents.appeal import support
from agents.perceiver import seen_at
from agents.rationale import WHY
from agents.standing import Standing, standing
from cases.case import Case, Media, media_ids
from cases.decision import Critique, Precedent, Step
from cases.finding import AttributeValue, Evidence, Finding, Weighed
from cases.model import Fact
from cases.observation import Box
from graphs.record import Record
from policy_store.pack import Pack
from web.identity import Actor
from web.office import Office
from web.problem import Problem
from web.store import authors, docket, journal, marks
from web.store import notes as noted
from web.work import people
from web.work.authors import Account, account
from web.work.events import Event, history

SHOWN = 8  # findings that get a number and marks


class Span(Fact):
    """A piece of a part; `findings` are the numbers of those whose evidence it is, none where it is plain."""

    text: str
    findings: tuple[int, ...] = ()
    anchor: str | None = None


class PartView(Fact):
    """One part, whole: its spans joined are its text."""

    id: str
    kind: str
    spans: tuple[Span, ...]


class ClauseView(Fact):
    """A cited clause: the quotation and the whole of it as it stands in the policy of the decision."""

    id: str
    quote: str
    text: str


class Spot(Fact):
    """One piece of evidence: `anchor` is where it stands marked on the page, None where it is in no shown text."""

    part: str
    quote: str
    drop: float | None
    anchor: str | None
    where: tuple[str, ...] = ()


class FindingView(Fact):
    """A finding beside the rule that it is about."""

    number: int
    rule_id: str
    type: str
    scene: str
    statement: str
    verdict: str
    probability: float
    leads: bool
    clauses: tuple[ClauseView, ...]
    evidence: tuple[Spot, ...]
    exceptions: tuple[Weighed, ...]
    attributes: tuple[AttributeValue, ...]
    stance: str | None
    seen: tuple[str, ...]


class Bar(Fact):
    """One dimension of the rubric: `value` 0-4."""

    name: str
    weight: float
    value: float
    level: int
    anchor: str
    reason: str


class Region(Fact):
    """A rectangle over a picture, in percent of its width and height."""

    x: float
    y: float
    width: float
    height: float
    label: str


class MediaView(Fact):
    """A file of the case, by its id in the case; never by its path. `sightings` are what a model says that it saw."""

    id: str
    type: str
    regions: tuple[Region, ...]
    unseen: tuple[str, ...]


class Choice(Fact):
    """A rule to pick, likely ones first; `probability` is the system's, None where it was not read or is hidden."""

    rule_id: str
    type: str
    scene: str
    low: int
    high: int
    probability: float | None


class Cause(Fact):
    """Why the system left the case to a person."""

    name: str
    why: str


class CaseView(Fact):
    """Everything that a page shows of a case. In a `blind` view what tells a verdict is None or empty.

    `credited` says that it is known who published it; the account itself is hidden from a blind reader, too, as what
    was decided about it leans on a reading like a precedent does.
    """

    decision_id: str
    case_id: str
    at: str
    surface: str
    locale: str
    profile: str
    policy: str
    state: docket.State
    version: int
    blind: bool
    asked: bool
    parts: tuple[PartView, ...]
    context: tuple[str, ...]
    media: tuple[MediaView, ...]
    choices: tuple[Choice, ...]
    notes: tuple["NoteView", ...]
    history: tuple[Event, ...]
    held: Standing | None = None
    held_by: str | None = None
    system: str | None = None
    score: float | None = None
    rationale: str = ""
    causes: tuple[Cause, ...] = ()
    findings: tuple[FindingView, ...] = ()
    grades: tuple[Bar, ...] = ()
    chain: tuple[Step, ...] = ()
    critiques: tuple[Critique, ...] = ()
    precedents: tuple[Precedent, ...] = ()
    others: tuple[docket.Entry, ...] = ()
    automation: str | None = None
    stage: str | None = None
    credited: bool = False
    account: Account | None = None

    @property
    def pinned(self) -> "NoteView | None":
        """Return the note that is shown first."""
        return next((n for n in self.notes if n.pinned), None)


class NoteView(Fact):
    """A note with who wrote it."""

    id: str
    who: str
    own: bool
    at: str
    text: str
    pinned: bool


def case_view(office: Office, record: Record, actor: Actor, *, note: bool = True) -> CaseView:
    """Return what an actor may see of a case; `note` False is for fetching ahead, which is no reading yet."""
    decision, case, pack = record.decision, record.case, record.pack
    office.catch_up()
    entry = docket.entry(office.store, decision.id)
    if entry is None:
        raise Problem(404, f"No decision {decision.id!r} is on record.", param="decision_id", code="unknown_decision")
    all_marks = marks.of(office.store, decision.id)
    second = next((m for m in all_marks if m.kind == "second" and m.closed is None), None)
    blind = second is not None and second.by != actor.id
    own_notes = [n for n in noted.of(office.store, decision.id) if not blind or n.by == actor.id]
    who = people.names(office, {n.by for n in own_notes} | {e.by for e in record.edits} | {m.by for m in all_marks}
                       | {m.second_by for m in all_marks if m.second_by})  # fmt: skip
    if not actor.person:
        who = dict.fromkeys(who, "a person")
    if note:
        journal.note(office.store, actor.id, "case.read", decision.id, {"blind": "yes"} if blind else None)
    findings = () if blind else _ranked(decision.findings, decision.rule_id)
    places = _marked(case, findings)
    view = CaseView(
        decision_id=decision.id, case_id=decision.case_id, at=decision.at.isoformat(timespec="seconds"),
        surface=case.surface, locale=case.locale, profile=decision.profile or pack.default_profile,
        policy=f"{pack.id} {pack.version}", state=entry.state, version=entry.version, blind=blind,
        asked=second is not None, parts=_parts(case, places), context=case.context,
        media=_media(case, findings),
        choices=_choices(pack, () if blind else decision.findings, profile=decision.profile),
        notes=tuple(NoteView(id=n.id, who=who[n.by], own=n.by == actor.id, at=n.at, text=n.text, pinned=n.pinned)
                    for n in own_notes),
        history=() if blind else history(record, all_marks, who),
        credited=authors.author(office.store, decision.id) is not None,
    )  # fmt: skip
    if blind:
        return view
    held = standing(decision, case, pack, record.edits)
    return view.model_copy(update={
        "held": held, "held_by": who.get(held.edit.by) if held.edit else None, "system": decision.outcome,
        "score": decision.score, "rationale": decision.rationale,
        "causes": tuple(Cause(name=c.replace("_", " "), why=WHY[c]) for c in decision.causes),
        "findings": tuple(_finding(n, f, case, pack, decision.rule_id, places) for n, f in enumerate(findings, 1)),
        "grades": _bars(record), "chain": decision.chain if actor.person else (), "critiques": decision.critiques,
        "precedents": decision.precedents, "automation": held.automation, "stage": decision.stage,
        "account": account(office, actor, entry, _gradable(held, pack)),
        "others": tuple(e for e in docket.of_case(office.store, decision.case_digest) if e.decision_id != decision.id),
    })  # fmt: skip


def _gradable(held: Standing, pack: Pack) -> str | None:
    """Return the tier at which acting would count against the account, None where it would not."""
    spared = support(pack.by_id.get(held.rule_id or ""))
    return None if spared or held.outcome == "allow" or not held.severity else held.tier


def _ranked(findings: Sequence[Finding], leading: str | None) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=lambda f: (f.rule_id != leading, f.verdict != "hit", -f.probability))[:SHOWN])


def _marked(case: Case, findings: Sequence[Finding]) -> dict[str, list[tuple[int, int, int]]]:
    """Return (start, end, number) of the evidence to mark, by part: of what is broken, else of what comes nearest."""
    strong = [n for n, f in enumerate(findings, 1) if f.evidence and f.verdict == "hit"]
    numbers = set(strong) | {n for n, f in enumerate(findings, 1) if f.evidence and n == 1}
    if not numbers:
        numbers = {n for n, f in enumerate(findings, 1) if f.evidence and f.probability >= 0.1}
    texts = {p.id: p.text for p in case.parts}
    out: dict[str, list[tuple[int, int, int]]] = {}
    for n, finding in enumerate(findings, 1):
        for e in finding.evidence if n in numbers else ():
            if texts.get(e.part, "")[e.start : e.end] == e.quote and e.quote:
                out.setdefault(e.part, []).append((e.start, e.end, n))
    return out


def _parts(case: Case, places: dict[str, list[tuple[int, int, int]]]) -> tuple[PartView, ...]:
    out = []
    for index, part in enumerate(case.parts, 1):
        own = places.get(part.id, [])
        cuts = sorted({0, len(part.text), *(edge for start, end, _ in own for edge in (start, end))})
        spans = []
        for low, high in zip(cuts, cuts[1:], strict=False):
            numbers = tuple(sorted({n for start, end, n in own if start <= low and high <= end}))
            anchor = f"mark-{index}-{low}" if numbers else None
            spans.append(Span(text=part.text[low:high], findings=numbers, anchor=anchor))
        out.append(PartView(id=part.id, kind=part.kind, spans=tuple(spans)))
    return tuple(out)


def _finding(
    number: int, finding: Finding, case: Case, pack: Pack, leading: str | None,
    places: dict[str, list[tuple[int, int, int]]],
) -> FindingView:  # fmt: skip
    rule = pack.by_id[finding.rule_id]
    clauses = {c.clause_id: c.quote for c in finding.citations}
    index = {p.id: i for i, p in enumerate(case.parts, 1)}

    def spot(e: Evidence) -> Spot:
        there = any(n == number and start == e.start for start, _, n in places.get(e.part, ()))
        anchor = f"mark-{index[e.part]}-{e.start}" if there else None
        where = tuple(f"{o.media}: {o.kind}" for o in seen_at(case, e)[:3])
        return Spot(part=e.part, quote=e.quote, drop=e.drop, anchor=anchor, where=where)

    return FindingView(
        number=number, rule_id=rule.id, type=rule.type, scene=next(s.name for s in pack.scenes if s.id == rule.scene),
        statement=rule.statement, verdict=finding.verdict.replace("_", " "), probability=finding.probability,
        leads=finding.rule_id == leading,
        clauses=tuple(ClauseView(id=i, quote=q, text=pack.clauses[i].text) for i, q in clauses.items()
                      if i in pack.clauses),
        evidence=tuple(spot(e) for e in finding.evidence), exceptions=finding.exceptions,
        attributes=finding.attributes, stance=finding.stance,
        seen=tuple(f"{s.media}: {s.shows}" for s in finding.sightings),
    )  # fmt: skip


def _bars(record: Record) -> tuple[Bar, ...]:
    known = {d.id: d for d in record.pack.rubric.dimensions}
    return tuple(
        Bar(name=known[g.dimension].name if g.dimension in known else g.dimension,
            weight=known[g.dimension].weight if g.dimension in known else 0.0, value=g.value, level=g.level,
            anchor=g.anchor, reason=g.reason)
        for g in record.decision.grades
    )  # fmt: skip


def _media(case: Case, findings: Sequence[Finding]) -> tuple[MediaView, ...]:
    boxes: dict[str, list[Region]] = {}
    for o in case.observations:
        if o.locator.box is not None and not o.locator.frame:
            boxes.setdefault(o.media, []).append(_region(o.locator.box, o.label or o.text or o.kind))
    for f in findings:
        for s in f.sightings:
            if s.locator.box is not None and not s.locator.frame:
                boxes.setdefault(s.media, []).append(_region(s.locator.box, f"{f.rule_id}: {s.shows}"))
    gaps: dict[str, list[str]] = {}
    for u in case.unseen:
        gaps.setdefault(u.media, []).append(u.told)

    def shown(one: Media, name: str) -> MediaView:
        return MediaView(id=name, type=one.type, regions=tuple(boxes.get(name, ())), unseen=tuple(gaps.get(name, ())))

    return tuple(shown(m, i) for m, i in zip(case.media, media_ids(case.media), strict=True))


def _region(box: Box, label: str) -> Region:
    x, y, width, height = (round(100 * v, 2) for v in (box.x, box.y, box.width, box.height))
    return Region(x=x, y=y, width=width, height=height, label=label[:200])


def _choices(pack: Pack, findings: Sequence[Finding], profile: str | None) -> tuple[Choice, ...]:
    read = {f.rule_id: f.probability for f in findings}
    off = set(pack.profile(profile).off)
    scenes = {s.id: s.name for s in pack.scenes}
    rules = [r for r in pack.rules if r.id not in off and r.status == "active" and r.raises is None or r.id in read]
    return tuple(
        Choice(rule_id=r.id, type=r.type, scene=scenes[r.scene], low=r.band.low, high=r.band.high,
               probability=read.get(r.id))
        for r in sorted(rules, key=lambda r: -read.get(r.id, -1.0))
    )  # fmt: skip
