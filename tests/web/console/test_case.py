"""The page of a case, and every act on it through the door that people use."""

import re
from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

from cases.decision import Decision
from tests.web.acting import DOUBTFUL, THREAT
from web.identity import Actor
from web.office import Office
from web.store import accounts, authors, docket
from web.work import claims, marks, notes

Person = Callable[..., Actor]
Decided = Callable[..., Decision]
SignedIn = Callable[..., TestClient]
JSON = {"Accept": "application/json"}


def version(office: Office, decision: Decision) -> int:
    found = docket.entry(office.store, decision.id)
    assert found is not None
    return found.version


def test_content_is_covered_at_first_and_hostile_markup_stays_inert_text(signed_in: SignedIn, decided: Decided) -> None:
    decision = decided("I will break your legs <script>alert(1)</script><img src=x onerror=alert(2)> \u202ereversed")
    page = signed_in("moderator").get(f"/cases/{decision.id}")
    assert page.status_code == 200
    assert '<div id="case" class="shield blur-4 grey cover-all"' in page.text
    assert "<script>alert" not in page.text and "<img src=x" not in page.text and "&lt;script&gt;" in page.text
    assert not re.search(r'\son\w+="', page.text) and not re.search(r'\sstyle="', page.text)


def test_opening_a_waiting_case_takes_it_and_the_second_reader_is_told_who_has_it(
    signed_in: SignedIn, office: Office, decided: Decided
) -> None:
    decision, ana, ben = decided(DOUBTFUL), signed_in("moderator"), signed_in("moderator")
    assert "In your hands" in ana.get(f"/cases/{decision.id}").text
    who = accounts.account(office.store, ana.account_id)  # type: ignore[attr-defined]
    page = ben.get(f"/cases/{decision.id}").text
    assert who is not None and f"{who.shown} has this case until" in page and 'id="decide"' not in page
    refused = ben.post(f"/cases/{decision.id}/settle", data={"outcome": "allow", "reason": "x"}, headers=JSON)
    assert refused.status_code == 409 and who.shown in refused.text


def test_accepting_is_one_press_with_the_reason_filled_in(
    signed_in: SignedIn, office: Office, decided: Decided
) -> None:
    decision, client = decided(THREAT), signed_in("moderator")
    page = client.get(f"/cases/{decision.id}?state=settled").text
    form = page[page.index('data-action="accept"') - 1200 : page.index('data-action="accept"')]
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form))
    assert fields["rule_id"] == decision.rule_id and fields["severity"] == str(decision.severity)
    done = client.post(f"/cases/{decision.id}/settle?state=second&q=id:none", data=fields, headers=JSON).json()
    assert done["told"].startswith("Act under") and done["undo"].startswith(f"/cases/{decision.id}/undo")
    (edit,) = office.ledger.edits(decision.id)
    assert (edit.outcome, edit.rule_id, edit.severity) == ("act", decision.rule_id, decision.severity)
    assert "Agrees with the system" in edit.reason


def test_after_an_act_the_next_case_of_the_same_list_is_given_and_claimed(
    signed_in: SignedIn, office: Office, decided: Decided
) -> None:
    first, then, client = decided(DOUBTFUL + " One."), decided(DOUBTFUL + " Two."), signed_in("moderator")
    where = f"?q=id:{first.id}+id:{then.id}"
    form = {"outcome": "allow", "reason": "It asks for help.", "version": version(office, first), "rule_id": "SH3"}
    done = client.post(f"/cases/{first.id}/settle{where}", data=form, headers=JSON).json()
    assert done["case"] == then.id and done["next"].startswith(f"/cases/{then.id}?q=id")
    found = claims.holder(office, then.id)
    assert found is not None and found.by == client.account_id  # type: ignore[attr-defined]
    plain = client.post(
        f"/cases/{then.id}/settle{where}", data=form | {"version": version(office, then)}, follow_redirects=False
    )
    assert (plain.status_code, "told=empty" in plain.headers["location"]) == (303, True)


def test_who_does_not_want_to_go_on_stays_with_the_case(signed_in: SignedIn, decided: Decided) -> None:
    decision, client = decided(DOUBTFUL), signed_in("moderator")
    client.post("/settings", data={"blur": 2, "cover": "marked", "theme": "dark"})
    done = client.post(f"/cases/{decision.id}/escalate", data={"reason": "Hard"}, headers=JSON).json()
    assert done["next"] == f"/cases/{decision.id}" and done["case"] is None
    page = client.get(f"/cases/{decision.id}").text
    assert 'data-theme="dark"' in page and 'class="shield blur-2 cover-marked"' in page


def test_undo_takes_back_the_last_act_whatever_it_was(signed_in: SignedIn, office: Office, decided: Decided) -> None:
    decision, client = decided(DOUBTFUL), signed_in("moderator")
    for act, form in (("escalate", {"reason": "Hard"}), ("second", {"reason": "Hard"}),
                      ("settle", {"outcome": "allow", "reason": "It asks for help."})):  # fmt: skip
        assert client.post(f"/cases/{decision.id}/{act}", data=form, headers=JSON).status_code == 200
        assert docket.entry(office.store, decision.id).state != "waiting"  # type: ignore[union-attr]
        assert client.post(f"/cases/{decision.id}/undo", headers=JSON).status_code == 200
        assert docket.entry(office.store, decision.id).state == "waiting"  # type: ignore[union-attr]
    assert client.post(f"/cases/{decision.id}/undo", headers=JSON).status_code == 409


