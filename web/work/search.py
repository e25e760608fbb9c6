"""Typed search: one line of words and prefixes as a query over the docket. It reads no record.

`rule:HR2 severity:>60 state:waiting -surface:ad "bus stop"`: the same prefix twice means either, different ones mean
both, a minus before a prefix means not. What cannot be read is refused with the fix, never dropped in silence.
"""

import math
import re
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, Literal

import sqlalchemy as sa

from cases.model import Fact
from cases.text import fold
from policy_store.fault import suggest
from web.number import LARGEST, whole
from web.office import Office
from web.problem import Problem
from web.store import accounts, authors
from web.store.docket import DOCKET, ROW, Entry
from web.store.marks import MARKS

Sign = Literal["=", ">", ">=", "<", "<="]
PREFIXES: dict[str, str] = {
    "rule": "rule:HR2, or rule:HR* for a beginning", "severity": "severity:>60, severity:40", "score": "score:>0.8",
    "tier": "tier:high", "state": "state:waiting, escalated, second or settled",
    "outcome": "outcome:act, allow or review",
    "surface": "surface:comment", "locale": "locale:de", "policy": "policy:community", "profile": "profile:R1",
    "by": "by:me, by:NAME, by:nobody", "author": "author:u-81, the whole id",
    "has": "has:media, has:edit", "at": "at:>2026-01-01", "cause": "cause:ambiguous",
    "stage": "stage:person", "case": "case:BEGINNING", "id": "id:BEGINNING",
}  # fmt: skip
CLOSED: dict[str, tuple[str, ...]] = {
    "state": ("waiting", "escalated", "second", "settled"), "outcome": ("allow", "act", "review"),
    "has": ("media", "edit"), "stage": ("router", "ranker", "reasoner", "person"),
}  # fmt: skip
SORTS: dict[str, sa.ColumnElement[object]] = {
    "severity": DOCKET.c.severity, "at": DOCKET.c.seq, "score": DOCKET.c.score, "state": DOCKET.c.state,
    "rule": sa.func.coalesce(DOCKET.c.rule_id, ""), "surface": DOCKET.c.surface, "outcome": DOCKET.c.held,
}  # fmt: skip
TELLING = frozenset({"rule", "severity", "score", "tier", "outcome", "by", "cause", "stage"})
# Where in an order stands what somebody must not learn by its place: with whatever is least, the newest first or last.
UNKNOWN: dict[str, int | float | str] = {"severity": -1, "score": -1.0, "rule": "", "outcome": ""}
MOST = 200
LONGEST = 500
_TOKEN = re.compile(r'(-?)(?:([A-Za-z]+):)?("([^"]*)"|[^\s"]+)')
_SIGN = re.compile(r"^(>=|<=|>|<)?(.+)$", re.DOTALL)


class Term(Fact):
    """One wish: a field ("words" for free text), how it is compared, and with what."""

    field: str
    value: str
    sign: Sign = "="
    no: bool = False


class Query(Fact):
    """What is searched for; `text` is the line that it was read from.

    `blind_to` is the account that must not find by its verdict what waits for its blind opinion, nor see it from where
    it stands in a list; None for programs.
    """

    text: str = ""
    terms: tuple[Term, ...] = ()
    blind_to: str | None = None

    def of(self, field: str) -> tuple[str, ...]:
        """Return the values that are asked of a field."""
        return tuple(t.value for t in self.terms if t.field == field and not t.no)


EVERYTHING = Query()


def parse(text: str, me: str | None = None, *, person: bool = True) -> Query:
    """Return the query of a line; `me` is who by:me means, a `person` or a program.

    Raise Problem 422 for what cannot be read.
    """
    if len(text) > LONGEST:
        raise _bad(f"The search has {len(text)} characters; {LONGEST} are read at most.")
    if text.count('"') % 2:
        raise _bad('A quotation mark is not closed; write "words in a row".')
    terms = []
    for minus, prefix, raw, quoted in _TOKEN.findall(text):
        value = quoted if raw.startswith('"') else raw
        if not prefix:
            if not fold(value):
                continue
            terms.append(Term(field="words", value=fold(value).casefold(), no=bool(minus)))
        else:
            terms.append(_term(prefix.lower(), value, bool(minus), me))
    return Query(text=text.strip(), terms=tuple(terms), blind_to=me if person else None)


def veiled(office: Office, text: str) -> str:
    """Return a line with our own names of the authors in it, for the journal, in which nobody could be forgotten."""

    def named(found: re.Match[str]) -> str:
        minus, prefix, raw, quoted = found.groups()
        if (prefix or "").lower() != "author":
            return found[0]
        return f"{minus}author:{authors.ref(office.store, quoted if raw.startswith(chr(34)) else raw) or '?'}"

    return _TOKEN.sub(named, text)


