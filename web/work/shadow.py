"""Shadow mode: a draft judges every new case beside the policy in force, and reports. It never acts on one.

A thread of the server looks every few seconds at what was decided since; what a shadow has seen survives a restart. It
is compared with what was decided in truth, or, where a language model plays a role, with the embedded roles under the
policy in force, so that two policies are compared and not two models.
"""

import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from threading import Event, Thread

from cases.decision import Decision
from evals.impact import flip_of
from graphs.deps import Deps
from graphs.kept import gist
from graphs.replay import Replayed, decide_kept
from policy_store.pack import Pack
from policy_store.rule import canonical
from web.identity import Actor
from web.office import Office
from web.problem import Problem
from web.store import journal
from web.store import shadow as kept
from web.store.shadow import Compared, Shadow
from web.work.drafts import draft, loaded
from web.work.trying import tried

EVERY, PAGE, MOST_RUNNING = 3.0, 100, 3
_log = logging.getLogger("precept.shadow")


def start(office: Office, actor: Actor, draft_id: str) -> Shadow:
    """Let a draft run beside the policy in force from the next case on; raise Problem where it cannot."""
    found = draft(office, draft_id)
    pack = loaded(found)
    if found.state not in ("draft", "in_review"):
        raise Problem(409, f"The draft is {found.state}; there is nothing left to try.", code="wrong_state")
    if pack.id != office.pack.id:
        raise Problem(409, f"Here {office.pack.id} is in force; a draft of {pack.id} has no cases to run on.",
                      param="draft_id", code="other_pack")  # fmt: skip
    running = kept.shadows(office.store, state="running")
    if any(s.draft_id == draft_id for s in running):
        raise Problem(
            409, "This draft runs as a shadow already; stop it first to take over its changes.", code="running"
        )
    if len(running) >= MOST_RUNNING:
        raise Problem(409, f"{len(running)} shadows run already, {MOST_RUNNING} at most; stop one.", code="too_many")
    with office.store.writing("start a shadow") as connection:
        body = canonical(pack)
        shadow_id = kept.add(connection, draft_id, found.version, body, actor.id, office.ledger.head().count)
        journal.note(office.store, actor.id, "policy.shadow", draft_id, {"shadow": shadow_id}, connection)
    return one(office, shadow_id)


def stop(office: Office, actor: Actor, shadow_id: str) -> Shadow:
    """Stop a shadow; its report stays."""
    one(office, shadow_id)
    with office.store.writing("stop a shadow") as connection:
        if kept.end(connection, shadow_id, "stopped"):
            journal.note(office.store, actor.id, "policy.shadow_stop", shadow_id, connection=connection)
    return one(office, shadow_id)


def one(office: Office, shadow_id: str) -> Shadow:
    """Return a shadow; raise Problem 404."""
    found = next((s for s in kept.shadows(office.store) if s.id == shadow_id), None)
    if found is None:
        raise Problem(404, f"There is no shadow {shadow_id!r}.", param="shadow_id", code="unknown_shadow")
    return found


@dataclass
class Watcher:
    """Looks at new decisions for every running shadow; policies that it opened stay open until it is closed."""

    office: Office
    stack: ExitStack = field(default_factory=ExitStack)
    opened: dict[str, Deps] = field(default_factory=dict)

    def step(self) -> int:
        """Look once; return how many cases were judged."""
        running = kept.shadows(self.office.store, state="running")
        done = 0
        for shadow in running:
            try:
                done += self._look(shadow)
            except Exception as error:  # a shadow that breaks ends itself, and nothing else
                _log.exception("shadow %s failed", shadow.id)
                with self.office.store.writing("end a shadow") as connection:
                    kept.end(connection, shadow.id, "failed", f"{type(error).__name__}: {error}"[:500])
        if not running and self.opened:
            self.close()
        return done

    def close(self) -> None:
        """Close what was opened."""
        self.opened.clear()
        self.stack.close()

    def _look(self, shadow: Shadow) -> int:
        office = self.office
        fresh = office.ledger.since(shadow.seq, PAGE)
        if not fresh:
            return 0
        pack = Pack.model_validate_json(shadow.pack)
        profiles = {p.id for p in pack.profiles}
        decided = [d for _, d in fresh if isinstance(d, Decision) and d.pack.id == pack.id and d.profile in profiles]
        found: list[Compared] = []
        if decided:
            after = self._deps(pack)
            cases = {d.id: office.ledger.case(d.case_digest).model_copy(update={"id": d.id}) for d in decided}
            new = decide_kept(after, list(cases.values()), office.desks.model.store)
            old = {d.case_digest: d for d in decided}
            if not office.settings.bare:
                made = decide_kept(self._deps(office.pack), list(cases.values()), office.desks.model.store)
                old = {digest: one.decision for digest, one in made.items()}
            for d in decided:
                was, now = gist(old[d.case_digest]), new[d.case_digest].kept.gist
                seen = Replayed(cases[d.id], was, now, False, False, lambda d=d: d, lambda d=d: d)  # type: ignore[misc]
                if flip := flip_of(seen, None):
                    found.append(Compared(decision_id=d.id, changed=flip.changed, old=was, new=now))
        with office.store.writing("note a shadow") as connection:
            kept.note(connection, shadow, fresh[-1][0], len(decided), found)
        return len(decided)

    def _deps(self, pack: Pack) -> Deps:
        if pack.digest not in self.opened:
            (self.opened[pack.digest],) = self.stack.enter_context(tried(self.office, pack))
        return self.opened[pack.digest]


@contextmanager
def watching(office: Office) -> Iterator[Watcher]:
    """Watch for running shadows in a thread of its own, for the length of a `with` block."""
    watcher, over = Watcher(office), Event()

    def watch() -> None:
        while not over.wait(EVERY):
            try:
                watcher.step()
            except Exception:  # the store may be away for a while; a shadow waits for it
                _log.exception("shadows could not be looked at")
        watcher.close()

    thread = Thread(target=watch, name="shadows", daemon=True)
    thread.start()
    try:
        yield watcher
    finally:
        over.set()
        thread.join(timeout=10)
