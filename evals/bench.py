"""How fast the system is, as ratios measured in one run on one machine: `python -m evals.bench [NAME …] [--json]`.

Not a quality measure. Every home is a new one in a temporary folder, so nothing that was cached before helps.
"""

import argparse
import json
import os
import platform
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from itertools import count as numbers
from itertools import islice, product, zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar
from zlib import crc32

import numpy as np

from agents.reading import law_text
from agents.vectors import Vectors
from cases.case import Case, Part
from cases.model import Fact
from evals.bench_reader import encode_rates, read_times
from graphs.settings import Settings
from policy_store.loader import load_pack
from policy_store.pack import Pack
from tools.encoder import WEIGHTS

if TYPE_CHECKING:
    from graphs.desk import Desk
    from graphs.wiring import Embedded

T = TypeVar("T")
POLICY = "community"
THREAT = "I will come to your house tonight and break your legs, Marcus."
EVERYDAY = (
    "{n} bread rolls and a litre of milk, then home before {t}.", "The bus to {p} leaves at {t}, platform {n}.",
    "Does anybody know a good plumber in {p}?", "We painted the kitchen {c} last weekend and it took {n} hours.",
    "My daughter scored {n} goals for {p} on Saturday!", "Recipe: {n} eggs, butter, {c} plums. Bake until {t}.",
    "Meeting moved to {t}, room {n}, bring the {c} folder.", "Lost: {c} umbrella on the tram to {p}, line {n}.",
)  # fmt: skip
GLARING = (
    "I will kill you at {t}, {who}, I know you live in {p}.", "{who}, I am waiting outside number {n} with a knife.",
    "Your account {n} is locked. Send your password and card number before {t}.",
    "Go and hang yourself, {who}, nobody in {p} will miss you.",
)  # fmt: skip
EDGE = (
    "{who}, you clown, you forgot the {c} keys again.", "I could murder a pizza at {t}.",
    "What happens to people in {p} who talk too much, {who}?", "Earn {n} a day from home, write to me before {t}.",
    "The {c} team from {p} are animals.", "He said he would hurt {who}, the court in {p} heard today.",
)  # fmt: skip
SLOTS = {
    "n": [str(n) for n in range(3, 90, 7)], "t": ["six", "noon", "half past nine", "midnight"],
    "p": ["Leeds", "Oslo", "Graz", "Lyon", "Porto", "Ghent"], "c": ["red", "green", "blue", "yellow"],
    "who": ["Marcus", "Dana", "Karim", "Anja", "Tom"],
}  # fmt: skip


class Row(Fact):
    """One line of the table. `holds` is None where nothing was promised."""

    name: str
    measured: str
    target: str = ""
    holds: bool | None = None
    detail: str = ""


class Child(NamedTuple):
    """What a run of the program took: wall seconds and peak memory in MiB."""

    seconds: float
    memory: float


def fast_path(count: int = 800) -> list[Row]:
    """Decide short texts whose verdict needs no reasoner, against encoding the same texts alone.

    What is allowed is decided by the bi-encoder; what is acted on has evidence and severity by the cross-encoder too.
    """
    with new_home() as settings, open_in(settings) as (desk, model):
        tried = cases(texts(4 * count, (*EVERYDAY, *EDGE, *GLARING)))
        told = [d for d in zip(tried, desk.decide_many(tried), strict=True) if d[1].stage != "reasoner"]
    stages = Counter((one.stage, one.outcome) for _, one in told)
    rows = []
    for name, outcome, target in (("allowed", "allow", 1.4), ("acted on", "act", None)):
        kept = [case for case, one in told if one.outcome == outcome][:count]
        ratios, rates = list[float](), list[float]()
        with new_home() as settings, open_in(settings) as (desk, model):
            list(desk.decide_many(cases(texts(16, EVERYDAY, seed=9))))
            # The two take turns, so that what else runs on the machine slows both.
            for part in (kept[i::4] for i in range(4)):
                bare = clock(model.encoder.encode, [case.text for case in part])
                full = clock(lambda cases: list(desk.decide_many(cases)), part)
                ratios, rates = [*ratios, full / bare], [*rates, len(part) / full]
        ratio, rate = float(np.median(ratios)), float(np.median(rates))
        by = ", ".join(f"{stages[s, o]} by the {s}" for s, o in sorted(stages) if o == outcome)
        rows.append(
            Row(name=f"Fast path, {name}: time against the bare encoder", measured=f"{ratio:.2f}x",
                target=f"{target}x" if target else "", holds=ratio <= target if target else None,
                detail=f"{rate:.0f} decisions a second, recorded; of {len(tried)} texts {by}")
        )  # fmt: skip
    return rows


