"""A ranking by a guard model: asks what its adapter wrote, reads what comes back, and puts the rules together."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from agents.ask import Chat, Odds
from agents.asker import NOTHING, Answer, Asked, Likely
from agents.guards.guard import Guard, GuardPrompt, Heard
from cases.case import Case
from cases.exchange import Allowance, First, Said, Unanswered, Usage
from policy_store.pack import Pack
from policy_store.rule import Rule

MOST_AT_ONCE = 16


def rank_by_guard(
    guard: Guard, case: Case, rules: Sequence[Rule], pack: Pack, odds: Odds, chat: Chat, allowance: Allowance
) -> Asked:
    """Return a guard's scores of the rules, in their order.

    Prompts for odds go out in one call; those for words at once too, the tokens that are left shared out evenly. Raise
    Unanswered, with all that was spent, when one stays without an answer or has one that is not of the guard's format.
    """
    if not rules:
        return NOTHING
    prompts = guard.prompts(case, rules, pack)
    by_odds = [p for p in prompts if p.mode == "odds"]
    by_text = [p for p in prompts if p.mode == "text"]
    heard: list[Heard] = []
    usage = Usage()
    if by_odds:
        spellings = tuple(dict.fromkeys(s for p in by_odds for s in p.spellings))
        firsts = odds([p.messages for p in by_odds], allowance, tokens=spellings)
        usage = sum((first.usage for first in firsts), usage)
        heard += _read(guard, by_odds, firsts, odds.name, usage)
    if by_text:
        said, usage = _said(chat, by_text, allowance, usage)
        heard += _read(guard, by_text, said, chat.name, usage)
    return _together(rules, heard, usage)


def _said(
    chat: Chat, prompts: Sequence[GuardPrompt], allowance: Allowance, spent: Usage
) -> tuple[tuple[Said, ...], Usage]:
    left = allowance.less(spent)
    share = Allowance(seconds=left.seconds, tokens=left.tokens // len(prompts))

    def ask(prompt: GuardPrompt) -> Said | Unanswered:
        try:
            return chat(prompt.messages, share, schema=prompt.schema, depth=prompt.depth, most=prompt.most)
        except Unanswered as error:
            return error

    with ThreadPoolExecutor(min(len(prompts), MOST_AT_ONCE)) as pool:
        got = list(pool.map(ask, prompts))
    cost = sum((answer.usage for answer in got), Usage())
    # They were waited for together, not one after another.
    usage = spent + cost.model_copy(update={"seconds": max(answer.usage.seconds for answer in got)})
    for answer in got:
        if isinstance(answer, Unanswered):
            raise Unanswered(answer.failure, str(answer), usage) from answer
    return tuple(answer for answer in got if isinstance(answer, Said)), usage


def _read(
    guard: Guard, prompts: Sequence[GuardPrompt], answers: Sequence[First | Said], who: str, usage: Usage
) -> list[Heard]:
    try:
        return [guard.read(prompt, answer) for prompt, answer in zip(prompts, answers, strict=True)]
    except Unanswered as error:
        raise Unanswered(error.failure, f"{who} as {guard.name}: {error}", usage) from error


def _together(rules: Sequence[Rule], heard: Sequence[Heard], usage: Usage) -> Asked:
    scores = dict(score for one in heard for score in one.scores)
    weighed = [(one, one.odds) for one in heard if one.odds is not None]
    return Asked(
        probabilities=tuple(Likely(rule.id, scores[rule.id]) for rule in rules),
        any=max(one.any for one in heard),
        usage=usage,
        answers=tuple(Answer(score.rule_id, odds) for one, odds in weighed for score in one.scores),
        outside=max((odds.outside for _, odds in weighed), default=0.0),
        unmapped=tuple(dict.fromkeys(name for one in heard for name in one.unmapped)),
        unknown=tuple(dict.fromkeys(rule_id for one in heard for rule_id in one.unknown)),
    )
