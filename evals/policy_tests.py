"""Run a pack's own tests (cases.yaml), in the manner of `opa test`. Not their format (policy_store/suite.py).

PASS and FAIL compare a decision with what the test expects; ERROR means that there is no decision to compare; SKIPPED
is a test with `todo`, which is decided all the same, so that a gap that has closed is noticed.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Literal, Protocol

from agents.perceiver import with_seen
from cases.case import Case, Media, Part, media_ids
from cases.decision import Decision, Outcome
from cases.model import Fact
from cases.observation import Box, Locator, Observation
from policy_store.pack import Pack
from policy_store.suite import Expect, PackTest, Picture, Region, Words

Status = Literal["PASS", "FAIL", "ERROR", "SKIPPED"]
ClauseKind = Literal["statement", "include", "exception"]


GIVEN = "given"


class Decide(Protocol):
    """Decide cases in order (the desk)."""

    def decide_many(self, cases: Iterable[Case]) -> Iterator[Decision]:
        """Yield one decision a case."""
        ...


class Got(Fact):
    """What came out: severity 0-100, score in [0, 1]."""

    outcome: Outcome
    rule: str | None
    severity: int
    tier: str
    score: float


class Result(Fact):
    """How one test went. `expected` is the expectation in words, `wrong` what of it does not hold.

    `got` is None for an ERROR, whose `rationale` says what happened. `would_pass` is set for a skipped test.
    """

    id: str
    status: Status
    expected: str
    got: Got | None = None
    wrong: tuple[str, ...] = ()
    rationale: str = ""
    seconds: float
    clause: str | None = None
    todo: str | None = None
    would_pass: bool | None = None


class ClauseCover(Fact):
    """The tests that reach one clause: those that name it, and passing ones whose decision cited it."""

    id: str
    rule_id: str | None
    kind: ClauseKind
    tested: tuple[str, ...] = ()
    cited: tuple[str, ...] = ()

    @property
    def covered(self) -> bool:
        """Return whether any test reaches the clause."""
        return bool(self.tested or self.cited)


class RuleCover(Fact):
    """How many clauses of a rule are reached; rule_id None stands for the exceptions of the whole pack."""

    rule_id: str | None
    covered: int
    total: int
    missing: tuple[str, ...]


class Coverage(Fact):
    """Which clauses and exceptions the tests exercise; `percent` in [0, 100], 100 for a pack without clauses."""

    clauses: tuple[ClauseCover, ...]
    rules: tuple[RuleCover, ...]
    percent: float


class Counts(Fact):
    """How many tests ended how; `closed` are skipped ones that would pass."""

    passed: int
    failed: int
    errors: int
    skipped: int
    closed: int


class Run(Fact):
    """All results in the order of the file."""

    results: tuple[Result, ...]
    coverage: Coverage
    counts: Counts
    seconds: float

    @property
    def sound(self) -> bool:
        """Return whether nothing failed and everything could be decided."""
        return not self.counts.failed and not self.counts.errors


def run_tests(desk: Decide, pack: Pack, tests: Sequence[PackTest], told: Callable[[Result], None] | None = None) -> Run:
    """Decide and judge the tests in order; `told` hears of each result as it comes.

    The desk must hold the same pack, and should write to a throw-away ledger.
    """
    begun = time.perf_counter()
    done: list[tuple[Result, Decision | None]] = []
    for test in tests:
        done.append(_run_one(desk, test))
        if told is not None:
            told(done[-1][0])
    results = tuple(result for result, _ in done)
    return Run(
        results=results,
        coverage=coverage(pack, done),
        counts=_counts(results),
        seconds=round(time.perf_counter() - begun, 3),
    )


def case_of(test: PackTest) -> Case:
    """Return the case that a test describes, its pictures as looked through; without a surface it is a post."""
    parts = test.parts.texts if test.parts else (("text", test.text),) if test.text else ()
    case = Case(
        id=test.id,
        parts=tuple(Part(id=name, kind=name, text=text) for name, text in parts),  # type: ignore[arg-type]
        media=tuple(Media(type="image", path=f"{test.id}-{i}.png") for i in range(1, len(test.pictures) + 1)),
        surface=test.surface or "post",
        profile=test.profile,
    )
    pairs = zip(media_ids(case.media), test.pictures, strict=True)
    seen = [one for name, picture in pairs for one in _seen(name, picture)]
    return with_seen(case, seen, ()) if seen else case


def _seen(media: str, picture: Picture) -> Iterator[Observation]:
    """Yield what tools would have seen in a picture of a test: that it was looked through, words, regions."""
    yield Observation(
        id=f"{media}.t1", media=media, kind="tag", label="given", locator=Locator(frame=0), tool=GIVEN, version=""
    )
    for i, words in enumerate(picture.words, 1):
        yield Observation(
            id=f"{media}.w{i}", media=media, kind="words", text=words.text, confidence=words.confidence,
            locator=_at(words), tool=GIVEN, version="",
        )  # fmt: skip
    for i, region in enumerate(picture.regions, 1):
        yield Observation(
            id=f"{media}.r{i}", media=media, kind="region", label=region.label, confidence=region.confidence,
            locator=_at(region), tool=GIVEN, version="",
        )  # fmt: skip


def _at(one: Region | Words) -> Locator:
    x, y, width, height = one.box
    return Locator(frame=one.frame, box=Box(x=x, y=y, width=width, height=height))


def mismatches(expect: Expect, decision: Decision) -> tuple[str, ...]:
    """Return what of an expectation a decision does not meet, in words; empty when it meets all."""
    wrong = []
    if expect.outcome and decision.outcome not in expect.outcome:
        wrong.append(f"outcome is {decision.outcome}, not {' or '.join(expect.outcome)}")
    if expect.rule is not None and decision.rule_id != expect.rule:
        wrong.append(f"{decision.rule_id or 'no rule'} leads, not {expect.rule}")
    if expect.not_rule is not None and decision.rule_id == expect.not_rule:
        wrong.append(f"{decision.rule_id} leads, which it must not")
    if expect.tier is not None and decision.tier != expect.tier:
        wrong.append(f"tier is {decision.tier}, not {expect.tier}")
    if expect.min_severity is not None and decision.severity < expect.min_severity:
        wrong.append(f"severity is {decision.severity}, below {expect.min_severity}")
    if expect.max_severity is not None and decision.severity > expect.max_severity:
        wrong.append(f"severity is {decision.severity}, above {expect.max_severity}")
    return tuple(wrong)


def expected_text(expect: Expect) -> str:
    """Return an expectation on one line."""
    said = [" or ".join(expect.outcome)] if expect.outcome else []
    said += [expect.rule] if expect.rule else []
    said += [f"not {expect.not_rule}"] if expect.not_rule else []
    said += [f"tier {expect.tier}"] if expect.tier else []
    said += [f"severity >= {expect.min_severity}"] if expect.min_severity is not None else []
    said += [f"severity <= {expect.max_severity}"] if expect.max_severity is not None else []
    return ", ".join(said)


def coverage(pack: Pack, done: Sequence[tuple[Result, Decision | None]]) -> Coverage:
    """Return which clauses of the rules in force, and which common exceptions, the tests exercise."""
    tested: dict[str, list[str]] = {}
    cited: dict[str, list[str]] = {}
    for result, decision in done:
        if result.clause and result.status != "SKIPPED":
            tested.setdefault(result.clause, []).append(result.id)
        if decision and result.status == "PASS":
            for clause_id in dict.fromkeys(c.clause_id for f in decision.findings for c in f.citations):
                cited.setdefault(clause_id, []).append(result.id)
    clauses = tuple(
        ClauseCover(id=name, rule_id=rule_id, kind=kind, tested=tuple(tested.get(name, ())),
                    cited=tuple(cited.get(name, ())))
        for rule_id, kind, name in _clauses(pack)
    )  # fmt: skip
    rules = tuple(
        _rule_cover(r, [c for c in clauses if c.rule_id == r]) for r in dict.fromkeys(c.rule_id for c in clauses)
    )
    reached = sum(c.covered for c in clauses)
    return Coverage(clauses=clauses, rules=rules, percent=round(100 * reached / len(clauses), 1) if clauses else 100.0)


def _clauses(pack: Pack) -> Iterator[tuple[str | None, ClauseKind, str]]:
    for rule in pack.rules:
        if rule.status in ("active", "shadow"):
            yield rule.id, "statement", rule.id
            yield from ((rule.id, "include", c.id) for c in rule.includes)
            yield from ((rule.id, "exception", c.id) for c in rule.exceptions)
    yield from ((None, "exception", c.id) for c in pack.exceptions)


def _rule_cover(rule_id: str | None, clauses: Sequence[ClauseCover]) -> RuleCover:
    missing = tuple(c.id for c in clauses if not c.covered)
    return RuleCover(rule_id=rule_id, covered=len(clauses) - len(missing), total=len(clauses), missing=missing)


def _run_one(desk: Decide, test: PackTest) -> tuple[Result, Decision | None]:
    begun = time.perf_counter()
    decision: Decision | None = None
    said = ""
    try:
        (decision,) = desk.decide_many([case_of(test)])
    except Exception as error:  # one test that breaks is that test's result; the others are still worth running
        said = f"{type(error).__name__}: {error}"
    wrong = mismatches(test.expect, decision) if decision else ()
    status: Status = "ERROR" if decision is None else "FAIL" if wrong else "PASS"
    result = Result(
        id=test.id,
        status="SKIPPED" if test.todo else status,
        expected=expected_text(test.expect),
        got=_got(decision) if decision else None,
        wrong=wrong,
        rationale=decision.rationale if decision else said,
        seconds=round(time.perf_counter() - begun, 4),
        clause=test.clause,
        todo=test.todo,
        would_pass=status == "PASS" if test.todo else None,
    )
    return result, decision


def _got(decision: Decision) -> Got:
    return Got(
        outcome=decision.outcome,
        rule=decision.rule_id,
        severity=decision.severity,
        tier=decision.tier,
        score=decision.score,
    )


def _counts(results: Sequence[Result]) -> Counts:
    ended = [r.status for r in results]
    return Counts(
        passed=ended.count("PASS"), failed=ended.count("FAIL"), errors=ended.count("ERROR"),
        skipped=ended.count("SKIPPED"), closed=sum(r.would_pass is True for r in results),
    )  # fmt: skip
