"""What `precept policy` shows to people, drawn with Rich. It draws what it is handed and computes nothing."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from agents.scratch import Trial
from cases.case import Case
from cases.decision import Outcome
from evals.impact import Impact
from evals.policy_tests import Result, Run
from policy_store.diff import PackDiff
from policy_store.lint import Remark
from policy_store.pack import Pack
from policy_store.rule import Clause, Example, Rule
from policy_store.wording import Span
from terminal.paint import harmless, marked

if TYPE_CHECKING:
    from policy_store.diff import ClauseDiff

FEW = 12
Bit = str | tuple[str, str]
COLOURS = {"PASS": "green", "FAIL": "red", "ERROR": "red", "SKIPPED": "yellow", "hit": "red", "not_hit": "green",
           "added": "green", "removed": "red", "changed": "yellow", "warning": "yellow", "info": "cyan",
           "violating": "red", "allowed": "green", "allow": "green", "act": "red", "review": "yellow"}  # fmt: skip


def remarks(pack: Pack, found: Sequence[Remark], tests: int) -> None:
    """Print the remarks of a lint and what was counted."""
    for remark in found:
        where = f" {remark.rule_id or 'pack'} {remark.field}: {remark.message}"
        _print((remark.level, COLOURS[remark.level]), where, (f"\n    {remark.fix}", "dim"))
    warnings = sum(r.level == "warning" for r in found)
    counted = f"{len(pack.rules)} rules, {tests} tests, {warnings} warnings, {len(found) - warnings} notes"
    _print((f"{pack.id} {pack.version}", "bold"), f" loads: {counted}")


def result(done: Result, verbose: bool) -> None:
    """Print one test; what was expected, what came out and why, unless it passed and nobody asked."""
    _print((done.status, COLOURS[done.status]), f" {done.id} ({done.seconds * 1000:.0f}ms)", _skipped(done))
    if done.status in ("FAIL", "ERROR") or verbose:
        rows = [("expected", done.expected)]
        if done.got:
            rule, got = f", {done.got.rule}" if done.got.rule else "", done.got
            rows.append(("got", f"{got.outcome}{rule}, severity {got.severity} ({got.tier}), score {got.score:.2f}"))
        rows += [("wrong", "; ".join(done.wrong))] if done.wrong else []
        rows.append(("because", done.rationale))
        for name, text in rows:
            _print((f"    {name:<9}", "dim"), text)


def run(done: Run, coverage: bool, threshold: float) -> None:
    """Print the summary of a run; with `coverage` the clauses that no test reaches."""
    counts, cover = done.counts, done.coverage
    _print("-" * 40)
    if coverage:
        for rule in cover.rules:
            if rule.missing:
                name = rule.rule_id or "common exceptions"
                _print((name, "bold"), f" {rule.covered}/{rule.total}, not reached: {', '.join(rule.missing)}")
    ended = [("PASS", counts.passed), ("FAIL", counts.failed), ("ERROR", counts.errors), ("SKIPPED", counts.skipped)]
    bits: list[Bit] = []
    for name, count in ended:
        if count or name == "PASS":
            bits += [", " if bits else "", (f"{name}: {count}/{len(done.results)}", COLOURS[name])]
    _print(*bits, f" in {done.seconds:.1f} s; coverage {cover.percent:g} % of {len(cover.clauses)} clauses")
    if counts.closed:
        names = ", ".join(r.id for r in done.results if r.would_pass)
        _print(("would pass now:", "yellow"), f" {names}; take out their `todo`")
    if cover.percent < threshold:
        _print(("coverage", "red"), f" {cover.percent:g} % is below {threshold:g} %")


def diff(found: PackDiff) -> None:
    """Print the changes of a policy, clause by clause with the words that differ."""
    old, new = found.old, found.new
    _print((f"{old.id} {old.version} ({old.digest[:8]})", "bold"), " -> ",
           (f"{new.id} {new.version} ({new.digest[:8]})", "bold"))  # fmt: skip
    if found.empty:
        _print("They say the same.")
        return
    for kind, names in (("added", found.added), ("removed", found.removed)):
        if names:
            _print((f"{kind} rules", COLOURS[kind]), f" {', '.join(names)}")
    for rule in found.changed:
        _print((f"\n{rule.rule_id}", "bold"))
        for clause in rule.clauses:
            _clause(clause)
        for example in rule.examples:
            sides = " -> ".join(dict.fromkeys(side for side in (example.old_label, example.new_label) if side))
            _print(
                "  ", (example.kind, COLOURS[example.kind]), f" {sides} example {example.id}: ", words(example.spans)
            )
        for change in rule.changes:
            _print("  ", (change.field, "cyan"), f": {_side(change.old)} -> {_side(change.new)}")
    if found.exceptions:
        _print(("\ncommon exceptions", "bold"))
        for clause in found.exceptions:
            _clause(clause)
    if found.changes:
        _print(("\npolicy", "bold"))
        for change in found.changes:
            _print("  ", (change.field, "cyan"), f": {_side(change.old)} -> {_side(change.new)}")
    judged, graded = (_few(sorted(names)) for names in (found.touched, found.regraded))
    _print(("\nverdicts can change for", "dim"), f" {judged}; ", ("severity or lead alone for", "dim"), f" {graded}")


def impact(found: Impact, limit: int) -> None:
    """Print what a change flips: in words, by rule and direction, then case by case up to `limit`."""
    low, high = found.interval
    share = f"{len(found.flips)} of {found.spared.cases} cases flip ({found.share:.1%}, 95 % {low:.1%} to {high:.1%})"
    _print((f"{found.old.id} {found.old.version} -> {found.new.id} {found.new.version}", "bold"), f": {share}")
    for sentence in found.says:
        _print(sentence)
    if judged := found.judged:
        counts = {"regressed": judged.regressed, "fixed": judged.fixed, "still failing": judged.still_failing,
                  "still right": judged.still_right}  # fmt: skip
        _print(", ".join(f"{name} {count}" for name, count in counts.items()))
    for way in found.directions:
        what = "" if way.old != way.new else f" ({' and '.join(way.changed)})"
        _print(f"{way.count:>6}  ", (way.rule or "no rule", "bold"), "  ", *_turn(way.old, way.new), what)
    for flip in found.flips[:limit]:
        mark = f" {flip.bucket}" if flip.bucket else ""
        colour = {"regressed": "red", "fixed": "green"}.get(flip.bucket or "", "dim")
        _print((f"\n{flip.case_id}", "bold"), "  ", *_turn(flip.old.outcome, flip.new.outcome), (mark, colour))
        _print(("    ", ""), flip.text)
        for name, one in (("old", flip.old), ("new", flip.new)):
            verdict = " ".join(filter(None, (one.outcome, one.rule)))
            graded = f"severity {one.severity} ({one.tier}), score {one.score:.2f}"
            _print((f"    {name}  ", "dim"), f"{verdict}, {graded}: ", (one.rationale, "dim"))
    if len(found.flips) > limit:
        _print((f"\n… and {len(found.flips) - limit} more; raise --limit to see them", "dim"))
    cost = found.spared
    _print((f"\n{cost.replayed} of {cost.cases} replayed, {cost.again} decided again, {cost.first} decided for the "
            f"first time, {cost.seconds:.1f} s", "dim"))  # fmt: skip


def trial(case: Case, found: Trial) -> None:
    """Print the trial of a rule in plain words, with the words that carry it marked in the content."""
    unsure = " (close)" if found.unsure else ""
    _print((found.verdict.replace("_", " "), f"bold {COLOURS[found.verdict]}"), f" {found.probability:.2f}{unsure}")
    for part in case.parts:
        _print(marked(part.text, [e for e in found.evidence if e.part == part.id]))
    _print((found.rationale, "dim"))


def pack(found: Pack) -> None:
    """Print a policy as a table of its rules."""
    table = Table(
        title=f"{found.title} ({found.id} {found.version}, {found.digest[:8]})", box=None, header_style="bold"
    )
    for name in ("rule", "type", "severity", "clauses", "exceptions", "examples", "status"):
        table.add_column(name)
    for one in found.rules:
        sides = f"{len(one.examples.violating)} + {len(one.examples.allowed)}"
        band, status = f"{one.band.low}-{one.band.high}", "" if one.status == "active" else one.status
        table.add_row(one.id, one.type, band, str(len(one.includes)), str(len(one.exceptions)), sides, status)
    console().print(table)
    _print(("tiers      ", "dim"), ", ".join(f"{t.id} from {t.low} ({t.action})" for t in found.tiers))
    for profile in found.profiles:
        off = f" off: {', '.join(profile.off)}" if profile.off else ""
        _print(("profile    ", "dim"), f"{profile.id}: {profile.text}{off}")


def rule(found: Pack, one: Rule) -> None:
    """Print one rule in full."""
    scene = next(s.name for s in found.scenes if s.id == one.scene)
    _print((f"{one.id} {one.type}", "bold"), f" ({scene}, {one.status}, severity {one.band.low}-{one.band.high})")
    _print(one.statement)
    groups: list[tuple[str, Sequence[Clause | Example]]] = [
        ("includes", one.includes), ("exceptions", found.exceptions_of(one)),
        ("violating", one.examples.violating), ("allowed", one.examples.allowed),
    ]  # fmt: skip
    for name, entries in groups:
        _print((f"\n{name}", COLOURS.get(name, "bold")))
        for entry in entries:
            why = f" ({entry.why})" if isinstance(entry, Example) and entry.why else ""
            _print((f"  {entry.id:<12}", "cyan"), entry.text, (why, "dim"))
    for term in one.definitions:
        _print((f"\n{term.term}: ", "bold"), term.text)
    if one.keywords:
        _print(("\nkeywords ", "bold"), ", ".join(one.keywords))


def words(spans: Sequence[Span]) -> Text:
    """Return a word diff: deletions struck out in red, insertions underlined in green; signs where there is no colour.

    >>> words((("equal", "a "), ("delete", "threat"), ("insert", "veiled threat"))).plain
    'a [-threat-]{+veiled threat+}'
    """
    plain = console().color_system is None
    marks = {"equal": ("", "", ""), "delete": ("[-", "-]", "red strike"), "insert": ("{+", "+}", "green underline")}
    text = Text()
    for op, part in spans:
        before, after, style = marks[op]
        text.append(harmless(f"{before}{part}{after}" if plain else part), style)
    return text


def console() -> Console:
    """Return the console of this moment's standard output; lines are left whole, for `grep` and for the reader."""
    return Console(soft_wrap=True, highlight=False, markup=False, emoji=False)


def _clause(clause: "ClauseDiff") -> None:
    fields = " -> ".join(dict.fromkeys(field for field in (clause.old_field, clause.new_field) if field))
    _print("  ", (clause.kind, COLOURS[clause.kind]), f" {clause.id} ({fields}): ", words(clause.spans))


def _few(names: Sequence[str]) -> str:
    return (", ".join(names) if len(names) <= FEW else f"{len(names)} rules") or "none"


def _skipped(done: Result) -> str:
    if done.status != "SKIPPED":
        return ""
    return f": {done.todo}" + (" (it would pass now)" if done.would_pass else "")


def _turn(old: Outcome, new: Outcome) -> tuple[Bit, ...]:
    return (old, COLOURS[old]), " -> ", (new, COLOURS[new])


def _side(value: str | None) -> str:
    return "nothing" if value is None else value


def _print(*bits: Bit | Text) -> None:
    # Contents and policies come from outside: what a terminal would obey is shown instead.
    seen = (
        bit if isinstance(bit, Text) else harmless(bit) if isinstance(bit, str) else (harmless(bit[0]), bit[1])
        for bit in bits
    )
    console().print(Text.assemble(*seen))
