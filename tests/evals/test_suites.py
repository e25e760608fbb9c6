"""Suites measure through the desk: every one runs on small invented sets, and its parts count what they say."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="the extra `evals` is not installed")
pytest.importorskip("matplotlib", reason="the extra `evals` is not installed")

from cases.case import Case, Part  # noqa: E402
from cases.finding import Evidence  # noqa: E402
from evals.comparison import BaselineError, changes, load  # noqa: E402
from evals.judged import only, proving, without  # noqa: E402
from evals.measure import Record, Tally, Target, targets  # noqa: E402
from evals.report import page  # noqa: E402
from evals.resampling import draws, mean  # noqa: E402
from evals.sets import Row, Sets  # noqa: E402
from evals.suite_dev import char_f1  # noqa: E402
from evals.suite_rules import contradictory  # noqa: E402
from evals.suite_stream import SHARES, dropped  # noqa: E402
from evals.suites import SUITES, Ran, run_suites, untargeted  # noqa: E402
from graphs.settings import Settings  # noqa: E402
from tests.evals.small_sets import everything_held, write  # noqa: E402

ROUNDS = 30


# One needs homes of its own, which take time, the other lines that come to the reasoner (test_suite_reasoning.py).
APART = {"cost", "reasoning"}


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ran]:
    """Every suite once, over a few lines each."""
    folder = write(tmp_path_factory.mktemp("sets") / "data")
    with proving(everything_held(folder), Settings(), rounds=ROUNDS) as proof:
        yield run_suites(proof, [name for name in SUITES if name not in APART])


@pytest.mark.slow
def test_every_suite_runs_and_every_target_names_a_measure(ran: Ran) -> None:
    found = {f.suite: {m.name for m in f.measures} for f in ran.record.found}
    assert set(found) == set(SUITES) - APART and not ran.record.skipped
    assert untargeted() == []
    for suite, lines in targets().items():
        # `within` needs more lines of a scene than the small sets have.
        for name in set(lines) - {"roc_auc_within_mean"}:
            assert name in found[suite], f"{suite}: no measure {name!r}"


@pytest.mark.slow
def test_every_interval_holds_together(ran: Ran) -> None:
    for found in ran.record.found:
        for m in found.measures:
            assert len(m.replicates) == (0 if found.suite == "guarantee" else ROUNDS)
            assert (m.low is None) == (m.high is None)
            assert m.low is None or m.high is None or m.low <= m.high, f"{found.suite} {m.name}"


@pytest.mark.slow
def test_a_glaring_threat_is_told_from_cake(ran: Ran) -> None:
    (dev,) = [f for f in ran.record.found if f.suite == "dev"]
    value = {m.name: m.value for m in dev.measures}
    assert value["roc_auc"] == 1.0
    assert value["evidence_char_f1"]
    assert value["comprehensiveness"] and value["comprehensiveness"] > 0


@pytest.mark.slow
def test_the_report_needs_no_other_file_and_escapes_what_it_shows(ran: Ran) -> None:
    told = page(ran.record, ran.drawings)
    assert told.count("<img") == sum(len(d) for d in ran.drawings.values()) > 5
    assert "http://" not in told and "https://" not in told
    # The words to the judge hold a closing tag; on the page it is text.
    assert "</content>" not in told and 'src="data:image/svg+xml;base64,' in told


@pytest.mark.slow
def test_a_saved_run_against_itself_shows_no_difference(ran: Ran, tmp_path: Path) -> None:
    saved = tmp_path / "results.json"
    saved.write_text(ran.record.model_dump_json(), encoding="utf-8")
    then = load(saved)
    found = changes(ran.record, then)
    assert len(found) > 50
    assert all(c.difference == 0 and c.low in (0, None) and c.paired and not c.clear for c in found)


@pytest.mark.slow
def test_a_paired_difference_is_sharper_than_an_unpaired_one(ran: Ran) -> None:
    (suite,) = [f for f in ran.record.found if f.suite == "hatecheck"]
    w = draws(200, 300)
    old, new = np.zeros(200), np.zeros(200)
    old[:100], new[:110] = 1, 1

    def record(values: np.ndarray, digest: str) -> Record:
        tally = Tally("x")
        tally.add("share", mean(values, w), 200)
        found = suite.model_copy(update={"measures": tuple(tally.measures), "digest": digest})
        return ran.record.model_copy(update={"found": (found,)})

    (paired,) = changes(record(new, "a"), record(old, "a"))
    (other,) = changes(record(new, "a"), record(old, "b"))
    assert paired.difference == other.difference == pytest.approx(0.05)
    assert paired.paired and paired.clear and not other.paired and not other.clear


def test_a_file_that_is_no_run_is_refused(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.json"
    wrong.write_text(json.dumps({"rows": 3}))
    with pytest.raises(BaselineError, match=r"wrong\.json is no saved run"):
        load(wrong)


def test_a_suite_without_its_data_is_skipped_and_says_what_to_run(tmp_path: Path) -> None:
    with proving(Sets(tmp_path, lambda _: ()), Settings(), rounds=ROUNDS) as proof:
        (skipped,) = run_suites(proof, ["hatecheck"]).record.skipped
    assert "python -m evals.sets fetch hatecheck" in skipped.why


@pytest.mark.slow
def test_reasoning_about_everything_costs_no_less_than_the_cascade(tmp_path: Path) -> None:
    folder = write(tmp_path / "data")
    with proving(everything_held(folder), Settings(), limit=16, rounds=ROUNDS) as proof:
        (found,) = run_suites(proof, ["cost"]).record.found
    value = {m.name: m.value or 0.0 for m in found.measures}
    assert value["texts_a_case_reasoning_always"] >= value["texts_a_case"] > 0
    assert value["decided_by_router"] + value["decided_by_ranker"] + value["decided_by_reasoner"] == pytest.approx(1)


def test_masked_and_kept_evidence_are_cases_of_their_own() -> None:
    case = Case(
        id="c", parts=(Part(id="title", kind="title", text="Good day"), Part(id="text", kind="text", text="x yy z"))
    )
    found = (Evidence(part="text", start=2, end=4, quote="yy"),)
    rest = without(case, found)
    assert rest and [p.text for p in rest.parts] == ["Good day", "x … z"]
    assert [p.text for p in only(case, found).parts] == ["yy"]
    assert len({case.digest, rest.digest, only(case, found).digest}) == 3
    whole = (
        Evidence(part="title", start=0, end=8, quote="Good day"),
        Evidence(part="text", start=0, end=6, quote="x yy z"),
    )
    assert without(case, whole) is None


def test_empty_spans_are_right_only_when_nothing_was_marked() -> None:
    some = {("text", 1)}
    assert (char_f1(set(), set()), char_f1(set(), some), char_f1(some, set())) == (1.0, 0.0, 0.0)


def test_the_router_is_charged_for_every_violating_line_that_it_drops() -> None:
    kinds = ["violating"] * 100 + ["near"] * 10 + ["ordinary"] * 10
    # Three violating lines lie below everything, the others above it.
    risk = np.array([0.0] * 3 + [1.0] * 97 + [0.5] * 20)
    one = np.ones((1, len(risk)))
    gone = 0.03 * SHARES["violating"] + SHARES["near"] + SHARES["ordinary"]
    assert dropped(risk, kinds, one, 0.97)[0] == pytest.approx(gone)
    assert dropped(risk, kinds, one, 0.98)[0] == 0.0
    assert dropped(np.ones(len(risk)), kinds, one, 0.97)[0] == 0.0


def test_contradictory_pairs_are_the_same_text_under_two_variants() -> None:
    rows = [
        Row(id="1", group="r1-01a", text="tea", label="violating"), Row(id="2", group="r1-01b", text="tea", label="allowed"),
        Row(id="3", group="r1-01b", text="cup", label="allowed"), Row(id="4", group="r1-02a", text="tea", label="violating"),
    ]  # fmt: skip
    assert contradictory(rows) == [(0, 1)]


def test_a_target_is_met_from_its_bound_on() -> None:
    assert Target(at_least=0.5).met(0.5) and not Target(at_least=0.5).met(0.49)
    assert Target(at_most=0.03).met(0.03) and not Target(at_most=0.03).met(0.04)
    tally = Tally("dev")
    tally.add("roc_auc", np.full(11, np.nan), 3)
    assert tally.measures[0].value is None and tally.measures[0].met is False
