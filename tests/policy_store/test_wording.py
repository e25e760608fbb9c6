"""Word-level spans between two texts."""

import doctest

from hypothesis import given
from hypothesis import strategies as st

import policy_store.wording
from policy_store.wording import spans

sentences = st.text("ab .,-\n", max_size=40) | st.text(max_size=20)


def test_the_example_in_the_docs_holds() -> None:
    assert doctest.testmod(policy_store.wording).attempted == 1
    assert doctest.testmod(policy_store.wording).failed == 0


def test_a_run_of_changed_words_is_one_change() -> None:
    assert spans("kill or maim somebody", "hurt and wound somebody.") == (
        ("delete", "kill or maim"), ("insert", "hurt and wound"), ("equal", " somebody"), ("insert", "."),
    )  # fmt: skip


def test_the_same_text_is_one_equal_span() -> None:
    assert spans("a b", "a b") == (("equal", "a b"),)
    assert spans("", "") == ()


@given(old=sentences, new=sentences)
def test_the_spans_join_to_both_texts(old: str, new: str) -> None:
    found = spans(old, new)
    assert "".join(text for op, text in found if op != "insert") == old
    assert "".join(text for op, text in found if op != "delete") == new
    assert all(text for _, text in found)
    assert all(one[0] != two[0] for one, two in zip(found, found[1:], strict=False))
