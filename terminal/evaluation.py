"""`precept eval`: measure the running system on evaluation sets. It asks evals/ and shows what came out.

Exit codes are those of terminal/errors.py; 1 says that nothing could be measured, or under --strict that a target is
missed.
"""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from terminal.errors import BROKEN, DONE, Refused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evals.comparison import Change
    from evals.measure import Found, Record, Skipped


def eval_(
    suite: Annotated[str, typer.Argument(metavar="SUITE", help="A suite, several with commas, `all` or `list`.")],
    data: Annotated[Path, typer.Option(metavar="FOLDER", help="Where the sets are (NAME.jsonl or .jsonl.gz).")] = Path(
        "sets"
    ),
    against: Annotated[
        Path | None, typer.Option(metavar="BASELINE.json", help="A saved run: print what changed since.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Write results.json and report.html there.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many rows of each set.")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 when a target is missed.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Measure decisions on evaluation sets, with 95 % intervals and targets; `list` names the suites."""
    _needs("sklearn", "scipy", *(["matplotlib"] if out else []))
    from evals import comparison
    from evals.judged import proving
    from evals.sets import Sets
    from evals.suites import SUITES, run_suites, unmeasured
    from terminal.opening import measured

    if suite == "list":
        for name, found in SUITES.items():
            typer.echo(f"{name:<18} {(found.__doc__ or '').strip().splitlines()[0]}")
        return
    names = list(SUITES) if suite == "all" else suite.split(",")
    for name in names:
        if name not in SUITES:
            from policy_store.fault import suggest

            raise Refused(f"{name!r} is no suite; {suggest(name, [*SUITES, 'all', 'list'], 'suites')}")
    try:
        then = comparison.load(against) if against else None
    except comparison.BaselineError as error:
        raise Refused(str(error)) from None
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)  # before hours of measuring, not after
    with proving(Sets(data, _held), measured(), limit) as proof:
        ran = run_suites(proof, names, None if json else _told, partial(_keep, out) if out else None)
    changed = comparison.changes(ran.record, then) if then else ()
    if out is not None:
        from evals.report import page

        _keep(out, ran.record)
        (out / "report.html").write_text(page(ran.record, ran.drawings, changed), encoding="utf-8")
    if json:
        _print_json(ran.record, changed)
    else:
        _show(ran.record, changed, out)
    lacking = unmeasured(ran.record)
    if strict and lacking:
        typer.echo(f"not measured, so not met: {', '.join(lacking)}", err=True)
    missed = bool(lacking) or any(m.met is False for found in ran.record.found for m in found.measures)
    raise typer.Exit(BROKEN if not ran.record.found or (strict and missed) else DONE)


def _needs(*names: str) -> None:
    from importlib.util import find_spec

    missing = [name for name in names if find_spec(name) is None]
    if missing:
        raise Refused(f"precept eval needs {', '.join(missing)}; install them with `pip install 'precept[evals]'`")


def _keep(out: Path, record: "Record") -> None:
    part = out / "results.json.part"
    part.write_text(record.model_dump_json(), encoding="utf-8")
    part.replace(out / "results.json")


def _held(folder: Path) -> frozenset[str]:
    from training.data import samples

    try:
        return frozenset(sample.id for sample in samples("test", folder))
    except FileNotFoundError:
        return frozenset()


def _told(found: "Found | Skipped") -> None:
    from evals.measure import Skipped

    said = f"skipped: {found.why}" if isinstance(found, Skipped) else f"{found.rows:,} rows, {found.seconds:.0f} s"
    typer.echo(f"{found.suite}: {said}", err=True)


def _show(record: "Record", changed: "Sequence[Change]", out: Path | None) -> None:
    from rich.table import Table
    from rich.text import Text

    from evals.suites import unmeasured
    from terminal import paint

    console = paint.screen()
    table = Table(box=None, pad_edge=False, padding=(0, 1))
    for name in ("suite", "measure", "value", "95 % interval", "target", "met"):
        table.add_column(name, no_wrap=True, justify="right" if name in ("value", "95 % interval") else "left")
    for found in record.found:
        for n, m in enumerate(found.measures):
            value = "–" if m.value is None else f"{m.value:.3f}"
            ends = "" if m.low is None or m.high is None else f"{m.low:.3f} – {m.high:.3f}"
            met = {None: Text(), True: Text("yes", "green"), False: Text("no", "red")}[m.met]
            table.add_row(found.suite if n == 0 else "", m.name, value, ends, str(m.target or ""), met)
    if record.found:
        console.print(table)
    if changed:
        console.print(_differences(changed))
    made = record.made
    packs = ", ".join(f"{name} {digest[:8]}" for name, digest in made.packs.items())
    typer.echo(f"commit {made.commit or 'unknown'}, weights {made.weights[:8]}, {packs}; {made.machine}")
    aimed = [m for found in record.found for m in found.measures if m.target]
    lacking = unmeasured(record)
    if aimed or lacking:
        told = f", {len(lacking)} of them not measured" if lacking else ""
        typer.echo(f"{sum(bool(m.met) for m in aimed)} of {len(aimed) + len(lacking)} targets met{told}")
    if out is not None:
        typer.echo(f"written: {out / 'results.json'}, {out / 'report.html'}", err=True)


def _differences(changed: "Sequence[Change]") -> object:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 1), title="Against the saved run", title_justify="left")
    for name in ("suite", "measure", "then", "now", "difference", "95 % interval", ""):
        table.add_column(name, no_wrap=True, justify="left" if name in ("suite", "measure", "") else "right")
    for c in changed:
        ends = "" if c.low is None or c.high is None else f"{c.low:+.3f} – {c.high:+.3f}"
        said = "clear" if c.clear else ""
        table.add_row(c.suite, c.name, f"{c.then:.3f}", f"{c.now:.3f}", f"{c.difference:+.3f}", ends,
                      said if c.paired else f"{said} (other rows)".strip())  # fmt: skip
    return table


def _print_json(record: "Record", changed: "Sequence[Change]") -> None:
    import json as js

    told = record.model_dump(mode="json", exclude={"found": {"__all__": {"measures": {"__all__": {"replicates"}}}}})
    for found, body in zip(record.found, told["found"], strict=True):
        for measure, line in zip(found.measures, body["measures"], strict=True):
            line["met"] = measure.met
    if changed:
        told["changes"] = [{**c.model_dump(), "clear": c.clear} for c in changed]
    typer.echo(js.dumps(told, ensure_ascii=False, indent=2))
