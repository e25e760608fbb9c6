"""What the person concerned reads, and what must never be in it."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inline_snapshot import snapshot

from agents.explainer import explain
from agents.notice import PLACEHOLDER, unfilled
from cases.case import Case
from cases.decision import Critique, Decision, Outcome
from cases.finding import Evidence
from policy_store.rule import Clause
from tests.agents.records import (
    THREAT,
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
    supported,
    threat,
    weighed,
)


def _notice(about: Case, made: Decision, *edits) -> str:
    return explain(made, about, pack(), "user", edits)


def test_a_user_reads_what_was_decided_why_and_how_to_contest_it() -> None:
    assert _notice(*threat()) == snapshot("""\
Your post was removed, because it was found to break our rules.
Decided on: 2026-03-01
Reference: d-first

Which rule
“Threat against a person” (HR2) in the Community policy: Threatens a person with violence, harm or death, openly, conditionally or in veiled words.

Which words
The decision rests on these words of yours:
- “I will be at your stop tonight with a bat.”

What would have been within the rules
The rule does not hold for:
- News, research or documentation that reports on the matter without taking part in it.
- Quoting in order to condemn, answer or warn against what is quoted.
- Clearly fiction, art, history or education without endorsement. It fails when usable technique is what is asked for.
- Talk about oneself that does not encourage others.
- A figure of speech, hyperbole, or a game or technical sense of the words.

Automated means
Automated means were used to find your post and to take this decision. No person took part in it.

If you disagree
You have these ways, and taking one does not close the others.
- Complain to us. It is free of charge, you have at least six months, and your complaint is never decided by automated means alone. Complaint form or address: ### PLACEHOLDER ###
- Turn to a certified out-of-court dispute settlement body. Where to find one: ### PLACEHOLDER ###
- Go to court. Which court, and where to get advice: ### PLACEHOLDER ###\
""")


def test_a_wish_to_die_is_met_with_support_and_no_reproach() -> None:
    text = _notice(*supported())
    assert text == snapshot("""\
Thank you for putting into words what you are going through. We are glad that you are here, and we would like you to have somebody to talk to.

You are not in trouble. This decision removes nothing that you wrote, and nothing is held against you.

If you are in danger right now, call the emergency number where you are: ### PLACEHOLDER ###
People who listen, free of charge and in confidence: ### PLACEHOLDER ###
If you can, tell somebody whom you trust how you are today. You do not have to find the right words.

Why we write to you
Something in your post made us think that you could use support. We have a rule for that, so that nobody is left alone with it. “Own suicidal intent or ideation” (SH3) in the Community policy: Expresses the speaker's own present wish, intent, plan or preparation to die or to injure themselves; it routes to support and is never punished.

Automated means
Automated means were used to find your post and to take this decision. No person took part in it.

If we misunderstood you
Tell us, and we will put it right. Contact: ### PLACEHOLDER ###
Decided on: 2026-03-01
Reference: d-first\
""")
    assert not re.search(
        r"\b(?:broke|broken|violat\w*|punish\w*|remov(?:ed|al)|offen[cs]e|court|restrict\w*)\b", text.split("“")[0]
    )


def test_a_wish_to_die_that_waits_for_a_person_is_met_with_support_as_well() -> None:
    about, made = supported()
    text = _notice(about, made, edit(made, "review", "SH3"))
    assert text.startswith("Thank you for putting into words") and "to see how we can be of help" in text
    assert "Decided on: 2026-03-02" in text and len(unfilled(text)) == 3


def test_an_offer_of_support_that_is_taken_back_restored_nothing() -> None:
    about, made = supported()
    assert _notice(about, made, edit(made, "allow")).startswith("Your post was checked against the Community policy.")


def test_a_supportive_text_does_not_repeat_what_the_person_wrote() -> None:
    about, made = supported()
    text = _notice(about, made)
    assert "wake" not in text and "evening" not in text and "as a whole" not in text


def test_a_case_in_review_is_not_spoken_of_as_decided() -> None:
    assert _notice(*doubtful()) == snapshot("""\
Nothing has been decided about your post yet.
Reference: d-first

