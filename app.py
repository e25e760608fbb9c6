"""The door: the `precept` command. It registers what terminal/ holds and says which home is meant; it decides nothing.

Nothing heavy is imported here: a command loads what it needs when it runs.
"""

import os
from pathlib import Path
from typing import Annotated

import typer

from terminal.appeal import appeal
from terminal.ask import ask
from terminal.author import author_app
from terminal.bank import bank_app
from terminal.batch import batch
from terminal.calibrate import calibrate
from terminal.decide import decide
from terminal.doctor import doctor
from terminal.errors import CODES, Door
from terminal.evaluation import eval_
from terminal.explain import explain
from terminal.ledger import ledger_app
from terminal.policy import policy_app
from terminal.review import review
from terminal.serve import serve

app = typer.Typer(
    cls=Door,
    name="precept",
    help="Decide content moderation cases against a written policy, and show the work.",
    epilog=CODES,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import PackageNotFoundError, version

        try:
            typer.echo(f"precept {version('precept')}")
        except PackageNotFoundError:
            typer.echo("precept, not installed but run from its folder")
        raise typer.Exit()


@app.callback()
def door(
    home: Annotated[
        Path | None, typer.Option(metavar="PATH", help="Where everything is kept (PRECEPT_HOME; else ~/.precept).")
    ] = None,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Decide content moderation cases against a written policy, and show the work."""
    if home is not None:
        # The one place that settings are read from, so that every command and sub-command sees it.
        os.environ["PRECEPT_HOME"] = str(home.expanduser())


for command in (decide, batch, explain, ask, review, appeal, calibrate, serve, doctor):
    app.command()(command)
app.command("eval")(eval_)
for family in (policy_app, ledger_app, bank_app, author_app):
    app.add_typer(family)


def main() -> None:
    """Run the command line."""
    app(prog_name="precept")


if __name__ == "__main__":
    main()
