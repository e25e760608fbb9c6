"""Why a rule does not lead."""

import pytest

from agents.questions import answer
from agents.reply import Reply
from cases.case import Case
from cases.decision import Decision
from tests.agents.records import (
    WORDS,
    case,
    decision,
    doubtful,
    dropped,
    edit,
    evidence,
    excepted,
    finding,
    pack,
    threat,
    weighed,
)


def _ask(question: str, about: Case, made: Decision, *edits, rescore=None) -> Reply:
    reply = answer(question, made, about, pack(), edits, rescore)
    assert reply.kind == "why_not"
    return reply


def _first_sentence(reply: Reply) -> str:
    return reply.text.partition(". ")[0]


def test_a_ranked_rule_is_told_with_its_probability_beside_the_one_that_leads() -> None:
    reply = _ask("why not HS3?", *threat())
    assert _first_sentence(reply) == (
        "HS3 (Threat or incitement against a protected group) stands at 0.21, behind HR2 (Threat against a person) at 0.93"
    )
    assert "HR2 says of “person”: Somebody named or addressed." in reply.text
    assert "Had it been found, it would lead: A threat against a protected group leads" in reply.text
    assert [c.clause_id for c in reply.citations] == ["HS3"]


def test_an_exception_that_decided_is_cited() -> None:
    reply = _ask("why not HR2?", *excepted())
    assert "stands at 0.04, because an exception holds: X-REPORT, at 0.97." in reply.text
    assert [c.clause_id for c in reply.citations] == ["HR2", "X-REPORT"]
    assert [e.quote for e in reply.evidence] == ["I will break your jaw"]


def test_a_broken_rule_that_gives_way_is_told_with_the_policys_reason() -> None:
    about = case()
    both = (
        finding("HR2", 0.91, "hit", (evidence(about, WORDS),)),
        finding("VI1", 0.95, "hit", (evidence(about, WORDS),)),
    )
    reply = _ask("why not VI1?", about, decision(about, "act", both, rule_id="HR2", severity=80))
    why = next(p.why for p in pack().precedence if p.winner == "HR2" and "VI1" in p.losers)
    assert "was found to be broken as well, beside HR2 (Threat against a person) at 0.91." in reply.text
    assert f"The policy says which of the two leads: {why}" in reply.text


def test_a_broken_rule_without_precedence_gives_way_to_the_graver() -> None:
    about = case()
    both = (finding("HR2", 0.91, "hit"), finding("SC3", 0.95, "hit"))
    reply = _ask("why not SC3?", about, decision(about, "act", both, rule_id="HR2", severity=80))
    assert "The graver of the two leads." in reply.text


def test_a_rule_that_the_profile_switches_off_is_told_so() -> None:
    about, made = threat()
    assert _first_sentence(_ask("why not SX4?", about, made)) == (
        "SX4 (Suggestive content before a young audience) is switched off by the profile adult: General adult audience"
    )
    strict = made.model_copy(update={"profile": "R1"})
    assert "switched off" not in _ask("why not SX4?", about, strict).text


def test_a_rule_off_the_record_is_told_by_what_retrieval_brought() -> None:
    about, made = threat()
    assert "VI1 (Inciting or planning violence) was retrieved and ranked below the rules on record" in (
        _ask("why not VI1?", about, made).text
    )
    assert (
        "SC1 (Phishing) was not retrieved for this case, so it was not judged."
        in _ask("why not SC1?", about, made).text
    )
    bare = made.model_copy(update={"critiques": ()})
    assert (
        "it was not retrieved, or it ranked below those that are (least: 0.09)."
        in _ask("why not SC1?", about, bare).text
    )


def test_a_case_that_the_router_dropped_ranked_no_rule() -> None:
    assert "was not ranked: the router found nothing near the case" in _ask("why not HR2?", *dropped()).text


def test_a_fresh_score_is_added_where_the_record_has_none() -> None:
    def rescore(texts):
        return [{"SC1": 0.034} for _ in texts]

    assert "Scored now it stands at 0.03." in _ask("why not SC1?", *threat(), rescore=rescore).text
    assert "It cannot be scored." in _ask("why not IL1?", *threat(), rescore=rescore).text
    assert "Scored now" not in _ask("why not HS3?", *threat(), rescore=rescore).text


@pytest.mark.parametrize(
    ("name", "near"), [("HR22", "HR2"), ("hs9", "HS"), ("QQ777", "HR1"), ("X-FIGURES", "X-FIGURE")]
)
def test_an_unknown_rule_is_named_with_the_nearest(name: str, near: str) -> None:
    reply = _ask(f"why {name}?", *threat())
    assert reply.text.startswith(f"The policy community {pack().version} has no rule {name!r}. The nearest: ")
    assert any(c.clause_id.startswith(near) for c in reply.citations)
    assert all(c.quote == pack().clauses[c.clause_id].text for c in reply.citations)


def test_what_a_person_decided_otherwise_is_said() -> None:
    about, made = threat()
    reply = _ask("why not HR2?", about, made, edit(made, "allow"))
    assert "the system had found it to be broken; a person decided otherwise." in reply.text


def test_a_doubtful_rule_was_not_enough_to_act_on() -> None:
    about, made = doubtful()
    lone = made.model_copy(
        update={"rule_id": None, "findings": (finding("HS3", 0.4, exceptions=(weighed("X-FIGURE", 0.2),)),)}
    )
    assert "HS3 (Threat or incitement against a protected group) stands at 0.40, which was not enough to act on." in (
        _ask("why not HS3?", about, lone).text
    )


def test_modifiers_drafts_and_foreign_surfaces_are_told_apart() -> None:
    about, made = threat()
    rule = pack().by_id["SC3"]
    changed = {"raises": 10}, {"status": "draft"}, {"surfaces": ("ad",)}, {"modalities": ("image",)}
    told = []
    for change in changed:
        rules = tuple(rule.model_copy(update=change) if r.id == "SC3" else r for r in pack().rules)
        other = pack().model_copy(update={"rules": rules})
        fresh = type(other).model_validate(other.model_dump())
        ref = made.pack.model_copy(update={"digest": fresh.digest})
        told.append(answer("why not SC3?", made.model_copy(update={"pack": ref}), about, fresh).text.split(" SC3: ")[0])
    assert told == [
        "SC3 (Spam) is a modifier: it never leads, it raises the severity of the rule that does. It does not here.",
        "SC3 (Spam) has the status draft and decides nothing.",
        "SC3 (Spam) holds for ad alone, and this is a post.",
        "SC3 (Spam) holds for image alone, and the case has text.",
    ]
