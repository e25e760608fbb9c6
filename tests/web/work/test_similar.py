"""Cases like a case are found by meaning, with what was decided about them."""

from collections.abc import Callable

from cases.decision import Decision
from tests.web.acting import KIND, THREAT
from web.identity import Actor
from web.office import Office
from web.store.docket import DOCKET
from web.work import rulings, similar
from web.work.rulings import Ruling

Person = Callable[..., Actor]
Decided = Callable[..., Decision]
NEAR = (
    "Dana, keep on talking. I know the bus you take home, and I will wait at the stop one evening to break your legs."
)


def test_a_case_that_says_the_same_is_nearest_and_says_who_decided_it(
    office: Office, person: Person, decided: Decided
) -> None:
    other, cake, ana = decided(NEAR), decided(KIND), person()
    rulings.settle(office, ana, other.id, Ruling(outcome="allow", reason="A line of a play"))
    own = decided(THREAT + " Really.")
    near = similar.similar(office, own.id, limit=50)
    found = {n.entry.decision_id: n for n in near}
    assert found[other.id].person and found[other.id].entry.held == "allow"
    assert found[other.id].precedent == "proposed" and found[other.id].similarity > 0.6
    assert own.id not in found
    assert cake.id not in found or found[cake.id].similarity < found[other.id].similarity - 0.2
    told = [round(n.similarity, 3) for n in near]  # as it is shown; of equals the newest comes first
    assert told == sorted(told, reverse=True)


def test_the_same_content_decided_again_counts_once(office: Office, decided: Decided) -> None:
    from cases.case import Case, Part

    text = "A text about herring that was decided more than once, word for word."
    for name in ("herring-1", "herring-2"):
        office.desks.live.decide(Case(id=name, parts=(Part(id="text", kind="text", text=text),)))
    own = decided("Another text about herring, that was decided once, not word for word.")
    ids = [n.entry.case_id for n in similar.similar(office, own.id)]
    assert "herring-2" in ids and "herring-1" not in ids


def test_vectors_of_another_model_are_made_anew_and_never_compared(office: Office, decided: Decided) -> None:
    own, other = decided(THREAT + " Now."), decided(NEAR + " Now.")
    similar.similar(office, own.id)
    with office.store.writing() as connection:
        strange = DOCKET.update().where(DOCKET.c.decision_id == other.id)
        connection.execute(strange.values(vector=b"\0" * (8 + 2 * 384)))
    assert other.id in {n.entry.decision_id for n in similar.similar(office, own.id, limit=100)}


def test_filling_stops_where_its_time_is_over_and_goes_on_the_next_time(office: Office, decided: Decided) -> None:
    decided("One more text, so that something is missing.")
    assert similar.fill(office, seconds=0) >= 1
    while similar.fill(office):
        pass
    assert similar.fill(office) == 0
