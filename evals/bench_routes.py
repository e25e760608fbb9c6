"""The routes of a case through the graph, and the models that lead it there: what they say is set, not measured.

Not a quality measure and no server: model calls are counted by route, and `evals.bench_depth` times the same routes.
A route that the graph does not take as it was meant to is an error, so no row ever counts another one.
"""

import json
import re
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from math import log
from typing import TYPE_CHECKING, NamedTuple

from agents.ask import Chat, Odds
from agents.rulebook import statement_text
from cases.case import Case, Part
from cases.decision import Decision, Depth
from cases.exchange import Allowance, First, Message, Said, Token, Usage
from evals.bench import POLICY, Row, new_home
from policy_store.loader import load_pack
from tools.budget import guessed

if TYPE_CHECKING:
    from graphs.desk import Desk

PLENTY = Allowance(seconds=600.0, tokens=10_000_000)
STALKER = "Keep talking, Dana. I know which bus you take home and I will be at the stop."
RULE, QUOTE = "HR2", "I know which bus you take home and I will be at the stop"
Set = Mapping[str | None, float]
ONE = Usage(calls=1)


def posted(text: str) -> Case:
    """Return a case of one text."""
    return Case(id="bench", parts=(Part(id="text", kind="text", text=text),))


class Sent(NamedTuple):
    """What one ask of a model put to it: prompts that go out at once, tokens of an answer at most, and its form."""

    prompts: tuple[tuple[Message, ...], ...]
    most: int = 1
    schema: Mapping[str, object] | None = None
    depth: Depth = "none"


@dataclass
class SetOdds:
    """Odds that are set: the probability of Yes by what stands in the prompt, else the one of None.

    `through` is asked first where it is given: what it says is left unread, what it took is kept.
    """

    of: Set
    through: Odds | None = None
    sent: list[Sent] = field(default_factory=list)
    name: str = "set/odds"

    def __call__(
        self, prompts: Sequence[Sequence[Message]], allowance: Allowance, *, tokens: Sequence[str] = ()
    ) -> tuple[First, ...]:
        """Return the odds that are set for each prompt."""
        self.sent.append(Sent(tuple(tuple(prompt) for prompt in prompts)))
        asked = (
            [f.usage for f in self.through(prompts, allowance, tokens=tokens)] if self.through else [ONE] * len(prompts)
        )
        found = []
        for *_, question in prompts:
            p = next((p for words, p in self.of.items() if words and words in question.text), self.of[None])
            found.append((Token(text="Yes", logprob=log(p)), Token(text="No", logprob=log(1 - p))))
        return tuple(First(tokens=tokens, usage=usage) for tokens, usage in zip(found, asked, strict=True))


@dataclass
class SetChat:
    """Words that are set: a sound answer made of the prompt. `depths` keeps how deep each was asked to be.

    `through` is as in SetOdds. It may write as much as is set, so that how long an answer is says nothing of a model.
    """

    make: Callable[[str], Mapping[str, object]]
    through: Chat | None = None
    sent: list[Sent] = field(default_factory=list)
    name: str = "set/words"
    depths: list[Depth] = field(default_factory=list)

    def __call__(
        self, messages: Sequence[Message], allowance: Allowance, *, schema: Mapping[str, object] | None = None,
        depth: Depth = "short", most: int = 1024,
    ) -> Said:  # fmt: skip
        """Return the answer that is set."""
        text, usage = json.dumps(self.make(messages[1].text)), ONE
        most = min(most, guessed([Message(author="assistant", text=text)]))
        self.depths.append(depth)
        self.sent.append(Sent((tuple(messages),), most, schema, depth))
        if self.through:
            usage = self.through(messages, allowance, schema=schema, depth=depth, most=most).usage
        return Said(text=text, usage=usage)


class Strayed(RuntimeError):
    """A case that took another route than it was to take."""


