"""A case that somebody watches tells each step as it finishes, and is on record in the end."""

from collections.abc import Callable

import pytest

from tests.web.acting import DOUBTFUL, KIND
from web.identity import Actor
from web.office import Office
from web.problem import Problem
from web.work.live import judge, typed

Person = Callable[..., Actor]


def test_steps_come_in_the_order_of_the_graph_and_the_last_has_the_decision(office: Office, person: Person) -> None:
    steps = list(judge(office, person(), typed(DOUBTFUL, "chat", "en", None, "How are you?\n")))
    names = [s.name for s in steps]
    assert names[:4] == ["perceive", "route", "retrieve", "rank"] and "record" in names
    (decision,) = [s.decision for s in steps if s.decision]
    assert office.ledger.decision(decision.id) == decision and decision.outcome == "review"
    assert office.desks.live.waiting(decision.id)
    assert all(s.told.endswith((".", "…")) for s in steps)


def test_a_clear_text_ends_at_the_router_and_says_so(office: Office, person: Person) -> None:
    told = [s.told for s in judge(office, person(), typed(KIND, "post", "en", None, ""))]
    assert any("nothing near it breaks a rule" in line for line in told)


@pytest.mark.parametrize(("text", "profile"), [("  \n", None), ("x" * 20_001, None), ("hello", "R9")])
def test_what_cannot_be_judged_is_refused_before_anything_runs(
    office: Office, person: Person, text: str, profile: str | None
) -> None:
    with pytest.raises(Problem) as raised:
        judge(office, person(), typed(text, "post", "en", profile, ""))
    assert raised.value.status == 422
