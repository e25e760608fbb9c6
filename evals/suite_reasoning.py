"""The suite `reasoning`: does the chain of a decision support its answer, by code and by the judge?

Code looks at the form of a chain (agents.checks, as on record); a language model bound as JUDGE reads it without its
last step and says where it leads and how well each step does (agents.judge). Where JUDGE is embedded nobody reads it:
the measures of the judge are then absent, and the suite says so. What the judge could not be asked is left out and
counted; what it answered out of form counts 0.
"""

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

from agents.judge import CRITERIA, Grading, grade
from cases.case import Case
from cases.decision import Decision
from cases.exchange import Failure, Unanswered
from evals import resampling as over
from evals.judged import Proof
from evals.measure import Result, Sheet, Tally, sheet
from evals.resampling import Floats
from evals.sets import DEV, SetError, capped, rows_digest
from evals.suite_dev import POLICY
from graphs.backends import Backends
from graphs.binding import EMBEDDED
from policy_store.pack import Pack

if TYPE_CHECKING:
    from agents.ask import Chat

CHAINS = 100
GOOD = 2  # of 4: a chain with less in any criterion is not one that the judge calls sound
UNBOUND = "not measured: JUDGE is embedded, and nothing embedded reads reasoning; set JUDGE=vllm/MODEL"
Answer = Grading | Failure


def reasoning(proof: Proof) -> Result:
    """Measure whether chains support their answers: by checks of code, and by the model that JUDGE names."""
    rows = capped(proof.sets.rows(DEV), proof.limit)
    judged = proof.judge(rows, POLICY)
    reasoned = [i for i, d in enumerate(judged.decisions) if len(d.chain) > 1 and d.critiques]
    if not reasoned:
        raise SetError("no line of the set came to the reasoner; raise --limit")
    at = reasoned[:CHAINS]
    cases, decisions = [judged.cases[i] for i in at], [judged.decisions[i] for i in at]
    tally, w = Tally("reasoning"), over.draws(len(at), proof.rounds, groups=[rows[i].family for i in at])
    sound = np.array([sound_by_code(d) for d in decisions], np.float64)
    tally.add("sound_by_code", over.mean(sound, w), len(at), "every check of the last critique passed")
    chats = judges(proof)
    if chats:
        answers = asked(proof, cases, decisions, judged.pack, chats)
        tables = _graded(tally, decisions, answers, sound, w)
    else:
        tables = (sheet("The judge", ["judge", "chains"], [[UNBOUND, len(at)]]),)
    return Result(POLICY, rows_digest([rows[i] for i in at]), len(at), tally, tables)


def sound_by_code(decision: Decision) -> bool:
    """Return whether every check that code made of the last draft passed."""
    return all(check.passed for check in decision.critiques[-1].checks)


def judges(proof: Proof) -> "tuple[Chat, ...]":
    """Return the backends of the judge in their order, none where it is embedded; they close with the proof."""
    backends = Backends(proof.settings, proof.stack)
    return tuple(backends.chat(b) for b in proof.settings.bound("judge") if b != EMBEDDED)


def asked(
    proof: Proof, cases: Sequence[Case], decisions: Sequence[Decision], pack: Pack, chats: "Sequence[Chat]"
) -> list[Answer]:
    """Return the judge's grading of each chain, or why there is none; as many at once as may be in flight."""

    def one(case: Case, decision: Decision) -> Answer:
        try:
            return grade(case, decision, pack, chats, proof.settings.allowance).grading
        except Unanswered as error:
            return error.failure

    with ThreadPoolExecutor(proof.settings.in_flight) as pool:
        return list(pool.map(one, cases, decisions))


def agrees(decision: Decision, grading: Grading) -> bool:
    """Return whether the chain led the judge to what was decided, the rule included where one was acted on."""
    return grading.follows == decision.outcome and (decision.outcome != "act" or grading.rule_id == decision.rule_id)


def _graded(
    tally: Tally, decisions: Sequence[Decision], answers: Sequence[Answer], sound: Floats, w: Floats
) -> tuple[Sheet, ...]:
    formed = np.array([isinstance(a, Grading) for a in answers])
    reached = np.array([isinstance(a, Grading) or a == "malformed_answer" for a in answers])
    failures = Counter(a for a in answers if not isinstance(a, Grading))
    tally.add("judge_answers", over.mean(formed.astype(np.float64), w), len(answers), "in the form asked for")
    if not reached.any():
        return (sheet("The judge gave nothing", ["why", "chains"], [[why, n] for why, n in failures.items()]),)
    own = w[:, reached]
    heard = [(d, a) for d, a, there in zip(decisions, answers, reached, strict=True) if there]

    def mean(values: Sequence[float]) -> Floats:
        return over.mean(np.array(values, np.float64), own)

    led = [float(isinstance(a, Grading) and agrees(d, a)) for d, a in heard]
    tally.add("consistent", mean(led), len(heard), "the judge comes to the decision from the chain alone")
    for name in CRITERIA:
        levels = [a.levels[name] / 4 if isinstance(a, Grading) else 0.0 for _, a in heard]
        tally.add(f"level_{name}", mean(levels), len(heard))
    good = np.array([isinstance(a, Grading) and agrees(d, a) and min(a.levels.values()) >= GOOD for d, a in heard])
    by_code = sound[reached] > 0
    tally.add("agrees_with_code", mean((good == by_code).astype(np.float64)), len(heard), "both sound, or neither")
    rows = (("sound", by_code), ("not sound", ~by_code))
    counts = [[name, int((of & good).sum()), int((of & ~good).sum())] for name, of in rows]
    tables = [sheet("By code (rows) and by the judge (columns)", ["by code", "sound", "not sound"], counts)]
    if failures:
        tables.append(sheet("Without a grading", ["why", "chains"], [[why, n] for why, n in failures.items()]))
    return tuple(tables)
