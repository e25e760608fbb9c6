"""Serving the application: where it may listen, how the first person gets in, and what waits for them."""

import ipaddress
from collections.abc import Callable
from importlib.resources import files

from web.office import Office
from web.store import accounts, sessions


class Unsafe(ValueError):
    """A way to serve that would expose cases; the text says what and the fix."""


def check_address(host: str, *, tls: bool, proxy: bool, people: int) -> None:
    """Raise Unsafe unless it listens on loopback, or there are accounts with passwords and TLS (or a named proxy)."""
    if _loopback(host):
        return
    if not people:
        raise Unsafe(
            f"--host {host!r} can be reached by others and nobody has a password yet; open it on 127.0.0.1 first and "
            "add accounts in Admin, or run precept serve --add-admin NAME"
        )
    if not (tls or proxy):
        raise Unsafe(
            f"--host {host!r} can be reached by others, and passwords would travel in the clear; give --tls-cert and "
            "--tls-key, or --behind-proxy ADDRESS where a proxy does TLS"
        )


def admin_link(office: Office, base: str) -> str:
    """Return a one-time link for the first admin, whose account is made where there is none."""
    people = accounts.everybody(office.store)
    admin = next((a for a in people if "admin" in a.roles and a.active), None)
    if admin is None:
        admin = accounts.add(office.store, "admin", ("admin",))
    return f"{base}/link/{sessions.link(office.store, admin.id)}"


def decide_examples(office: Office, told: Callable[[str], None]) -> int:
    """Decide the shipped example cases where nothing was ever decided here; return how many."""
    if next(office.ledger.decisions(limit=1), None) is not None:
        return 0
    body = files("cases").joinpath("examples.jsonl").read_text(encoding="utf-8")
    from cases.intake import BadLine, read_line

    found = [read_line(line.encode(), n) for n, line in enumerate(body.splitlines(), 1) if line.strip()]
    cases = [c for c in found if not isinstance(c, BadLine)]
    told(f"deciding {len(cases)} example cases")
    for case in cases:
        office.desks.live.decide(case)
    office.catch_up()
    return len(cases)


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


__all__ = ["Unsafe", "admin_link", "check_address", "decide_examples"]
