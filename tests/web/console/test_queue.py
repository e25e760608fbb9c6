"""The queue as people see it: by severity, by state, searched and ordered in the address, taken one at a time."""

import re
from collections.abc import Callable

from fastapi.testclient import TestClient

from cases.decision import Decision
from tests.web.acting import DOUBTFUL, THREAT
from web.identity import Actor
from web.office import Office
from web.store import docket, journal
from web.work import claims, marks, rulings
from web.work.rulings import Ruling

Person = Callable[..., Actor]
Decided = Callable[..., Decision]
SignedIn = Callable[..., TestClient]


def test_a_waiting_case_stands_in_the_queue_with_its_tier_in_a_word_and_its_text_covered(
    signed_in: SignedIn, decided: Decided
) -> None:
    decision = decided(DOUBTFUL)
    page = signed_in("moderator").get(f"/queue?q=id:{decision.id}")
    assert (
        page.status_code == 200
        and decision.tier in ("medium", "high")
        and decision.tier in page.text
        and decision.case_id in page.text
    )
    assert re.search(r'<section class="sheet scroll shield blur-4 grey cover-all" data-shield', page.text)
    assert 'class="harm snippet" data-harm' in page.text


def test_a_search_that_cannot_be_read_is_told_on_the_page_and_kept_in_the_box(signed_in: SignedIn) -> None:
    page = signed_in("moderator").get("/queue?q=severity:high")
    assert page.status_code == 422 and "severity:&gt;60" in page.text and 'value="severity:high"' in page.text


def test_state_search_and_order_stay_in_every_address_of_the_page(signed_in: SignedIn, decided: Decided) -> None:
    decision = decided(THREAT)
    page = signed_in("moderator").get(f"/queue?state=settled&q=id:{decision.id}&sort=rule").text
    assert f"/cases/{decision.id}?state=settled&amp;q=id%3A{decision.id}&amp;sort=rule" in page
    assert "aria-sort=ascending" in page and "sort=-rule" in page


def test_people_without_the_permission_have_no_queue(signed_in: SignedIn) -> None:
    assert signed_in("author").get("/queue").status_code == 403


def test_taking_the_next_opens_the_case_and_claims_it(signed_in: SignedIn, office: Office, decided: Decided) -> None:
    decision, client = decided(DOUBTFUL), signed_in("moderator")
    answer = client.get(f"/queue/next?q=id:{decision.id}", follow_redirects=False)
    assert answer.headers["location"].startswith(f"/cases/{decision.id}?q=id")
    found = claims.holder(office, decision.id)
    assert found is not None and found.by == client.account_id  # type: ignore[attr-defined]
    empty = signed_in("moderator").get(f"/queue/next?q=id:{decision.id}")
    assert "Nothing is left in this list" in empty.text


def test_a_page_fetched_ahead_neither_takes_the_case_nor_counts_as_read(
    signed_in: SignedIn, office: Office, decided: Decided
) -> None:
    decision, client = decided(DOUBTFUL), signed_in("moderator")
    answer = client.get(f"/queue/ahead?q=id:{decision.id}&but=d-other")
    assert answer.headers["x-case"] == decision.id and 'data-action="allow"' in answer.text
    assert claims.holder(office, decision.id) is None
    assert not journal.lines(office.store, actor=client.account_id, act="case.read")  # type: ignore[attr-defined]


def test_what_waits_for_a_second_opinion_shows_no_verdict_in_the_list(
    signed_in: SignedIn, office: Office, person: Person, decided: Decided
) -> None:
    decision = decided(THREAT)
    marks.ask_second(office, person(), decision.id, "Is it a joke?")
    page = signed_in("moderator").get(f"/queue?state=second&q=id:{decision.id}").text
    row = page[page.index("data-row") :]
    assert "blind" in row and str(decision.rule_id) not in row and decision.tier not in row


def test_a_scene_that_somebody_wants_covered_strongly_is_so_in_lists_and_on_its_page_but_never_tells_a_blind_reader(
    signed_in: SignedIn, office: Office, person: Person, decided: Decided
) -> None:
    decision, client = decided(THREAT), signed_in("moderator")
    client.post("/settings", data={"blur": 1, "cover": "none", "theme": "auto", "scene": ["HR:strong"]})
    listed, page = f"/queue?state=all&q=id:{decision.id}", f"/cases/{decision.id}"
    assert "harm snippet strong" in client.get(listed).text and "blur-6 grey cover-all" in client.get(page).text
    marks.ask_second(office, person(), decision.id, "Is it a joke?")
    assert "harm snippet strong" not in client.get(listed).text
    assert "blur-1 cover-none" in client.get(page).text


