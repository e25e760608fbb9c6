"""Where cited words stand in a file is told to people in words and to programs in numbers."""

import pytest

from cases.observation import Box, Locator, Observation
from terminal.places import clock, told


def at(**where: object) -> Observation:
    locator = Locator.model_validate(where)
    return Observation(id="v.w1", media="v", kind="words", text="x", locator=locator, tool="t", version="1")


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0.0, "0:00.0"), (13.4, "0:13.4"), (59.96, "1:00.0"), (3725.04, "1:02:05.0"), (36_000.0, "10:00:00.0")],
)
def test_seconds_are_shown_as_a_player_shows_them(seconds: float, shown: str) -> None:
    assert clock(seconds) == shown


def test_a_place_names_what_there_is_of_it() -> None:
    box = Box(x=0.2, y=0.8, width=0.6, height=0.1)
    assert (
        told(at(frame=12, start=2.0, end=4.5, box=box)) == "at 0:02.0 to 0:04.5, frame 12, around 50% across, 85% down"
    )
    assert told(at(start=2.0, end=4.0)) == "at 0:02.0 to 0:04.0"
    assert told(at(frame=0, box=box)) == "around 50% across, 85% down"
    assert told(at()) == ""
