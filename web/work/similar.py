"""Similar cases: what was decided before about content like this, by nearness of vectors. It suggests, never decides.

Vectors lie in the docket, filled in as they are asked for; each carries the beginning of the digest of the model that
made it, so that another model's are made anew and never compared.
"""

import time

import numpy as np
import sqlalchemy as sa

from agents.vectors import Vectors
from cases.model import Fact
from cases.view import views
from web.office import Office
from web.store import precedents
from web.store.docket import DOCKET, ROW, Entry

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
    tag, own = _tag(office), DOCKET.c.decision_id
    fill(office, first=decision_id)
    query = sa.select(own, DOCKET.c.vector).where(DOCKET.c.vector.is_not(None))
    with office.store.reading("read vectors") as connection:
        rows = connection.execute(query).all()
    kept = {i: raw for i, raw in rows if raw[:TAG] == tag}
    if decision_id not in kept or len(kept) < 2:
        return []
    ids = [i for i in kept if i != decision_id]
    matrix = np.frombuffer(b"".join(kept[i][TAG:] for i in ids), np.float16).reshape(len(ids), -1).astype(np.float32)
    near = matrix @ np.frombuffer(kept[decision_id][TAG:], np.float16).astype(np.float32)
    best = [int(i) for i in np.argsort(-near, kind="stable")[: limit * 3] if near[i] >= least]
    return _told(office, decision_id, [(ids[i], float(near[i])) for i in best], limit)


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


def _told(office: Office, decision_id: str, best: list[tuple[str, float]], limit: int) -> list[Near]:
    wanted = dict(best)
    words = sa.func.substr(DOCKET.c.words, 1, 400).label("words")
    query = sa.select(*ROW, words).where(DOCKET.c.decision_id.in_([*wanted, decision_id]))
    with office.store.reading("read the docket") as connection:
        rows = {row["decision_id"]: dict(row) for row in connection.execute(query).mappings()}
    texts = {i: str(row.pop("words")) for i, row in rows.items()}
    entries = {i: Entry.model_validate(row) for i, row in rows.items()}
    standings = {k.decision_id: k.standing for k in precedents.all_of(office.store, decision_ids=list(wanted))}
    seen, out = {entries[decision_id].case_digest}, []
    for i, similarity in sorted(best, key=lambda b: (-round(b[1], 3), -entries[b[0]].seq)):
        if entries[i].case_digest in seen:
            continue
        seen.add(entries[i].case_digest)
        out.append(Near(entry=entries[i], similarity=min(1.0, similarity), text=texts[i],
                        person=entries[i].by is not None, precedent=standings.get(i)))  # fmt: skip
    return out[:limit]


def _tag(office: Office) -> bytes:
    return bytes.fromhex(office.desks.live.deps.frame.model_digest[: 2 * TAG])


def _packed(tag: bytes, vectors: Vectors) -> bytes:
    # The first view is the whole case, or its first window: near enough to find cases alike.
    return tag + np.asarray(vectors[0], np.float16).tobytes()
