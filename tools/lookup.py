"""Finds things in the ledger's tables: ids from their beginnings, which ids are known, the neighbours of a wrong one.

Reads only. What is not there raises an Unknown that names the value, the nearest that exist, and the fix.
"""

from collections.abc import Sequence
from os.path import commonprefix

import sqlalchemy as sa

from tools.chain import Kind
from tools.schema import DECISIONS, ENTRIES

PREFIX = 8
NEAREST = 3
_CHUNK = 500


class Unknown(KeyError):
    """Say that something was looked up that the ledger does not hold. `value` is what was asked for.

    `nearest` are existing ids: those that begin alike, or, when `several`, those that the value would fit.
    """

    noun = "entry"
    fix = "check the value"

    def __init__(self, value: str, nearest: Sequence[str] = (), *, several: bool = False) -> None:
        super().__init__(value)
        self.value = value
        self.nearest = tuple(nearest)
        self.several = several

    def __str__(self) -> str:
        """Return one line (KeyError alone would print the bare value)."""
        near = ", ".join(map(repr, self.nearest))
        if self.several:
            return f"{self.noun} {self.value!r} is the beginning of several ids: {near}; give more characters"
        return f"no {self.noun} {self.value!r} in the ledger{'; nearest: ' * bool(near)}{near}; {self.fix}"


class UnknownDecision(Unknown):
    """Say that no decision has this id, or that a beginning fits none or several."""

    noun = "decision"
    fix = f"give a whole id, or at least its first {PREFIX} characters"


class UnknownCase(Unknown):
    """Say that no case of this digest was decided."""

    noun = "case"
    fix = "give the digest of a case that was decided"


class UnknownPack(Unknown):
    """Say that no pack of this digest was recorded."""

    noun = "pack"
    fix = "give the digest that a decision names in `pack.digest`"


def known(
    connection: sa.Connection, column: sa.Column[str], values: Sequence[str], kind: Kind | None = None
) -> set[str]:
    """Return those values that the column holds; for ids of entries, say of which kind."""
    found: set[str] = set()
    for start in range(0, len(values), _CHUNK):
        query = sa.select(column).where(column.in_(values[start : start + _CHUNK]))
        if kind is not None:
            query = query.where(ENTRIES.c.kind == kind)
        found.update(connection.execute(query).scalars())
    return found


def resolve(connection: sa.Connection, decision_id: str) -> str:
    """Return the whole id of a decision from itself or a unique beginning; raise UnknownDecision."""
    column = DECISIONS.c.id
    if known(connection, column, [decision_id]):
        return decision_id
    if len(decision_id) >= PREFIX:
        # U+10FFFF sorts after every character an id may hold, so this is the range of one beginning.
        query = sa.select(column).where(column >= decision_id, column < decision_id + "\U0010ffff")
        fitting = connection.execute(query.order_by(column).limit(NEAREST)).scalars().all()
        if len(fitting) == 1:
            return str(fitting[0])
        if fitting:
            raise UnknownDecision(decision_id, fitting, several=True)
    raise UnknownDecision(decision_id, nearest(connection, column, decision_id))


def nearest(connection: sa.Connection, column: sa.Column[str], value: str) -> list[str]:
    """Return up to NEAREST values of the column that begin as `value` does, the longest common beginning first."""
    after = sa.select(column).where(column >= value).order_by(column).limit(NEAREST)
    before = sa.select(column).where(column < value).order_by(column.desc()).limit(NEAREST)
    around = {*connection.execute(after).scalars(), *connection.execute(before).scalars()}
    shared = {found: len(commonprefix([value, found])) for found in around}
    return sorted((found for found in around if shared[found]), key=lambda found: (-shared[found], found))[:NEAREST]
