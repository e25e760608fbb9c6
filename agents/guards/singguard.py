"""SingGuard: the active rules are part of the input; "safe" or "unsafe" first, the rule that was hit in an answer tag.

From the README of inclusionAI/Sing-Guard (arXiv 2606.22873): a policy is a list of "### Title" with a description
each and a last "### Safe"; the first line of an answer is the verdict, `<answer>…</answer>` holds a title of the active
policy or Safe; whatever stands between them is reasoning. The card says to expect answers outside the policy: they are
malformed here. Two ways to ask:
- SingGuard: one active rule a prompt, hit or not hit by the first token's odds: a rule judged alone is judged more
  reliably. The content comes first and the rule last.
- SingGuardJoint: all rules active in one prompt, answered in words, for servers that give no odds.

The system prompt that the model was trained with is in its chat template and was not to be had as text; that template
takes the policy as an argument which a chat cannot carry. Ours has the same parts in our words, and the server is given
a `template` without theirs: measure it on held-out cases before relying on it.
"""

import re
from collections.abc import Sequence

from agents.framing import framed
from agents.guards.guard import (
    Category,
    GuardPrompt,
    Heard,
    judged,
    malformed,
    matched,
    principle,
    weighed,
    worded,
)
from agents.guards.scale import SAFE, UNSAFE
from agents.prompt import render
from agents.yesno import variants
from cases.case import Case
from cases.exchange import First, Message, Said
from policy_store.pack import Pack
from policy_store.rule import Rule

SPELLINGS = variants("safe", "unsafe")
CHAT = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}{{ '\\n' }}{{ m['content'] }}<|im_end|>{{ '\\n' }}{% endfor %}"
    "<|im_start|>assistant{{ '\\n' }}"
)
_FIRST = re.compile(r"\W*(unsafe|safe)\b", re.IGNORECASE)
_ANSWER = re.compile(r"<answer>(.*?)</answer>", re.IGNORECASE | re.DOTALL)
JOINT_TOKENS = 1024


class SingGuard:
    """Speaks to SingGuard, one active rule at a time."""

    name = "singguard"
    template = CHAT

    def prompts(self, case: Case, rules: Sequence[Rule], pack: Pack) -> tuple[GuardPrompt, ...]:
        """Return one ask a rule."""
        return tuple(
            GuardPrompt(_turns(case, (rule,), pack), (rule.id,), "odds", spellings=SPELLINGS) for rule in rules
        )  # fmt: skip

    def read(self, prompt: GuardPrompt, answer: First | Said) -> Heard:
        """Return the odds that the one active rule is hit."""
        return weighed(prompt, answer, "unsafe", "safe", ("hit", "not hit"))


class SingGuardJoint:
    """Speaks to SingGuard with all rules active at once; it names the one that is hit."""

    name = "singguard-joint"
    template = CHAT

    def prompts(self, case: Case, rules: Sequence[Rule], pack: Pack) -> tuple[GuardPrompt, ...]:
        """Return one ask."""
        categories = tuple(Category(title(rule), (rule.id,)) for rule in rules)
        ids = tuple(rule.id for rule in rules)
        return (GuardPrompt(_turns(case, rules, pack), ids, "text", categories, most=JOINT_TOKENS),)

    def read(self, prompt: GuardPrompt, answer: First | Said) -> Heard:
        """Return which rule is hit; verdict and answer tag have to agree."""
        text = worded(answer)
        first, tags = _FIRST.match(text), _ANSWER.findall(text)
        if first is None or not tags:
            raise malformed(text, "it lacks a first line safe or unsafe, or an answer tag")
        verdict, named = first[1].casefold(), " ".join(tags[-1].split())
        if verdict == "safe" and named.casefold() == "safe":
            return judged(prompt, "not hit", SAFE, ())
        hit = matched(prompt, named)
        if verdict == "safe" or hit is None:
            raise malformed(text, "its first line and its answer tag disagree, or the tag names no active rule")
        return judged(prompt, "hit", UNSAFE, (hit,))


def title(rule: Rule) -> str:
    """Return a rule's title in an active policy: its id takes the place of the published letter."""
    return f"{rule.id}. {' '.join(rule.type.split())}"


def _turns(case: Case, rules: Sequence[Rule], pack: Pack) -> tuple[Message, ...]:
    active = "\n\n".join(f"### {title(rule)}\n  - {principle(rule, pack)}" for rule in rules)
    text = render("guard_singguard_case", content=framed(case), rules=active)
    return Message(author="system", text=render("guard_singguard")), Message(author="user", text=text)
