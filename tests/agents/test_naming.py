"""What a text is like among known rules, heard only by rules that state the same."""

import numpy as np
import pytest

from agents.naming import ALIKE, FLOOR, Naming, hearing
from agents.ranker import compared, nearest, rank_views
from agents.rulebook import FEATURES
from agents.vectors import Floats, Vectors
from tests.agents.bench import calibration, rulebook
from tests.policy_store.small_pack import WIDTH, bag_of_words


def unit(rows: int, seed: int) -> Vectors:
    raw = np.random.default_rng(seed).normal(size=(rows, 16)).astype(np.float32)
    return np.asarray(raw / np.linalg.norm(raw, axis=1, keepdims=True), np.float32)


LAWS = unit(5, 1)
NAMING = Naming.pack(("A1", "A2", "B1", "B2", "C1"), LAWS, 9 * unit(5, 2), [0.1, 0.2, 0.0, -0.1, 0.3])


def heard(texts: Vectors, statements: Vectors, naming: Naming = NAMING) -> Floats:
    return hearing(statements, naming.laws).of(naming.log_shares(texts))


def test_a_rule_that_states_what_a_known_one_states_hears_its_whole_share() -> None:
    texts = unit(7, 3)
    assert hearing(LAWS[[3, 0]], NAMING.laws).share == pytest.approx([1.0, 1.0])
    assert heard(texts, LAWS[[3, 0]]) == pytest.approx(NAMING.log_shares(texts)[:, [3, 0]], abs=1e-6)


def test_shares_of_all_known_rules_add_to_one() -> None:
    shares = NAMING.log_shares(unit(7, 3))
    assert np.exp(shares[(shares > FLOOR).all(1)]).sum(1) == pytest.approx(1.0)


def test_a_rule_like_no_known_one_hears_nothing() -> None:
    foreign = unit(3, 99)
    assert (foreign @ LAWS.T).max() < ALIKE
    assert not hearing(foreign, NAMING.laws).share.any()


def test_the_more_a_statement_is_changed_the_less_it_hears() -> None:
    away = unit(1, 98)[0]
    mixed = np.stack([LAWS[2] * (1 - a) + away * a for a in (0.0, 0.1, 0.2, 0.6)])
    mixed /= np.linalg.norm(mixed, axis=1, keepdims=True)
    share = hearing(mixed, NAMING.laws).share
    assert list(share) == sorted(share, reverse=True) and 1 > share[1] > share[-1] == 0.0


def test_a_row_reads_the_same_alone_and_among_others_and_after_a_journey_through_json() -> None:
    texts, again = unit(30, 4), Naming.model_validate_json(NAMING.model_dump_json())
    alone = np.concatenate([heard(t[None], LAWS, again) for t in texts])
    assert np.abs(alone - heard(texts, LAWS)).max() < 1e-12


def test_rows_that_do_not_fit_together_are_refused() -> None:
    with pytest.raises(ValueError, match="one row a rule"):
        Naming.pack(("A1",), LAWS, LAWS, [0.0])


def test_the_ranker_hears_the_naming_beside_what_it_compares() -> None:
    book, plain = rulebook(), calibration()
    lines = np.zeros((len(book.rules), WIDTH), np.float32)
    texts = bag_of_words(["a lemon cake for the party"])
    lines[book.index["SC1"]] = 20 * texts[0]
    naming = Naming.pack([r.id for r in book.rules], book.statements, lines, np.zeros(len(book.rules)))
    aware = plain.fine["P2"].model_copy(update={"weights": (*plain.fine["P2"].weights, 1.0)})
    named = plain.model_copy(update={"naming": naming, "heard": {"P2": aware}})
    assert compared(book, texts, named).shape == (1, len(book.rules), len(FEATURES) + 1)
    assert book.rules[int(rank_views(book, texts, named).argmax())].id == "SC1"
    assert nearest(book, texts, named, {"SC1", "VI1", "VI2"})[0] == "SC1"
    assert nearest(book, texts, named, {"VI1", "VI2"})[0] in ("VI1", "VI2")


def test_a_case_without_views_is_near_nothing() -> None:
    assert nearest(rulebook(), bag_of_words(["x"])[:0], calibration(), {"VI1"}) == ()
