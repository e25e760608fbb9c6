"""An image-text encoder (CLIP, SigLIP) in this process, through `transformers`: likeness of frames to prompts, patches.

Not a judge: a likeness ranks frames (B1), it is no probability, and patches (B2) say where a picture stands out, not
what is there. A model is a folder with safetensors; nothing is fetched and no code of a model is run. The whole frame
is squeezed into the encoder's square, as its own crop would cut off the edges, where subtitles stand.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cases.exchange import Misbound
from cases.observation import Box

BATCH = 8
REGIONS = 3
STANDS_OUT = 0.85  # share of patches that a salient one is above
# Where a folder has no preprocessor_config.json: what CLIP was trained with.
MEAN, STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)

Picture = NDArray[np.uint8]
Norms = NDArray[np.float32]


class Region(NamedTuple):
    """A region that stands out, and by how much: the mean norm of its patches, the picture's greatest being 1."""

    box: Box
    salience: float


class Loaded(NamedTuple):
    """Model and tokenizer, sides of the square that frames go into and of a patch, its colours, the device."""

    model: Any
    tokenizer: Any
    side: int
    patch: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    device: str


class ClipScorer:
    """An encoder by its folder, loaded when it is first used; one call at a time. `name` is `clip/FOLDER`."""

    def __init__(self, folder: str | Path) -> None:
        self.folder, self.name = Path(folder).expanduser(), f"clip/{Path(folder).name}"
        self._lock = Lock()
        self._loaded: Loaded | None = None

    def __call__(self, frames: Sequence[Picture], prompts: Sequence[str]) -> tuple[float, ...]:
        """Return max_k cos(frame, prompt_k) of each frame [height, width, 3], in [-1, 1]; raise Misbound.

        Raise ValueError without prompts: there is no greatest of none.
        """
        if not prompts:
            raise ValueError("no prompts were given; give at least one risk prompt")
        if not frames:
            return ()
        with self._lock:
            words = self._words(tuple(prompts))
            found: list[float] = []
            for start in range(0, len(frames), BATCH):
                seen = self._features("get_image_features", pixel_values=self._pixels(frames[start : start + BATCH]))
                found += np.clip((seen @ words.T).max(axis=1), -1.0, 1.0).tolist()
        return tuple(found)

    def norms(self, frame: Picture) -> Norms:
        """Return the L2 norm of each patch embedding of the vision encoder, [rows, columns], the greatest 1."""
        import torch

        with self._lock:
            loaded = self._load()
            with torch.inference_mode():
                seen = loaded.model.vision_model(pixel_values=self._pixels([frame]), output_hidden_states=True)
        # The last block's own: SigLIP's last_hidden_state is normalised, and all its patches have one length.
        states = seen.hidden_states[-1][0]
        side = loaded.side // loaded.patch
        if len(states) < side * side:
            raise Misbound(f"{self.name!r} gives {len(states)} states for {side * side} patches; give a CLIP or SigLIP")
        lengths = torch.linalg.vector_norm(states[-side * side :].float(), dim=-1)  # a class token stands in front
        grid: Norms = lengths.reshape(side, side).cpu().numpy()
        return grid / max(float(grid.max()), 1e-12)

    def salient(self, frame: Picture, most: int = REGIONS) -> tuple[Region, ...]:
        """Return the regions that stand out, the most salient first, at most `most`; none where all is alike."""
        return regions(self.norms(frame), most)

    def _words(self, prompts: tuple[str, ...]) -> Norms:
        loaded = self._load()
        text = loaded.model.config.text_config
        # SigLIP learnt on prompts of full length alone.
        padding = "max_length" if loaded.model.config.model_type.startswith("siglip") else True
        made = loaded.tokenizer(
            list(prompts),
            padding=padding,
            truncation=True,
            max_length=text.max_position_embeddings,
            return_tensors="pt",
        ).to(loaded.device)
        kept = {k: v for k, v in made.items() if k in ("input_ids", "attention_mask")}
        if padding == "max_length":
            kept.pop("attention_mask", None)  # it learnt without one
        return self._features("get_text_features", **kept)

    def _features(self, name: str, **inputs: Any) -> Norms:
        """Return unit vectors [items, width]."""
        import torch

        with torch.inference_mode():
            found = getattr(self._load().model, name)(**inputs)
        found = found if isinstance(found, torch.Tensor) else found.pooler_output
        vectors: Norms = torch.nn.functional.normalize(found.float(), dim=-1).cpu().numpy()
        return vectors

    def _pixels(self, frames: Sequence[Picture]) -> Any:
        import torch

        loaded = self._load()
        squares = [
            torch.nn.functional.interpolate(
                torch.tensor(np.ascontiguousarray(frame)).permute(2, 0, 1)[None].float() / 255,
                size=(loaded.side, loaded.side), mode="bilinear", antialias=True, align_corners=False,
            )
            for frame in frames
        ]  # fmt: skip
        mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (loaded.mean, loaded.std))
        return ((torch.cat(squares) - mean) / std).to(loaded.device)

    def _load(self) -> Loaded:
        if self._loaded is None:
            self._loaded = _loaded(self.folder, self.name)
        return self._loaded


