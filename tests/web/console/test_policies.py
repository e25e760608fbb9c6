"""The pages of the policy workbench: the tree, the editor with live lint, the form, runs and the way to publishing."""

import re
import time
from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

from cases.case import Case, Part
from web.office import Office
from web.store import drafts as kept
from web.store import journal
from web.work import drafts

THREAT = "I know where you live, Ruben, and I will come to your house tonight and break your legs with a bat."
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def author(signed_in: Callable[..., TestClient]) -> TestClient:
    return signed_in("author")


def begun(author: TestClient) -> str:
    answer = author.post("/policies/drafts", data={"pack": "community"}, follow_redirects=False)
    assert answer.status_code == 303
    return answer.headers["location"].rpartition("/")[2]


def finished(author: TestClient, path: str) -> str:
    for _ in range(600):
        answer = author.get(path)
        if "hx-trigger" not in answer.text or "every 1s" not in answer.text:
            return answer.text
        time.sleep(0.1)
    raise AssertionError(f"{path} did not end")


def test_the_tree_shows_every_rule_by_scene_and_a_rule_its_clauses_examples_and_users(author: TestClient) -> None:
    tree = author.get("/policies").text
    assert "Threat against a person" in tree and "Harassment and bullying" in tree
    rule = author.get("/policies/at/community/rules/HR2").text
    for shown in ("HR2.c", "X-FIGURE", "Keep talking, Dana.", "HS3 leads over it", "severity 60–100"):
        assert shown in rule
    assert author.get("/policies/at/community/rules/HR99").status_code == 404
    assert author.get("/policies/at/..%2f..%2fetc/rules/HR2").status_code == 404


def test_a_moderator_reads_policies_and_cannot_write_them(signed_in: Callable[..., TestClient]) -> None:
    person = signed_in("moderator")
    page = person.get("/policies")
    assert page.status_code == 200 and "Begin a draft" not in page.text
    assert person.post("/policies/drafts", data={"pack": "community"}).status_code == 403


def test_the_editor_lints_what_is_typed_with_line_caret_and_hint_and_saves_nothing(author: TestClient) -> None:
    draft_id = begun(author)
    text = author.get(f"/policies/drafts/{draft_id}?file=rules/HR.yaml").text
    assert "It loads." in text
    body = {"file": "rules/HR.yaml", "version": 1, "text": "- id: HR1\r\n  scene: HX\r\n  statement: x\r\n"}
    lint = author.post(f"/policies/drafts/{draft_id}/lint", data=body).text
    assert "rules/HR.yaml:1:" in lint and "hint:" in lint and "^" in lint
    assert "/tmp" not in lint
    assert "It loads." in author.get(f"/policies/drafts/{draft_id}?file=rules/HR.yaml").text


def test_saving_answers_with_the_new_version_and_a_stale_page_loses_nothing(author: TestClient, office: Office) -> None:
    draft_id = begun(author)
    body = {"file": "CHANGES.md", "version": 1, "text": f"# 1.0.1\r\n{HOSTILE}\r\n"}
    saved = author.post(f"/policies/drafts/{draft_id}/save", data=body)
    assert 'data-saved="2"' in saved.text
    assert (
        author.post(f"/policies/drafts/{draft_id}/save", data=body, headers={"HX-Request": "true"}).status_code == 409
    )
    assert drafts.draft(office, draft_id).files["CHANGES.md"] == f"# 1.0.1\n{HOSTILE}\n"
    page = author.get(f"/policies/drafts/{draft_id}?file=CHANGES.md").text
    assert HOSTILE not in page and "&lt;script&gt;" in page


def test_a_rule_is_changed_by_the_form_and_the_file_keeps_its_comments(author: TestClient, office: Office) -> None:
    draft_id = begun(author)
    place = f"/policies/drafts/{draft_id}/rules/HR1"
    for version, body in enumerate(
        (
            {"field": "statement", "text": "Insults a person whom readers can tell."},
            {"field": "clause", "text": "Calling a person a waste of space."},
            {"field": "example", "side": "violating", "text": "You: a #1 waste of space.", "number": 30},
            {"field": "example", "side": "allowed", "text": "This plan wastes space.", "clause": "HR1-CRITIC"},
            {"field": "exception", "clause": "satire", "text": "Satire of public persons."},
            {"field": "keywords", "text": "waste of space\nuseless clown"},
            {"field": "low", "number": 8},
        ),
        1,
    ):
        answer = author.post(place, data={"version": version, **body}, follow_redirects=False)
        assert answer.status_code == 303, answer.text
    rule = drafts.loaded(drafts.draft(office, draft_id)).by_id["HR1"]
    assert rule.statement == "Insults a person whom readers can tell."
    assert (rule.includes[-1].id, rule.exceptions[-1].id) == ("HR1.f", "HR1-SATIRE")
    assert (rule.examples.violating[-1].text, rule.examples.violating[-1].severity) == ("You: a #1 waste of space.", 30)
    assert rule.examples.allowed[-1].exception == "HR1-CRITIC"
    assert (rule.keywords, rule.band.low) == (("waste of space", "useless clown"), 8)


def test_a_draft_that_is_begun_at_a_rule_goes_on_with_it_and_saving_leads_back_to_the_field(author: TestClient) -> None:
    begun = author.post("/policies/drafts", data={"pack": "community", "rule": "HR2"}, follow_redirects=False)
    place = begun.headers["location"]
    assert place.endswith("/rules/HR2")
    body = {"version": 1, "field": "clause", "clause": "HR2.b", "text": "Saying what one would do if nobody looked."}
    page = author.post(place, data=body).text
    assert "Saved as change 2." in page and page.count("autofocus") == 1
    assert re.search(r"<textarea[^>]*autofocus[^>]*>Saying what one would do", page)
    nowhere = author.post("/policies/drafts", data={"pack": "community", "rule": "ZZ9"}, follow_redirects=False)
    assert re.fullmatch(r"/policies/drafts/p-[0-9a-f]+", nowhere.headers["location"])


def test_one_key_leads_one_step_up_and_the_reviewer_to_what_waits(
    author: TestClient, signed_in: Callable[..., TestClient]
) -> None:
    draft_id = begun(author)
    diff = author.get(f"/policies/diff?old=community&new={draft_id}").text
    assert f'href="/policies/drafts/{draft_id}" data-action=back' in diff and diff.count("data-action=back") == 1
    assert 'href="/policies" data-action=back' in author.get(f"/policies/drafts/{draft_id}").text
    author.post(f"/policies/drafts/{draft_id}/rules/HR1", data={"version": 1, "field": "low", "number": 6})
    author.post(f"/policies/drafts/{draft_id}/submit", data={"version": 2, "reason": "a milder start"})
    waits = f'<a class="button primary" href="/policies/drafts/{draft_id}" data-action="review">'
    assert waits in signed_in("author").get("/policies").text
    assert waits not in author.get("/policies").text  # a second person reviews it
    author.post(f"/policies/drafts/{draft_id}/withdraw", data={"version": 3, "reason": "a test"})


def test_a_change_by_the_form_that_would_break_the_rule_is_told_and_not_saved(
    author: TestClient, office: Office
) -> None:
    draft_id = begun(author)
    body = {"version": 1, "field": "high", "number": 9}
    answer = author.post(f"/policies/drafts/{draft_id}/rules/HR1", data=body)
    assert answer.status_code == 422 and "Not saved." in answer.text and "lies outside the band" in answer.text
    assert drafts.draft(office, draft_id).version == 1


def test_what_changed_is_shown_word_by_word_beside_each_other(author: TestClient) -> None:
    draft_id = begun(author)
    body = {
        "version": 1,
        "field": "statement",
        "text": "Threatens a person with violence, harm or death, in any words.",
    }
    author.post(f"/policies/drafts/{draft_id}/rules/HR2", data=body)
    page = author.get(f"/policies/diff?old=community&new={draft_id}").text
    assert "<del>openly, conditionally or </del>" in page or re.search(
        r"<del>\s*openly, conditionally or\s*</del>", page
    )
    assert "<del>veiled</del>" in page and "<ins>any</ins>" in page


def test_an_impact_run_lists_the_flips_and_a_mark_is_a_label(author: TestClient, office: Office) -> None:
    decision = office.desks.live.decide(Case(id="flip", parts=(Part(id="text", kind="text", text=THREAT),)))
    draft_id = begun(author)
    author.post(f"/policies/drafts/{draft_id}/rules/HR2", data={"version": 1, "field": "status", "text": "retired"})
    body = {"new": draft_id, "old": "community", "q": "case:flip", "ruled": "true"}
    place = author.post("/policies/impact", data=body, follow_redirects=False).headers["location"]
    page = finished(author, place)
    assert "1 of 1 cases would flip" in page and "no gold labels" in page and decision.id in page
    drawer = author.get(f"{place}/flips/{decision.id}").text
    assert "break your legs" in drawer and "“Threat against a person”" in drawer
    bare = re.sub(r'<bdi class="harm"[^>]*>.*?</bdi>', "", drawer)
    assert "break your legs" not in bare  # covered wherever it stands, in the reasons too
    assert journal.lines(office.store, act="case.read", subject=decision.id)
    marked = author.post(f"{place}/flips/{decision.id}", data={"side": "old"}).text
    assert "regressed" in marked and "McNemar" in marked
    assert decision.id in author.get(f"{place}?show=regressed").text
    assert decision.id not in author.get(f"{place}?show=fixed").text.partition("drawer")[0].partition("tbody")[2]
    lines = author.get(f"{place}/export")
    assert lines.json()["right"] == "old" and lines.json()["bucket"] == "regressed"
    assert author.get(f"{place}?show=nothing").status_code == 422


def test_tests_run_in_the_page_with_coverage_by_clause(author: TestClient, office: Office) -> None:
    draft_id = begun(author)
    text = (
        f"- {{id: t1, text: '{THREAT}', expect: {{outcome: act, rule: HR2}}, clause: HR2.a}}\n"
        "- {id: t2, text: 'My lemon cake.', expect: {outcome: act}}\n"
    )
    author.post(f"/policies/drafts/{draft_id}/save", data={"file": "cases.yaml", "version": 1, "text": text})
    place = author.post("/policies/tests", data={"subject": draft_id}, follow_redirects=False).headers["location"]
    page = finished(author, place)
    assert "PASS 1" in page and "FAIL 1" in page and "outcome is allow, not act" in page
    assert "HR2.a" in page and "no test" in page


def test_a_draft_is_reviewed_and_the_author_has_no_button_to_publish_it(
    author: TestClient, signed_in: Callable[..., TestClient], office: Office
) -> None:
    draft_id = begun(author)
    author.post(f"/policies/drafts/{draft_id}/rules/HR1", data={"version": 1, "field": "low", "number": 6})
    assert author.post(f"/policies/drafts/{draft_id}/submit", data={"version": 2, "reason": ""}).status_code == 422
    author.post(f"/policies/drafts/{draft_id}/submit", data={"version": 2, "reason": "a milder start"})
    page = author.get(f"/policies/drafts/{draft_id}").text
    assert 'publish-form"' not in page.partition('class="editor-bench"')[0]
    assert author.post(f"/policies/drafts/{draft_id}/publish", data={"version": 3, "reason": "me"}).status_code == 403
    second = signed_in("author")
    read = second.get(f"/policies/drafts/{draft_id}").text
    assert 'data-dialog="publish-form"' in read and 'name="file" value="rules/HR.yaml"' in read
    first = second.get(f"/policies/drafts/{draft_id}?file=policy.yaml").text
    assert 'name="file" value="policy.yaml"' in first and 'name="file" value="rules/HR.yaml"' not in first
    second.post(f"/policies/drafts/{draft_id}/send-back", data={"version": 3, "reason": "say why in CHANGES.md"})
    found = kept.draft(office.store, draft_id)
    assert found is not None and (found.state, found.reason) == ("draft", "say why in CHANGES.md")


def test_an_outside_policy_becomes_a_draft_and_the_page_says_what_was_left(author: TestClient) -> None:
    text = "# Chess\n\n## VIOLATES (1)\n- Calls a player stupid.\n\n## SAFE (0)\n- Criticises a move.\n"
    name = f"chess-{time.time_ns()}"
    page = author.post("/policies/import", data={"text": text, "form": "gpt-oss-safeguard", "name": name})
    assert page.status_code == 200 and "severity band 25-75" in page.text
    assert author.post("/policies/import", data={"text": "hello", "form": "cope", "name": "x1"}).status_code == 422
    out = author.get("/policies/at/community/export?form=cope&rule=HR2")
    assert out.text.startswith("# Policy") and "attachment" in out.headers["content-disposition"]


def test_steering_shows_one_content_under_two_profiles(author: TestClient) -> None:
    body = {"at": "community", "text": THREAT, "one": "adult", "two": "R1"}
    page = author.post("/policies/steering", data=body).text
    assert "The verdict is the same." in page or "The verdict differs." in page


def test_steering_sweeps_the_rules_that_two_profiles_treat_differently(author: TestClient) -> None:
    body = {"at": "community", "text": "", "one": "adult", "two": "R1"}
    page = author.post("/policies/steering", data=body).text
    assert "adult switches it off" in page and "SX4.v1" in page
    assert "examples get another verdict under R1 than under adult" in page
    assert "treat every rule alike" in author.post("/policies/steering", data=body | {"two": "adult"}).text