def find(
    office: Office, query: Query, *, sort: str = "-severity", after: str | None = None, limit: int = 50
) -> list[Entry]:
    """Return a page of the docket; `sort` is a name of SORTS, with a minus for falling; `after` is a `cursor`."""
    wanted = sa.select(*ROW).where(*conditions(office, query)).order_by(*order(sort, query))
    if after is not None:
        wanted = wanted.where(_beyond(sort, query, after))
    with office.store.reading("search the docket") as connection:
        rows = connection.execute(wanted.limit(max(1, min(limit, MOST)))).mappings()
        return [Entry(**row) for row in rows]


def count(office: Office, query: Query) -> int:
    """Return how many cases a query finds."""
    wanted = sa.select(sa.func.count()).select_from(DOCKET).where(*conditions(office, query))
    with office.store.reading("count cases") as connection:
        return int(connection.execute(wanted).scalar_one())


def counts(office: Office, query: Query) -> dict[str, int]:
    """Return how many cases a query finds in each state; its own wish for a state is left out."""
    rest = query.model_copy(update={"terms": tuple(t for t in query.terms if t.field != "state")})
    wanted = sa.select(DOCKET.c.state, sa.func.count()).where(*conditions(office, rest)).group_by(DOCKET.c.state)
    with office.store.reading("count cases") as connection:
        found = {state: n for state, n in connection.execute(wanted)}
    return {state: int(found.get(state, 0)) for state in CLOSED["state"]}


def hidden(office: Office, query: Query, entry: Entry) -> bool:
    """Return whether whoever asks must not learn the verdict of a row, as a blind opinion on it may be theirs."""
    if query.blind_to is None or entry.state != "second":
        return False
    asked = sa.select(sa.literal(1)).where(MARKS.c.decision_id == entry.decision_id, *_asked(query.blind_to))
    with office.store.reading("read the marks") as connection:
        return connection.execute(asked.limit(1)).first() is None


def cursor(entry: Entry, sort: str, *, hidden: bool = False) -> str:
    """Return where a page that ends with an entry goes on; a `hidden` one stands among what is unknown."""
    name = sort.removeprefix("-")
    held = {"at": entry.seq, "rule": entry.rule_id or "", "outcome": entry.held}
    value = held[name] if name in held else getattr(entry, name)
    return f"{entry.seq}~{UNKNOWN.get(name, value) if hidden else value}"


def order(sort: str, query: Query = EVERYTHING) -> tuple[sa.ColumnElement[object], ...]:
    """Return the order of a sort for whoever asks a query; raise Problem 422 for one that is none.

    What waits for a blind opinion that could be theirs stands where its verdict does not place it.
    """
    column, falling = _column(sort, query)
    seq: sa.ColumnElement[object] = DOCKET.c.seq
    return (column.desc(), seq.desc()) if falling else (column.asc(), seq.asc())


def conditions(office: Office, query: Query) -> list[sa.ColumnElement[bool]]:
    """Return what a row has to fulfil."""
    out: list[sa.ColumnElement[bool]] = []
    groups: dict[tuple[str, bool], list[sa.ColumnElement[bool]]] = {}
    for term in query.terms:
        made = _condition(office, term)
        if term.no:
            out.append(sa.not_(made))
        elif term.field == "words" or term.sign != "=":
            out.append(made)
        else:
            groups.setdefault((term.field, term.no), []).append(made)
    if query.blind_to is not None and any(t.field in TELLING for t in query.terms):
        # Finding a case by its verdict tells it, and whoever may give a blind second opinion must not learn it so.
        out.append(_told(query.blind_to))
    return out + [sa.or_(*wishes) for wishes in groups.values()]


def _term(prefix: str, raw: str, no: bool, me: str | None) -> Term:
    if prefix not in PREFIXES:
        raise _unknown(prefix)
    found = _SIGN.match(raw)
    if prefix == "author" and found is not None:  # opaque, so that a sign at its beginning is part of it
        return Term(field=prefix, value=raw, no=no)
    if found is None:
        raise _bad(f"{prefix}: says nothing; write it as {PREFIXES[prefix]}.")
    sign, value = (found[1] or "="), found[2]
    if sign != "=" and prefix not in ("severity", "score", "at"):
        raise _bad(f"{prefix}:{raw} cannot be compared by size; write it as {PREFIXES[prefix]}.")
    if prefix in CLOSED and value not in CLOSED[prefix]:
        raise _bad(f"{prefix}:{value} is none of {', '.join(CLOSED[prefix])}.")
    readers: dict[str, Callable[[str], object]] = {"severity": whole, "score": _score, "at": date.fromisoformat}
    if prefix in readers:
        try:
            read = readers[prefix](value)
        except ValueError:
            read = None
        if read is None:
            raise _bad(f"{prefix}:{raw} cannot be read; write it as {PREFIXES[prefix]}.")
    if prefix == "by" and value == "me":
        if me is None:
            raise _bad("by:me needs somebody who is signed in; write by:NAME.")
        value = me
    return Term.model_validate({"field": prefix, "value": value, "sign": sign, "no": no})


def _score(value: str) -> float | None:
    found = float(value)
    return found if math.isfinite(found) else None


