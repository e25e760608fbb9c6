"""The ranker role played by language models: each in its own format, one after the other where one fails."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from agents.ask import Chat, Odds, in_order
from agents.asker import BEST, Asked, rank_by_model
from agents.assembly import Assembly
from agents.calibration import Template
from agents.exhibit import NOTHING, Eyes
from agents.guards.guard import Guard
from agents.guards.ranking import rank_by_guard
from cases.case import Case
from cases.exchange import Allowance, Usage
from policy_store.pack import Pack
from policy_store.rule import Rule

# Beyond it the first token mostly says something else than Yes or No, and their odds say little.
MOST_OUTSIDE = 0.5


class Asking(NamedTuple):
    """A backend of the ranker: how it gives odds and words, and the guard format that it speaks, if one."""

    odds: Odds
    chat: Chat
    guard: Guard | None = None


@dataclass(frozen=True)
class Ranker:
    """Backends that rank the rules of a case, in the order in which they are tried; `eyes` for those that see.

    A guard model is asked in a format of its own, which has no place for pictures.
    """

    pack: Pack
    backends: tuple[Asking, ...]
    template: Template | None = None
    assembly: Assembly | None = None
    eyes: Eyes | None = None

    def __call__(
        self, case: Case, rules: Sequence[Rule], profile: str, allowance: Allowance, shares: Sequence[float]
    ) -> Asked:
        """Return what the first backend that can says of the rules; raise Unanswered where none can.

        `shares` are the embedded ranker's probabilities, by which template P1 shares out its single answer.
        """

        def ask(backend: Asking, left: Allowance) -> tuple[Asked, Usage]:
            if backend.guard is not None:
                found = rank_by_guard(backend.guard, case, rules, self.pack, backend.odds, backend.chat, left)
            else:
                shown = self.eyes.on(case, backend.odds.name) if self.eyes else NOTHING
                found = rank_by_model(
                    case, rules, self.pack, backend.odds, left, template=self.template or "P2",
                    assembly=self.assembly or BEST, profile=profile, shares=shares, most_outside=MOST_OUTSIDE,
                    exhibits=shown,
                )  # fmt: skip
            return found, found.usage

        found, _, usage = in_order(self.backends, allowance, ask)
        return found.model_copy(update={"usage": usage})
