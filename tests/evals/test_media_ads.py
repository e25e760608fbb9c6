"""Ads are written as files that hold what is known of them, and their clean twins without it."""

import json
from pathlib import Path

import pytest

pytest.importorskip("av", reason="videos: pip install 'precept[vision]'")
pytest.importorskip("matplotlib", reason="fonts: pip install 'precept[evals]'")

from evals.media_ads import Advert, adverts, film_of, page, read_case, write  # noqa: E402
from evals.media_film import RATE, Film, Words, drawable, pictures, sound, spoken, subtitles, write_film  # noqa: E402
from tests.media.videos import speaks  # noqa: E402
from tools.video import Frames, sample_frames  # noqa: E402

voiced = pytest.mark.skipif(not speaks(), reason="espeak-ng is not installed")


def line(id: str, label: str, evidence: tuple[str, ...] = (), **parts: str) -> dict[str, object]:
    return {"id": id, "rule": "AD5", "label": label, "parts": parts, "evidence": list(evidence)}


LINES = [
    line("v-1", "violating", ("Double it by Friday",), title="Tea club", screen="Double it by Friday", landing="Join"),
    line("v-2", "violating", ("Send us your savings.",), title="Tea", speech="Hello. Send us your savings. Thank you."),
    line("v-3", "violating", ("Pay",), title="Tea", screen="Green tea", landing="Pay now"),
    line("v-4", "violating", ("a", "b"), title="a", screen="b"),
    line("a-1", "allowed", title="A cake", screen="Mix two eggs", landing="Nothing to pay"),
    line("a-2", "allowed", title="No film", landing="A page alone"),
    line("b-1", "borderline", title="Maybe", speech="Perhaps."),
]


def by_kind(kind: str) -> list[Advert]:
    return [one for one in adverts(LINES, 9, 1) if one.kind == kind]


def test_half_of_the_violating_ads_hide_what_violates_in_one_second_and_have_clean_twins() -> None:
    hidden, clean = by_kind("second"), by_kind("clean")
    assert {one.id for one in hidden} == {"v-1", "v-2"}
    assert {(one.where, one.hidden) for one in hidden} == {
        ("screen", "Double it by Friday"), ("speech", "Send us your savings."),
    }  # fmt: skip
    assert {one.id for one in clean} == {"v-1-clean", "v-2-clean"}
    assert not any("Double" in v or "savings" in v for one in clean for v in one.text.values())
    assert dict(clean[0].parts).get("title") and all(one.label == "" for one in clean)


def test_what_is_hidden_stands_in_its_second_alone_and_the_rest_outside_it() -> None:
    for one in by_kind("second"):
        film = film_of(one)
        shown = film.shown if one.where == "screen" else film.said
        assert [(w.start, w.end) for w in shown if w.text == one.hidden] == [(one.second, one.second + 1)]
        assert all(w.end <= one.second + 0.001 or w.start >= one.second + 0.999 for w in shown if w.text != one.hidden)
        assert 1 < one.second < film.seconds - 1


def test_words_that_violate_in_two_parts_or_on_the_page_are_hidden_nowhere() -> None:
    assert {one.id for one in by_kind("shown") if one.label == "violating"} == {"v-3", "v-4"}


def test_ads_without_words_in_a_film_are_left_out_and_the_same_seed_gives_the_same() -> None:
    made = adverts(LINES, 9, 1)
    assert "a-2" not in {one.id for one in made} and made == adverts(LINES, 9, 1) != adverts(LINES, 9, 2)
    with pytest.raises(ValueError, match="none of the lines is an ad"):
        adverts(LINES[5:6], 9, 1)


@voiced
def test_the_files_of_an_ad_are_what_its_json_names(tmp_path: Path) -> None:
    one = next(one for one in by_kind("second") if one.id == "v-2")
    write([one], tmp_path, sidecars=True)
    case = read_case(one, tmp_path)
    assert [(p.id, p.text) for p in case.parts] == [("title", "Tea")]
    assert [(m.type, m.path) for m in case.media] == [("video", "v-2.mp4")]
    assert "Send us your savings." in (tmp_path / "v-2.srt").read_text(encoding="utf-8")
    assert json.loads((tmp_path / "truth.json").read_text(encoding="utf-8"))[0]["hidden"] == "Send us your savings."
    found = sample_frames(tmp_path / "v-2.mp4", 4)
    assert isinstance(found, Frames) and abs(found.duration - one.seconds) < 0.3
    write([one], tmp_path, sidecars=False)
    assert not (tmp_path / "v-2.srt").exists()


def test_the_same_film_gives_the_same_pictures_and_words_stand_in_their_time_alone() -> None:
    film = Film(2.0, (Words("Meet us at nine", 0.5, 1.0),), sounds=False, size=(160, 96), fps=4, seed=3)
    first, again, bare = list(pictures(film)), list(pictures(film)), list(pictures(film._replace(shown=())))
    assert len(first) == 8 and all((a == b).all() for a, b in zip(first, again, strict=True))
    assert [at for at in range(8) if (first[at] != bare[at]).any()] == [2, 3]
    moving = list(pictures(film._replace(moves=True)))
    assert all((a != b).any() for a, b in zip(moving, moving[1:], strict=False))


def test_a_film_without_sound_has_no_sound_track(tmp_path: Path) -> None:
    film = Film(1.0, sounds=False, size=(160, 96), fps=4)
    for name, one, streams in (
        ("mute.mp4", film, ["video"]),
        ("hum.mp4", film._replace(sounds=True), ["video", "audio"]),
    ):
        found = sample_frames(write_film(tmp_path / name, one), 1)
        assert isinstance(found, Frames) and [s.kind for s in found.streams] == streams


@voiced
def test_speech_is_made_to_fit_its_time() -> None:
    said = "This is a long sentence that nobody says in half a second"
    assert 0 < len(spoken(said, 0.5)) <= RATE // 2 < len(spoken(said, 30))
    heard = sound(Film(2.0, said=(Words(said, 1.0, 2.0),)))
    assert len(heard) == 2 * RATE and abs(heard[:RATE]).max() < 0.02 < abs(heard[RATE:]).max()


def test_subtitles_and_pages_hold_the_words_as_they_are() -> None:
    assert subtitles([Words("Tea & cake", 1.5, 62.25)]) == "1\n00:00:01,500 --> 00:01:02,250\nTea & cake\n"
    assert "<p>Tea &lt;b&gt; &amp; cake.</p><p>Pay nothing.</p>" in page("Tea <b> & cake. Pay nothing.")


def test_what_no_font_can_draw_is_left_out() -> None:
    assert drawable("Relaxing tea 🍵 from £5") == "Relaxing tea from £5"
