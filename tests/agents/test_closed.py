"""Yes-or-no questions and multiple choice: the first letter is the answer."""

import pytest

from agents.questions import answer
from tests.agents.records import doubtful, dropped, edit, excepted, pack, supported, threat


def _ask(question: str, build, *edits):
    about, made = build()
    return answer(question, made, about, pack(), tuple(e(made) for e in edits))


@pytest.mark.parametrize(
    ("build", "question", "letter"),
    [
        (threat, "does it threaten a person?", "Y"),
        (threat, "Is HR2 broken?", "Y"),
        (threat, "Does this violate hs3?", "N"),
        (threat, "is it hate speech?", "N"),
        (threat, "is it phishing", "N"),
        (threat, "is it a joke?", "N"),
        (threat, "Is it satire", "N"),
        (threat, "is it meant seriously?", "Y"),
        (threat, "was it removed?", "Y"),
        (threat, "does it break the rules?", "Y"),
        (threat, "is it allowed?", "N"),
        (threat, "is it still in review?", "N"),
        (threat, "was a person involved?", "N"),
        (threat, "was this automated?", "Y"),
        (threat, "is the severity above 50?", "Y"),
        (threat, "is the severity at least 83?", "N"),
        (threat, "is it critical?", "Y"),
        (threat, "is it credible?", "Y"),
        (threat, 'does it say "BAT"?', "Y"),
        (threat, "does it contain “gun”?", "N"),
        (threat, "does X-FIGURE apply?", "N"),
        (threat, "is HR99 broken?", "N"),
        (excepted, "does X-REPORT apply?", "Y"),
        (excepted, "is it a news report?", "Y"),
        (excepted, "does it threaten a person?", "N"),
        (excepted, "is it allowed?", "Y"),
        (doubtful, "does it threaten a person?", "Y"),
        (doubtful, "has somebody decided?", "N"),
        (doubtful, "is it waiting for review?", "Y"),
        (doubtful, "is it allowed?", "N"),
        (supported, "is it about suicidal intent?", "Y"),
        (supported, "was it removed?", "N"),
        (supported, "is it about the author himself?", "Y"),
        (dropped, "does it break a rule?", "N"),
        (dropped, "is it a threat?", "N"),
        (dropped, "is it allowed", "Y"),
    ],
)
def test_the_first_letter_is_yes_or_no(build, question: str, letter: str) -> None:
    reply = _ask(question, build)
    assert (reply.kind, reply.text[0]) == ("yes_no", letter), reply.text


def test_a_yes_quotes_the_words_and_cites_the_rule() -> None:
    reply = _ask("does it threaten a person?", threat)
    assert reply.text == (
        "Yes: HR2 (Threat against a person) is broken, found at 0.93. “I will be at your stop tonight with a bat.” (text "
        "61-103). HR2: “Threatens a person with violence, harm or death, openly, conditionally or in veiled words.”"
    )
    assert [c.clause_id for c in reply.citations] == ["HR2"]


def test_quoted_words_are_shown_where_they_stand() -> None:
    about, _ = threat()
    (found,) = _ask('does it say "WITH A BAT"?', threat).evidence
    assert about.part(found.part).text[found.start : found.end] == found.quote == "with a bat"


@pytest.mark.parametrize(
    ("person", "question", "letter"),
    [
        (lambda m: edit(m, "allow"), "is HR2 broken?", "N"),
        (lambda m: edit(m, "allow"), "is it allowed?", "Y"),
        (lambda m: edit(m, "allow"), "was a moderator involved?", "Y"),
        (lambda m: edit(m, "act", "HR1", 20), "is HR1 broken?", "Y"),
        (lambda m: edit(m, "act", "HR1", 20), "is HR2 broken?", "N"),
        (lambda m: edit(m, "act", "HR1", 20), "was it removed?", "N"),
    ],
)
def test_what_a_person_decided_is_the_answer(person, question: str, letter: str) -> None:
    assert _ask(question, threat, person).text[0] == letter


@pytest.mark.parametrize("question", ["is it raining?", "does the author have a dog?", "is it credible?"])
def test_what_the_record_does_not_hold_is_not_guessed(question: str) -> None:
    reply = _ask(question, dropped)
    assert reply.kind == "unknown" and reply.text[0] not in "YNABCD"


@pytest.mark.parametrize(
    ("build", "question", "letter"),
    [
        (threat, "Which rule? A) HR1 B) HR2 C) none", "B"),
        (threat, "which rule? a) hs3 b) none of these c) hr 2", "C"),
        (threat, "Which rule is it not? A) HR2 B) SC3", "B"),
        (threat, "What is it? A) spam B) a threat against a person C) phishing", "B"),
        (threat, "Outcome? A) allow B) act C) review", "B"),
        (threat, "How severe? A) low B) medium C) high D) critical", "D"),
        (threat, "How is it said? (A) as a joke (B) it is meant seriously (C) as news", "B"),
        (excepted, "Which rule? A) HR1 B) HR2 C) none", "C"),
        (excepted, "Outcome? A) it is removed B) it is allowed", "B"),
        (doubtful, "Which rule? A) HS3 B) HR2 C) none", "B"),
        (doubtful, "Outcome? A) allow B) act C) review", "C"),
        (dropped, "Which rule? A) HR1 B) HR2 C) no rule", "C"),
    ],
)
def test_the_first_letter_is_the_choice(build, question: str, letter: str) -> None:
    reply = _ask(question, build)
    assert (reply.kind, reply.text[:2]) == ("choice", f"{letter})"), reply.text


def test_a_choice_cites_and_quotes() -> None:
    reply = _ask("A) HR1 B) HR2", threat)
    assert reply.text.startswith(
        "B) HR2: the record speaks for it at 1.00 (others: A 0.09). It rests on “I will be at your stop"
    )
    assert reply.citations[0].clause_id == "HR2" and reply.evidence


def test_a_choice_among_things_the_record_does_not_know_is_not_made() -> None:
    assert _ask("A) blue B) green", threat).kind == "unknown"


def test_a_person_settles_a_choice() -> None:
    person = lambda made: edit(made, "act", "HR1", 20)  # noqa: E731
    assert _ask("A) HR1 B) HR2 C) none", threat, person).text[0] == "A"
    assert _ask("A) HR1 B) HR2 C) none", threat, lambda m: edit(m, "allow")).text[0] == "C"
