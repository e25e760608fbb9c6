"""A rulebook keeps every row with its rule, and the arithmetic on vectors stays in range."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from agents.rulebook import FEATURES, brief_text, judging, statement_text, write_rulebook
from agents.vectors import logit, sigmoid, top_mean
from policy_store.loader import load_pack
from tests.agents.bench import rulebook
from tests.policy_store.small_pack import bag_of_words, small_pack


def test_rows_belong_to_the_rules_that_they_were_made_from() -> None:
    book = write_rulebook(load_pack("community"), bag_of_words)
    for i, rule in enumerate(book.rules):
        assert np.array_equal(book.statements[i], bag_of_words([statement_text(rule)])[0])
        assert np.array_equal(book.briefs[i], bag_of_words([brief_text(rule)])[0])
        texts = (
            (book.clauses, book.clause_columns, [c.text for c in rule.includes]),
            (book.violating, book.violating_columns, [e.text for e in rule.examples.violating]),
            (book.allowed, book.allowed_columns, [e.text for e in rule.examples.allowed]),
            (book.exceptions, book.exception_columns, [c.text for c in book.pack.exceptions_of(rule)]),
        )
        for matrix, columns, expected in texts:
            assert np.array_equal(matrix[columns[i]], bag_of_words(expected))
        values = [v.text for a in rule.attributes for v in a.values]
        assert np.array_equal(book.value_vectors(rule), bag_of_words(values))


def test_modifiers_drafts_and_retired_rules_do_not_judge() -> None:
    assert {r.id for r in small_pack().rules} - {r.id for r in judging(small_pack())} == {"VI6", "VI7", "VI8"}


def test_features_are_cosines_one_set_for_each_rule() -> None:
    book = rulebook()
    found = book.features(bag_of_words(["i will break your legs", "a lemon cake"]))
    assert found.shape == (2, len(book.rules), len(FEATURES))
    assert np.all(np.abs(found) <= 1 + 1e-6)
    assert found[0, :, FEATURES.index("violating")].argmax() == book.index["VI2"]


@given(st.floats(-700, 700))
def test_a_logit_undoes_a_sigmoid_within_its_range(x: float) -> None:
    assert abs(float(logit(sigmoid(np.array([x])))[0]) - np.clip(x, -13.8155, 13.8155)) < 1e-3


def test_the_mean_of_the_nearest_ignores_the_rest_and_an_empty_group() -> None:
    near = np.array([[0.1, 0.9, 0.5, 0.3]])
    assert np.allclose(
        top_mean(near, [np.array([0, 1, 2]), np.array([3]), np.array([], np.intp)], 2), [[0.7, 0.3, -1.0]]
    )
