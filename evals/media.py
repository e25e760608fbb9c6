"""`python -m evals.media LINES --out FOLDER`: what seeing costs and finds, measured on files made of our own lines.

LINES are authored lines of ads that no training saw (`python -m training.data held test --files …`). Nothing that is
judged is found footage; what may be offensive is written into FOLDER alone. `--only` names what to measure: words (the
recall of words by condition), frames (which choice finds the one second that violates), ads (the loss of accuracy from
files against text), speed, memory. Tables in Markdown are printed and kept in FOLDER, so that parts can be run apart.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evals import media_ads, media_frames, media_judged, media_memory, media_speed
from evals.media_film import Film, Words, write_film
from evals.quality import rows
from graphs.settings import Settings, read_settings
from policy_store.loader import load_pack

if TYPE_CHECKING:
    from graphs.desk import Desk
    from tools.looking import Choose

PACK = "short-video-ads"
MEASURES = ("words", "frames", "ads", "speed", "memory")
ADS, FILMS, SENTENCES, ROUNDS, SEED = 72, 8, 8, 3, 7


class NoDrawings(RuntimeError):
    """The drawings of words under conditions are not at hand."""

    def __str__(self) -> str:
        return "the drawings are in tests/media of a source checkout; run this from its folder"


def words(sentences: int) -> str:
    """Return the table of word recall by condition, on the drawings of tests/media."""
    try:
        from tests.media.pictures import CONDITIONS, HARDER, SENTENCES, recall
    except ImportError:
        raise NoDrawings from None
    import numpy as np

    from cases.observation import Unseen
    from tools.ocr import read_words

    def read(condition: str, number: int) -> float:
        picture = CONDITIONS[condition](SENTENCES[number], number)
        seen = read_words(np.asarray(picture.convert("RGB")), "image")
        return 0.0 if isinstance(seen, Unseen) else recall(SENTENCES[number], " ".join(one.text for one in seen))

    found = {}
    for name in CONDITIONS:
        found[name] = sum(read(name, at) for at in range(sentences)) / sentences
        print(f"{name}: {found[name]:.3f}", flush=True)
    plain = [v for k, v in found.items() if k not in HARDER]
    lines = [[k, f"{v:.3f}", "yes" if k in HARDER else ""] for k, v in sorted(found.items(), key=lambda kv: -kv[1])]
    lines.append(["all but those made to be missed", f"{sum(plain) / len(plain):.3f}", ""])
    return table(("condition", "word recall", "made to be missed"), lines)


def frames(lines: Sequence[dict[str, Any]], folder: Path, films: int, seed: int) -> str:
    """Return the table of seconds found by each way to choose frames."""
    with desk_of(folder) as desk:
        hits = media_frames.measure(desk.deps, media_frames.reels(lines, films, seed), folder / "frames", say)
    with (folder / "frames.txt").open("w", encoding="utf-8") as file:
        for hit in hits:
            file.write(f"{hit.reel.name}\t{hit.reel.second}\t{hit.read}\t{hit.arms}\t{hit.reel.words}\n")
    return table(("films", "count", *media_frames.ARMS, "its words are read"), media_frames.table(hits))


def ads(lines: Sequence[dict[str, Any]], folder: Path, count: int, seed: int, speech: str) -> str:
    """Return the tables of ads judged as text and as files."""
    made = media_ads.adverts(lines, count, seed)
    media_ads.write(made, folder / "ads", sidecars=speech == "none")
    with desk_of(folder / "ads", speech) as desk:
        judged = media_judged.judge(desk, made, folder / "ads", say)
        media_judged.saved(judged, folder / "judged.jsonl")
        crossed = media_judged.contradictions(desk, judged, folder / "ads", seed)
    own = [one for one in judged if one.ad.kind != "clean"]
    twins = [one for one in judged if one.ad.kind == "clean"]
    losses = []
    for way in media_judged.WAYS[1:]:
        lost, (same, moved) = media_judged.loss(own, way), media_judged.agreement(own, way)
        moves = ", ".join(f"{k} {v}" for k, v in moved.items() if k.split(" to ")[0] != k.split(" to ")[1])
        losses.append(
            [
                way, f"{lost.before:.3f}", f"{lost.after:.3f}", 
                f"{lost.points:.1f} ({lost.low:.1f} to {lost.high:.1f})", f"{same:.3f}", moves or "none",
            ]
        )  # fmt: skip
    kinds = []
    for kind in ("shown", "second"):
        for place in ("", "screen", "speech"):
            some = [o for o in own if o.ad.label == "violating" and o.ad.kind == kind and o.ad.where == place]
            if some:
                right = [f"{sum(o.ways[w].rule == o.ad.rule for o in some)}" for w in media_judged.WAYS]
                kinds.append([f"{kind} {place}".strip(), f"{len(some)}", *right])
    acted = [f"{sum(o.ways[w].outcome == 'act' for o in twins)}" for w in media_judged.WAYS]
    read = [[part, f"{share:.3f}"] for part, share in media_judged.recall_of(judged).items()]
    cross = [[way, *(f"{v}" for v in told.values())] for way, told in crossed.items()]
    header = ("way", "right rule first, text", "this way", "loss, points", "same outcome as text", "moved")
    return "\n\n".join(
        (
            f"{len(own)} ads and {len(twins)} clean twins, a film each; "
            f"{sum(bool(one.gaps) for one in judged)} were not seen through, sound apart.",
            table(header, losses),
            table(("violating ads, right rule first", "ads", *media_judged.WAYS), kinds),
            table(("clean twins acted on", "twins", *media_judged.WAYS), [["", f"{len(twins)}", *acted]]),
            table(("part", "words read"), read),
            table(("contradiction of parts", *next(iter(crossed.values()))), cross),
        )
    )  # fmt: skip


def speed(folder: Path, rounds: int) -> str:
    """Return the table of times by stage."""
    from tests.media.pictures import Style, encoded, meme
    from tests.media.pictures import words as line

    folder.mkdir(parents=True, exist_ok=True)
    pictures = {
        "meme, 640x640": meme("TWO TICKETS TO THE", "VILLAGE FAIR"),
        "a line of words": line("Meet us at nine", Style()),
    }  # fmt: skip
    timed = []
    for name, picture in pictures.items():
        path = folder / f"{name.split(',')[0].replace(' ', '-')}.png"
        path.write_bytes(encoded(picture))
        timed.append((media_speed.time_picture(path, rounds)._replace(name=name), 1.0))
    still, moving = _minute(False), _minute(True)
    films = {"slides, 640x360": still, "all moving, 640x360": moving,
             "slides, 1280x720": still._replace(size=(1280, 720))}  # fmt: skip
    clips = []
    with desk_of(folder) as desk:
        for name, film in films.items():
            path = write_film(folder / f"{name.replace(', ', '-').replace(' ', '-')}.mp4", film)
            one = media_speed.time_video(path, rounds, chooser_of(desk))
            clips.append((one._replace(name=f"{name}, {film.seconds:g} s"), film.seconds / 60))
    header = ("file", "whole", "stages, s", "floor, s", "over the floor", "over the floor with small frames enlarged")
    return table(header, [*media_speed.rows(timed, "picture"), *media_speed.rows(clips, "minute")])


def memory(folder: Path) -> str:
    """Return the table of peak memory by the length of a video."""
    with tempfile.TemporaryDirectory() as home:
        found = media_memory.measure(folder, Path(home))
    lines = [
        [f"{p.minutes:g}", f"{p.together:.0f}", f"{p.largest:.0f}", f"{p.seconds:.0f}", f"{p.status}"] for p in found
    ]
    return table(("minutes of 1080p", "all processes, MiB", "the largest, MiB", "seconds", "exit code"), lines)


@contextmanager
def desk_of(folder: Path, speech: str = "none") -> "Iterator[Desk]":
    """Open a desk of the ads policy that takes files from a folder; what it saw of them is kept there in `home`."""
    from graphs.wiring import open_desk

    root = folder.absolute()
    settings = Settings(home=root / "home", media_root=root, media_seconds=3600.0, speech=speech)
    with open_desk(settings, load_pack(PACK), waits=False) as desk:
        yield desk


def chooser_of(desk: "Desk") -> "Choose":
    """Return how a desk chooses key frames."""
    from agents.keyframes import Chooser
    from cases.text import fold

    return Chooser(lambda texts: [float(p) for p in desk.deps.score([fold(t) for t in texts]).max(1)])


def table(header: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Return a table in Markdown.

    >>> table(("a", "b"), [["1", "2"]])
    '| a | b |\\n|---|---|\\n| 1 | 2 |'
    """
    return "\n".join(f"| {' | '.join(row)} |" for row in (header, *lines)).replace(
        "\n", f"\n|{'---|' * len(header)}\n", 1
    )


