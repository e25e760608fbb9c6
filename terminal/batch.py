"""`precept batch`: decides a file of cases; it can be killed at any moment and gone on with. How: terminal.run."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from terminal.decide import Policy, Profile
from terminal.errors import BAD_LINES, INTERRUPTED, Refused

if TYPE_CHECKING:
    from terminal.output import Output
    from terminal.run import Run


def batch(
    source: Annotated[str, typer.Argument(metavar="IN.jsonl", help="Cases, one a line; .gz too; - is stdin.")],
    output: Annotated[str, typer.Option("--output", "-o", metavar="OUT.jsonl", help="Decisions; - is stdout.")],
    policy: Policy = None,
    profile: Profile = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with an output that was begun.")] = False,
    ignore: Annotated[list[str] | None, typer.Option(metavar="KEY", help="A key to pass over; repeatable.")] = None,
    json: Annotated[bool, typer.Option("--json-errors", "--json", help="Summary and errors as JSON.")] = False,
) -> None:
    """Decide a file of cases: {"id", "text"} or {"id", "parts"} a line in, one decision a line out, in that order.

    "author" may name the account that published it; no model sees that, and the console counts strikes by it.
    Paths of "media" are taken from the folder of the input, and lead nowhere else; or from PRECEPT_MEDIA_ROOT.
    """
    from cases.intake import EXTRA
    from graphs.published import load_live
    from terminal.files import inside
    from terminal.opening import read, unknown_profile
    from terminal.output import open_output
    from terminal.reading import open_input
    from terminal.run import Task, run

    settings = inside(read(policy), Path(source))
    pack = load_live(settings)
    if profile is not None and (wrong := unknown_profile(profile, pack)):
        raise Refused(f"--profile: {wrong}")
    if Path(source).exists() and Path(output).exists() and Path(source).samefile(output):
        raise Refused(f"{output}: input and output are the same file; give the output another name")
    begun = time.monotonic()
    with open_input(source) as lines, open_output(output, resume=resume) as out:
        again = f"precept batch {source} -o {output} --resume"
        try:
            done = run(Task(settings, pack, profile, EXTRA | frozenset(ignore or ()), json), lines, out)
            out.settle()
        except KeyboardInterrupt:
            typer.echo(f"\nprecept: interrupted; {out.lines:,} lines are written. Go on with: {again}", err=True)
            raise typer.Exit(INTERRUPTED) from None
        except Refused:
            raise
        except Exception as error:
            # What broke is said by the error; how far the run came is known only here.
            error.add_note(f"{out.lines:,} lines are written; when it is mended go on with: {again}")
            raise
        _sum_up(done, out, time.monotonic() - begun, json)
    raise typer.Exit(BAD_LINES if done.counts["bad"] else 0)


def _sum_up(done: "Run", out: "Output", seconds: float, json: bool) -> None:
    from terminal.line import written

    counts = {name: done.counts[name] for name in ("allow", "act", "review", "bad")}
    if json:
        more = {
            "lines": out.lines, "before": out.held.lines, "taken_over": done.taken_over,
            "repeated_ids": out.ids.repeated, "seconds": round(seconds, 2), "output": out.name,
        }  # fmt: skip
        typer.echo(written(counts | more), err=True)
        return
    before = f", {out.held.lines:,} of them before" if out.held.lines else ""
    told = ", ".join(f"{count:,} {name}" for name, count in counts.items())
    typer.echo(f"{out.name}: {out.lines:,} lines in {seconds:.1f} s{before}: {told}", err=True)
    if counts["bad"]:
        typer.echo(f'{counts["bad"]:,} lines could not be decided: they are those with "error"', err=True)
    if out.ids.repeated:
        typer.echo(f"{out.ids.repeated:,} lines repeat an id, the first {out.ids.first!r}; all were decided", err=True)
    if counts["review"]:
        typer.echo(f"{counts['review']:,} wait for a person: precept ledger pending", err=True)