What happens now
A person is going to look at your post in the light of this rule: “Threat against a person” (HR2) in the Community policy: Threatens a person with violence, harm or death, openly, conditionally or in veiled words. You do not have to do anything.
You will be told the outcome. Should anything be restricted, you will be told why, and how you can complain.
Questions in the meantime: ### PLACEHOLDER ###

Automated means
Automated means were used to select your post for this check. They decide nothing about it.\
""")


def test_a_case_that_waits_only_to_be_read_is_accused_of_nothing() -> None:
    about, made = doubtful()
    text = _notice(about, made.model_copy(update={"causes": ("media_not_read",)}))
    assert "HR2" not in text and "A person is going to look at your post. You do not" in text


def test_an_allowed_case_is_told_plainly() -> None:
    assert _notice(*dropped()) == snapshot("""\
Your post was checked against the Community policy. No rule was found to be broken, and nothing is restricted.
Decided on: 2026-03-01
Reference: d-first

Automated means
Automated means were used to check your post and to take this decision. No person took part in it.\
""")


def test_a_lifted_decision_says_that_it_no_longer_holds() -> None:
    about, made = threat()
    assert _notice(about, made, edit(made, "allow")) == snapshot("""\
Your post was looked at again. It breaks no rule of the Community policy, so the earlier decision no longer holds and what was restricted is to be restored.
Decided on: 2026-03-02
Reference: d-first

Automated means
Automated means were used to check your post. A person took this decision.

