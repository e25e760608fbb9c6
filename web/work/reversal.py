"""Ruling on an appeal: uphold, overturn, or overturn to another rule, with the edit in the ledger, as one act.

Two records have to agree, and neither can be part of the other's transaction. So the whole ruling, with the id that its
edit will have, is kept in work.db first; then the edit is appended; then the appeal is settled. An edit's id is used
once, so that each step may be repeated by anybody: `repair` goes on from wherever a crash has left it, and never does
anything twice. What the ledger refuses is taken back whole.
"""

import json
import re
import uuid
from typing import Literal

from pydantic import JsonValue

from agents.pii import pii
from agents.standing import Standing, standing
from cases.decision import Edit
from cases.model import Fact
from graphs.record import Record
from tools.ledger import LedgerError
from web.identity import Actor
from web.office import Office
from web.problem import Problem
from web.store import appeals, claims, docket, hooks, journal, precedents
from web.store.appeals import Appeal, Result, Ruling
from web.store.database import StoreError, moment, stamp
from web.work import people, rulings
from web.work.appeals import barred, read, version_of
from web.work.claims import LASTS, taken

Verb = Literal["uphold", "overturn", "change"]
Coop = Literal["ACCEPT", "REJECT"]
RESULT: dict[Verb, Result] = {"uphold": "upheld", "overturn": "overturned", "change": "changed"}
COOP: dict[Result, Coop] = {"upheld": "REJECT", "overturned": "ACCEPT", "changed": "ACCEPT"}
LONGEST_WHY = 2000


class Verdict(Fact):
    """What a person rules: the decision stays, falls, or stands under another rule.

    `change` names the rule and how severe it is (0-100). `reason` is for the record; `why` is for the person concerned,
    in plain words, and may be blank.
    """

    verb: Verb
    rule_id: str | None = None
    severity: int | None = None
    reason: str
    why: str = ""


def rule_on(office: Office, actor: Actor, appeal_id: str, verdict: Verdict, *, version: int) -> Appeal:
    """Rule on an appeal; raise Problem 403 for whoever had a part in the decision, 409 where something changed since.

    `version` is that of `web.work.appeals.Opened`. What it returns is settled in both records.
    """
    appeal = read(office, appeal_id)
    found = office.record(appeal.decision_id)
    if (why_not := barred(office, actor, found, appeal)) is not None:
        raise Problem(403, why_not, code="same_person" if "appeals.decide" in actor.may else "not_permitted")
    held = standing(found.decision, found.case, found.pack, found.edits)
    ruling = _ruling(office, actor, verdict, found, held)
    office.catch_up()
    _begin(office, actor, appeal, found, ruling, version)
    try:
        _record(office, appeal.decision_id, ruling)
    except LedgerError:
        _take_back(office, appeal, ruling)
        raise
    return _settle(office, appeal, ruling)


def repair(office: Office) -> int:
    """Finish every ruling that a crash left between the two records; return how many that were."""
    found = appeals.listed(office.store, appeals.Wanted(states=("deciding",)), limit=1000)
    for appeal in found:
        if appeal.ruling is None:
            continue
        _record(office, appeal.decision_id, appeal.ruling)
        _settle(office, appeal, appeal.ruling)
    return len(found)


def in_coop(result: Result) -> Coop:
    """Return a result in Coop's words, where to accept an appeal is to say that the decision was wrong.

    >>> in_coop("upheld"), in_coop("overturned"), in_coop("changed")
    ('REJECT', 'ACCEPT', 'ACCEPT')
    """
    return COOP[result]


def callback(appeal: Appeal) -> dict[str, JsonValue]:
    """Return what a platform is told of an appeal that was decided, in the form of Coop's callback; never by whom."""
    assert appeal.ruling is not None
    ruling, item = appeal.ruling, appeal.item
    return {
        "appealId": appeal.outside_id or appeal.id,
        "item": {"id": item.id or appeal.case_id, "typeId": item.type_id},
        "appealedBy": {"id": appeal.appellant, "typeId": item.appellant_type_id} if appeal.appellant else None,
        "appealDecision": in_coop(ruling.result),
        "custom": {"precept": {
            "appeal_id": appeal.id, "decision_id": appeal.decision_id, "result": ruling.result,
            "outcome": ruling.outcome, "rule_id": ruling.rule_id, "severity": ruling.severity,
        }},
    }  # fmt: skip


