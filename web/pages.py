"""Pages: templates rendered with what every page needs. Everything that is put in is escaped."""

import json
from functools import cache
from pathlib import Path

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from web import keymap
from web.identity import Actor, office_of

HERE = Path(__file__).parent


@cache
def templates() -> Environment:
    """Return the templates; an unknown name in one is an error."""
    return Environment(
        loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip


def page(request: Request, name: str, actor: Actor | None, /, *, status: int = 200, **values: object) -> HTMLResponse:
    """Return a rendered template; every one has `actor`, `path`, `pack`, `csrf` and `own_keys` as well."""
    own_keys = json.dumps(keymap.own(actor.preferences) if actor else {})
    given = {"actor": actor, "path": request.url.path, "pack": office_of(request).pack, "own_keys": own_keys, **values}
    html = templates().get_template(name).render(given, csrf=actor.csrf if actor else "")
    return HTMLResponse(html, status_code=status)
