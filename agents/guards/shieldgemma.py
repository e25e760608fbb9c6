"""ShieldGemma (the text models, 2B to 27B): one guideline a prompt, Yes or No by the first token's odds.

From the model card at ai.google.dev and google/shieldgemma-2b: a preamble, the text between turn marks, the principle,
a rule of equals signs, and a question that is to be answered Yes or No first; the score is the softmax over these two.
Guidelines are free text, so our rules fit as they are, and the text comes before them: rules share its prefix. The
model's own chat template takes the guideline as an argument that a chat cannot carry, so the server is given
`template`. ShieldGemma 2 reads images alone and is no part of this.
"""

from collections.abc import Sequence

from agents.guards.guard import GuardPrompt, Heard, principle, shown, weighed
from agents.prompt import render
from agents.yesno import VARIANTS
from cases.case import Case
from cases.exchange import First, Message, Said
from policy_store.pack import Pack
from policy_store.rule import Rule


class ShieldGemma:
    """Speaks to ShieldGemma."""

    name = "shieldgemma"
    template = "{{ bos_token }}{% for m in messages %}{{ m['content'] }}{% endfor %}{{ '\\n\\n' }}"

    def prompts(self, case: Case, rules: Sequence[Rule], pack: Pack) -> tuple[GuardPrompt, ...]:
        """Return one ask a rule."""
        content = shown(case)
        texts = [
            render("guard_shieldgemma", content=content, title=rule.type, law=principle(rule, pack)) for rule in rules
        ]
        return tuple(
            GuardPrompt((Message(author="user", text=text),), (rule.id,), "odds", spellings=VARIANTS)
            for rule, text in zip(rules, texts, strict=True)
        )

    def read(self, prompt: GuardPrompt, answer: First | Said) -> Heard:
        """Return the odds of Yes."""
        return weighed(prompt, answer, "yes", "no", ("Yes", "No"))