def say(told: str) -> None:
    """Print how far it is."""
    print(f"{time.strftime('%H:%M:%S')} {told}", flush=True)


def _minute(moves: bool) -> Film:
    shown = tuple(Words(f"Chapter {at // 5 + 1} of the garden calendar", at, at + 4) for at in range(0, 60, 5))
    said = (Words("Good morning, and welcome to the garden calendar.", 1, 5),)
    return Film(60.0, shown, said, tuple(float(at) for at in range(10, 60, 10)), moves=moves, seed=3)


def main() -> None:
    """Measure what is asked for, print tables and keep them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lines", type=Path, help="authored lines of ads, JSON Lines")
    parser.add_argument("--out", type=Path, required=True, help="a folder for files and tables")
    parser.add_argument("--only", nargs="+", choices=MEASURES, default=MEASURES)
    parser.add_argument("--ads", type=int, default=ADS, help="beside the clean twins")
    parser.add_argument("--films", type=int, default=FILMS, help="of each kind and length, for the choice of frames")
    parser.add_argument("--sentences", type=int, default=SENTENCES, help="of each condition, 8 at most")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="of what is timed")
    parser.add_argument("--seed", type=int, default=SEED)
    given = parser.parse_args()
    lines, out = list(rows(given.lines)), given.out
    out.mkdir(parents=True, exist_ok=True)
    made = {
        "words": lambda: words(given.sentences), "frames": lambda: frames(lines, out, given.films, given.seed),
        "ads": lambda: ads(lines, out, given.ads, given.seed, read_settings().speech),
        "speed": lambda: speed(out / "speed", given.rounds), "memory": lambda: memory(out / "memory"),
    }  # fmt: skip
    for name in given.only:
        begun, load = time.perf_counter(), os.getloadavg()[0]
        body = made[name]()
        about = f"load {load:.0f} before and {os.getloadavg()[0]:.0f} after, seed {given.seed}"
        text = f"### {name}\n\n{body}\n\n{about}, {time.perf_counter() - begun:.0f} s.\n"
        (out / f"{name}.md").write_text(text, encoding="utf-8")
        print(f"\n{text}", flush=True)


if __name__ == "__main__":
    main()
