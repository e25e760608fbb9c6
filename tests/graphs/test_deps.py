"""Vectors are kept by what was read, come in the order asked, and are the same warm and cold."""

from collections import OrderedDict
from dataclasses import replace

import numpy as np

from cases.view import View, views
from graphs.desk import Desk
from graphs.settings import Settings
from graphs.wiring import open_model
from tests.graphs.conftest import CAKE, THREAT, make_case


def test_a_case_is_encoded_once(desk: Desk) -> None:
    case = make_case("A text that no other test reads, on pears and plums.")
    before = desk.deps.encoded()
    first = desk.deps.vectors(case.digest, views(case).items)
    assert desk.deps.encoded() == before + 1
    again = replace(desk.deps, _recent=OrderedDict()).vectors(case.digest, views(case).items)
    assert desk.deps.encoded() == before + 1
    assert np.array_equal(first, again)


def test_another_way_of_reading_a_case_does_not_find_the_old_vectors(desk: Desk) -> None:
    case = make_case("A text that is read in two ways, once with and once without its end.")
    (whole,) = desk.deps.vectors(case.digest, views(case).items)
    (cut,) = desk.deps.vectors(
        case.digest, [View(text="A text that is read in two ways", part="text", start=0, end=31)]
    )
    assert not np.array_equal(whole, cut)


def test_vectors_come_in_the_order_asked_also_for_one_case_twice(desk: Desk) -> None:
    one, two = make_case(THREAT), make_case(CAKE)
    wanted = [(c.digest, views(c).items) for c in (one, two, one)]
    first, second, third = desk.deps.vectors_of(wanted)
    assert np.array_equal(first, third) and not np.array_equal(first, second)
    assert np.array_equal(desk.deps.vectors_of(wanted[::-1])[1], second)


def test_no_text_gives_no_scores(desk: Desk) -> None:
    assert desk.deps.score([]).shape == (0, len(desk.deps.book.rules))


def test_a_text_has_the_same_vector_alone_in_company_and_in_another_process_of_the_same_home(
    settings: Settings,
) -> None:
    with open_model(settings) as first, open_model(settings) as second:
        alone = first.encode([THREAT])[0]
        assert np.array_equal(second.encode([CAKE, THREAT, CAKE * 9])[1], alone)
        assert np.array_equal(first.encode_kept([THREAT])[0], alone)
        assert np.array_equal(second.encode_kept([THREAT])[0], alone)
        assert np.allclose(np.linalg.norm(alone), 1, atol=1e-3)


def test_encoding_nothing_gives_an_empty_matrix(settings: Settings) -> None:
    with open_model(settings) as model:
        assert model.encode([]).shape == model.encode_kept([]).shape == (0, 384)
