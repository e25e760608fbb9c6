"""A file of a case, opened so that it can be handed to a decoder: a regular file, inside its folder, of a bounded size.

Not a decoder: it reads nothing. What it checked is what is open, so nobody can swap the file in between. The one place
that says what a path of a case means: a relative one is taken from the folder that media may be in, from where the
process stands without one.
"""

import os
import stat
from pathlib import Path
from typing import IO

from cases.observation import Trouble, Unseen

MOST = 8 << 30


def placed(path: str | Path, root: str | Path | None) -> str:
    """Return where a path of a case lies; with a root it is absolute, and not yet known to be inside.

    >>> placed("a.png", None), placed("a.png", "/media"), placed("/other/a.png", "/media")
    ('a.png', '/media/a.png', '/other/a.png')
    """
    return str(path) if root is None else os.path.join(os.path.abspath(root), path)


def opened(path: str | Path, root: str | Path | None, media: str, most: int = MOST) -> IO[bytes] | Unseen:
    """Return the open file, at most `most` bytes long; the caller closes it.

    With a root, a path is taken from it, and one that leads out of it, by a link or by dots, is refused; None allows
    every place. Pipes, devices and folders are refused without waiting for them.
    """

    def unseen(why: Trouble, told: str) -> Unseen:
        return Unseen(media=media, what="file", why=why, told=told)

    shown = repr(str(path)[:200])
    try:
        real = os.path.realpath(placed(path, root), strict=True)
        if root is not None and not Path(real).is_relative_to(os.path.realpath(root, strict=True)):
            return unseen("unreadable", f"{shown} leads out of the folder that media may be in; put the file inside it")
        handle = os.open(real, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY)
    except (FileNotFoundError, NotADirectoryError):
        return unseen("missing", f"{shown} is not there; check the path of the media")
    except (OSError, ValueError) as error:
        told = error.strerror if isinstance(error, OSError) else str(error)
        return unseen("unreadable", f"{shown} cannot be opened: {told}")
    found, place = os.fstat(handle), f"/proc/self/fd/{handle}"
    if os.path.lexists(place) and os.readlink(place) != real:
        bad = unseen("unreadable", f"{shown} was moved while it was opened; try again")
    elif not stat.S_ISREG(found.st_mode):
        bad = unseen("unreadable", f"{shown} is no regular file; give a file")
    elif found.st_size > most:
        bad = unseen("too_large", f"{shown} has {found.st_size} bytes, {most} are read at most; give a smaller file")
    elif not found.st_size:
        bad = unseen("unreadable", f"{shown} is empty")
    else:
        return os.fdopen(handle, "rb")
    os.close(handle)
    return bad
