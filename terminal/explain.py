"""`precept explain`: a decision on record for a moderator, for the person concerned, or as a DSA statement."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from terminal.errors import Refused

if TYPE_CHECKING:
    from graphs.record import Record
    from graphs.settings import Settings

Audience = Literal["moderator", "user", "dsa"]
DecisionId = Annotated[str, typer.Argument(metavar="DECISION", help="Its id, or the first 8 or more characters of it.")]


def explain(
    decision: DecisionId,
    audience: Annotated[Audience, typer.Option("--for", help="Who reads it.")] = "moderator",
    language: Annotated[
        str | None,
        typer.Option(metavar="CODE", help="For user, where EXPLAINER is a model: en, de, fr, es, it, nl, pt."),
    ] = None,
    published: Annotated[
        str | None, typer.Option(metavar="YYYY-MM-DD", help="For dsa: the day on which the content was published.")
    ] = None,
    render: Annotated[
        Path | None, typer.Option(metavar="OUT.png", help="Draw its pictures and key frames with what was seen.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON for programs; dsa always is.")] = False,
) -> None:
    """Explain a decision: its grounds and measurements, a notice to the person, or a statement of reasons."""
    from terminal.files import drawable
    from terminal.line import written
    from terminal.opening import ledger, read, record

    drawable(render)
    settings = read()
    with ledger(settings) as opened:
        found = record(opened, decision)
    if render is not None:
        from terminal.rendering import draw

        draw(found.decision, found.case, found.pack, settings.media_root, render)
    if audience == "dsa":
        typer.echo(_statement(found, published))
        return
    text = _text(settings, found, audience, language)
    if json:
        typer.echo(written({"decision_id": found.decision.id, "for": audience, "text": text}))
    else:
        _show(text, markdown=audience == "moderator")


def _text(settings: "Settings", found: "Record", audience: Literal["moderator", "user"], language: str | None) -> str:
    """Return the explanation; a user's with plain words by the first model of the explainer whose words hold."""
    from agents.explainer import explain as explained

    record = (found.decision, found.case, found.pack, found.edits)
    if audience == "user" and settings.explainer != "embedded":
        from agents.plain import plain_notice
        from graphs.wiring import open_explainer

        with open_explainer(settings) as chats:
            for chat in chats:
                made = plain_notice(*record, chat=chat, allowance=settings.allowance, language=language)
                if made.fallback is None:
                    return made.text
                typer.echo(f"precept: the notice stands as it is: {made.fallback}", err=True)
    elif language is not None:
        typer.echo("precept: --language needs a model as EXPLAINER and --for user; the text is English", err=True)
    return explained(*record[:3], audience, record[3])


def _show(text: str, *, markdown: bool) -> None:
    from terminal import paint

    console = paint.screen()
    if markdown and console.is_terminal:
        from rich.markdown import Markdown

        console.print(Markdown(paint.harmless(text), hyperlinks=False))
    else:
        typer.echo(paint.harmless(text).rstrip())


def _statement(found: "Record", published: str | None) -> str:
    import json

    from agents.dsa import leaks
    from agents.statement import draft_statement

    day = found.decision.at.date()
    if published is None:
        typer.echo(f"precept: content_date is taken to be the day of the decision, {day}; give --published", err=True)
    else:
        try:
            day = date.fromisoformat(published)
        except ValueError:
            raise Refused(f"--published {published!r} is no day; write YYYY-MM-DD") from None
    statement = draft_statement(found.decision, found.case, found.pack, found.edits, content_date=day)
    for leak in leaks(statement):
        typer.echo(f"precept: {leak.field} still holds personal data ({leak.found.kind}); mask it", err=True)
    return json.dumps(statement.model_dump(mode="json", exclude_none=True), ensure_ascii=False, indent=2)
