"""Tiny image-text encoders with random weights, made on the spot in the form that `transformers` loads."""

from pathlib import Path
from typing import Any, Literal

SIDE, PATCH = 32, 8
WORDS = ("a", "photo", "of", "money", "lamp", "weapon", "kind", "words", "in", "the", "picture")


def made(folder: Path, kind: Literal["clip", "siglip"] = "clip", seed: int = 0) -> Path:
    """Write a model of about ten thousand weights; return its folder. Needs torch and transformers."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import (
        CLIPConfig,
        CLIPImageProcessor,
        CLIPModel,
        PreTrainedTokenizerFast,
        SiglipConfig,
        SiglipModel,
    )

    marks = ["<pad>", "<unk>", "<start>", "<end>"]
    tokenizer = Tokenizer(models.WordLevel({w: n for n, w in enumerate((*marks, *WORDS))}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<start> $A <end>", special_tokens=[("<start>", 2), ("<end>", 3)]
    )
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", unk_token="<unk>", bos_token="<start>", eos_token="<end>"
    ).save_pretrained(folder)
    size: dict[str, Any] = {
        "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2,
    }  # fmt: skip
    text = size | {
        "vocab_size": len(marks) + len(WORDS), "max_position_embeddings": 12, "bos_token_id": 2, "eos_token_id": 3,
        "pad_token_id": 0, "projection_size": 16,
    }  # fmt: skip
    vision = size | {"image_size": SIDE, "patch_size": PATCH}
    torch.manual_seed(seed)
    model: Any
    if kind == "clip":
        model = CLIPModel(CLIPConfig(text_config=text, vision_config=vision, projection_dim=16))
    else:
        model = SiglipModel(SiglipConfig(text_config=text, vision_config=vision))
    model.save_pretrained(folder)
    CLIPImageProcessor(image_mean=[0.5, 0.4, 0.3], image_std=[0.3, 0.3, 0.2]).save_pretrained(folder)
    return folder
