"""A landing page of a case as observations: a line that a visitor reads is one, a text that is hidden from him another.

No judge, and no browser: see tools/page.py. Pictures of a page are not fetched, and that is a gap.
"""

from pathlib import Path

from cases.observation import Locator, Observation, Unseen
from tools.looking import Seen
from tools.page import Page, read_html, read_page

MOST_LINES = 400
HIDDEN = "hidden: "


def page_seen(path: str, name: str, root: Path | None = None) -> Seen:
    """Return what a visitor reads of an HTML file."""
    return _seen(read_page(path, root, media=name), name)


def page_given(html: str, name: str) -> Seen:
    """Return what a visitor reads of a page that is given as HTML."""
    return _seen(read_html(html, media=name), name)


def _seen(page: Page | Unseen, name: str) -> Seen:
    if isinstance(page, Unseen):
        return Seen((), (page,))
    lines = [line.strip() for line in page.shown.splitlines() if line.strip()]
    if len(lines) > MOST_LINES:  # nothing is left out, only places in the page become coarse
        lines = [*lines[: MOST_LINES - 1], " ".join(lines[MOST_LINES - 1 :])]
    said = [("shown", line) for line in lines] + [(HIDDEN + one.why, one.text) for one in page.hidden]
    tag = f"page, {len(page.shown)} characters shown, {len(page.hidden)} texts hidden"
    found = [
        Observation(id=f"{name}.t1", media=name, kind="tag", label=tag, locator=Locator(), tool=page.tool,
                    version=page.version)
    ]  # fmt: skip
    found += [
        Observation(id=f"{name}.w{number}", media=name, kind="words", label=label, text=text, locator=Locator(),
                    tool=page.tool, version=page.version)
        for number, (label, text) in enumerate(said, 1)
    ]  # fmt: skip
    gaps = list(page.gaps)
    if page.pictures:
        told = f"{page.pictures} pictures of the page were not looked at; give them as pictures"
        gaps.append(Unseen(media=name, what="picture", why="missing", told=told))
    if page.frames:
        told = f"{len(page.frames)} pages inside the page were not read; give them as pages"
        gaps.append(Unseen(media=name, what="page", why="missing", told=told))
    return Seen(tuple(found), tuple(gaps))
