"""Ads of our own lines as files: a video, its subtitles, a landing page, and the JSON that names them. It judges none.

Title and caption stand in the JSON, screen text is burnt into the pictures, speech is spoken by espeak-ng and, where no
recogniser is at hand, written into an `.srt` beside the video, the landing page is HTML. Of half of the violating ads
the words that violate stand for one known second in one modality; their clean twins are the same without these words.
"""

import html
import json
import random
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

from cases.case import AD_FIELDS, Case, Part
from cases.intake import case_from_ad
from cases.text import sentences
from evals.media_film import Film, NoVoice, Words, drawable, subtitles, write_film

SHARES = {"violating": 5, "allowed": 3, "borderline": 1}
SHORTEST, LONGEST = 6.0, 12.0
PACE = 2.5  # words a second
HIDDEN = ("screen", "speech")

Kind = Literal["shown", "second", "clean"]


class Advert(NamedTuple):
    """An ad to be written: `parts` are (field, text). What violates is `hidden`, in the field `where`, at `second`.

    `kind`: "shown", its words stand for some seconds; "second", those that violate for one; "clean", the twin of one.
    `marked`: its author says that its parts contradict each other.
    """

    id: str
    kind: Kind
    label: str
    rule: str | None
    parts: tuple[tuple[str, str], ...]
    marked: bool = False
    where: str = ""
    hidden: str = ""
    second: float = 0.0
    seconds: float = 0.0
    moves: bool = False
    seed: int = 0

    @property
    def text(self) -> dict[str, str]:
        """Return the parts by field."""
        return dict(self.parts)

    @property
    def case(self) -> Case:
        """Return the ad as text alone."""
        return Case(id=self.id, parts=tuple(Part(id=k, kind=k, text=v) for k, v in self.parts), surface="ad")  # type: ignore[arg-type]


def adverts(lines: Sequence[dict[str, Any]], count: int, seed: int) -> list[Advert]:
    """Return `count` ads of authored lines that have words on the screen or spoken, and the clean twins beside.

    Labels come in SHARES, as far as there are lines. Raise ValueError where there are none.
    """
    rng = random.Random(seed)
    kept = [line for line in lines if set(line.get("parts") or ()) & set(HIDDEN)]
    if not kept:
        raise ValueError("none of the lines is an ad with words on the screen or spoken; give authored ads")
    rng.shuffle(kept)
    out: list[Advert] = []
    for label, share in SHARES.items():
        own = [line for line in kept if line["label"] == label][: round(count * share / sum(SHARES.values()))]
        seconds = 0
        for line in own:
            one = _planned(line, rng, len(out))
            # The first that can hide what violates do so, until they are half.
            if label == "violating" and seconds < len(own) // 2 and (cut := _hidden(line)) is not None:
                where, words = cut
                at = float(rng.randrange(2, int(one.seconds) - 2))
                seconds += 1
                one = one._replace(kind="second", where=where, hidden=words, second=at)
                out.append(one)
                clean = ((k, v.replace(words, " ") if k == where else v) for k, v in one.parts)
                left = tuple((k, " ".join(v.split())) for k, v in clean if v.strip())
                one = one._replace(id=f"{one.id}-clean", kind="clean", label="", rule=None, parts=left, hidden="")
            out.append(one)
    return out


def film_of(ad: Advert) -> Film:
    """Return the film of an ad: its words on the screen and those spoken, at their times."""
    rng, text = random.Random(ad.seed), ad.text
    shown: tuple[Words, ...] = ()
    if screen := drawable(text.get("screen", "")):
        start = rng.uniform(0.5, 1.5)
        times = (ad.second, ad.second + 1) if ad.where == "screen" else (start, min(ad.seconds, start + 4))
        shown = (Words(screen, *times),)
    return Film(
        ad.seconds, shown, tuple(_said(ad)), (round(rng.uniform(2, ad.seconds - 1), 1),), moves=ad.moves, seed=ad.seed
    )


