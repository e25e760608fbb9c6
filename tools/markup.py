"""What a visitor of an HTML page reads and what is hidden from him, inside the sandbox. tools.page asks for it.

Not a browser: no script runs, nothing is fetched. Hidden is what the page's own attributes and plain style rules hide:
rules with selectors of several steps, and those in files of their own, are not followed.
"""

import math
import os
import re
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO, NamedTuple

from tools.container import number, peak
from tools.inside import Answer, Plain

UNREAD = {"script", "style", "template", "title", "meta", "link", "base", "svg", "math", "object", "embed"}
BLOCKS = {
    "address", "article", "aside", "blockquote", "body", "button", "caption", "dd", "div", "dl", "dt", "fieldset",
    "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "label", "legend",
    "li", "main", "nav", "ol", "option", "p", "pre", "section", "select", "summary", "table", "tbody", "td", "th",
    "tr", "ul",
}  # fmt: skip
MAX_HIDDEN = 200
MAX_RULES = 5_000
MAX_STYLE = 200_000
MAX_DEPTH = 200
MAX_ELEMENTS = 20_000
OFF = 500.0
TINY = 2.0
FAINT = 0.05

_RULE = re.compile(r"([^{}]{1,2000})\{([^{}]{0,4000})\}")
_PLAIN = re.compile(r"([a-z][a-z0-9]*|\*)?((?:[.#][\w-]+)*)", re.IGNORECASE)
_NUMBER = re.compile(r"(-?[0-9]*\.?[0-9]+)\s*(px|pt|em|rem|%|vw|vh|in|cm|mm)?")
_PIXELS = {"px": 1.0, "pt": 1.33, "em": 16.0, "rem": 16.0, "%": 0.16, "vw": 12.0, "vh": 8.0, "in": 96.0, "cm": 38.0}
_REFRESH = re.compile(r"\s*([0-9.]*)\s*[;,]?\s*(?:url\s*=)?\s*['\"]?([^'\"\s]*)", re.IGNORECASE)
_COLOURS = {"white": "ffffff", "black": "000000", "red": "ff0000", "green": "008000", "blue": "0000ff"}


class Rule(NamedTuple):
    """A style rule of one step, by its place: the tag ("*": any), ids and classes that it asks for, what it sets."""

    place: int
    tag: str
    marks: tuple[str, ...]
    sets: Mapping[str, str]


class Styles(NamedTuple):
    """Rules by one of the marks or else the tag that they ask for, and the colour of the page ("": nobody knows)."""

    rules: Mapping[str, list[Rule]]
    paper: str


class Place(NamedTuple):
    """How an element is shown: why it is hidden ("": it is not), and the colour behind it ("": nobody knows)."""

    why: str
    behind: str


def page(source: BinaryIO, asked: Mapping[str, Plain]) -> Answer:
    """Return the texts of a page: its title, main text, all lines that are shown, and what is hidden and why.

    Asked: most (bytes that are read).
    """
    from lxml import html

    body = os.pread(source.fileno(), int(number(asked, "most")), 0)
    # A document that is deeper than the parser's usual limit must not hide what comes after.
    parser = html.HTMLParser(encoding="utf-8", huge_tree=True, no_network=True, remove_comments=True, remove_pis=True)
    tree = html.document_fromstring(_decoded(body).encode("utf-8", "replace"), parser=parser)
    styles = _styles(tree)
    shown: list[str] = []
    hidden: list[tuple[str, str]] = []
    unseen: list[Any] = []
    for element, text, place in _walk(tree, styles):
        if text is None:
            unseen.append(element)
        elif not place.why:
            shown.append(text)
        elif text.strip():
            hidden.append((place.why, text))
    title = " ".join((tree.findtext(".//title") or "").split())
    value: dict[str, Plain] = {
        "title": title,
        "shown": _lines("".join(shown)),
        "hidden": [list(one) for one in _joined(hidden)[:MAX_HIDDEN]],
        "more_hidden": max(0, len(_joined(hidden)) - MAX_HIDDEN),
        "pictures": sum(1 for _ in tree.iter("img", "picture", "video", "canvas")),
        "scripts": sum(1 for _ in tree.iter("script")),
        "frames": sorted({str(f.get("src")) for f in tree.iter("iframe", "frame") if f.get("src")})[:20],
        "sent_to": _refreshes(tree),
        "deep": any("RESOURCE_LIMIT" in str(error.type_name) for error in parser.error_log),
    }
    for element in (*unseen, *list(tree.iter("script", "style", "template"))):
        if element.getparent() is not None:
            element.drop_tree()
    main, tool = _main(tree)
    return Answer(value | {"main": main, "tool": tool, "peak": peak()})


