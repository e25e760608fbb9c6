"""Decide stored cases under a changed policy, from what is known of them. It gives the verdicts of deciding anew.

Every case is routed, retrieved and ranked under the new policy, in vectors alone. Only the reasoner is spared: its
draft stands where everything that it read is as it was. The chain and the critique that come with it then stand too,
in the words in which they were written.

Contract: nothing is recorded. The store is a cache whose keys name the case, the policy, the model, the settings and
this program's own code, so a verdict is never taken from another version of any of them.
"""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Protocol

import numpy as np
from langgraph.runtime import Runtime

from agents.depth import Doubt
from agents.perceiver import perceive
from agents.ranker import Ranking
from agents.reasoner import SHOWN, Draft
from agents.router import risks
from agents.rulebook import FEATURES, NEAREST, Rulebook
from agents.severity import facts, grade
from agents.vectors import Encode, Floats, Vectors, top_mean
from cases.case import Case, Surface
from cases.decision import Decision
from cases.finding import Finding
from cases.model import Fact
from graphs import nodes
from graphs.deps import Deps
from graphs.desk import CHUNK, new_id
from graphs.moderation import after_critique, after_rank, after_route
from graphs.state import State
from policy_store.diff import PackDiff, diff_packs
from policy_store.index import Hit
from policy_store.retrieval import applicable, fuse, strongest
from policy_store.rule import Modality

ALIKE = 1e-6  # below it, probabilities differ by the order in which they were summed up
MARGIN = 2e-3  # above what half precision takes from a cosine
SHARED = tuple(FEATURES.index(name) for name in ("brief", "violating", "allowed"))  # where the overall q looks
CODE = ("agents", "cases", "graphs", "policy_store", "tools")

Key = tuple[str, str, str]


class Verdicts(Protocol):
    """Where verdicts and vectors are kept between runs; losing them loses time alone."""

    def verdicts(self, keys: Sequence[Key]) -> dict[Key, str]:
        """Return the JSON bodies that are known."""
        ...

    def put_verdicts(self, items: Mapping[Key, str]) -> None:
        """Keep JSON bodies."""
        ...

    def vectors(self, keys: Sequence[str]) -> dict[str, np.ndarray]:
        """Return the matrices that are known."""
        ...

    def put_vectors(self, items: Mapping[str, np.ndarray]) -> None:
        """Keep matrices."""
        ...


class Reasoned(Fact):
    """What the reasoner was given, and what it drafted last."""

    ranking: Ranking
    doubt: Doubt
    draft: Draft


class Kept(Fact):
    """A decision, what its reasoner saw, and the texts that were encoded for it beside its views."""

    decision: Decision
    reasoned: Reasoned | None = None
    asked: tuple[str, ...] = ()


class Replayed(Fact):
    """One case under both policies. `again`: the reasoner had to look anew. `fresh`: the old verdict was not kept."""

    case: Case
    old: Decision
    new: Decision
    again: bool
    fresh: bool


@dataclass(frozen=True)
class Memory:
    """The texts encoded for one case, their vectors [texts, width], and the highest cosines [texts, 3] of SHARED."""

    texts: tuple[str, ...]
    vectors: Vectors
    peaks: Floats


class Remembering:
    """An encoder that notes what it is asked, and asks the model only for what it has not seen."""

    def __init__(self, encode: Encode, memory: Memory | None) -> None:
        self.encode = encode
        self.known = dict(zip(memory.texts, memory.vectors, strict=True)) if memory else {}
        self.asked: dict[str, None] = {}

    def __call__(self, texts: Sequence[str]) -> Vectors:
        """Return unit vectors [n, width]."""
        if fresh := [t for t in dict.fromkeys(texts) if t not in self.known]:
            self.known |= dict(zip(fresh, self.encode(fresh), strict=True))
        self.asked |= dict.fromkeys(texts)
        return np.stack([self.known[t] for t in texts])


@dataclass(frozen=True)
class Ranked(Deps):
    """Deps that know the probabilities [views, rules] of one case's own vectors, which were ranked with others."""

    own: Vectors | None = None
    probabilities: Floats | None = None

    def rank_views(self, vectors: Vectors) -> Floats:
        """Return the ranker's calibrated probabilities [views, rules] of unit vectors."""
        if vectors is self.own and self.probabilities is not None:
            return self.probabilities
        return super().rank_views(vectors)


