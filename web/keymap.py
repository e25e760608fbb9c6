"""Keys: what each one does in which place (static/keymap.json), and what a person has put in its place. No script.

Contract: in one place no key does two things; what is set is checked against that, and what was kept and holds no more
(another release has other keys) counts as unset. A dialog has its own keys and no others.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from cases.model import Fact
from web.problem import Problem

FILE = Path(__file__).parent / "static" / "keymap.json"
EVERYWHERE = "everywhere"
TITLES = {
    EVERYWHERE: "Everywhere", "case": "A case", "case.decide": "A case: the window in which it is decided",
    "case.reason": "A case: the window for a reason", "inbox": "Appeals: the inbox",
    "bulk": "Cases decided alike", "try": "Trying a text",
    "policies.reason": "Policies: the window for a reason",
}  # fmt: skip
NAMED = frozenset({
    "Enter", "Home", "End", "PageUp", "PageDown", "Insert", "Delete", "Backspace", "ArrowUp", "ArrowDown", "ArrowLeft",
    "ArrowRight", *(f"F{n}" for n in range(1, 13)),
})  # fmt: skip
# What fields and browsers need, and no page should take away.
KEPT = frozenset({"Tab", " ", "Escape", "F5", "F11", "F12", "Ctrl+F5", *(f"Ctrl+{k}" for k in "acfhjlnopqrtvwxyz0+-")})
_ONE = re.compile(r"(Ctrl\+)?(.+)", re.DOTALL)


class Bound(Fact):
    """What a key does in one place; `usual` is the key that it has where nobody sets another."""

    key: str
    action: str
    label: str
    usual: str

    @property
    def fixed(self) -> bool:
        """Return whether the key can be no other: Escape closes and leaves, here as everywhere."""
        return self.usual == "Escape"

    @property
    def changed(self) -> bool:
        """Return whether somebody has set it."""
        return self.key != self.usual


@cache
def usual() -> dict[str, tuple[Bound, ...]]:
    """Return the keys as they come, by place."""
    found = json.loads(FILE.read_text(encoding="utf-8"))
    return {place: tuple(Bound(**entry, usual=entry["key"]) for entry in entries) for place, entries in found.items()}


def title(place: str) -> str:
    """Return what a place is called.

    >>> title("queue"), title("everywhere")
    ('Queue', 'Everywhere')
    """
    return TITLES.get(place, place.capitalize())


def own(preferences: Mapping[str, object]) -> dict[str, str]:
    """Return the keys that a person has set, by PLACE.ACTION; what collides or cannot be read is left out."""
    known = {f"{place}.{b.action}": b for place, bounds in usual().items() for b in bounds}
    found = {
        name: key for name, b in known.items()
        if isinstance(key := preferences.get(f"key.{name}"), str) and key != b.usual and _fault(b, key) is None
    }  # fmt: skip
    while clash := next(_clashes(_placed(found)), None):
        place, key = clash
        # The keys that come with the release stay; what was set in their way goes.
        found = {n: k for n, k in found.items() if k != key or n.rpartition(".")[0] not in (place, EVERYWHERE)}
    return found


def keys(preferences: Mapping[str, object]) -> dict[str, tuple[Bound, ...]]:
    """Return the keys as a person has them, by place."""
    return _placed(own(preferences))


def rebound(preferences: Mapping[str, object], place: str, wanted: Mapping[str, str]) -> dict[str, str]:
    """Return the preferences that give actions of a place other keys; a blank key is the usual one.

    Raise Problem 404 for a place that is none, and 422 for a key that cannot be one or that another act has.
    """
    if place not in usual():
        raise Problem(404, f"There is no place {place!r} that has keys.", param="place", code="unknown_place")
    set_now, out = own(preferences), dict[str, str]()
    for bound in usual()[place]:
        if bound.action not in wanted or bound.fixed:
            continue
        key = wanted[bound.action] if wanted[bound.action] == " " else wanted[bound.action].strip()
        if (fault := _fault(bound, key or bound.usual)) is not None:
            raise Problem(422, fault, param=bound.action, code="bad_key")
        name = f"{place}.{bound.action}"
        set_now.pop(name, None)
        if key and key != bound.usual:
            set_now[name] = key
        out[f"key.{name}"] = set_now.get(name, "")
    made, before = _placed(set_now), {b for bounds in keys(preferences).values() for b in bounds}
    for where, key in _clashes(made):
        two = [(p, b) for p in dict.fromkeys((where, EVERYWHERE)) for b in made[p] if b.key == key]
        mine = next(b for _, b in two if b not in before)
        other_place, other = next((p, b) for p, b in two if b != mine)
        raise Problem(
            422, f"{key!r} is the key of “{other.label}” ({title(other_place)}); give “{mine.label}” another one, or "
            "change both at once.", param=mine.action, code="key_taken",
        )  # fmt: skip
    return out


def _fault(bound: Bound, key: str) -> str | None:
    """Return why a key cannot be that of an action, None where it can."""
    if key == bound.usual:
        return None
    whole = _ONE.fullmatch(key)
    plain = whole[2] if whole else ""
    if key in KEPT:
        return f"{key!r} is a key that fields and browsers need; choose another for “{bound.label}”."
    if not (plain in NAMED or (len(plain) == 1 and plain.isprintable() and not plain.isspace())) or bound.fixed:
        return f"{key!r} is no key that “{bound.label}” can have; press one key, or Ctrl and one key."
    if plain == "Enter" and bound.usual not in ("Enter", "Ctrl+Enter"):
        return f"Enter presses what has the focus; choose another key for “{bound.label}”."
    if bound.usual.startswith("Ctrl+") != key.startswith("Ctrl+"):
        how = (
            "has to work while you type; choose one with"
            if bound.usual.startswith("Ctrl+")
            else "must not happen while you type; choose one without"
        )
        return f"“{bound.label}” {how} Ctrl, not {key!r}."
    return None


def _placed(set_now: Mapping[str, str]) -> dict[str, tuple[Bound, ...]]:
    return {
        place: tuple(b.model_copy(update={"key": set_now.get(f"{place}.{b.action}", b.usual)}) for b in bounds)
        for place, bounds in usual().items()
    }


def _clashes(made: Mapping[str, tuple[Bound, ...]]) -> Iterator[tuple[str, str]]:
    """Yield the place and the key wherever a key does two things."""
    for place, bounds in made.items():
        dialog = "." in place
        more = () if dialog or place == EVERYWHERE else made[EVERYWHERE]
        for key, count in Counter(b.key for b in (*bounds, *more)).items():
            if count > 1:
                yield place, key


__all__ = ["EVERYWHERE", "Bound", "keys", "own", "rebound", "title", "usual"]
