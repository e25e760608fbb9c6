"""Appeals: filing one, the inbox, what a page shows of one, the first look, and the fresh judgement behind it.

Ruling on an appeal is web.work.reversal, telling the person is web.work.notices. Contract: the fresh judgement of an
open appeal is given to nobody who has not first put down a view of their own; whoever took part in the decision that is
contested rules on no appeal about it. What an appellant writes is text and never an instruction.
"""

from typing import Literal

from agents.excerpt import flat
from agents.standing import Standing, standing
from cases.decision import Edit, Outcome
from cases.model import Fact
from graphs.appeal import Judgement, judge_anew
from graphs.record import Record
from policy_store.fault import suggest
from policy_store.pack import Pack
from policy_store.rule import Rule
from policy_store.wording import Span, spans
from web.identity import Actor
from web.office import Office
from web.problem import Problem
from web.store import appeals, journal, marks
from web.store.appeals import STATES, Appeal, Look, State, Wanted
from web.store.database import stamp
from web.work import people
from web.work.events import Event, history
from web.work.filing import Filing, take_in

PAGE = 50
_PACKS: dict[str, Pack] = {}  # by the digest that names them, so what is kept never goes stale
Tab = Literal["open", "upheld", "overturned", "changed", "mine", "all"]
TABS: dict[Tab, tuple[State, ...]] = {
    "open": ("open", "deciding"), "upheld": ("upheld",), "overturned": ("overturned",), "changed": ("changed",),
    "mine": STATES, "all": STATES,
}  # fmt: skip


class Clause(Fact):
    """A clause of the rule then and today, word by word; `kind` says what became of it."""

    id: str
    part: Literal["statement", "includes", "exceptions"]
    kind: Literal["same", "changed", "added", "removed"]
    spans: tuple[Span, ...]


class Row(Fact):
    """One appeal in the inbox, beside the decision that it contests."""

    appeal: Appeal
    rule: str
    content: str
    decided_by: str
    barred: bool


class Opened(Fact):
    """One appeal as its page shows it. `version` counts changes of the appeal and of the decision together.

    `held` is what holds now. `blind` says that the fresh judgement is hidden from the reader; `barred` why they may not
    rule on it, None where they may.
    """

    appeal: Appeal
    version: int
    held: Standing
    rule: Rule | None
    today: Rule | None
    clauses: tuple[Clause, ...]
    unchanged: bool
    then_policy: str
    today_policy: str
    reason: str
    by_person: bool
    history: tuple[Event, ...]
    look: Look | None
    blind: bool
    barred: str | None
    decider: str | None
    others: tuple[Appeal, ...]


def file(office: Office, actor: Actor, filing: Filing) -> Appeal:
    """File an appeal against a decision that somebody or something has taken; see `take_in`."""
    if not actor.may & {"appeals.read", "appeals.decide"}:
        raise Problem(403, "Filing an appeal needs the permission 'appeals.read'.", code="not_permitted")
    return take_in(office.store, office.ledger, actor.id, filing)


def inbox(
    office: Office, actor: Actor, tab: Tab = "open", wanted: Wanted | None = None,
    after: tuple[str, str] | None = None, limit: int = PAGE,
) -> list[Row]:  # fmt: skip
    """Return a page of appeals, oldest first, each beside its decision."""
    wanted = _tabbed(tab, actor, wanted or Wanted())
    found = appeals.listed(office.store, wanted, after=after, limit=limit)
    return [_row(office, actor, one) for one in found]


def counts(office: Office, actor: Actor, wanted: Wanted | None = None) -> dict[Tab, int]:
    """Return how many appeals each tab holds."""
    wanted = wanted or Wanted()
    found = appeals.count(office.store, wanted)
    mine = appeals.count(office.store, _tabbed("mine", actor, wanted))
    return {tab: sum((mine if tab == "mine" else found)[s] for s in states) for tab, states in TABS.items()}


def next_open(office: Office, actor: Actor, wanted: Wanted | None = None) -> str | None:
    """Return the oldest open appeal that the actor may rule on, None where there is none."""
    wanted = (wanted or Wanted()).model_copy(update={"states": ("open",)})
    for one in appeals.listed(office.store, wanted, limit=200):
        if barred(office, actor, quick(office, one.decision_id), one) is None:
            return one.id
    return None


def read(office: Office, appeal_id: str) -> Appeal:
    """Return an appeal by its id; raise Problem 404 where there is none."""
    found = appeals.appeal(office.store, appeal_id)
    if found is None:
        raise Problem(404, f"There is no appeal {appeal_id!r}.", param="appeal_id", code="unknown_appeal")
    return found


