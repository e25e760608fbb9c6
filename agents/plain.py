"""A notice with an explanation in plain words that a language model wrote, in the language of the person concerned.

The notice of agents.notice is the source and stays whole: head, rule, quoted words, placeholders and ways to complain
are sent as they are, and the model adds a paragraph between them. Contract: the model sees the notice alone, so that it
knows nothing else of the record; what it writes is held against the record all the same (agents.disclosure). A notice
that offers support is never rewritten: people wrote it with care for a person in danger.
"""

from collections.abc import Sequence

from pydantic import ValidationError

from agents.ask import Chat
from agents.disclosure import Inside, inside, leaks
from agents.excerpt import flat
from agents.explainer import explain
from agents.framing import neutral
from agents.notice import SUPPORT
from agents.opinion import Closed, Schema
from agents.prompt import render
from agents.standing import standing
from agents.tongue import TONGUES, Tongue
from cases.case import Case
from cases.decision import Decision, Edit, Outcome
from cases.exchange import Allowance, Message, Said, Unanswered, Usage
from cases.model import Fact
from policy_store.pack import Pack

MOST = 600
MAX_CHARS = 1200
EMBEDDED = "embedded"
SCHEMA: Schema = {
    "title": "plain",
    "type": "object",
    "properties": {"text": {"type": "string", "maxLength": MAX_CHARS}},
    "required": ["text"],
    "additionalProperties": False,
}


class Plain(Fact):
    """A notice as it may be sent, who wrote its plain words (`embedded`: nobody), and what asking cost.

    `fallback` says why the notice stands without plain words, None where it has them; it is for whoever runs the
    program and never for the person concerned.
    """

    text: str
    by: str
    usage: Usage = Usage()
    fallback: str | None = None


class _Written(Closed):
    text: str


def plain_notice(
    decision: Decision,
    case: Case,
    pack: Pack,
    edits: Sequence[Edit] = (),
    *,
    chat: Chat,
    allowance: Allowance,
    language: str | None = None,
) -> Plain:
    """Return the notice to the person concerned with plain words by a model, or as it is where none hold.

    `language` is a code or a locale such as `de` or `pt-BR`, English for None. Raise WrongRecord when case, pack or an
    edit is not the decision's, Misbound when the model can never answer as it is set up.
    """
    notice = explain(decision, case, pack, "user", edits)
    held = standing(decision, case, pack, edits)
    rule = pack.by_id.get(held.rule_id or "")
    code = (language or "en").replace("_", "-").partition("-")[0].casefold()
    if rule is not None and rule.action == SUPPORT and held.outcome != "allow":
        return Plain(text=notice, by=EMBEDDED, fallback="a notice that offers support is sent as people wrote it")
    if code not in TONGUES:
        return Plain(text=notice, by=EMBEDDED, fallback=f"no language {language!r}; there are {', '.join(TONGUES)}")
    secret = inside(decision, edits, pack, (chat.name,), notice)
    asking = _Asking(notice, secret, TONGUES[code], held.outcome)
    try:
        text = asking.written(chat, allowance)
    except Unanswered as error:
        return Plain(
            text=notice, by=EMBEDDED, usage=asking.usage, fallback=f"{error.failure}: {error}"
        )  # fmt: skip
    head, _, rest = notice.partition("\n\n")
    whole = render("plain_notice", head=head, heading=TONGUES[code].heading, text=text, rest=rest.rstrip("\n"))
    return Plain(text=whole, by=chat.name, usage=asking.usage)


class _Asking:
    """One text asked for, at most twice, and what that has cost so far."""

    def __init__(self, notice: str, secret: Inside, tongue: Tongue, outcome: Outcome) -> None:
        self.notice, self.secret, self.tongue, self.outcome = notice, secret, tongue, outcome
        self.usage = Usage()

    def written(self, chat: Chat, allowance: Allowance) -> str:
        """Return a text that tells nothing beyond the notice; raise Unanswered where none came."""
        opening: tuple[Message, ...] = (
            Message(author="system", text=render("plain_system", language=self.tongue.name)),
            Message(author="user", text=render("plain_case", notice=neutral(self.notice))),
        )
        messages, wrong = opening, ["nothing was answered"]
        for _ in range(2):
            try:
                said = chat(messages, allowance.less(self.usage), schema=SCHEMA, depth="none", most=MOST)
            except Unanswered as error:
                self.usage += error.usage
                raise
            self.usage += said.usage
            text, wrong = self._read(said)
            if not wrong:
                return text
            mend = render("plain_repair", faults="\n".join(f"- {neutral(w)}" for w in wrong))
            messages = (*opening, Message(author="assistant", text=said.text), Message(author="user", text=mend))
        raise Unanswered("malformed_answer", f"the text did not hold: {'; '.join(wrong)}")

    def _read(self, said: Said) -> tuple[str, list[str]]:
        if said.cut:
            return "", ["the text was cut off at its token limit; be shorter"]
        start, end = said.text.find("{"), said.text.rfind("}")
        if start < 0 or end < start:
            return "", ["the answer holds no JSON object"]
        try:
            text = flat(_Written.model_validate_json(said.text[start : end + 1]).text)
        except ValidationError as error:
            return "", [f"{'.'.join(map(str, e['loc'])) or 'answer'}: {e['msg']}" for e in error.errors()[:6]]
        if not any(ch.isalpha() for ch in text):
            return "", ["text is empty"]
        if len(text) > MAX_CHARS:
            return "", [f"text has {len(text)} characters; {MAX_CHARS} is the most"]
        return text, leaks(text, self.notice, self.secret, self.tongue, self.outcome)
