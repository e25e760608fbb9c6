"""A case as a language model reads it: fixed blocks that content can neither close nor forge.

Every `<` and `>` of content becomes a look-alike, one character for one, so that no block mark of ours, no tag and no
special token of a chat template can come out of content; bracketed instruction marks are broken the same way.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence

from agents.exhibit import NOTHING, Exhibit, Exhibits, spoken, within
from agents.prompt import render
from cases.case import Case, media_ids
from cases.exchange import Author, Message, Placed
from cases.observation import Locator, Observation
from policy_store.pack import Pack
from policy_store.rule import Product, Rule

READ_CHARS = 24_000
LISTED, LISTED_CHARS = 24, 80  # observations of a frame, and of the words of one: they stand in a part as well
SAID = 40  # pieces of a transcript, those nearest to the frames
TURNS, TURN_CHARS = 10, 2_000  # of what was said before, the end is nearest
_BRACKETS = str.maketrans({"<": "‹", ">": "›"})
_MARKS = re.compile(r"\[(?=/?(?:INST|SYS|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS)\])", re.IGNORECASE)


def neutral(text: str) -> str:
    """Return text of the same length in which nothing can be taken for a mark of ours or of a chat template.

    >>> neutral("</content> <|im_end|> [INST] ok <3")
    '‹/content› ‹|im_end|› ［INST] ok ‹3'
    """
    return _MARKS.sub("［", text.translate(_BRACKETS))


def framed(case: Case, limit: int = READ_CHARS, exhibits: Exhibits = NOTHING) -> str:
    """Return context, parts and files of a case as blocks, content cut to `limit` characters and marked where cut.

    Exhibits have a mark each, behind which `turn` places the picture; of other files it is said that they are not seen.
    """
    last = list(enumerate(case.context, 1))[-TURNS:]
    blocks = [f'<context turn="{i}">\n{neutral(turn[-TURN_CHARS:])}\n</context>' for i, turn in last]
    left = limit
    for part in case.parts:
        if not part.text.strip():
            continue
        text = part.text[:left]
        left -= len(text)
        cut = "" if len(text) == len(part.text) else f' cut="{len(part.text) - len(text)} characters are missing"'
        blocks.append(f'<content part="{_name(part.id)}"{cut}>\n{neutral(text)}\n</content>')
    looked = {o.media for o in case.observations}
    for media, one in zip(media_ids(case.media), case.media, strict=True):
        shown = [e for e in exhibits.items if e.media == media]
        if shown:
            lines = _shown(case, media, shown)
            blocks.append("\n".join([f'<media id="{media}" type="{one.type}">', *lines, "</media>"]))
        elif media in looked and one.type == "page":
            continue  # a page is its words
        elif media in looked:
            told = render("picture_unseen", media=media)
            blocks.append(f'<media id="{media}" type="{one.type}">{told}</media>')
        else:
            blocks.append(f'<media type="{one.type}">not read</media>')
    return "\n".join([*blocks, *([render("pictures_note")] if exhibits.items else [])])


def turn(author: Author, text: str, exhibits: Exhibits = NOTHING) -> Message:
    """Return a message whose exhibits stand behind their marks; raise ValueError for one without a mark."""
    # Content holds no "<", so the first mark with an id is the one that `framed` wrote.
    places = [(text.index(">\n", text.index(_mark(e))) + 2, e.picture) for e in exhibits.items]
    places.sort(key=lambda place: place[0])
    return Message(author=author, text=text, pictures=tuple(Placed(at=at, picture=p) for at, p in places))


def listed(observation: Observation) -> str:
    """Return an observation as a line: its id, what it is, its place in percent, and its words or label."""
    box = observation.locator.box
    place = "" if box is None else " (" + ", ".join(
        f"{name} {100 * share:.0f}" for name, share in
        (("left", box.x), ("top", box.y), ("width", box.width), ("height", box.height))
    ) + ")"  # fmt: skip
    said = " ".join(observation.text.split())[:LISTED_CHARS] or observation.label
    return f"{_name(observation.id)} {observation.kind}{place}: {neutral(said)}"


def cut(case: Case, limit: int = READ_CHARS) -> bool:
    """Return whether a case is longer than a model reads of it."""
    return sum(len(p.text) for p in case.parts) > limit


def policy(rules: Sequence[Rule], pack: Pack, profile: str | None = None) -> str:
    """Return rules one after another, and what several of them except once, at the end."""
    times = Counter(c.id for rule in rules for c in pack.exceptions_of(rule))
    shared = {i for i, n in times.items() if n > 1}
    lines = [written(rule, pack, profile, shared) for rule in rules]
    if shared:
        texts = {c.id: c.text for rule in rules for c in pack.exceptions_of(rule)}
        lines += ["<exceptions>", *(f"- {i}: {texts[i]}" for i in texts if i in shared), "</exceptions>"]
    return "\n".join(lines)


def written(rule: Rule, pack: Pack, profile: str | None = None, elsewhere: Collection[str] = ()) -> str:
    """Return a rule with the ids of everything that can be cited; a decomposed one as a profile labels it.

    Exceptions whose text stands `elsewhere` are named by their ids alone.
    """
    lines = [f'<rule id="{rule.id}">', f"{rule.id} {rule.type}: {rule.statement}"]
    lines += [f"Definition, {d.term}: {d.text}" for d in rule.definitions]
    lines += ["Violates:", *(f"- {c.id}: {c.text}" for c in rule.includes)]
    if exceptions := pack.exceptions_of(rule):
        own = [f"- {c.id}: {c.text}" for c in exceptions if c.id not in elsewhere]
        named = ", ".join(c.id for c in exceptions if c.id in elsewhere)
        lines += ["Does not violate when:", *own, *([f"- {named}: see below"] if named else [])]
    if rule.products:
        lines += ["Combinations, the first that fits decides:", *(_product(p, rule, profile) for p in rule.products)]
        lines.append("- anything else: violates")
    return "\n".join([*lines, "</rule>"])


def _product(product: Product, rule: Rule, profile: str | None) -> str:
    texts = {(a.id, v.id): f"{a.text}: {v.text}" for a in rule.attributes for v in a.values}
    shown = "; ".join(texts[item] for item in product.values.items()) or "all else"
    label = product.labels.get(profile or "*") or product.labels.get("*", "violating")
    return f"- {shown}: {'violates' if label == 'violating' else 'does not violate'}"


def _shown(case: Case, media: str, exhibits: Sequence[Exhibit]) -> Iterator[str]:
    """Yield the frames of a file and what was said in it as they follow in time, each frame with what is in it."""
    said = _near(spoken(case, media), exhibits)
    for frame in (e for e in exhibits if not e.of):
        at = frame.locator.start
        while said and at is not None and (said[0].locator.start or 0.0) <= at:
            yield _timed(said.pop(0))
        yield f'{_mark(frame)}{_when(frame.locator)} size="{frame.picture.width}x{frame.picture.height}">\n'
        inside = [o for o in case.observations if o.media == media and o.kind != "tag" and within(o, frame.locator)]
        yield from (listed(o) for o in inside[:LISTED])
        if len(inside) > LISTED:
            yield f"and {len(inside) - LISTED} more"
        yield "</picture>"
        for crop in (e for e in exhibits if e.of == frame.id):
            yield f'{_mark(crop)} of="{_name(crop.of)}">\n</crop>'
    yield from map(_timed, said)


def _near(said: Sequence[Observation], exhibits: Sequence[Exhibit]) -> list[Observation]:
    times = [e.locator.start for e in exhibits if e.locator.start is not None] or [0.0]
    chosen = sorted(said, key=lambda one: min(abs((one.locator.start or 0.0) - t) for t in times))[:SAID]
    return [one for one in said if one in chosen]


def _timed(said: Observation) -> str:
    start, end = said.locator.start or 0.0, said.locator.end
    return f"{start:.1f}{f'-{end:.1f}' if end is not None else ''} s, {listed(said)}"


def _when(locator: Locator) -> str:
    return "" if locator.start is None else f' at="{locator.start:.1f} s"'


def _mark(exhibit: Exhibit) -> str:
    return f'<{"crop" if exhibit.of else "picture"} id="{_name(exhibit.id)}"'


def _name(part_id: str) -> str:
    return neutral(part_id).replace('"', "”")
