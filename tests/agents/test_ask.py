"""Backends of one role are tried in order: what one cannot answer soundly the next may, while the allowance lasts."""

import pytest

from agents.ask import in_order
from cases.exchange import Allowance, Failure, Misbound, Unanswered, Usage

ALLOWED = Allowance(seconds=30, tokens=100)
COST = Usage(calls=2, seconds=1.0, prompt_tokens=10)


class Asked:
    """Answers for named backends as told, and notes what each was allowed."""

    def __init__(self, **answers: str | Exception) -> None:
        self.answers, self.allowed = answers, dict[str, Allowance]()

    def __call__(self, backend: str, allowance: Allowance) -> tuple[str, Usage]:
        self.allowed[backend] = allowance
        found = self.answers[backend]
        if isinstance(found, Exception):
            raise found
        return found, COST


def failed(failure: Failure, told: str, seconds: float = 1.0) -> Unanswered:
    return Unanswered(failure, told, COST.model_copy(update={"seconds": seconds}))


@pytest.mark.parametrize("failure", ["backend_unavailable", "out_of_time", "malformed_answer", "out_of_budget"])
def test_what_one_cannot_answer_the_next_does_and_both_count(failure: Failure) -> None:
    answer, who, usage = in_order("ab", ALLOWED, Asked(a=failed(failure, "a failed"), b="said"))
    assert (answer, who, usage.calls, usage.seconds) == ("said", "b", 4, 2.0)


def test_the_first_that_answers_is_the_only_one_asked_and_leaves_time_for_the_next() -> None:
    asked = Asked(a="said", b="never")
    assert in_order("ab", ALLOWED, asked)[:2] == ("said", "a")
    assert asked.allowed == {"a": Allowance(seconds=18, tokens=100)}


def test_the_last_may_use_all_that_is_left() -> None:
    asked = Asked(a=failed("out_of_time", "late", 18), b="said")
    in_order("ab", ALLOWED, asked)
    assert asked.allowed["b"] == Allowance(seconds=12, tokens=90)


def test_when_all_fail_the_last_failure_counts_and_all_are_told() -> None:
    asked = Asked(a=failed("out_of_time", "a failed"), b=failed("malformed_answer", "b failed"))
    with pytest.raises(Unanswered, match="^a failed; then b failed$") as raised:
        in_order("ab", ALLOWED, asked)
    assert (raised.value.failure, raised.value.usage.calls) == ("malformed_answer", 4)


def test_with_no_time_left_nobody_more_is_asked() -> None:
    asked = Asked(a=failed("backend_unavailable", "a failed", 30), b="never")
    with pytest.raises(Unanswered, match="no time was left for another backend") as raised:
        in_order("ab", ALLOWED, asked)
    assert raised.value.failure == "backend_unavailable" and "b" not in asked.allowed
    with pytest.raises(Unanswered) as late:
        in_order("a", Allowance(seconds=0, tokens=100), asked)
    assert late.value.failure == "out_of_time"


def test_a_wrong_set_up_is_not_papered_over() -> None:
    asked = Asked(a=Misbound("mend the key"), b="never")
    with pytest.raises(Misbound, match="mend the key"):
        in_order("ab", ALLOWED, asked)
    assert "b" not in asked.allowed
