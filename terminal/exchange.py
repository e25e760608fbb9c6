"""`precept policy import` and `export`: policies in outside formats. What could not be carried is said on stderr."""

import json as js
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from terminal.errors import Refused

if TYPE_CHECKING:
    from policy_store.pack import Pack


class Form(StrEnum):
    """The formats, as policy_store/exchange.py reads and writes them."""

    SAFEGUARD = "gpt-oss-safeguard"
    COPE = "cope"


Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


def import_(
    source: Annotated[Path, typer.Argument(metavar="F", help="The policy: Markdown or plain text.")],
    form: Annotated[Form, typer.Option("--format", help="What it is written in.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FOLDER", help="A new folder for the pack.")],
    name: Annotated[str | None, typer.Option("--id", help="The id of the pack; else the name of the folder.")] = None,
    json: Json = False,
) -> None:
    """Make a pack of a policy in an outside format, and say what was filled in or left behind."""
    from policy_store.exchange import SketchError, import_policy, write_folder
    from policy_store.loader import load_pack

    try:
        text = source.read_text(encoding="utf-8-sig")
        carried = import_policy(text, form.value, name or output.resolve().name, load_pack("community"))
        write_folder(output, carried.files)
    except UnicodeDecodeError as error:
        raise Refused(f"{source}: byte {error.start} is not UTF-8; convert it to UTF-8") from None
    except (SketchError, FileExistsError) as error:
        raise Refused(f"{source}: {error}") from None
    pack = load_pack(output)
    if json:
        body = {"pack": {"id": pack.id, "version": pack.version, "digest": pack.digest}, "folder": str(output)}
        typer.echo(js.dumps(body | {"rules": [r.id for r in pack.rules], "notes": carried.notes}, ensure_ascii=False))
        return
    for note in carried.notes:
        typer.echo(f"precept: {note}", err=True)
    typer.echo(f"{output}: {pack.id}, {len(pack.rules)} rules; check it with precept policy lint {output}")


def export(
    pack: Annotated[str, typer.Argument(metavar="PACK", help="A policy id, id@version, or a folder.")],
    form: Annotated[Form, typer.Option("--format", help="What to write it in.")],
    rule: Annotated[
        list[str] | None, typer.Option("--rule", "-r", metavar="R", help="Only this rule; repeatable.")
    ] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="F", help="Write it there.")] = None,
    json: Json = False,
) -> None:
    """Write rules of a pack in an outside format, and say what it cannot hold."""
    from policy_store.exchange import SketchError, export_policy

    try:
        written = export_policy(_load(pack), form.value, rule or ())
    except SketchError as error:
        raise Refused(str(error)) from None
    if json:
        typer.echo(js.dumps({"text": written.text, "notes": written.notes}, ensure_ascii=False))
        return
    for note in written.notes:
        typer.echo(f"precept: {note}", err=True)
    if output is None:
        typer.echo(written.text, nl=False)
    else:
        output.write_text(written.text, encoding="utf-8")


def _load(ref: str) -> "Pack":
    from graphs.published import located
    from graphs.settings import read_settings
    from policy_store.loader import load_pack

    return load_pack(located(read_settings().home, ref))
