from collections.abc import Callable

import pytest

from cases.case import Case
from cases.decision import Decision
from evals.impact import in_memory
from evals.nearest import Nearest
from graphs.desk import Desk
from graphs.replay import Replayed, replay
from policy_store.pack import Pack
from tests.evals.changes import (
    CHANGES,
    cases,
    edited,
    policy,
    reworded,
    text_case,
    with_a_twin,
    with_another_band,
    with_the_twin_graded_higher,
    with_the_twin_settled,
)
from tests.evals.conftest import Opened, Remembering

INSULTS = (
    "You worthless clown.",
    "What a clown you are, honestly.",
    "My boss is a bit of a clown.",
    "You are stupid and ugly and everybody knows it.",
    "That was a stupid thing to say.",
    "Fat, lazy and useless, that is what you are.",
    "He sang like a goat last night.",
    "Nobody likes you, go away.",
    "You call that a haircut?",
    "Brain the size of a pea, this one.",
)


@pytest.fixture(scope="module")
def known() -> list[Case]:
    return cases()


def verdict(decision: Decision) -> dict[str, object]:
    """What two decisions on a case must share; ids, times and the wording of the chain are left out."""
    return {
        "case": (decision.case_id, decision.case_digest),
        "outcome": (decision.outcome, decision.rule_id, decision.severity, decision.tier, decision.action),
        "why": (decision.causes, decision.stage, decision.depth, decision.audit, decision.rationale),
        "findings": [(f.rule_id, f.verdict, f.citations, f.evidence) for f in decision.findings],
        "grades": [(g.dimension, g.level) for g in decision.grades],
        "pack": decision.pack,
    }


def short(decision: Decision) -> tuple[object, ...]:
    return decision.outcome, decision.rule_id, decision.severity, decision.tier, decision.score, decision.rationale


def assert_same(one: Decision, other: Decision) -> None:
    assert verdict(one) == verdict(other), one.case_id
    numbers = [[d.score, *(f.probability for f in d.findings)] for d in (one, other)]
    assert numbers[0] == pytest.approx(numbers[1], abs=2e-4), one.case_id


def replayed(opened: Opened, model: Remembering, old: Pack, new: Pack, known: list[Case]) -> list[Replayed]:
    with opened(old) as before, opened(new) as after:
        return list(replay(in_memory(before), in_memory(after), known, model.store))


def decided(opened: Opened, pack: Pack, known: list[Case]) -> list[Decision]:
    with opened(pack) as deps:
        return list(Desk(deps).decide_many(known))


@pytest.mark.parametrize("change", CHANGES, ids=lambda c: c.__name__)
def test_a_replay_equals_deciding_every_case_again(
    change: Callable[[Pack], Pack], opened: Opened, model: Remembering, known: list[Case]
) -> None:
    new = change(policy())
    seen = replayed(opened, model, policy(), new, known)
    for one, again in zip(seen, decided(opened, new, known), strict=True):
        assert_same(one.new, again)
        assert tuple(one.now.model_dump().values()) == short(one.new), one.case.id
        assert tuple(one.was.model_dump().values()) == short(one.old), one.case.id


@pytest.mark.parametrize("change", [with_the_twin_settled, with_the_twin_graded_higher], ids=lambda c: c.__name__)
def test_a_replay_follows_which_of_two_competing_rules_leads(
    change: Callable[[Pack], Pack], opened: Opened, model: Remembering
) -> None:
    old = with_a_twin(policy())
    insults = [text_case(f"insult-{i}", text) for i, text in enumerate(INSULTS)]
    seen = replayed(opened, model, old, change(old), insults)
    for one, again in zip(seen, decided(opened, change(old), insults), strict=True):
        assert_same(one.new, again)
    assert any({"HR1", "HR8"} <= {f.rule_id for f in one.old.findings} for one in seen)


def test_the_old_side_of_a_replay_is_what_the_desk_decides(
    opened: Opened, model: Remembering, known: list[Case]
) -> None:
    seen = replayed(opened, model, policy(), with_another_band(policy()), known)
    for one, decision in zip(seen, decided(opened, policy(), known), strict=True):
        assert_same(one.old, decision)


def test_a_change_of_severity_alone_needs_no_reasoner(opened: Opened, model: Remembering, known: list[Case]) -> None:
    seen = replayed(opened, model, policy(), with_another_band(policy()), known)
    two_hits = [one for one in seen if sum(f.verdict == "hit" for f in one.old.findings) > 1]
    assert any(one.new.stage == "reasoner" for one in seen)
    assert {one.case.id for one in seen if one.again} <= {one.case.id for one in two_hits}
    assert {one.new.severity for one in seen} != {one.old.severity for one in seen}


def test_a_change_of_one_rule_spares_most_of_what_was_reasoned_about(
    opened: Opened, model: Remembering, known: list[Case]
) -> None:
    new = edited(policy(), "SC1", statement="Tries to get passwords or card numbers out of people by a trick.")
    seen = replayed(opened, model, policy(), new, known)
    reasoned = sum(one.new.stage == "reasoner" for one in seen)
    assert 0 < sum(one.again for one in seen) < reasoned / 2


def test_a_second_replay_encodes_nothing(opened: Opened, model: Remembering, known: list[Case]) -> None:
    first = replayed(opened, model, policy(), reworded(policy()), known)
    before = model.encoder.encoded
    second = replayed(opened, model, policy(), reworded(policy()), known)
    assert model.encoder.encoded == before
    assert not any(one.fresh or one.again for one in second)
    for one, other in zip(first, second, strict=True):
        assert_same(one.new, other.new)


def test_a_policy_that_says_the_same_flips_nothing(opened: Opened, model: Remembering, known: list[Case]) -> None:
    seen = replayed(opened, model, policy(), policy(), known)
    for one in seen:
        assert_same(one.old, one.new)


def test_one_content_under_two_ids_keeps_both_ids(opened: Opened, model: Remembering) -> None:
    twins = [text_case("first", "You are a worthless clown."), text_case("second", "You are a worthless clown.")]
    seen = replayed(opened, model, policy(), reworded(policy()), twins)
    assert [(one.old.case_id, one.new.case_id) for one in seen] == [("first", "first"), ("second", "second")]


def test_a_replay_gives_out_a_chunk_before_it_reads_the_next(opened: Opened, model: Remembering) -> None:
    taken: list[str] = []

    def lines():  # type: ignore[no-untyped-def]
        for name in "abcdef":
            taken.append(name)
            yield text_case(name, f"Plum cake number {name}, with sugar.")

    with opened(policy()) as before, opened(reworded(policy())) as after:
        seen = replay(in_memory(before), in_memory(after), lines(), model.store, chunk=2)
        assert next(seen).case.id == "a"
        assert taken == ["a", "b"]
        assert [one.case.id for one in seen] == list("bcdef")


def test_search_in_memory_finds_what_the_index_finds(opened: Opened, model: Remembering, known: list[Case]) -> None:
    with opened(policy()) as deps:
        vectors = model.encode([case.text for case in known])
        allowed = frozenset(r.id for r in deps.book.rules if not r.surfaces)
        for limit in (None, allowed):
            exact = Nearest(deps.book).search(vectors, 5, limit)
            for mine, theirs in zip(
                exact, deps.rules().search(vectors, 5, limit or frozenset(deps.book.index)), strict=True
            ):
                assert [h.rule_id for h in mine] == [h.rule_id for h in theirs]
                assert [h.entry_id for h in mine] == [h.entry_id for h in theirs]
                assert [h.similarity for h in mine] == pytest.approx([h.similarity for h in theirs], abs=1e-5)
