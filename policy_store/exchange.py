"""The outside formats that policies come in and go out by, in one table. Writing a folder of a pack is here as well."""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal, NamedTuple, get_args

from policy_store.cope import read_cope, write_cope
from policy_store.pack import Pack
from policy_store.safeguard import read_safeguard, write_safeguard
from policy_store.sketch import Carried, SketchError, Written

Format = Literal["gpt-oss-safeguard", "cope"]
FORMATS: tuple[Format, ...] = get_args(Format)
MOST_CHARS = 1_000_000
PACK_ID = re.compile(r"^[a-z][a-z0-9-]*$")


class Door(NamedTuple):
    """How a format is read and written."""

    read: Callable[[str, str, Pack], Carried]
    write: Callable[[Pack, Sequence[str]], Written]


DOORS: Mapping[Format, Door] = {
    "gpt-oss-safeguard": Door(read_safeguard, write_safeguard),
    "cope": Door(read_cope, write_cope),
}


def import_policy(text: str, form: Format, pack_id: str, head: Pack) -> Carried:
    """Return the files of the pack that an outside policy describes, and notes on what was filled in or left.

    `head` lends tiers, profiles and rubric. Raise SketchError where the text is not of the format.
    """
    if not PACK_ID.match(pack_id):
        raise SketchError(f"pack id {pack_id!r}: start with a small letter, then small letters, digits and dashes")
    if len(text) > MOST_CHARS:
        raise SketchError(f"the policy has {len(text):,} characters, {MOST_CHARS:,} at most; split it")
    return DOORS[form].read(text, pack_id, head)


def export_policy(pack: Pack, form: Format, rule_ids: Sequence[str] = ()) -> Written:
    """Return rules of a pack (all active ones where none is named) in an outside format, and notes on what is lost."""
    return DOORS[form].write(pack, rule_ids)


def write_folder(folder: Path, files: Mapping[str, str]) -> None:
    """Write the files of a pack into a new or empty folder; raise FileExistsError where something is there."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise FileExistsError(f"{folder} is there and not empty; give the name of a new folder")
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


__all__ = ["FORMATS", "Format", "SketchError", "export_policy", "import_policy", "write_folder"]
