"""Files that come with a case: taken from data: URLs, checked by their first bytes, kept under their own digest.

Contract: a caller never names a place, neither a path of this machine nor an address that we would have to fetch;
what is kept is a file of a known kind inside the media folder, and its name comes from its content.
"""

import base64
import binascii
import hashlib
import os
import re
import tempfile
from pathlib import Path

from cases.case import Media, MediaKind
from web.office import Office
from web.problem import Problem
from web.store import uploads

MOST = 15_000_000
FOLDER = "uploads"
_DATA = re.compile(r"^data:([a-z]+/[a-z0-9.+-]+)?((?:;[a-z0-9-]+=[^;,]*)*)(;base64)?,", re.IGNORECASE)
# What a file is says its content, never the type that came with it. SVG and HTML are programs, and are not taken.
_KINDS: tuple[tuple[MediaKind, str, bytes, int], ...] = (
    ("image", "png", b"\x89PNG\r\n\x1a\n", 0), ("image", "jpg", b"\xff\xd8\xff", 0), ("image", "gif", b"GIF8", 0),
    ("image", "webp", b"WEBP", 8), ("image", "bmp", b"BM", 0), ("image", "avif", b"ftypavif", 4),
    ("video", "webm", b"\x1aE\xdf\xa3", 0), ("video", "mp4", b"ftyp", 4), ("audio", "wav", b"WAVE", 8),
    ("audio", "mp3", b"ID3", 0), ("audio", "ogg", b"OggS", 0), ("audio", "flac", b"fLaC", 0),
)  # fmt: skip
KNOWN = "PNG, JPEG, WebP, GIF, BMP, AVIF, MP4, WebM, WAV, MP3, Ogg and FLAC"


def decoded(url: str, param: str) -> bytes:
    """Return the bytes of a data: URL; raise Problem 400 for what is none, is empty or is too large."""
    found = _DATA.match(url[:300])
    if found is None or not found[3]:
        raise _bad(f"{param}: {url[:40]!r} is no data: URL in base64; write data:image/png;base64,…", param)
    body = url[found.end() :]
    if len(body) * 3 // 4 > MOST:
        raise Problem(413, f"{param}: a file is larger than {MOST:,} bytes; send a smaller one.", param=param,
                      code="file_too_large")  # fmt: skip
    try:
        data = base64.b64decode("".join(body.split()), validate=True)
    except (binascii.Error, ValueError):
        raise _bad(f"{param}: its base64 cannot be read; encode the file anew.", param) from None
    if not data:
        raise _bad(f"{param}: the file is empty; send its content.", param)
    return data


def keep(office: Office, data: bytes, param: str, wanted: MediaKind | None = None) -> Media:
    """Keep a file and return where it is; raise Problem 400 where its content is of no known kind."""
    found = next(((k, ext) for k, ext, magic, at in _KINDS if data[at : at + len(magic)] == magic), None)
    if found is None:
        raise _bad(f"{param}: the file begins with {data[:8]!r}, which is none of {KNOWN}.", param)
    kind, ending = found
    if wanted is not None and kind != wanted:
        raise _bad(f"{param}: it is said to be of the kind {wanted!r}, but holds {ending} ({kind}).", param)
    root, at = office.settings.media_root, office.clock()
    name = f"{hashlib.sha256(data).hexdigest()}.{ending}"
    place = folder(office.settings.home, root) / name
    with office.store.writing("note an upload") as connection:
        if not place.exists():
            # Noted first: a file that is not noted would stay for good.
            uploads.add(connection, {name: at})
            _written(place, data)
        uploads.touch(connection, name, at)
    return Media(type=kind, path=f"{FOLDER}/{name}" if root is not None else str(place))


def folder(home: Path, root: Path | None) -> Path:
    """Return where uploads are kept: inside the media folder where one is set, else in the home."""
    return (root or home) / FOLDER


def _written(place: Path, data: bytes) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=place.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.replace(name, place)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _bad(message: str, param: str) -> Problem:
    return Problem(400, message, param=param, code="invalid_file")


__all__ = ["KNOWN", "MOST", "decoded", "folder", "keep"]
