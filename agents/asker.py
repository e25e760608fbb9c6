"""The ranker that is a language model: single questions about a case, each answered by one token (M3).

Template is how they are put (M4):
P1 the overall question alone. It says nothing of single rules, so these share its answer out by `shares`, which are the
   embedded ranker's where the caller has them and equal where not;
P2 each rule's statement by itself, and the overall question separately;
P3 in sequence: first the overall question, then each rule in the same conversation, after the answer;
P4 the rule's full definition first, then both questions, each by itself.
What was found for a rule (p) and overall (q) is assembled (M5). Nothing is calibrated here.

The content comes first, with its pictures for a backend that sees, and the rule last, so that all questions about a
case share their beginning in the server's prefix cache; all questions of a step go out in one call.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from agents.ask import Odds
from agents.assembly import Assembly, assemble
from agents.calibration import Template
from agents.exhibit import NOTHING as UNSEEN
from agents.exhibit import Exhibits
from agents.framing import framed, turn, written
from agents.prompt import render
from agents.rulebook import statement_text
from agents.vectors import Floats
from agents.yesno import MOST_OUTSIDE, VARIANTS, YesNo, weigh_tokens
from cases.case import Case
from cases.exchange import Allowance, First, Message, Unanswered, Usage
from cases.model import Fact
from policy_store.pack import Pack
from policy_store.rule import Rule

BEST: Assembly = "weighted"  # the source's best by PR-AUC
Prompt = tuple[Message, ...]


class Likely(NamedTuple):
    """A rule and the probability in [0, 1] that the case violates it, as a model has it: not calibrated."""

    rule_id: str
    probability: float


class Answer(NamedTuple):
    """How a question was answered; `rule_id` is None for the overall one."""

    rule_id: str | None
    odds: YesNo


class Asked(Fact):
    """What a model found: each rule in the order asked, and `any`, the larger of the overall answer and the best rule.

    `answers` are the single ones before assembly, in the order in which they were asked (none where a guard answered in
    words); `outside` is the largest share that neither word had in one of them. `unmapped` are categories that a
    guard named and no rule asked about stands for; `unknown` are rules that its taxonomy has no word for. `saw` are the
    files that the model was shown as a whole in every question.
    """

    probabilities: tuple[Likely, ...]
    any: float
    usage: Usage
    answers: tuple[Answer, ...] = ()
    outside: float = 0.0
    unmapped: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    saw: tuple[str, ...] = ()


NOTHING = Asked(probabilities=(), any=0.0, usage=Usage())


def rank_by_model(
    case: Case, rules: Sequence[Rule], pack: Pack, odds: Odds, allowance: Allowance, *, template: Template = "P2",
    assembly: Assembly = BEST, profile: str | None = None, shares: Sequence[float] | None = None,
    most_outside: float = MOST_OUTSIDE, exhibits: Exhibits = UNSEEN,
) -> Asked:  # fmt: skip
    """Ask about every rule of a case, as a profile has it (the case's own where None), and assemble the answers.

    `shares` are one weight >= 0 a rule, for P1 alone. Raise Unanswered when an answer is missing, has neither word, or
    has more than `most_outside` of its weight on other words.
    """
    if not rules:
        return NOTHING
    asking = _Asking(odds, allowance, most_outside)
    ids = [rule.id for rule in rules]
    if template == "P4":
        pairs = [(rule, overall) for rule in rules for overall in (False, True)]
        found = asking(
            [defined(case, rule, pack, profile, overall=overall, exhibits=exhibits) for rule, overall in pairs]
        )
        p, q = _p(found[0::2]), _p(found[1::2])
        named = [None if overall else rule.id for rule, overall in pairs]
    else:
        opening = question(case, pack, overall_text(pack), profile, exhibits)
        laws = [statement_text(rule) for rule in rules]
        if template == "P2":
            found = asking([opening, *(question(case, pack, law, profile, exhibits) for law in laws)])
        else:
            found = asking([opening])
        if template == "P3":
            found += asking([sequel(opening, found[0].p, law) for law in laws])
        p, q = _p(found[1:]), _p(found[:1])
        named = [None, *ids][: len(found)]
    scores = q * _shares(shares, len(rules)) if template == "P1" else assemble(p, q, assembly)
    return Asked(
        probabilities=tuple(Likely(i, float(s)) for i, s in zip(ids, scores, strict=True)),
        any=float(max(q.max(), scores.max())),
        usage=asking.usage,
        answers=tuple(Answer(*pair) for pair in zip(named, found, strict=True)),
        outside=max(answer.outside for answer in found),
        saw=tuple(sorted(exhibits.whole)),
    )


def overall_text(pack: Pack) -> str:
    """Return the question that no rule asks alone, in a rule's form: does the case break any rule of the pack."""
    return f"Any violation: breaks a rule of the policy, on {', '.join(scene.name for scene in pack.scenes)}."


def question(case: Case, pack: Pack, law: str, profile: str | None = None, exhibits: Exhibits = UNSEEN) -> Prompt:
    """Return the question whether a case violates a law; everything before the law is the same for all laws."""
    return _turns(pack, render("rank_case", rule=law, **_shown(case, pack, profile, exhibits)), exhibits)


def sequel(opening: Prompt, p: float, law: str) -> Prompt:
    """Return the question about a law that follows on an opening one, answered Yes with probability p."""
    answered = Message(author="assistant", text="Yes" if p >= 0.5 else "No")
    return (*opening, answered, Message(author="user", text=render("rank_next", rule=law)))


def defined(
    case: Case, rule: Rule, pack: Pack, profile: str | None = None, *, overall: bool = False,
    exhibits: Exhibits = UNSEEN,
) -> Prompt:  # fmt: skip
    """Return the question that follows a rule's full definition: about this rule, or the overall one."""
    law = overall_text(pack) if overall else f"The rule {rule.id} above."
    definition = written(rule, pack, profile or case.profile)
    text = render("rank_defined", definition=definition, rule=law, **_shown(case, pack, profile, exhibits))
    return _turns(pack, text, exhibits)


def _turns(pack: Pack, text: str, exhibits: Exhibits) -> Prompt:
    return Message(author="system", text=render("rank_system", title=pack.title)), turn("user", text, exhibits)


def _shown(case: Case, pack: Pack, profile: str | None, exhibits: Exhibits) -> dict[str, str]:
    audience = pack.profile(profile or case.profile).text
    return {"content": framed(case, exhibits=exhibits), "surface": case.surface, "audience": audience}


class _Asking:
    """Asks in steps: keeps what was spent, so that a failure tells all of it."""

    def __init__(self, odds: Odds, allowance: Allowance, most_outside: float) -> None:
        self.usage = Usage()
        self._odds, self._allowance, self._most_outside = odds, allowance, most_outside

    def __call__(self, prompts: Sequence[Prompt]) -> list[YesNo]:
        try:
            firsts = self._odds(prompts, self._allowance.less(self.usage), tokens=VARIANTS)
        except Unanswered as error:
            raise Unanswered(error.failure, str(error), self.usage + error.usage) from error
        self.usage = sum((first.usage for first in firsts), self.usage)
        return [self._weighed(first) for first in firsts]

    def _weighed(self, first: First) -> YesNo:
        try:
            return weigh_tokens(first, most_outside=self._most_outside)
        except Unanswered as error:
            raise Unanswered(error.failure, f"{self._odds.name}: {error}", self.usage) from error


def _p(answers: Sequence[YesNo]) -> Floats:
    return np.array([answer.p for answer in answers], np.float64)


def _shares(weights: Sequence[float] | None, rules: int) -> Floats:
    given = np.ones(rules) if weights is None else np.asarray(weights, np.float64)
    if given.shape != (rules,):
        raise ValueError(f"{len(given)} shares for {rules} rules; give one weight a rule, in their order")
    total = float(given.sum())
    return np.asarray(given / total if total > 0 else np.full(rules, 1 / rules), np.float64)
