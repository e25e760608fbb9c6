"""How deep to think: a pure function of calibrated scores and contradictions (K4). No machine is asked."""

from collections.abc import Mapping
from typing import get_args

from agents.calibration import Thresholds
from agents.precedence import NEAR
from agents.ranker import Ranking, cuts_for
from cases.decision import Cause, Depth
from cases.exchange import Failure
from cases.model import Fact
from policy_store.pack import Pack

FAILURES: tuple[Failure, ...] = get_args(Failure)


class Doubt(Fact):
    """The depth chosen and the causes of uncertainty that chose it."""

    depth: Depth
    causes: tuple[Cause, ...] = ()
    rivals: tuple[str, ...] = ()

    @property
    def failed(self) -> bool:
        """Return whether a model that was to rank the case gave nothing usable."""
        return bool({*FAILURES} & {*self.causes})


def rivals(ranking: Ranking, pack: Pack, floor: float) -> tuple[str, ...]:
    """Return the rules that compete with the first: as likely within NEAR, with no stated precedence."""
    if not ranking.scores:
        return ()
    first = ranking.scores[0]
    if first.probability < floor:
        return ()
    return tuple(
        s.rule_id
        for s in ranking.scores[1:]
        if s.probability >= floor
        and first.probability - s.probability <= NEAR
        and not settled(pack, first.rule_id, s.rule_id)
    )


def settled(pack: Pack, a: str, b: str) -> bool:
    """Return whether the pack states which of two rules leads."""
    return any((p.winner == a and b in p.losers) or (p.winner == b and a in p.losers) for p in pack.precedence)


def grave(pack: Pack, likely: Mapping[str, float], cuts: Thresholds) -> str | None:
    """Return the likeliest rule of high harm that stands above the cut at which such a rule is let go, or None."""
    above = [r for r, p in likely.items() if pack.by_id[r].high_harm and p > cuts.final_allow_high_harm]
    return max(above, key=lambda r: likely[r], default=None)


def depth(
    ranking: Ranking,
    pack: Pack,
    cuts: Thresholds,
    *,
    contradiction: bool = False,
    context_shift: bool = False,
    extra: tuple[Cause, ...] = (),
) -> Doubt:
    """Return none when the ranker is sure, short inside its band, full when readings contradict each other."""
    cuts = cuts_for(ranking, cuts)
    top = ranking.scores[0].probability if ranking.scores else 0.0
    unsure = not ranking.scores or top < cuts.act_in(pack.by_id[ranking.scores[0].rule_id].scene)
    causes: list[Cause] = list(extra)
    competing = rivals(ranking, pack, cuts.act / 2)
    feared = grave(pack, {s.rule_id: s.probability for s in ranking.scores}, cuts)
    if (ranking.any > cuts.allow or feared) and unsure:
        causes.append("ambiguous")
    if competing and unsure:
        causes.append("competing_rules")
    if contradiction:
        causes.append("cross_modal_contradiction")
    if context_shift:
        causes.append("context_changes_reading")
    if not causes:
        return Doubt(depth="none")
    full = {"competing_rules", "cross_modal_contradiction", "context_changes_reading"} & set(causes)
    return Doubt(depth="full" if full else "short", causes=tuple(causes), rivals=competing)
