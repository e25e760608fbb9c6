"""Accounts whose content comes here: their other cases, their strikes, and forgetting them. It acts on no account.

Contract: an author is the platform's opaque id. It stands on pages and in answers for those who may read cases, in no
prompt, notice, statement, event or line of a log; the journal knows it by a name of our own (web/store/authors.py).
What waits for a blind opinion that could be the reader's is neither shown nor counted.
"""

import logging
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import sqlalchemy as sa

from agents.appeal import support
from cases.author import LONGEST, fault
from cases.model import Fact
from cases.strikes import Past, Scale, Strikes, strikes
from policy_store.pack import Pack
from tools.ledger import Ledger, LedgerError
from web.identity import Actor
from web.office import Office
from web.problem import Problem
from web.store import appeals, authors, docket, journal
from web.store.appeals import APPEALS
from web.store.database import Store, StoreError, moment, now, stamp
from web.store.docket import DOCKET, ROW, Entry
from web.store.saved import SAVED
from web.work import marks, search
from web.work.together import on_record

SHOWN = 8
_OFFERING: dict[str, frozenset[str]] = {}  # by the digest that names the policy, so that it never goes stale
_log = logging.getLogger("precept.authors")


class Other(Fact):
    """Another case of an account. `hidden` ones wait for a blind opinion that could be the reader's.

    `spared` ones are under a rule that offers support; `appeal` is where its newest appeal stands, None where there is
    none.
    """

    entry: Entry
    hidden: bool
    counts: bool
    spared: bool
    appeal: appeals.State | None


class Account(Fact):
    """What a reader sees of the account that published a case: `others` newest first, of `number` in all.

    `then` is what the strikes would be if this case were acted on at `tier` as well; None where it is counted already.
    """

    author: str
    search: str
    strikes: Strikes
    others: tuple[Other, ...]
    number: int
    tier: str | None
    then: Strikes | None


def checked(author: str | None, param: str = "author") -> str | None:
    """Return the id of an author as it was given, None for none; raise Problem 422 for one that is no id."""
    if author is not None and (why := fault(author)) is not None:
        raise Problem(422, f"{param}={author[:LONGEST]!r}: {why}.", param=param, code="bad_author")
    return author


def account(office: Office, actor: Actor, entry: Entry, tier: str | None) -> Account | None:
    """Return the account that published a case, None where that is not known; `tier` is how severe the case may be."""
    author = authors.author(office.store, entry.decision_id)
    if author is None:
        return None
    at = office.clock()
    past = _past(office, author)
    spared = {p.decision_id for p in past if p.spared}
    found = strikes(past, at, office.web.scale)
    this = Past(decision_id=entry.decision_id, case_id=entry.case_id, at=at, outcome="act", settled=True, person=True,
                tier=tier)  # fmt: skip
    then = strikes([*past, this], at, office.web.scale)
    other = authors.by(author) & (DOCKET.c.case_id != entry.case_id)
    with office.store.reading("read an account's cases") as connection:
        query = sa.select(*ROW).where(other).order_by(DOCKET.c.seq.desc()).limit(SHOWN)
        rows = [Entry(**row) for row in connection.execute(query).mappings()]
        number = int(connection.execute(sa.select(sa.func.count()).select_from(DOCKET).where(other)).scalar_one())
        contested = _contested(connection, [e.decision_id for e in rows])
    asked = marks.asked_by(office, actor)
    return Account(
        author=author, search=f'author:"{author}"', strikes=found, number=number, tier=tier,
        others=tuple(
            Other(entry=e, hidden=e.state == "second" and e.decision_id not in asked,
                  counts=e.decision_id in found.counted, spared=e.decision_id in spared,
                  appeal=contested.get(e.decision_id))
            for e in rows
        ),
        then=None if tier is None or entry.decision_id in found.counted or then.total == found.total else then,
    )  # fmt: skip


def of(office: Office, author: str) -> Strikes:
    """Return the strikes of an author; raise Problem 404 where nothing by them is on record."""
    office.catch_up()
    if authors.ref(office.store, author) is None:
        raise Problem(404, f"Nothing by the author {author[:LONGEST]!r} is on record.", param="author",
                      code="unknown_author")  # fmt: skip
    return strikes(_past(office, author), office.clock(), office.web.scale)