@dataclass(frozen=True)
class Read:
    """A case as far as vectors alone take it; the router may have let it go before it was `ranked`."""

    deps: Deps
    state: State
    vectors: Vectors
    encode: Remembering
    ranked: bool = False


def replay(old: Deps, new: Deps, cases: Iterable[Case], store: Verdicts, chunk: int = CHUNK) -> Iterator[Replayed]:
    """Yield each case with its decision under both policies, in order, a chunk at a time; memory stays flat.

    The two may differ in policy alone: they share settings and model.
    """
    change = diff_packs(old.book.pack, new.book.pack)
    new = replace(new, _recent=old._recent)
    rest = iter(cases)
    while batch := list(islice(rest, chunk)):
        kept = fetch(old, batch, store)
        missing = {case.digest: case for case in batch if case.digest not in kept}
        kept |= decide_kept(old, list(missing.values()), store)
        memories = recall(old, kept, store)
        known = fetch(new, batch, store)
        again: dict[str, tuple[Kept, Read]] = {}
        for read in read_many(new, batch, memories):
            case = read.state["case"]
            was = kept[case.digest]
            decision = decided(read) or standing(read, was, memories.get(case.digest), change, old.book)
            if decision is None:
                if case.digest not in known:
                    known[case.digest] = finish(read)
                    again[case.digest] = known[case.digest], read
                decision = known[case.digest].decision
            yield Replayed(
                case=case, old=was.decision.model_copy(update={"case_id": case.id}),
                new=decision.model_copy(update={"case_id": case.id}),
                again=case.digest in again, fresh=case.digest in missing,
            )  # fmt: skip
        keep(new, again, store)


def read_many(deps: Deps, cases: Sequence[Case], memories: Mapping[str, Memory]) -> list[Read]:
    """Return the cases read by router and ranker, in their order."""
    seen = [perceive(case) for case in cases]
    vectors = deps.vectors_of([(case.digest, p.views) for case, p in zip(cases, seen, strict=True)])
    risk, _ = risks(deps.bank, deps.book, np.concatenate(vectors), deps.calibration)
    out: list[Read] = []
    end = 0
    for case, perception, own in zip(cases, seen, vectors, strict=True):
        end += len(own)
        encode = Remembering(deps.encode, memories.get(case.digest))
        state: State = {"case": case, "decision_id": new_id(), "perception": perception}
        state["route"] = nodes.routed(deps, state, own, risk[end - len(own) : end])
        out.append(Read(replace(deps, encode=encode), state, own, encode))
    going = [i for i, read in enumerate(out) if after_route(read.state) == "retrieve"]
    if going:
        ranked = _ranked(deps, [out[i] for i in going])
        for i, read in zip(going, ranked, strict=True):
            out[i] = read
    return out


def decided(read: Read) -> Decision | None:
    """Return the decision of a case that needs no reasoner, None for one that does."""
    if read.ranked and after_rank(read.state) == "reason":
        return None
    return nodes.decided(read.deps, read.state)


def standing(read: Read, was: Kept, memory: Memory | None, change: PackDiff, book: Rulebook) -> Decision | None:
    """Return the decision on the old draft, None where anything that the reasoner read is not as it was.

    The reasoner reads the scores of the rules that it looks at, on the views and on the texts that it cuts out of
    them; those scores depend on other rules only through the maxima over all rules behind the overall q. `book` is
    that of the old policy.
    """
    if was.reasoned is None or memory is None or read.deps.calibration.template == "P1" or read.deps.template == "P1":
        return None  # P1 shares every score out over all rules
    before, after, draft = was.reasoned.ranking, read.state["ranking"], was.reasoned.draft
    first = [s.rule_id for s in before.scores[:2]]
    examined = {f.rule_id for f in draft.findings if f.stance is not None}
    looked = {*first, *examined, *was.reasoned.doubt.rivals}
    same = (
        read.state["doubt"] == was.reasoned.doubt
        and first == [s.rule_id for s in after.scores[:2]]
        and not looked & change.touched
        and all(_same(before, after, rule_id) for rule_id in looked)
        and _overall_stands(memory, change.touched, book, read.deps.book)
    )
    if not same:
        return None
    if looked & change.regraded:
        if sum(f.verdict == "hit" for f in draft.findings) > 1:
            return None  # the higher severity may lead
        draft = _regraded(read, draft)
    quiet = tuple(
        Finding(rule_id=s.rule_id, verdict="not_hit", probability=round(s.probability, 4))
        for s in after.scores[:SHOWN]
        if s.rule_id not in examined
    )
    draft = draft.model_copy(update={"findings": (*(f for f in draft.findings if f.rule_id in examined), *quiet)})
    return nodes.decided(read.deps, {**read.state, "draft": draft, "critiques": was.decision.critiques})