def _decoded(body: bytes) -> str:
    for mark, name in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if body.startswith(mark):
            return body.decode(name, "replace")
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        if error.start >= len(body) - 4:
            return body[: error.start].decode()
    named = re.search(rb"charset\s*=\s*[\"']?([A-Za-z0-9_-]{2,20})", body[:4096])
    try:
        return body.decode(named[1].decode() if named else "cp1252", "replace")
    except (LookupError, UnicodeError):
        return body.decode("cp1252", "replace")


def _main(tree: Any) -> tuple[str, list[Plain]]:
    """Return the main text by trafilatura and its version; none, and the parser's, where it is missing or too slow."""
    from importlib.metadata import version

    plain: tuple[str, list[Plain]] = "", ["lxml", version("lxml")]
    if not _tame(tree):
        return plain
    try:
        import trafilatura
    except ImportError:  # or one of its own libraries
        return plain
    try:
        found = trafilatura.extract(
            tree, favor_recall=True, include_comments=True, include_tables=True, include_links=False, deduplicate=False
        )
    except MemoryError:
        raise
    except Exception:  # its heuristics meet pages that nobody thought of; every line that is shown is given anyway
        found = None
    return found or "", ["trafilatura", version("trafilatura")]


def _tame(tree: Any) -> bool:
    """Return whether a tree is as flat and as small as pages that people make; others take trafilatura minutes."""
    from lxml import etree

    depth = elements = 0
    for event, _ in etree.iterwalk(tree, events=("start", "end")):
        depth += 1 if event == "start" else -1
        elements += event == "start"
        if depth > MAX_DEPTH or elements > MAX_ELEMENTS:
            return False
    return True


def _walk(root: Any, styles: Styles) -> Iterator[tuple[Any, str | None, Place]]:
    """Yield (element, text, place) in reading order; text None marks an element that is hidden as a whole."""
    stack: list[tuple[Any, Place, bool]] = [(root, Place("", styles.paper), False)]
    while stack:
        element, around, leaving = stack.pop()
        name = element.tag if isinstance(element.tag, str) else ""
        block = "\n" if name in BLOCKS or name == "br" else ""
        if leaving:
            yield element, block + (element.tail or ""), around
            continue
        stack.append((element, around, True))
        if name.lower() in UNREAD or not name:
            continue
        place = around if around.why else _place(element, name, around, styles)
        if place.why and not around.why:
            yield element, None, place
        words = element.text or ""
        if name == "input" and (element.get("type") or "text").lower() in ("submit", "button", "reset"):
            words = element.get("value") or ""
        elif name in ("input", "textarea"):
            words = element.get("placeholder") or words
        yield element, block + words, place
        stack.extend((child, place, False) for child in reversed(element))


def _place(element: Any, name: str, around: Place, styles: Styles) -> Place:
    sets = _styled(element, name, styles)
    behind = _colour(sets.get("background-color") or sets.get("background") or element.get("bgcolor")) or around.behind
    return Place(_reason(element, name, sets, behind), behind)


def _reason(element: Any, name: str, sets: Mapping[str, str], behind: str) -> str:
    """Return why an element is not seen; empty where it is."""
    if name == "noscript":
        return "for browsers without scripts"
    if element.get("hidden") is not None or (name == "dialog" and element.get("open") is None):
        return "attribute hidden"
    if sets.get("display") == "none" or sets.get("visibility") in ("hidden", "collapse"):
        return "style hides it"
    opacity = _number(sets.get("opacity"))
    if opacity is not None and opacity <= FAINT:
        return "transparent"
    size = _number(sets.get("font-size"))
    if size is not None and size <= TINY:
        return "letters too small to read"
    colour = _colour(sets.get("color") or (element.get("color") if name == "font" else None))
    if colour and (colour == "transparent" or colour == behind):
        return "letters in the colour behind them"
    away = [_number(sets.get(side)) for side in ("left", "top", "right", "bottom")]
    moved = sets.get("position") in ("absolute", "fixed", "relative") and any(a is not None and a <= -OFF for a in away)
    indent, margin = _number(sets.get("text-indent")), _number(sets.get("margin-left"))
    if moved or any(a is not None and a <= -OFF for a in (indent, margin)):
        return "outside the window"
    sides = [_number(sets.get(side)) for side in ("width", "height", "max-width", "max-height")]
    cut = "hidden" in sets.get("overflow", "") or "hidden" in sets.get("overflow-y", "")
    clip = sets.get("clip", "") + sets.get("clip-path", "")
    if (cut and any(s is not None and s <= 1 for s in sides)) or re.search(
        r"rect\(\s*[01](px)?[\s,]+[01](px)?[\s,]+[01]|inset\(\s*(50|100)%", clip
    ):
        return "cut to nothing"
    return "scaled to nothing" if re.search(r"scale[xy]?\(\s*0?\.?0*\s*[,)]", sets.get("transform", "")) else ""


