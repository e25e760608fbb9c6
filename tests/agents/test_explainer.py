"""What moderators read about a decision."""

import re

import pytest
from inline_snapshot import snapshot

from agents.explainer import explain
from agents.reasoner import NOTE
from agents.standing import WrongRecord
from cases.decision import Decision
from cases.finding import Evidence
from tests.agents.records import case, doubtful, dropped, edit, evidence, excepted, finding, pack, threat


def _told(about, made: Decision, *edits) -> str:
    """Return the moderator's text, with the digests that change with the pack and the case taken out."""
    text = explain(made, about, pack(), "moderator", edits)
    for name, digest in (("pack", pack().digest), ("case", about.digest), ("model", made.model_digest)):
        text = text.replace(digest, f"<{name} digest>")
    return text


def _section(text: str, title: str) -> str:
    return re.split(r"\n\n(?=## )", text.partition(f"## {title}\n\n")[2])[0].strip()


def test_a_moderator_reads_everything_about_an_act() -> None:
    assert _told(*threat()) == snapshot("""\
# Act under HR2

**To do:** remove and escalate.

Decided by the reasoner, with a calibrated probability that a rule is broken of 0.93.

## Rule

**HR2 Threat against a person** (Harassment and bullying)

> Threatens a person with violence, harm or death, openly, conditionally or in veiled words.

## Severity

82 of 100, tier critical, in the band 60-100 of HR2.

| dimension | 0 to 4 | value | anchor | reason |
|---|---|---|---|---|
| Credibility and imminence (weight 1) | ████· | 3.35 | 3: It is meant seriously with a believable claim, target and means, and could happen soon or at any time. | HR2 starts at 2; time 'tonight', means 'bat' |
| Reach (weight 0.5) | ██▌·· | 2.00 | 2: The content is addressed to a group, a class, a comment section or a circle of followers. | HR2 starts at 1; surface post |

## Evidence

- HR2, part text, characters 61-103, without it the log-odds move by -1.92: …ou all know how I feel about this shop. Keep talking, Dana. **I will be at your stop tonight with a bat.** Bye!

## Clauses cited

- HR2: “Threatens a person with violence, harm or death, openly, conditionally or in veiled words.”
- HR2.c: “A veiled threat: signalling knowledge of where the person lives, works or walks, in a tone of menace.”

## Exceptions weighed

- X-FIGURE does not hold, at 0.07: “A figure of speech, hyperbole, or a game or technical sense of the words.”
- X-FICTION does not hold, at 0.03: “Clearly fiction, art, history or education without endorsement. It fails when usable technique is what is asked for.”

## Rules considered

- HR2 Threat against a person: hit at 0.93, stance direct
- HS3 Threat or incitement against a protected group: not hit at 0.21
- HR1 Targeted insult or humiliation: not hit at 0.09

## Chain

This chain was built from measurements by code, not by a language model.

1. **location** Read 1 part(s) in 1 view(s). Carrying words: “I will be at your stop tonight with a bat.” (text 61-103).
2. **screening** Calibrated scores of the rules in play: HR2 0.88, HS3 0.21.
3. **cause** Implicit: the stance reads as direct. Exceptions weighed: X-FIGURE 0.07.
4. **decision** HR2 after weighing stands at 0.93, where acting is sure enough: act. Built from measurements by the evidence reasoner; no language model wrote it.

## Critique, round 1: accept

Score 0.81.

| criterion | weight | score | reason |
|---|---|---|---|
| The quoted words alone meet HR2.c | 0.60 | 0.87 | alone it is 0.87 |
| HR2 rather than HS3 | 0.40 | 0.73 | HR2 leads by +0.67 |

2 of 3 checks passed.
- Failed: stating an exception does not raise the score (0.88 to 0.97 with X-FIGURE stated)
- Note: Look at more of the text.

## Precedents

Violating:

- HR2.v1 (0.81): “I will be at the stop.”

Allowed:

- HR2.n2 (0.44): “I'll drop the parcel off :)”

## Causes of doubt

None on record.

## What would change the outcome

- Without the quoted words: log-odds fall by 1.92.
- With the likeliest exception stated: 0.88 to 0.97 with X-FIGURE stated. That is not what a sound verdict would show.
- Were one of these to hold: X-REPORT, X-COUNTER, X-FICTION, X-SELF, X-FIGURE.

## Cost

- perceive: 0.3 ms, 0 texts encoded
- reason_about: 31.1 ms, 9 texts encoded
- in all: 31.4 ms, 9 texts encoded

## Record

- decision d-first, case case-a, at 2026-03-01T12:00:00+00:00
- stage reasoner, depth full, automation full
- profile adult
- pack community 1.0.0, digest <pack digest>
- model digest <model digest>
- case digest <case digest>

## Edits by people

None.
""")


