"""A file is looked at once, whatever it is called; what was cut short is looked at again."""

import io
from pathlib import Path

import pytest

from cases.observation import Locator, Observation, Trouble, Unseen
from tools.cache import Cache
from tools.looking import Looking, Seen
from tools.remembered import NAME, remembered


class Looker:
    """Sees one line in every file, or a gap, and counts how often it was asked."""

    def __init__(self, why: Trouble | None = None) -> None:
        self.times, self.why = 0, why

    def __call__(self, name: str) -> Seen:
        self.times += 1
        word = Observation(
            id=f"{name}.w1", media=name, kind="words", text="hello", locator=Locator(frame=0), tool="t", version="1"
        )
        return Seen((word,), (Unseen(media=name, what="words", why=self.why, told="no"),) if self.why else ())


def ask(looker: Looker, how: Looking, content: bytes = b"pixels", name: str = "image-1", place: str = "a.png") -> Seen:
    kind = "video" if name.startswith("video") else "image"
    seen = remembered(how, kind, place, io.BytesIO(content), name, looker)  # type: ignore[arg-type]
    assert seen is not None
    return seen


@pytest.fixture
def how(tmp_path: Path) -> Looking:
    return Looking(store=Cache.open(tmp_path / "cache.db"))


def test_the_same_content_is_looked_at_once_and_told_under_each_name(how: Looking) -> None:
    looker = Looker()
    first, second = ask(looker, how), ask(looker, how, name="image-7", place="b.png")
    assert looker.times == 1
    assert first.observations[0].id == "image-1.w1" and second.observations[0].id == "image-7.w1"
    assert second.observations[0].media == "image-7" and second.observations[0].text == "hello"
    assert NAME not in (first.observations[0].media, second.observations[0].media)


def test_other_content_and_other_settings_are_looked_at_anew(how: Looking, tmp_path: Path) -> None:
    looker = Looker()
    film = tmp_path / "film.mp4"
    asked = dict(name="video-1", place=str(film))
    ask(looker, how, **asked)
    ask(looker, how, b"other", **asked)
    ask(looker, how._replace(frames=3), **asked)
    ask(looker, how._replace(chosen_by="another policy"), **asked)
    film.with_suffix(".srt").write_text("words beside it")
    ask(looker, how, **asked)
    film.with_suffix(".srt").write_text("other words beside it")
    ask(looker, how, **asked)
    assert looker.times == 6
    ask(looker, how, **asked)
    assert looker.times == 6


@pytest.mark.parametrize(("why", "times"), [("out_of_time", 2), ("too_large", 2), ("no_tool", 1), ("unreadable", 1)])
def test_what_a_clock_cut_short_is_looked_at_again(how: Looking, why: Trouble, times: int) -> None:
    looker = Looker(why)
    first, second = ask(looker, how), ask(looker, how)
    assert looker.times == times and first == second


def test_a_lost_or_damaged_store_costs_time_alone(tmp_path: Path) -> None:
    looker, path = Looker(), tmp_path / "cache.db"
    with Cache.open(path) as store:
        first = ask(looker, Looking(store=store))
    path.write_bytes(b"damaged")
    with Cache.open(path) as store:
        assert ask(looker, Looking(store=store)) == first
    assert looker.times == 2


def test_a_full_store_lets_go_of_what_was_seen_longest_ago_and_that_is_looked_at_again(tmp_path: Path) -> None:
    looker = Looker()
    with Cache.open(tmp_path / "cache.db", 200_000) as store:
        how = Looking(store=store)
        ask(looker, how, b"old")
        for number in range(300):
            store.put_verdicts({("seen/x", "settings", str(number)): "x" * 2_000})
        ask(looker, how, b"new")
        ask(looker, how, b"new")
        assert looker.times == 2
        ask(looker, how, b"old")
    assert looker.times == 3


def test_without_a_store_everything_is_looked_at(how: Looking) -> None:
    looker = Looker()
    ask(looker, Looking())
    ask(looker, Looking())
    assert looker.times == 2
