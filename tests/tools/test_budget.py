import pytest

from cases.exchange import Message, Picture, Placed
from tools.budget import LEAST, PICTURE_TOKENS, TURN_TOKENS, guessed, room


@pytest.mark.parametrize(("text", "tokens"), [("", 0), ("abc", 1), ("abcd", 2), ("内容审核", 4), ("🔥", 2)])
def test_three_bytes_are_guessed_to_be_a_token(text: str, tokens: int) -> None:
    assert guessed([Message(author="user", text=text)]) == tokens + TURN_TOKENS


def test_a_picture_counts_as_squares_of_its_pixels() -> None:
    seen = Picture(id="a", data=b"", width=280, height=29)
    message = Message(author="user", text="abc", pictures=(Placed(at=0, picture=seen),))
    assert guessed([message]) == 1 + TURN_TOKENS + 10 * 2 + PICTURE_TOKENS


def test_a_lone_surrogate_is_guessed_too() -> None:
    assert guessed([Message(author="user", text="\ud800")]) > 0


def test_an_answer_gets_what_the_allowance_leaves() -> None:
    assert room(100, 1024, 8000) == 1024
    assert room(100, 1024, 300) == 200


def test_too_little_for_an_answer_is_none() -> None:
    assert room(100, 1024, 100 + LEAST - 1) is None
    assert room(100, 1024, 100 + LEAST) == LEAST
    assert room(100, 1, 101) == 1
    assert room(100, 1, 100) is None


def test_what_a_model_holds_lowers_the_limit_but_lets_the_server_judge() -> None:
    assert room(100, 1024, 8000, context=512) == 412
    assert room(600, 1024, 8000, context=512) == LEAST
    assert room(100, 1024, 8000, answer=256) == 256