def finish(read: Read) -> Kept:
    """Return the verdict of the reasoner and the critic on a case that `decided` left open, in the graph's order."""
    runtime = Runtime(context=read.deps)
    state: State = {**read.state}
    going = True
    while going:
        state.update(nodes.reason_about(state, runtime=runtime))
        state.update(nodes.critique(state, runtime=runtime))
        going = after_critique(state) == "reason"
    reasoned = Reasoned(ranking=state["ranking"], doubt=state["doubt"], draft=state["draft"])
    return Kept(decision=nodes.decided(read.deps, state), reasoned=reasoned, asked=tuple(read.encode.asked))


def decide_kept(deps: Deps, cases: Sequence[Case], store: Verdicts) -> dict[str, Kept]:
    """Return the verdicts on cases by case digest, decided now, and keep them."""
    made: dict[str, tuple[Kept, Read]] = {}
    for read in read_many(deps, cases, {}) if cases else ():
        decision = decided(read)
        done = Kept(decision=decision, asked=tuple(read.encode.asked)) if decision else finish(read)
        made[read.state["case"].digest] = done, read
    keep(deps, made, store)
    return {digest: kept for digest, (kept, _) in made.items()}


def keep(deps: Deps, made: Mapping[str, tuple[Kept, Read]], store: Verdicts) -> None:
    """Keep verdicts, and what was encoded for them."""
    store.put_verdicts({_key(deps, digest): kept.model_dump_json() for digest, (kept, _) in made.items()})
    matrices: dict[str, np.ndarray] = {}
    for digest, (kept, read) in made.items():
        if kept.asked:
            vectors = np.stack([read.encode.known[text] for text in kept.asked])
            matrices[_name(deps, digest, "asked")] = vectors
            peaks = deps.book.features(vectors)[..., SHARED].max(1)
            matrices[_name(deps, digest, "peaks")] = peaks.astype(np.float32)
    store.put_vectors(matrices)


def fetch(deps: Deps, cases: Sequence[Case], store: Verdicts) -> dict[str, Kept]:
    """Return the verdicts that are kept for these cases, by case digest."""
    keys = {_key(deps, case.digest): case.digest for case in cases}
    return {keys[k]: Kept.model_validate_json(body) for k, body in store.verdicts(list(keys)).items()}


def recall(deps: Deps, kept: Mapping[str, Kept], store: Verdicts) -> dict[str, Memory]:
    """Return what was encoded for verdicts, by case digest; those that asked for nothing, or lost it, are left out."""
    wanted = [digest for digest, k in kept.items() if k.asked]
    found = store.vectors([_name(deps, digest, what) for digest in wanted for what in ("asked", "peaks")])
    out: dict[str, Memory] = {}
    for digest in wanted:
        vectors, peaks = (found.get(_name(deps, digest, what)) for what in ("asked", "peaks"))
        if vectors is not None and peaks is not None:
            out[digest] = Memory(kept[digest].asked, vectors, peaks)
    return out


def _ranked(deps: Deps, reads: Sequence[Read]) -> Iterator[Read]:
    flat = np.concatenate([read.vectors for read in reads])
    probabilities = deps.rank_views(flat)
    near = _nearest(deps, reads)
    end = 0
    for read, (allowed, hits) in zip(reads, near, strict=True):
        end += len(read.vectors)
        own = probabilities[end - len(read.vectors) : end]
        said = deps.keywords.search(read.state["case"].text, deps.retrieve, allowed)
        read.state["retrieved"] = fuse(strongest(hits), said, deps.book.pack, deps.retrieve, allowed)
        read.state.update(nodes.ranked(read.deps, read.state, own, read.vectors))
        yield _with_probabilities(read, own)


