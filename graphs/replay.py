"""Decide stored cases under a changed policy, from what is known of them. It gives the verdicts of deciding anew.

Every case is routed and retrieved under the new policy, in vectors alone. A verdict stands as it is where the rules
that it was judged by, and their scores, are as they were; else the case is ranked again, and the reasoner's draft
stands where everything that the reasoner read is as it was. What stands keeps the words of its chain and critique.
Contract: nothing is recorded, and nothing is searched for beyond what `Deps` brings.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import partial
from itertools import islice

import numpy as np
from langgraph.runtime import Runtime

from agents.perceiver import Perception
from agents.ranker import Ranking
from agents.reasoner import SHOWN, Draft, answered, candidates
from agents.rulebook import NEAREST, Rulebook
from agents.severity import facts, grade
from agents.vectors import Floats, Vectors, top_mean
from cases.case import Case
from cases.decision import Decision
from cases.finding import Finding
from graphs import nodes
from graphs.deps import Deps
from graphs.desk import CHUNK, new_id
from graphs.kept import (
    SHARED,
    Gist,
    Kept,
    Made,
    Memory,
    Reasoned,
    Remembering,
    Verdicts,
    fetch,
    fetch_decisions,
    fetch_reasoned,
    gist,
    keep,
    recall,
)
from graphs.moderation import after_critique, after_rank, after_route
from graphs.reach import worded
from graphs.retrieval import fused
from graphs.state import State
from policy_store.diff import PackDiff, diff_packs
from policy_store.pack import Pack

ALIKE = 1e-6  # below it, probabilities differ by the order in which they were summed up
MARGIN = 2e-3  # above what half precision takes from a cosine


@dataclass(frozen=True)
class Replayed:
    """One case under both policies: in short, and in whole while the store is open.

    `again`: the reasoner had to look anew. `fresh`: the old verdict was not kept.
    """

    case: Case
    was: Gist
    now: Gist
    again: bool
    fresh: bool
    read_old: Callable[[], Decision]
    read_new: Callable[[], Decision]

    @property
    def old(self) -> Decision:
        """Return the whole decision under the old policy, under the case's own id."""
        return self.read_old().model_copy(update={"case_id": self.case.id})

    @property
    def new(self) -> Decision:
        """Return the whole decision under the new policy, under the case's own id."""
        return self.read_new().model_copy(update={"case_id": self.case.id})


@dataclass(frozen=True)
class Unmoved:
    """A new verdict that is the old one; `update` names what differs all the same."""

    gist: Gist
    update: dict[str, object]


@dataclass(frozen=True)
class Ranked(Deps):
    """Deps that know the probabilities [views, rules] of one case's own vectors, which were ranked with others."""

    own: Vectors | None = None
    probabilities: Floats | None = None

    def rank_views(self, vectors: Vectors, texts: Sequence[str]) -> Floats:
        """Return the ranker's calibrated probabilities [views, rules] of texts and their unit vectors."""
        if vectors is self.own and self.probabilities is not None:
            return self.probabilities
        return super().rank_views(vectors, texts)


@dataclass(eq=False)
class Read:
    """A case on its way: what is known of it so far, its vectors [views, width], and an encoder that remembers."""

    deps: Deps
    state: State
    vectors: Vectors
    encode: Remembering


@dataclass(frozen=True)
class Change:
    """A change of policy. `quiet` says that severities, tiers and profiles mean what they meant before."""

    diff: PackDiff
    old: Rulebook
    new: Rulebook
    quiet: bool

    @classmethod
    def between(cls, old: Deps, new: Deps) -> "Change":
        """Return the change from one policy to the other."""
        before, after = old.book.pack, new.book.pack
        return cls(diff_packs(before, after), old.book, new.book, _scale(before) == _scale(after))

    def overall_stands(self, memories: Mapping[str, Memory]) -> dict[str, bool]:
        """Say by case whether the maxima over all rules are as they were, for every text encoded for the case."""
        if not memories:
            return {}
        vectors = np.concatenate([m.vectors for m in memories.values()])
        peaks = np.concatenate([m.peaks for m in memories.values()]) - MARGIN
        before, after = (_peaks(book, self.diff.touched, vectors) for book in (self.old, self.new))
        below = np.logical_and(before < peaks, after < peaks)
        fine = np.all(np.logical_or(below, np.abs(before - after) <= ALIKE), axis=1)
        ends = np.cumsum([len(m.vectors) for m in memories.values()])
        return {d: bool(fine[e - len(m.vectors) : e].all()) for (d, m), e in zip(memories.items(), ends, strict=True)}


