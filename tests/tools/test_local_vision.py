"""The in-process model with eyes, on a tiny checkpoint: pictures count, and a blind model refuses them."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs torch: pip install 'precept[train]'")
pytest.importorskip("transformers", reason="needs transformers: pip install 'precept[train]'")
pytest.importorskip("PIL", reason="needs pip install 'precept[vision]'")

from cases.exchange import Allowance, First, Message, Misbound, Picture, Placed, Unanswered  # noqa: E402
from tests.serving.tiny_model import make as make_blind  # noqa: E402
from tests.serving.tiny_vision import TOKENS, make  # noqa: E402
from tools.album import encoded  # noqa: E402
from tools.local import LocalChat, LocalModel, LocalOdds  # noqa: E402

AMPLE = Allowance(seconds=120, tokens=10**6)
COLOURS = ((255, 0, 0), (0, 0, 255), (255, 255, 255))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> LocalModel:
    return LocalModel(str(make(tmp_path_factory.mktemp("models") / "seeing")), sees=True)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def picture(colour: tuple[int, int, int]) -> Picture:
    return encoded(np.full((60, 90, 3), colour, np.uint8), f"{colour}")


def prompt(*shown: Picture) -> tuple[Message, ...]:
    placed = tuple(Placed(at=6, picture=p) for p in shown)
    return (
        Message(author="system", text="Answer Yes or No."),
        Message(author="user", text="Look: is it a threat?", pictures=placed),
    )


def yes(first: First) -> float:
    return next(t.logprob for t in first.tokens if t.text == "Yes")


def test_what_is_likely_hangs_on_the_picture_and_not_on_its_neighbours(model: LocalModel) -> None:
    asked = [prompt(), *(prompt(picture(c)) for c in COLOURS)]
    together = LocalOdds(model)(asked, AMPLE, tokens=("Yes", "No"))
    assert len({round(yes(first), 3) for first in together}) == len(asked)
    alone = [LocalOdds(model)([one], AMPLE, tokens=("Yes", "No"))[0] for one in asked]
    assert [yes(f) for f in together] == pytest.approx([yes(f) for f in alone], abs=1e-4)


def test_a_picture_costs_the_tokens_that_the_model_makes_of_it(model: LocalModel) -> None:
    none, one, two = LocalOdds(model)(
        [prompt(), prompt(picture(COLOURS[0])), prompt(*map(picture, COLOURS[:2]))], AMPLE
    )
    sizes = [f.usage.prompt_tokens for f in (none, one, two)]
    # Where a picture parts two words, their tokens may be others.
    assert all(0 <= b - a - (TOKENS + 3) <= 2 for a, b in zip(sizes, sizes[1:], strict=False)), sizes
    tight = Allowance(seconds=60, tokens=none.usage.prompt_tokens + 2)
    LocalOdds(model)([prompt()], tight)
    with pytest.raises(Unanswered, match="tokens of prompt"):
        LocalOdds(model)([prompt(picture(COLOURS[0]))], tight)


def test_it_answers_in_words_about_a_picture(model: LocalModel) -> None:
    said = LocalChat(model)(prompt(*map(picture, COLOURS)), AMPLE, most=12)
    assert said.text and said.usage.prompt_tokens > 3 * TOKENS
    assert said == LocalChat(model)(prompt(*map(picture, COLOURS)), AMPLE, most=12).model_copy(
        update={"usage": said.usage}
    )


def test_a_blind_model_refuses_a_picture_and_says_what_to_bind(tmp_path: Path) -> None:
    blind = LocalModel(str(make_blind(tmp_path / "blind")))
    with pytest.raises(Misbound, match=r"reads words alone.*transformers\+vision/MODEL"):
        LocalOdds(blind)([prompt(picture(COLOURS[0]))], AMPLE)


def test_a_model_without_eyes_is_not_loaded_as_one_that_sees(tmp_path: Path) -> None:
    with pytest.raises(Misbound, match="cannot be loaded"):
        LocalModel(str(make_blind(tmp_path / "blind")), sees=True).load()