def test_a_second_opinion_is_given_blind_and_only_then_the_first_is_told(
    signed_in: SignedIn, office: Office, decided: Decided
) -> None:
    decision, ana, ben = decided(THREAT), signed_in("moderator"), signed_in("moderator")
    asked = {"reason": "May be a play", "outcome": "allow", "why": "Reads like a script"}
    assert ana.post(f"/cases/{decision.id}/second", data=asked, headers=JSON).status_code == 200
    own = ana.get(f"/cases/{decision.id}").text
    assert "You asked for a second opinion" in own and "Take it back" in own
    page = ben.get(f"/cases/{decision.id}?state=second").text
    body = page[page.index("<main") :]
    assert "Blind second opinion" in body and "May be a play" not in body and "findings-title" not in body
    assert decision.rationale not in body and "<mark>" not in body
    assert "Hidden until" in ben.get(f"/cases/{decision.id}/similar").text
    assert ben.post(f"/cases/{decision.id}/ask", data={"question": "why?"}).status_code == 403
    done = ben.post(f"/cases/{decision.id}/opine", data={"outcome": "allow", "reason": "A play"}, headers=JSON).json()
    assert done["told"].startswith("You agree: ") and "said allow" in done["told"]
    assert office.ledger.standing(decision.id).outcome == "allow"


@pytest.mark.parametrize(
    ("act", "form", "told"),
    [
        ("settle", {"outcome": "act", "rule_id": "HR2", "reason": ""}, "reason is blank"),
        ("settle", {"outcome": "act", "rule_id": "HR2", "severity": "very", "reason": "x"}, "no whole number"),
        ("settle", {"outcome": "maybe", "reason": "x"}, "neither allow nor act"),
        ("settle", {"outcome": "act", "rule_id": "HR222", "reason": "x"}, "is no rule of community"),
        ("settle", {"outcome": "allow", "reason": "x", "version": "0"}, "load it again"),
        ("escalate", {"reason": " "}, "reason is blank"),
        ("skip", {}, "reason is blank"),
        ("opine", {"outcome": "allow", "reason": "x"}, "No second opinion is asked for"),
        ("notes", {"text": ""}, "note is blank"),
        ("pin", {"note_id": "n-none"}, "has no note"),
    ],
)
def test_what_is_wrong_with_an_act_is_said_and_nothing_is_recorded(
    signed_in: SignedIn, office: Office, decided: Decided, act: str, form: dict[str, str], told: str
) -> None:
    decision = decided(THREAT)
    answer = signed_in("moderator").post(f"/cases/{decision.id}/{act}", data=form, headers={"HX-Request": "true"})
    assert answer.status_code in (404, 409, 422) and told in answer.text
    assert office.ledger.edits(decision.id) == () and version(office, decision) == 1


def test_unknown_cases_are_not_found_by_any_act(signed_in: SignedIn) -> None:
    client = signed_in("moderator")
    assert client.get("/cases/d-0000000000000000").status_code == 404
    form = {"outcome": "allow", "reason": "x", "text": "x", "question": "x"}
    for act in ("settle", "opine", "second", "escalate", "skip", "undo", "present", "notes", "ask", "judge"):
        assert client.post(f"/cases/d-0000000000000000/{act}", data=form).status_code == 404, act


def test_whoever_may_only_read_sees_the_case_and_no_acts(signed_in: SignedIn, office: Office, decided: Decided) -> None:
    decision, author = decided(DOUBTFUL), signed_in("author")
    page = author.get(f"/cases/{decision.id}").text
    assert decision.case_id in page and 'data-action="allow"' not in page and claims.holder(office, decision.id) is None
    for act in ("settle", "escalate", "skip", "notes"):
        assert author.post(f"/cases/{decision.id}/{act}", data={"outcome": "allow", "reason": "x"}).status_code == 403


def test_presence_tells_who_else_looks_but_not_to_who_wants_quiet(signed_in: SignedIn, decided: Decided) -> None:
    decision, ana, ben = decided(THREAT), signed_in("moderator"), signed_in("moderator")
    ana.post(f"/cases/{decision.id}/present")
    assert "is looking too" in ben.post(f"/cases/{decision.id}/present").text
    ben.post("/settings", data={"blur": 4, "cover": "all", "theme": "auto", "quiet": "true"})
    assert "is looking too" not in ben.post(f"/cases/{decision.id}/present").text