def replay(old: Deps, new: Deps, cases: Iterable[Case], store: Verdicts, chunk: int = CHUNK) -> Iterator[Replayed]:
    """Yield each case with its decision under both policies, in order, a chunk at a time; memory stays flat.

    The two may differ in policy alone: they share settings and model.
    """
    change = Change.between(old, new)
    new = replace(new, _recent=old._recent)
    rest = iter(cases)
    while batch := list(islice(rest, chunk)):
        unique = {case.digest: case for case in batch}
        kept = fetch(old, unique, store)
        made = decide_kept(old, [case for digest, case in unique.items() if digest not in kept], store)
        kept |= {digest: one.kept for digest, one in made.items()}
        anew, again = _decided_anew(old, new, unique, kept, change, store)
        whole = partial(_whole, old, {digest: one.decision for digest, one in made.items()}, store)
        for case in batch:
            now, read_old = anew[case.digest], partial(whole, case.digest)
            yield Replayed(
                case=case,
                was=kept[case.digest].gist,
                now=now.gist if isinstance(now, Unmoved) else gist(now),
                again=case.digest in again,
                fresh=case.digest in made,
                read_old=read_old,
                read_new=partial(_updated, read_old, now.update) if isinstance(now, Unmoved) else partial(_itself, now),
            )


def decide_kept(deps: Deps, cases: Sequence[Case], store: Verdicts) -> dict[str, Made]:
    """Return the verdicts on cases by case digest, decided now, and keep them."""
    if not cases:
        return {}
    reads = read_many(deps, cases, {}, {})
    rank_many(deps, [read for read in reads if "retrieved" in read.state])
    made = {read.state["case"].digest: finish(read) for read in reads}
    keep(deps, made, store)
    return made


def read_many(
    deps: Deps, cases: Sequence[Case], seen: Mapping[str, Perception], memories: Mapping[str, Memory]
) -> list[Read]:
    """Return the cases, in their order, with route and, where they go on, the rules to judge them by."""
    # What was not judged of pictures depends on the policy: what was kept under another says nothing of it.
    known = {c.digest: seen[c.digest] for c in cases if c.digest in seen and not c.observations}
    perceptions = [known.get(case.digest) or nodes.perceived(deps.book.pack, case) for case in cases]
    vectors = deps.vectors_of([(case.digest, p.views) for case, p in zip(cases, perceptions, strict=True)])
    risk = deps.risks(np.concatenate(vectors), [v.text for p in perceptions for v in p.views])
    out: list[Read] = []
    end = 0
    for case, perception, own in zip(cases, perceptions, vectors, strict=True):
        end += len(own)
        encode = Remembering(deps.encode, memories.get(case.digest))
        state: State = {"case": case, "decision_id": new_id(), "perception": perception}
        state["route"] = nodes.routed(deps, state, own, risk[end - len(own) : end])
        out.append(Read(deps, state, own, encode))
    _retrieve(deps, [read for read in out if after_route(read.state) == "retrieve"])
    return out


def rank_many(deps: Deps, reads: Sequence[Read]) -> None:
    """Add ranking and doubt to the cases that were retrieved."""
    if not reads:
        return
    texts = [view.text for read in reads for view in read.state["perception"].views]
    probabilities = deps.rank_views(np.concatenate([read.vectors for read in reads]), texts)
    end = 0
    for read in reads:
        end += len(read.vectors)
        own = probabilities[end - len(read.vectors) : end]
        read.state.update(nodes.ranked(replace(deps, encode=read.encode), read.state, own, read.vectors))
        given = {field.name: getattr(deps, field.name) for field in fields(Deps)} | {"encode": read.encode}
        read.deps = Ranked(**given, own=read.vectors, probabilities=own)


