"""Questions about a decision, answered by a language model that looks things up (LangChain's create_agent).

The embedded answers (agents.questions) stay the fallback: what a model says counts only once every clause, quotation,
number and letter of it holds (agents.claim). Contract: look-ups read and never write; a question costs at most LOOKUPS
of them, one repair, and what the allowance leaves; question and case are material, never instructions.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from agents.bounds import LOOKUPS, MOST, Bounds, Speaker, limited
from agents.claim import Claim, Form, Shapeless, faults, form_of, parse, replied, schema
from agents.framing import framed, neutral
from agents.inquiry import MAX_READ, read_question
from agents.lookup import Found, History, Shelf, overview
from agents.prompt import render
from agents.questions import answer
from agents.reply import Docket, Reply, Rescore, Similar
from agents.standing import standing
from agents.toolset import tools
from cases.case import Case
from cases.decision import Decision, Edit
from cases.exchange import Allowance, Misbound, Unanswered, Usage
from cases.model import Fact
from policy_store.pack import Pack

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage, AnyMessage

    Agent = Callable[[list[AnyMessage]], list[AnyMessage]]

CASE_CHARS = 6000
EMBEDDED = "embedded"
_FORMS: dict[Form | None, str] = {
    "choice": "It is a multiple choice: the answer begins with one of its letters.",
    "yes_no": "It is a yes-or-no question: the answer begins with Yes or No.",
    "what_how": "",
    None: "",
}


class Answer(Fact):
    """An answer, who made it (`embedded` or a backend) and what asking cost.

    `fallback` says why the embedded answer stands where a model's was wanted; None where it does not.
    """

    reply: Reply
    by: str
    usage: Usage = Usage()
    fallback: str | None = None


def converse(
    question: str,
    decision: Decision,
    case: Case,
    pack: Pack,
    edits: Sequence[Edit] = (),
    *,
    speaker: Speaker,
    allowance: Allowance,
    rescore: Rescore | None = None,
    similar: Similar | None = None,
    history: History | None = None,
) -> Answer:
    """Return the answer to a question: a model's where all of it holds, else the embedded one and why.

    `rescore` and `similar` are as in agents.questions, `history` tells the versions of a policy on record. Raise
    WrongRecord when case, pack or an edit is not the decision's, Misbound when the speaker can never answer.
    """
    held = standing(decision, case, pack, edits)
    talk = _Talk(Docket(decision, case, pack, tuple(edits), held, rescore, similar), question, history)
    bounds = Bounds(speaker, allowance, schema(talk.docket))
    try:
        reply = talk.reply(bounds)
    except Unanswered as error:
        made = answer(question, decision, case, pack, edits, rescore, similar)
        return Answer(reply=made, by=EMBEDDED, usage=bounds.usage, fallback=f"{error.failure}: {error}")
    return Answer(reply=reply, by=speaker.name, usage=bounds.usage)


class _Talk:
    """One conversation, with all that was shown in it, against which its answer is held."""

    def __init__(self, docket: Docket, question: str, history: History | None) -> None:
        self.docket = docket
        self.question = question[:MAX_READ]
        self.inquiry = read_question(question, docket.pack)
        self.shelf = Shelf(docket, history)
        self.shown: list[Found] = []

    def reply(self, bounds: Bounds) -> Reply:
        """Return an answer that holds; raise Unanswered where neither the first nor the mended one does."""
        from langchain_core.messages import HumanMessage

        agent = self._agent(bounds)
        messages: list[AnyMessage] = [HumanMessage(self._opening())]
        wrong: list[str] = []
        for bounds.closing in (False, True):
            messages = agent(messages)
            claim, wrong = self._read(messages[-1])  # type: ignore[arg-type]
            if claim is not None and not wrong:
                return replied(claim, self.docket, self.inquiry)
            messages.append(HumanMessage(neutral(render("ask_repair", faults="\n".join(f"- {w}" for w in wrong)))))
        raise Unanswered("malformed_answer", f"the answer did not hold: {'; '.join(wrong)}")

    def _agent(self, bounds: Bounds) -> "Agent":
        try:
            from langchain.agents import create_agent
        except ImportError as error:
            raise Misbound(f"asking a model needs langchain ({error}); pip install 'precept[models]'") from None

        graph = create_agent(
            bounds.speaker(bounds.allowance.seconds, MOST),  # never asked: every turn is given a model of its own
            tools(self.shelf, self.shown.append),
            system_prompt=render("ask_system", title=self.docket.pack.title, most=str(LOOKUPS)),
            middleware=[limited(bounds)],
        )
        return lambda messages: list(graph.invoke({"messages": [*messages]})["messages"])

    def _opening(self) -> str:
        first = overview(self.docket)
        self.shown.append(first)
        return render(
            "ask_case", content=framed(self.docket.case, CASE_CHARS), record=neutral(first.text),
            question=neutral(self.question), form=_FORMS[form_of(self.inquiry)],
        )  # fmt: skip

    def _read(self, reply: "AIMessage") -> tuple[Claim | None, list[str]]:
        if reply.response_metadata.get("finish_reason") == "length":
            return None, ["the answer was cut off at its token limit; be shorter"]
        try:
            claim = parse(str(reply.text))
        except Shapeless as error:
            return None, [str(error)]
        shown = "\n".join((*(f.text for f in self.shown), *self.docket.case.context))
        facts = [line for f in self.shown for line in f.facts]
        return claim, faults(claim, self.docket, self.inquiry, shown, facts)
