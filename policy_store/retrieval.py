"""Which rules a case is judged by: the filter of what applies, and the fusion of what was found. Not the search.

What is not retrieved is never judged, so rules that compete with a retrieved one come along as siblings, over and
above k. `allowed` must be the same set that the searches were given, or siblings bring back what was filtered out.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Literal

from policy_store.entry import in_force
from policy_store.index import Hit
from policy_store.keywords import KeywordHit
from policy_store.pack import Pack
from policy_store.rule import Modality, Strict, Surface

Source = Literal["vector", "keyword", "reading", "sibling"]
RRF = 60
# Held-out lines: the right rule is among eight in .91 (searches alone), .96 (weight 1), .975 (weight 2).
READING = 2.0


class Retrieved(Strict):
    """A rule to judge. `rank` counts from 1; `similarity` is the best cosine, None where no vector found it."""

    rule_id: str
    rank: int
    sources: tuple[Source, ...]
    similarity: float | None = None
    matched: tuple[str, ...] = ()


def applicable(
    pack: Pack, profile_id: str | None, surface: Surface, modalities: Collection[Modality]
) -> frozenset[str]:
    """Return the ids of the rules that can decide such a case; None is the pack's default profile.

    Left out are draft and retired rules, those the profile switches off, those of other surfaces or modalities, and
    modifiers (`raises`), which never stand alone. Raise KeyError for an unknown profile.
    """
    off = pack.profile(profile_id).off
    return frozenset(
        rule.id
        for rule in pack.rules
        if in_force(rule)
        and rule.raises is None
        and rule.id not in off
        and (not rule.surfaces or surface in rule.surfaces)
        and not set(rule.modalities).isdisjoint(modalities)
    )


def strongest(rows: Iterable[Sequence[Hit]]) -> tuple[Hit, ...]:
    """Return one ranking for the several views of a case: each rule by its best hit.

    The maximum, not a fusion of ranks: one violating window among thirty innocent ones must lead.
    """
    best: dict[str, Hit] = {}
    for hit in (hit for row in rows for hit in row):
        if hit.rule_id not in best or hit.similarity > best[hit.rule_id].similarity:
            best[hit.rule_id] = hit
    return tuple(sorted(best.values(), key=lambda hit: -hit.similarity))


def fuse(
    vector: Sequence[Hit], keyword: Sequence[KeywordHit], pack: Pack, k: int, allowed: frozenset[str] | None = None,
    reading: Sequence[str] = (),
) -> tuple[Retrieved, ...]:  # fmt: skip
    """Return the k rules that lead in all rankings taken together, then their siblings.

    `reading` is the order in which a ranker puts the rules, best first, no more than k of it counted. Reciprocal rank
    fusion: a rule's score is the sum of 1 / (60 + rank) over the rankings that hold it (Cormack, Clarke and Büttcher,
    SIGIR 2009), the reading's times READING. Ties go to the nearer vector. Beside a reading, the rule with the best
    keywords comes along if it is not among the k: a policy's own words may mean nothing to an encoder.
    """
    near = {hit.rule_id: hit for hit in vector}
    said = {hit.rule_id: hit for hit in keyword if allowed is None or hit.rule_id in allowed}
    read = {rule_id: None for rule_id in reading[:k]}
    scores: dict[str, float] = {}
    for ranking, weight in ((near, 1.0), (said, 1.0), (read, READING)):
        for rank, rule_id in enumerate(ranking, start=1):
            if allowed is None or rule_id in allowed:
                scores[rule_id] = scores.get(rule_id, 0.0) + weight / (RRF + rank)

    def order(rule_id: str) -> tuple[float, float]:
        return -scores[rule_id], -near[rule_id].similarity if rule_id in near else 1.0

    leading = sorted(scores, key=order)[:k]
    leading += [rule_id for rule_id in list(said)[:1] if read and rule_id not in leading]
    out: list[tuple[str, tuple[Source, ...]]] = []
    for rule_id in leading:
        found_by: tuple[tuple[Source, bool], ...] = (
            ("vector", rule_id in near), ("keyword", rule_id in said), ("reading", rule_id in read),
        )  # fmt: skip
        out.append((rule_id, tuple(source for source, found in found_by if found)))
    out += [(rule_id, ("sibling",)) for rule_id in siblings(pack, leading, allowed)]
    return tuple(
        Retrieved(
            rule_id=rule_id,
            rank=rank,
            sources=sources,
            similarity=near[rule_id].similarity if rule_id in near else None,
            matched=said[rule_id].matched if rule_id in said else (),
        )
        for rank, (rule_id, sources) in enumerate(out, start=1)
    )


def siblings(pack: Pack, rule_ids: Sequence[str], allowed: frozenset[str] | None = None) -> tuple[str, ...]:
    """Return the rules that compete with the given ones, in their order, without the given ones.

    They are those that a rule wins or loses to, and those of its scene named beside it in the same precedence.
    """
    found: dict[str, None] = {}
    for rule_id in rule_ids:
        scene = pack.by_id[rule_id].scene
        for line in pack.precedence:
            named = (line.winner, *line.losers)
            if rule_id not in named:
                continue
            for other in named:
                direct = rule_id == line.winner or other == line.winner
                rule = pack.by_id.get(other)
                if rule and in_force(rule) and rule.raises is None and (direct or rule.scene == scene):
                    found[other] = None
    return tuple(other for other in found if other not in rule_ids and (allowed is None or other in allowed))
