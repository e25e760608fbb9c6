"""Messages with and without pictures, and what asks cost."""

import base64

import pytest
from pydantic import ValidationError

from cases.exchange import Message, Picture, Placed

SHOT = Picture(id="image-1.t1", data=b"\xff\xd8\x00", width=4, height=3)


def message(text: str, *places: int) -> Message:
    return Message(author="user", text=text, pictures=tuple(Placed(at=at, picture=SHOT) for at in places))


def test_text_and_pictures_follow_on_each_other() -> None:
    assert message("abcd", 0, 2, 2, 4).parts == (SHOT, "ab", SHOT, SHOT, "cd", SHOT)
    assert message("abcd").parts == ("abcd",) and message("", 0).parts == (SHOT,)


@pytest.mark.parametrize("places", [(3, 1), (0, 9)])
def test_places_out_of_order_or_beyond_the_text_are_refused(places: tuple[int, ...]) -> None:
    with pytest.raises(ValidationError, match="give them in order"):
        message("abcd", *places)


def test_a_picture_is_a_data_url_and_its_bytes_are_not_shown_in_logs() -> None:
    head, _, body = SHOT.url.partition(",")
    assert head == "data:image/jpeg;base64" and base64.b64decode(body) == SHOT.data
    assert "data" not in repr(message("abcd", 1))
