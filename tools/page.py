"""A landing page in an HTML file as text: what a visitor reads, and what the page hides from him. Nothing is fetched.

Not a browser, and no judge: hidden text is told apart, as it is a trick to show a judge what no visitor sees, or the
other way round. Pages that scripts build, or that send the visitor on, were not seen, and that is a gap.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, NamedTuple, cast

from cases.model import Fact
from cases.observation import Trouble, Unseen
from tools.sandbox import MIB, Failed, Limits, Plain, run
from tools.source import opened

MAX_BYTES = 4 * MIB
MAX_TEXT = 200_000
FEW = 200
MANY = 2_000
READING = Limits(seconds=30.0, cpu_seconds=25, memory=1536 * MIB, answer=64 * MIB)


class Hidden(Fact):
    """Text that the page holds and a visitor does not see, and by what means."""

    text: str
    why: str


class Page(NamedTuple):
    """A page: `text` is its main text, `rest` the other lines that are shown (menus, buttons, small print).

    `pictures` counts what was not looked at; `frames` and `sent_to` are addresses that the page would load or go to.
    """

    title: str
    text: str
    rest: str
    hidden: tuple[Hidden, ...]
    pictures: int
    frames: tuple[str, ...]
    sent_to: tuple[str, ...]
    gaps: tuple[Unseen, ...]
    tool: str
    version: str

    @property
    def shown(self) -> str:
        """Return all that a visitor reads: the title, the main text, then the rest."""
        return "\n".join(part for part in (self.title, self.text, self.rest) if part)


def read_page(
    path: str | Path,
    root: str | Path | None = None,
    limits: Limits = READING,
    *,
    media: str = "landing",
    most: int = MAX_BYTES,
) -> Page | Unseen:
    """Return the texts of an HTML file, of a huge one those of its first `most` bytes, with a gap."""
    file = opened(path, root, media)
    if isinstance(file, Unseen):
        return file
    with file:
        size = file.seek(0, 2)
        file.seek(0)
        head = file.read(1024)
        if b"\0" in head and not head.startswith((b"\xff\xfe", b"\xfe\xff")):
            return Unseen(media=media, what="page", why="unknown_format", told="it is no text; give a page as HTML")
        return _read(file, size, limits, media, most)


def read_html(html: str, limits: Limits = READING, *, media: str = "landing", most: int = MAX_BYTES) -> Page | Unseen:
    """Return the texts of a page that is given as HTML."""
    # The page is UTF-8 now, whatever it says that it is: the mark overrules what stands in it.
    body = b"\xef\xbb\xbf" + html.encode("utf-8", "replace")
    return _read(body, len(body), limits, media, most)


def _read(source: bytes | IO[bytes], size: int, limits: Limits, media: str, most: int) -> Page | Unseen:
    got = run("tools.markup:page", {"most": most}, source, limits)
    if isinstance(got, Failed):
        return Unseen(media=media, what="page", why=got.why, told=got.told)
    return _page(cast(Mapping[str, Plain], got.value), media, size, most)


def _page(value: Mapping[str, Plain], media: str, size: int, most: int) -> Page:
    gaps: list[Unseen] = []

    def gap(why: Trouble, told: str) -> None:
        gaps.append(Unseen(media=media, what="page", why=why, told=told))

    main, shown = str(value["main"]), _texts(value["shown"])
    rest = "\n".join(_beside(main[:MAX_TEXT], shown))
    if size > most:
        gap("too_large", f"only the first {most} of {size} bytes were read; give a smaller page")
    if len(main) > MAX_TEXT or len(rest) > MAX_TEXT:
        gap("too_long", f"only the first {MAX_TEXT} characters were kept; give a shorter page")
    if cast(int, value["scripts"]) and sum(map(len, shown)) < FEW:
        gap("unreadable", "scripts build it, and they are not run; give the page as it is shown")
    if value["deep"]:
        gap("unreadable", "it is nested so deeply that the rest of it was not read; give it as it is shown")
    if value["sent_to"]:
        gap("missing", "it sends visitors on to another address, which is not followed; give that page")
    if cast(int, value["more_hidden"]):
        gap("too_long", f"{value['more_hidden']} more hidden texts were left out; look at the file")
    tool, version = _texts(value["tool"])
    hidden = tuple(Hidden(why=why, text=text[:MAX_TEXT]) for why, text in cast(list[tuple[str, str]], value["hidden"]))
    return Page(
        title=str(value["title"])[:1000], text=main[:MAX_TEXT], rest=rest[:MAX_TEXT], hidden=hidden,
        pictures=cast(int, value["pictures"]), frames=tuple(_texts(value["frames"])),
        sent_to=tuple(_texts(value["sent_to"])), gaps=tuple(gaps), tool=tool, version=version,
    )  # fmt: skip


def _beside(main: str, shown: list[str]) -> Iterator[str]:
    """Yield the lines that the main text does not hold; a line among many is looked for as a whole line alone."""
    known, lines = _plain(main), {_plain(line) for line in main.splitlines()}
    for place, line in enumerate(shown):
        said = _plain(line[:MAX_TEXT])
        if said not in lines and (place >= MANY or said not in known):
            yield line


def _plain(text: str) -> str:
    return re.sub(r"\W+", " ", text).strip().casefold()


def _texts(value: Plain) -> list[str]:
    return [str(one) for one in cast(list[Plain], value)]
