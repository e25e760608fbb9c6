"""Qwen3Guard-Gen: a fixed taxonomy in its own chat template, three labels, answers in words.

From the README of QwenLM/Qwen3Guard (arXiv 2510.14276): the content is the user's turn, the template
adds everything else; the answer is "Safety: Safe|Unsafe|Controversial" and a line "Categories: …". Controversial is
where its strict and its lenient reading differ. Its taxonomy has wider classes than ours, so what it names is every
retrieved rule that maps into the class. Qwen3Guard-Stream is another model: no server here can run it.
"""

import re
from collections.abc import Sequence

from agents.guards.guard import Category, GuardPrompt, Heard, judged, malformed, matched, shown, worded
from agents.guards.scale import CONTROVERSIAL, SAFE, UNSAFE
from cases.case import Case
from cases.exchange import First, Message, Said
from policy_store.pack import Pack
from policy_store.rule import Rule

# What each of its categories covers in the taxonomies that our rules map to. Ours: the model names no such map.
TAXONOMY: dict[str, frozenset[str]] = {
    "Violent": frozenset({
        "vcr", "iwp", "violence", "violence/graphic", "illicit/violent", "harassment/threatening", "hate/threatening",
    }),
    "Non-violent Illegal Acts": frozenset({"ncr", "spc_fin", "illicit"}),
    "Sexual Content or Sexual Acts": frozenset({"sxc_prn", "src", "cse", "sexual", "sexual/minors"}),
    "PII": frozenset({"prv"}),
    "Suicide & Self-Harm": frozenset({"ssh", "self-harm", "self-harm/intent", "self-harm/instructions"}),
    "Unethical Acts": frozenset({"hte", "dfm", "hate", "harassment", "harassment/threatening", "hate/threatening"}),
    "Politically Sensitive Topics": frozenset({"spc_ele"}),
    "Copyright Violation": frozenset({"ipv"}),
    "Jailbreak": frozenset(),
}  # fmt: skip
LABELS = {"safe": ("Safe", SAFE), "controversial": ("Controversial", CONTROVERSIAL), "unsafe": ("Unsafe", UNSAFE)}
_FORM = re.compile(r"\s*safety:[^\S\n]*(safe|unsafe|controversial)[^\S\n]*\n+categories:([^\n]*)", re.IGNORECASE)


class Qwen3Guard:
    """Speaks to Qwen3Guard-Gen."""

    name = "qwen3guard"
    template = None

    def prompts(self, case: Case, rules: Sequence[Rule], pack: Pack) -> tuple[GuardPrompt, ...]:
        """Return one ask, whose only turn is the content."""
        categories = tuple(
            Category(name, tuple(r.id for r in rules if covers & {*r.maps.mlcommons, *r.maps.openai}))
            for name, covers in TAXONOMY.items()
        )
        turn = Message(author="user", text=shown(case))
        return (GuardPrompt((turn,), tuple(r.id for r in rules), "text", categories, most=128),)

    def read(self, prompt: GuardPrompt, answer: First | Said) -> Heard:
        """Return what the two lines say; an unsafe answer has to name a category."""
        text = worded(answer)
        form = _FORM.match(text)
        if form is None:
            raise malformed(text, "it does not begin with lines Safety and Categories")
        label, p = LABELS[form[1].casefold()]
        listed = [name.strip() for name in form[2].split(",") if name.strip() and name.strip().casefold() != "none"]
        names = [matched(prompt, name) for name in listed]
        known = [name for name in names if name is not None]
        if len(known) < len(listed):
            raise malformed(text, f"it names categories outside {', '.join(TAXONOMY)}")
        if bool(known) == (label == "Safe"):
            raise malformed(text, "a safe answer names no category and any other names at least one")
        return judged(prompt, label, p, known)