def opened(office: Office, actor: Actor, appeal_id: str) -> Opened:
    """Return an appeal with everything around it, and note the reading."""
    appeal = read(office, appeal_id)
    found = office.record(appeal.decision_id)
    held = standing(found.decision, found.case, found.pack, found.edits)
    then = found.pack.by_id.get(appeal.rule_id or "")
    today = office.pack.by_id.get(appeal.rule_id or "") if office.pack.id == found.pack.id else None
    who = people.names(office, {e.by for e in found.edits} | ({appeal.decider} if appeal.decider else set()))
    if not actor.person:
        who = dict.fromkeys(who, "a person")
    clauses = _clauses(then, found.pack, today, office.pack)
    last = _contested(found, appeal)
    journal.note(office.store, actor.id, "appeal.read", appeal.id, {"decision": appeal.decision_id})
    return Opened(
        appeal=appeal, version=version_of(appeal, found), held=held, rule=then, today=today, clauses=clauses,
        unchanged=all(c.kind == "same" for c in clauses) and (then is None or today is not None),
        then_policy=appeal.policy, today_policy=f"{office.pack.id} {office.pack.version}",
        reason=last.reason if last else found.decision.rationale, by_person=last is not None,
        history=history(found, marks.of(office.store, found.decision.id), who),
        look=appeals.look(office.store, appeal.id, actor.id), blind=_blind(office, actor, appeal),
        barred=barred(office, actor, found, appeal),
        decider=who.get(appeal.decider) if appeal.decider else None,
        others=tuple(a for a in appeals.of_decision(office.store, appeal.decision_id) if a.id != appeal.id),
    )  # fmt: skip


def look(office: Office, actor: Actor, appeal_id: str, outcome: Outcome, rule_id: str | None, note: str = "") -> Look:
    """Put down one's own first view, after which the fresh judgement is shown; it is kept as it was first given."""
    if "appeals.decide" not in actor.may:
        raise Problem(403, "A first view needs the permission 'appeals.decide'.", code="not_permitted")
    appeal = read(office, appeal_id)
    found = office.record(appeal.decision_id)
    if outcome == "review":
        raise Problem(422, "A first view is allow or act.", param="outcome", code="bad_outcome")
    if outcome == "allow" and rule_id is not None:
        raise Problem(422, f"rule_id={rule_id!r}: what is allowed breaks no rule; leave it out.", param="rule_id",
                      code="rule_with_allow")  # fmt: skip
    if outcome == "act" and (rule_id or appeal.rule_id) not in found.pack.by_id:
        raise Problem(422, f"rule_id={rule_id!r} is no rule of {appeal.policy}, under which this was decided; "
                      f"{suggest(rule_id or '', found.pack.by_id, 'rules')}.", param="rule_id",
                      code="unknown_rule")  # fmt: skip
    made = Look(
        appeal_id=appeal.id, by=actor.id, outcome=outcome, note=flat(note)[:2000], at=stamp(office.clock()),
        rule_id=(rule_id or appeal.rule_id) if outcome == "act" else None,
    )  # fmt: skip
    with office.store.writing("put down a first view") as connection:
        if appeals.looked(connection, made):
            journal.note(office.store, actor.id, "appeal.look", appeal.id,
                         {"outcome": outcome, "rule": made.rule_id or ""}, connection)  # fmt: skip
    kept = appeals.look(office.store, appeal.id, actor.id)
    assert kept is not None
    return kept


def fresh(office: Office, actor: Actor, appeal_id: str) -> Judgement:
    """Return the case judged anew by another route, made on first asking and kept.

    Raise Problem 403 while the appeal is open and the actor has put down no view of their own.
    """
    appeal = read(office, appeal_id)
    if _blind(office, actor, appeal):
        raise Problem(403, "The fresh judgement is hidden until you have put down your own first view.", code="blind")
    today = office.desks.live.deps
    digest = appeals.key_of(today.frame)
    kept = appeals.fresh(office.store, appeal.id, digest)
    journal.note(office.store, actor.id, "appeal.fresh", appeal.id, {"anew": "no" if kept else "yes"})
    if kept is not None:
        return Judgement.model_validate_json(kept)
    found = office.record(appeal.decision_id)
    then = office.desks.desk(found.pack).deps
    words = "\n".join((appeal.statement, *appeal.extra))
    made = judge_anew(then, today, found.case, found.decision, appeal.rule_id, words)
    appeals.keep_fresh(office.store, appeal.id, digest, made.model_dump_json())
    return made


def set_blind(office: Office, actor: Actor, on: bool) -> None:
    """Set whether the team puts down a view before it sees a fresh judgement; an admin's to change."""
    if "administer" not in actor.may:
        raise Problem(403, "How the team works is an admin's to change.", code="not_permitted")
    with office.store.writing("set how appeals are worked on") as connection:
        appeals.set_blind(connection, on)
        journal.note(office.store, actor.id, "appeal.blind", "appeals", {"blind": "on" if on else "off"}, connection)


