"""`precept policy`: what a policy author runs. It shows what policy_store, evals and agents find; it finds nothing.

Exit codes are those of terminal/errors.py; 1 says that a check found something (a test failed, a case regressed).
`--json` prints one JSON value on stdout.
"""

import json as js
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Annotated

import typer

from terminal.errors import BAD_LINES, BROKEN, DONE, USAGE, Door, Refused
from terminal.exchange import export, import_

if TYPE_CHECKING:
    from cases.case import Case
    from evals.impact import Gold
    from policy_store.pack import Pack
    from tools.ledger import Ledger

policy_app = typer.Typer(
    cls=Door, name="policy", help="Write, check and try policies, and see what a change flips.", no_args_is_help=True
)
PackRef = Annotated[
    str, typer.Argument(metavar="PACK", help="A policy id, id@version or id@shipped, or a folder with policy.yaml.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


@policy_app.command()
def lint(
    pack: PackRef,
    json: Json = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 when there is a warning.")] = False,
) -> None:
    """Check a policy: faults keep it from loading, remarks say what makes its verdicts worse."""
    from policy_store.fault import PackError
    from policy_store.lint import lint as remarks_on
    from policy_store.suite import load_tests

    try:
        found = _load(pack)
        tests = load_tests(_at(pack), found)
    except PackError as error:
        if not json:
            raise
        _print_json({"pack": None, "faults": [f.model_dump() for f in error.faults], "warnings": 0, "remarks": []})
        raise typer.Exit(USAGE) from None
    remarks = remarks_on(found)
    warnings = sum(r.level == "warning" for r in remarks)
    if json:
        _print_json(
            {"pack": _ref(found), "faults": [], "warnings": warnings, "remarks": [r.model_dump() for r in remarks]}
        )
    else:
        pages().remarks(found, remarks, len(tests))
    raise typer.Exit(BROKEN if strict and warnings else DONE)


@policy_app.command()
def test(
    pack: PackRef,
    run: Annotated[str | None, typer.Option("--run", "-r", metavar="RE", help="Only tests whose id matches.")] = None,
    json: Json = False,
    coverage: Annotated[bool, typer.Option("--coverage", help="List the clauses that no test reaches.")] = False,
    threshold: Annotated[float, typer.Option(min=0, max=100, metavar="PCT", help="Exit with 1 below it.")] = 0.0,
    fail_on_todo: Annotated[bool, typer.Option("--fail-on-todo", help="Exit with 1 when a test is skipped.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show what came out of passing tests.")] = False,
) -> None:
    """Run the tests in a policy's cases.yaml: PASS, FAIL, ERROR or SKIPPED, and which clauses they reach."""
    from evals.policy_tests import run_tests
    from graphs.wiring import open_desk
    from policy_store.suite import load_tests
    from terminal.opening import read

    found = _load(pack)
    tests = load_tests(_at(pack), found)
    if not tests:
        raise Refused(f"{pack}: no tests, so nothing was checked; write cases.yaml beside policy.yaml")
    wanted = _matching(run, [t.id for t in tests])
    with _throw_away() as ledger, open_desk(read(), found, waits=False, ledger=ledger) as desk:
        told = None if json else lambda result: pages().result(result, verbose)
        done = run_tests(desk, found, [t for t in tests if t.id in wanted], told)
    if json:
        _print_json({"pack": _ref(found), "sound": done.sound, **done.model_dump(mode="json")})
    else:
        pages().run(done, coverage, threshold)
    enough = done.coverage.percent >= threshold
    skipped = fail_on_todo and done.counts.skipped
    raise typer.Exit(DONE if done.sound and enough and not skipped else BROKEN)


@policy_app.command()
def diff(
    old: Annotated[str, typer.Argument(metavar="A", help="The old policy: a shipped id or a folder.")],
    new: Annotated[str, typer.Argument(metavar="B", help="The new one.")],
    json: Json = False,
) -> None:
    """Show what changed between two versions of a policy, word by word, and which verdicts it can change."""
    from policy_store.diff import diff_packs

    found = diff_packs(_load(old), _load(new))
    if json:
        _print_json(found.model_dump(mode="json"))
    else:
        pages().diff(found)


@policy_app.command()
def impact(
    old: Annotated[str, typer.Argument(metavar="A", help="The old policy: a shipped id or a folder.")],
    new: Annotated[str, typer.Argument(metavar="B", help="The new one.")],
    cases: Annotated[
        str, typer.Option("--cases", metavar="FILE", help="Cases as in a batch; `gold` may say what is right.")
    ],
    json: Json = False,
    limit: Annotated[int | None, typer.Option(min=0, help="How many flips to show (20; with --json all).")] = None,
    fail_on_regression: Annotated[bool, typer.Option("--fail-on-regression", help="Exit with 1 if any.")] = False,
) -> None:
    """Show which verdicts a change flips on known cases: what would be acted on or let go, and what gold labels say."""
    from evals.impact import Gold
    from evals.impact import impact as compare
    from terminal.opening import measured
    from terminal.reading import open_input

    before, after = _load(old), _load(new)
    gold: dict[str, Gold] = {}
    bad: list[str] = []
    with open_input(cases) as lines:
        found = compare(before, after, _known_cases(lines.lines(), (before, after), gold, bad), measured(), gold)
    if json:
        shown = found.model_copy(update={"flips": found.flips[:limit]})
        _print_json({"flipped": len(found.flips), **shown.model_dump(mode="json"), "bad_lines": bad})
    else:
        pages().impact(found, 20 if limit is None else limit)
    for line in bad if not json else ():
        typer.echo(f"error: {line}", err=True)
    regressed = fail_on_regression and found.judged is not None and found.judged.regressed
    raise typer.Exit(BAD_LINES if bad else BROKEN if regressed else DONE)


@policy_app.command("try")
def try_(
    rule: Annotated[str, typer.Argument(metavar="RULE|IN.jsonl", help="A rule in plain words, or a file of lines.")],
    content: Annotated[str | None, typer.Argument(help="The content to try it on.")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="OUT.jsonl")] = None,
    json: Json = False,
) -> None:
    """Try a rule that no policy has: `try "rule" "content"`, or lines of {"id", "rule", "text"} with `-o`."""
    if (content is None) == (output is None):
        raise Refused("give a rule and a content, or a file and -o: `precept policy try IN.jsonl -o OUT.jsonl`")
    if output is not None:
        _try_file(rule, output, json)
    else:
        _try_one(rule, content or "", json)


@policy_app.command()
def schema(
    folder: Annotated[Path, typer.Argument(help="Where to write them.")] = Path("schemas"),
) -> None:
    """Write the JSON schemas that let an editor check and complete a policy's files."""
    from policy_store.schema import schemas, write_schemas

    write_schemas(folder)
    for name in schemas():
        typer.echo(folder / name)


@policy_app.command()
def show(pack: PackRef, rule: Annotated[str | None, typer.Argument(metavar="RULE")] = None, json: Json = False) -> None:
    """Show a policy's rules, or one rule in full."""
    found = _load(pack)
    if rule is not None and rule not in found.by_id:
        from policy_store.fault import suggest

        raise Refused(f"{found.id} has no rule {rule!r}; {suggest(rule, found.by_id, 'rules')}")
    chosen = found.by_id[rule] if rule else None
    if json:
        _print_json((chosen or found).model_dump(mode="json"))
    elif chosen:
        pages().rule(found, chosen)
    else:
        pages().pack(found)


policy_app.command("import")(import_)
policy_app.command()(export)


def pages() -> ModuleType:
    """Return the module that draws; drawing libraries load only when something is drawn."""
    from terminal import policy_pages

    return policy_pages


def _try_one(rule: str, content: str, json: bool) -> None:
    from cases.intake import case_from_text
    from cases.text import sentences
    from evals.trials import try_on
    from graphs.wiring import open_model
    from terminal.opening import read

    if not sentences(rule):
        raise Refused(f"the rule {rule!r} says nothing; write what violates it in a sentence")
    case = case_from_text(content)
    with open_model(read()) as model:
        trial = try_on(rule, case, model.encode_kept, model.calibration, model.read)
    if json:
        _print_json(trial.model_dump(mode="json"))
    else:
        pages().trial(case, trial)


def _try_file(source: str, target: Path, json: bool) -> None:
    from cases.intake import BadLine
    from evals.trials import run_trials
    from graphs.wiring import open_model
    from terminal.opening import read
    from terminal.reading import open_input

    with open_input(source) as lines, open_model(read()) as model:
        if target.exists() and Path(source).exists() and target.samefile(source):
            raise Refused(f"{target}: the output would overwrite the input; give it another name")
        counts = {"tried": 0, "bad": 0}
        with target.open("w", encoding="utf-8") as out:
            for found in run_trials((raw for _, raw in lines.lines()), model.encode, model.calibration, model.read):
                bad = isinstance(found, BadLine)
                counts["bad" if bad else "tried"] += 1
                left_out = None if bad else {"evidence": {"__all__": {"drop"}}}
                out.write(js.dumps(found.model_dump(mode="json", exclude=left_out), ensure_ascii=False) + "\n")
    if json:
        _print_json(counts)
    else:
        typer.echo(f"{counts['tried']} tried, {counts['bad']} bad lines; written to {target}", err=True)
    raise typer.Exit(BAD_LINES if counts["bad"] else DONE)


def _known_cases(
    lines: Iterable[tuple[int, bytes]], packs: Sequence["Pack"], gold: "dict[str, Gold]", bad: list[str]
) -> "Iterator[Case]":
    """Yield the cases of a file; labels and complaints are put aside as they come by."""
    from pydantic import ValidationError

    from cases.intake import BadLine, read_line
    from evals.impact import Gold
    from terminal.opening import unknown_profile

    for number, raw in lines:
        case = read_line(raw, number)
        if isinstance(case, BadLine):
            bad.append(case.error)
            continue
        unknown = [why for pack in packs if case.profile and (why := unknown_profile(case.profile, pack))]
        if unknown:
            bad.append(f"line {number}, key 'profile': {unknown[0]}")
            continue
        label = js.loads(raw.removeprefix(b"\xef\xbb\xbf")).get("gold")
        try:
            if label is not None:
                gold[case.id] = Gold.model_validate(label)
        except ValidationError:
            bad.append(
                f'line {number}, key \'gold\': {js.dumps(label)} is no label; write {{"outcome": "act", "rule": "HR2"}}'
            )
            continue
        yield case


@contextmanager
def _throw_away() -> "Iterator[Ledger]":
    """Open a ledger that is gone afterwards: a test is no decision about anybody."""
    from tools.ledger import Ledger

    with tempfile.TemporaryDirectory(prefix="precept-") as folder, Ledger.open(Path(folder) / "ledger.db") as ledger:
        yield ledger


def _matching(pattern: str | None, ids: list[str]) -> set[str]:
    try:
        found = {name for name in ids if pattern is None or re.search(pattern, name)}
    except re.error as error:
        raise Refused(
            f"--run {pattern!r} is no regular expression: {error}; quote special signs with a backslash"
        ) from None
    if not found:
        raise Refused(f"--run {pattern!r} matches no test, so nothing was checked; the first is {ids[0]!r}")
    return found


def _print_json(value: object) -> None:
    typer.echo(js.dumps(value, ensure_ascii=False, indent=2))


def _ref(pack: "Pack") -> dict[str, str]:
    return {"id": pack.id, "version": pack.version, "digest": pack.digest}


def _load(ref: str) -> "Pack":
    from policy_store.loader import load_pack

    return load_pack(_at(ref))


def _at(ref: str) -> str | Path:
    """Return where a policy is: an id means the version in force in this home, `id@version` one of its versions."""
    from graphs.published import located
    from graphs.settings import read_settings

    return located(read_settings().home, ref)
