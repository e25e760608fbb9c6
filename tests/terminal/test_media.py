"""Files of cases from the command line to the record: what is cited, what is drawn, what is refused."""

import json
from pathlib import Path

import pytest

pytest.importorskip("av", reason="videos: pip install 'precept[vision]'")
pytest.importorskip("rapidocr", reason="videos: pip install 'precept[vision]'")
pytest.importorskip("nudenet", reason="videos: pip install 'precept[vision]'")

from PIL import Image  # noqa: E402

from tests.media.pictures import Style, words  # noqa: E402
from tests.media.seen import film  # noqa: E402
from tests.media.videos import Cue  # noqa: E402
from tests.terminal.commands import CAKE, THREAT, Invoke  # noqa: E402

SAID = THREAT


@pytest.fixture(autouse=True)
def few(env: dict[str, str]) -> None:
    env["PRECEPT_FRAMES"] = "6"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    film(folder, "threat.mp4", line=SAID)
    film(folder, "kind.mp4", line="", seconds=2.0)
    film(folder, "below.mp4", line="", seconds=2.0, cues=(Cue(THREAT, 0.5, 1.5),))
    words(SAID, Style(size=40)).save(folder / "threat.png")
    return folder


def red(path: Path) -> int:
    """Return how many pixels of a sheet have the colour of what is cited."""
    colours = Image.open(path).convert("RGB").getcolors(1 << 24) or ()
    return sum(n for n, colour in colours if colour == (208, 24, 40))


def shows_red(path: Path) -> bool:
    return red(path) > 2_000  # more than the words about it


def test_a_threat_shown_in_a_video_is_cited_by_its_second_and_drawn(
    precept: Invoke, folder: Path, tmp_path: Path
) -> None:
    drawn = tmp_path / "sheet.png"
    done = precept("decide", CAKE, "--video", folder / "threat.mp4", "--render", drawn)
    assert done.exit_code == 0, done.output
    assert " ACT " in done.stdout and "HR2" in done.stdout
    assert "video-1 at 0:0" in done.stdout and "3 key frames" in done.stdout
    assert shows_red(drawn) and str(drawn) in done.stderr
    line = json.loads(precept("ledger", "list", "--json").stdout.splitlines()[0])
    again = tmp_path / "again.png"
    told = precept("explain", line["decision_id"], "--render", again)
    assert told.exit_code == 0 and " s" in told.stdout and "part video-1" in told.stdout
    assert again.read_bytes() == drawn.read_bytes()


def test_json_tells_of_each_finding_what_was_seen_where_by_which_tool_behind_the_keys_that_were_there(
    precept: Invoke, folder: Path
) -> None:
    line = json.loads(precept("decide", CAKE, "--video", folder / "threat.mp4", "--json").stdout)
    leading = next(f for f in line["findings"] if f["rule_id"] == line["rule_id"])
    assert list(leading) == [
        "rule_id", "verdict", "probability", "citations", "evidence", "attributes", "sightings",
    ]  # fmt: skip
    words = [one for one in leading["sightings"] if one["kind"] == "words"]
    assert words and all(
        one["region"].startswith("video-1.w") and one["words"] and one["start"] >= 0 and one["box"]["width"] > 0
        and one["tool"] == "rapidocr" and 0 < one["confidence"] <= 1
        for one in words
    )  # fmt: skip
    assert {one["id"] for one in line["places"]} <= {one["region"] for one in leading["sightings"]}
    batch = json.loads(precept("ledger", "list", "--json").stdout.splitlines()[0])
    assert all("sightings" not in f for f in batch["findings"]), "a line of a batch stays as it is"


def test_a_citation_is_drawn_without_what_was_kept_and_a_picture_that_is_gone_is_said_to_be(
    precept: Invoke, folder: Path, tmp_path: Path, env: dict[str, str]
) -> None:
    own, drawn, again = tmp_path / "own.png", tmp_path / "sheet.png", tmp_path / "again.png"
    own.write_bytes((folder / "threat.png").read_bytes())
    env |= {"PRECEPT_CACHE_MB": "1", "PRECEPT_HOME": str(tmp_path / "home")}
    made = json.loads(precept("decide", CAKE, "--image", own, "--render", drawn, "--json").stdout)
    for kept in Path(env["PRECEPT_HOME"]).glob("cache.db*"):
        kept.unlink()
    assert precept("explain", made["decision_id"], "--render", again).exit_code == 0
    assert again.read_bytes() == drawn.read_bytes() and shows_red(drawn)
    own.unlink()
    gone = precept("explain", made["decision_id"], "--render", again)
    assert gone.exit_code == 0 and "image-1 is no longer kept" in gone.stderr
    assert not shows_red(again) and "part image-1" in gone.stdout


def test_a_video_that_shows_nothing_is_kept_for_a_person(precept: Invoke, folder: Path) -> None:
    line = json.loads(precept("decide", CAKE, "--video", folder / "kind.mp4", "--json").stdout)
    assert (line["outcome"], line["causes"]) == ("review", ["picture_not_judged"])


def test_subtitles_beside_a_video_are_judged(precept: Invoke, folder: Path) -> None:
    line = json.loads(precept("decide", CAKE, "--video", folder / "below.mp4", "--json").stdout)
    leading = next(f for f in line["findings"] if f["rule_id"] == line["rule_id"])
    assert line["outcome"] == "act" and {e["part"] for e in leading["evidence"]} == {"video-1.subtitles"}


