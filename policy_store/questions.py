"""The questions that public sets ask, as rules in plain words. A set's label answers its own question and no other.

Training reads a set under its question, and the evals judge it by the same words, as `precept policy try` would.
"""

QUESTIONS: dict[str, str] = {
    "edos_sexism": "Sexism: abuse, threats, demeaning stereotypes, hostility or denial of equality directed at women "
    "because they are women.",
    "toxic_spans_semeval2021": "Toxic words: insults, threats, slurs and swearing at people in a comment.",
    "hatexplain": "Hate speech: attacks, slurs or contempt for people because of race, religion, origin, gender or "
    "orientation.",
    "davidson_hate_offensive": "Hate speech: language that expresses hatred of a group or is meant to be derogatory "
    "to its members.",
    "hatemoji_build": "Hate, in words or emoji, against a protected group or its members.",
    "stormfront_hate": "Hate: a deliberate attack on a group of people because of what they are.",
    "surge_toxicity": "Toxic comment: insulting, hostile or degrading to the people it speaks of.",
    "toxigen_demonstrations": "Implicit hate: a sentence that spreads a hostile stereotype of a minority.",
}
