"""A tiny encoder made on the spot ranks frames by their likeness to prompts, as transformers itself computes it."""

from pathlib import Path

import numpy as np
import pytest

from cases.exchange import Misbound
from tests.media import encoder
from tools.clip import ClipScorer, regions

torch = pytest.importorskip("torch", reason="needs torch")
pytest.importorskip("transformers", reason="needs transformers")

PROMPTS = ("a photo of money", "kind words in the picture", "weapon")


@pytest.fixture(scope="module", params=["clip", "siglip"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return encoder.made(tmp_path_factory.mktemp("encoder") / request.param, request.param)


@pytest.fixture(scope="module")
def frames() -> list[np.ndarray]:
    dice = np.random.default_rng(4)
    return [dice.integers(0, 256, (encoder.SIDE, encoder.SIDE, 3), np.uint8) for _ in range(11)]


def test_scores_are_the_cosines_that_transformers_computes(folder: Path, frames: list[np.ndarray]) -> None:
    from transformers import AutoModel, AutoTokenizer

    model, tokenizer = AutoModel.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    full = {"padding": "max_length", "max_length": 12} if "siglip" in folder.name else {"padding": True}
    words = tokenizer(list(PROMPTS), return_tensors="pt", **full)
    if "siglip" in folder.name:
        words.pop("attention_mask")
    words.pop("token_type_ids", None)
    pixels = torch.tensor(np.stack(frames)).permute(0, 3, 1, 2).float() / 255
    pixels = (pixels - torch.tensor([0.5, 0.4, 0.3]).view(1, 3, 1, 1)) / torch.tensor([0.3, 0.3, 0.2]).view(1, 3, 1, 1)
    with torch.inference_mode():
        out = model(**words, pixel_values=pixels)
        expected = (out.image_embeds @ out.text_embeds.T).max(dim=1).values
    assert ClipScorer(folder)(frames, PROMPTS) == pytest.approx(expected.tolist(), abs=1e-4)


def test_one_more_prompt_never_lowers_a_score(folder: Path, frames: list[np.ndarray]) -> None:
    score = ClipScorer(folder)
    few, more = score(frames, PROMPTS[:1]), score(frames, PROMPTS)
    assert all(b >= a - 1e-6 for a, b in zip(few, more, strict=True))
    assert any(b > a + 1e-6 for a, b in zip(few, more, strict=True))
    assert all(-1 <= value <= 1 for value in more)


def test_a_frame_is_scored_whatever_its_shape_and_its_neighbours(folder: Path, frames: list[np.ndarray]) -> None:
    score = ClipScorer(folder)
    wide = np.zeros((9, 200, 3), np.uint8)
    alone = score([wide], PROMPTS)
    assert score([*frames, wide], PROMPTS)[-1] == pytest.approx(alone[0], abs=1e-5)
    assert score([], PROMPTS) == ()
    with pytest.raises(ValueError, match="prompt"):
        score(frames, ())


def test_prompts_longer_than_the_encoder_reads_are_cut(folder: Path, frames: list[np.ndarray]) -> None:
    assert len(ClipScorer(folder)(frames[:2], ["money " * 500])) == 2


def test_the_edges_of_a_wide_frame_count(folder: Path) -> None:
    plain = np.zeros((32, 128, 3), np.uint8)
    edged = plain.copy()
    edged[:, -16:] = 255
    score = ClipScorer(folder)
    assert abs(score([plain], PROMPTS)[0] - score([edged], PROMPTS)[0]) > 1e-5


def test_patches_have_the_norms_of_the_vision_encoder(folder: Path, frames: list[np.ndarray]) -> None:
    from transformers import AutoModel

    found = ClipScorer(folder).norms(frames[0])
    side = encoder.SIDE // encoder.PATCH
    assert found.shape == (side, side)
    assert float(found.max()) == pytest.approx(1.0)
    pixels = torch.tensor(frames[0]).permute(2, 0, 1)[None].float() / 255
    pixels = (pixels - torch.tensor([0.5, 0.4, 0.3]).view(1, 3, 1, 1)) / torch.tensor([0.3, 0.3, 0.2]).view(1, 3, 1, 1)
    model, states = AutoModel.from_pretrained(folder), []
    model.vision_model.encoder.register_forward_hook(lambda block, given, out: states.append(out.last_hidden_state[0]))
    with torch.inference_mode():
        model(pixel_values=pixels, input_ids=torch.tensor([[2, 4, 3]]))
    patches = states[0] if "siglip" in folder.name else states[0][1:]
    expected = patches.norm(dim=-1).reshape(side, side)
    assert float(expected.std()) > 0.01
    assert np.allclose(found, (expected / expected.max()).numpy(), atol=1e-4)


def test_regions_are_boxes_inside_the_picture_the_most_salient_first(folder: Path, frames: list[np.ndarray]) -> None:
    found = ClipScorer(folder).salient(frames[0], 2)
    assert 1 <= len(found) <= 2
    assert [r.salience for r in found] == sorted((r.salience for r in found), reverse=True)
    for region in found:
        assert region.box.x + region.box.width <= 1 + 1e-9
        assert region.box.y + region.box.height <= 1 + 1e-9
        assert region.box.width > 0 < region.box.height


def test_patches_side_by_side_are_one_region_and_others_another() -> None:
    norms = np.full((10, 10), 0.2, np.float32)
    norms[0:2, 0:3] = 0.8
    norms[7:9, 8:10] = 1.0
    boxes = [(r.box.x, r.box.y, r.box.width, r.box.height) for r in regions(norms)]
    assert boxes == [pytest.approx((0.8, 0.7, 0.2, 0.2)), pytest.approx((0.0, 0.0, 0.3, 0.2))]
    assert len(regions(norms, 1)) == 1


@pytest.mark.parametrize("value", [0.0, 1.0, np.nan])
def test_where_all_patches_are_alike_nothing_stands_out(value: float) -> None:
    assert regions(np.full((4, 4), value, np.float32)) == ()


def test_a_folder_without_a_model_names_the_fix(tmp_path: Path, frames: list[np.ndarray]) -> None:
    with pytest.raises(Misbound, match="config.json"):
        ClipScorer(tmp_path)(frames, PROMPTS)
    (tmp_path / "config.json").write_text('{"model_type": "clip"}')
    with pytest.raises(Misbound, match="CLIP or SigLIP"):
        ClipScorer(tmp_path)(frames, PROMPTS)


def test_weights_in_a_pickle_are_refused(tmp_path: Path, frames: list[np.ndarray]) -> None:
    folder = encoder.made(tmp_path)
    torch.save({}, folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    with pytest.raises(Misbound, match="cannot be loaded"):
        ClipScorer(folder)(frames, PROMPTS)
