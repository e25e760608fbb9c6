"""How long a case takes by depth, over a server: `python -m evals.bench_depth --url URL --model NAME`.

Not a quality measure. What models say is set (evals.bench_routes), so that a case takes the route that is measured; all
that it asks is asked of the server all the same, and waited for. Beside it stands the floor: the requests of another
new case of the same route, sent by openai's client alone in the same steps. A model may write as many tokens as the
answer that is set has: how long one that deliberates would write is not measured. A key is read from PRECEPT_VLLM_KEY.
"""

import argparse
import asyncio
import secrets
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cases.case import Case
from cases.exchange import Usage
from evals.bench import EVERYDAY, new_home, texts
from evals.bench_routes import STALKER, Sent, Strayed, Taken, Way, posted, ways
from evals.bench_server import CONCURRENCY, Bench, percentiles
from graphs.wiring import open_desk
from tools.effort import effort
from tools.loop import together

if TYPE_CHECKING:
    from graphs.desk import Desk

DEPTHS = ("ranker", "none", "short", "full")
TRIES = 20  # texts drawn for each that takes its route


class Measured(NamedTuple):
    """A route: its cases through the graph, the seconds of others by the client alone, and how many cases strayed.

    Where a first token is not there in time, a case is reasoned about at depth short instead of none.
    """

    way: Way
    cases: tuple[Taken, ...]
    bare: tuple[float, ...]
    strayed: int = 0