def _condition(office: Office, term: Term) -> sa.ColumnElement[bool]:
    field, value, sign = term.field, term.value, term.sign
    plain = {"tier": DOCKET.c.tier, "state": DOCKET.c.state, "outcome": DOCKET.c.held, "surface": DOCKET.c.surface,
             "profile": DOCKET.c.profile, "stage": DOCKET.c.stage}  # fmt: skip
    begins = {
        "locale": DOCKET.c.locale,
        "policy": DOCKET.c.policy,
        "case": DOCKET.c.case_id,
        "id": DOCKET.c.decision_id,
    }
    if field == "words":
        return DOCKET.c.words.contains(value, autoescape=True)
    if field in plain:
        return plain[field] == value
    if field in begins:
        return begins[field].startswith(value, autoescape=True)
    if field == "rule":
        rule = value.upper()
        if rule.endswith("*"):
            return DOCKET.c.rule_id.is_not(None) & DOCKET.c.rule_id.startswith(rule[:-1], autoescape=True)
        return sa.func.coalesce(DOCKET.c.rule_id, "") == rule
    if field == "cause":
        return (" " + DOCKET.c.causes + " ").contains(f" {value} ", autoescape=True)
    if field == "has":
        return DOCKET.c.media > 0 if value == "media" else DOCKET.c.by.is_not(None)
    if field == "by":
        return _by(office, value)
    if field == "author":
        return authors.by(value)
    if field == "at":
        return _at(sign, value)
    return _compared(DOCKET.c.severity if field == "severity" else DOCKET.c.score, sign,
                     int(value) if field == "severity" else float(value))  # fmt: skip


def _by(office: Office, value: str) -> sa.ColumnElement[bool]:
    if value == "nobody":
        return DOCKET.c.by.is_(None)
    wanted = value.casefold()
    ids = [a.id for a in accounts.everybody(office.store) if wanted in (a.shown.casefold(), a.name.casefold())]
    return sa.func.coalesce(DOCKET.c.by, "").in_([value, *ids])


def _at(sign: Sign, day: str) -> sa.ColumnElement[bool]:
    # Dates alone, which sort as days do by any rules of sorting.
    return _compared(sa.func.substr(DOCKET.c.at, 1, 10), sign, day)


def _compared(column: "sa.ColumnElement[Any]", sign: Sign, value: object) -> sa.ColumnElement[bool]:
    made: dict[Sign, sa.ColumnElement[bool]] = {
        "=": column == value, ">": column > value, ">=": column >= value, "<": column < value, "<=": column <= value,
    }  # fmt: skip
    return made[sign]


def _asked(by: str) -> tuple[sa.ColumnElement[bool], ...]:
    return MARKS.c.kind == "second", MARKS.c.closed.is_(None), MARKS.c.by == by


def _told(by: str) -> sa.ColumnElement[bool]:
    """Return whether a row's verdict may be known to an account: no blind opinion on it could be theirs to give."""
    return (DOCKET.c.state != "second") | sa.exists().where(MARKS.c.decision_id == DOCKET.c.decision_id, *_asked(by))


def _beyond(sort: str, query: Query, after: str) -> sa.ColumnElement[bool]:
    column, falling = _column(sort, query)
    seq, _, raw = after.partition("~")
    try:
        name = sort.removeprefix("-")
        value = int(raw) if name in ("severity", "at") else float(raw) if name == "score" else raw
        place = int(seq)
        if max(abs(place), abs(value) if isinstance(value, int) else 0) > LARGEST:
            raise ValueError(after)
    except ValueError:
        raise Problem(422, f"after={after!r} is no place in this list; leave it out to begin anew.", param="after",
                      code="bad_cursor") from None  # fmt: skip
    here, there = sa.tuple_(column, DOCKET.c.seq), sa.tuple_(sa.literal(value), sa.literal(place))
    return here < there if falling else here > there


def _column(sort: str, query: Query) -> tuple[sa.ColumnElement[object], bool]:
    name = sort.removeprefix("-")
    if name not in SORTS:
        raise Problem(422, f"sort={sort!r} is none of {', '.join(SORTS)}, each with or without a minus.", param="sort",
                      code="bad_sort")  # fmt: skip
    column, states = SORTS[name], query.of("state")
    # Lists without second opinions keep the plain column, which has an index.
    if query.blind_to is not None and name in UNKNOWN and (not states or "second" in states):
        column = sa.case((_told(query.blind_to), column), else_=sa.literal(UNKNOWN[name]))
    return column, sort.startswith("-")


def _unknown(prefix: str) -> Problem:
    return _bad(
        f"{prefix}: is no prefix; {suggest(prefix, list(PREFIXES), 'prefixes')}. Quote it to search for the words."
    )


def _bad(message: str) -> Problem:
    return Problem(422, message, param="q", code="bad_query")


__all__: Sequence[str] = ("PREFIXES", "SORTS", "Query", "Term", "conditions", "count", "counts", "cursor", "find",
                          "hidden", "order", "parse", "veiled")  # fmt: skip
