"""The shipped weights: one text, one vector, whatever stands beside it, and nothing left unread."""

import numpy as np
import pytest

from cases.case import Case, Part
from cases.view import views
from tools.encoder import MAX_TOKENS, WIDTH, OnnxEncoder

TEXTS = ["a plain sentence", "keep talking and see what happens to you", "x", "", "🔥🔥🔥", "word " * 400]


@pytest.fixture(scope="module")
def encoder() -> OnnxEncoder:
    return OnnxEncoder()


def test_vectors_have_unit_length_in_the_order_of_the_texts(encoder: OnnxEncoder) -> None:
    vectors = encoder.encode(TEXTS)
    assert vectors.shape == (len(TEXTS), WIDTH)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-3)
    assert np.array_equal(vectors[1], encoder.encode([TEXTS[1]])[0])


def test_company_and_order_change_no_vector(encoder: OnnxEncoder) -> None:
    assert np.array_equal(encoder.encode(TEXTS[::-1])[::-1], encoder.encode(TEXTS))


def test_no_text_at_all_gives_no_vector(encoder: OnnxEncoder) -> None:
    assert encoder.encode([]).shape == (0, WIDTH)


def test_weights_that_are_missing_are_named(tmp_path) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(FileNotFoundError, match="gone.onnx.*missing"):
        OnnxEncoder(tmp_path / "gone.onnx")


@pytest.mark.parametrize("filler", ["x9#q" * 60, "🔥" * 300, "zq7 " * 200, "!?" * 200, "Kindness. " * 90])
def test_every_part_of_a_text_is_read_by_a_view_that_fits_the_encoder(encoder: OnnxEncoder, filler: str) -> None:
    text = f"{filler} I will find you. {filler}"
    tokenizer = encoder.tokenizer
    tokenizer.no_truncation()
    case = Case(id="c", parts=(Part(id="text", kind="text", text=text),))
    fits = [v for v in views(case).items if len(tokenizer.encode(v.text).ids) <= MAX_TOKENS]
    tokenizer.enable_truncation(MAX_TOKENS)
    covered = {i for v in fits for i in range(v.start, v.end)}
    assert all(i in covered for i, ch in enumerate(text) if ch.isalnum())