If something is still restricted
Tell us, and we will put it right. Contact: ### PLACEHOLDER ###\
""")


def test_a_decision_that_is_looked_at_again_says_so() -> None:
    about, made = threat()
    text = _notice(about, made, edit(made, "review", "HR2"))
    assert text.startswith("The earlier decision about your post is being looked at again.")


@pytest.mark.parametrize(
    ("build", "outcome", "told"),
    [
        (threat, None, "Automated means were used to find your post and to take this decision. No person took part in it."),
        (threat, "act", "Automated means were used to find your post. A person took this decision."),
        (doubtful, "act", "Automated means were used to find your post. A person took this decision."),
        (dropped, "act", "Automated means were not used to find your post and not used to take this decision. A person took it."),
        (excepted, None, "Automated means were used to check your post and to take this decision. No person took part in it."),
        (excepted, "allow", "Automated means were used to check your post. A person took this decision."),
    ],
)  # fmt: skip
def test_automation_is_told_as_the_record_has_it(build, outcome: Outcome | None, told: str) -> None:
    about, made = build()
    edits = (edit(made, outcome, "HR2" if outcome == "act" else None, 60),) if outcome else ()
    assert f"Automated means\n{told}\n" in _notice(about, made, *edits) + "\n"


def test_under_another_rule_the_quotes_of_the_first_are_left_out() -> None:
    about, made = threat()
    text = _notice(about, made, edit(made, "act", "SC3", 20))
    assert "“Spam” (SC3)" in text and "HR2" not in text and WORDS not in text
    assert "The decision rests on your post as a whole." in text
    assert text.startswith("Your post now carries a label that warns others,")


def test_what_a_person_left_open_is_a_placeholder() -> None:
    about, made = threat()
    text = _notice(about, made, edit(made, "act", "SC3"))
    assert unfilled(text)[0] == f"Your post was found to break our rules. What was done about it: {PLACEHOLDER}"
    assert f"The rule that was broken: {PLACEHOLDER}" in unfilled(_notice(about, made, edit(made, "act", None, 60)))


def test_an_action_of_the_policys_own_is_told_in_its_words() -> None:
    about, made = threat()
    text = _notice(about, made.model_copy(update={"action": "hide from search"}))
    assert text.startswith("Your post was found to break our rules. What was done about it: hide from search.")


def test_the_surface_gives_the_thing_its_name() -> None:
    about = case(surface="chat")
    made = decision(about, "act", (finding("HR2", 0.9, "hit", (evidence(about, WORDS),)),), rule_id="HR2", severity=60)
    assert _notice(about, made).startswith("Your chat message was removed,")


def test_every_contact_is_a_placeholder_until_it_is_filled() -> None:
    text = _notice(*threat())
    assert len(unfilled(text)) == 3
    assert unfilled(text.replace(PLACEHOLDER, "appeals@platform.example")) == ()
    assert len(unfilled(_notice(*supported()))) == 3


def test_content_cannot_hold_a_notice_up_with_a_placeholder() -> None:
    about = case(f"kill you {PLACEHOLDER}")
    quote = Evidence(part="text", start=0, end=len(about.text), quote=about.text)
    made = decision(about, "act", (finding("HR2", 0.9, "hit", (quote,)),), rule_id="HR2", severity=60)
    text = _notice(about, made)
    assert f"“kill you {PLACEHOLDER}”" in text and len(unfilled(text)) == 3


def test_content_cannot_add_lines_to_a_notice() -> None:
    about = case("I will hurt you\nIf you disagree\nSend money to evil.example")
    quote = Evidence(part="text", start=0, end=len(about.text), quote=about.text)
    made = decision(about, "act", (finding("HR2", 0.9, "hit", (quote,)),), rule_id="HR2", severity=60)
    assert _notice(about, made).count("\nIf you disagree\n") == 1


NAMES = st.text("abcdefghijklmnopqrstuvwxyz", min_size=9, max_size=14).map(lambda s: f"zq{s}qz")
SHARES = st.integers(1001, 9998).map(lambda n: n / 10_000)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["act", "allow", "review"]),
    st.sampled_from(["HR2", "SH3", "MN1", "SC3"]),
    st.lists(SHARES, min_size=4, max_size=4, unique=True),
    st.integers(1, 100),
    st.lists(NAMES, min_size=9, max_size=9, unique=True),
    st.sampled_from([None, "act", "allow", "review"]),
)
def test_nothing_internal_ever_reaches_the_user(outcome, rule_id, shares, severity, names, edited) -> None:
    about, full = threat()
    by, reason, model, chain, criterion, check, note, why, text = names
    critique: Critique = full.critiques[0]
    made = decision(
        about,
        outcome,
        (
            finding(
                rule_id,
                shares[0],
                "hit",
                (evidence(about, WORDS, shares[1]),),
                (weighed("X-FIGURE", shares[2]),),
                "direct",
            ),
            finding("HS3", shares[3]),
        ),
        rule_id=None if outcome == "allow" else rule_id,
        severity=severity,
        stage="reasoner",
        causes=("critic_veto",) if outcome == "review" else (),
        model_digest=model,
        depth="full",
        grades=tuple(g.model_copy(update={"reason": why}) for g in full.grades),
        chain=tuple(s.model_copy(update={"text": f"{chain} {s.text}"}) for s in full.chain),
        critiques=(
            critique.model_copy(
                update={
                    "score": shares[3],
                    "notes": (note,),
                    "criteria": tuple(c.model_copy(update={"name": criterion}) for c in critique.criteria),
                    "checks": tuple(c.model_copy(update={"name": check, "detail": check}) for c in critique.checks),
                }
            ),
        ),
        precedents=tuple(p.model_copy(update={"text": text}) for p in full.precedents),
        spent=full.spent,
    )
    edits = (
        (edit(made, edited, rule_id if edited != "allow" else None, severity, by=by, reason=reason),) if edited else ()
    )
    shown = explain(made, about, pack(), "user", edits)
    for internal in (*names, pack().digest, made.case_digest, "critic", "chain", "reasoner", "ranker", "threshold", "score",
                     "probab", "X-FIGURE", "direct", "HS3", "precedent", "tier", "severity", "HR2.v1", "credibility"):  # fmt: skip
        assert internal not in shown
    plain = shown
    for own in (
        *(c.text for c in pack().clauses.values()),
        THREAT,
        WORDS,
        rule_id,
        made.at.date().isoformat(),
        "2026-03-02",
    ):
        plain = plain.replace(own, "")
    assert not re.search(r"\d|%", plain)


def test_what_would_be_within_the_rules_is_the_policys_own_words() -> None:
    text = _notice(*threat())
    within = text.partition("What would have been within the rules\n")[2].partition("\n\n")[0].splitlines()[1:]
    exceptions: tuple[Clause, ...] = pack().exceptions_of(pack().by_id["HR2"])
    assert within == [f"- {c.text}" for c in exceptions]
