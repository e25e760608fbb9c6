"""One run of a batch: lines in, decisions out, a chunk at a time, with flat memory.

Contract: one line out for each line in, in their order. A chunk's decisions are in the ledger before its lines are
written, and what an earlier run recorded without writing it is taken over, not decided again. No graph is kept paused
for a case in review (37 KB each): it stands in the ledger as pending, and a person's answer goes there.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from cases.case import Case
from cases.decision import Decision
from cases.intake import BadLine, Published, read_published
from graphs.settings import Settings
from graphs.wiring import open_desk
from policy_store.pack import Pack
from terminal.adoption import orphans
from terminal.errors import Refused
from terminal.line import Json, line_of, written
from terminal.opening import ledger, unknown_profile
from terminal.output import Output
from terminal.progress import progress
from terminal.reading import Input
from terminal.rescue import CHUNK, decide_all

if TYPE_CHECKING:
    from graphs.desk import Desk
    from web.store.database import Store

CHUNK_BYTES = 8_000_000
# Decisions of one chunk are made in no order and before its first line is written: so much before, at most.
CHUNK_TIME = timedelta(minutes=10)


class Task(NamedTuple):
    """What all lines of a run share; `extra` are keys to pass over, `quiet` shows nobody how far it is."""

    settings: Settings
    pack: Pack
    profile: str | None
    extra: frozenset[str]
    quiet: bool = False


class Run(NamedTuple):
    """What is in the output after a run: lines by outcome ("bad" for what was not decided), and how many the run
    found decided already.
    """

    counts: Counter[str]
    taken_over: int


def run(task: Task, lines: Input, out: Output) -> Run:
    """Decide what is left of the input behind the lines that the output holds.

    Raise Refused where the output is not of this input, policy and ledger.
    """
    counts = Counter(out.held.counts)
    taken_over = 0
    since = _since(task, out)
    rest = _left(task, lines, out)
    desk: Desk | None = None
    store: Store | None = None
    with ExitStack() as stack:
        bar = stack.enter_context(progress(lines, quiet=task.quiet))
        while chunk := _chunk(rest):
            read = {n: _case(task, n, raw) for n, raw in chunk}
            authors = {n: item.author for n, item in read.items() if isinstance(item, Published) and item.author}
            done: dict[int, Case | Decision | BadLine] = {
                n: item.case if isinstance(item, Published) else item for n, item in read.items()
            }
            ids = [item.id for item in done.values() if item.id is not None]
            cases = {n: item for n, item in done.items() if isinstance(item, Case)}
            if cases:
                desk = desk or stack.enter_context(open_desk(task.settings, task.pack, waits=False, watch=bar.watch))
                lost = partial(_lost, task, out, desk.deps.frame.model_digest)
                found = {} if since is None else lost(since, cases)
                taken_over += len(found)
                fresh = {n: case for n, case in cases.items() if n not in found}
                done |= found
                done |= decide_all(desk, fresh, lost)
            if credits := {d.id: authors[n] for n, d in done.items() if n in authors and isinstance(d, Decision)}:
                # Before its lines are written: who is killed in between takes the decisions over, and notes it then.
                store = store or stack.enter_context(_store(task))
                _credit(store, credits)
            # Only the chunk that was cut off can have left decisions without lines.
            since = None
            out.write([written(_body(item)).encode() + b"\n" for item in done.values()])
            counts.update(item.outcome if isinstance(item, Decision) else "bad" for item in done.values())
            out.ids.add(ids)
            bar.lines(out.lines)
    return Run(counts, taken_over)


def _chunk(lines: Iterator[tuple[int, bytes]]) -> list[tuple[int, bytes]]:
    chunk: list[tuple[int, bytes]] = []
    size = 0
    for number, raw in lines:
        chunk.append((number, raw))
        size += len(raw)
        if len(chunk) == CHUNK or size >= CHUNK_BYTES:
            break
    return chunk


def _case(task: Task, number: int, raw: bytes) -> Published | BadLine:
    found = read_published(raw, number, task.extra)
    if isinstance(found, BadLine):
        return found
    case = found.case
    if case.profile is None:
        if task.profile is None:
            return found
        return found.model_copy(update={"case": case.model_copy(update={"profile": task.profile})})
    wrong = unknown_profile(case.profile, task.pack)
    return BadLine(id=case.id, line=number, error=f"line {number}, key 'profile': {wrong}") if wrong else found


def _store(task: Task) -> "Store":
    from web.store.database import Store

    return Store.beside(task.settings)


def _credit(store: "Store", authors: Mapping[str, str]) -> None:
    from web.store.authors import credit_all

    credit_all(store, authors)


def _body(item: Case | Decision | BadLine) -> Json:
    if isinstance(item, BadLine):
        return {"id": item.id, "error": item.error, "line": item.line}
    assert isinstance(item, Decision), f"case {item.id!r} was left undecided"
    return line_of(item)


def _left(task: Task, lines: Input, out: Output) -> Iterator[tuple[int, bytes]]:
    """Return the lines behind those that have an output, once the two fit."""
    numbered, held = lines.lines(), out.held
    number, raw = 0, b""
    for last in islice(numbered, held.lines):
        number, raw = last
    if number < held.lines:
        raise Refused(f"{out.name} holds {held.lines:,} lines, {lines.name} {number:,}; it is not of this input")
    if held.last is not None:
        last_read = read_published(raw, number, task.extra)
        case_id = last_read.case.id if isinstance(last_read, Published) else last_read.id
        if case_id != held.last["id"]:
            raise Refused(
                f"{out.name}, line {number:,} is about {held.last['id']!r}, that of {lines.name} about {case_id!r}; "
                "it is not of this input: give another name"
            )
    return numbered


def _since(task: Task, out: Output) -> datetime | None:
    """Return from when on decisions may lack their lines, None for a new output; check that policy and ledger fit."""
    if out.held.first is None:
        early = CHUNK_TIME if out.held.dropped else timedelta()
        return out.held.touched and out.held.touched - early
    with ledger(task.settings) as opened:
        try:
            first = opened.decision(out.held.first)
        except KeyError as error:
            raise Refused(f"{out.name} was written with another ledger: {error}; give its --home") from None
    if first.pack.digest != task.pack.digest:
        raise Refused(
            f"{out.name} was begun under {first.pack.id} {first.pack.version} ({first.pack.digest[:8]}), now it is "
            f"{task.pack.id} {task.pack.version} ({task.pack.digest[:8]}); give another name for a run under this one"
        )
    return first.at - CHUNK_TIME


def _lost(task: Task, out: Output, model: str, since: datetime, cases: Mapping[int, Case]) -> dict[int, Decision]:
    with ledger(task.settings) as opened:
        return orphans(opened, cases, since, out.decisions, task.pack.digest, model)
