"""`precept calibrate`: thresholds for a team's own traffic, with a bound on the errors of automatic verdicts.

It decides the labelled cases under a ladder of thresholds, lets agents/guarantee.py choose, and saves what was chosen.
Nothing goes to the ledger.
"""

import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from terminal.errors import BROKEN, DONE, Refused

if TYPE_CHECKING:
    from agents.guarantee import Choice, Count, Verdicts
    from graphs.saved import Guarantee
    from graphs.settings import Settings
    from policy_store.pack import Pack
    from terminal.labels import Labels

LIMITS = (0.01, 0.02, 0.05, 0.10)
ASSUMED = (
    "It holds for traffic like these cases: drawn at random from what the system will see, and labelled as it should "
    "be. It does not hold once traffic, policy or weights have changed; calibrate again then."
)


def calibrate(
    labelled: Annotated[
        str | None, typer.Argument(metavar="LABELLED.jsonl", help="Cases as in a batch, with a label; - for stdin.")
    ] = None,
    max_error: Annotated[
        float, typer.Option(metavar="SHARE", help="The errors accepted among automatic verdicts.")
    ] = 0.02,
    confidence: Annotated[float, typer.Option(metavar="SHARE", help="How sure that both sides hold.")] = 0.95,
    policy: Annotated[str | None, typer.Option("--policy", "-p", metavar="PACK", help="Another policy.")] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="An act under another rule than the label's counts.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show it, save nothing.")] = False,
    reset: Annotated[bool, typer.Option("--reset", help="Remove the saved thresholds of the policy.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Choose thresholds on your own labelled cases, so that automatic verdicts err at most so often; save them."""
    from agents.guarantee import check
    from terminal.opening import measured

    settings = measured(policy)
    from graphs.published import load_live

    pack = load_live(settings)
    if reset:
        _reset(settings, pack, labelled, json)
        return
    try:
        check(max_error, confidence)
    except ValueError as error:
        raise Refused(f"--{error}") from None
    if labelled is None:
        raise Refused(_wanted(max_error, confidence))
    from terminal.labels import read_labels
    from terminal.reading import open_input

    with open_input(labelled) as lines:
        labels = read_labels(lines.lines(), lines.name, pack)
    if not labels.cases:
        raise Refused(f"{labelled}: none of its {labels.lines:,} lines can be used. {_wanted(max_error, confidence)}")
    made, table = _made(settings, pack, labels, max_error, confidence, strict)
    shown = made.choice.allow.level or made.choice.act.level
    saved = None
    if shown and not dry_run:
        from graphs.saved import save

        saved = save(settings, made)
    if json:
        from terminal.line import written

        typer.echo(written(_body(made, labels, table, saved)))
    else:
        _print(made, labels, table, saved, dry_run)
    raise typer.Exit(DONE if shown else BROKEN)


Row = tuple["Choice", "Count"]


def _made(
    settings: "Settings", pack: "Pack", labels: "Labels", max_error: float, confidence: float, strict: bool
) -> "tuple[Guarantee, list[Row]]":
    from agents.guarantee import Ladder
    from graphs.saved import Guarantee, basis
    from graphs.sweep import Sweep
    from graphs.wiring import open_deps
    from tools.ledger import Ledger

    with (
        tempfile.TemporaryDirectory(prefix="precept-") as folder,
        Ledger.open(Path(folder) / "ledger.db") as ledger,
        open_deps(settings, pack, ledger=ledger) as deps,
    ):
        ladder = Ladder(deps.calibration.thresholds)
        verdicts = Sweep(deps, ladder).judged(labels.cases, strict, _progress(len(labels.cases)))
        held = basis(settings, pack, deps.frame.model_digest, deps.calibration)
    choice, counted = _row(verdicts, max_error, confidence)
    made = Guarantee(
        basis=held, thresholds=ladder.cuts(choice.allow.level, choice.act.level), choice=choice, count=counted,
        strict=strict, data=labels.digest, made=datetime.now(UTC),
    )  # fmt: skip
    return made, [_row(verdicts, limit, confidence) for limit in LIMITS]


def _row(verdicts: "Verdicts", max_error: float, confidence: float) -> Row:
    from agents.guarantee import choose, count

    choice = choose(verdicts, max_error, confidence)
    return choice, count(verdicts, choice.allow.level, choice.act.level)


def _progress(total: int) -> Callable[[int], None]:
    if not sys.stderr.isatty():
        return lambda done: None
    return lambda done: typer.echo(
        f"\r{done:,} of {total:,} cases{'' if done < total else chr(10)}", err=True, nl=False
    )


def _reset(settings: "Settings", pack: "Pack", labelled: str | None, json: bool) -> None:
    from graphs.saved import place, remove
    from terminal.line import written

    if labelled is not None:
        raise Refused(f"--reset and {labelled} are given; give one of them")
    there = remove(settings, pack.id)
    if json:
        typer.echo(written({"policy": pack.id, "removed": there}))
    else:
        told = "removed; the shipped ones are in force" if there else f"none in {place(settings)}; nothing to remove"
        typer.echo(f"Saved thresholds of {pack.id}: {told}.")


def _wanted(max_error: float, confidence: float) -> str:
    from agents.guarantee import PILOT, needed

    least = needed(max_error, (1 - confidence) / 2)
    return (
        "Calibrating needs labelled cases of your own, drawn at random from your traffic; none ship with Precept. "
        'One JSON object a line: {"id": "1", "text": "…", "label": "violating" or "allowed", "rule": "HR2"}, the rule '
        f"if you know it. For at most {max_error:.1%} errors at {confidence:.0%} each side needs {least:,} automatic "
        f"verdicts without an error, so at least {2 * round(least / (1 - PILOT)):,} lines, in practice several times "
        "that"
    )


def _body(made: "Guarantee", labels: "Labels", table: list[Row], saved: Path | None) -> dict[str, object]:
    read = {k: v for k, v in labels._asdict().items() if k != "cases"}
    return {
        **made.model_dump(mode="json"),
        "read": {"cases": len(labels.cases), **read},
        "table": [{**choice.model_dump(), "count": counted.model_dump()} for choice, counted in table],
        "assumes": ASSUMED,
        "saved": str(saved) if saved else None,
    }


def _off(made: "Guarantee") -> str:
    sides = [name for name, side in (("allowed", made.choice.allow), ("acted on", made.choice.act)) if not side.level]
    return f" Nothing is {' or '.join(sides)} automatically any more: all of that goes to people." if sides else ""


def _print(made: "Guarantee", labels: "Labels", table: list[Row], saved: Path | None, dry_run: bool) -> None:
    from terminal.guarantee_page import page
    from terminal.paint import screen

    end = (
        f"Saved to {saved} and in force from now on.{_off(made)} `precept calibrate --reset` takes it back."
        if saved
        else "Nothing was saved: this was a dry run."
        if dry_run
        else "Nothing can be automated at this limit, so nothing was saved: the thresholds in force stay as they were, "
        "without this guarantee."
    )
    screen().print(*page(made, labels, table), sep="\n")
    screen().print(f"\n{ASSUMED}\n\n{end}")
