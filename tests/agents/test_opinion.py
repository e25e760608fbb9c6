"""What a model says of a case is taken apart by code: every unsound thing is named, and a sound answer has no faults."""

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from agents.opinion import Malformed, Opinion, faults, parse, quotes, schema
from cases.case import Case, Part
from cases.decision import Depth
from tests.agents.answers import LEGS, RUBRIC, opinion, pardon
from tests.agents.bench import small

CASE = Case(id="c", parts=(Part(id="text", kind="text", text=LEGS),))
PACK = small()
GRADE = {"dimension": RUBRIC[0], "reason": "", "level": 3}


def wrong(text: str) -> list[str]:
    return faults(parse(text), CASE, PACK.rules, PACK)


@pytest.mark.parametrize("text", [opinion(), pardon(), opinion(outcome="review", rule_id=None, clause_ids=[])])
def test_a_sound_opinion_has_no_faults(text: str) -> None:
    assert wrong(text) == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (opinion(location=[{"part": "text", "quote": "break your arms"}]), "'break your arms' does not stand in the content"),
        (opinion(location=[]), "location quotes no words"),
        (opinion(rule_id="VI9"), "rule_id 'VI9' is no rule in play"),
        (opinion(rule_id=None), "no rule_id is named"),
        (opinion(rule_id="VI1", clause_ids=["VI1"]), "screening does not find VI1 hit"),
        (opinion(clause_ids=[]), "cite neither VI2 nor one of its clauses"),
        (opinion(clause_ids=["X-REPORT"]), "cite neither VI2 nor one of its clauses"),
        (opinion(clause_ids=["VI2", "VI1.a"]), "'VI1.a', which is no clause of VI2"),
        (opinion(exceptions=[{"rule_id": "VI2", "exception_id": "X-REPORT", "reason": "", "applies": True}]), "X-REPORT is said to apply"),
        (opinion(exceptions=[{"rule_id": "VI2", "exception_id": "X-JOKE", "reason": "", "applies": False}]), "'X-JOKE', which is no exception"),
        (opinion(grades=[]), f"grades leave out {RUBRIC[0]}"),
        (opinion(grades=[GRADE | {"level": 7}]), "is 7, not 0 to 4"),
        (opinion(grades=[GRADE, GRADE]), "graded more than once"),
        (opinion(grades=[GRADE, GRADE | {"dimension": "charm"}]), "'charm', which is no dimension"),
        (opinion(confidence=130), "confidence is 130"),
        (pardon(screening=[*json.loads(pardon())["screening"], {"rule_id": "VI2", "reason": "", "verdict": "hit"}]),
         "VI2 is screened more than once"),
        (opinion(exceptions=[{"rule_id": "VI9", "exception_id": "X-REPORT", "reason": "", "applies": False}]),
         "'X-REPORT', which is no exception of 'VI9'"),
        (opinion(outcome="allow"), "screening finds VI2 hit"),
        (pardon(screening=[]), "screening says nothing of VI1, VI2, SC1"),
        (pardon(screening=[{"rule_id": "ZZ1", "reason": "", "verdict": "not_hit"}]), "'ZZ1', which is no rule in play"),
    ],
)  # fmt: skip
def test_an_unsound_opinion_is_told_what_to_mend(text: str, told: str) -> None:
    assert any(told in fault for fault in wrong(text)), wrong(text)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("I cannot help with that.", "no JSON object"),
        ('{"location": [', "no JSON object"),
        ('{"location": [,]}', "no JSON: "),
        ("{}", "location: Field required"),
        (opinion(verdict="guilty"), "verdict: Extra inputs"),
        (opinion(outcome="delete"), "outcome: "),
    ],
)
def test_an_answer_of_the_wrong_form_is_told_so(text: str, told: str) -> None:
    with pytest.raises(Malformed, match=told):
        parse(text)


def test_an_opinion_is_read_out_of_a_fence_and_a_greeting() -> None:
    assert parse(f"Sure! Here it is:\n```json\n{opinion()}\n```\nAnything else?") == parse(opinion())


def test_a_rule_that_is_hit_and_saved_by_its_own_exception_is_let_go() -> None:
    screened = json.loads(pardon())["screening"]
    screened[1]["verdict"] = "hit"
    saving = {"rule_id": "VI2", "exception_id": "X-REPORT", "reason": "A report.", "applies": True}
    assert wrong(pardon(screening=screened, exceptions=[saving])) == []
    assert any("no exception of it" in w for w in wrong(pardon(screening=screened)))
    assert any(
        "no exception of it" in w for w in wrong(pardon(screening=screened, exceptions=[saving | {"rule_id": "VI1"}]))
    )


def test_quotations_come_back_as_the_case_has_them_once_each_in_reading_order() -> None:
    said = [{"part": "text", "quote": q} for q in ("on friday", "BREAK your legs", "break your legs")]
    found = quotes(parse(opinion(location=said)), CASE)
    assert [e.quote for e in found] == ["break your legs", "on Friday"]
    assert all(LEGS[e.start : e.end] == e.quote for e in found)


@pytest.mark.parametrize("depth", ["none", "short", "full"])
def test_the_schema_closes_every_id_and_asks_for_reasons_before_the_verdict(depth: Depth) -> None:
    form: Any = schema(CASE, PACK.rules[:2], PACK, depth)
    Draft202012Validator.check_schema(form)
    names = list(form["properties"])
    assert names.index("cause") < names.index("rule_id") < names.index("outcome")
    assert ("implicit" in names, "exceptions" in names) == (depth == "full", True)
    assert set(names) <= set(Opinion.model_fields) and form["required"] == names
    check = Draft202012Validator(form)
    body = parse(opinion()).model_dump(mode="json")
    fitting = {k: v for k, v in body.items() if k in names}
    assert check.is_valid(fitting)
    for field, value in (("rule_id", "SC1"), ("clause_ids", ["SC1"]), ("outcome", "maybe")):
        assert not check.is_valid(fitting | {field: value}), field
