"""`precept author`: what is on record about an account that publishes, and forgetting it. It acts on no account."""

from typing import Annotated

import typer

from terminal.errors import Refused

author_app = typer.Typer(
    name="author", help="Show the strikes of an account that publishes, or forget it.", no_args_is_help=True
)
Id = Annotated[str, typer.Argument(metavar="ID", help="The id as it was sent.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


@author_app.command()
def show(author: Id, json: Json = False) -> None:
    """Show the strikes of an account, and what they recommend."""
    from terminal.line import written
    from terminal.opening import ledger, read
    from terminal.paint import harmless
    from web.settings import read_web_settings
    from web.store import authors as kept
    from web.store.database import Store
    from web.work.authors import counted

    settings = read()
    with ledger(settings) as opened, Store.beside(settings) as store:
        if kept.ref(store, author) is None:
            raise Refused(f"nothing by {author!r} is on record; give the id as it was sent")
        found = counted(store, opened, author, read_web_settings().scale)
    if json:
        typer.echo(written({"author": author} | found.model_dump(mode="json")))
        return
    typer.echo(harmless(f"{author}: {found.message}"))
    for decision_id in found.counted:
        typer.echo(f"  {decision_id}")


@author_app.command()
def forget(author: Id, json: Json = False) -> None:
    """Forget an account for good: which cases were theirs. The cases and their decisions stay on record."""
    from terminal.line import written
    from terminal.opening import read
    from terminal.paint import harmless
    from terminal.review import user
    from web.store import authors as kept
    from web.store.database import Store
    from web.work import authors

    settings = read()
    with Store.beside(settings) as store:
        if kept.ref(store, author) is None:
            raise Refused(f"nothing by {author!r} is on record; give the id as it was sent")
        gone = authors.forget(store, user(), author)
    if json:
        typer.echo(written({"author": author, "cases": gone}))
        return
    cases = "1 case is" if gone == 1 else f"{gone:,} cases are"
    typer.echo(harmless(f"{author} is forgotten; {cases} nobody's now"))
