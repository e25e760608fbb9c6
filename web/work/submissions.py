"""Cases that are sent one by one: decided through the whole graph, step by step, in a thread beside the request.

Contract: a submission that was accepted is decided, also after a restart, as soon as somebody asks for it; a case in
review waits as a paused run. The detail of a step is internal, and is given to signed-in people alone.
"""

import logging
from threading import BoundedSemaphore, Event, Thread

from pydantic import JsonValue

from cases.case import Case
from graphs.desk import Progress
from web.identity import Actor
from web.office import Office
from web.problem import Problem
from web.store import journal, submissions
from web.store.database import StoreError
from web.store.submissions import Step, Submission
from web.work import authors
from web.work.deadline import Deadline
from web.work.intake import id_of
from web.work.together import on_record

AT_ONCE = 8
LABELS: dict[str, str] = {
    "perceive": "Reading it, and looking at its files",
    "route": "Comparing it with what is known to break a rule",
    "retrieve": "Finding the rules that matter",
    "rank": "Weighing each of those rules",
    "reason": "Looking closer at what is unsure",
    "critique": "Checking the draft",
    "record": "Putting the decision on record",
}
_turns = BoundedSemaphore(AT_ONCE)
_log = logging.getLogger("precept.submissions")


def submit(office: Office, actor: Actor, submission_id: str, case: Case, author: str | None = None) -> Event:
    """Take a case, with who published it, and begin to decide it; return what is set when it ended."""
    submissions.add(office.store, actor.id, case, submission_id, author=author, decision_id=id_of(submission_id))
    journal.note(office.store, actor.id, "case.submit", submission_id)
    return _begin(office, submission_id, case)


def wait(office: Office, submission_id: str, ended: Event, deadline: Deadline) -> Submission:
    """Return a submission once it ended, or as it stands when the deadline is over."""
    ended.wait(deadline.left)
    return _read(office, submission_id)


def read(office: Office, actor: Actor, submission_id: str) -> Submission:
    """Return a submission of one's own, or any to those who may read cases; go on with one that a restart broke off."""
    found = _read(office, submission_id)
    if found.by != actor.id and "read" not in actor.may:
        raise _unknown(submission_id)
    if found.state == "deciding" and (case := submissions.adopt(office.store, submission_id)) is not None:
        _begin(office, submission_id, case)
    return found


def steps(office: Office, actor: Actor, submission_id: str, after: int = 0) -> list[Step]:
    """Return the steps that are done; without their detail where the actor is no person who may read cases."""
    found = submissions.steps(office.store, submission_id, after)
    if actor.person and "read" in actor.may:
        return found
    return [step.model_copy(update={"detail": {}}) for step in found]


def _read(office: Office, submission_id: str) -> Submission:
    found = submissions.submission(office.store, submission_id)
    if found is None:
        raise _unknown(submission_id)
    return found


def _unknown(submission_id: str) -> Problem:
    return Problem(404, f"There is no case {submission_id!r}.", param="id", code="unknown_case")


def _begin(office: Office, submission_id: str, case: Case) -> Event:
    ended = Event()
    Thread(target=_run, args=(office, submission_id, case, ended), name=submission_id, daemon=True).start()
    return ended


def _run(office: Office, submission_id: str, case: Case, ended: Event) -> None:
    try:
        with _turns:
            # The id belongs to the submission: what was on record before the process ended is not decided again.
            made, decision_id = None, id_of(submission_id)
            if on_record(office, decision_id):
                submissions.end(office.store, submission_id, decision_id=decision_id)
                return
            for n, step in enumerate(office.desks.live.stream(case, decision_id), 1):
                made = step.fields["decision"].id if "decision" in step.fields else made
                spent = step.fields.get("spent")
                seconds = spent[-1].seconds if spent else 0.0
                submissions.note_step(office.store, submission_id, n, step.node, seconds, told(step))
            submissions.end(office.store, submission_id, decision_id=made)
    except Exception:  # whatever deciding raises ends this case alone
        _log.exception("case %s could not be decided", submission_id)
        _fail(office, submission_id)
    finally:
        ended.set()


def _fail(office: Office, submission_id: str) -> None:
    try:
        submissions.end(office.store, submission_id, error="It broke on our side; send it again. The log says more.")
        authors.release(office, id_of(submission_id))
    except StoreError:
        _log.warning("case %s: its failure could not be kept", submission_id)


def told(step: Progress) -> dict[str, JsonValue]:
    """Return what a step found, for people who may read cases."""
    fields, out = step.fields, dict[str, JsonValue]()
    if "perception" in fields:
        seen = fields["perception"]
        out |= {"views": len(seen.views), "gaps": list(seen.gaps), "addressed": seen.addressed}
    if "route" in fields:
        out |= {"risk": round(fields["route"].risk, 4), "clear": fields["route"].clear, "audit": fields["route"].audit}
    if "retrieved" in fields:
        out["rules"] = [found.rule_id for found in fields["retrieved"]]
    if "ranking" in fields:
        out["scores"] = {s.rule_id: round(s.probability, 4) for s in fields["ranking"].scores[:5]}
        out |= {"depth": fields["doubt"].depth, "causes": list(fields["doubt"].causes)}
    if "draft" in fields:
        draft = fields["draft"]
        out |= {"outcome": draft.outcome, "rule": draft.rule_id, "probability": round(draft.probability, 4)}
        out["chain"] = [{"name": s.name, "text": s.text} for s in draft.chain]
    if fields.get("critiques"):
        last = fields["critiques"][-1]
        out |= {"ruling": last.ruling, "score": round(last.score, 4), "notes": list(last.notes)}
        out["failed"] = [c.name for c in last.checks if not c.passed]
    if "decision" in fields:
        out |= {"outcome": fields["decision"].outcome, "decision_id": fields["decision"].id}
    return out


__all__ = ["LABELS", "read", "steps", "submit", "told", "wait"]
