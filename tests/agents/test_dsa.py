"""What the transparency database takes, and what it refuses."""

import json
from datetime import date, datetime

import pytest
from pydantic import ValidationError

from agents.dsa import EEA, EU, LANGUAGES, ContentId, Statement, leaks

MINIMAL: dict[str, object] = {
    "puid": "case-0001",
    "decision_visibility": ["DECISION_VISIBILITY_CONTENT_REMOVED"],
    "decision_ground": "DECISION_GROUND_INCOMPATIBLE_CONTENT",
    "incompatible_content_ground": "Community rules, section H2.f",
    "incompatible_content_explanation": "It threatens a person.",
    "incompatible_content_illegal": "No",
    "content_type": ["CONTENT_TYPE_TEXT"],
    "category": "STATEMENT_CATEGORY_ILLEGAL_OR_HARMFUL_SPEECH",
    "category_specification": ["KEYWORD_INCITEMENT_VIOLENCE_HATRED"],
    "territorial_scope": ["AT", "BE"],
    "content_language": "EN",
    "content_date": "2026-01-05",
    "application_date": "2026-01-06",
    "decision_facts": "A post said so.",
    "source_type": "SOURCE_VOLUNTARY",
    "automated_detection": "Yes",
    "automated_decision": "AUTOMATED_DECISION_PARTIALLY",
}
ILLEGAL = {
    "decision_ground": "DECISION_GROUND_ILLEGAL_CONTENT",
    "illegal_content_legal_ground": "Section 1",
    "illegal_content_explanation": "It is unlawful.",
    "incompatible_content_ground": None,
    "incompatible_content_explanation": None,
    "incompatible_content_illegal": None,
}


def test_a_minimal_statement_goes_through_json_unchanged() -> None:
    made = Statement.model_validate(MINIMAL)
    assert made.model_dump(mode="json", exclude_none=True) == MINIMAL
    assert json.loads(made.model_dump_json(exclude_none=True)) == MINIMAL
    assert Statement.model_validate_json(made.model_dump_json(exclude_none=True)) == made


def test_unlawful_content_has_its_own_ground() -> None:
    made = Statement.model_validate(MINIMAL | ILLEGAL)
    assert made.illegal_content_legal_ground == "Section 1"


@pytest.mark.parametrize(
    "field",
    [f for f in MINIMAL if f not in ("category_specification", "content_language", "incompatible_content_illegal")],
)
def test_a_required_field_is_required(field: str) -> None:
    with pytest.raises(ValidationError):
        Statement.model_validate({k: v for k, v in MINIMAL.items() if k != field})


