"""Which rule leads when several are broken: the pack's stated precedence, then the higher severity."""

from collections.abc import Mapping

from policy_store.pack import Pack


def leading(severities: Mapping[str, int], pack: Pack) -> str | None:
    """Return the leading rule of {rule id: severity}, None for no rule; ties go to the order given.

    A rule that loses to another broken rule cannot lead. Should stated precedence run in a circle, severity decides.
    """
    beaten = {loser for p in pack.precedence if p.winner in severities for loser in p.losers if loser in severities}
    free = [r for r in severities if r not in beaten] or list(severities)
    return max(free, key=lambda r: severities[r], default=None)