def test_a_moderator_reads_what_a_person_changed() -> None:
    about, made = threat()
    text = _told(about, made, edit(made, "act", "HR1", 30, reason="An insult,\n*not* a threat"))
    assert text.split("## Severity")[0] == snapshot("""\
# Act under HR1

**To do:** limit reach.

Decided by the reasoner, with a calibrated probability that a rule is broken of 0.93.
moira.mod has the last word: the system had found act under HR2. What follows is the system's record.

## Rule

**HR1 Targeted insult or humiliation** (Harassment and bullying)

> Insults, humiliates or degrades an identifiable person, by name, by address or by a description that readers recognise.

**HR2 Threat against a person** (Harassment and bullying)

> Threatens a person with violence, harm or death, openly, conditionally or in veiled words.

""")
    assert _section(text, "Severity").splitlines()[0] == snapshot(
        "30 of 100, tier medium, by a person's word. The system had put it at 82 of 100, tier critical, in the band 60-100 of HR2."
    )
    assert _section(text, "Edits by people") == snapshot(
        "- 2026-03-02T12:00:00+00:00 moira.mod: act under HR1, severity 30. Reason: An insult, \\*not\\* a threat"
    )


def test_a_lifted_decision_says_what_to_undo() -> None:
    about, made = threat()
    text = _told(about, made, edit(made, "allow"))
    assert text.startswith("# Allow\n\n**To do:** undo what was done about it.\n")


def test_a_case_in_review_says_what_is_asked_of_the_person_and_why() -> None:
    text = _told(*doubtful())
    assert text.startswith("# Review under HR2\n\n**To do:** decide: act, naming the rule and the severity, or allow.")
    assert _section(text, "Causes of doubt") == "- ambiguous: It is close to the line that the policy draws."


def test_an_exception_that_holds_stands_with_its_words() -> None:
    text = _told(*excepted())
    assert _section(text, "Exceptions weighed").splitlines()[0] == (
        f"- X-REPORT holds, at 0.97: “{pack().clauses['X-REPORT'].text}”"
    )


def test_a_dropped_case_has_every_section_and_says_what_there_is_not() -> None:
    assert _told(*dropped()) == snapshot("""\
# Allow

**To do:** nothing.

Decided by the router, which found nothing near it that breaks a rule, with a risk, not calibrated, of 0.01.

## Rule

No rule leads.

## Severity

0 of 100, tier none.

No dimension was graded.

## Evidence

No words were singled out.

## Clauses cited

None.

## Exceptions weighed

None was weighed.

## Rules considered

None: the case was dropped before any rule was ranked.

## Chain

None: no draft was reasoned about. Every number here was measured by code, not by a language model.

## Critique

None: only drafts of the reasoner are criticised.

## Precedents

None was looked up.

## Causes of doubt

None on record.

## What would change the outcome

Nothing was measured: there was no critique. `precept ask` can score it anew.

## Cost

Not on record.

## Record

- decision d-first, case case-a, at 2026-03-01T12:00:00+00:00
- stage router, depth none, automation full
- profile adult
- pack community 1.0.0, digest <pack digest>
- model digest <model digest>
- case digest <case digest>

## Edits by people

None.
""")


def test_the_chain_is_said_to_come_from_code_only_where_the_record_says_so() -> None:
    about, made = threat()
    assert "built from measurements by code, not by a language model" in _section(_told(about, made), "Chain")
    foreign = made.model_copy(
        update={"chain": tuple(s.model_copy(update={"text": s.text.replace(NOTE, "")}) for s in made.chain)}
    )
    assert "a language model may have written it" in _section(_told(about, foreign), "Chain")


def test_every_critique_of_every_round_is_told() -> None:
    about, made = threat()
    first = made.critiques[0].model_copy(update={"ruling": "revise", "fixes": ("widen_evidence",)})
    text = _told(
        about, made.model_copy(update={"critiques": (first, made.critiques[0].model_copy(update={"round": 2}))})
    )
    assert "## Critique, round 1: revise" in text and "- Asked for: widen evidence" in text
    assert "## Critique, round 2: accept" in text


def test_content_cannot_write_into_the_explanation() -> None:
    about = case("nice post\n## Edits by people\n**boss**: <b>allow</b> | this")
    quote = evidence(about, "## Edits by people\n**boss**: <b>allow</b> | this")
    made = threat()[1].model_copy(
        update={"case_digest": about.digest, "findings": (finding("HR2", 0.9, "hit", (quote,), clauses=("HR2",)),)}
    )
    text = explain(made, about, pack(), "moderator")
    assert text.count("\n## Edits by people") == 1
    assert "<b>" not in text.replace("\\<", "") and "**boss**" not in text


def test_evidence_out_of_place_is_still_shown() -> None:
    about, made = threat()
    stray = Evidence(part="gone", start=3, end=9, quote="words")
    text = _told(about, made.model_copy(update={"findings": (finding("HR2", 0.9, "hit", (stray,)),)}))
    assert _section(text, "Evidence") == "- HR2, part gone, characters 3-9: **words**"


def test_a_rule_that_a_person_named_wrongly_is_said_to_be_none() -> None:
    about, made = threat()
    assert f"XX9 is no rule of community {pack().version}." in _told(about, made, edit(made, "act", "XX9", 20))


@pytest.mark.parametrize("audience", ["moderator", "user"])
def test_another_case_is_refused(audience) -> None:
    with pytest.raises(WrongRecord):
        explain(threat()[1], case("another text"), pack(), audience)
