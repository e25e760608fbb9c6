"""What came with the weights saves a first start its encoding, and changes no vector."""

import logging
from pathlib import Path

import numpy as np
import pytest

from agents.rulebook import write_rulebook
from policy_store.entry import entries
from policy_store.loader import load_pack, shipped_packs
from tools.encoder import OnnxEncoder
from tools.items import stored
from tools.prepared import Prepared, write


@pytest.fixture(scope="module")
def encoder() -> OnnxEncoder:
    return OnnxEncoder()


def unit(seed: int) -> np.ndarray:
    vector = np.random.default_rng(seed).normal(size=384).astype(np.float32)
    return stored(vector / np.linalg.norm(vector))


def test_every_text_of_the_shipped_policies_came_with_these_weights(encoder: OnnxEncoder) -> None:
    came = Prepared.open(encoder.digest)
    texts: list[str] = []

    def ask(asked: list[str]) -> np.ndarray:
        texts.extend(asked)
        return np.zeros((len(asked), 384), np.float32)

    for name in shipped_packs():
        pack = load_pack(name)
        write_rulebook(pack, ask)  # type: ignore[arg-type]
        texts += [entry.text for entry in entries(pack)]
    missing = set(texts) - set(came.vectors(texts))
    assert not missing, f"run python -m training.policies: {len(missing)} texts are new, such as {min(missing)!r}"
    assert len(came) == len(set(texts)), "run python -m training.policies: it holds texts that no policy has"


def test_a_vector_that_came_along_is_about_the_one_that_is_made_here(encoder: OnnxEncoder) -> None:
    texts = [entry.text for entry in entries(load_pack("community"))][::60]
    came = Prepared.open(encoder.digest).vectors(texts)
    for text, made in zip(texts, stored(encoder.encode(texts)), strict=True):
        # Kernels for int8 differ between kinds of processors, and so do vectors, slightly.
        assert float(came[text] @ made) > 0.98


def test_what_is_written_is_read_again_to_the_bit(tmp_path: Path) -> None:
    path, vectors = tmp_path / "policies.npz", {"a rule": unit(1), "naïve 🙂": unit(2)}
    write(path, "ab", vectors)
    found = Prepared.open("ab", path)
    assert len(found) == 2 and [*tmp_path.iterdir()] == [path]
    read = found.vectors(["naïve 🙂", "another rule", "a rule"])
    assert set(read) == set(vectors) and all(np.array_equal(read[t], vectors[t]) for t in vectors)


def test_vectors_of_other_weights_are_not_used(tmp_path: Path) -> None:
    path = tmp_path / "policies.npz"
    write(path, "ab", {"a rule": unit(1)})
    assert len(Prepared.open("cd", path)) == 0 == len(Prepared.open("ab", tmp_path / "missing.npz"))


@pytest.mark.parametrize("body", [b"", b"PK\x03\x04 nothing", b"\x93NUMPY"])
def test_a_damaged_file_gives_none_and_is_told_of(
    tmp_path: Path, body: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "policies.npz"
    path.write_bytes(body)
    with caplog.at_level(logging.WARNING, "precept.weights"):
        assert len(Prepared.open("ab", path)) == 0
    assert "reinstall" in caplog.text


def test_a_file_that_was_cut_off_gives_none(tmp_path: Path) -> None:
    path = tmp_path / "policies.npz"
    write(path, "ab", {"a rule": unit(1)})
    path.write_bytes(path.read_bytes()[:-40])
    assert len(Prepared.open("ab", path)) == 0