def _blind(office: Office, actor: Actor, appeal: Appeal) -> bool:
    undecided = appeal.state in ("open", "deciding") and appeals.blind(office.store)
    return undecided and appeals.look(office.store, appeal.id, actor.id) is None


def barred(office: Office, actor: Actor, found: Record, appeal: Appeal) -> str | None:
    """Return why the actor may not rule on an appeal, None where they may."""
    if "appeals.decide" not in actor.may:
        return "This needs the permission 'appeals.decide'."
    own = [e for e in found.edits if e.by == actor.id]
    if own:
        return (f"You decided about this case on {own[-1].at:%Y-%m-%d}; another person has to decide the appeal "
                "against it.")  # fmt: skip
    if any(m.second_by == actor.id for m in marks.of(office.store, found.decision.id)):
        return "You gave a second opinion on this case; another person has to decide the appeal against it."
    key = actor.id.split("/")[0]
    if key != actor.id and any(e.by == key for e in found.edits):
        return ("This case was decided through the same key by somebody who was not named, so that it cannot be told "
                "whether you are another person.")  # fmt: skip
    return None


def version_of(appeal: Appeal, found: Record) -> int:
    """Return a number that counts every change of the appeal, and of the decision that it is about."""
    return appeal.version + len(found.edits)


def acting_for(actor: Actor, person: str | None) -> Actor:
    """Return a program's actor as the person that it names; raise Problem 422 where it names none.

    An appeal is never decided by a program alone.
    """
    if actor.person:
        return actor
    if person is None or not person.strip():
        raise Problem(422, "decided_by is missing: a person decides an appeal, so a program says which one does.",
                      param="decided_by", code="person_required")  # fmt: skip
    return actor.model_copy(update={"id": f"{actor.id}/{flat(person)[:100]}"})


def quick(office: Office, decision_id: str) -> Record:
    """Return the record of a decision by its whole id; lists read many, and the same policy again and again."""
    decision = office.ledger.decision(decision_id)
    if decision.pack.digest not in _PACKS:
        _PACKS[decision.pack.digest] = Pack.model_validate_json(office.ledger.pack_body(decision.pack.digest))
    case = office.ledger.case(decision.case_digest)
    return Record(decision, case, office.ledger.edits(decision_id), _PACKS[decision.pack.digest])


def _row(office: Office, actor: Actor, appeal: Appeal) -> Row:
    found = quick(office, appeal.decision_id)
    rule = found.pack.by_id.get(appeal.rule_id or "")
    last = _contested(found, appeal)
    return Row(
        appeal=appeal, rule=f"{rule.id} {rule.type}" if rule else "no rule", content=flat(found.case.text)[:200],
        decided_by="a person" if last else f"the {found.decision.stage}",
        barred=appeal.open and barred(office, actor, found, appeal) is not None,
    )  # fmt: skip


def _contested(found: Record, appeal: Appeal) -> Edit | None:
    """Return the last edit that stood when the appeal was filed."""
    own = appeal.ruling.edit_id if appeal.ruling else None
    return next((e for e in reversed(found.edits) if e.id != own and stamp(e.at) <= appeal.filed), None)


def _tabbed(tab: Tab, actor: Actor, wanted: Wanted) -> Wanted:
    return wanted.model_copy(update={"states": TABS[tab], "decider": actor.id if tab == "mine" else wanted.decider})


def _clauses(then: Rule | None, old: Pack, today: Rule | None, new: Pack) -> tuple[Clause, ...]:
    before = _citable(then, old) if then else {}
    after = _citable(today, new) if today else {}
    out = []
    for name in dict.fromkeys((*before, *after)):
        part, text = before.get(name, ("", ""))
        new_part, new_text = after.get(name, ("", ""))
        kind = "added" if name not in before else "removed" if name not in after else "changed"
        if (part, text) == (new_part, new_text):
            kind = "same"
        out.append(Clause.model_validate({"id": name, "part": new_part or part, "kind": kind,
                                          "spans": spans(text, new_text)}))  # fmt: skip
    return tuple(sorted(out, key=lambda c: ("statement", "includes", "exceptions").index(c.part)))


def _citable(rule: Rule, pack: Pack) -> dict[str, tuple[str, str]]:
    found = {rule.id: ("statement", rule.statement)}
    found |= {c.id: ("includes", c.text) for c in rule.includes}
    return found | {c.id: ("exceptions", c.text) for c in pack.exceptions_of(rule)}


__all__ = [
    "PAGE", "TABS", "Clause", "Opened", "Row", "Tab", "acting_for", "barred", "counts", "file", "fresh",
    "inbox", "look", "next_open", "opened", "quick", "read", "set_blind", "version_of",
]  # fmt: skip
