"""Saved thresholds are in force for what they were chosen for, and for nothing else in silence."""

import logging
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agents.calibration import Thresholds
from agents.guarantee import Choice, Count, Side
from graphs import saved
from graphs.desk import Desk
from graphs.saved import Guarantee, basis, force, place, remove, save
from graphs.settings import Settings, SettingsError
from graphs.wiring import open_desk
from tests.graphs.conftest import CAKE, make_case
from tools.ledger import Ledger

NOBODY = Thresholds(router=0.0, allow=-1e-9, act=1.0 + 1e-9, final_allow=-1e-9, final_act=1.0 + 1e-9)
SIDE = Side(level=3, cases=300, errors=1, bound=0.0184, needed=183)


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, audit_rate=0.0)


def guarantee(desk: Desk, settings: Settings) -> Guarantee:
    deps = desk.deps
    return Guarantee(
        basis=basis(settings, deps.book.pack, deps.frame.model_digest, deps.calibration),
        thresholds=NOBODY,
        choice=Choice(max_error=0.02, confidence=0.95, allow=SIDE, act=SIDE),
        count=Count(cases=900, allowed=400, allowed_wrong=2, acted=100, acted_wrong=1),
        strict=False,
        data="d" * 64,
        made=datetime(2026, 3, 1, tzinfo=UTC),
    )


def test_saved_thresholds_decide_and_are_named_in_the_decision(desk: Desk, home: Settings) -> None:
    made = guarantee(desk, home)
    save(home, made)
    with open_desk(home, waits=False) as own:
        decision = own.decide(make_case(CAKE))
        on_record = own.deps.record.decision(decision.id)  # type: ignore[attr-defined]
    assert (decision.outcome, decision.thresholds) == ("review", made.digest)
    assert on_record.thresholds == made.digest
    plain = desk.decide(make_case(CAKE))
    assert (plain.outcome, plain.thresholds) == ("allow", None)


def test_a_trial_run_with_a_ledger_of_its_own_uses_the_shipped_ones(desk: Desk, home: Settings, tmp_path: Path) -> None:
    save(home, guarantee(desk, home))
    with Ledger.open(tmp_path / "trial.db") as ledger, open_desk(home, waits=False, ledger=ledger) as trial:
        assert trial.deps.calibration.thresholds == desk.deps.calibration.thresholds


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"weights": "0" * 64}, "weights 00000000, not "),
        ({"scoring": "P4/union"}, "scores by P4/union, not "),
        (
            {"pack": {"id": "community", "version": "0.0.9", "digest": "9" * 64}},
            "policy community 0.0.9 (99999999), not",
        ),
    ],
)
def test_another_policy_or_model_uses_the_shipped_ones_and_says_so_once(
    desk: Desk, home: Settings, change: dict[str, object], told: str, caplog: pytest.LogCaptureFixture
) -> None:
    made = guarantee(desk, home)
    was = made.basis.model_validate(made.basis.model_dump() | change)
    save(home, made.model_copy(update={"basis": was}))
    with caplog.at_level(logging.WARNING, logger="precept"):
        for _ in range(2):
            deps = saved.in_force(home, desk.deps)
            assert (deps.calibration.thresholds, deps.frame.thresholds) == (desk.deps.calibration.thresholds, None)
    assert [told in line for line in caplog.messages] == [True]
    assert "the shipped ones are in force, without a guarantee; run precept calibrate again" in caplog.text


def test_each_policy_has_its_own_and_is_reset_by_itself(desk: Desk, home: Settings) -> None:
    made = guarantee(desk, home)
    other = made.basis.model_copy(update={"pack": made.basis.pack.model_copy(update={"id": "house"})})
    save(home, made)
    save(home, made.model_copy(update={"basis": other}))
    assert remove(home, "community") and not remove(home, "community")
    assert force(home, made.basis).saved is None
    assert force(home, other).saved is not None


def test_a_file_that_cannot_be_read_is_no_reason_to_go_on_without_it(desk: Desk, home: Settings) -> None:
    place(home).write_text('{"community": {"thresholds": 3}}')
    with pytest.raises(SettingsError, match="holds no thresholds that can be read.*delete it"), open_desk(home):
        raise AssertionError("opened")
