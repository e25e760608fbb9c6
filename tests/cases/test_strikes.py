from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases.strikes import NONE, Past, Scale, Step, Weight, standing, steps, strikes, weights

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
PLAIN = Scale()


def past(name: str = "1", **more: object) -> Past:
    base: dict[str, object] = {
        "decision_id": f"d-{name}", "case_id": f"c-{name}", "at": NOW - timedelta(days=1), "outcome": "act",
        "settled": True, "person": False, "tier": "medium",
    }  # fmt: skip
    return Past.model_validate(base | more)


def test_violations_add_up_by_tier_and_lead_from_step_to_step() -> None:
    tiers = ["low", "medium", "low", "high", None]
    found = [strikes([past(str(n), tier=t) for n, t in enumerate(tiers[:k])], NOW, PLAIN) for k in range(6)]
    assert [s.total for s in found] == [0, 1, 3, 4, 8, 9]
    assert [s.recommended for s in found] == [NONE, "warn", "warn", "limit", "suspend", "suspend"]
    assert [s.next_threshold for s in found] == [1, 4, 4, 8, None, None]
    assert [s.message for s in found] == [
        "No strikes in the last 90 days: nothing is recommended.",
        "1 strike in the last 90 days, from 1 case. Recommended: warn. 3 more reach limit.",
        "3 strikes in the last 90 days, from 2 cases. Recommended: warn. 1 more reaches limit.",
        "4 strikes in the last 90 days, from 3 cases. Recommended: limit. 4 more reach suspend.",
        "8 strikes in the last 90 days, from 4 cases. Recommended: suspend.",
        "9 strikes in the last 90 days, from 5 cases. Recommended: suspend.",
    ]


@pytest.mark.parametrize(
    "one",
    [
        past(outcome="allow", person=True),  # overruled, or overturned on appeal
        past(outcome="review", settled=False),
        past(outcome="review", settled=True),
        past(settled=False),  # escalated, or waiting for a second opinion
        past(at=NOW - timedelta(days=90, seconds=1)),
        past(spared=True),  # under a rule that offers support
    ],
)
def test_what_was_taken_back_waits_or_is_too_old_does_not_count(one: Past) -> None:
    assert strikes([one], NOW, PLAIN).total == 0
    assert strikes([one, past("2")], NOW, PLAIN).counted == ("d-2",)


def test_the_last_moment_of_the_window_counts() -> None:
    assert strikes([past(at=NOW - timedelta(days=90))], NOW, PLAIN).total == 2


def test_a_case_that_was_judged_often_counts_once_as_a_person_decided_it_else_as_the_newest() -> None:
    first, again = past(tier="low"), past(decision_id="d-2", at=NOW, tier="high")
    assert strikes([first, again], NOW, PLAIN).counted == ("d-2",)
    by_person = first.model_copy(update={"person": True})
    assert strikes([again, by_person], NOW, PLAIN).total == 1
    overruled = by_person.model_copy(update={"outcome": "allow"})
    assert strikes([again, overruled], NOW, PLAIN).total == 0


def test_what_is_judged_anew_and_waits_leaves_what_was_decided_before_standing() -> None:
    assert strikes([past(), past(decision_id="d-2", outcome="review", settled=False, at=NOW)], NOW, PLAIN).total == 2


def test_a_tier_without_a_weight_counts_one_and_one_of_nought_never() -> None:
    scale = Scale(weights=(Weight(tier="low", strikes=0), Weight(tier="high", strikes=3)))
    found = strikes([past("1", tier="low"), past("2", tier="severe"), past("3", tier="high")], NOW, scale)
    assert (found.total, found.counted) == (4, ("d-3", "d-2"))


moments = st.integers(0, 200).map(lambda days: NOW - timedelta(days=days))
lives = st.lists(
    st.builds(
        Past, decision_id=st.uuids().map(str), case_id=st.sampled_from("abcdef"), at=moments,
        outcome=st.sampled_from(["allow", "act", "review"]), settled=st.booleans(), person=st.booleans(),
        tier=st.sampled_from(["low", "medium", "high", "critical", None]), spared=st.booleans(),
    ),
    max_size=12,
)  # fmt: skip


@given(lives, st.randoms())
def test_the_order_in_which_decisions_come_changes_nothing(found: list[Past], chance: object) -> None:
    turned = list(found)
    chance.shuffle(turned)  # type: ignore[attr-defined]
    assert strikes(found, NOW, PLAIN) == strikes(turned, NOW, PLAIN)


@given(lives)
def test_each_case_counts_at_most_once_and_only_where_it_is_settled(found: list[Past]) -> None:
    by_id = {p.decision_id: p for p in found}
    counted = [by_id[i] for i in strikes(found, NOW, PLAIN).counted]
    assert len({p.case_id for p in counted}) == len(counted) <= len(standing(found))
    assert all(p.settled and p.outcome == "act" and not p.spared and p.at >= NOW - timedelta(days=90) for p in counted)
    assert strikes(found, NOW, PLAIN).total == sum(PLAIN.of(p.tier) for p in counted)


def test_settings_are_read_as_pairs() -> None:
    assert weights(" low = 0,high=12 ") == (Weight(tier="low", strikes=0), Weight(tier="high", strikes=12))
    assert steps("warn=2,suspend for a week=6") == (
        Step(measure="warn", strikes=2),
        Step(measure="suspend for a week", strikes=6),
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "'' is no NAME=NUMBER (1 to 10,000); write it as 'warn=1, limit=4'"),
        ("warn", "'warn' is no NAME=NUMBER"),
        ("warn=0", "'warn=0' is no NAME=NUMBER"),
        ("warn=-1", "'warn=-1' is no NAME=NUMBER"),
        ("warn=1.5", "'warn=1.5' is no NAME=NUMBER"),
        ("warn=99999", "'warn=99999' is no NAME=NUMBER"),
        ("<b>=1", "'<b>=1' is no NAME=NUMBER"),
        ("warn=1,warn=2", "'warn' is given twice; keep one of them"),
        ("warn=4,limit=4", "limit=4 does not come after warn=4; let each step need more strikes than the one before"),
        ("none=1,warn=2", "'none' is what is recommended below the first step; leave it out"),
    ],
)
def test_steps_that_cannot_be_read_are_refused_with_the_fix(text: str, told: str) -> None:
    with pytest.raises(ValueError) as raised:
        steps(text)
    assert told in str(raised.value)
