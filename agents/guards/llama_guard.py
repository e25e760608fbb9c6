"""Llama Guard 3 and 4: "safe", or "unsafe" and a second line of codes, S1 to S14 of the MLCommons hazards.

From the model cards in meta-llama/PurpleLlama and the prompt formats at llama.com. Two ways to ask:
- LlamaGuard: the content is the user's turn, the model's own template adds the hazards; one ask, in words. Under that
  template the model opens with a blank line, so that its first token says nothing.
- LlamaGuardRules: the taxonomy is ours. Each rule is the one category of a prompt of its own, and p is the first
  token's odds of "unsafe" against "safe", which is how the cards make a score. Its own template cannot be told rules
  through a chat, so the server is given `template`. The format wants categories before the conversation: what is shared
  between asks is a rule's beginning, over cases, and not a case's.

Llama Guard 1 and 2 number other hazards and are no part of this.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from agents.guards.guard import (
    Category,
    GuardPrompt,
    Heard,
    judged,
    malformed,
    matched,
    principle,
    shown,
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
from policy_store.taxonomy import Hazard

# S14, abuse of a code interpreter, is none of the hazards.
TAXONOMY: dict[str, frozenset[Hazard]] = {
    "S1": frozenset({"vcr"}), "S2": frozenset({"ncr"}), "S3": frozenset({"src"}), "S4": frozenset({"cse"}),
    "S5": frozenset({"dfm"}), "S6": frozenset({"spc_fin", "spc_hlt"}), "S7": frozenset({"prv"}),
    "S8": frozenset({"ipv"}), "S9": frozenset({"iwp"}), "S10": frozenset({"hte"}), "S11": frozenset({"ssh"}),
    "S12": frozenset({"sxc_prn"}), "S13": frozenset({"spc_ele"}), "S14": frozenset(),
}  # fmt: skip
SPELLINGS = variants("safe", "unsafe")
_ALL = "{% for m in messages %}{{ m['content'] }}{% endfor %}"
TEMPLATES = {
    3: "{{ bos_token }}<|start_header_id|>user<|end_header_id|>{{ '\\n\\n' }}" + _ALL + "<|eot_id|>"
       "<|start_header_id|>assistant<|end_header_id|>{{ '\\n\\n' }}",
    4: "{{ bos_token }}<|header_start|>user<|header_end|>{{ '\\n\\n' }}" + _ALL + "<|eot|>"
       "<|header_start|>assistant<|header_end|>{{ '\\n\\n' }}",
}  # fmt: skip


class LlamaGuard:
    """Speaks to Llama Guard 3 or 4 in its own taxonomy."""

    name = "llama-guard"
    template = None

    def prompts(self, case: Case, rules: Sequence[Rule], pack: Pack) -> tuple[GuardPrompt, ...]:
        """Return one ask, whose only turn is the content."""
        categories = tuple(
            Category(code, tuple(r.id for r in rules if hazards & set(r.maps.mlcommons)))
            for code, hazards in TAXONOMY.items()
        )
        turn = Message(author="user", text=shown(case))
        return (GuardPrompt((turn,), tuple(r.id for r in rules), "text", categories),)

    def read(self, prompt: GuardPrompt, answer: First | Said) -> Heard:
        """Return what the lines say; an unsafe answer has to name codes."""
        text = worded(answer)
        lines = [line.strip() for line in text.strip().splitlines()]
        label = lines[0].casefold() if lines else ""
        if label == "safe" and len(lines) == 1:
            return judged(prompt, "safe", SAFE, ())
        if label != "unsafe":
            raise malformed(text, "the first line is neither 'safe' alone nor 'unsafe'")
        listed = [code.strip() for code in lines[1].split(",") if code.strip()] if len(lines) > 1 else []
        known = [code for code in (matched(prompt, name) for name in listed) if code is not None]
        if not listed or len(known) < len(listed):
            raise malformed(text, f"the second line names no codes, or some outside {', '.join(TAXONOMY)}")
        return judged(prompt, "unsafe", UNSAFE, known)


@dataclass(frozen=True)
class LlamaGuardRules:
    """Speaks to Llama Guard 3 or 4 with each of our rules as its only category."""

    version: int = 3

    @property
    def name(self) -> str:
        """Return the adapter's name."""
        return f"llama-guard-{self.version}-rules"

    @property
    def template(self) -> str | None:
        """Return a template that adds the marks of a turn and nothing else."""
        return TEMPLATES[self.version]

    def prompts(self, case: Case, rules: Sequence[Rule], pack: Pack) -> tuple[GuardPrompt, ...]:
        """Return one ask a rule."""
        content = shown(case)
        laws = [f"{rule.type}.\n{principle(rule, pack)}" for rule in rules]
        texts = [render("guard_llama", law=law, content=content) for law in laws]
        return tuple(
            GuardPrompt((Message(author="user", text=text),), (rule.id,), "odds", spellings=SPELLINGS)
            for rule, text in zip(rules, texts, strict=True)
        )

    def read(self, prompt: GuardPrompt, answer: First | Said) -> Heard:
        """Return the odds of "unsafe" against "safe"."""
        return weighed(prompt, answer, "unsafe", "safe", ("unsafe", "safe"))
