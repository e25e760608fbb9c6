"""What holds once edits are read with a decision."""

import pytest

from agents.standing import WrongRecord, standing
from tests.agents.records import case, decision, doubtful, dropped, edit, pack, supported, threat


def test_without_edits_the_record_holds_as_it_is() -> None:
    about, made = threat()
    held = standing(made, about, pack())
    assert (held.outcome, held.rule_id, held.severity, held.tier, held.action) == (
        "act", "HR2", 82, "critical", "remove and escalate",
    )  # fmt: skip
    assert (held.detected, held.automation, held.edit) == (True, "full", None)


def test_the_last_edit_holds() -> None:
    about, made = threat()
    edits = (edit(made, "allow", name="e-1"), edit(made, "act", "HR1", 30, name="e-2"))
    held = standing(made, about, pack(), edits)
    assert (held.outcome, held.rule_id, held.severity, held.action) == ("act", "HR1", 30, "limit reach")
    assert held.edit == edits[1] and held.at == edits[1].at


def test_a_person_who_allows_takes_severity_and_action_away() -> None:
    about, made = threat()
    held = standing(made, about, pack(), (edit(made, "allow"),))
    assert (held.outcome, held.rule_id, held.severity, held.tier, held.action) == ("allow", None, 0, "none", "none")


def test_a_measured_severity_stays_when_a_person_confirms_the_rule() -> None:
    about, made = doubtful()
    held = standing(made, about, pack(), (edit(made, "act", "HR2"),))
    assert (held.severity, held.tier, held.action) == (70, "high", "remove")


def test_the_severity_of_another_rule_is_not_taken_over() -> None:
    about, made = threat()
    held = standing(made, about, pack(), (edit(made, "act", "HR1"),))
    assert (held.severity, held.tier, held.action) == (None, None, None)


def test_an_earlier_edit_lends_its_severity_to_the_same_rule_only() -> None:
    about, made = threat()
    first, same, other = edit(made, "act", "HR1", 20), edit(made, "act", "HR1"), edit(made, "act", "SC3")
    assert standing(made, about, pack(), (first, same)).severity == 20
    assert standing(made, about, pack(), (first, other)).severity is None


def test_a_rule_with_an_action_of_its_own_keeps_it_under_a_person() -> None:
    about, made = supported()
    assert standing(made, about, pack(), (edit(made, "act", "SH3", 90),)).action == "offer support"
    assert standing(made, about, pack(), (edit(made, "act", "SH3"),)).action == "offer support"


def test_an_edit_back_to_review_waits() -> None:
    about, made = threat()
    held = standing(made, about, pack(), (edit(made, "review", "HR2"),))
    assert (held.outcome, held.action) == ("review", "wait for a person")


@pytest.mark.parametrize(
    ("build", "outcome", "rule", "expected"),
    [
        (threat, "act", "HR2", (True, "partial")),
        (threat, "allow", None, (True, "partial")),
        (doubtful, "act", "HR2", (True, "partial")),
        (dropped, "act", "HR1", (False, "none")),
        (dropped, "allow", None, (False, "partial")),
    ],
)
def test_automation_is_computed_from_record_and_edits(build, outcome, rule, expected) -> None:
    about, made = build()
    held = standing(made, about, pack(), (edit(made, outcome, rule, 20 if rule else None),))
    assert (held.detected, held.automation) == expected


def test_a_review_that_suspects_no_rule_has_detected_nothing() -> None:
    about = case("???")
    waiting = decision(about, "review", causes=("media_not_read",))
    assert not standing(waiting, about, pack()).detected


def test_a_review_only_of_what_could_not_be_read_suspects_no_rule() -> None:
    about, made = doubtful()
    unread = made.model_copy(update={"causes": ("media_not_read", "too_long")})
    held = standing(unread, about, pack())
    assert (held.rule_id, held.detected) == (None, False)
    both = made.model_copy(update={"causes": ("media_not_read", "ambiguous")})
    assert standing(both, about, pack()).rule_id == "HR2"


def test_a_decision_made_by_hand_is_not_automated() -> None:
    about = case()
    made = decision(about, "act", rule_id="HR2", severity=80, stage="person", automation="none")
    assert (standing(made, about, pack()).detected, standing(made, about, pack()).automation) == (False, "none")


def test_another_case_is_refused_with_both_digests() -> None:
    _, made = threat()
    other = case("something else")
    with pytest.raises(
        WrongRecord, match=f"'d-first' is about the case .*{made.case_digest}.*'case-a'.*{other.digest}"
    ):
        standing(made, other, pack())


def test_another_pack_is_refused() -> None:
    about, made = threat()
    newer = pack().model_copy(update={"version": "9.9.9", "title": "New"})
    with pytest.raises(WrongRecord, match=r"made under community 1\.0\.0 .* got community 9\.9\.9"):
        standing(made, about, type(newer).model_validate(newer.model_dump()))


def test_an_edit_of_another_decision_is_refused() -> None:
    about, made = threat()
    stray = edit(made, "allow").model_copy(update={"decision_id": "d-other"})
    with pytest.raises(WrongRecord, match="'e-first' belongs to decision 'd-other', not to 'd-first'"):
        standing(made, about, pack(), (stray,))
