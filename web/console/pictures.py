"""Files of a case, for the page that shows it: by the case's own id of the file, never by a path.

A picture is decoded and written anew, so that nothing but pixels comes through; SVG and everything else that is no
bitmap is refused. Sound and video go out as they are, only from our own media folders, and sandboxed.
"""

import io
import os
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from cases.case import Media, media_ids
from cases.observation import Unseen
from tools.source import opened, placed
from web.identity import Actor, needs, office_of
from web.office import Office
from web.problem import Problem
from web.store import journal

router = APIRouter(prefix="/cases")
MOST = 50_000_000
PIXELS = 50_000_000
LARGEST = 1600
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP")
SOUND = {
    b"RIFF": "audio/wav",
    b"OggS": "audio/ogg",
    b"ID3": "audio/mpeg",
    b"fLaC": "audio/flac",
    b"\x1aE\xdf\xa3": "video/webm",
}
BOXED = {"content-security-policy": "default-src 'none'; sandbox", "content-disposition": "inline; filename=media"}


@router.get("/{decision_id}/media/{media_id}")
def media(
    request: Request, actor: Annotated[Actor, Depends(needs("read"))], decision_id: str, media_id: str
) -> Response:
    """Return one file of a case."""
    office = office_of(request)
    found = office.record(decision_id)
    ids = media_ids(found.case.media)
    if media_id not in ids:
        raise Problem(404, f"This case has no file {media_id!r}; it has {', '.join(ids) or 'none'}.", param="media_id",
                      code="unknown_media")  # fmt: skip
    one = found.case.media[ids.index(media_id)]
    if one.type == "page":
        raise Problem(415, "A landing page is a program, and is not shown here; its words are parts of the case.",
                      code="not_shown")  # fmt: skip
    body = _read(office, one, media_id)
    kind, body = _picture(body) if one.type == "image" else (_sound(office, one, body), body)
    journal.note(office.store, actor.id, "case.media", found.decision.id, {"media": media_id})
    return Response(body, media_type=kind, headers=BOXED)


def _read(office: Office, one: Media, media_id: str) -> bytes:
    file = opened(one.path, office.settings.media_root, media_id, MOST)
    if isinstance(file, Unseen):  # what it tells holds the path, which is nobody's business here
        raise Problem(404, f"The file {media_id!r} cannot be shown: {file.why.replace('_', ' ')}.", code="no_file")
    with file:
        return file.read()


def _picture(body: bytes) -> tuple[str, bytes]:
    try:
        from PIL import Image, ImageOps
    except ImportError:
        raise Problem(501, "Pictures need Pillow: pip install 'precept[vision]'.", code="no_pictures") from None
    try:
        with Image.open(io.BytesIO(body), formats=FORMATS) as image:
            if image.width * image.height > PIXELS:
                raise Problem(413, f"The picture has {image.width} x {image.height} pixels; too many to show.",
                              code="too_large")  # fmt: skip
            shown = ImageOps.exif_transpose(image).convert("RGB")
            shown.thumbnail((LARGEST, LARGEST))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        raise Problem(415, f"The file is no picture of the formats {', '.join(FORMATS)}; it is not shown.",
                      code="not_shown") from None  # fmt: skip
    out = io.BytesIO()
    shown.save(out, "WEBP", quality=85)
    return "image/webp", out.getvalue()


def _sound(office: Office, one: Media, body: bytes) -> str:
    root = office.settings.media_root
    real = Path(os.path.realpath(placed(one.path, root)))
    homes = [root or office.settings.home / "uploads"]
    kind = next(
        (k for magic, k in SOUND.items() if body.startswith(magic)), "video/mp4" if body[4:8] == b"ftyp" else None
    )
    if kind is None or not any(real.is_relative_to(os.path.realpath(home)) for home in homes):
        raise Problem(415, "The file is of no kind that is shown here.", code="not_shown")
    return kind
