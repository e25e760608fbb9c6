"""Exceptions are weighed rule by rule, likeliest first, on words, examples and stance."""

import numpy as np

from agents.exceptions import STANCE_OF, features, weigh
from agents.rulebook import write_rulebook
from cases.finding import STANCES
from policy_store.loader import load_pack
from policy_store.rule import Example
from tests.agents.bench import calibration, rulebook, small
from tests.policy_store.small_pack import bag_of_words

EVEN = np.full(len(STANCES), 1 / len(STANCES))


def test_every_exception_of_the_rule_is_weighed_likeliest_first() -> None:
    book = rulebook()
    rule = book.rules[0]
    found = weigh(book, rule, bag_of_words(["burn it"])[0], EVEN, calibration())
    assert {w.exception_id for w in found} == {c.id for c in book.pack.exceptions_of(rule)}
    assert [w.probability for w in found] == sorted((w.probability for w in found), reverse=True)
    assert all(w.quote == book.pack.clauses[w.exception_id].text for w in found)


def test_words_of_the_exception_make_it_likelier() -> None:
    book = rulebook()
    near, far = bag_of_words(["news or research that reports on the matter", "burn the town hall tonight"])
    weights = [weigh(book, book.rules[0], v, EVEN, calibration())[0].probability for v in (near, far)]
    assert weights[0] > weights[1]


def test_an_example_that_it_saves_makes_it_likelier() -> None:
    pack = small()
    rule = pack.rules[0]
    saved = Example(id="VI1.n9", text="the paper tells of the burnt hall", exception="X-REPORT")
    allowed = (*rule.examples.allowed, saved)
    taught = rule.model_copy(update={"examples": rule.examples.model_copy(update={"allowed": allowed})})
    vector = bag_of_words(["the paper tells of the burnt hall"])[0]
    before = features(write_rulebook(pack, bag_of_words), rule, vector, EVEN)
    after = features(write_rulebook(pack, bag_of_words, [taught]), taught, vector, EVEN)
    assert before[0, 2] == 0.0 and after[0, 2] > 0.99


def test_the_stance_counts_for_the_exceptions_that_are_about_how_something_is_said() -> None:
    book = rulebook()
    vector = bag_of_words(["the hall burnt"])[0]
    report = np.zeros(len(STANCES))
    report[STANCES.index("report")] = 1.0
    assert features(book, book.rules[0], vector, report)[0, 4] == 1.0
    assert features(book, book.rules[0], vector, np.zeros(len(STANCES)))[0, 4] == 0.0


def test_every_common_exception_of_the_shipped_pack_has_its_stances() -> None:
    assert {c.id for c in load_pack("community").exceptions} == set(STANCE_OF)
    assert {s for stances in STANCE_OF.values() for s in stances} <= set(STANCES)