def _styled(element: Any, name: str, styles: Styles) -> dict[str, str]:
    marks = {f".{c}" for c in (element.get("class") or "").split()}
    if element.get("id"):
        marks.add(f"#{element.get('id')}")
    sets: dict[str, str] = {}
    asked = [rule for key in (*marks, name, "*") for rule in styles.rules.get(key, ())]
    for rule in sorted(asked, key=lambda rule: rule.place):
        if rule.tag in ("*", name) and marks.issuperset(rule.marks):
            sets |= rule.sets
    return sets | _declared(element.get("style") or "")


def _styles(tree: Any) -> Styles:
    rules: dict[str, list[Rule]] = {}
    count, sure = 0, not any("stylesheet" in (link.get("rel") or "") for link in tree.iter("link"))
    for style in tree.iter("style"):
        text = re.sub(r"/\*.*?\*/", " ", (style.text or "")[:MAX_STYLE], flags=re.DOTALL)
        # A rule for the printed page or a small screen is no rule for what everybody sees.
        text = re.sub(r"@media[^{}]*\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}", " ", text)
        for selectors, declared in _RULE.findall(text):
            sets = _declared(declared)
            for selector in selectors.split(",")[:100]:
                found = _PLAIN.fullmatch(selector.strip())
                if found is None:
                    sure = sure and not any("background" in key for key in sets)
                elif selector.strip() and sets and count < MAX_RULES:
                    marks = tuple(re.findall(r"[.#][\w-]+", found[2]))
                    rule = Rule(count, (found[1] or "*").lower(), marks, sets)
                    rules.setdefault(marks[0] if marks else rule.tag, []).append(rule)
                    count += 1
    return Styles(rules, "ffffff" if sure else "")


def _declared(text: str) -> dict[str, str]:
    pairs = (part.partition(":") for part in text[:4000].lower().split(";"))
    return {key.strip(): value.replace("!important", "").strip() for key, _, value in pairs if key.strip()}


def _number(value: str | None) -> float | None:
    """Return a length in pixels or a bare number; None for what is neither.

    >>> _number("-9999px"), _number("0"), _number("0.5em"), _number("auto")
    (-9999.0, 0.0, 8.0, None)
    """
    found = _NUMBER.match(value) if value else None
    return float(found[1]) * _PIXELS.get(found[2] or "px", 1.0) if found else None


def _colour(value: str | None) -> str:
    """Return a colour as six hex digits, "transparent", or nothing for one that is not understood.

    >>> _colour("#FFF"), _colour("rgb(255, 255, 255)"), _colour("rgba(0,0,0,0)"), _colour("url(x)")
    ('ffffff', 'ffffff', 'transparent', '')
    """
    text = (value or "").strip().lower()
    if text == "transparent":
        return text
    if found := re.match(r"#([0-9a-f]{6}|[0-9a-f]{3})\b", text):
        return found[1] if len(found[1]) == 6 else "".join(2 * digit for digit in found[1])
    if found := re.match(r"rgba?\(\s*(\d{1,3})\s*[, ]\s*(\d{1,3})\s*[, ]\s*(\d{1,3})(?:\s*[,/]\s*([0-9.]+))?", text):
        clear = found[4] is not None and math.isclose(_number(found[4]) or 0.0, 0.0, abs_tol=FAINT)
        return "transparent" if clear else "".join(f"{min(255, int(found[n])):02x}" for n in (1, 2, 3))
    return _COLOURS.get(text.split(" ")[0], "") if text else ""


def _refreshes(tree: Any) -> list[Plain]:
    found: list[Plain] = []
    for meta in tree.iter("meta"):
        if (meta.get("http-equiv") or "").lower() == "refresh":
            match = _REFRESH.match(meta.get("content") or "")
            if match and match[2]:
                found.append(match[2][:500])
    return found[:20]


def _lines(text: str) -> list[Plain]:
    lines = (" ".join(line.split()) for line in text.split("\n"))
    return [line for line in lines if line]


def _joined(hidden: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return hidden texts, those that stand next to each other for one reason as one."""
    out: list[tuple[str, list[str]]] = []
    for why, text in hidden:
        if out and out[-1][0] == why:
            out[-1][1].append(text)
        else:
            out.append((why, [text]))
    return [(why, " ".join("".join(texts).split())) for why, texts in out]
