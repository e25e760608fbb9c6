"""Which rule leads when several are broken: the pack's stated precedence, then the likelier, then the graver."""

from collections.abc import Mapping

from policy_store.pack import Pack

# Probabilities that lie no further apart say nothing of which rule it is: where rules compete (agents/depth.py).
NEAR = 0.12


def leading(severities: Mapping[str, int], pack: Pack, likely: Mapping[str, float] | None = None) -> str | None:
    """Return the leading rule of {rule id: severity}, None for no rule; ties go to the order given.

    A rule that loses to another broken rule cannot lead. Should stated precedence run in a circle, severity decides.
    Given how likely the rules are, one that is less likely than another by more than NEAR does not lead by severity.
    """
    beaten = {loser for p in pack.precedence if p.winner in severities for loser in p.losers if loser in severities}
    free = [r for r in severities if r not in beaten] or list(severities)
    if likely:
        best = max(likely[r] for r in free) if free else 0.0
        free = [r for r in free if best - likely[r] <= NEAR]
    return max(free, key=lambda r: severities[r], default=None)