def write(ads: Sequence[Advert], folder: Path, *, sidecars: bool) -> None:
    """Write the files of ads into a folder, and `truth.json` of what they are; those there already are kept.

    `sidecars`: what is spoken is written into an `.srt` too. Raise NoVoice where there is no espeak-ng.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for ad in ads:
        film, text = film_of(ad), ad.text
        video = folder / f"{ad.id}.mp4"
        if not video.is_file():
            write_film(video, film)
        beside = folder / f"{ad.id}.srt"
        if sidecars and film.said:
            beside.write_text(subtitles(film.said), encoding="utf-8")
        else:
            beside.unlink(missing_ok=True)
        media = [{"type": "video", "path": video.name}]
        if landing := text.get("landing"):
            (folder / f"{ad.id}.html").write_text(page(landing), encoding="utf-8")
            media.append({"type": "page", "path": f"{ad.id}.html"})
        said = {k: text[k] for k in ("title", "caption") if k in text} | {"media": media}
        (folder / f"{ad.id}.json").write_text(json.dumps(said, ensure_ascii=False, indent=1), encoding="utf-8")
    told = [ad._asdict() for ad in ads]
    (folder / "truth.json").write_text(json.dumps(told, ensure_ascii=False, indent=1), encoding="utf-8")


def read_case(ad: Advert, folder: Path) -> Case:
    """Return an ad as its JSON file gives it: front parts and files."""
    return case_from_ad(folder / f"{ad.id}.json")


def page(text: str) -> str:
    """Return a landing page of a text, a paragraph for each sentence and nothing else that is read."""
    said = "".join(f"<p>{html.escape(text[a:b].strip())}</p>" for a, b in sentences(text) if text[a:b].strip())
    head = '<meta charset="utf-8"><style>p { font: 18px serif }</style>'
    return f"<!doctype html><html><head>{head}</head><body><main>{said}</main></body></html>"


def _planned(line: dict[str, Any], rng: random.Random, place: int) -> Advert:
    parts = tuple((k, line["parts"][k]) for k in AD_FIELDS if line["parts"].get(k))
    words = sum(len(v.split()) for k, v in parts if k in HIDDEN)
    seconds = round(min(LONGEST, max(SHORTEST, 3 + words / PACE)), 1)
    name = re.sub(r"\W+", "-", str(line["id"]))
    return Advert(
        name, "shown", line["label"], line.get("rule"), parts, bool(line.get("xm")), seconds=seconds,
        moves=place % 8 == 7, seed=rng.randrange(1 << 30),
    )  # fmt: skip


def _hidden(line: dict[str, Any]) -> tuple[str, str] | None:
    """Return the field and the words in which all that violates stands, None where it is in several or elsewhere.

    Of the screen they are all its words, of speech the sentences from the first that violates to the last.
    """
    parts, said = line["parts"], line.get("evidence") or ()
    fields = {k for k, v in parts.items() for one in said if one in v}
    if len(fields) != 1 or not fields <= set(HIDDEN):
        return None
    (where,) = fields
    text = parts[where]
    if where == "screen":
        return where, text
    spans = [(a, b) for a, b in sentences(text) for one in said if a < text.find(one) + len(one) and b > text.find(one)]
    return where, text[min(a for a, _ in spans) : max(b for _, b in spans)].strip()


def _said(ad: Advert) -> list[Words]:
    """Return the sentences spoken, one after another by their length; what is hidden has its second."""
    text = ad.text.get("speech", "")
    if ad.kind != "second" or ad.where != "speech":
        return _spread(text, 0.5, ad.seconds - 0.5)
    at = text.index(ad.hidden)
    return [
        *_spread(text[:at], 0.5, ad.second), Words(ad.hidden, ad.second, ad.second + 1),
        *_spread(text[at + len(ad.hidden) :], ad.second + 1, ad.seconds - 0.2),
    ]  # fmt: skip


def _spread(text: str, start: float, end: float) -> list[Words]:
    said = [text[a:b].strip() for a, b in sentences(text) if text[a:b].strip()]
    whole = sum(map(len, said))
    out = []
    for one in said:
        until = start + (end - start) * len(one) / whole
        out.append(Words(one, round(start, 3), round(until, 3)))
        whole, start = whole - len(one), until
    return out


__all__ = ["Advert", "Kind", "NoVoice", "adverts", "film_of", "page", "read_case", "write"]
