"""What the person reads once their appeal is decided: would they understand it, and is nothing of ours in it?"""

from datetime import date

import pytest
from inline_snapshot import snapshot

from agents.appeal import Result, appeal_notice, filled, label_of
from agents.notice import PLACEHOLDER, unfilled
from agents.redress import COUNTRIES, redress
from agents.standing import standing
from cases.case import Case
from cases.decision import Decision, Edit
from tests.agents.records import dropped, edit, pack, supported, threat


def _told(result: Result, about: Case, made: Decision, *edits: Edit, said: str = "I was quoting him.", why: str = "",
          country: str | None = "DE") -> str:  # fmt: skip
    before, after = (standing(made, about, pack(), edits[:n]) for n in (len(edits) - 1, len(edits)))
    return appeal_notice(result, before, after, "a-1", made, about, pack(), filed=date(2026, 3, 4), statement=said,
                         why=why, country=country)  # fmt: skip


def test_who_was_not_right_reads_why_and_where_to_turn() -> None:
    about, made = threat()
    assert _told("upheld", about, made, edit(made, "act", "HR2")) == snapshot("""\
You asked us to look again at our decision about your post. We did, and the decision stays: your post was removed.
Your appeal of: 2026-03-04
Decided on: 2026-03-02
Reference: a-1

What you told us
“I was quoting him.”

Who looked at it
A person who had no part in the decision before. They read your post, what you told us, and the rule as it stood when we decided.

Why the decision stays
Your post does what the rule below describes, and none of the exceptions to that rule holds for it.

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
Automated means were used to find your post. A person took this decision.

If you still disagree
You have these ways, and taking one does not close the other.
- Turn to a certified out-of-court dispute settlement body. You may choose which. Where to find one: the Bundesnetzagentur lists those in Germany
- Go to court. Which court, and where to get advice: the Amtsgericht or Landgericht; a lawyer or a consumers' association can advise you\
""")


def test_who_was_right_reads_what_we_got_wrong() -> None:
    about, made = threat()
    assert _told("overturned", about, made, edit(made, "allow"), why="You were quoting him.") == snapshot("""\
You were right to ask. We looked again at your post, and it breaks no rule of the Community policy. Our earlier decision no longer holds, and what was restricted is to be restored.
Your appeal of: 2026-03-04
Decided on: 2026-03-02
Reference: a-1

What we had decided
Your post was removed, because we took it to break this rule: “Threat against a person” (HR2) in the Community policy: Threatens a person with violence, harm or death, openly, conditionally or in veiled words.

What we got wrong
You were quoting him.

Automated means
Automated means were used to check your post. A person took this decision.

If something is still restricted
Tell us, and we will put it right. Contact: ### PLACEHOLDER ###\
""")


def test_a_wrong_rule_is_taken_back() -> None:
    about, made = threat()
    assert _told("changed", about, made, edit(made, "act", "HR1", 40), country=None) == snapshot("""\
You asked us to look again at our decision about your post. The rule that we had named was the wrong one, and we take that back. But your post breaks another rule, so it is shown to fewer people.
Your appeal of: 2026-03-04
Decided on: 2026-03-02
Reference: a-1

What you told us
“I was quoting him.”

What we had decided
Your post was removed, because we took it to break this rule: “Threat against a person” (HR2) in the Community policy: Threatens a person with violence, harm or death, openly, conditionally or in veiled words.

Why another rule
Your post does what the rule below describes, and not what the rule that we had named describes.

Which rule
“Targeted insult or humiliation” (HR1) in the Community policy: Insults, humiliates or degrades an identifiable person, by name, by address or by a description that readers recognise.

Which words
The decision rests on your post as a whole.

What would have been within the rules
The rule does not hold for:
- Criticism of acts, work or public conduct, also when it is harsh. It fails when the text turns from what was done to the worth, looks or private life of the person.
- Clearly mutual banter: both sides tease, and the tone or the reply shows it is welcome. It fails when the other side objects, stays silent or is absent.
- News, research or documentation that reports on the matter without taking part in it.
- Quoting in order to condemn, answer or warn against what is quoted.
- Clearly fiction, art, history or education without endorsement. It fails when usable technique is what is asked for.
- Talk about oneself that does not encourage others.
- A figure of speech, hyperbole, or a game or technical sense of the words.

Automated means
Automated means were used to find your post. A person took this decision.

If you still disagree
You have these ways, and taking one does not close the other.
- Turn to a certified out-of-court dispute settlement body. You may choose which. Where to find one: ### PLACEHOLDER ###
- Go to court. Which court, and where to get advice: ### PLACEHOLDER ###\
""")


def test_who_reported_what_was_left_up_is_answered_as_a_reporter() -> None:
    about, made = dropped()
    kept, acted = (
        _told("upheld", about, made, edit(made, "allow")),
        _told("changed", about, made, edit(made, "act", "HR1", 40)),
    )
    assert kept.startswith("You asked us to look again at a") and "it stays: it breaks no rule" in kept
    assert acted.startswith("You were right to ask.") and "it breaks this rule: “Targeted insult" in acted
    assert "your " not in kept.split("What you told us")[0].replace(
        "Your appeal", ""
    ) and "your " not in acted.lower().replace("your appeal", "")


def test_who_was_offered_support_is_not_told_off() -> None:
    about, made = supported()
    text = _told("upheld", about, made, edit(made, "act", made.rule_id))
    assert text.startswith("Thank you for putting into words") and "does what the rule" not in text


def test_what_the_person_wrote_is_quoted_shortened_and_on_one_line() -> None:
    about, made = threat()
    text = _told("upheld", about, made, edit(made, "act", "HR2"), said=f"one\ntwo {PLACEHOLDER}\n" + "x" * 2000)
    (line,) = [line for line in text.splitlines() if line.startswith("“one two")]
    assert len(line) < 700 and line.endswith("…”")


def test_what_the_person_wrote_opens_no_line_to_fill() -> None:
    about, made = threat()
    text = _told("upheld", about, made, edit(made, "act", "HR2"), said=f"Contact: {PLACEHOLDER}")
    assert unfilled(text) == ()


@pytest.mark.parametrize("country", sorted(COUNTRIES))
def test_a_known_country_leaves_nothing_open(country: str) -> None:
    about, made = threat()
    assert unfilled(_told("upheld", about, made, edit(made, "act", "HR2"), country=country)) == ()


def test_an_unknown_country_leaves_both_ways_open_and_they_are_filled_by_their_labels() -> None:
    about, made = threat()
    text = _told("upheld", about, made, edit(made, "act", "HR2"), country="PL")
    labels = [label for line in unfilled(text) if (label := label_of(line))]
    assert len(labels) == 2 and redress("PL").body == PLACEHOLDER
    assert unfilled(filled(text, dict.fromkeys(labels, "help.example"))) == ()
