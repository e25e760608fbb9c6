"""What kind of file bytes are, by their first bytes and their structure, and what else they pretend to be. No decoder.

It runs inside the sandbox and imports the standard library alone.
"""

from collections.abc import Iterator

from tools.inside import Refused

_KNOWN: tuple[tuple[str, bytes], ...] = (
    ("PNG", b"\x89PNG\r\n\x1a\n"),
    ("JPEG", b"\xff\xd8\xff"),
    ("GIF", b"GIF87a"),
    ("GIF", b"GIF89a"),
    ("BMP", b"BM"),
    ("TIFF", b"II*\0"),
    ("TIFF", b"MM\0*"),
)
_NAMED: tuple[tuple[str, bytes], ...] = (
    ("a PDF", b"%PDF-"),
    ("a PostScript file", b"%!PS"),
    ("a ZIP archive", b"PK\x03\x04"),
    ("a Photoshop file", b"8BPS"),
    ("a video", b"\x1aE\xdf\xa3"),
)
_FIX = "convert it to PNG or JPEG"
# What a program that does not look at the first bytes would run or open instead of the picture.
_ACTIVE = (
    b"<script", b"<svg", b"<html", b"<!doctype html", b"<?php", b"%pdf-", b"\x7felf", b"7z\xbc\xaf\x27\x1c", b"rar!",
)  # fmt: skip
_ZIP_TAIL = 65_557  # an end record and the longest comment that may follow it


def picture_format(data: bytes) -> str:
    """Return the format of a picture, as Pillow names it; raise Refused for any that is not read."""
    if not data:
        raise Refused("unreadable", "is empty")
    for form, magic in _KNOWN:
        if data.startswith(magic):
            return form
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    if data[4:8] == b"ftyp":
        brands = data[8 : max(16, min(256, int.from_bytes(data[:4], "big")))]
        if b"avif" in brands or b"avis" in brands:
            return "AVIF"
        named = "a HEIC picture" if b"hei" in brands or b"mif1" in brands else "a video"
        raise Refused("unknown_format", f"is {named}, not a picture that is read; {_FIX}")
    for named, magic in _NAMED:
        if data.startswith(magic):
            raise Refused("unknown_format", f"is {named}, not a picture that is read; {_FIX}")
    if data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith((b"<svg", b"<?xml", b"<!doctype svg", b"<!--")):
        raise Refused("unknown_format", f"is SVG or other XML, which a program draws; {_FIX}")
    raise Refused("unknown_format", "is in no known format; PNG, JPEG, WebP, GIF, BMP, TIFF and AVIF are read")


def second_nature(form: str, data: bytes) -> str | None:
    """Return what else a picture is: a PDF near its top, a ZIP by its end, or a page, script or program behind it.

    Other bytes behind a picture are left alone: cameras write their own there.
    """
    if b"%PDF-" in data[:1024]:
        return "a PDF"
    tail = data[-_ZIP_TAIL:]
    at = tail.rfind(b"PK\x05\x06")
    if at >= 0 and at + 22 <= len(tail):
        directory = len(data) - len(tail) + at - int.from_bytes(tail[at + 12 : at + 16], "little")
        if directory >= 0 and data[directory : directory + 2] == b"PK":
            return "a ZIP archive"
    rest = data[_end(form, data) :].lower()
    return "a page, a script or a program" if any(mark in rest for mark in _ACTIVE) else None


def webp_delays(data: bytes) -> Iterator[int]:
    """Yield how long each frame of an animated WebP shows, in milliseconds."""
    at = 12
    while at + 24 <= len(data):
        if data[at : at + 4] == b"ANMF":
            yield int.from_bytes(data[at + 20 : at + 23], "little")
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        at += 8 + size + size % 2


def _end(form: str, data: bytes) -> int:
    """Return where the picture ends by its own structure; the file's end where that is not told or is broken."""
    if form == "PNG":
        at = data.rfind(b"IEND")
        return at + 8 if at >= 0 else len(data)
    if form == "WEBP":
        return 8 + int.from_bytes(data[4:8], "little")
    if form == "BMP":
        return int.from_bytes(data[2:6], "little") or len(data)
    if form == "GIF":
        return _gif_end(data)
    return _jpeg_end(data) if form == "JPEG" else len(data)


def _jpeg_end(data: bytes) -> int:
    at, size = 2, len(data)
    while 0 <= at < size - 1:
        kind = data[at + 1]
        if data[at] != 0xFF or kind in (0x00, 0x01, 0xFF) or 0xD0 <= kind <= 0xD7:
            # Inside a scan, where 0xFF00 is a value and 0xFFD0 to 0xFFD7 mark restarts: on to the next mark.
            at = data.find(b"\xff", at + 1)
        elif kind == 0xD9:
            return at + 2
        else:
            at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return size


def _gif_end(data: bytes) -> int:
    size = len(data)
    if size < 13:
        return size
    at = 13 + _palette(data[10])
    while at < size:
        mark = data[at]
        if mark == 0x3B:
            return at + 1
        if mark == 0x21:
            at += 2
        elif mark == 0x2C and at + 10 < size:
            at += 11 + _palette(data[at + 9])
        else:
            return size
        while at < size and data[at]:
            at += 1 + data[at]
        at += 1
    return size


def _palette(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0
