"""A tiny Whisper with random weights, made on the spot in the form that faster-whisper loads: what it says is noise."""

from pathlib import Path
from typing import Any


def made(folder: Path) -> Path:
    """Write the model; return its folder. Needs torch, transformers, tokenizers and ctranslate2."""
    import ctranslate2
    import torch
    from faster_whisper.tokenizer import _LANGUAGE_CODES
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
    from transformers import (
        PreTrainedTokenizerFast,
        WhisperConfig,
        WhisperFeatureExtractor,
        WhisperForConditionalGeneration,
    )

    letters = {letter: place for place, letter in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    tokenizer = Tokenizer(models.BPE(vocab=letters, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    languages = [f"<|{code}|>" for code in _LANGUAGE_CODES]
    tasks = ["translate", "transcribe", "startoflm", "startofprev", "nospeech", "notimestamps"]
    marks = ["<|endoftext|>", "<|startoftranscript|>", *languages, *(f"<|{task}|>" for task in tasks)]
    marks += [f"<|{step * 0.02:.2f}|>" for step in range(1501)]
    tokenizer.add_special_tokens([AddedToken(mark, special=True) for mark in marks])
    end, start = tokenizer.token_to_id("<|endoftext|>"), tokenizer.token_to_id("<|startoftranscript|>")
    config = WhisperConfig(
        vocab_size=tokenizer.get_vocab_size(), num_mel_bins=80, d_model=16, encoder_layers=1, decoder_layers=1,
        encoder_attention_heads=2, decoder_attention_heads=2, encoder_ffn_dim=32, decoder_ffn_dim=32,
        pad_token_id=end, bos_token_id=end, eos_token_id=end, decoder_start_token_id=start,
        suppress_tokens=None, begin_suppress_tokens=None,
    )  # fmt: skip
    torch.manual_seed(0)
    model = WhisperForConditionalGeneration(config)
    wants: Any = model.generation_config
    wants.no_timestamps_token_id = tokenizer.token_to_id("<|notimestamps|>")
    wants.suppress_tokens = wants.begin_suppress_tokens = []
    wants.lang_to_id = {language: tokenizer.token_to_id(language) for language in languages}
    wants.alignment_heads = [[0, 0]]
    original = folder / "original"
    model.save_pretrained(original)
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token=marks[0], eos_token=marks[0], bos_token=marks[0]
    ).save_pretrained(original)
    WhisperFeatureExtractor(feature_size=80).save_pretrained(original)
    converter = ctranslate2.converters.TransformersConverter(
        str(original), copy_files=["tokenizer.json", "preprocessor_config.json"]
    )
    converter.convert(str(folder / "converted"), force=True)
    return folder / "converted"
