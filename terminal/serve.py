"""`precept serve`: the HTTP API and the console, on this machine unless it is told otherwise."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from terminal.errors import Refused

if TYPE_CHECKING:
    from graphs.settings import Settings
    from web.store.database import Store


def serve(
    host: Annotated[
        str, typer.Option(help="Where to listen; other than loopback needs accounts and TLS.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535)] = 8080,
    policy: Annotated[str | None, typer.Option("--policy", "-p", metavar="PACK", help="The policy in force.")] = None,
    tls_cert: Annotated[Path | None, typer.Option(metavar="F", help="Certificate chain, PEM.")] = None,
    tls_key: Annotated[Path | None, typer.Option(metavar="F", help="Its private key, PEM.")] = None,
    behind_proxy: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="A proxy that does TLS, and whose headers are believed.")
    ] = None,
    add_admin: Annotated[
        str | None, typer.Option(metavar="NAME", help="Add an admin (asks for a password), and end.")
    ] = None,
    key: Annotated[
        str | None, typer.Option(metavar="NAME", help="Make an API key that may moderate and read, print it, and end.")
    ] = None,
    prune: Annotated[
        bool, typer.Option("--prune", help="Delete files that were sent long ago and that no case names, and end.")
    ] = False,
    examples: Annotated[bool, typer.Option(help="Decide the example cases where nothing was decided yet.")] = True,
) -> None:
    """Serve the API under /v1 and the console; on loopback it prints a one-time link for the admin."""
    from importlib.util import find_spec

    needed = ("fastapi", "uvicorn", "jinja2", "argon2", "cryptography", "multipart")
    if gone := [name for name in needed if find_spec(name) is None]:
        raise Refused(f"the console is not installed ({', '.join(gone)} missing): pip install 'precept[web]'")
    from terminal.opening import read
    from web.store.database import Store

    settings = read(policy)
    settings.home.mkdir(parents=True, exist_ok=True)
    if add_admin is not None or key is not None:
        with Store.beside(settings) as store:
            _add(store, add_admin, key)
        return
    if prune:
        _prune(settings)
        return
    if bool(tls_cert) != bool(tls_key):
        raise Refused("--tls-cert and --tls-key go together; give both")
    _serve(settings, host, port, tls_cert, tls_key, behind_proxy, examples)


def _add(store: "Store", admin: str | None, key: str | None) -> None:
    from web.store import accounts, keys

    try:
        if admin is not None:
            accounts.add(store, admin, ("admin",), typer.prompt("Password", hide_input=True, confirmation_prompt=True))
            typer.echo(f"{admin} may sign in")
        if key is not None:
            made, secret = keys.make(store, key, ("moderate", "read"))
            typer.echo(secret)
            typer.echo(f"precept: key {made.id} for {made.name}; it is shown this once", err=True)
    except ValueError as error:
        raise Refused(str(error)) from None


def _prune(settings: "Settings") -> None:
    from datetime import timedelta

    from terminal.opening import ledger
    from web.settings import read_web_settings
    from web.store.database import Store, now
    from web.work.pruning import prune

    age = timedelta(days=read_web_settings().uploads_days)
    with ledger(settings) as opened, Store.beside(settings) as store:
        gone = prune(store, opened, settings.home, settings.media_root, now(), age)
    typer.echo(f"{gone.files:,} files ({gone.bytes:,} bytes) that no case names were deleted")


def _serve(
    settings: "Settings", host: str, port: int, cert: Path | None, key: Path | None, proxy: str | None, examples: bool
) -> None:
    import uvicorn

    from web.application import create_app
    from web.office import open_office
    from web.serving import Unsafe, admin_link, check_address, decide_examples
    from web.settings import read_web_settings
    from web.store import accounts

    with open_office(settings, read_web_settings()) as office:
        people = sum(1 for a in accounts.everybody(office.store) if a.active)
        try:
            check_address(host, tls=cert is not None, proxy=proxy is not None, people=people)
        except Unsafe as error:
            raise Refused(str(error)) from None
        if examples:
            decide_examples(office, lambda told: typer.echo(f"precept: {told}", err=True))
        from contextlib import nullcontext

        config = uvicorn.Config(
            create_app(nullcontext(office)), host=host, port=port, log_level="warning", server_header=False,
            ssl_certfile=cert, ssl_keyfile=key, proxy_headers=proxy is not None, forwarded_allow_ips=proxy or "",
            timeout_graceful_shutdown=5,  # streams of events have no end of their own
        )  # fmt: skip
        server = uvicorn.Server(config)
        sock = config.bind_socket()
        place = f"{'https' if cert else 'http'}://{host}:{sock.getsockname()[1]}"
        typer.echo(f"Precept serves {place} (API {place}/v1, status {place}/status). Stop it with Ctrl+C.")
        if proxy is None and not cert:
            typer.echo(f"Open it once as admin: {admin_link(office, place)}")
        server.run(sockets=[sock])