def _nearest(deps: Deps, reads: Sequence[Read]) -> list[tuple[frozenset[str], list[tuple[Hit, ...]]]]:
    """Return for each case the rules that apply to it and the nearest of them, with one search for cases alike."""
    alike: dict[tuple[str | None, Surface, frozenset[Modality]], list[int]] = {}
    for i, read in enumerate(reads):
        case = read.state["case"]
        alike.setdefault((case.profile, case.surface, nodes.modalities(case)), []).append(i)
    out: dict[int, tuple[frozenset[str], list[tuple[Hit, ...]]]] = {}
    for (profile, surface, modalities), group in alike.items():
        allowed = applicable(deps.book.pack, profile, surface, modalities)
        rows = iter(deps.rules().search(np.concatenate([reads[i].vectors for i in group]), deps.retrieve, allowed))
        for i in group:
            out[i] = allowed, list(islice(rows, len(reads[i].vectors)))
    return [out[i] for i in range(len(reads))]


def _with_probabilities(read: Read, probabilities: Floats) -> Read:
    given = {field.name: getattr(read.deps, field.name) for field in fields(Deps)}
    return replace(read, deps=Ranked(**given, own=read.vectors, probabilities=probabilities), ranked=True)


def _same(before: Ranking, after: Ranking, rule_id: str) -> bool:
    old, new = (next((s for s in r.scores if s.rule_id == rule_id), None) for r in (before, after))
    if old is None or new is None:
        return old is new
    return old.view == new.view and abs(old.probability - new.probability) <= ALIKE


def _overall_stands(memory: Memory, touched: Collection[str], old: Rulebook, new: Rulebook) -> bool:
    """Say whether the maxima over all rules are as they were, for every text that was encoded for the case."""
    before, after = (_peaks(book, touched, memory.vectors) for book in (old, new))
    below = (before < memory.peaks - MARGIN) & (after < memory.peaks - MARGIN)
    return bool((below | (np.abs(before - after) <= ALIKE)).all())


def _peaks(book: Rulebook, rule_ids: Collection[str], vectors: Vectors) -> Floats:
    """Return the highest cosines [n, 3] of SHARED over some rules; those that the book does not hold count for none."""
    out = np.full((len(vectors), len(SHARED)), -1.0)
    for column in (book.index[r] for r in rule_ids if r in book.index):
        sides = ((book.violating, book.violating_columns[column]), (book.allowed, book.allowed_columns[column]))
        own = [np.asarray(vectors @ book.briefs[column], np.float64)]
        own += [top_mean(np.asarray(vectors @ m[rows].T, np.float64), [np.arange(len(rows))], NEAREST)[:, 0]
                for m, rows in sides]  # fmt: skip
        out = np.maximum(out, np.stack(own, -1))
    return out


def _regraded(read: Read, draft: Draft) -> Draft:
    deps, state = read.deps, read.state
    assert draft.rule_id is not None
    finding = next(f for f in draft.findings if f.rule_id == draft.rule_id)
    view = next(s.view for s in state["ranking"].scores if s.rule_id == draft.rule_id)
    rule = deps.book.pack.by_id[draft.rule_id]
    known = facts(state["case"], rule, finding, read.vectors[view], deps.book, deps.calibration)
    return draft.model_copy(update={"severity": grade(known, deps.book.pack, deps.calibration)})


def _key(deps: Deps, case_digest: str) -> Key:
    settings = f"{deps.template}/{deps.assembly}/{deps.retrieve}/{deps.audit_rate}"
    return case_digest, deps.book.pack.digest, f"{deps.frame.model_digest}/{code_digest()}/{settings}"


def _name(deps: Deps, case_digest: str, what: str) -> str:
    return "/".join(("replay", what, *_key(deps, case_digest)))


@cache
def code_digest() -> str:
    """Return the sha256 (hex) of the program text that verdicts depend on."""
    root, found = Path(__file__).parents[1], hashlib.sha256()
    for path in sorted(p for name in CODE for p in (root / name).rglob("*") if p.suffix in (".py", ".txt")):
        found.update(f"{path.relative_to(root)}\0".encode())
        found.update(path.read_bytes())
    return found.hexdigest()
