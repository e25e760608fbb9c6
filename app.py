"""The door: the `precept` command. It registers what terminal/ holds and says which home is meant; it decides nothing.

Nothing heavy is imported here: a command loads what it needs when it runs.
"""

import os
from pathlib import Path
from typing import Annotated

import typer

from terminal.batch import batch
from terminal.decide import decide
from terminal.errors import CODES, Door

app = typer.Typer(
    cls=Door,
    name="precept",
    help="Decide content moderation cases against a written policy, and show the work.",
    epilog=CODES,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def door(
    home: Annotated[
        Path | None, typer.Option(metavar="PATH", help="Where everything is kept (PRECEPT_HOME; else ~/.precept).")
    ] = None,
    version: Annotated[bool, typer.Option("--version", help="Print the version.", is_eager=True)] = False,
) -> None:
    """Decide content moderation cases against a written policy, and show the work."""
    if version:
        from importlib.metadata import PackageNotFoundError
        from importlib.metadata import version as version_of

        try:
            typer.echo(f"precept {version_of('precept')}")
        except PackageNotFoundError:
            typer.echo("precept, not installed: run from its folder")
        raise typer.Exit()
    if home is not None:
        # The one place that settings are read from, so that every command and sub-command sees it.
        os.environ["PRECEPT_HOME"] = str(home)


app.command()(decide)
app.command()(batch)


def main() -> None:
    """Run the command line."""
    app(prog_name="precept")


if __name__ == "__main__":
    main()
