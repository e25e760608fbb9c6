"""Decisions painted for a terminal: what was decided, under which rule, on which words, and what to do next.

Content is hostile here too: control characters and marks of reading direction are shown, never obeyed. Every picture
is built of `Text`, so nothing that others wrote is read as markup.
"""

import sys
from collections.abc import Iterator, Sequence

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from agents.excerpt import bar, shortened
from cases.case import Case, media_ids
from cases.decision import Decision, Edit, Outcome, dominant
from cases.finding import Evidence
from policy_store.pack import Pack
from terminal.places import cited, told

WIDEST = 110
LONG = 600
AROUND = 90
BESIDE = 66  # what a row holds beside the content
WORDS: dict[Outcome, tuple[str, str]] = {
    "act": ("ACT", "bold white on red"),
    "allow": ("ALLOW", "bold black on green"),
    "review": ("REVIEW", "bold black on yellow"),
}
TIERS = {"critical": "bold red", "high": "red", "medium": "yellow", "low": "cyan"}
MARKED = "bold underline red"
SEEN = (
    ("tag", "key frame", "key frame"), ("words", "", "line"), ("region", "", "body region"),
    ("subtitle", "", "subtitle"), ("speech", "", "sentence heard"), ("match", "", "known picture"),
)  # fmt: skip
_SHOWN = {code: 0x2400 + code for code in range(32) if chr(code) not in "\n\t"} | {0x7F: 0x2421}
_SHOWN |= {
    code: 0xFFFD for code in (*range(0x80, 0xA0), 0x61C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
}


def screen(*, errors: bool = False) -> Console:
    """Return where to paint: stdout, or stderr; colours only where a terminal shows them."""
    console = Console(file=sys.stderr if errors else sys.stdout, highlight=False, markup=False, emoji=False)
    console.width = min(console.width, WIDEST) if console.is_terminal else WIDEST
    return console


def harmless(text: str) -> str:
    """Return a text of the same length in which characters that a terminal would obey are pictures of themselves.

    >>> harmless("red: \\x1b[31m")
    'red: ␛[31m'
    """
    return text.translate(_SHOWN)


def outcome(value: Outcome) -> Text:
    """Return an outcome as a coloured word."""
    word, style = WORDS[value]
    return Text.assemble((f" {word} ", style))


def decision(made: Decision, case: Case, pack: Pack, edits: Sequence[Edit] = ()) -> RenderableType:
    """Return the whole picture of one decision, and of what people did to it."""
    parts = [_head(made, pack), _meters(made), Text(), Text(harmless(made.rationale)), Text(), _content(made, case)]
    for extra in (_clauses(made), _rubric(made, pack), None if edits else _doubt(made)):
        if extra is not None:
            parts += [Text(), extra]
    return Group(*parts, Text(), *(edit(one) for one in edits), _foot(made))


def fact(mark: str, style: str, what: str, told: str) -> Text:
    """Return a fact with a coloured mark before it."""
    return Text.assemble((f"{mark:<5}", style), (f"{what:<13}", "bold"), harmless(told))


def edit(made: Edit) -> RenderableType:
    """Return what a person did to a decision."""
    line = Text.assemble(outcome(made.outcome), f"  {made.rule_id or ''}")
    line.append(f" severity {made.severity}" if made.severity is not None else "")
    line.append(f"  by {harmless(made.by)}, {made.at:%Y-%m-%d %H:%M} UTC: ", "dim")
    return line.append(f"“{harmless(made.reason)}”").append(f"  {made.id}", "dim")


def row(made: Decision, case: Case, width: int) -> tuple[RenderableType, ...]:
    """Return one decision as a row of a table that is `width` wide; the content gives way."""
    graded = str(made.severity) if made.outcome != "allow" else ""
    severity = Text(graded, TIERS.get(made.tier, ""))
    content = harmless(shortened(case.text or "(no text)", max(8, width - BESIDE)))
    return outcome(made.outcome), made.rule_id or "", severity, f"{made.score:.2f}", made.stage, content, made.id


def table() -> Table:
    """Return an empty table for rows."""
    made = Table(box=None, pad_edge=False, padding=(0, 1))
    for name, width in (("", 8), ("rule", 5), ("severity", 8), ("score", 5), ("stage", 8)):
        number = name in ("severity", "score")
        made.add_column(name, no_wrap=True, min_width=width, justify="right" if number else "left")
    made.add_column("content", no_wrap=True)
    made.add_column("decision", no_wrap=True, min_width=18, style="dim")
    return made


def step(node: str, told: dict[str, object]) -> Text:
    """Return one step of a case on its way as a line."""
    facts = ", ".join(f"{name} {value}" for name, value in told.items())
    return Text.assemble((f"{node:<10} ", "cyan"), (harmless(facts), "dim"))


def marked(text: str, evidence: list[Evidence]) -> Text:
    """Return a part's text with the evidence marked; of a long text only the neighbourhood of it."""
    whole = Text(harmless(text))
    for found in evidence:
        whole.stylize(MARKED, found.start, found.end)
    if len(text) <= LONG:
        return whole
    shown = Text()
    end = 0
    for start, stop in _windows(text, evidence):
        shown.append("… " if start > end else "", "dim").append_text(whole[start:stop])
        end = stop
    return shown.append(" …" if end < len(text) else "", "dim").append(f" ({len(text):,} characters)", "dim")


def _windows(text: str, evidence: list[Evidence]) -> Iterator[tuple[int, int]]:
    spans = sorted((max(0, e.start - AROUND), min(len(text), e.end + AROUND)) for e in evidence) or [(0, LONG)]
    start, end = spans[0]
    for left, right in spans[1:]:
        if left > end:
            yield start, end
            start = left
        end = max(end, right)
    yield start, end


def _head(made: Decision, pack: Pack) -> Text:
    rule = pack.by_id.get(made.rule_id or "")
    line = outcome(made.outcome)
    if rule is not None:
        line.append("  ").append(rule.id, "bold").append(f" {rule.type}")
    return line.append(f"   {harmless(made.case_id)}", "dim")


def _meters(made: Decision) -> Text:
    line = Text()
    if made.outcome != "allow" and made.rule_id:
        style = TIERS.get(made.tier, "")
        line.append(f"severity {made.severity:3d} ").append(bar(made.severity, 100, 20), style)
        line.append(f" {made.tier}", style).append(f", {made.action}\n")
    line.append(f"score   {made.score:.2f} ").append(bar(made.score, 1, 20), "blue")
    return line.append(f" by the {made.stage}{', audit sample' if made.audit else ''}")


def _content(made: Decision, case: Case) -> RenderableType:
    leading = dominant(made)
    evidence = list(leading.evidence) if leading else []
    lines = []
    files = media_ids(case.media)
    shown = [p for p in case.parts if p.text.strip() or p.id not in files]
    for part in shown:
        text = marked(part.text, [e for e in evidence if e.part == part.id])
        lines.append(
            Text.assemble((f"{part.id}: ", "dim"), text)
            if len(shown) > 1 or part.id.partition(".")[0] in files
            else text
        )
    for name, m in zip(files, case.media, strict=True):
        lines.append(Text(f"{name}: {harmless(m.path)} ({_looked(case, name)})", "dim"))
    places = [(one, told(one)) for one in cited(made, case)]
    lines += [
        Text.assemble((f"{one.media} {where}: ", "dim"), (f"“{harmless(one.text)}”", MARKED))
        for one, where in places
        if where
    ]
    lines += [Text(f"{u.media}: {harmless(u.told)}", "yellow") for u in case.unseen]
    return Padding(Group(*lines), (0, 0, 0, 2))


def _looked(case: Case, name: str) -> str:
    """Say in a few words how a file was looked at."""
    seen = [o for o in case.observations if o.media == name]
    if not seen:
        return "not read"
    counts = [(sum(o.kind == kind and o.label.startswith(label) for o in seen), what) for kind, label, what in SEEN]
    found = ", ".join(f"{n} {what}{'s' if n > 1 else ''}" for n, what in counts if n) or "no words, no body regions"
    silence = next((f", {o.label}" for o in seen if o.id == f"{name}.t2"), "")
    return found + silence


def _clauses(made: Decision) -> RenderableType | None:
    leading = dominant(made)
    if leading is None or not leading.citations:
        return None
    lines = [Text.assemble((c.clause_id, "bold"), f" “{c.quote}”") for c in leading.citations]
    lines += [
        Text.assemble(
            ("not " if not w.applies else "", "dim"), (w.exception_id, "bold"), (f" ({w.probability:.2f})", "dim")
        )
        for w in leading.exceptions
    ]
    return Group(Text("Clauses, and exceptions weighed", "bold"), *(Padding(line, (0, 0, 0, 2)) for line in lines))


def _rubric(made: Decision, pack: Pack) -> RenderableType | None:
    if not made.grades:
        return None
    names = {d.id: d.name for d in pack.rubric.dimensions}
    grid = Table.grid(padding=(0, 1))
    for _ in range(3):
        grid.add_column()
    for grade in made.grades:
        name = names.get(grade.dimension, grade.dimension)
        grid.add_row(Text(f"  {name}"), Text(bar(grade.value), "magenta"), Text(harmless(grade.reason)))
    return Group(Text("Rubric, 0 to 4", "bold"), grid)


def _doubt(made: Decision) -> RenderableType | None:
    if made.outcome != "review":
        return None
    causes = ", ".join(cause.replace("_", " ") for cause in made.causes)
    named = f" --rule {made.rule_id} --severity {made.severity}" if made.rule_id else " --rule RULE --severity N"
    return Group(
        Text.assemble(("Waits for a person: ", "bold yellow"), causes),
        Text(f'  precept review {made.id} --outcome act{named} --reason "…"'),
        Text(f'  precept review {made.id} --outcome allow --reason "…"'),
    )


def _foot(made: Decision) -> Text:
    seconds = sum(s.seconds for s in made.spent)
    took = f", {seconds * 1000:.0f} ms" if made.spent else ""
    policy = f"{made.pack.id} {made.pack.version} ({made.pack.digest[:8]}), profile {made.profile}"
    return Text(f'{made.id}, {policy}{took}\nprecept explain {made.id}    precept ask {made.id} "why?"', "dim")
