"""A question about a case, answered from its record, or by a language model that looks things up in it.

The answer is agents' own; what of a model's does not hold falls back to the embedded one, and that is said.
"""

from functools import partial

from agents.conversation import Answer, converse
from agents.lookup import Version
from agents.questions import answer
from cases.exchange import Usage
from graphs.bench import nearest, rescored
from graphs.wiring import speakers
from web.identity import Actor
from web.office import Office
from web.problem import Problem
from web.store import journal
from web.work.marks import blind

LONGEST = 500


def ask(office: Office, actor: Actor, decision_id: str, question: str) -> Answer:
    """Answer a question about a case; raise Problem 422 for a blank one, 403 for who reads the case blind."""
    question = question.strip()
    if not question or len(question) > LONGEST:
        raise Problem(422, f"Ask something, in at most {LONGEST} characters.", param="question", code="bad_question")
    found = office.record(decision_id)
    if blind(office, actor, found.decision.id):
        raise Problem(403, "The answer would tell the first verdict; give your opinion first.", code="blind")
    journal.note(office.store, actor.id, "case.ask", found.decision.id)
    deps = office.desks.desk(found.pack).deps
    rescore, similar = partial(rescored, deps), partial(nearest, deps)
    record = (found.decision, found.case, found.pack, found.edits)
    spoken = speakers(office.settings)
    if not spoken:
        return Answer(reply=answer(question, *record, rescore=rescore, similar=similar), by="embedded")

    def history(pack_id: str) -> list[Version]:
        return [Version(version=v, digest=d, at=at) for v, d, at in office.ledger.policies(pack_id)]

    spent = Usage()
    for speaker in spoken:
        made = converse(
            question, *record, speaker=speaker, allowance=office.settings.allowance.less(spent), rescore=rescore,
            similar=similar, history=history,
        )  # fmt: skip
        spent += made.usage
        if made.fallback is None:
            break
    return made.model_copy(update={"usage": spent})