@pytest.mark.parametrize("field", ["decision_monetary", "decision_provision", "decision_account"])
def test_any_of_the_four_decisions_will_do(field: str) -> None:
    value = {
        "decision_monetary": "DECISION_MONETARY_SUSPENSION",
        "decision_provision": "DECISION_PROVISION_TOTAL_SUSPENSION",
        "decision_account": "DECISION_ACCOUNT_SUSPENDED",
    }[field]
    assert Statement.model_validate(MINIMAL | {"decision_visibility": None, field: value})
    with pytest.raises(ValidationError, match="nothing is decided: give one of decision_visibility, decision_monetary"):
        Statement.model_validate(MINIMAL | {"decision_visibility": None})


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"puid": "d/1"}, "puid"),
        ({"puid": "a" * 501}, "puid"),
        ({"puid": "ok\n"}, "puid"),
        ({"decision_visibility": ["DECISION_VISIBILITY_OTHER"]}, "decision_visibility_other is required with"),
        ({"decision_visibility_other": "x"}, "decision_visibility_other is dropped by the database unless"),
        ({"decision_monetary": "DECISION_MONETARY_OTHER"}, "decision_monetary_other is required"),
        ({"content_type": ["CONTENT_TYPE_OTHER"]}, "content_type_other is required"),
        ({"content_type": []}, "content_type"),
        ({"content_type_other": "x"}, "content_type_other is dropped"),
        ({"decision_ground": "DECISION_GROUND_ILLEGAL_CONTENT"}, "illegal_content_legal_ground is required"),
        ({"illegal_content_explanation": "x"}, "illegal_content_explanation is dropped"),
        (ILLEGAL | {"incompatible_content_illegal": "Yes"}, "incompatible_content_illegal is dropped"),
        ({"incompatible_content_ground": None}, "incompatible_content_ground is required"),
        ({"incompatible_content_ground": "x" * 501}, "incompatible_content_ground"),
        ({"incompatible_content_explanation": "x" * 2001}, "incompatible_content_explanation"),
        ({"decision_facts": "x" * 5001}, "decision_facts"),
        ({"decision_facts": "  "}, "decision_facts"),
        ({"category": "STATEMENT_CATEGORY_PORNOGRAPHY_OR_SEXUALIZED_CONTENT"}, "category"),
        ({"category_specification": ["KEYWORD_DISINFORMATION"]}, "category_specification"),
        ({"category_specification": ["KEYWORD_OTHER", "KEYWORD_OTHER"]}, "names something twice"),
        ({"territorial_scope": []}, "territorial_scope"),
        ({"territorial_scope": ["AT", "UK"]}, "territorial_scope"),
        ({"territorial_scope": ["AT", "AT"]}, "names something twice"),
        ({"content_language": "en"}, "'en' is no language code"),
        ({"content_language": "XX"}, "'XX' is no language code"),
        ({"content_date": "1999-12-31"}, "content_date"),
        ({"content_date": "5 Jan 2026"}, "write YYYY-MM-DD"),
        ({"content_date": 1767571200}, "give a date or YYYY-MM-DD"),
        ({"content_date": datetime(2026, 1, 5)}, "give a date or YYYY-MM-DD"),
        ({"content_date": "2026-02-30"}, "content_date"),
        ({"application_date": "2019-12-31"}, "application_date"),
        ({"application_date": "2038-01-02"}, "application_date"),
        ({"end_date_visibility_restriction": "2026-01-05"}, "is before application_date 2026-01-06"),
        ({"source_identity": "somebody"}, "source_identity is dropped by the database with SOURCE_VOLUNTARY"),
        ({"automated_detection": True}, "automated_detection"),
        ({"automated_decision": "Yes"}, "automated_decision"),
        ({"decision_ground_reference_url": "not a url"}, "decision_ground_reference_url"),
        ({"content_id": {"EAN-13": "123"}}, "EAN-13"),
        ({"url": "https://x.example"}, "url"),
    ],
)
def test_what_the_database_would_refuse_or_drop_is_refused(change: dict[str, object], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        Statement.model_validate(MINIMAL | change)


def test_a_product_number_keeps_the_name_that_the_database_gives_it() -> None:
    made = Statement.model_validate(MINIMAL | {"content_id": {"EAN-13": "4006381333931"}})
    assert made.content_id == ContentId(ean_13="4006381333931")
    assert made.model_dump(mode="json", exclude_none=True)["content_id"] == {"EAN-13": "4006381333931"}


def test_the_last_days_of_the_ranges_are_inside() -> None:
    days = {"content_date": date(2000, 1, 1), "application_date": date(2038, 1, 1)}
    assert Statement.model_validate(MINIMAL | days).content_date == date(2000, 1, 1)


def test_personal_data_in_any_free_text_is_named_with_its_field() -> None:
    made = Statement.model_validate(
        MINIMAL
        | {
            "decision_facts": "Mail ann@mail.example",
            "source_type": "SOURCE_ARTICLE_16",
            "source_identity": "+49 30 1234567",
        }
    )
    assert [(leak.field, leak.found.kind) for leak in leaks(made)] == [
        ("decision_facts", "email"),
        ("source_identity", "phone"),
    ]
    assert leaks(Statement.model_validate(MINIMAL)) == ()


def test_the_sets_have_their_published_sizes() -> None:
    assert (len(EEA), len(EU), len(LANGUAGES)) == (30, 27, 184)
