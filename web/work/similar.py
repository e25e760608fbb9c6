"""Similar cases: what was decided before about content like this, by nearness of vectors. It suggests, never decides.

Vectors lie in the docket, filled in as they are asked for; each carries the beginning of the digest of the model that
made it, so that another model's are made anew and never compared.
"""

import time
from collections.abc import Mapping

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from agents.vectors import Vectors
from cases.case import Case, Part
from cases.model import Fact
from cases.text import fold
from cases.view import views
from web.office import Office
from web.problem import Problem
from web.store import precedents
from web.store.docket import DOCKET, ROW, Entry

Half = NDArray[np.float16]
TAG = 8
BATCH = 64
FILL = 0.4  # seconds that one look may spend on vectors that are missing
LEAST = 0.4


class Near(Fact):
    """A case near another: `similarity` is the cosine, `person` says that a person decided it.

    `text` is its beginning in lower case, `precedent` its standing as one.
    """

    entry: Entry
    similarity: float
    text: str
    person: bool
    precedent: precedents.Standing | None = None


def similar(office: Office, decision_id: str, limit: int = 8, least: float = LEAST) -> list[Near]:
    """Return the nearest other cases, nearest first; the same content decided again counts once, as its newest."""
    fill(office, first=decision_id)
    kept = _kept(office)
    own = kept.pop(decision_id, None)
    if own is None:
        return []
    with office.store.reading("read the docket") as connection:
        digest = connection.execute(
            sa.select(DOCKET.c.case_digest).where(DOCKET.c.decision_id == decision_id)
        ).scalar_one()
    return _nearest(office, np.frombuffer(own, np.float16), kept, digest, limit, least)


def similar_to(office: Office, text: str, limit: int = 8, least: float = LEAST) -> list[Near]:
    """Return the cases nearest to a text, nearest first; the text is judged by nobody and kept nowhere.

    Raise Problem 422 where there is nothing to read in it.
    """
    if not fold(text):
        raise Problem(422, "similar_to: it holds nothing that can be read; give a text.", param="similar_to",
                      code="nothing_to_compare")  # fmt: skip
    office.catch_up()
    fill(office)
    case = Case(id="asked", parts=(Part(id="text", kind="text", text=text),))
    vector = office.desks.live.deps.encode([views(case).items[0].text])[0]
    return _nearest(office, np.asarray(vector, np.float16), _kept(office), None, limit, least)


def fill(office: Office, first: str | None = None, seconds: float = FILL) -> int:
    """Make vectors that are missing, newest cases first, for at most so long; return how many were made."""
    tag, deps, begun, made = _tag(office), office.desks.live.deps, time.monotonic(), 0
    missing = DOCKET.c.vector.is_(None) | (sa.func.substr(DOCKET.c.vector, 1, TAG) != tag)
    query = sa.select(DOCKET.c.decision_id, DOCKET.c.case_digest).where(missing)
    order = [(DOCKET.c.decision_id != first).asc()] if first else []
    while made == 0 or time.monotonic() - begun < seconds:
        with office.store.reading("read the docket") as connection:
            rows = connection.execute(query.order_by(*order, DOCKET.c.seq.desc()).limit(BATCH)).all()
        if not rows:
            break
        cases = {digest: office.ledger.case(digest) for _, digest in rows}
        found = deps.vectors_of([(digest, views(case).items) for digest, case in cases.items()])
        packed = {digest: _packed(tag, vectors) for digest, vectors in zip(cases, found, strict=True)}
        update = DOCKET.update().where(DOCKET.c.decision_id == sa.bindparam("one"))
        with office.store.writing("keep vectors") as connection:
            connection.execute(
                update.values(vector=sa.bindparam("made")), [{"one": i, "made": packed[d]} for i, d in rows]
            )
        made += len(rows)
    return made


def _kept(office: Office) -> dict[str, bytes]:
    """Return the vectors of cases that the model of now made, by decision."""
    tag = _tag(office)
    query = sa.select(DOCKET.c.decision_id, DOCKET.c.vector).where(DOCKET.c.vector.is_not(None))
    with office.store.reading("read vectors") as connection:
        return {i: raw[TAG:] for i, raw in connection.execute(query) if raw[:TAG] == tag}


def _nearest(
    office: Office, own: Half, kept: Mapping[str, bytes], digest: str | None, limit: int, least: float
) -> list[Near]:  # fmt: skip
    """Return the nearest of `kept`, without the content that has the digest."""
    if not kept:
        return []
    ids = list(kept)
    matrix = np.frombuffer(b"".join(kept.values()), np.float16).reshape(len(ids), -1).astype(np.float32)
    near = matrix @ own.astype(np.float32)
    best = [int(i) for i in np.argsort(-near, kind="stable")[: limit * 3] if near[i] >= least]
    return _told(office, {ids[i]: float(near[i]) for i in best}, digest)[:limit]


def _told(office: Office, wanted: Mapping[str, float], digest: str | None) -> list[Near]:
    words = sa.func.substr(DOCKET.c.words, 1, 400).label("words")
    query = sa.select(*ROW, words).where(DOCKET.c.decision_id.in_([*wanted]))
    with office.store.reading("read the docket") as connection:
        rows = {row["decision_id"]: dict(row) for row in connection.execute(query).mappings()}
    texts = {i: str(row.pop("words")) for i, row in rows.items()}
    entries = {i: Entry.model_validate(row) for i, row in rows.items()}
    standings = {k.decision_id: k.standing for k in precedents.all_of(office.store, decision_ids=list(wanted))}
    seen, out = {digest}, []
    for i, similarity in sorted(wanted.items(), key=lambda b: (-round(b[1], 3), -entries[b[0]].seq)):
        if entries[i].case_digest in seen:
            continue
        seen.add(entries[i].case_digest)
        out.append(Near(entry=entries[i], similarity=min(1.0, similarity), text=texts[i],
                        person=entries[i].by is not None, precedent=standings.get(i)))  # fmt: skip
    return out


def _tag(office: Office) -> bytes:
    return bytes.fromhex(office.desks.live.deps.frame.model_digest[: 2 * TAG])


def _packed(tag: bytes, vectors: Vectors) -> bytes:
    # The first view is the whole case, or its first window: near enough to find cases alike.
    return tag + np.asarray(vectors[0], np.float16).tobytes()
