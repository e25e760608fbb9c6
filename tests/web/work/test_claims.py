"""A case is in one person's hands at a time, for a while, and a restart changes nothing about that."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from cases.decision import Decision
from tests.web.acting import DOUBTFUL
from web.identity import Actor
from web.office import Office
from web.problem import Problem
from web.store.database import Store
from web.work import claims, marks
from web.work.search import parse

Person = Callable[..., Actor]
Decided = Callable[..., Decision]


def test_the_second_who_claims_a_case_is_told_who_has_it_and_until_when(
    office: Office, person: Person, decided: Decided
) -> None:
    decision, ana, ben = decided(DOUBTFUL), person(), person()
    held = claims.claim(office, ana, decision.id)
    with pytest.raises(Problem) as raised:
        claims.claim(office, ben, decision.id)
    assert ana.shown in raised.value.message and held.expires[11:16] in raised.value.message
    assert (raised.value.status, raised.value.code) == (409, "claimed")


def test_a_claim_ends_by_itself_and_its_holder_prolongs_it(office: Office, person: Person, decided: Decided) -> None:
    decision, ana, ben = decided(DOUBTFUL), person(), person()
    first = claims.claim(office, ana, decision.id)
    soon = replace(office, clock=lambda: office.clock() + timedelta(minutes=10))
    longer = claims.claim(soon, ana, decision.id)
    assert longer.expires > first.expires and longer.at == first.at
    late = replace(office, clock=lambda: office.clock() + timedelta(minutes=26))
    assert claims.holder(late, decision.id) is None
    assert claims.claim(late, ben, decision.id).by == ben.id


def test_a_claim_that_is_given_back_is_free_and_nobody_gives_back_anothers(
    office: Office, person: Person, decided: Decided
) -> None:
    decision, ana, ben = decided(DOUBTFUL), person(), person()
    claims.claim(office, ana, decision.id)
    claims.release(office, ben, decision.id)
    assert claims.holder(office, decision.id) is not None
    claims.release(office, ana, decision.id)
    assert claims.holder(office, decision.id) is None


def test_a_claim_outlives_the_process_that_took_it(office: Office, person: Person, decided: Decided) -> None:
    decision, ana = decided(DOUBTFUL), person()
    claims.claim(office, ana, decision.id)
    with Store.beside(office.settings) as again:
        found = claims.holder(replace(office, store=again), decision.id)
    assert found is not None and found.by == ana.id


def test_people_who_ask_for_the_next_case_at_once_get_different_ones(
    office: Office, person: Person, decided: Decided
) -> None:
    cases = {decided(f"{DOUBTFUL} {n}").id for n in range(4)}
    surface = parse("state:waiting surface:chat")
    with ThreadPoolExecutor(4) as pool:
        got = list(
            pool.map(lambda actor: claims.next_case(office, actor, surface, sort="-at"), [person() for _ in range(4)])
        )
    assert len(set(got)) == 4 and set(got) == cases


def test_the_next_case_leaves_out_what_one_skipped_and_a_second_opinion_that_one_asked_for(
    office: Office, person: Person, decided: Decided
) -> None:
    ana, ben = person(), person()
    skipped, asked = decided(f"{DOUBTFUL} Skip me."), decided(f"{DOUBTFUL} Read me twice.")
    marks.skip(office, ana, skipped.id, "I know who wrote it")
    marks.ask_second(office, ana, asked.id, "Hard")
    query = parse(f"id:{skipped.id}"), parse(f"id:{asked.id}")
    assert [claims.next_case(office, ana, q) for q in query] == [None, None]
    assert [claims.next_case(office, ben, q) for q in query] == [skipped.id, asked.id]


def test_looking_for_the_next_case_without_taking_it_claims_nothing(
    office: Office, person: Person, decided: Decided
) -> None:
    decision = decided(f"{DOUBTFUL} Just look.")
    found = claims.next_case(office, person(), parse(f"id:{decision.id}"), take=False)
    assert found == decision.id and claims.holder(office, decision.id) is None


def test_a_claim_on_what_is_not_on_record_is_refused(office: Office, person: Person) -> None:
    with pytest.raises(Problem) as raised:
        claims.claim(office, person(), "d-none")
    assert raised.value.status == 404
