"""A question about a case, answered from its record, or by a language model that looks things up in it.

The answer is agents' own; what of a model's does not hold falls back to the embedded one, and that is said.
"""

from collections.abc import Mapping, Sequence

from agents.conversation import Answer, converse
from agents.lookup import Version
from agents.questions import answer
from cases.decision import Precedent
from cases.exchange import Usage
from cases.text import fold
from graphs.deps import Deps
from graphs.wiring import speakers
from web.identity import Actor
from web.office import Office
from web.problem import Problem
from web.store import journal
from web.work.marks import blind

LONGEST = 500


class Bench:
    """What measures anew, on the desk of the policy that the case was decided under."""

    def __init__(self, deps: Deps) -> None:
        self.deps = deps

    def rescore(self, texts: Sequence[str]) -> Sequence[Mapping[str, float]]:
        """Return for each text the calibrated probability of every rule."""
        ids = [rule.id for rule in self.deps.book.rules]
        return [dict(zip(ids, map(float, row), strict=True)) for row in self.deps.score(texts)]

    def similar(self, text: str, count: int) -> Sequence[Precedent]:
        """Return the examples of the policy nearest to a text, of every rule and both sides."""
        book = self.deps.book
        vector = self.deps.encode([fold(text)])[0]
        sides = ((True, book.violating_list, book.violating), (False, book.allowed_list, book.allowed))
        known = [
            Precedent(id=e.id, rule_id=rule, violating=violating, similarity=round(float(near), 4), text=e.text)
            for violating, examples, vectors in sides
            for (rule, e), near in zip(examples, vectors @ vector, strict=True)
        ]
        return sorted(known, key=lambda p: -p.similarity)[:count]


def ask(office: Office, actor: Actor, decision_id: str, question: str) -> Answer:
    """Answer a question about a case; raise Problem 422 for a blank one, 403 for who reads the case blind."""
    question = question.strip()
    if not question or len(question) > LONGEST:
        raise Problem(422, f"Ask something, in at most {LONGEST} characters.", param="question", code="bad_question")
    found = office.record(decision_id)
    if blind(office, actor, found.decision.id):
        raise Problem(403, "The answer would tell the first verdict; give your opinion first.", code="blind")
    journal.note(office.store, actor.id, "case.ask", found.decision.id)
    bench = Bench(office.desks.desk(found.pack).deps)
    record = (found.decision, found.case, found.pack, found.edits)
    spoken = speakers(office.settings)
    if not spoken:
        return Answer(reply=answer(question, *record, rescore=bench.rescore, similar=bench.similar), by="embedded")

    def history(pack_id: str) -> list[Version]:
        return [Version(version=v, digest=d, at=at) for v, d, at in office.ledger.policies(pack_id)]

    spent = Usage()
    for speaker in spoken:
        made = converse(
            question, *record, speaker=speaker, allowance=office.settings.allowance.less(spent), rescore=bench.rescore,
            similar=bench.similar, history=history,
        )  # fmt: skip
        spent += made.usage
        if made.fallback is None:
            break
    return made.model_copy(update={"usage": spent})