def graph_overhead(count: int = 200) -> list[Row]:
    """Run cases that the router clears through the graph, against calling its nodes; vectors are known to both."""
    from langgraph.runtime import Runtime

    from graphs import nodes
    from graphs.desk import new_id
    from graphs.state import State

    with new_home() as settings, open_in(settings) as (desk, _):
        tried = cases(texts(3 * count, EVERYDAY))
        clear = [c for c, d in zip(tried, desk.decide_many(tried), strict=True) if d.stage == "router"][:count]
        deps = replace(desk.deps, record=Nowhere())
        runtime = Runtime(context=deps)
        perceived = [nodes.perceive({"case": case}, runtime=runtime)["perception"] for case in clear]
        deps.vectors_of([(case.digest, p.views) for case, p in zip(clear, perceived, strict=True)])

        def direct(case: Case) -> None:
            state: State = {"case": case, "decision_id": new_id()}
            for node in (nodes.perceive, nodes.route, nodes.record):
                state.update(node(state, runtime=runtime))

        def through(case: Case) -> None:
            state: State = {"case": case, "decision_id": new_id(), "waits": False}
            desk.graph.invoke(state, {"configurable": {"thread_id": state["decision_id"]}}, context=deps)

        extra = [clock(through, case) - clock(direct, case) for case in clear]
    middle = 1000 * float(np.median(extra))
    return [Row(name="Graph overhead a case", measured=f"{middle:.1f} ms", target="5 ms", holds=middle < 5,
                detail=f"median of {len(clear)} cases of three nodes")]  # fmt: skip


def cold_start() -> list[Row]:
    """Start the program, decide one case that goes all the way to a rule, and end."""
    with new_home() as settings:
        first = run_program(settings.home, "decide", THREAT, "--json")
        runs = [run_program(settings.home, "decide", THREAT, "--json") for _ in range(3)]
    warm = float(np.median([run.seconds for run in runs]))
    memory = max(run.memory for run in (first, *runs))
    return [
        Row(name="Cold start to a decision", measured=f"{warm:.1f} s", target="4 s", holds=warm < 4,
            detail="`precept decide`, a new process, index on disk; median of 3"),
        Row(name="First start of all", measured=f"{first.seconds:.1f} s", detail="builds the rule index"),
        Row(name="Memory of `precept decide`", measured=f"{memory:.0f} MiB", detail="peak resident set"),
    ]  # fmt: skip


def replaying(count: int = 1000) -> list[Row]:
    """Replay stored cases under a policy with one rule reworded, against deciding them all under it from nothing."""
    from evals.impact import impact

    old, new, mixed = load_pack(POLICY), one_rule_edited(load_pack(POLICY)), cases(traffic(count))
    with new_home() as settings:
        impact(old, old, mixed, settings)
        spared = impact(old, new, mixed, settings).spared
        opening = impact(old, new, [], settings).spared.seconds
    begun = time.perf_counter()
    with new_home() as settings, open_in(settings, new) as (desk, _):
        stages = Counter(decision.stage for decision in desk.decide_many(mixed))
    again = time.perf_counter() - begun
    times = again / spared.seconds
    made_by = ", ".join(f"{stage} {n}" for stage, n in sorted(stages.items()))
    detail = (
        f"{len(mixed)} cases ({made_by}): {again:.1f} s against {spared.seconds:.2f} s, "
        f"{opening:.2f} s of it to open both policies; {spared.again} decided again"
    )
    return [Row(name="Impact of one reworded rule, against deciding again", measured=f"{times:.0f}x", target="50x",
                holds=times >= 50, detail=detail)]  # fmt: skip


def retrieval(rules: int = 10_000, queries: int = 500) -> list[Row]:
    """Retrieve among many synthetic rules: vectors in the index, keywords, and the fusion of both."""
    from policy_store.index import RuleIndex
    from policy_store.keywords import KeywordIndex
    from policy_store.retrieval import fuse, strongest

    pack, wanted = synthetic_pack(rules)
    with tempfile.TemporaryDirectory(prefix="precept-bench-") as folder:
        index = RuleIndex.open(folder)
        begun = time.perf_counter()
        found = index.ensure(pack, synthetic_vectors, "bench")
        built = time.perf_counter() - begun
        keywords = KeywordIndex.build(pack)
        took: list[float] = []
        right = 0
        for name, text in wanted[:queries]:
            vector = synthetic_vectors([text])
            begun = time.perf_counter()
            hits = fuse(strongest(found.search(vector, 8)), keywords.search(text, 8), pack, 8)
            took.append(time.perf_counter() - begun)
            right += any(hit.rule_id == name for hit in hits)
        index.close()
    half, most = (1000 * float(np.percentile(took, q)) for q in (50, 99))
    detail = f"p50 {half:.1f} ms; the right rule among 8 in {right / len(took):.0%}; index built in {built:.0f} s"
    return [Row(name=f"Retrieval at {rules:,} rules, p99", measured=f"{most:.1f} ms", target="10 ms",
                holds=most < 10, detail=detail)]  # fmt: skip