def test_notes_are_added_and_pinned_in_place(signed_in: SignedIn, office: Office, decided: Decided) -> None:
    decision, client = decided(DOUBTFUL), signed_in("moderator")
    part = client.post(
        f"/cases/{decision.id}/notes", data={"text": "<b>Call</b> the hotline"}, headers={"HX-Request": "true"}
    )
    assert "&lt;b&gt;Call" in part.text and "<html" not in part.text
    note_id = re.search(r'value="(n-\w+)"', part.text)
    assert note_id is not None
    client.post(f"/cases/{decision.id}/pin", data={"note_id": note_id[1]})
    assert 'class="notice pinned"' in client.get(f"/cases/{decision.id}").text


def test_a_question_is_answered_from_the_record(signed_in: SignedIn, decided: Decided) -> None:
    decision = decided(THREAT)
    answer = signed_in("moderator").post(f"/cases/{decision.id}/ask", data={"question": "Why?"})
    assert answer.status_code == 200 and str(decision.rule_id) in answer.text and "from the record" in answer.text


def test_similar_cases_show_what_was_decided_and_leave_out_what_must_stay_blind(
    signed_in: SignedIn, office: Office, person: Person, decided: Decided
) -> None:
    tractor = "I will run your tractor into the pond and you with it, farmer"
    own, near, hidden = decided(f"{tractor}."), decided(f"{tractor}, soon."), decided(f"{tractor}, today.")
    marks.ask_second(office, person(), hidden.id, "Hard")
    page = signed_in("moderator").get(f"/cases/{own.id}/similar").text
    assert near.case_id in page and hidden.case_id not in page and "% alike" in page


def test_judging_anew_streams_the_steps_and_gives_another_decision(
    signed_in: SignedIn, office: Office, decided: Decided
) -> None:
    decision, client = decided(DOUBTFUL), signed_in("moderator")
    answer = client.post(f"/cases/{decision.id}/judge")
    assert answer.headers["content-type"].startswith("text/event-stream")
    steps = re.findall(r'^data: .*"name": "(\w+)"', answer.text, re.M)
    assert steps[0] == "perceive" and steps[-1] == "end" and "record" in steps
    assert len(docket.of_case(office.store, decision.case_digest)) >= 2
    assert "decided" in client.get(f"/cases/{decision.id}").text


def test_a_text_that_was_typed_in_is_judged_and_goes_on_record(signed_in: SignedIn, office: Office) -> None:
    client = signed_in("moderator")
    assert "Judge it" in client.get("/cases/new").text
    answer = client.post("/cases/new", data={"text": THREAT + " Tried.", "surface": "chat", "profile": "adult"})
    (found,) = re.findall(r'"case": "/cases/(d-\w+)"', answer.text)
    assert office.ledger.decision(found).outcome == "act"
    assert client.post("/cases/new", data={"text": " "}).status_code == 422


def test_notes_of_the_first_reader_are_hidden_from_the_second(
    signed_in: SignedIn, office: Office, person: Person, decided: Decided
) -> None:
    decision, ana = decided(THREAT), person()
    notes.add(office, ana, decision.id, "I would let it go")
    marks.ask_second(office, ana, decision.id, "Hard")
    assert "I would let it go" not in signed_in("moderator").get(f"/cases/{decision.id}").text


def test_the_account_stands_beside_the_case_and_is_hidden_from_who_judges_blind(
    signed_in: SignedIn, office: Office, person: Person, decided: Decided
) -> None:
    hostile = "u-<b>81</b>&amp;"
    first, second = decided(THREAT), decided(DOUBTFUL)
    authors.credit_all(office.store, {first.id: hostile, second.id: hostile})
    page = signed_in("appeals").get(f"/cases/{second.id}").text
    panel = page[page.index('data-testid="account"') : page.index('id="notes-title"')]
    assert "u-&lt;b&gt;81&lt;/b&gt;&amp;amp;" in panel and "<b>81" not in page
    assert f'href="/cases/{first.id}"' in panel and "recommended:" in panel and "Act</b> HR2" in panel
    listed = re.findall(r'href="(/search\?q=[^"]+)"', panel)
    assert len(listed) == 1
    found = signed_in("moderator").get(listed[0].replace("&amp;", "&")).text
    assert found.count("data-row data-id") == 2
    asks = person()
    marks.ask_second(office, asks, second.id, "Unsure")
    blind = signed_in("moderator").get(f"/cases/{second.id}").text
    assert 'data-testid="account"' not in blind
    assert "Hidden until you have decided." in blind and hostile.split("<")[0] + "&lt;" not in blind


def test_a_text_that_is_tried_may_have_an_author(signed_in: SignedIn, office: Office) -> None:
    client = signed_in("moderator")
    assert 'name="author"' in client.get("/cases/new").text
    told = client.post("/cases/new", data={"text": THREAT, "author": " u-tried "}).text
    decision_id = re.findall(r"/cases/(d-\w+)", told)[-1]
    assert authors.author(office.store, decision_id) == "u-tried"
    again = client.post(f"/cases/{decision_id}/judge").text
    assert authors.author(office.store, re.findall(r"/cases/(d-\w+)", again)[-1]) == "u-tried"
    refused = client.post("/cases/new", data={"text": THREAT, "author": "u-\u202e1"})
    assert refused.status_code == 422 and "U+202E" in refused.text