def regions(norms: Norms, most: int = REGIONS) -> tuple[Region, ...]:
    """Return boxes around neighbouring patches whose norm is above STANDS_OUT of all, the most salient first.

    >>> grid = np.full((4, 4), 0.1, np.float32); grid[3, 1:3] = 1.0
    >>> [(r.box.x, r.box.y, r.box.width, r.box.height) for r in regions(grid)]
    [(0.25, 0.75, 0.5, 0.25)]
    """
    rows, columns = norms.shape
    if not np.isfinite(norms).all() or float(norms.max() - norms.min()) < 1e-6:
        return ()
    left = {(int(r), int(c)) for r, c in np.argwhere(norms > np.quantile(norms, STANDS_OUT))}
    found: list[Region] = []
    while left:
        group, edge = [], [left.pop()]
        while edge:
            row, column = edge.pop()
            group.append((row, column))
            near = {(row + 1, column), (row - 1, column), (row, column + 1), (row, column - 1)} & left
            left -= near
            edge += sorted(near)
        low, high = np.min(group, axis=0), np.max(group, axis=0) + 1
        box = Box(
            x=low[1] / columns, y=low[0] / rows, width=(high[1] - low[1]) / columns, height=(high[0] - low[0]) / rows
        )
        found.append(Region(box, float(np.mean([norms[place] for place in group]))))
    found.sort(key=lambda region: (-region.salience, region.box.y, region.box.x))
    return tuple(found[:most])


def _loaded(folder: Path, name: str) -> Loaded:
    try:
        import torch
        from transformers import AutoModel, AutoTokenizer
    except ImportError as gone:
        raise Misbound(f"{name!r} needs torch and transformers: pip install 'precept[gpu]'") from gone
    if not (folder / "config.json").is_file():
        raise Misbound(f"{name!r}: the folder {str(folder)!r} holds no model; it needs config.json, weights, tokenizer")
    device = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        tokenizer: Any = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        model: Any = AutoModel.from_pretrained(folder, local_files_only=True, use_safetensors=True)
        vision = model.config.vision_config
        side, patch = int(vision.image_size), int(vision.patch_size)
        mean, std = _colours(folder)
        if not hasattr(model, "get_image_features") or not hasattr(model, "get_text_features"):
            raise TypeError(f"{model.config.model_type!r} has no features of pictures and words")
    except Exception as wrong:  # whatever keeps it from loading would meet every frame
        line = next(iter(str(wrong).splitlines()), "") or type(wrong).__name__
        raise Misbound(f"{name!r} cannot be loaded ({line}); name the folder of a CLIP or SigLIP") from wrong
    return Loaded(model.to(device).eval(), tokenizer, side, patch, mean, std, device)


def _colours(folder: Path) -> tuple[tuple[float, ...], tuple[float, ...]]:
    try:
        said = json.loads((folder / "preprocessor_config.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return MEAN, STD
    return tuple(map(float, said.get("image_mean", MEAN))), tuple(map(float, said.get("image_std", STD)))