class Way(NamedTuple):
    """A route: its name, the depth of its reasoner (None: it is not asked), the ranker's odds, each round's ruling.

    `sure` says that the first token of the reasoner is sure already.
    """

    name: str
    depth: Depth | None
    ranks: Set
    rulings: tuple[str, ...] = ()
    sure: bool = False

    def take(self, desk: "Desk", case: Case, odds: Odds | None = None, chat: Chat | None = None) -> "Taken":
        """Send a case of this route through the graph; the models that are set ask `odds` and `chat` first.

        Raise Strayed where the graph takes another route.
        """
        from agents.chain import Writer
        from graphs.deps import Models
        from graphs.ranking import Asking, Ranker

        left, sent = iter(self.rulings), list[Sent]()
        writer = SetChat(opinion, chat, sent)
        critic = SetChat(lambda _: assessment(next(left, "veto")), chat, sent)
        first = SetOdds({None: 0.999 if self.sure else 0.5}, odds, sent)
        models = Models(
            Ranker(desk.deps.book.pack, (Asking(SetOdds(self.ranks, odds, sent), writer),)),
            Writer((writer,), first), (critic,), allowance=PLENTY,
        )  # fmt: skip
        own = copy(desk)  # with the graph that it has compiled, which takes longer than many a case
        own.deps = replace(desk.deps, models=models)
        begun = time.perf_counter()
        decision = own.decide(case)
        seconds = time.perf_counter() - begun
        if writer.depths != [self.depth] * len(self.rulings) or len(critic.depths) != len(self.rulings):
            asked = f"the reasoner is asked at {writer.depths!r} and the critic {len(critic.depths)} times"
            raise Strayed(f"{self.name}: {asked}; set odds and a text that lead to {self.depth!r}")
        return Taken(decision, tuple(sent), seconds)


class Taken(NamedTuple):
    """What came of a case on its route, all that models were asked on it, in order, and its seconds."""

    decision: Decision
    sent: tuple[Sent, ...]
    seconds: float


def ways() -> tuple[Way, ...]:
    """Return the routes that lead to models."""
    law = statement_text(load_pack(POLICY).by_id[RULE])
    sure, unsure = ({law: p, "Any violation": p, None: 0.01} for p in (0.99, 0.7))
    rivals: Set = {None: 0.7}
    return (
        Way("the ranker alone", None, sure),
        Way("ranker, reasoner at depth none, critic", "none", unsure, ("accept",), sure=True),
        Way("ranker, reasoner at depth short, critic", "short", unsure, ("accept",)),
        Way("ranker, reasoner at depth full, critic", "full", rivals, ("accept",)),
        Way("the same, sent back once", "full", rivals, ("revise", "accept")),
    )


def routes() -> list[Row]:
    """Count the model calls of a case by the route that it takes through the graph; no server is asked."""
    from graphs.wiring import open_desk

    with new_home() as settings, open_desk(settings, waits=False) as desk:
        return [_counted(f"Model calls a case: {way.name}", way.take(desk, posted(STALKER)).decision) for way in ways()]


def opinion(prompt: str) -> dict[str, object]:
    """Return an opinion that acts on the threat, about the rules that a prompt offers."""
    offered = re.findall(r'^<rule id="([^"]+)">', prompt, re.MULTILINE)
    screening = [{"rule_id": r, "reason": "As said.", "verdict": "hit" if r == RULE else "not_hit"} for r in offered]
    rubric = load_pack(POLICY).rubric.dimensions
    return {
        "location": [{"part": "text", "quote": QUOTE}], "explicit": "He will wait for her.", "screening": screening,
        "cause": "She is told that she is followed.", "stance": "direct", "rule_id": RULE, "clause_ids": [RULE],
        "grades": [{"dimension": d.id, "reason": "Seen.", "level": 3} for d in rubric],
        "outcome": "act", "confidence": 97,
    }  # fmt: skip


def assessment(ruling: str) -> dict[str, object]:
    """Return a critic's answer with that ruling."""
    line = {"clause_id": RULE, "weight": 0.5, "reason": "Met.", "level": 4}
    criteria = [line | {"name": name} for name in ("a person is threatened", "the words are quoted")]
    return {"criteria": criteria, "obeyed_content": False, "notes": [], "fixes": [], "ruling": ruling}


def _counted(name: str, decision: Decision) -> Row:
    calls: Counter[str] = Counter()
    for line in decision.spent:
        calls[line.stage] += line.models.calls if line.models else 0
    detail = ", ".join(f"{stage} {n}" for stage, n in calls.items() if n)
    return Row(name=name, measured=str(calls.total()), detail=detail)
