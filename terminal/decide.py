"""`precept decide`: one case, or the shipped examples. It asks the desk and shows what came out; it judges nothing."""

import hashlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from terminal.errors import Refused

if TYPE_CHECKING:
    from cases.case import Case, Media
    from cases.decision import Decision
    from graphs.desk import Desk, Progress
    from graphs.settings import Settings

EXAMPLES = "examples.jsonl"
NO_VISION = "files are not read without {missing}: pip install 'precept[vision]'. The case is kept for a person."

Policy = Annotated[str | None, typer.Option("--policy", "-p", metavar="PACK", help="A shipped policy, or a folder.")]
Profile = Annotated[str | None, typer.Option(help="Audience and jurisdiction, as the policy names them.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


def decide(
    text: Annotated[str | None, typer.Argument(help="The content; - reads it from stdin.")] = None,
    ad: Annotated[
        Path | None, typer.Option(metavar="F.json", help="An ad: title, caption, screen, speech, landing, media.")
    ] = None,
    image: Annotated[list[Path] | None, typer.Option(metavar="F", help="A picture of the case; repeatable.")] = None,
    video: Annotated[list[Path] | None, typer.Option(metavar="F", help="A video of the case; repeatable.")] = None,
    audio: Annotated[list[Path] | None, typer.Option(metavar="F", help="A sound of the case; repeatable.")] = None,
    page: Annotated[list[Path] | None, typer.Option(metavar="F", help="A landing page as HTML; repeatable.")] = None,
    policy: Policy = None,
    profile: Profile = None,
    surface: Annotated[str | None, typer.Option(help="Where it stands: post, comment, message, ad …")] = None,
    context: Annotated[
        list[str] | None, typer.Option(help="A turn before it, read but not judged; repeatable.")
    ] = None,
    id: Annotated[str | None, typer.Option(help="The id of the case.")] = None,
    author: Annotated[
        str | None, typer.Option(metavar="ID", help="The account that published it; no model sees it.")
    ] = None,
    examples: Annotated[bool, typer.Option("--examples", help="Decide the shipped example cases.")] = False,
    steps: Annotated[bool, typer.Option("--steps", help="Show each step as it finishes.")] = False,
    render: Annotated[
        Path | None, typer.Option(metavar="OUT.png", help="Draw its pictures and key frames with what was seen.")
    ] = None,
    json: Json = False,
) -> None:
    """Decide a case: allow it, act on it under a rule, or keep it for a person."""
    from terminal.files import drawable, inside, media_of
    from terminal.opening import read

    drawable(render)
    settings = inside(read(policy), ad)
    media = media_of(settings, image=image, video=video, audio=audio, page=page)
    given = [name for name, there in (("a text", text is not None), ("--ad", ad), ("--examples", examples)) if there]
    if len(given) > 1:
        raise Refused(f"{' and '.join(given)} are given; give one of them")
    if author is not None:
        from cases.intake import checked_author

        author = checked_author(author, "--author")
        if examples:
            raise Refused("--author is of one case; give it without --examples")
    if render is not None and examples:
        raise Refused("--render draws one case; give it without --examples")
    if examples:
        cases = _examples()
    elif ad is not None:
        from cases.intake import case_from_ad

        cases = [case_from_ad(ad, id, surface=surface, profile=profile, context=context or [], media=media)]
    elif text is not None or media:
        cases = [_written(text or "", id, surface or "post", profile, context or [], media)]
    else:
        raise Refused('nothing to decide; give a text (precept decide "…"), - for stdin, --ad FILE, or --examples')
    if any(case.media for case in cases):
        from tools.sight import missing

        if gone := missing():
            typer.echo(f"precept: {NO_VISION.format(missing=', '.join(gone))}", err=True)
    _decided(settings, cases, profile, author, json=json, steps=steps, render=render)


def _decided(
    settings: "Settings", cases: "list[Case]", profile: str | None, author: str | None, *, json: bool, steps: bool,
    render: Path | None,
) -> None:  # fmt: skip
    from graphs.published import load_live
    from terminal.opening import unknown_profile

    pack = load_live(settings)
    for wanted in (profile, *(case.profile for case in cases)):
        if wanted is not None and (wrong := unknown_profile(wanted, pack)):
            raise Refused(f"--profile: {wrong}")
    if profile is not None:
        cases = [case.model_copy(update={"profile": case.profile or profile}) for case in cases]
    from graphs.wiring import open_desk
    from terminal.progress import watching

    with watching(quiet=json) as watch, open_desk(settings, pack, watch=watch) as desk:
        made = _as_json(desk, cases, steps) if json else _for_people(desk, cases, steps)
    if author is not None:
        from web.store.authors import credit_all
        from web.store.database import Store

        with Store.beside(settings) as store:
            credit_all(store, {made[0].id: author})
    if render is not None:
        from terminal.rendering import draw

        draw(*made, pack, settings.media_root, render)


def _as_json(desk: "Desk", cases: "list[Case]", steps: bool) -> "tuple[Decision, Case]":
    from terminal.line import long_line_of, written
    from terminal.places import found_in

    for case in cases:
        for step in desk.stream(case):
            if steps:
                typer.echo(written({"id": case.id, "step": step.node, **_told(step)}))
            case = step.fields.get("case", case)  # with what was seen in its files
            if "decision" in step.fields:
                made = step.fields["decision"]
        typer.echo(written(long_line_of(made, case) | found_in(made, case)))
    return made, case


def _for_people(desk: "Desk", cases: "list[Case]", steps: bool) -> "tuple[Decision, Case]":
    from terminal import paint

    console, pack = paint.screen(), desk.deps.book.pack
    rows = paint.table()
    for case in cases:
        for step in desk.stream(case):
            if steps:
                console.print(paint.step(step.node, _told(step)))
            case = step.fields.get("case", case)  # with what was seen in its files
            if "decision" in step.fields:
                made = step.fields["decision"]
        if len(cases) == 1:
            console.print(paint.decision(made, case, pack))
        else:
            rows.add_row(*paint.row(made, case, console.width))
    if len(cases) > 1:
        console.print(rows)
        console.print(f"\nSee one in full: precept explain {made.id}", style="dim")
    return made, case


def _told(step: "Progress") -> dict[str, object]:
    """Return what a step found, in a few short values."""
    fields = step.fields
    told: dict[str, object] = {}
    if "case" in fields and fields["case"].media:
        told |= {"seen": len(fields["case"].observations), "unseen": len(fields["case"].unseen)}
    if "perception" in fields:
        told |= {"views": len(fields["perception"].views), "gaps": list(fields["perception"].gaps)}
    if "route" in fields:
        told |= {"risk": round(fields["route"].risk, 4), "clear": fields["route"].clear}
    if "retrieved" in fields:
        told["rules"] = [found.rule_id for found in fields["retrieved"]]
    if "ranking" in fields:
        told["scores"] = {s.rule_id: round(s.probability, 4) for s in fields["ranking"].scores[:3]}
        told["depth"] = fields["doubt"].depth
    if "draft" in fields:
        told |= {"outcome": fields["draft"].outcome, "rule": fields["draft"].rule_id}
    if "critiques" in fields:
        told |= {"ruling": fields["critiques"][-1].ruling, "score": round(fields["critiques"][-1].score, 4)}
    if "decision" in fields:
        told |= {"outcome": fields["decision"].outcome, "decision": fields["decision"].id}
    if spent := fields.get("spent"):
        told |= {"seconds": spent[-1].seconds, "encoded": spent[-1].encoded}
    return told


def _written(
    text: str, case_id: str | None, surface: str, profile: str | None, context: list[str], media: "list[Media]"
) -> "Case":
    from cases.intake import IntakeError, case_from_text

    if text == "-":
        raw = sys.stdin.buffer.read()
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError as error:
            raise IntakeError(
                f"stdin: byte 0x{raw[error.start]:02x} at offset {error.start} is not UTF-8; convert it to UTF-8"
            ) from None
    # The same content gets the same id, so that `ledger list --case` finds the earlier decisions about it.
    content = "\0".join((text, *(m.path for m in media))).encode("utf-8", "replace")
    name = case_id or f"text-{hashlib.sha256(content).hexdigest()[:8]}"
    return case_from_text(text, name, surface=surface, profile=profile, context=context, media=media)


def _examples() -> "list[Case]":
    import cases
    from cases.case import Case
    from cases.intake import read_line

    lines = (Path(cases.__file__).parent / EXAMPLES).read_bytes().splitlines()
    found = [read_line(raw, number) for number, raw in enumerate(lines, 1)]
    return [case for case in found if isinstance(case, Case)]
