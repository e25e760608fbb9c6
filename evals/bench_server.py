"""What a model server costs and what we add to it: `python -m evals.bench_server --url URL --model NAME`.

Not a quality measure: no answer is looked at. All of it is measured in one run, in rounds in which what is compared
takes turns, and a comparison is the median of its rounds' ratios, so that what else runs on the machine hits both
sides. The server must be alone: others' requests would be counted as its slowness. Model calls are counted on recorded
answers, without the server. A key is read from PRECEPT_VLLM_KEY.
"""

import argparse
import asyncio
import os
import platform
import re
import secrets
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import chain
from typing import Any, NamedTuple

import numpy as np

from agents.asker import Prompt, overall_text, question
from agents.rulebook import statement_text
from agents.yesno import VARIANTS
from cases.case import Case
from cases.exchange import First, Message, Usage
from evals.bench import EDGE, EVERYDAY, POLICY, Row, clock, table, texts
from evals.bench_routes import PLENTY, posted, routes
from policy_store.loader import load_pack
from policy_store.pack import Pack
from tools.chat import ServedChat
from tools.connection import Connection
from tools.effort import effort
from tools.endpoint import Endpoint
from tools.loop import Loop, together
from tools.odds import TOP, ServedOdds

CONCURRENCY = 16
RULES = 8  # with the overall question, nine a case
SIZES = (1_500, 6_000)  # characters of content
SMALL: dict[str, object] = {
    "title": "answer", "type": "object",
    "properties": {"violates": {"type": "boolean"}, "severity": {"type": "integer", "enum": [0, 1, 2, 3, 4]}},
    "required": ["violates", "severity"], "additionalProperties": False,
}  # fmt: skip


class Middle(NamedTuple):
    """The median of some rounds, and the least and the greatest."""

    half: float
    least: float
    most: float


class Shared(NamedTuple):
    """Of one round's prompts in one order: the share that the prefix cache gave, [0, 1], and the seconds of a case."""

    share: float
    seconds: float


