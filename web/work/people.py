"""Names of those on record, for colleagues. An id that is nobody's (a user of the command line) is its own name.

Contract: what is returned here is shown to signed-in people alone, never to programs and never to the public.
"""

from collections.abc import Iterable

from web.office import Office
from web.store import accounts, keys


def names(office: Office, ids: Iterable[str]) -> dict[str, str]:
    """Return the name of each id: an account's, "NAME (program)" for a key, else the id itself."""
    wanted = set(ids)
    if not wanted:
        return {}
    known = {a.id: a.shown for a in accounts.everybody(office.store) if a.id in wanted}
    if wanted - known.keys():
        known |= {k.id: f"{k.name} (program)" for k in keys.keys(office.store) if k.id in wanted}
    return {one: known.get(one, one) for one in wanted}


def name(office: Office, by: str) -> str:
    """Return the name of one id."""
    return names(office, (by,))[by]
