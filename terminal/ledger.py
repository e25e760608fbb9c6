"""`precept ledger`: reads the record of decisions, and checks that nobody altered it. It never writes."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from terminal.errors import BROKEN
from terminal.explain import DecisionId

if TYPE_CHECKING:
    from cases.decision import Decision
    from tools.ledger import Ledger

ledger_app = typer.Typer(name="ledger", help="Read the record of decisions, and check it.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
Limit = Annotated[int, typer.Option(min=1, help="How many at most.")]


@ledger_app.command()
def verify(
    head: Annotated[str | None, typer.Option(metavar="HASH", help="A head noted earlier, outside the ledger.")] = None,
    json: Json = False,
) -> None:
    """Check every entry; exit with 1 when anything was altered, lost, added or put in another order."""
    from terminal.line import written
    from terminal.opening import ledger, read

    with ledger(read()) as opened:
        report = opened.verify(head)
    if json:
        typer.echo(written({"intact": report.intact, **report.model_dump(mode="json")}))
    elif report.intact:
        typer.echo(f"intact: {report.entries:,} entries, head {report.head}")
    else:
        for fault in report.faults:
            typer.echo(f"entry {fault.seq}: {fault.what}: expected {fault.expected}, found {fault.found}")
        count = len(report.faults) + report.unlisted
        typer.echo(f"NOT intact: {count:,} faults in {report.entries:,} entries", err=True)
    raise typer.Exit(0 if report.intact else BROKEN)


@ledger_app.command()
def head(json: Json = False) -> None:
    """Print the end of the chain; noted elsewhere, it is what verify can be held to."""
    from terminal.line import written
    from terminal.opening import ledger, read

    with ledger(read()) as opened:
        found = opened.head()
    typer.echo(written(found.model_dump()) if json else f"{found.hash}  {found.count} entries")


@ledger_app.command()
def show(decision: DecisionId, json: Json = False) -> None:
    """Show a decision as it was made, and what people made of it."""
    from terminal import paint
    from terminal.line import written
    from terminal.opening import ledger, read, record

    with ledger(read()) as opened:
        found = record(opened, decision)
        standing = opened.standing(found.decision.id)
    if json:
        now = standing.model_dump(mode="json", exclude={"decision", "edits"})
        body = {"decision": found.decision, "case": found.case}
        edits = [edit.model_dump(mode="json") for edit in found.edits]
        typer.echo(written({k: v.model_dump(mode="json") for k, v in body.items()} | {"edits": edits, "standing": now}))
        return
    paint.screen().print(paint.decision(found.decision, found.case, found.pack, found.edits))


@ledger_app.command()
def edits(decision: DecisionId, json: Json = False) -> None:
    """Show what people did to a decision, oldest first."""
    from terminal import paint
    from terminal.line import written
    from terminal.opening import ledger, read

    with ledger(read()) as opened:
        found = opened.edits(decision)
    console = paint.screen()
    for edit in found:
        if json:
            typer.echo(written(edit.model_dump(mode="json")))
        else:
            console.print(paint.edit(edit))
    if not found and not json:
        typer.echo("no edits: the decision stands as it was made")


@ledger_app.command("list")
def list_(
    outcome: Annotated[Literal["allow", "act", "review"] | None, typer.Option(help="As it was decided.")] = None,
    rule: Annotated[str | None, typer.Option(help="The leading rule.")] = None,
    case: Annotated[str | None, typer.Option(help="The id of the case.")] = None,
    limit: Limit = 20,
    json: Json = False,
) -> None:
    """List decisions, newest first."""
    from terminal.opening import ledger, read

    with ledger(read()) as opened:
        _listed(opened, opened.decisions(outcome, rule, case_id=case, limit=limit, newest_first=True), json)


@ledger_app.command()
def pending(limit: Limit = 20, json: Json = False) -> None:
    """List the cases that wait for a person, the longest waiting first."""
    from itertools import islice

    from terminal.opening import ledger, read

    with ledger(read()) as opened:
        _listed(opened, islice(opened.pending(), limit), json)


def _listed(opened: "Ledger", found: "Iterable[Decision]", json: bool) -> None:
    from terminal import paint
    from terminal.line import line_of, written

    console = paint.screen()
    table = paint.table()
    for decision in found:
        if json:
            typer.echo(written(line_of(decision)))
        else:
            table.add_row(*paint.row(decision, opened.case(decision.case_digest), console.width))
    if not json:
        console.print(table if table.row_count else "none")
