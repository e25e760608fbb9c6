"""The suites by name, and a run of some of them. `precept eval` prints what comes out; evals/report.py draws it."""

import platform
import subprocess
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from evals import suite_dev, suite_public, suite_reasoning, suite_robust, suite_rules, suite_stream
from evals.judged import Proof
from evals.measure import Drawing, Found, Made, Record, Result, Skipped, targets
from evals.sets import Missing, SetError

Suite = Callable[[Proof], Result]
SUITES: dict[str, Suite] = {
    f.__name__: f
    for f in (
        suite_dev.dev, suite_public.openai_moderation, suite_public.hatecheck, suite_public.edos,
        suite_public.toxic_spans, suite_rules.custom_rules, suite_dev.scenes, suite_stream.router,
        suite_robust.injection, suite_robust.over_refusal, suite_stream.cost, suite_stream.guarantee,
        suite_reasoning.reasoning,
    )
}  # fmt: skip


class Ran(NamedTuple):
    """A run: what is saved of it, and what its report draws, by suite."""

    record: Record
    drawings: dict[str, tuple[Drawing, ...]]


def run_suites(
    proof: Proof, names: Sequence[str], told: Callable[[Found | Skipped], None] | None = None,
    kept: Callable[[Record], None] | None = None,
) -> Ran:  # fmt: skip
    """Run suites in order; one that lacks its data is skipped and says what to do. `told` hears of each.

    `kept` is given what there is after each suite: a run of an hour that is ended has not been for nothing.

    Raise KeyError for a name that is no suite.
    """
    found: list[Found] = []
    skipped: list[Skipped] = []
    drawings: dict[str, tuple[Drawing, ...]] = {}
    for name in names:
        suite, begun = SUITES[name], time.perf_counter()
        try:
            result = suite(proof)
        except (Missing, SetError) as lacking:
            skipped.append(Skipped(suite=name, why=str(lacking)))
            if told:
                told(skipped[-1])
            continue
        about = (suite.__doc__ or "").strip().splitlines()[0]
        found.append(
            Found(
                suite=name, about=about, policy=result.policy, rows=result.rows, digest=result.digest,
                seconds=round(time.perf_counter() - begun, 1), measures=tuple(result.tally.measures),
                sheets=result.sheets,
            )
        )  # fmt: skip
        drawings[name] = result.drawings
        if told:
            told(found[-1])
        if kept:
            kept(Record(made=made(proof), found=tuple(found), skipped=tuple(skipped)))
    return Ran(Record(made=made(proof), found=tuple(found), skipped=tuple(skipped)), drawings)


def untargeted() -> list[str]:
    """Return targets that name a suite which does not exist."""
    return [name for name in targets() if name not in SUITES]


def unmeasured(record: Record) -> list[str]:
    """Return `suite.measure` of each target that a run was asked for and has no measure of."""
    found = {f.suite: {m.name for m in f.measures} for f in record.found} | {s.suite: set() for s in record.skipped}
    return [
        f"{suite}.{name}" for suite, names in found.items() for name in targets().get(suite, {}) if name not in names
    ]


def made(proof: Proof) -> Made:
    """Return what the numbers of a run hold for."""
    encoder = proof.model.encoder
    return Made(
        commit=commit(),
        packs={desk.deps.frame.pack.id: desk.deps.frame.pack.digest for desk in proof.desks.values()},
        weights=proof.model.digest,
        machine=f"{platform.machine()}, {encoder.threads} cores, Python {platform.python_version()}",
        at=datetime.now(UTC).replace(microsecond=0),
        rounds=proof.rounds,
    )  # fmt: skip


def commit() -> str | None:
    """Return the commit of the checkout, with "+" where files differ from it; None where git is not at hand."""
    root = Path(__file__).parents[1]
    if not (root / ".git").exists():
        return None
    try:
        said = [
            subprocess.run(
                ["git", "-C", str(root), *args], capture_output=True, text=True, timeout=20, check=True
            ).stdout
            for args in (("rev-parse", "--short=12", "HEAD"), ("status", "--porcelain"))
        ]
    except (OSError, subprocess.SubprocessError):
        return None
    return said[0].strip() + ("+" if said[1].strip() else "")
