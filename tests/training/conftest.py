"""A checkpoint of the shipped shape, made on the spot."""

import json
from itertools import count
from pathlib import Path
from string import ascii_lowercase

import pytest


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a checkpoint of the shipped shape with a vocabulary of letters and random weights."""
    torch = pytest.importorskip("torch")
    pytest.importorskip("transformers")
    from transformers import BertConfig, BertModel, BertTokenizerFast

    folder = tmp_path_factory.mktemp("base")
    signs = [*ascii_lowercase, *"0123456789", *".,:;-'"]
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *signs, *(f"##{s}" for s in signs)]
    torch.manual_seed(1)
    from training.network import HEADS, WIDTH

    config = BertConfig(
        vocab_size=len(words), hidden_size=WIDTH, num_attention_heads=HEADS, num_hidden_layers=6,
        intermediate_size=64, max_position_embeddings=160, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
        initializer_range=0.2,
    )  # fmt: skip
    BertModel(config).save_pretrained(folder)
    BertTokenizerFast(vocab=dict(zip(words, count(), strict=False))).save_pretrained(folder)
    assert json.loads((folder / "config.json").read_text())["hidden_size"] == WIDTH
    return folder