def _ruling(office: Office, actor: Actor, verdict: Verdict, found: Record, held: Standing) -> Ruling:
    """Return the ruling with everything that it puts on record; raise Problem 422 where it does not fit the case."""
    if held.outcome == "review":
        raise Problem(409, "The case waits for a person now, so that there is no decision to rule on.",
                      code="not_decided")  # fmt: skip
    outcome, rule_id = held.outcome, held.rule_id
    if verdict.verb == "overturn":
        if held.outcome != "act":
            raise Problem(422, "The content is allowed, so that there is nothing to lift; to act after all, change the "
                          "decision to a rule.", param="verb", code="nothing_to_overturn")  # fmt: skip
        outcome, rule_id = "allow", None
    elif verdict.verb == "change":
        if verdict.rule_id is None or verdict.severity is None:
            gone = "rule_id" if verdict.rule_id is None else "severity"
            raise Problem(422, "Changing a decision names the rule that is broken and how severe that is (0-100).",
                          param=gone, code="rule_required" if gone == "rule_id" else "severity_required")  # fmt: skip
        if held.outcome == "act" and verdict.rule_id == held.rule_id:
            raise Problem(422, f"rule_id={verdict.rule_id!r} is the rule that holds; uphold it, or name another.",
                          param="rule_id", code="same_rule")  # fmt: skip
        outcome, rule_id = "act", verdict.rule_id
    if verdict.verb != "change" and (verdict.rule_id or verdict.severity is not None):
        raise Problem(422, "A rule and a severity are given with change alone; leave them out.", param="rule_id",
                      code="rule_without_change")  # fmt: skip
    checked = rulings.checked(
        found, rulings.Ruling(outcome="act" if verdict.verb == "change" else "allow", rule_id=verdict.rule_id,
                              severity=verdict.severity, reason=verdict.reason)
    )  # fmt: skip
    edit_id = f"e-{uuid.uuid4().hex[:16]}"
    return Ruling(
        result=RESULT[verdict.verb], outcome=outcome, rule_id=rule_id, severity=verdict.severity,
        reason=checked.reason, why=_for_the_person(office, verdict.why, actor, found), by=actor.id,
        at=stamp(office.clock()), edit_id=edit_id,
    )  # fmt: skip


def _for_the_person(office: Office, why: str, actor: Actor, found: Record) -> str:
    why = "\n".join(line.strip() for line in why.strip().splitlines())
    if len(why) > LONGEST_WHY:
        raise Problem(422, f"The reason for the person has {len(why)} characters; {LONGEST_WHY} at most.", param="why",
                      code="too_long")  # fmt: skip
    if kinds := sorted({f.kind for f in pii(why)}):
        raise Problem(422, f"The reason for the person holds personal data ({', '.join(kinds)}); leave it out.",
                      param="why", code="personal_data")  # fmt: skip
    if name := named_in(office, why, {actor.id, *(e.by for e in found.edits)}):
        raise Problem(422, f"The reason for the person names {name!r}, who took part; no name of ours goes out.",
                      param="why", code="names_somebody")  # fmt: skip
    return why


def named_in(office: Office, text: str, ids: set[str]) -> str | None:
    """Return the name of one of these people that a text holds, None where it holds none; a role is no name."""
    plain = {"admin", "moderator", "appeals", "author", "service", "user"}
    for name in people.names(office, ids).values():
        for word in {name, name.removesuffix(" (program)")}:
            if len(word) > 2 and word.casefold() not in plain:
                if re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text, re.IGNORECASE):
                    return word
    return None