def reading(count: int = 400, weights: Path = WEIGHTS.parent) -> list[Row]:
    """Read texts that are new, each with rules that were read before, with the cross-encoder."""
    laws = [law_text(rule) for rule in load_pack(POLICY).rules[:8]]
    took = read_times(weights, texts(4 * count, (*EVERYDAY, *EDGE)), laws)
    return [Row(name="Cross-encoder, a new text and 8 known rules, p50", measured=f"{took.half:.0f} ms", target="60 ms",
                holds=took.half < 60, detail=f"p99 {took.most:.0f} ms; {took.texts} texts of 40 tokens")]  # fmt: skip


def encoding(base: Path, count: int = 400, weights: Path = WEIGHTS.parent) -> list[Row]:
    """Encode texts in turns with the base that was never trained, exported to int8 as plainly as can be."""
    rates = encode_rates(weights, base, texts(4 * count, (*EVERYDAY, *EDGE)))
    detail = f"{rates.shipped:.0f} texts of 40 tokens a second, the base in int8 {rates.base:.0f}"
    return [Row(name="Bi-encoder, throughput against its base", measured=f"{rates.ratio:.2f}x", target="0.75x",
                holds=rates.ratio >= 0.75, detail=detail)]  # fmt: skip


MEASURES: dict[str, Callable[[], list[Row]]] = {
    "fast-path": fast_path, "graph-overhead": graph_overhead, "cold-start": cold_start, "replay": replaying,
    "retrieval": retrieval, "reading": reading,
}  # fmt: skip


class Nowhere:
    """A record that keeps nothing, where the cost of keeping is not what is measured."""

    def record(self, pairs: object) -> None:
        """Keep nothing."""

    def edit(self, edit: object) -> None:
        """Keep nothing."""


def texts(count: int, templates: Sequence[str], seed: int = 0) -> list[str]:
    """Return that many different texts, taking turns between the templates."""
    groups = [list(_filled(template)) for template in templates]
    for group in groups:
        random.Random(seed).shuffle(group)
    mixed = [text for row in zip_longest(*groups) for text in row if text]
    more = (f"{text} ({n})" for n in numbers(2) for text in mixed)  # once the slots are used up
    return [*mixed, *islice(more, max(0, count - len(mixed)))][:count]


def traffic(count: int) -> list[str]:
    """Return texts as traffic has them: mostly everyday, some near the line, few over it."""
    edge, glaring = count * 2 // 10, count // 10
    return texts(count - edge - glaring, EVERYDAY) + texts(edge, EDGE) + texts(glaring, GLARING)


def _filled(template: str) -> Iterator[str]:
    names = [name for name in SLOTS if f"{{{name}}}" in template]
    for values in product(*(SLOTS[name] for name in names)):
        yield template.format(**dict(zip(names, values, strict=True)))


def cases(found: Sequence[str]) -> list[Case]:
    """Return a case for each text."""
    return [Case(id=f"b{i}", parts=(Part(id="text", kind="text", text=text),)) for i, text in enumerate(found)]


def one_rule_edited(pack: Pack) -> Pack:
    """Return the policy with the statement of its regulated-goods rule reworded."""
    said = {"statement": "Offers alcohol, tobacco, vapes or cannabis to people who are too young to buy them."}
    rules = [rule.model_dump() | (said if rule.id == "RG1" else {}) for rule in pack.rules]
    return Pack.model_validate(pack.model_dump() | {"rules": rules})


