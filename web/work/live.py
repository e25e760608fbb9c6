"""Judging a case while somebody watches: each step of the graph as it finishes. The decision is recorded as ever.

The run has a thread of its own and goes on to its end though nobody watches any more; what it tells waits in a queue.
"""

import uuid
from collections.abc import Iterator
from queue import SimpleQueue
from threading import Thread

from agents.depth import Doubt
from cases.case import Case, Part, Surface
from cases.decision import Decision
from cases.model import Fact
from graphs.desk import Progress, new_id
from web.identity import Actor
from web.office import Office
from web.problem import Problem
from web.store import authors, journal
from web.work.authors import release

LONGEST = 20_000


class Step(Fact):
    """One step that finished: its name, and what is known now, in a sentence; the last one has the decision."""

    name: str
    told: str
    decision: Decision | None = None


def typed(text: str, surface: Surface, locale: str, profile: str | None, context: str) -> Case:
    """Return the case of a text that somebody typed in; raise Problem 422 where it is blank or too long."""
    if not text.strip():
        raise Problem(422, "The text is blank; write or paste what is to be judged.", param="text", code="blank")
    if len(text) > LONGEST:
        raise Problem(422, f"The text has {len(text):,} characters; {LONGEST:,} at most here.", param="text",
                      code="too_long")  # fmt: skip
    turns = tuple(line.strip() for line in context.splitlines() if line.strip())
    return Case(id=f"console-{uuid.uuid4().hex[:12]}", parts=(Part(id="text", kind="text", text=text),), context=turns,
                surface=surface, locale=locale, profile=profile or None)  # fmt: skip


def judge(office: Office, actor: Actor, case: Case, author: str | None = None) -> Iterator[Step]:
    """Decide a case under the policy in force, giving each step as it finishes; it waits where it is in review.

    `author` is who published it, which is noted beside the decision and is no part of the case.
    """
    pack = office.pack
    try:
        pack.profile(case.profile)
    except KeyError:
        raise Problem(422, f"profile={case.profile!r} is none of {', '.join(p.id for p in pack.profiles)}.",
                      param="profile", code="unknown_profile") from None  # fmt: skip
    told: SimpleQueue[Progress | Exception | None] = SimpleQueue()
    decision_id = new_id()
    if author is not None:
        authors.credit_all(office.store, {decision_id: author})

    def run() -> None:
        try:
            for progress in office.desks.live.stream(case, decision_id):
                told.put(progress)
            told.put(None)
        except Exception as error:  # told to whoever watches, who raises it
            told.put(error)
            if author is not None:
                release(office, decision_id)

    Thread(target=run, name="judge", daemon=True).start()
    return _steps(office, actor, told)


def _steps(office: Office, actor: Actor, told: "SimpleQueue[Progress | Exception | None]") -> Iterator[Step]:
    while (progress := told.get()) is not None:
        if isinstance(progress, Exception):
            raise progress
        decision = progress.fields.get("decision")
        if decision is not None:
            office.catch_up()
            journal.note(office.store, actor.id, "case.judge", decision.id)
        yield Step(name=progress.node, told=_told(progress), decision=decision)


def _told(progress: Progress) -> str:
    fields = progress.fields
    if "perception" in fields:
        seen = fields["perception"]
        gaps = (
            f", and could not read all of it ({', '.join(g.replace('_', ' ') for g in seen.gaps)})" if seen.gaps else ""
        )
        return f"Read it in {len(seen.views)} view{'s' if len(seen.views) != 1 else ''}{gaps}."
    if "route" in fields:
        route = fields["route"]
        return f"Risk {route.risk:.2f}: " + ("nothing near it breaks a rule." if route.clear else "it is looked at.")
    if "retrieved" in fields:
        return "Rules to weigh: " + ", ".join(r.rule_id for r in fields["retrieved"]) + "."
    if "ranking" in fields:
        best = sorted(fields["ranking"].scores, key=lambda s: -s.probability)[:3]
        doubt = fields.get("doubt")
        return "Likeliest: " + ", ".join(f"{s.rule_id} {s.probability:.2f}" for s in best) + f". {_doubt(doubt)}"
    if "draft" in fields:
        return "A draft of the reasoning stands."
    if "critiques" in fields:
        last = fields["critiques"][-1]
        return f"The critic's ruling in round {last.round}: {last.ruling}, score {last.score:.2f}."
    if "decision" in fields:
        made = fields["decision"]
        return (
            f"{made.outcome.capitalize()}{f' under {made.rule_id}' if made.rule_id else ''}, severity {made.severity}."
        )
    return "Done."


def _doubt(doubt: Doubt | None) -> str:
    if doubt is None or doubt.depth == "none":
        return "No doubt is left."
    return f"In doubt, so it is reasoned about ({doubt.depth})."
