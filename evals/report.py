"""A run as one page that needs no other file: the table of measures, what changed, tables and drawings by suite."""

import html
from collections.abc import Iterable, Mapping, Sequence

from evals.comparison import Change
from evals.figures import picture
from evals.measure import Drawing, Found, Measure, Record, Sheet

STYLE = """
:root { color-scheme: light }
body { font: 15px/1.5 system-ui, sans-serif; color: #22303c; background: #fff; max-width: 1080px; margin: 2rem auto;
  padding: 0 1rem }
h1 { font-size: 1.6rem; margin-bottom: .2rem } h2 { font-size: 1.25rem; margin: 2.4rem 0 .2rem }
h3 { font-size: 1rem; margin: 1.4rem 0 .3rem } p { margin: .2rem 0 .8rem; color: #52616d }
nav a { margin-right: .9rem } a { color: #2f6fab }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums }
.wide { overflow-x: auto } td, th { padding: .22rem .6rem; border-bottom: 1px solid #e4e9ed; text-align: left }
th { color: #52616d; font-weight: 600 } td.n, th.n { text-align: right }
.yes { color: #1f7a45; font-weight: 600 } .no { color: #b03426; font-weight: 600 } .note { color: #75838e }
img { max-width: 100%; margin: .6rem 0 }
"""


def page(record: Record, drawings: Mapping[str, Sequence[Drawing]], changed: Sequence[Change] = ()) -> str:
    """Return the page as HTML."""
    made = record.made
    packs = ", ".join(f"{name} {digest[:8]}" for name, digest in made.packs.items()) or "none"
    facts = [
        f"{made.at:%Y-%m-%d %H:%M} UTC", f"commit {made.commit or 'unknown'}", f"weights {made.weights[:8]}",
        f"policies {packs}", made.machine, f"{made.rounds:,} resamples, intervals 95 %",
    ]  # fmt: skip
    links = "".join(f'<a href="#{_safe(f.suite)}">{_safe(f.suite)}</a>' for f in record.found)
    skipped = "".join(f"<p><b>{_safe(s.suite)}</b> was skipped: {_safe(s.why)}</p>" for s in record.skipped)
    body = [
        "<h1>Precept, measured</h1>", f"<p>{_safe(' · '.join(facts))}</p>", f"<nav>{links}</nav>", skipped,
        _targets(record), _changes(changed), *(_suite(found, drawings.get(found.suite, ())) for found in record.found),
    ]  # fmt: skip
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><style>{STYLE}</style>'
    return f'<!doctype html><html lang="en"><head><title>Precept, measured</title>{head}</head><body>{"".join(body)}</body></html>'  # noqa: E501


def _targets(record: Record) -> str:
    aimed = [(f.suite, m) for f in record.found for m in f.measures if m.target]
    if not aimed:
        return ""
    held = sum(bool(m.met) for _, m in aimed)
    rows = [[_safe(suite), *_cells(m)] for suite, m in aimed]
    return f"<h2>Targets: {held} of {len(aimed)} met</h2>{_table(('suite', *HEAD), rows, ends=2)}"


def _changes(changed: Sequence[Change]) -> str:
    if not changed:
        return ""
    rows = [
        [_safe(c.suite), _safe(c.name), f"{c.then:.3f}", f"{c.now:.3f}", f"{c.difference:+.3f}",
         _ends(c.low, c.high, "+.3f"), "clear" if c.clear else "", "paired" if c.paired else "other rows"]
        for c in changed
    ]  # fmt: skip
    columns = ("suite", "measure", "then", "now", "difference", "95 % interval", "", "")
    return f"<h2>Against the saved run</h2>{_table(columns, rows, ends=2)}"


HEAD = ("measure", "value", "95 % interval", "target", "met", "rows", "")


def _suite(found: Found, drawings: Iterable[Drawing]) -> str:
    said = f"{found.about} Policy: {found.policy}. {found.rows:,} rows, {found.seconds:.0f} s."
    table = _table(HEAD, [_cells(m) for m in found.measures], ends=1)
    sheets = "".join(_sheet(sheet) for sheet in found.sheets)
    pictures = "".join(picture(drawing) for drawing in drawings)
    return f'<h2 id="{_safe(found.suite)}">{_safe(found.suite)}</h2><p>{_safe(said)}</p>{table}{pictures}{sheets}'


def _cells(measure: Measure) -> list[str]:
    met = {None: "", True: '<span class="yes">yes</span>', False: '<span class="no">no</span>'}[measure.met]
    return [
        _safe(measure.name), "–" if measure.value is None else f"{measure.value:.3f}",
        _ends(measure.low, measure.high, ".3f"), _safe(str(measure.target or "")), met, f"{measure.rows:,}",
        f'<span class="note">{_safe(measure.note)}</span>',
    ]  # fmt: skip


def _sheet(sheet: Sheet) -> str:
    rows = [[_safe(cell) for cell in row] for row in sheet.rows]
    return f"<h3>{_safe(sheet.title)}</h3>{_table(sheet.columns, rows, ends=1)}"


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]], ends: int) -> str:
    """Return a table; from column `ends` on, what holds numbers stands to the right."""
    lines = list(rows)
    right = [i >= ends and all(_number(row[i]) for row in lines) for i in range(len(columns))]
    head = "".join(f"<th{' class=n' if r else ''}>{_safe(c)}</th>" for c, r in zip(columns, right, strict=True))
    body = "".join(
        "<tr>" + "".join(f"<td{' class=n' if r else ''}>{v}</td>" for v, r in zip(row, right, strict=True)) + "</tr>"
        for row in lines
    )
    return f'<div class="wide"><table><tr>{head}</tr>{body}</table></div>'


def _number(cell: str) -> bool:
    return not cell.strip("+-–0123456789., ")


def _ends(low: float | None, high: float | None, form: str) -> str:
    return "" if low is None or high is None else f"{low:{form}} – {high:{form}}"


def _safe(text: str) -> str:
    return html.escape(text)
