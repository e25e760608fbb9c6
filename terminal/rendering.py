"""An annotated picture of a decision: the frames of its files with what was seen on them, and what the verdict cites.

It chooses what to draw and says it in words; tools/drawing.py draws. A file that is gone or was changed is said to be.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from agents.quotation import pictured, quotations
from cases.case import Case, Media, media_ids
from cases.decision import Decision, dominant
from cases.observation import Locator, Observation, Unseen
from policy_store.pack import Pack
from terminal.errors import Refused
from terminal.places import cited as cited_in
from terminal.places import clock

if TYPE_CHECKING:
    from tools.drawing import Kind, Mark

MOST_FRAMES = 12  # of one file
NEAR = 0.05  # seconds
KINDS = {"subtitle": "Subtitle", "speech": "Said", "match": "Known picture"}
BARE = frozenset(
    {
        "FEMALE_GENITALIA_EXPOSED", "MALE_GENITALIA_EXPOSED", "ANUS_EXPOSED", "FEMALE_BREAST_EXPOSED",
        "BUTTOCKS_EXPOSED",
    }
)  # fmt: skip


class Wanted(NamedTuple):
    """A whole frame to be fetched; fits tools.album.Wanted."""

    id: str
    locator: Locator
    crop: bool = False


def draw(made: Decision, case: Case, pack: Pack, root: Path | None, path: Path) -> None:
    """Write the picture of a decision, and say so; name the files that are no longer kept."""
    import typer

    body, gone = render(made, case, pack, root)
    path.write_bytes(body)
    for name in gone:
        typer.echo(f"precept: {name} is no longer kept, so it is not drawn; what was read in it is on record", err=True)
    typer.echo(f"precept: drawn: {path}", err=True)


def render(made: Decision, case: Case, pack: Pack, root: Path | None) -> tuple[bytes, tuple[str, ...]]:
    """Return a decision's files with what was seen and cited as a PNG, and those whose pictures are no longer kept.

    Raise Refused for a case without files.
    """
    from tools.album import Album
    from tools.drawing import Panel, sheet

    files = dict(zip(media_ids(case.media), case.media, strict=True))
    if not any(one.type in ("image", "video") for one in files.values()):
        raise Refused(f"{case.id}: it holds no picture and no video, so there is nothing to draw; leave --render out")
    cited, album = _cited(made, case), Album(root)
    panels: list[Panel] = []
    lost: list[str] = []
    for name, one in files.items():
        seen = [o for o in case.observations if o.media == name]
        told = tuple(f"not seen: {u.told}" for u in case.unseen if u.media == name)
        frames = _frames(name, one, seen, cited)
        shots = album(case, name, frames).pictures if frames else ()
        for frame, shot in zip(frames, shots, strict=True):
            gone = (_untold(shot),) if isinstance(shot, Unseen) else ()
            if isinstance(shot, Unseen) and shot.why == "missing" and name not in lost:
                lost.append(name)
            data = None if isinstance(shot, Unseen) else shot.data
            panels.append(Panel(_title(frame, name, one), data, tuple(_marks(seen, frame, cited)), gone))
        if told and not frames:
            panels.append(Panel(f"{name} · {_file(one)}", None, lines=told))
    return sheet([*_head(made, case, pack), *_said(case, cited)], panels), tuple(lost)


def _untold(shot: Unseen) -> str:
    return "the picture is no longer kept" if shot.why == "missing" else f"not shown: {shot.told}"


def _cited(made: Decision, case: Case) -> frozenset[str]:
    """Return the ids of what the leading rule's evidence stands on."""
    leading = dominant(made)
    sighted = {s.region for s in leading.sightings} if leading else set()
    return frozenset({one.id for one in cited_in(made, case)} | sighted)


def _frames(name: str, one: Media, seen: Sequence[Observation], cited: frozenset[str]) -> list[Wanted]:
    """Return the frames to draw: key frames, and those that are cited, in order; of a picture those with a find."""
    if one.type not in ("image", "video"):
        return []
    found: dict[tuple[float, int], Wanted] = {}
    first = next((o for o in seen if o.locator.frame is not None), None)
    for o in seen:
        key = o.kind == "tag" and o.locator.box is None
        boxed = one.type == "image" and o.locator.box is not None and o.kind != "tag"
        if o.locator.frame is not None and (key or boxed or o.id in cited or o is first):
            where = o.locator.model_copy(update={"box": None, "end": None})
            found.setdefault((where.start or 0.0, o.locator.frame), Wanted(f"{name}.f{o.locator.frame}", where))
    return [found[place] for place in sorted(found)][:MOST_FRAMES]


def _marks(seen: Iterable[Observation], frame: Wanted, cited: frozenset[str]) -> "Iterator[Mark]":
    from tools.drawing import Mark

    for o in seen:
        if o.locator.box is None or not _stands(o, frame.locator):
            continue
        kind: Kind = (
            "cited" if o.id in cited else "words" if o.kind == "words" else "region" if o.kind == "region" else "box"
        )
        told = f"“{o.text}”" if o.text else o.label.replace("_", " ").lower()
        until = f", until {clock(o.locator.end)}" if o.kind == "words" and o.locator.end else ""
        yield Mark(o.locator.box, kind, f"{told}{until} ({o.tool}, confidence {o.confidence:.0%})", o.label in BARE)


def _stands(one: Observation, frame: Locator) -> bool:
    at = one.locator
    if at.start is None or frame.start is None:
        return at.frame == frame.frame
    # Words stay where they are until they were seen last.
    end = at.end if one.kind == "words" and at.end is not None else at.start
    return at.start - NEAR <= frame.start <= end + NEAR


def _title(frame: Wanted, name: str, one: Media) -> str:
    at = frame.locator
    when = [f"at {clock(at.start)}", f"frame {at.frame}"] if at.start is not None else []
    return " · ".join([name, *when, _file(one)])


def _file(one: Media) -> str:
    """Return the name of a file without its folders: they are the operator's, and nothing to show around."""
    return one.path.replace("\\", "/").rsplit("/", 1)[-1]


def _head(made: Decision, case: Case, pack: Pack) -> Iterator[str]:
    rule = pack.by_id.get(made.rule_id or "")
    yield made.outcome.upper() + (f" under {rule.id} {rule.type}" if rule else "")
    severity = f"severity {made.severity} of 100, tier {made.tier} · " if rule else ""
    yield f"{severity}case {made.case_id} · decision {made.id}"
    leading = dominant(made)
    if leading is not None:
        seen = pictured(case, leading.sightings)
        told = [quote.told for quote in quotations(case, leading.evidence)]
        if resting := [*([seen] if seen else []), *told]:
            yield f"It rests on {', '.join(resting)}."


def _said(case: Case, cited: frozenset[str]) -> Iterator[str]:
    """Yield what was said and shown as subtitles, and what was not seen."""
    for o in case.observations:
        if o.kind in ("subtitle", "speech", "match"):
            when = f", at {clock(o.locator.start)}" if o.locator.start is not None else ""
            mark = ", cited" if o.id in cited else ""
            yield f"{KINDS[o.kind]} in {o.media}{when}{mark}: {f'“{o.text}”' if o.text else o.label}"
    for gap in case.unseen:
        yield f"Not seen of {gap.media}: {gap.told}"