def unmoved(read: Read, was: Kept, change: Change, overall: bool) -> Unmoved | None:
    """Return the old verdict where nothing that it rests on has moved, None where something may have.

    The scores of a rule that was not touched move with the overall q alone; `overall` says that this stands.
    """
    state = read.state
    if not change.quiet:
        return None
    update: dict[str, object] = {"id": state["decision_id"], "pack": read.deps.frame.pack}
    if "retrieved" not in state:
        score = round(state["route"].risk, 4)
        now = was.gist.model_copy(update={"score": score})
        return Unmoved(now, update | {"score": score}) if was.stage == "router" else None
    names = {found.rule_id for found in state["retrieved"]}
    same = (
        overall
        and names == set(was.retrieved)
        and not names & (change.diff.touched | change.diff.regraded)
        and state["route"].audit == was.audit
        # Words to the judge are weighed against every rule of the policy, retrieved or not.
        and not any(view.spoken for view in state["perception"].views)
        and not state["case"].observations
    )
    return Unmoved(was.gist, update) if same else None


def standing(read: Read, was: Decision, reasoned: Reasoned, change: Change) -> Decision | None:
    """Return the decision on the old draft, None where anything that the reasoner read is not as it was.

    It reads the scores of the rules that it looks at, on the views and on texts that it cuts out of them. The caller
    has seen to it that the overall q of all these texts stands.
    """
    before, after, draft = reasoned.ranking, read.state["ranking"], reasoned.draft
    first = [s.rule_id for s in before.scores[:2]]
    examined = {f.rule_id for f in draft.findings if f.stance is not None}
    given = candidates(before, reasoned.doubt.rivals)
    looked = {*first, *examined, *given}
    same = (
        read.state["doubt"] == reasoned.doubt
        and given == candidates(after, reasoned.doubt.rivals)
        and first == [s.rule_id for s in after.scores[:2]]
        and not looked & change.diff.touched
        and all(_same(before, after, rule_id) for rule_id in looked)
    )
    if not same:
        return None
    if looked & change.diff.regraded:
        if sum(f.verdict == "hit" for f in draft.findings) > 1:
            return None  # the higher severity may lead
        draft = _regraded(read, draft)
    # Those that a cross-encoder read keep what it gave them; without one it is the ranker's score, which stands too.
    kept = {f.rule_id: f for f in draft.findings} if read.deps.read else {}
    quiet = tuple(
        kept.get(s.rule_id) or Finding(rule_id=s.rule_id, verdict="not_hit", probability=round(s.probability, 4))
        for s in after.scores[:SHOWN]
        if s.rule_id not in examined
    )
    draft = draft.model_copy(update={"findings": (*(f for f in draft.findings if f.rule_id in examined), *quiet)})
    return nodes.decided(read.deps, {**read.state, "draft": draft, "critiques": was.critiques})


def finish(read: Read) -> Made:
    """Return the verdict on a case in the graph's order, with everything that was encoded for it."""
    state: State = {**read.state}
    reasoned: Reasoned | None = None
    if reasons(read):
        runtime = Runtime(context=read.deps)
        going = True
        while going:
            state.update(nodes.reason_about(state, runtime=runtime))
            state.update(nodes.critique(state, runtime=runtime))
            going = after_critique(state) == "reason"
        reasoned = Reasoned(ranking=state["ranking"], doubt=state["doubt"], draft=state["draft"])
    decision, perception = nodes.decided(read.deps, state), state["perception"]
    kept = Kept(gist=gist(decision), stage=decision.stage, audit=decision.audit, perception=perception)
    if "retrieved" not in state:
        return Made(decision, kept, None, read.vectors[:0])
    known = {view.text: row for view, row in zip(perception.views, read.vectors, strict=True)}
    known |= {text: read.encode.known[text] for text in read.encode.asked}
    retrieved = tuple(found.rule_id for found in state["retrieved"])
    kept = kept.model_copy(update={"retrieved": retrieved, "texts": tuple(known)})
    return Made(decision, kept, reasoned, np.stack(list(known.values())))


def reasons(read: Read) -> bool:
    """Return whether the reasoner has to look at a case."""
    return "ranking" in read.state and after_rank(read.state) == "reason"


