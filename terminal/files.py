"""Where the files of cases are taken from: what a command line names, and what a file of cases names. It reads none.

A file of cases is written by others, so its paths are taken from its own folder and lead nowhere else, unless the
operator has set another folder (PRECEPT_MEDIA_ROOT). What the operator names himself may be anywhere, where no folder
is set.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from terminal.errors import Refused

if TYPE_CHECKING:
    from cases.case import Media, MediaKind
    from graphs.settings import Settings


def inside(settings: "Settings", names: Path | None) -> "Settings":
    """Return settings under which the files that a file of cases names are looked for; None for no such file.

    Cases from stdin ("-") name files of the folder that the command stands in.
    """
    if settings.media_root is not None or names is None:
        return settings
    return settings.model_copy(update={"media_root": names.absolute().parent})


def media_of(settings: "Settings", **given: Sequence[Path] | None) -> "list[Media]":
    """Return the files of a command line by their kinds; raise Refused for one that is not there or not allowed."""
    from typing import cast

    from cases.case import Media

    return [
        Media(type=cast("MediaKind", kind), path=_path(path, settings.media_root))
        for kind, paths in given.items()
        for path in paths or ()
    ]


def drawable(path: Path | None) -> None:
    """Raise Refused where a picture cannot be written, before anything is decided."""
    if path is None:
        return
    if path.suffix.lower() != ".png":
        raise Refused(f"--render {str(path)!r}: pictures are written as PNG; give a name that ends with .png")
    if not path.parent.is_dir():
        raise Refused(f"--render {path}: there is no folder {str(path.parent)!r}; make it, or give another name")
    from importlib.util import find_spec

    if find_spec("PIL") is None:
        raise Refused("--render draws with Pillow, which is not installed: pip install 'precept[vision]'")


def _path(path: Path, root: Path | None) -> str:
    if not path.is_file():
        raise Refused(f"{path}: no such file; give the path of a file")
    if root is None:
        return str(path)
    real, top = path.resolve(), root.resolve()
    if not real.is_relative_to(top):
        raise Refused(
            f"{path}: lies outside of {str(root)!r}, where files may be; put it there, or set PRECEPT_MEDIA_ROOT"
        )
    # As a path from the root, so that the case is the same wherever the command was given.
    return os.path.relpath(real, top)
