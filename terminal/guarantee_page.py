"""What `precept calibrate` found, for people: both sides, the cuts, and what other limits would have given."""

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from agents.guarantee import Choice, Count, Side
from graphs.saved import Guarantee
from terminal.labels import Labels

ALONE = "Each row holds by itself; to choose the limit by this table is to pick the luckiest, so state it beforehand."
OFF = "never"


def page(made: Guarantee, labels: Labels, table: Sequence[tuple[Choice, Count]]) -> Iterator[RenderableType]:
    """Yield what to print, from top to bottom."""
    choice, count = made.choice, made.count
    yield f"{made.basis.pack.id} {made.basis.pack.version}: {len(labels.cases):,} labelled cases{_passed_over(labels)}"
    yield (
        f"Wanted: at most {choice.max_error:.1%} errors among automatic allows, and among automatic acts, both with "
        f"{choice.confidence:.0%} confidence."
    )
    yield ""
    allowed = _side(choice.allow, count.allowed, count.allowed_wrong, count.cases, choice.max_error, "violating")
    acted_wrong = "allowed or under another rule" if made.strict else "allowed"
    acted = _side(choice.act, count.acted, count.acted_wrong, count.cases, choice.max_error, acted_wrong)
    sides = Table.grid(padding=(0, 2))
    sides.add_row(Text("allow", style="bold"), allowed)
    sides.add_row(Text("act", style="bold"), acted)
    yield sides
    yield ""
    if choice.allow.level or choice.act.level:
        yield _cuts(made)
        yield ""
    yield _limits(table)
    yield Text(ALONE, style="dim")


def _passed_over(labels: Labels) -> str:
    kinds = (
        (labels.borderline, "borderline"), (labels.plain_words, "with a rule in plain words"),
        (labels.repeated, "repeated"),
    )  # fmt: skip
    told = [f"{number:,} {what}" for number, what in kinds if number]
    return f" from {labels.lines:,} lines; passed over: {', '.join(told)}." if told else "."


def _side(side: Side, automatic: int, wrong: int, cases: int, limit: float, error: str) -> str:
    tested = f"Of {side.cases:,} tested verdicts {side.errors:,} should not have been ({error})"
    if side.level:
        share = f"automatic for {automatic / cases:.1%} of the cases ({automatic:,}, of which {wrong:,} {error})."
        return f"{share}\n{tested}: at most {side.bound:.2%} at this cut, taken by itself."
    if side.cases < side.needed:
        gave = f"the cut that was tried gave {side.cases:,}, {side.errors:,} of them {error}"
        many = side.cases and not side.errors
        lines = f", so about {_lines(side, cases):,} labelled cases are needed" if many else ""
        return (
            f"nothing is automatic, for there are too few cases: {side.needed:,} tested verdicts without an error "
            f"would show {limit:.1%}, and {gave}{lines}."
        )
    return f"nothing is automatic at this limit. {tested}, so it may be as many as {side.bound:.1%}."


def _lines(side: Side, cases: int) -> int:
    return -(-cases * side.needed // max(1, side.cases))


def _cuts(made: Guarantee) -> Table:
    cuts, choice = made.thresholds, made.choice
    table = Table(box=None, padding=(0, 2), pad_edge=False, header_style="dim")
    for name in ("cut", "router", "ranker", "reasoner", "high harm"):
        table.add_column(name)
    low = (
        (cuts.router, cuts.allow, cuts.final_allow, max(0.0, cuts.final_allow_high_harm))
        if choice.allow.level
        else None
    )
    high = (cuts.act, cuts.final_act) if choice.act.level else None
    table.add_row("allow below", *(f"{c:.4f}" for c in low) if low else (OFF, OFF, OFF, OFF))
    table.add_row("act from", "", *(f"{c:.4f}" for c in high) if high else (OFF, OFF))
    for scene in cuts.caution if high else ():
        table.add_row(f"  in {scene}", "", f"{cuts.act_in(scene):.4f}", f"{cuts.final_act_in(scene):.4f}")
    return table


def _limits(rows: Sequence[tuple[Choice, Count]]) -> Table:
    table = Table(box=None, padding=(0, 2), pad_edge=False, header_style="dim")
    table.add_column("limit")
    for name in ("allowed", "errors", "acted", "errors", "left to people"):
        table.add_column(name, justify="right")
    for choice, count in rows:
        left = 1 - (count.allowed + count.acted) / count.cases
        table.add_row(
            f"{choice.max_error:.0%}",
            f"{count.allowed / count.cases:.1%}", f"{count.allowed_wrong} of {count.allowed:,}",
            f"{count.acted / count.cases:.1%}", f"{count.acted_wrong} of {count.acted:,}",
            f"{left:.1%}",
        )  # fmt: skip
    return table