def _decided_anew(
    old: Deps, new: Deps, cases: Mapping[str, Case], kept: Mapping[str, Kept], change: Change, store: Verdicts
) -> tuple[dict[str, Decision | Unmoved], frozenset[str]]:
    """Return the verdicts under the new policy by case digest, and for which of them the reasoner had to look."""
    memories = recall(old, kept, store)
    # P1 shares every score out over all rules, so that none stands by itself.
    alone = "P1" not in (new.template, None if new.template else new.calibration.template)
    overall = change.overall_stands(memories) if alone else {}
    done: dict[str, Decision | Unmoved] = {}
    moved: list[Read] = []
    for read in read_many(new, list(cases.values()), {d: k.perception for d, k in kept.items()}, memories):
        digest = read.state["case"].digest
        if found := unmoved(read, kept[digest], change, overall.get(digest, False)):
            done[digest] = found
        else:
            moved.append(read)
    rank_many(new, [read for read in moved if "retrieved" in read.state])
    hard = {read.state["case"].digest: read for read in moved if reasons(read)}
    done |= {d: nodes.decided(r.deps, r.state) for r in moved if (d := r.state["case"].digest) not in hard}
    firm = [digest for digest in hard if overall.get(digest)]
    drafts, decisions = fetch_reasoned(old, firm, store), fetch_decisions(old, firm, store)
    for digest in drafts.keys() & decisions.keys():
        if decision := standing(hard[digest], decisions[digest], drafts[digest], change):
            done[digest] = decision
    left = {digest: read for digest, read in hard.items() if digest not in done}
    done |= fetch_decisions(new, left, store)
    made = {digest: finish(read) for digest, read in left.items() if digest not in done}
    keep(new, made, store)
    return done | {digest: one.decision for digest, one in made.items()}, frozenset(made)


def _retrieve(deps: Deps, reads: Sequence[Read]) -> None:
    """Add the rules to judge by; cases that the same rules apply to share one search."""
    alike: dict[frozenset[str], list[Read]] = {}
    for read in reads:
        alike.setdefault(worded(deps.book.pack, read.state["case"]), []).append(read)
    for allowed, group in alike.items():
        vectors = np.concatenate([read.vectors for read in group])
        rows = iter(deps.rules().search(vectors, deps.retrieve, allowed))
        for read in group:
            hits = list(islice(rows, len(read.vectors)))
            read.state["retrieved"] = fused(deps, read.state, read.vectors, hits, allowed)


def _same(before: Ranking, after: Ranking, rule_id: str) -> bool:
    old, new = (next((s for s in r.scores if s.rule_id == rule_id), None) for r in (before, after))
    if old is None or new is None:
        return old is new
    return old.view == new.view and abs(old.probability - new.probability) <= ALIKE


def _peaks(book: Rulebook, rule_ids: Collection[str], vectors: Vectors) -> Floats:
    """Return the highest cosines [n, 3] of SHARED over some rules; those that the book does not hold count for none."""
    out = np.full((len(vectors), len(SHARED)), -1.0)
    for column in (book.index[r] for r in rule_ids if r in book.index):
        sides = ((book.violating, book.violating_columns[column]), (book.allowed, book.allowed_columns[column]))
        own = [np.asarray(vectors @ book.briefs[column], np.float64)]
        own += [top_mean(vectors @ m[rows].T, [np.arange(len(rows))], NEAREST)[:, 0] for m, rows in sides]
        out = np.maximum(out, np.stack(own, -1))
    return out


def _regraded(read: Read, draft: Draft) -> Draft:
    deps, state = read.deps, read.state
    assert draft.rule_id is not None
    finding = next(f for f in draft.findings if f.rule_id == draft.rule_id)
    view = next(s.view for s in state["ranking"].scores if s.rule_id == draft.rule_id)
    rule = deps.book.pack.by_id[draft.rule_id]
    said = answered(nodes.bench(deps, state), state["ranking"], [rule.id]).get(rule.id)
    known = facts(
        state["case"], rule, finding, read.vectors[view], deps.book, deps.calibration, said.severity if said else None
    )
    return draft.model_copy(update={"severity": grade(known, deps.book.pack, deps.calibration)})


def _whole(deps: Deps, made: Mapping[str, Decision], store: Verdicts, digest: str) -> Decision:
    found = made.get(digest) or fetch_decisions(deps, [digest], store).get(digest)
    if found is None:
        raise LookupError(f"the verdict on case {digest[:12]!r} is no longer kept; replay the cases again")
    return found


def _updated(read: Callable[[], Decision], update: Mapping[str, object]) -> Decision:
    return read().model_copy(update=update)


def _itself(decision: Decision) -> Decision:
    return decision


def _scale(pack: Pack) -> object:
    """Return what gives every severity its meaning, and every case its profile."""
    return pack.tiers, pack.profiles, pack.rubric, [rule for rule in pack.rules if rule.raises is not None]