def stalked(size: int) -> Case:
    """Return a case of `size` characters that no server has seen, with a threat at its end."""
    said = texts(size // 20, EVERYDAY, seed=secrets.randbits(32))  # none is shorter than 20 characters
    before = " ".join((f"Post {secrets.token_hex(8)}.", *said))[: size - len(STALKER) - 1]
    return posted(f"{before} {STALKER}")


def measure(
    bench: Bench, cases: int = 40, size: int = 600, at_once: int = 8, depths: Sequence[str] = DEPTHS
) -> Iterator[Measured]:
    """Measure depths on `cases` new texts each and the floor on as many others, `at_once` in work; the two take turns.

    Depth "ranker" is the one at which the reasoner is not asked. Raise Strayed where a route is not taken by one text
    in TRIES, and what the transport raises.
    """
    gate = asyncio.Semaphore(CONCURRENCY)
    with (
        new_home() as settings, open_desk(settings, waits=False) as desk,
        # Routes are tried at a desk of their own, so that nothing of a case is known where it is timed.
        new_home() as apart, open_desk(apart, waits=False) as trial, ThreadPoolExecutor(at_once) as pool,
    ):  # fmt: skip
        list(desk.decide_many([stalked(size)]))  # opens what the first case would wait for
        _warmed(bench, trial, gate, size)
        for way in ways():
            if way.rulings[1:] or (way.depth or DEPTHS[0]) not in depths:
                continue  # more rounds are no depth of their own
            print(f"{way.name} …", file=sys.stderr)
            drawn = [_led(way, trial, size) for _ in range(2 * cases)]
            through, alone = [case for case, _ in drawn[::2]], [sent for _, sent in drawn[1::2]]
            taken: list[Taken | None] = []
            bare: list[float] = []
            for turn, start in enumerate(range(0, cases, at_once)):
                block = slice(start, start + at_once)
                for ours in (True, False) if turn % 2 else (False, True):
                    if ours:
                        taken += pool.map(partial(_taken, bench, way, desk), through[block])
                    else:
                        bare += pool.map(partial(send, bench, gate=gate), alone[block])
            kept = tuple(one for one in taken if one is not None)
            yield Measured(way, kept, tuple(bare), len(taken) - len(kept))


def send(bench: Bench, sent: Sequence[Sent], gate: asyncio.Semaphore) -> float:
    """Send what models were asked by the client alone, one step after the other; return the seconds."""

    async def one(body: dict[str, Any]) -> None:
        async with gate:
            await bench.client.chat.completions.create(**body)

    begun = time.perf_counter()
    for step in sent:
        bench.loop.submit(together([one(body) for body in bodies(bench, step)]))
    return time.perf_counter() - begun


def bodies(bench: Bench, sent: Sent) -> list[dict[str, Any]]:
    """Return the requests that our transport makes of one step, as the client's arguments."""
    if sent.schema is None:
        return [bench.body(prompt) for prompt in sent.prompts]
    wanted, refused = effort(bench.endpoint, sent.depth), bench.connection.refused
    held = {"name": sent.schema["title"], "schema": sent.schema, "strict": True}
    beside = {
        "temperature": 0.0, "reasoning_effort": wanted.reasoning, "chat_template_kwargs": wanted.template,
        "response_format": {"type": "json_schema", "json_schema": held},
    }  # fmt: skip
    taken = {k: v for k, v in beside.items() if k not in refused and v not in (None, {})}
    extra = {k: taken.pop(k) for k in ("chat_template_kwargs", "response_format") if k in taken}
    fixed = {"model": bench.endpoint.model, "max_completion_tokens": sent.most, "extra_body": extra or None}
    return [
        taken | fixed | {"messages": [{"role": m.author, "content": m.text} for m in prompt]} for prompt in sent.prompts
    ]


def told(found: Sequence[Measured]) -> str:
    """Return the table in Markdown: of a case the median calls and tokens written, and milliseconds.

    "in models" is what it waited for models; the rest is ours: encoding, retrieval, the graph, the ledger.
    """
    columns = (
        "a case by",
        "cases",
        "model calls",
        "tokens written",
        "p50",
        "p99",
        "in models, p50",
        "bare p50",
        "bare p99",
    )
    lines = [f"| {' | '.join((*columns, 'in models over bare'))} |", "|" + "---|" * (len(columns) + 1)]
    for way, cases, bare, _ in found:
        spent = [sum((s.models for s in case.decision.spent if s.models), Usage()) for case in cases]
        half, most = percentiles([case.seconds for case in cases])
        waited, _ = percentiles([usage.seconds for usage in spent])
        floor, worst = percentiles(bare)
        counts = (np.median([u.calls for u in spent]), np.median([u.completion_tokens for u in spent]))
        numbers = (f"{n:.0f}" for n in (len(cases), *counts, half, most, waited, floor, worst))
        lines.append(f"| {' | '.join((way.name, *numbers, f'{waited / floor:.2f}x'))} |")
    return "\n".join(lines)


def _taken(bench: Bench, way: Way, desk: "Desk", case: Case) -> Taken | None:
    try:
        return way.take(desk, case, bench.odds, bench.chat)
    except Strayed:
        return None


def _warmed(bench: Bench, desk: "Desk", gate: asyncio.Semaphore, size: int) -> None:
    """Open the connections of both sides and import what their first ask imports."""
    alone = ways()[0]
    _, sent = _led(alone, desk, size)
    alone.take(desk, stalked(size), bench.odds, bench.chat)
    bench.answer()
    send(bench, sent, gate)


def _led(way: Way, desk: "Desk", size: int) -> tuple[Case, tuple[Sent, ...]]:
    """Return a new case that takes a route, and what models are asked on it."""
    for _ in range(TRIES):
        case = stalked(size)
        try:
            return case, way.take(desk, case).sent
        except Strayed as error:
            wrong = error
    raise wrong


def main() -> None:
    """Measure a server and print a table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", required=True, help="ends in /v1")
    parser.add_argument("--model", required=True, help="the name that the server knows it by")
    parser.add_argument("--cases", type=int, default=40, help="of each depth")
    parser.add_argument("--depth", choices=DEPTHS, action="append", help="these alone; all where none is named")
    parser.add_argument("--at-once", type=int, default=8, help="cases in work at once")
    parser.add_argument("--size", type=int, default=600, help="characters of content")
    given = parser.parse_args()
    with closing(Bench(given.url, given.model)) as bench:
        found = []
        for measured in measure(bench, given.cases, given.size, given.at_once, given.depth or DEPTHS):
            found.append(measured)
            print(f"{told([measured])}\nstrayed: {measured.strayed}", file=sys.stderr)  # it takes long
        what = f"cases of {given.size:,} characters, {given.at_once} in work at once, times in ms"
        print(f"{bench.where()}; {what}\n\n{told(found)}")


if __name__ == "__main__":
    main()
