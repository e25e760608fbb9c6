"""`precept bank`: known pictures, with which every picture and video is compared. It keeps hashes, never a picture."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from terminal.errors import Refused

if TYPE_CHECKING:
    from tools.fingerprint import Bank, Fingerprint

bank_app = typer.Typer(
    name="bank", help="Keep the known pictures that files are compared with, as PDQ hashes.", no_args_is_help=True
)
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
Label = Annotated[str, typer.Option(help="What the pictures are known as; a match says so.")]
Form = Literal["lines", "threatexchange"]


@bank_app.command()
def add(
    pictures: Annotated[list[Path], typer.Argument(metavar="F...", help="Pictures; the hash alone is kept.")],
    label: Label,
    note: Annotated[str, typer.Option(help="Where they are known from.")] = "",
    json: Json = False,
) -> None:
    """Add pictures."""
    from terminal.line import written
    from tools.fingerprint import known_as

    bank = _bank()
    known = [known_as(_fingerprint(path).hash, label, note) for path in pictures]
    new = bank.add(known)
    if json:
        typer.echo(written({"new": new, "known": [one.model_dump() for one in known]}))
        return
    for path, one in zip(pictures, known, strict=True):
        typer.echo(f"{one.id}  {one.hash}  {path}")
    typer.echo(f"{new} new, {len(bank)} known pictures", err=True)


@bank_app.command("list")
def list_(json: Json = False) -> None:
    """List the known pictures, in the order in which they came."""
    from terminal.line import written
    from terminal.paint import harmless

    bank = _bank()
    for one in bank.known:
        noted = f"  ({one.note})" if one.note else ""
        typer.echo(written(one.model_dump()) if json else harmless(f"{one.id}  {one.hash}  {one.label}{noted}"))
    if not bank.known and not json:
        typer.echo("none: precept bank add F --label LABEL", err=True)


@bank_app.command()
def remove(ids: Annotated[list[str], typer.Argument(metavar="ID...", help="Ids or hashes.")]) -> None:
    """Remove known pictures."""
    bank = _bank()
    known = {one.id for one in bank.known} | {one.hash for one in bank.known}
    if unknown := [id for id in ids if id not in known]:
        raise Refused(f"{unknown[0]!r} is no known picture; precept bank list shows them")
    typer.echo(f"{bank.remove(ids)} removed, {len(bank)} known pictures", err=True)


@bank_app.command("import")
def import_(
    path: Annotated[Path, typer.Argument(metavar="F", help="Lines of `pdq HASH`, or ThreatExchange records.")],
    label: Label = "known",
) -> None:
    """Take over hashes that others exchange; records marked for deletion are removed."""
    from tools.fingerprint import BankError, imported

    try:
        found = imported(path.read_text(encoding="utf-8"), label)
    except FileNotFoundError:
        raise Refused(f"{path}: no such file; give the path of an exchange file") from None
    except UnicodeDecodeError as error:
        raise Refused(f"{path}: byte {error.start} is not UTF-8; it is no exchange file") from None
    except BankError as error:
        raise Refused(f"{path}: {error}") from None
    bank = _bank()
    new, gone = bank.add(found.known), bank.remove(found.removed)
    skipped = f", {found.skipped} of another kind passed over" if found.skipped else ""
    typer.echo(f"{new} new, {gone} removed{skipped}, {len(bank)} known pictures", err=True)


@bank_app.command()
def export(
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="F", help="A file; else stdout.")] = None,
    form: Annotated[Form, typer.Option("--as", help="lines keeps the hashes alone.")] = "threatexchange",
) -> None:
    """Write the known pictures in a format that others read."""
    from tools.fingerprint import exported

    text = exported(_bank().known, form)
    if output is None:
        typer.echo(text, nl=False)
    else:
        output.write_text(text, encoding="utf-8")


def _bank() -> "Bank":
    from graphs.wiring import BANK
    from terminal.opening import read
    from tools.fingerprint import Bank

    home = read().home
    home.mkdir(parents=True, exist_ok=True)
    return Bank(home / BANK)


def _fingerprint(path: Path) -> "Fingerprint":
    from cases.observation import Unseen
    from tools.fingerprint import QUALITY, fingerprint
    from tools.pictures import open_picture

    picture = open_picture(path)
    if isinstance(picture, Unseen):
        raise Refused(f"{path}: {picture.told}")
    try:
        found = fingerprint(picture.frames[0].pixels)
    except ImportError as missing:
        raise Refused(f"{missing.name} is not installed: pip install 'precept[vision]'") from None
    if found.quality < QUALITY:
        raise Refused(
            f"{path}: it is too flat to be known by its looks (quality {found.quality} of 100, {QUALITY} needed); "
            "give a picture that shows more"
        )
    return found