def counted(store: Store, ledger: Ledger, author: str, scale: Scale) -> Strikes:
    """Return the strikes of an author from the two records alone, brought up to date."""
    docket.catch_up(store, ledger)
    return strikes(past(store, ledger, author, scale), now(), scale)


def release(office: Office, decision_id: str) -> None:
    """Let go of who published a case that broke before its decision was on record."""
    try:
        if on_record(office, decision_id) is None:
            with office.store.writing("let go of a case") as connection:
                authors.drop(connection, decision_id)
    except (StoreError, LedgerError):
        _log.warning("decision %s: that it never came to be could not be noted", decision_id)


def forget(store: Store, by: str, author: str) -> int:
    """Forget an author for good: which cases were theirs, and filters that name them; return how many cases that were.

    The cases and what was decided about them stay; the journal says that it was done, by a name that leads to nobody.
    """
    ref = authors.ref(store, author)
    if ref is None:
        return 0
    with store.writing("forget an author") as connection:
        gone = authors.forget(connection, author)
        for row in connection.execute(sa.select(SAVED.c.id, SAVED.c.to)).all():
            if _names(row.to, author):
                connection.execute(SAVED.delete().where(SAVED.c.id == row.id))
        journal.note(store, by, "author.forget", ref, {"cases": str(gone)}, connection)
    authors.scrub(store)
    return gone


def past(store: Store, ledger: Ledger, author: str, scale: Scale) -> list[Past]:
    """Return what was decided about an author as far back as strikes go, as it holds now."""
    c = DOCKET.c
    since = stamp(now() - timedelta(days=scale.days + 1))
    query = sa.select(c.decision_id, c.case_id, c.at, c.held, c.state, c.by, c.tier, c.rule_id, c.first_rule, c.policy)
    with store.reading("read what was decided about an account") as connection:
        rows = connection.execute(query.where(authors.by(author), c.at >= since)).all()
    offering = {r.policy: _offering(ledger, r.decision_id) for r in {r.policy: r for r in rows}.values()}
    return [
        Past(decision_id=r.decision_id, case_id=r.case_id, at=moment(r.at), outcome=r.held,
             settled=r.state == "settled", person=r.by is not None,
             tier=r.tier if r.by is None or r.held != "act"
             else _stated(ledger, r.decision_id, r.tier, r.rule_id, r.first_rule),
             spared=r.rule_id in offering[r.policy])
        for r in rows
    ]  # fmt: skip


def _past(office: Office, author: str) -> list[Past]:
    return past(office.store, office.ledger, author, office.web.scale)


def _offering(ledger: Ledger, decision_id: str) -> frozenset[str]:
    """Return the rules that offer support and restrict nothing, in the policy that a decision was made under."""
    digest = ledger.decision(decision_id).pack.digest
    if digest not in _OFFERING:
        pack = Pack.model_validate_json(ledger.pack_body(digest))
        _OFFERING[digest] = frozenset(r.id for r in pack.rules if support(r))
    return _OFFERING[digest]


def _stated(ledger: Ledger, decision_id: str, tier: str, rule_id: str | None, first_rule: str | None) -> str | None:
    """Return the tier of what a person acted on; a severity that was measured for another rule is none of it."""
    said = any(e.rule_id == rule_id and e.severity is not None for e in ledger.edits(decision_id))
    return tier if said or rule_id == first_rule else None


def _contested(connection: sa.Connection, decision_ids: list[str]) -> dict[str, appeals.State]:
    query = sa.select(APPEALS.c.decision_id, APPEALS.c.state).where(APPEALS.c.decision_id.in_(decision_ids))
    return {row.decision_id: row.state for row in connection.execute(query.order_by(APPEALS.c.filed))}


def _names(address: str, author: str) -> bool:
    for line in parse_qs(urlsplit(address).query).get("q", []):
        try:
            if any(t.field == "author" and t.value == author for t in search.parse(line, me="").terms):
                return True
        except Problem:  # a filter that cannot be read any more
            continue
    return False


__all__ = ["Account", "Other", "account", "checked", "counted", "forget", "of", "past", "release"]