def _begin(office: Office, actor: Actor, appeal: Appeal, found: Record, ruling: Ruling, version: int) -> None:
    """Keep the ruling and take the case, in one transaction: of two who race, one gets it."""
    with office.store.writing("begin a ruling on an appeal") as connection:
        now = appeals.locked(connection, appeal.id)
        assert now is not None
        if now.state != "open":
            who = people.name(office, now.ruling.by) if now.ruling else "somebody"
            raise Problem(409, f"{who} has ruled on this appeal already; load it again.", code="already_decided")
        if version_of(now, found) != version:
            last = f", last by {people.name(office, found.edits[-1].by)}" if found.edits else ""
            raise Problem(409, f"It changed since you opened it{last} (version {version_of(now, found)}, yours is "
                          f"{version}); load it again.", param="version", code="stale_version")  # fmt: skip
        held = claims.take(connection, appeal.decision_id, actor.id, office.clock(), LASTS)
        if held.by != actor.id:
            raise taken(office, held)
        # An edit that came in since the record was read would be overruled unseen.
        if len(office.ledger.edits(appeal.decision_id)) != len(found.edits):
            claims.drop(connection, appeal.decision_id, actor.id)
            raise Problem(409, "The decision was changed this very moment; load it again.", param="version",
                          code="stale_version")  # fmt: skip
        docket.touch(connection, appeal.decision_id)
        appeals.begin(connection, appeal.id, ruling)


def _record(office: Office, decision_id: str, ruling: Ruling) -> None:
    """Append the edit of a ruling, unless it is there."""
    if any(e.id == ruling.edit_id for e in office.ledger.edits(decision_id)):
        return
    edit = Edit(
        id=ruling.edit_id, decision_id=decision_id, by=ruling.by, outcome=ruling.outcome, rule_id=ruling.rule_id,
        severity=ruling.severity, reason=f"On appeal, {ruling.result}: {ruling.reason}", at=moment(ruling.at),
    )  # fmt: skip
    try:
        office.ledger.edit(edit)
    except LedgerError:
        # Somebody who repairs at the same moment may have been first; then it is done all the same.
        if not any(e.id == ruling.edit_id for e in office.ledger.edits(decision_id)):
            raise


def _settle(office: Office, appeal: Appeal, ruling: Ruling) -> Appeal:
    """Settle an appeal whose edit is on record: precedent, journal and all, in one transaction."""
    office.catch_up()
    text = office.record(appeal.decision_id).case.text
    appeal = appeal.model_copy(update={"ruling": ruling})
    wanting = [hook for hook in hooks.hooks(office.store) if "appeal" in hook.events]
    with office.store.writing("settle an appeal") as connection:
        if appeals.finish(connection, appeal.id, ruling):
            claims.drop(connection, appeal.decision_id)
            rule_id = ruling.rule_id or appeal.rule_id
            if text.strip() and rule_id is not None:
                precedents.propose(connection, appeal.decision_id, ruling.edit_id, rule_id, ruling.outcome == "act",
                                   text, ruling.by, moment(ruling.at))  # fmt: skip
            detail = {"decision": appeal.decision_id, "result": ruling.result, "rule": ruling.rule_id or "",
                      "edit": ruling.edit_id}  # fmt: skip
            journal.note(office.store, ruling.by, "appeal.decide", appeal.id, detail, connection)
            event = f"evt-{appeal.id}"
            told = {"id": event, "type": "appeal", "at": ruling.at, "data": callback(appeal)}
            for hook in wanting:
                hooks.enqueue_one(hook.id, event, "appeal", json.dumps(told), office.clock(), connection)
    return read(office, appeal.id)


def _take_back(office: Office, appeal: Appeal, ruling: Ruling) -> None:
    """Open the appeal again after the ledger refused; where that fails too, `repair` finishes the ruling later."""
    try:
        with office.store.writing("take a ruling back") as connection:
            appeals.reopen(connection, appeal.id, ruling.edit_id)
            claims.drop(connection, appeal.decision_id, ruling.by)
    except StoreError:
        return


__all__ = ["RESULT", "Verb", "Verdict", "callback", "in_coop", "named_in", "repair", "rule_on"]
