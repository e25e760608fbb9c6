"""A causal language model in this process, through `transformers`: bf16 on CUDA, float32 on the CPU. Not a judge.

For odds above all: prompts of like length go through the model together, padded on the left, and only the first token
of an answer is computed. One ask at a time has the model; who comes later waits, on its own allowance. Answers in words
are greedy and follow a JSON schema only as far as the model obeys: the caller validates. No ask is repeated here.

A model that sees is loaded with its processor and reads one prompt at a time: how pictures are padded differs from
model to model. A model that does not see refuses a prompt with pictures.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import TIMEOUT_MAX, Lock
from time import perf_counter
from types import MappingProxyType
from typing import Any, NamedTuple

from cases.decision import Depth
from cases.exchange import Allowance, First, Message, Misbound, Picture, Said, Token, Unanswered, Usage
from tools.chat import IN_WORDS
from tools.thought import parted

BATCH_TOKENS = 16_384  # padding counted along
TOP = 20


class Loaded(NamedTuple):
    """Model and tokenizer on a device, what `forward` accepts, the ids that end an answer, positions (0: unbounded).

    `processor` turns words and pictures into what a model that sees reads; None for one that reads words alone.
    """

    model: Any
    tokenizer: Any
    device: str
    accepts: frozenset[str]
    ends: frozenset[int]
    positions: int
    processor: Any = None


class Read(NamedTuple):
    """A prompt as the model reads it: its tokens, and tensors of its pictures."""

    ids: list[int]
    seen: Mapping[str, Any] = MappingProxyType({})


class LocalModel:
    """A model by the folder or hub name that `transformers` loads, with eyes where `sees`. `name` is
    `transformers/MODEL`.
    """

    def __init__(self, model: str, *, sees: bool = False) -> None:
        self.model, self.name, self.sees = model, f"transformers/{model}", sees
        self._lock = Lock()
        self._loaded: Loaded | None = None

    def load(self) -> None:
        """Load the model now: seconds to minutes that the first ask would otherwise pay. Raise Misbound."""
        with self._lock:
            self._load()

    @contextmanager
    def held(self, allowance: Allowance) -> Iterator[Loaded]:
        """Have the model for oneself; raise Unanswered where it is not free within the allowance, Misbound as load."""
        since, seconds = perf_counter(), min(allowance.seconds, TIMEOUT_MAX)
        if seconds <= 0 or not self._lock.acquire(timeout=seconds):
            told = f"{self.name!r} was not free within {allowance.seconds:.1f} s"
            raise Unanswered("out_of_time", told, Usage(seconds=perf_counter() - since))
        try:
            yield self._load()
        finally:
            self._lock.release()

    def _load(self) -> Loaded:
        if self._loaded is None:
            self._loaded = _loaded(self.model, self.name, self.sees)
        return self._loaded


class LocalOdds:
    """The odds of a first token from a local model; fits agents.ask.Odds."""

    def __init__(self, model: LocalModel, batch_tokens: int = BATCH_TOKENS) -> None:
        self.model, self.name, self.batch_tokens = model, model.name, batch_tokens

    def __call__(
        self, prompts: Sequence[Sequence[Message]], allowance: Allowance, *, tokens: Sequence[str] = ()
    ) -> tuple[First, ...]:
        """Return one First a prompt: the TOP likeliest tokens, and every spelling of `tokens` that is one token.

        Two tokens may read the same: sum over them. `usage.seconds` is a prompt's share of the whole ask. Raise
        Unanswered when time or tokens run out or a prompt is longer than the model reads, Misbound as LocalModel.
        """
        if not prompts:
            return ()
        since = perf_counter()
        answers: dict[int, tuple[Token, ...]] = {}
        with self.model.held(allowance) as loaded:
            reads = [_read(self.name, loaded, p) for p in prompts]
            ids = [read.ids for read in reads]
            _fit(self.name, loaded, ids, allowance)
            wanted = _single(loaded.tokenizer, tokens)
            alone = [[n] for n in range(len(ids))]
            for batch in alone if loaded.processor else batches([len(i) for i in ids], self.batch_tokens):
                if perf_counter() - since > allowance.seconds:
                    told = (
                        f"{self.name!r} had read {len(answers)} of {len(ids)} prompts after {allowance.seconds:.1f} s"
                    )
                    raise Unanswered("out_of_time", told, self._usage([ids[n] for n in answers], since))
                with _enough_memory(self.name, f"{len(batch)} prompts at once"):
                    answers |= zip(batch, _first(loaded, [reads[n] for n in batch], wanted), strict=True)
        share = (perf_counter() - since) / len(ids)
        return tuple(
            First(
                tokens=answers[n],
                usage=Usage(
                    calls=1, prompt_tokens=len(i), completion_tokens=1, seconds=share, backends=(self.name,)
                ),
            )
            for n, i in enumerate(ids)
        )  # fmt: skip

    def _usage(self, read: Sequence[Sequence[int]], since: float) -> Usage:
        return Usage(
            calls=len(read), prompt_tokens=sum(map(len, read)), completion_tokens=len(read),
            seconds=perf_counter() - since, backends=(self.name,),
        )  # fmt: skip


class LocalChat:
    """Answers in words from a local model; fits agents.ask.Chat."""

    def __init__(self, model: LocalModel) -> None:
        self.model, self.name = model, model.name

    def __call__(
        self, messages: Sequence[Message], allowance: Allowance, *, schema: Mapping[str, object] | None = None,
        depth: Depth = "short", most: int = 1024,
    ) -> Said:  # fmt: skip
        """Return the likeliest answer, token by token, at most `most` long; see agents.ask.Chat for the contract.

        `schema` is asked for in words. At depth "full" a template that can let the model think does.
        """
        since = perf_counter()
        with self.model.held(allowance) as loaded:
            read = _read(self.name, loaded, _under(messages, schema), thinks=depth == "full")
            ids = read.ids
            limit = min(most, _fit(self.name, loaded, [ids], allowance))
            with _enough_memory(self.name, "an answer in words"):
                said = _generated(loaded, read, limit, allowance.seconds - (perf_counter() - since))
        usage = Usage(
            calls=1, prompt_tokens=len(ids), completion_tokens=len(said), seconds=perf_counter() - since,
            backends=(self.name,),
        )  # fmt: skip
        ended = bool(said) and said[-1] in loaded.ends
        if not ended and len(said) < limit:
            told = f"{self.name!r} had written {len(said)} tokens after {allowance.seconds:.1f} s"
            raise Unanswered("out_of_time", told, usage)
        thought, text = parted(loaded.tokenizer.decode(said, skip_special_tokens=True))
        if not text:
            raise Unanswered("malformed_answer", f"{self.name!r} said nothing in {len(said)} tokens", usage)
        return Said(text=text if schema is None else _bare(text), thought=thought, usage=usage, cut=not ended)


def batches(lengths: Sequence[int], most: int) -> list[list[int]]:
    """Return indices in groups of like length, each of at most `most` tokens with padding, or of one prompt alone.

    >>> batches([5, 100, 6, 90], 200)
    [[0, 2], [3, 1]]
    """
    out: list[list[int]] = []
    for n in sorted(range(len(lengths)), key=lambda n: lengths[n]):
        if out and (len(out[-1]) + 1) * lengths[n] <= most and lengths[n] <= 2 * lengths[out[-1][0]]:
            out[-1].append(n)
        else:
            out.append([n])
    return out


def _under(messages: Sequence[Message], schema: Mapping[str, object] | None) -> Sequence[Message]:
    if schema is None or not messages:
        return messages
    last = messages[-1]
    asked = f"{last.text}\n\n{IN_WORDS}\n{json.dumps(schema, ensure_ascii=False)}"
    return [*messages[:-1], last.model_copy(update={"text": asked})]


def _bare(text: str) -> str:
    """Return JSON without the fence that models like to put around it."""
    fenced = text.startswith("```") and text.endswith("```") and "\n" in text
    return text.partition("\n")[2].removesuffix("```").strip() if fenced else text


def _read(name: str, loaded: Loaded, messages: Sequence[Message], thinks: bool = False) -> Read:
    """Return a prompt up to where the answer starts."""
    pictures = [placed.picture for m in messages for placed in m.pictures]
    if pictures and loaded.processor is None:
        raise Misbound(
            f"{name!r} reads words alone and was sent a picture; bind transformers+vision/MODEL where it sees"
        )
    turns = [{"role": m.author, "content": _content(m) if loaded.processor else m.text} for m in messages]
    try:
        text = (loaded.processor or loaded.tokenizer).apply_chat_template(
            turns, tokenize=False, add_generation_prompt=True, enable_thinking=thinks
        )
    except Exception as wrong:  # a template raises what it likes
        told = f"{name!r}: its chat template cannot hold these turns ({_line(wrong)}); bind a model tuned for chat"
        raise Misbound(told) from wrong
    if not pictures:
        found: list[int] = loaded.tokenizer(text, add_special_tokens=False)["input_ids"]
        return Read(found)
    return _seen(name, loaded, text, pictures)


def _content(message: Message) -> list[dict[str, str]]:
    return [{"type": "text", "text": p} if isinstance(p, str) else {"type": "image"} for p in message.parts]


def _seen(name: str, loaded: Loaded, text: str, pictures: Sequence[Picture]) -> Read:
    import io

    from PIL import Image

    images = [Image.open(io.BytesIO(p.data)).convert("RGB") for p in pictures]
    try:
        made = loaded.processor(text=[text], images=images, add_special_tokens=False, return_tensors="pt")
    except Exception as wrong:  # of each model's own code
        told = f"{name!r}: its processor cannot hold {len(images)} pictures ({_line(wrong)}); bind another model"
        raise Misbound(told) from wrong
    wanted = {k: v for k, v in made.items() if k in loaded.accepts and k not in ("input_ids", "attention_mask")}
    kind = loaded.model.dtype
    seen = {k: v.to(loaded.device, kind if v.is_floating_point() else v.dtype) for k, v in wanted.items()}
    return Read(made["input_ids"][0].tolist(), seen)


def _fit(name: str, loaded: Loaded, ids: Sequence[Sequence[int]], allowance: Allowance) -> int:
    """Return how many tokens may still be written after the longest prompt; raise Unanswered where there is no room."""
    longest, total = max(map(len, ids), default=0), sum(map(len, ids))
    if loaded.positions and longest >= loaded.positions:
        told = f"{name!r} reads {loaded.positions} tokens, a prompt has {longest}; shorten it or bind another model"
        raise Unanswered("out_of_budget", told)
    if total + len(ids) > allowance.tokens:
        raise Unanswered("out_of_budget", f"{total} tokens of prompt for {name!r}, and {allowance.tokens} are left")
    return min(allowance.tokens - total, loaded.positions - longest if loaded.positions else allowance.tokens)


def _single(tokenizer: Any, texts: Sequence[str]) -> list[int]:
    found = [tokenizer.encode(text, add_special_tokens=False) for text in texts]
    return list(dict.fromkeys(ids[0] for ids in found if len(ids) == 1))


def _first(loaded: Loaded, reads: Sequence[Read], wanted: Sequence[int]) -> list[tuple[Token, ...]]:
    import torch

    prompts = [read.ids for read in reads]
    pad, width = loaded.tokenizer.pad_token_id, max(map(len, prompts))
    rows = torch.tensor([[pad] * (width - len(p)) + list(p) for p in prompts], device=loaded.device)
    mask = torch.tensor([[0] * (width - len(p)) + [1] * len(p) for p in prompts], device=loaded.device)
    # Positions count from the first real token, so that padding moves no word; one logit row spares the rest.
    extras = {"position_ids": (mask.cumsum(-1) - 1).clamp(min=0), "logits_to_keep": 1, "use_cache": False}
    if loaded.processor is not None:  # alone, so without padding; and its positions may count pictures another way
        extras = {**extras, **reads[0].seen}
        del extras["position_ids"]
    with torch.inference_mode():
        out = loaded.model(
            input_ids=rows, attention_mask=mask, **{k: v for k, v in extras.items() if k in loaded.accepts}
        )
        logs = out.logits[:, -1].float().log_softmax(-1)
        top = logs.topk(min(TOP, logs.shape[-1])).indices.tolist()
        ids = [list(dict.fromkeys([*row, *wanted])) for row in top]
        values = [logs[n, row].tolist() for n, row in enumerate(ids)]
    return [tuple(_tokens(loaded.tokenizer, *pair)) for pair in zip(ids, values, strict=True)]


def _tokens(tokenizer: Any, ids: Sequence[int], logs: Sequence[float]) -> Iterator[Token]:
    for log, token in sorted(zip(logs, ids, strict=True), reverse=True):
        text = tokenizer.decode([token], skip_special_tokens=False, clean_up_tokenization_spaces=False)
        yield Token(text=text, logprob=log)


def _generated(loaded: Loaded, read: Read, limit: int, seconds: float) -> list[int]:
    import torch
    from transformers import GenerationConfig

    prompt = torch.tensor([read.ids], device=loaded.device)
    config: Any = GenerationConfig
    settings = config(
        do_sample=False, max_new_tokens=limit, max_time=max(seconds, 0.0), num_beams=1,
        eos_token_id=sorted(loaded.ends), pad_token_id=loaded.tokenizer.pad_token_id,
    )  # fmt: skip
    with torch.inference_mode():
        out = loaded.model.generate(
            prompt, attention_mask=torch.ones_like(prompt), generation_config=settings, **read.seen
        )
    said: list[int] = out[0, len(read.ids) :].tolist()
    return said


@contextmanager
def _enough_memory(name: str, what: str) -> Iterator[None]:
    import torch

    try:
        yield
    except torch.OutOfMemoryError as full:
        told = f"{name!r} has not memory enough for {what}; lower batch_tokens or bind a smaller model"
        raise Unanswered("backend_unavailable", told) from full


def _loaded(model: str, name: str, sees: bool) -> Loaded:
    try:
        import torch
        from transformers import AutoModelForCausalLM, AutoModelForImageTextToText, AutoProcessor, AutoTokenizer
    except ImportError as gone:
        raise Misbound(f"{name!r} needs torch and transformers: pip install 'precept[gpu]'") from gone
    import inspect

    # A hub name never starts like a path, and a path that is wrong is not to be looked for on the hub.
    folder = Path(model).expanduser() if model.startswith(("/", "~", ".")) else None
    if folder and not (folder / "config.json").is_file():
        raise Misbound(f"{name!r}: the folder {str(folder)!r} holds no model; it needs config.json, weights, tokenizer")
    cuda = torch.cuda.is_available()
    source: Any = folder or model
    try:
        tokenizer: Any = AutoTokenizer.from_pretrained(source, padding_side="left")
        readers: Any = AutoProcessor
        processor = readers.from_pretrained(source) if sees else None
        kind: Any = AutoModelForImageTextToText if sees else AutoModelForCausalLM
        found: Any = kind.from_pretrained(source, dtype=torch.bfloat16 if cuda else torch.float32)
    except Exception as wrong:  # whatever keeps it from loading would meet every case
        told = f"{name!r} cannot be loaded ({_line(wrong)}); name a folder, or a model of the hub that can be reached"
        raise Misbound(told) from wrong
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    found = found.to("cuda" if cuda else "cpu").eval()
    named = found.generation_config.eos_token_id
    ends = {tokenizer.eos_token_id, *(named if isinstance(named, list) else [named])} - {None}
    return Loaded(
        model=found, tokenizer=tokenizer, device="cuda" if cuda else "cpu",
        accepts=frozenset(inspect.signature(found.forward).parameters), ends=frozenset(ends),
        positions=getattr(found.config.get_text_config(), "max_position_embeddings", None) or 0,
        processor=processor,
    )  # fmt: skip


def _line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), "") or type(error).__name__
