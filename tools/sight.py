"""Looks at the files of a case: what can be seen, heard and read in them, and what could not. It judges nothing.

Contract: every file comes back with at least one observation or one gap, whatever is in it; no error of a library gets
out. A file that was looked through carries a `tag` observation with its format and size, so that a picture without
words is told from one that nobody looked at. What was seen is kept by content, tools and settings.
"""

import os
import re
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from cases.case import Media, Part, media_ids
from cases.observation import Unseen
from tools.looking import Looking, Seen
from tools.remembered import remembered
from tools.source import opened, placed

NEEDED = ("PIL", "av", "cv2", "lxml", "nudenet", "pdqhash", "rapidocr", "trafilatura")
VISION = "pip install 'precept[vision]'"
_COMMENT = re.compile(r"<!--.*?-->|<\?[^<>]*>", re.S)
_PAGE = re.compile(r"\s*<(?:!doctype\s+html|html|head|body)\b", re.I)
_HEAD = 20_000


def missing() -> tuple[str, ...]:
    """Return the libraries of the vision extra that are not installed."""
    return tuple(name for name in NEEDED if find_spec(name) is None)


def look(media: Sequence[Media], how: Looking | None = None) -> Seen:
    """Return what is seen in files, in their order."""
    how, gone = how or Looking(), missing()
    found = [
        _untold(name, gone) if gone else _file(one, name, how)
        for name, one in zip(media_ids(media), media, strict=True)
    ]
    return _joined(found)


def look_at_pages(pages: Sequence[Part]) -> Seen:
    """Return what a visitor reads of parts that are the HTML of a landing page, each under the part's own id."""
    from tools.landing import page_given

    gone = missing()
    return _joined([_untold(p.id, gone) if gone else page_given(p.text, p.id) for p in pages])


def is_page(text: str) -> bool:
    """Return whether a text is an HTML document, and not words about one.

    >>> is_page("<!-- ad --> <!DOCTYPE html><p>Buy</p>"), is_page("Buy <b>now</b>")
    (True, False)
    """
    return _PAGE.match(_COMMENT.sub("", text[:_HEAD])) is not None


def _untold(name: str, gone: Sequence[str]) -> Seen:
    told = f"{', '.join(gone)} not installed, and files of a case are not read without: {VISION}"
    return Seen((), (Unseen(media=name, what="file", why="no_tool", told=told),))


def _file(one: Media, name: str, how: Looking) -> Seen:
    file = opened(one.path, how.root, name)
    if isinstance(file, Unseen):
        return Seen((), (file,))
    with file:
        before = _state(file)
        place = placed(one.path, how.root)
        make = _looks(one, place, _watched(how, name))
        seen = remembered(how, one.type, place, file, name, make)
        # The file is opened by its path again, so what was hashed and what was looked at must be the same.
        if seen is None or before != _state(file) or not _same(place, before):
            told = "it was changed while it was looked at; decide it again"
            return Seen((), (Unseen(media=name, what="file", why="unreadable", told=told),))
    return seen


def _looks(one: Media, place: str, how: Looking) -> Callable[[str], Seen]:
    if one.type == "image":
        from tools.still import picture_seen

        return lambda name: picture_seen(place, name, how)
    if one.type == "video":
        from tools.moving import video_seen

        return lambda name: video_seen(place, name, how)
    if one.type == "audio":
        from tools.moving import sound_heard

        return lambda name: sound_heard(place, name, how)
    from tools.landing import page_seen

    return lambda name: page_seen(place, name, how.root)


def _watched(how: Looking, name: str) -> Looking:
    """Return how to look, told under the file's name in its case whatever it is called on the way."""
    watch = how.watch
    return how if watch is None else how._replace(watch=lambda _, *how_far: watch(name, *how_far))


def _joined(found: Sequence[Seen]) -> Seen:
    return Seen(tuple(o for s in found for o in s.observations), tuple(u for s in found for u in s.unseen))


def _state(file: IO[bytes]) -> tuple[int, ...]:
    return _told(os.fstat(file.fileno()))


def _same(place: str | Path, before: tuple[int, ...]) -> bool:
    try:
        return _told(os.stat(place)) == before
    except OSError:
        return False


def _told(stat: os.stat_result) -> tuple[int, ...]:
    return stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns
