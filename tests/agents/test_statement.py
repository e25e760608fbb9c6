"""Statements of reasons drafted from the record."""

from datetime import date

import pytest
from inline_snapshot import snapshot

from agents.statement import EEA, Statement, StatementError, draft_statement, leaks, mask_pii, pii
from cases.case import Case, Media, Part
from cases.decision import Decision, Edit
from cases.finding import Evidence
from tests.agents.records import (
    case,
    decision,
    doubtful,
    dropped,
    edit,
    evidence,
    finding,
    pack,
    supported,
    threat,
)

DAY = date(2026, 2, 27)


def _draft(about: Case, made: Decision, *edits: Edit, **more) -> Statement:
    return draft_statement(made, about, pack(), edits, content_date=DAY, **more)


def _act(about: Case, words: str, severity: int = 60, **more) -> Decision:
    return decision(
        about, "act", (finding("HR2", 0.9, "hit", (evidence(about, words),)),), rule_id="HR2", severity=severity, **more
    )


def test_a_draft_is_filled_from_the_record() -> None:
    assert _draft(*threat(), territorial_scope=("AT", "BE")).model_dump(mode="json", exclude_none=True) == snapshot(
        {
            "puid": "d-first",
            "decision_visibility": ["DECISION_VISIBILITY_CONTENT_REMOVED"],
            "decision_ground": "DECISION_GROUND_INCOMPATIBLE_CONTENT",
            "incompatible_content_ground": "Community policy, rule HR2: Threat against a person",
            "incompatible_content_explanation": "Rule HR2, “Threat against a person”, does not permit content that does the following: “Threatens a person with violence, harm or death, openly, conditionally or in veiled words.”",
            "content_type": ["CONTENT_TYPE_TEXT"],
            "category": "STATEMENT_CATEGORY_CYBER_VIOLENCE",
            "category_specification": ["KEYWORD_CYBER_BULLYING_INTIMIDATION", "KEYWORD_CYBER_HARASSMENT"],
            "territorial_scope": ["AT", "BE"],
            "content_language": "EN",
            "content_date": "2026-02-27",
            "application_date": "2026-03-01",
            "decision_facts": "Published content (post) was found to break rule HR2, “Threat against a person”, of the Community policy 1.0.0. The decision rests on these words of it: “I will be at your stop tonight with a bat.” It was found by automated means; the decision was taken by automated means alone.",
            "source_type": "SOURCE_VOLUNTARY",
            "automated_detection": "Yes",
            "automated_decision": "AUTOMATED_DECISION_FULLY",
        }
    )


def test_it_holds_everywhere_in_the_area_unless_told_otherwise() -> None:
    assert _draft(*threat()).territorial_scope == EEA


@pytest.mark.parametrize(
    ("severity", "visibility"),
    [
        (10, "DECISION_VISIBILITY_CONTENT_LABELLED"),
        (30, "DECISION_VISIBILITY_CONTENT_DEMOTED"),
        (60, "DECISION_VISIBILITY_CONTENT_REMOVED"),
        (90, "DECISION_VISIBILITY_CONTENT_REMOVED"),
    ],
)
def test_the_tiers_action_gives_the_visibility(severity: int, visibility: str) -> None:
    about = case()
    assert _draft(about, _act(about, "Dana", severity)).decision_visibility == (visibility,)


@pytest.mark.parametrize(
    ("build", "edits", "detection", "automated", "told"),
    [
        (threat, (), "Yes", "AUTOMATED_DECISION_FULLY", "It was found by automated means; the decision was taken by automated means alone."),
        (threat, ("HR2", 82), "Yes", "AUTOMATED_DECISION_PARTIALLY", "It was found by automated means; the decision was taken by automated means and a person together."),
        (doubtful, ("HR2", None), "Yes", "AUTOMATED_DECISION_PARTIALLY", "It was found by automated means; the decision was taken by automated means and a person together."),
        (dropped, ("SC3", 10), "No", "AUTOMATED_DECISION_NOT_AUTOMATED", "It was not found by automated means; the decision was taken by a person alone."),
    ],
)  # fmt: skip
def test_automation_is_computed_and_told(build, edits, detection: str, automated: str, told: str) -> None:
    about, made = build()
    people = (edit(made, "act", *edits),) if edits else ()
    draft = _draft(about, made, *people)
    assert (draft.automated_detection, draft.automated_decision) == (detection, automated)
    assert draft.decision_facts.endswith(told)


def test_an_edit_gives_rule_ground_category_and_day() -> None:
    about, made = threat()
    draft = _draft(about, made, edit(made, "act", "SC3", 20))
    assert draft.incompatible_content_ground == "Community policy, rule SC3: Spam"
    assert draft.category == pack().by_id["SC3"].maps.dsa.category
    assert draft.application_date == date(2026, 3, 2)
    assert "rests on the post as a whole" in draft.decision_facts


def test_a_changed_decision_gets_a_puid_of_its_own_and_a_confirmed_one_keeps_it() -> None:
    about, made = threat()
    assert _draft(about, made).puid == "d-first"
    assert _draft(about, made, edit(made, "act", "HR2", 85)).puid == "d-first"
    assert _draft(about, made, edit(made, "act", "HR1", 20)).puid == "d-first-e-first"
    about, made = doubtful()
    assert _draft(about, made, edit(made, "act", "HR2")).puid == "d-first"


def test_an_id_with_other_characters_gives_a_puid_that_is_valid_and_stays_its_own() -> None:
    about = case()
    drafts = [_draft(about, _act(about, "Dana", id=i)).puid for i in ("d/é 1", "d.é.1", "x" * 600)]
    assert drafts[0].startswith("d---1-") and drafts[0] != drafts[1]
    assert len(drafts[2]) == 500
    assert drafts[0] == _draft(about, _act(about, "Dana", id="d/é 1")).puid


def test_the_facts_mask_personal_data() -> None:
    text = "I know your number +49 30 1234567 and I will come to 14 Linden Row, ann@mail.example"
    about = case(text)
    draft = _draft(about, _act(about, text))
    assert (
        "“I know your number [phone number] and I will come to [street address], [e-mail address]”"
        in draft.decision_facts
    )
    assert leaks(draft) == ()


def test_personal_data_that_a_quote_cuts_in_two_is_masked_too() -> None:
    about = case("call +49 30 1234567 tonight")
    for words in ("call +49 30 12", "1234567 tonight"):
        facts = _draft(about, _act(about, words)).decision_facts
        assert "[phone number]" in facts and "12" not in facts.partition("words of it: ")[2]


def test_long_quotes_keep_to_the_limit() -> None:
    about = case(" ".join(["kill you now"] * 1200))
    whole = Evidence(part="text", start=0, end=len(about.text), quote=about.text)
    made = decision(about, "act", (finding("HR2", 0.9, "hit", (whole, whole)),), rule_id="HR2", severity=60)
    facts = _draft(about, made).decision_facts
    assert len(facts) <= 5000
    assert facts.endswith("alone.") and "…" in facts


@pytest.mark.parametrize(
    ("parts", "media", "types"),
    [
        (("text",), (), ("TEXT",)),
        (("title", "caption", "screen", "speech", "landing"), (), ("TEXT", "VIDEO")),
        (("caption",), ("image",), ("TEXT", "IMAGE")),
        (("speech",), (), ("AUDIO",)),
        (("transcript",), ("video",), ("VIDEO",)),
        ((), ("image", "video", "audio"), ("IMAGE", "VIDEO", "AUDIO")),
    ],
)
def test_the_content_type_follows_parts_and_media(parts, media, types) -> None:
    about = Case(
        id="c",
        parts=tuple(Part(id=k, kind=k, text="kill you") for k in parts),
        media=tuple(Media(type=m, path="f") for m in media),
    )
    made = decision(about, "act", rule_id="HR2", severity=60)
    assert _draft(about, made).content_type == tuple(f"CONTENT_TYPE_{t}" for t in types)


def test_the_language_is_that_of_the_locale_where_it_is_known() -> None:
    about = case().model_copy(update={"locale": "pt-BR"})
    assert _draft(about, _act(about, "Dana")).content_language == "PT"
    assert _draft(about, _act(about, "Dana"), content_language="FR").content_language == "FR"
    odd = case().model_copy(update={"locale": "tlh"})
    assert _draft(odd, _act(odd, "Dana")).content_language is None
    about = case()
    assert _draft(about, _act(about, "Dana", causes=("language_not_covered",))).content_language is None


def test_whether_it_is_unlawful_as_well_is_left_open() -> None:
    assert _draft(*threat()).incompatible_content_illegal is None


@pytest.mark.parametrize(
    ("build", "person", "why"),
    [
        (dropped, None, "restricts nothing (the content is allowed)"),
        (doubtful, None, "restricts nothing (it waits for a person)"),
        (threat, ("allow", None, None), "restricts nothing (the content is allowed)"),
        (supported, None, "its action is 'offer support'; no statement is due"),
        (threat, ("act", None, 50), "acts under rule None, which community"),
        (threat, ("act", "XX9", 50), "acts under rule 'XX9', which community"),
        (threat, ("act", "HR1", None), "record an edit with a severity, or give decision_visibility"),
    ],
)
def test_a_decision_without_a_statement_says_why(build, person, why: str) -> None:
    about, made = build()
    people = (edit(made, *person),) if person else ()
    with pytest.raises(StatementError) as raised:
        _draft(about, made, *people)
    assert why in str(raised.value) and "'d-first'" in str(raised.value)


def test_an_action_that_the_database_does_not_know_asks_for_a_visibility() -> None:
    about, made = threat()
    odd = made.model_copy(update={"action": "hide from search"})
    with pytest.raises(StatementError, match="action 'hide from search' of decision 'd-first' has no known place"):
        _draft(about, odd)
    draft = _draft(
        about, odd, decision_visibility=["DECISION_VISIBILITY_OTHER"], decision_visibility_other="Not in search"
    )
    assert draft.decision_visibility_other == "Not in search"


def test_what_a_caller_gives_wrongly_is_named() -> None:
    with pytest.raises(
        StatementError, match=r"decision 'd-first' gives no valid statement: territorial_scope\.0: .*'AT'"
    ):
        _draft(*threat(), territorial_scope=("XX",))
    with pytest.raises(StatementError, match="source_identity is dropped"):
        _draft(*threat(), source_identity="somebody")


def test_a_case_without_content_is_refused() -> None:
    about = case("   ")
    with pytest.raises(StatementError, match="holds no content"):
        _draft(about, decision(about, "act", rule_id="HR2", severity=60))


def test_nothing_internal_gets_into_a_statement() -> None:
    about, made = threat()
    text = _draft(about, made, edit(made, "act", "HR2", 82)).model_dump_json()
    for internal in ("moira", "Seen on the call", made.model_digest, "0.93", "reasoner", "X-FIGURE", made.case_id):
        assert internal not in text


def test_the_lint_is_at_hand_where_statements_are() -> None:
    assert mask_pii("ann@mail.example") == "[e-mail address]" and pii("x") == ()