def synthetic_pack(count: int) -> tuple[Pack, list[tuple[str, str]]]:
    """Return a policy of many rules, each with words of its own, and texts that break one of them."""
    shipped = load_pack(POLICY)
    model = shipped.rules[0].model_dump() | {"exceptions": (), "borrows": (), "attributes": (), "products": ()}
    rules, wanted = [], []
    for n in range(count):
        # Three words mark a rule; each is shared with others, as words are.
        marks = f"thing{n} matter{n % 997} field{n % 61}"
        examples = {
            "violating": [{"id": f"R{n}.v{i}", "text": f"{verb} {marks} today", "severity": model["band"]["low"]}
                          for i, verb in enumerate(("selling", "wants"))],
            "allowed": [{"id": f"R{n}.n1", "text": f"a report about {marks}"}],
        }  # fmt: skip
        rules.append(model | {
            "id": f"R{n}", "type": f"Kind {n}", "statement": f"Offers or asks for {marks}.", "keywords": (f"thing{n}",),
            "includes": ({"id": f"R{n}.a", "text": f"An offer of {marks}."},), "examples": examples,
        })  # fmt: skip
        wanted.append((f"R{n}", f"who wants to buy {marks} tonight"))
    random.Random(1).shuffle(wanted)
    body = shipped.model_dump() | {"id": "synthetic", "rules": rules, "precedence": (), "exceptions": ()}
    return Pack.model_validate(body), wanted


def synthetic_vectors(found: Sequence[str]) -> Vectors:
    """Return unit vectors [n, 384] in which texts that share words are near: a sum of one random direction a word."""
    out = np.empty((len(found), 384), np.float32)
    for row, text in zip(out, found, strict=True):
        row[:] = sum(_direction(word.strip(".")) for word in text.lower().split())
    out /= np.linalg.norm(out, axis=1, keepdims=True)
    return out


@lru_cache(maxsize=100_000)
def _direction(word: str) -> Vectors:
    length = 1.0 if any(ch.isdigit() for ch in word) else 0.3
    return np.random.default_rng(crc32(word.encode())).normal(0, length, 384).astype(np.float32)


def clock(act: Callable[[T], object], on: T) -> float:
    """Return the seconds that an act on something takes."""
    begun = time.perf_counter()
    act(on)
    return time.perf_counter() - begun


@contextmanager
def new_home() -> Iterator[Settings]:
    """Give the settings of a home that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="precept-bench-") as folder:
        yield Settings(home=Path(folder), policy=POLICY)


@contextmanager
def open_in(settings: Settings, pack: Pack | None = None) -> Iterator[tuple["Desk", "Embedded"]]:
    """Open a desk, index built, with the model that it uses."""
    from graphs.desk import Desk
    from graphs.wiring import open_deps, open_model

    with open_model(settings) as model, open_deps(settings, pack, model=model) as deps:
        deps.rules()
        yield Desk(deps), model


def run_program(home: Path, *arguments: str) -> Child:
    """Run the program in a process of its own."""
    environ = {**os.environ, "PRECEPT_HOME": str(home)}
    root = Path(__file__).parents[1]
    begun = time.perf_counter()
    child = subprocess.Popen(
        [sys.executable, "-m", "app", *arguments], cwd=root, env=environ, stdout=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(child.pid, 0)
    if status:
        raise RuntimeError(f"precept {' '.join(arguments)} ended with {os.waitstatus_to_exitcode(status)}")
    return Child(time.perf_counter() - begun, usage.ru_maxrss / 1024)


def where() -> str:
    """Return what the numbers hold for: machine, policy, model."""
    from tools.encoder import OnnxEncoder

    pack, encoder = load_pack(POLICY), OnnxEncoder()
    return (
        f"{platform.machine()}, {encoder.threads} cores, Python {platform.python_version()}, "
        f"policy {pack.id} {pack.version} ({pack.digest[:8]}), weights {encoder.digest[:8]}"
    )


def table(rows: Sequence[Row]) -> str:
    """Return rows as a Markdown table.

    >>> print(table([Row(name="Speed", measured="2x", target="1x", holds=True)]))
    | what | measured | target | holds | detail |
    |---|---|---|---|---|
    | Speed | 2x | 1x | yes |  |
    """
    lines = ["| what | measured | target | holds | detail |", "|---|---|---|---|---|"]
    for row in rows:
        holds = {None: "", True: "yes", False: "no"}[row.holds]
        lines.append(f"| {row.name} | {row.measured} | {row.target} | {holds} | {row.detail} |")
    return "\n".join(lines)


def main() -> None:
    """Measure what is named, everything by default, and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", choices=[*MEASURES, []], metavar="NAME", help=", ".join(MEASURES))
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--base", type=Path, help="also measure the encoder against this folder of all-MiniLM-L6-v2")
    given = parser.parse_args()
    rows: list[Row] = []
    for name in given.names or MEASURES:
        print(f"{name} …", file=sys.stderr)
        rows += MEASURES[name]()
    rows += encoding(given.base) if given.base else []
    if given.json:
        print(json.dumps({"where": where(), "rows": [row.model_dump() for row in rows]}, indent=2))
    else:
        print(f"{where()}\n\n{table(rows)}")


if __name__ == "__main__":
    main()