def fresh(size: int) -> Case:
    """Return a case of `size` characters that no server has seen, in this run or before it: new from its first word."""
    said = texts(size // 20, (*EVERYDAY, *EDGE), seed=secrets.randbits(32))  # none is shorter than 20 characters
    return posted(" ".join((f"Post {secrets.token_hex(8)}.", *said))[:size])


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> Middle:
    """Return the median of ours / theirs, round by round.

    >>> ratio([2.0, 9.0, 4.0], [4.0, 3.0, 4.0])
    Middle(half=1.0, least=0.5, most=3.0)
    """
    found = [float(a / b) for a, b in zip(ours, theirs, strict=True)]
    return Middle(float(np.median(found)), min(found), max(found))


def percentiles(seconds: Sequence[float]) -> tuple[float, float]:
    """Return median and 99th percentile in milliseconds.

    >>> percentiles([0.001, 0.002, 0.003])
    (2.0, 2.98)
    """
    half, most = np.percentile(seconds, (50, 99))
    return round(1000 * float(half), 3), round(1000 * float(most), 3)


def questions(case: Case, pack: Pack) -> list[Prompt]:
    """Return the nine questions of a case as the ranker asks them: the content first, the rule last."""
    laws = [statement_text(rule) for rule in pack.rules[:RULES]]
    return [question(case, pack, law) for law in (overall_text(pack), *laws)]


def rule_first(prompt: Prompt) -> Prompt:
    """Return a question with the same texts in the other order: the block with the rule stands before the content."""
    *before, last = prompt
    shown, _, asked = last.text.rpartition("\n\n")
    return *before, Message(author=last.author, text=f"{asked}\n\n{shown}")


ORDERS: dict[str, Callable[[Prompt], Prompt]] = {"rule last": lambda prompt: prompt, "rule first": rule_first}


class Bench:
    """One server, reached through our transport (`odds`, `chat`) and by a client of openai's alone (`bare`)."""

    def __init__(self, url: str, model: str) -> None:
        key = os.environ.get("PRECEPT_VLLM_KEY")
        self.endpoint = Endpoint("vllm", model, url, key, in_flight=CONCURRENCY)
        self.connection = Connection(self.endpoint)
        self.odds, self.chat = ServedOdds(self.connection), ServedChat(self.connection)
        self.loop = Loop()
        client = type(self.connection.client)  # where openai is missing, the connection says what to install
        # It keeps its own retries: servers close connections that were idle, just as the next request goes out.
        self.client = client(base_url=self.endpoint.base, api_key=key or "none", timeout=600)
        self.pack = load_pack(POLICY)

    def close(self) -> None:
        """Close both clients."""
        self.loop.submit(self.client.close())
        self.loop.close()
        self.connection.close()

    def ours(self, cases: Sequence[Sequence[Prompt]]) -> None:
        """Ask through our transport: so many cases in work at once, each in a thread."""
        with ThreadPoolExecutor(CONCURRENCY) as pool:
            list(pool.map(self.ask, cases))

    def ask(self, prompts: Sequence[Prompt]) -> tuple[First, ...]:
        """Return the odds of prompts that are asked at once."""
        return self.odds(prompts, PLENTY, tokens=VARIANTS)

    def bare(self, cases: Sequence[Sequence[Prompt]]) -> None:
        """Ask by the client alone, with the requests that ours sends; ours has asked before."""
        gate = asyncio.Semaphore(CONCURRENCY)

        async def one(body: dict[str, Any]) -> None:
            async with gate:
                await self.client.chat.completions.create(**body)

        self.loop.submit(together([one(self.body(prompt)) for prompt in chain(*cases)]))

    def body(self, prompt: Prompt) -> dict[str, Any]:
        """Return the request that our transport makes of a prompt, as the client's arguments."""
        known = (self.connection.ids.get(spelling) for spelling in VARIANTS)
        wanted = effort(self.endpoint, "none")
        beside = {
            "temperature": 0.0, "reasoning_effort": wanted.reasoning, "chat_template_kwargs": wanted.template,
            "logprob_token_ids": list(dict.fromkeys(i for i in known if i is not None)),
        }  # fmt: skip
        taken = {k: v for k, v in beside.items() if k not in self.connection.refused and v not in (None, {}, [])}
        extra = {k: taken.pop(k) for k in ("chat_template_kwargs", "logprob_token_ids") if k in taken}
        fixed = {"model": self.endpoint.model, "max_tokens": 1, "logprobs": True, "top_logprobs": TOP}
        messages = [{"role": m.author, "content": m.text} for m in prompt]
        return taken | fixed | {"messages": messages, "extra_body": extra or None}

    def shared(self, size: int, cases: int, turned: Callable[[Prompt], Prompt]) -> Shared:
        """Ask about new cases, the questions of each at once.

        The policy's title, near the start of every prompt, is new as well: nothing is shared with another case.
        """
        usage, seconds = Usage(), []
        for _ in range(cases):
            pack = self.pack.model_copy(update={"title": f"{secrets.token_hex(8)} {self.pack.title}"})
            prompts = [turned(prompt) for prompt in questions(fresh(size), pack)]
            begun = time.perf_counter()
            usage += sum((first.usage for first in self.ask(prompts)), Usage())
            seconds.append(time.perf_counter() - begun)
        return Shared(usage.cached_tokens / max(1, usage.prompt_tokens), float(np.median(seconds)))

    def answer(self) -> tuple[float, bool]:
        """Return the seconds of an answer under a small schema about a new case, and whether it follows it."""
        prompt = questions(fresh(SIZES[0]), self.pack)[0]
        begun = time.perf_counter()
        said = self.chat(prompt, PLENTY, schema=SMALL, depth="none", most=128)
        took = time.perf_counter() - begun
        return took, re.fullmatch(r'\{\s*"violates":\s*(true|false),\s*"severity":\s*[0-4]\s*\}', said.text) is not None

    def where(self) -> str:
        """Return what the numbers hold for: this machine, the server's version, the model."""

        async def version() -> Any:
            return await self.client.get(f"{self.endpoint.root}/version", cast_to=object)

        try:
            served = f"vLLM {self.loop.submit(version(), 20.0)['version']}"
        except Exception:  # whatever a server that is no vLLM says, it is not what is measured
            served = "a server that tells no version"
        machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
        return f"{machine}; {served} at concurrency {CONCURRENCY}; model {self.endpoint.model}"


def measure(bench: Bench, rounds: int = 7, cases: int = 16, singles: int = 20, cached: int = 2) -> list[Row]:
    """Measure a server; return the rows of the table.

    A round asks about `cases` known cases at once, `singles` new ones one by one, and `cached` of each size and order.
    Raise what the transport raises where the server does not answer.
    """
    sides = {"ours": bench.ours, "bare": bench.bare}
    took: dict[str, list[tuple[float, float]]] = {side: [] for side in sides}
    found: dict[tuple[int, str], list[Shared]] = {(size, order): [] for size in SIZES for order in ORDERS}
    alone, answers = [], []
    known = [questions(fresh(SIZES[0]), bench.pack) for _ in range(cases)]
    bench.answer()
    for n in range(rounds):
        print(f"round {n + 1} of {rounds} …", file=sys.stderr)
        way = 1 if n % 2 else -1
        # Both sides find connections open and every prompt in the cache: the server is at its fastest.
        for ask in sides.values():
            ask(known)
        for side in (*list(sides)[::way], *list(sides)[::-way]):
            begun, worked = time.perf_counter(), time.process_time()
            sides[side](known)
            took[side].append((time.perf_counter() - begun, time.process_time() - worked))
        for size, order in list(found)[::way]:
            found[size, order].append(bench.shared(size, cached, ORDERS[order]))
        for _ in range(singles):
            alone.append(clock(bench.ask, questions(fresh(SIZES[0]), bench.pack)))
            answers.append(bench.answer())
    held = f"; {sum(held for _, held in answers)} of {len(answers)} follow it"
    return [
        _transport(took["ours"], took["bare"], sum(map(len, known))),
        *chain(*(_cached(size, found[size, "rule last"], found[size, "rule first"]) for size in SIZES)),
        *_timed("Ranker case, nine questions at once", alone),
        *_timed("Answer held to a small JSON schema", [took for took, _ in answers], held),
        *routes(),
    ]


def _transport(ours: Sequence[tuple[float, float]], bare: Sequence[tuple[float, float]], requests: int) -> Row:
    """Return the row of (wall seconds, seconds of this process's cores) of two turns a round."""
    a, b = (np.reshape(side, (-1, 2, 2)).mean(1) / requests for side in (ours, bare))
    found, (wall, work), (least_wall, least_work) = ratio(b[:, 0], a[:, 0]), np.median(a, 0), np.median(b, 0)
    detail = (
        f"{1 / wall:.0f} against {1 / least_wall:.0f} a second, every prompt known to the server; "
        f"rounds {found.least:.2f} to {found.most:.2f}; "
        f"the client's own work {1000 * work:.1f} against {1000 * least_work:.1f} ms a request"
    )
    return Row(name="Requests a second, our transport against the bare client", measured=f"{found.half:.2f}x",
               target="0.9x", holds=found.half >= 0.9, detail=detail)  # fmt: skip


def _cached(size: int, last: Sequence[Shared], first: Sequence[Shared]) -> Iterator[Row]:
    silent = not any(s.share for s in (*last, *first))
    for order, found in (("rule last", last), ("rule first", first)):
        share, seconds = np.median(found, axis=0)
        detail = "start vLLM with --enable-prompt-tokens-details" if silent else f"a case takes {1000 * seconds:.0f} ms"
        yield Row(name=f"Prompt from the prefix cache, {size:,} characters, {order}", measured=f"{share:.0%}",
                  detail=detail)  # fmt: skip
    times = ratio([s.seconds for s in first], [s.seconds for s in last])
    yield Row(name=f"Time of a case, {size:,} characters, rule first against last", measured=f"{times.half:.2f}x",
              detail=f"rounds {times.least:.2f} to {times.most:.2f}")  # fmt: skip


def _timed(name: str, seconds: Sequence[float], more: str = "") -> Iterator[Row]:
    detail = f"{len(seconds)} new texts of {SIZES[0]:,} characters, one by one{more}"
    for percentile, took in zip(("p50", "p99"), percentiles(seconds), strict=True):
        yield Row(name=f"{name}, {percentile}", measured=f"{took:.0f} ms", detail=detail)


def main() -> None:
    """Measure a server and print a table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", required=True, help="ends in /v1")
    parser.add_argument("--model", required=True, help="the name that the server knows it by")
    parser.add_argument("--rounds", type=int, default=7)
    given = parser.parse_args()
    with closing(Bench(given.url, given.model)) as bench:
        rows = measure(bench, given.rounds)
        print(f"{bench.where()}\n\n{table(rows)}")


if __name__ == "__main__":
    main()
