"""What was seen in a file, kept by its content, the settings and the tools; a file is then looked at once.

Not a record: what is lost or damaged is looked at anew. Kept under a name that stands for the file, so that the same
file has the same entry whatever it is called in its case. What a clock or the memory cut short is not kept.
"""

import hashlib
import os
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import IO

from pydantic import ValidationError

from cases.case import MediaKind
from cases.model import Fact
from cases.observation import Observation, Trouble, Unseen
from tools.looking import Looking, Seen
from tools.source import opened
from tools.subtitles import MAX_BYTES, MAX_SIDECARS, sidecars

LOOKS = "2"  # raise it when what is seen of the same file changes
NAME = "it"
PASSING: frozenset[Trouble] = frozenset({"out_of_time", "too_large", "missing"})
LARGEST = 4 << 20
LIBRARIES = (
    "av", "faster-whisper", "nudenet", "opencv-python-headless", "pdqhash", "pillow", "rapidocr", "trafilatura",
)  # fmt: skip
_READ = 1 << 20


class Kept(Fact):
    """What was seen of one file, as it is stored."""

    observations: tuple[Observation, ...]
    unseen: tuple[Unseen, ...]


def remembered(
    how: Looking, kind: MediaKind, place: str, file: IO[bytes], name: str, make: Callable[[str], Seen]
) -> Seen | None:
    """Return what was seen of an open file earlier, else what `make` sees now; None where it cannot be read to its end.

    `make` is given the name that the file goes by in ids.
    """
    if how.store is None:
        return make(name)
    try:
        content = digest(file)
    except OSError:
        return None
    key = (f"seen/{content}", _settings(how, kind, place), tools())
    body = how.store.verdicts([key]).get(key)
    if body is not None:
        try:
            kept = Kept.model_validate_json(body)
            return renamed(Seen(kept.observations, kept.unseen), NAME, name)
        except ValidationError:
            pass  # kept by another version of these types
    seen = make(NAME)
    if not any(gap.why in PASSING for gap in seen.unseen):
        body = Kept(observations=seen.observations, unseen=seen.unseen).model_dump_json(exclude_defaults=True)
        if len(body) <= LARGEST:
            how.store.put_verdicts({key: body})
    return renamed(seen, NAME, name)


def renamed(seen: Seen, old: str, new: str) -> Seen:
    """Return what was seen with the file's name changed, in ids too."""
    return Seen(
        tuple(o.model_copy(update={"media": new, "id": new + o.id.removeprefix(old)}) for o in seen.observations),
        tuple(u.model_copy(update={"media": new}) for u in seen.unseen),
    )


def digest(file: IO[bytes]) -> str:
    """Return the sha256 (hex) of an open file."""
    made = hashlib.sha256()
    file.seek(0)
    while chunk := file.read(_READ):
        made.update(chunk)
    return made.hexdigest()


def tools() -> str:
    """Return what names the installed libraries that look at files."""
    return _short(*(f"{name} {_version(name)}" for name in LIBRARIES))


def _settings(how: Looking, kind: MediaKind, place: str) -> str:
    said: list[object] = [LOOKS, kind]
    if kind in ("image", "video"):
        said += [how.engine, how.bank.digest if how.bank else ""]
    if kind == "video":
        said += [how.frames, how.choose is None, how.chosen_by, how.likeness is None]
        for path in sidecars(place)[: MAX_SIDECARS + 1]:
            said += [os.fspath(path.name), _beside(path, how.root)]
    if kind in ("video", "audio"):
        said += [how.listener.name, how.listener.version] if how.listener else ["none"]
    return _short(*map(str, said))


def _beside(path: Path, root: Path | None) -> str:
    file = opened(path, root, NAME)
    if isinstance(file, Unseen):
        return file.why
    with file:
        return hashlib.sha256(file.read(MAX_BYTES + 1)).hexdigest()


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "none"


def _short(*said: str) -> str:
    return hashlib.sha256("\0".join(said).encode("utf-8", "surrogateescape")).hexdigest()[:32]