def test_an_ad_names_files_beside_itself_and_a_page(precept: Invoke, folder: Path, tmp_path: Path) -> None:
    ad = folder / "ad.json"
    (folder / "page.html").write_text(f"<html><body><p>{CAKE}</p><p>{THREAT}</p></body></html>")
    media = [{"type": "page", "path": "page.html"}, {"type": "video", "path": "kind.mp4"}]
    ad.write_text(json.dumps({"title": "Tea", "media": media}))
    line = json.loads(precept("decide", "--ad", ad, "--json").stdout)
    leading = next(f for f in line["findings"] if f["rule_id"] == line["rule_id"])
    assert line["outcome"] == "act" and {e["part"] for e in leading["evidence"]} == {"page-1"}


def test_html_in_an_ad_is_read_as_its_visitors_read_it(precept: Invoke, tmp_path: Path) -> None:
    ad = tmp_path / "ad.json"
    ad.write_text(json.dumps({"title": "Tea", "landing": f"<!doctype html><html><body><p>{CAKE}</p></body></html>"}))
    line = json.loads(precept("decide", "--ad", ad, "--json").stdout)
    shown = json.loads(precept("ledger", "show", line["decision_id"], "--json").stdout)
    assert [p["text"] for p in shown["case"]["parts"]] == ["Tea", CAKE] and line["outcome"] == "allow"


def test_a_batch_takes_files_from_its_folder_and_from_nowhere_else(
    precept: Invoke, folder: Path, tmp_path: Path
) -> None:
    stray = tmp_path / "stray.png"
    stray.write_bytes((folder / "threat.png").read_bytes())
    lines = [
        {"id": "in", "text": "look", "media": [{"type": "image", "path": "threat.png"}]},
        {"id": "out", "text": "look", "media": [{"type": "image", "path": str(stray)}]},
        {"id": "up", "text": "look", "media": [{"type": "image", "path": "../../../../etc/hostname"}]},
        {"id": "part", "text": THREAT, "media": [{"type": "video", "path": "threat.png"}]},
    ]
    source, out = folder / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    assert precept("batch", source, "-o", out).exit_code == 0
    found = {line["id"]: line for line in map(json.loads, out.read_text().splitlines())}
    assert [found[id]["outcome"] for id in ("in", "out", "up", "part")] == ["act", "review", "review", "act"]
    for id in ("out", "up"):
        shown = json.loads(precept("ledger", "show", found[id]["decision_id"], "--json").stdout)
        assert "leads out" in shown["case"]["unseen"][0]["told"]


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (["hello", "--render", "out.png"], "nothing to draw"),
        (["hello", "--render", "out.jpg"], "ends with .png"),
        (["hello", "--render", "no/such/out.png"], "there is no folder"),
        (["--video", "none.mp4"], "none.mp4: no such file"),
        (["--audio", "none.wav"], "none.wav: no such file"),
    ],
)
def test_what_cannot_be_drawn_or_found_is_refused(
    precept: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, args: list[str], told: str
) -> None:
    monkeypatch.chdir(tmp_path)
    done = precept("decide", *args)
    assert done.exit_code == 2 and told in done.stderr
    assert not list(tmp_path.glob("*.png"))


def test_a_file_outside_of_the_operators_folder_is_refused(
    precept: Invoke, env: dict[str, str], folder: Path, tmp_path: Path
) -> None:
    env["PRECEPT_MEDIA_ROOT"] = str(tmp_path)
    done = precept("decide", "hello", "--image", folder / "threat.png")
    assert done.exit_code == 2 and "lies outside of" in done.stderr


def test_a_program_is_told_the_places_and_what_was_not_seen(precept: Invoke, folder: Path) -> None:
    line = json.loads(
        precept("decide", CAKE, "--image", folder / "threat.png", "--video", folder / "ad.txt", "--json").stdout or "{}"
    )
    assert not line  # a file that is not there is refused
    (folder / "notes.mp4").write_bytes(b"no film")
    done = precept("decide", CAKE, "--image", folder / "threat.png", "--video", folder / "notes.mp4", "--json")
    line = json.loads(done.stdout)
    assert {place["media"] for place in line["places"]} == {"image-1"}
    assert all(place["locator"]["box"]["width"] > 0.05 for place in line["places"])
    assert {gap["media"] for gap in line["unseen"]} == {"video-1"}


def test_a_batch_that_was_cut_off_takes_over_the_decisions_about_its_files(
    precept: Invoke, folder: Path, tmp_path: Path
) -> None:
    source, out = folder / "two.jsonl", tmp_path / "out.jsonl"
    lines = [{"id": "a", "text": CAKE}, {"id": "b", "text": "look", "media": [{"type": "image", "path": "threat.png"}]}]
    source.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    assert precept("batch", source, "-o", out).exit_code == 0
    whole = out.read_text()
    out.write_text(whole.splitlines(keepends=True)[0])
    done = precept("batch", source, "-o", out, "--resume", "--json")
    assert done.exit_code == 0 and json.loads(done.stderr.splitlines()[-1])["taken_over"] == 1
    assert out.read_text() == whole


def test_lines_from_stdin_name_files_of_the_folder_that_the_command_stands_in(
    precept: Invoke, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    stray = tmp_path / "stray.png"
    stray.write_bytes((folder / "threat.png").read_bytes())
    media = [[{"type": "image", "path": path}] for path in ("threat.png", str(stray))]
    lines = "".join(f"{json.dumps({'id': str(n), 'text': 'look', 'media': m})}\n" for n, m in enumerate(media))
    done = precept("batch", "-", "-o", tmp_path / "out.jsonl", input=lines)
    assert done.exit_code == 0, done.output
    found = [json.loads(line)["outcome"] for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert found == ["act", "review"]
