"""Scoring a case again with something changed."""

from collections.abc import Mapping, Sequence

import pytest

from agents.whatif import changes, masked, scored, texts
from cases.case import Case, Part
from cases.finding import Evidence
from tests.agents.records import WORDS, case, evidence, pack


class ByWords:
    """Scores a text by the words in it, and keeps what it was given."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def __call__(self, given: Sequence[str]) -> Sequence[Mapping[str, float]]:
        self.seen += given
        return [self._one(t) for t in given]

    def _one(self, text: str) -> Mapping[str, float]:
        threat = 0.9 if "with a bat" in text else 0.6 if "Dana" in text else 0.1
        return {"HR2": threat / 2 if text.startswith("A figure of speech") else threat, "HR1": 0.3}


def test_each_change_is_measured_and_the_strongest_stands_first() -> None:
    about = case()
    found = changes(
        about,
        "HR2",
        (evidence(about, WORDS), evidence(about, "Dana")),
        (pack().clauses["X-FIGURE"],),
        ByWords(),
    )
    assert [(c.what, c.before, c.after, c.leader) for c in found] == [
        ("without all of these words", 0.9, 0.1, "HR1"),
        ("with X-FIGURE stated", 0.9, 0.45, "HR2"),
        (f"without “{WORDS}”", 0.9, 0.6, "HR2"),
        ("without “Dana”", 0.9, 0.9, "HR2"),
    ]


def test_everything_is_scored_in_one_call() -> None:
    calls: list[int] = []

    def rescore(given: Sequence[str]) -> Sequence[Mapping[str, float]]:
        calls.append(len(given))
        return [{"HR2": 0.5}] * len(given)

    about = case()
    changes(about, "HR2", (evidence(about, WORDS),), (), rescore)
    assert calls == [2]


def test_masking_touches_the_part_that_is_meant_and_nothing_else() -> None:
    about = Case(
        id="c", parts=(Part(id="title", kind="title", text="a bat"), Part(id="text", kind="text", text="a bat here"))
    )
    one = evidence(about, "a bat here").model_copy(update={"end": 5, "quote": "a bat"})
    assert [p.text for p in masked(about, (one,)).parts] == ["a bat", "… here"]


def test_spans_of_a_part_are_masked_together_without_shifting_each_other() -> None:
    about = case("one two three")
    spans = (evidence(about, "one"), evidence(about, "three"))
    assert masked(about, spans).parts[0].text == "… two …"


def test_a_long_case_is_read_in_its_windows_and_the_likeliest_counts() -> None:
    about = case(WORDS + " word" * 300)
    assert len(texts(about)) > 1
    assert scored([texts(about)], ByWords())[0]["HR2"] == 0.9


def test_a_scorer_that_drops_a_text_is_found_out() -> None:
    with pytest.raises(ValueError, match="rescore gave 0 scores for 1 texts; it must give one each, in order"):
        scored([["a"]], lambda given: [])


def test_a_masked_case_has_a_digest_of_its_own() -> None:
    whole = Case(id="c", parts=(Part(id="text", kind="text", text="you fool"),))
    before = whole.digest
    assert masked(whole, [Evidence(part="text", start=4, end=8, quote="fool")]).digest != before
