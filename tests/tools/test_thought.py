import pytest

from tools.thought import Parted, parted

ANSWERS = [
    ("Yes", Parted("", "Yes")),
    ("<think>Is it?</think>\n\nYes", Parted("Is it?", "Yes")),
    ("Is it?</think>Yes", Parted("Is it?", "Yes")),
    ("<think>\n\n</think>\n\nYes", Parted("", "Yes")),
    ("<think>Is it? Well", Parted("Is it? Well", "")),
    ("<think>a</think><think>b</think> Yes", Parted("ab", "Yes")),
    ("<think>a</think> Yes <think>or no", Parted("a\nor no", "Yes")),
    ('{"outcome": "act"}', Parted("", '{"outcome": "act"}')),
]


@pytest.mark.parametrize(("answer", "wanted"), ANSWERS)
def test_thoughts_never_stay_in_the_text(answer: str, wanted: Parted) -> None:
    assert parted(answer) == wanted