def test_bulk_shows_first_and_then_decides_each_with_its_own_edit_and_can_undo_all(
    signed_in: SignedIn, office: Office, person: Person, decided: Decided
) -> None:
    first, second, held = decided(THREAT), decided(THREAT + " Soon."), decided(THREAT + " Today.")
    claims.claim(office, person(), held.id)
    client = signed_in("moderator")
    ids = [d.id for d in (first, second, held)]
    page = client.get("/bulk", params={"ids": ids})
    assert "Nothing is done yet" in page.text and page.text.count("disabled") == 1
    assert not any(office.ledger.edits(i) for i in ids)
    versions = [f"{i}:{docket.entry(office.store, i).version}" for i in ids]  # type: ignore[union-attr]
    form = {"ids": versions, "outcome": "allow", "reason": "Lines of a play"}
    done = client.post("/bulk", data=form)
    assert done.text.count("<b>decided</b>") == 2 and "has this case" in done.text
    assert [len(office.ledger.edits(i)) for i in ids] == [1, 1, 0]
    undone = client.post("/bulk/undo", data={"ids": [first.id, second.id]})
    assert undone.text.count("<b>undone</b>") == 2
    assert [office.ledger.standing(i).outcome for i in ids] == ["act", "act", "act"]


def test_bulk_without_a_reason_or_with_an_old_version_changes_nothing(
    signed_in: SignedIn, office: Office, person: Person, decided: Decided
) -> None:
    decision, client = decided(THREAT), signed_in("moderator")
    blank = client.post("/bulk", data={"ids": [f"{decision.id}:1"], "outcome": "allow", "reason": " "})
    assert "The reason is blank" in blank.text
    rulings.settle(office, person(), decision.id, Ruling(outcome="allow", reason="A line of a play"))
    old = client.post("/bulk", data={"ids": [f"{decision.id}:1"], "outcome": "act", "reason": "x"})
    assert "changed by" in old.text and len(office.ledger.edits(decision.id)) == 1
    assert client.post("/bulk", data={"ids": [decision.id], "outcome": "act", "reason": "x"}).status_code == 422


def test_a_saved_filter_is_ones_own_or_for_all_and_the_palette_finds_it(signed_in: SignedIn) -> None:
    ana, ben = signed_in("moderator"), signed_in("moderator")
    for name, shared in (("Chats of mine", ""), ("Chats of all", "true")):
        ana.post("/settings/filters", data={"name": name, "to": "/queue?q=surface%3Achat", "shared": shared or "false"})
    assert "Chats of mine" in ana.get("/palette?q=chats").text
    theirs = ben.get("/palette?q=chats").text
    assert "Chats of all" in theirs and "Chats of mine" not in theirs
    evil = ana.post("/settings/filters", data={"name": "x", "to": "//evil.example/queue"})
    assert evil.status_code == 422


def test_saved_filters_stand_over_the_list_with_a_key_and_a_view_is_saved_once(signed_in: SignedIn) -> None:
    ana, view = signed_in("moderator"), "/queue?state=escalated"
    assert "Save this view as" not in ana.get("/queue").text
    assert "Save this view as" in ana.get(view).text
    ana.post("/settings/filters", data={"name": "0 for leads", "to": view, "shared": "false"})
    page = ana.get(view).text
    assert f'href="{view}" data-action=saved-1 aria-current=page>0 for leads' in page
    assert "Save this view as" not in page
    assert "0 for leads" not in signed_in("moderator").get("/queue").text


def test_the_palette_finds_a_case_by_the_beginning_of_its_id(signed_in: SignedIn, decided: Decided) -> None:
    decision = decided(THREAT)
    found = signed_in("moderator").get(f"/palette?q={decision.id[:9]}").text
    assert f'href="/cases/{decision.id}"' in found
    assert "/admin" not in signed_in("moderator").get("/palette?q=admin").text
