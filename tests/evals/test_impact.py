from collections.abc import Iterator

import pytest

from cases.case import Case
from cases.decision import Decision, Outcome
from evals.impact import Gold, bucket, compared, impact, in_memory
from evals.nearest import Nearest
from graphs.kept import Gist
from graphs.replay import Replayed
from graphs.settings import Settings
from policy_store.diff import diff_packs
from policy_store.pack import Pack
from tests.evals.changes import policy, reworded, text_case, with_another_band
from tests.evals.conftest import Opened


def gist(outcome: Outcome, rule: str | None = None, tier: str = "none") -> Gist:
    return Gist(outcome=outcome, rule=rule, severity=0, tier=tier, score=0.5, rationale=f"{outcome} {rule}")


def one(case_id: str, old: tuple[Outcome, str | None], new: tuple[Outcome, str | None], tier: str = "none") -> Replayed:
    return Replayed(
        case=text_case(case_id, f"Words of {case_id}. " * 20), was=gist(*old), now=gist(*new, tier),
        again=case_id == "a", fresh=False, read_old=untouched, read_new=untouched,
    )  # fmt: skip


def untouched() -> Decision:
    raise AssertionError("a comparison reads no whole decision")


SEEN = [
    one("a", ("allow", None), ("act", "HR2")),
    one("b", ("allow", None), ("act", "HR2")),
    one("c", ("act", "HR1"), ("review", "HR1")),
    one("d", ("act", "HR1"), ("act", "HR2")),
    one("e", ("act", "HR1"), ("act", "HR1"), tier="high"),
    one("f", ("allow", None), ("allow", None)),
    one("g", ("act", "HR1"), ("allow", None)),
]
DIFF = diff_packs(policy(), reworded(policy()))


def test_a_flip_is_a_change_of_outcome_leading_rule_or_tier() -> None:
    found = compared(DIFF, SEEN, {})
    assert {f.case_id: f.changed for f in found.flips} == {
        "a": ("outcome", "rule"), "b": ("outcome", "rule"), "c": ("outcome",), "d": ("rule",), "e": ("tier",),
        "g": ("outcome", "rule"),
    }  # fmt: skip
    flip = found.flips[0]
    assert (flip.old.rationale, flip.new.rationale) == ("allow None", "act HR2")
    assert len(flip.text) <= 160 and flip.text.endswith("…")


def test_flips_are_counted_by_rule_and_direction_the_most_frequent_first() -> None:
    ways = [(d.rule, d.old, d.new, d.count) for d in compared(DIFF, SEEN, {}).directions]
    assert ways[0] == ("HR2", "allow", "act", 2)
    assert ("HR1", "act", "allow", 1) in ways and ("HR1", "act", "review", 1) in ways
    assert sum(count for *_, count in ways) == 6


def test_without_labels_nothing_is_called_right_or_wrong() -> None:
    found = compared(DIFF, SEEN, {})
    assert found.judged is None
    assert found.says == (
        "The new policy would act on 2 more and 2 fewer of 7 cases.",
        "The new policy would ask a person about 1 more and 0 fewer of 7 cases.",
        "The new policy would allow 1 more and 2 fewer of 7 cases.",
        "The cases carry no gold labels: this says what would change, not which verdicts are right.",
    )


def test_gold_labels_tell_what_regressed_and_what_was_fixed() -> None:
    gold = {
        "a": Gold(outcome="act", rule="HR2"),
        "b": Gold(outcome="act", rule="HR9"),
        "d": Gold(outcome="act", rule="HR1"),
        "e": Gold(outcome="act"),
        "f": Gold(outcome="allow"),
        "g": Gold(outcome="act"),
    }
    found = compared(DIFF, SEEN, gold)
    assert {f.case_id: f.bucket for f in found.flips} == {
        "a": "fixed", "b": "still failing", "c": None, "d": "regressed", "e": "still right", "g": "regressed"
    }  # fmt: skip
    assert found.judged is not None
    counts = found.judged.model_dump()
    assert counts == {
        "labelled": 6, "regressed": 2, "fixed": 1, "still_failing": 1, "still_right": 2, "p": pytest.approx(1.0)
    }  # fmt: skip
    assert found.says[-1] == "Of 6 labelled cases 1 become right and 2 become wrong (exact McNemar p = 1)."


def test_a_case_in_review_is_right_only_where_review_is_wanted() -> None:
    waits, acted = gist("review", "HR1"), gist("act", "HR1")
    assert bucket(acted, waits, Gold(outcome="act")) == "regressed"
    assert bucket(acted, waits, Gold(outcome="review")) == "fixed"


def test_the_share_of_flips_comes_with_its_interval_and_the_costs_add_up() -> None:
    found = compared(DIFF, SEEN, {})
    assert found.share == pytest.approx(6 / 7)
    assert found.interval[0] < 6 / 7 < found.interval[1]
    assert (found.spared.cases, found.spared.replayed, found.spared.again) == (7, 6, 1)


def test_no_cases_are_no_flips() -> None:
    found = compared(DIFF, [], {})
    assert (found.share, found.interval, found.says) == (0.0, (0.0, 1.0), ("There are no cases to compare.",))


def test_the_impact_of_a_change_is_found_with_labels_that_come_in_with_the_cases(settings: Settings) -> None:
    gold: dict[str, Gold] = {}

    def lines() -> Iterator[Case]:
        for name, text in (("threat", "I will kill you tonight, Marcus."), ("insult", "You worthless, ugly clown.")):
            gold[name] = Gold(outcome="act")
            yield text_case(name, text)

    found = impact(policy(), with_another_band(policy()), lines(), settings, gold)
    assert found.judged is not None and found.judged.labelled == 2
    assert (found.regraded, found.touched) == (("HR1",), ())
    assert {f.case_id for f in found.flips} == {"insult"}, "its band rose from 5-55 to 60-99"
    assert found.spared.seconds > 0
    assert not (settings.home / "ledger.db").exists(), "an impact is no decision"


def test_only_a_small_policy_is_searched_in_memory(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    pack: Pack = policy()
    with opened(pack) as deps:
        assert isinstance(in_memory(deps).rules(), Nearest)
        monkeypatch.setattr("evals.impact.EXACT", 10)
        assert in_memory(deps) is deps
