"""Files that lie, end too soon or lead elsewhere: a gap with its reason, the rest judged, and nothing let go for it."""

import io
import os
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("av", reason="files: pip install 'precept[vision]'")
pytest.importorskip("nudenet", reason="files: pip install 'precept[vision]'")

from cases.case import Case, Media, MediaKind, Part  # noqa: E402
from cases.observation import Trouble  # noqa: E402
from graphs.settings import Settings  # noqa: E402
from graphs.wiring import open_desk  # noqa: E402
from tests.graphs.conftest import CAKE, THREAT  # noqa: E402
from tests.media.pictures import Style, encoded, words  # noqa: E402
from tests.media.videos import Film, made  # noqa: E402
from tools.ledger import Ledger  # noqa: E402

GIF = b"GIF89a" + struct.pack("<HH", 40, 20) + b"\xf0\0\0" + b"\0\0\0\xff\xff\xff"
SHORT = b"\x2c" + struct.pack("<HHHH", 0, 0, 40, 20) + b"\0\x02\x02\x44\x01\0"  # two pixels of eight hundred
FILES: list[tuple[str, MediaKind, Trouble]] = [
    ("empty.mp4", "video", "unreadable"), ("bare.mp4", "video", "unreadable"), ("film.png", "image", "unknown_format"),
    ("svg.png", "image", "unknown_format"), ("archive.png", "image", "unknown_format"),
    ("vast.png", "image", "too_large"), ("damaged.gif", "image", "unreadable"), ("link.png", "image", "unreadable"),
    ("loop.png", "image", "unreadable"), ("pipe.png", "image", "unreadable"), ("gone.png", "image", "missing"),
    ("../gone.png", "image", "missing"), ("deep.html", "page", "unreadable"),
]  # fmt: skip


def vast(width: int, height: int) -> bytes:
    """Return a PNG of zeros that is small as a file."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(bytes(1000), 9)) + chunk(b"IEND", b"")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, outside = tmp_path_factory.mktemp("files"), tmp_path_factory.mktemp("outside")
    film = made(folder / "whole.mp4", Film(2, fps=4, size=(160, 90))).read_bytes()
    picture = encoded(words("hello", Style(size=20)))
    (outside / "other.png").write_bytes(picture)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.html", "<script>1</script>")
    bodies = {
        "empty.mp4": b"", "bare.mp4": film[: film.index(b"mdat") - 4],
        "film.png": film, "archive.png": picture + packed.getvalue(),
        "svg.png": b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>',
        "vast.png": vast(10_001, 10_000), "damaged.gif": GIF + SHORT * 5 + b";", "deep.html": b"<div>" * 100_000 + b"x",
    }  # fmt: skip
    for name, body in bodies.items():
        (folder / name).write_bytes(body)
    os.symlink(outside / "other.png", folder / "link.png")
    os.symlink(folder / "loop.png", folder / "loop.png")
    os.mkfifo(folder / "pipe.png")
    return folder


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    with Ledger.open(tmp_path_factory.mktemp("ledger") / "ledger.db") as opened:
        yield opened


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


def case(text: str, *media: tuple[str, MediaKind]) -> Case:
    files = tuple(Media(type=kind, path=path) for path, kind in media)
    return Case(id="c", parts=(Part(id="text", kind="text", text=text),), media=files)


@pytest.mark.parametrize("policy", ["community", "image-child-safety"])
def test_no_file_that_was_not_read_is_let_go_and_each_says_why(
    policy: str, folder: Path, home: Path, ledger: Ledger
) -> None:
    settings = Settings(home=home, policy=policy, media_root=folder, frames=2, audit_rate=0.0)
    # Where pictures are judged by sight, one could be let go.
    tried = [one for one in FILES if policy == "community" or one[1] == "image"]
    with open_desk(settings, waits=False, ledger=ledger) as desk:
        decisions = list(desk.decide_many([case(CAKE, (path, kind)) for path, kind, _ in tried]))
        everything = desk.decide(case(THREAT, *((path, kind) for path, kind, _ in tried)))
    for (path, kind, why), decision in zip(tried, decisions, strict=True):
        assert (decision.outcome, decision.causes[0]) == ("review", "media_not_read"), path
        gaps = ledger.case(decision.case_digest).unseen
        assert why in {gap.why for gap in gaps} and all(g.told and g.media == f"{kind}-1" for g in gaps), (path, gaps)
    if policy == "community":  # the other has no rule for the words
        assert (everything.outcome, everything.rule_id) == ("act", "HR2")
