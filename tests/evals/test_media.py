"""What is measured of media is counted as it should be, on small files."""

import sys
from pathlib import Path

import pytest

pytest.importorskip("av", reason="videos: pip install 'precept[vision]'")
pytest.importorskip("rapidocr", reason="words: pip install 'precept[vision]'")
pytest.importorskip("nudenet", reason="regions: pip install 'precept[vision]'")
pytest.importorskip("matplotlib", reason="fonts: pip install 'precept[evals]'")

from evals.media import table  # noqa: E402
from evals.media_ads import Advert, write  # noqa: E402
from evals.media_film import Film, Words, write_film  # noqa: E402
from evals.media_frames import ARMS, KINDS, Hit, reels  # noqa: E402
from evals.media_frames import table as found_by  # noqa: E402
from evals.media_judged import Judged, Way, agreement, judge, loss, recall  # noqa: E402
from evals.media_memory import peak  # noqa: E402
from evals.media_speed import ENLARGED, READER, Timed, rows, time_video  # noqa: E402
from graphs.settings import Settings  # noqa: E402
from graphs.wiring import open_desk  # noqa: E402
from policy_store.loader import load_pack  # noqa: E402
from tests.evals.test_media_ads import line, voiced  # noqa: E402
from tools.moving import Even  # noqa: E402


def judged(id: str, rule: str, text: str | None, film: str | None, label: str = "violating") -> Judged:
    ad = Advert(id, "shown", label, rule, (("title", "Tea"),))
    ways = {"text": Way("act", text, 0.9), "film": Way("review", film, 0.8)}
    return Judged(ad, ways, {}, {})


def test_the_loss_is_that_of_the_violating_ads_in_points() -> None:
    some = [
        judged("a", "AD1", "AD1", "AD1"), judged("b", "AD1", "AD1", "AD2"), judged("c", "AD2", None, "AD2"),
        judged("d", "AD2", "AD2", None), judged("e", "AD3", "AD3", None, label="allowed"),
    ]  # fmt: skip
    lost = loss(some, "film")
    assert (lost.rows, lost.before, lost.after, lost.points) == (4, 0.75, 0.5, 25.0) and lost.low < 25 < lost.high
    assert agreement(some, "film") == (0.0, {"act to review": 5})


def test_recall_counts_words_once_and_by_letters_alone() -> None:
    assert recall("Tea, tea & CAKE", "cake tea") == 2 / 3
    assert recall("…", "nothing") == 1.0


@voiced
def test_an_ad_is_judged_as_text_and_as_the_files_made_of_it(tmp_path: Path) -> None:
    parts = (("title", "Garden club"), ("screen", "Double your money by Friday"), ("landing", "Send all your savings"))
    ad = Advert("one", "shown", "violating", "AD5", parts, seconds=3.0)
    write([ad], tmp_path, sidecars=True)
    settings = Settings(home=tmp_path / "home", media_root=tmp_path)
    with open_desk(settings, load_pack("short-video-ads"), waits=False) as desk:
        (found,) = judge(desk, [ad], tmp_path)
    assert found.recall == {"screen": 1.0, "landing": 1.0} and found.read["screen"].split() == parts[1][1].split()
    assert set(found.ways) == {"text", "names", "words", "film"} and found.ways["film"].outcome != "allow"
    assert found.ways["names"] == found.ways["words"]  # every word was read


def test_films_hold_the_second_that_is_looked_for_and_what_their_kind_says() -> None:
    lines = [
        line("v", "violating", ("Double it now", "Send your savings", "Pay by phone", "Tell nobody"), title="x"),
        line("a", "allowed", title="A quiet garden", caption="Mix two eggs"),
    ]
    made = reels(lines, 2, 5, lengths=(10,))
    assert [one.kind for one in made] == [kind for kind in KINDS for _ in range(2)]
    for one in made:
        there = [w for w in one.film.shown if w.start <= one.second < w.end]
        assert [(w.text, w.start, w.end) for w in there] == [(one.words, one.second, one.second + 1)]
        loud = [w for w in one.film.shown if w.text in lines[0]["evidence"] and w.text != one.words]
        assert sum(w.end - w.start for w in loud) == (3 if one.kind == "loud half" else 0)
        assert all(w.end <= 5 < one.second + 1 for w in loud)
        assert (len(one.film.shown) == 1) == (one.kind == "alone")
    assert made == reels(lines, 2, 5, lengths=(10,))
    with pytest.raises(ValueError, match="no violating or no allowed"):
        reels(lines[:1], 2, 5)


def test_found_seconds_are_counted_by_kind_and_in_all() -> None:
    reel = reels(
        [line("v", "violating", ("one two", "three four", "five six", "seven eight"), title="x"), line("a", "allowed", title="nine ten")],
        1, 5, lengths=(10,),
    )  # fmt: skip
    hits = [Hit(one, tuple(at == 0 for at in range(len(ARMS))), True) for one in reel]
    told = found_by(hits)
    assert told[0] == ["alone, 10 s", "1", "1", "0", "0", "0", "0", "0", "0", "1"] and told[-1][2] == "1.000"


def test_the_peak_of_a_run_counts_the_processes_below_it() -> None:
    hold = "import subprocess, sys, time; x = b'1' * {0}; {1}; time.sleep(0.6)"
    below = hold.format(80_000_000, "0")
    with_child = hold.format(60_000_000, f"subprocess.Popen([sys.executable, '-c', {below!r}])")
    found = peak([sys.executable, "-c", with_child], 1)
    assert found.status == 0 and found.largest < found.together and found.together > 130


def test_overhead_is_what_is_not_floor_and_body_regions_are_left_out() -> None:
    floor = {"PyAV": 3.0, READER: 5.0, ENLARGED: 6.0}
    one = Timed("film", 12.0, {"words": 8.0, "body regions": 2.0}, floor)
    assert one.overhead(READER) == pytest.approx(0.2) and one.overhead(ENLARGED) == pytest.approx(0.1)
    told = "PyAV 1.50, RapidOCR 2.50, RapidOCR, enlarged 3.00"
    assert rows([(one, 2.0)], "minute") == [
        ["film", "6.00 s a minute", "words 4.00, body regions 1.00", told, "20 %", "10 %"]
    ]


def test_every_stage_of_a_video_is_timed(tmp_path: Path) -> None:
    film = Film(2.0, (Words("Tea", 0.5, 1.5),), sounds=False, size=(160, 96), fps=4)
    found = time_video(write_film(tmp_path / "a.mp4", film), 1, lambda seen: Even(len(seen)))
    assert {"frames, in the sandbox", "words", "body regions", "choice of key frames", "sound"} <= set(found.stages)
    assert set(found.floor) == {"PyAV", READER, ENLARGED} and found.whole > 0


def test_a_table_is_markdown() -> None:
    assert table(("a", "b"), [["1", "2"], ["3", "4"]]) == "| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |"
