"""Intake: the one edge where outside input becomes a Case. It refuses what cannot be judged; it never mends content.

Contract: a text is kept as it came, character for character, because evidence points into it. A profile is taken as
it is written: only the pack knows which there are, so the caller checks it. Nothing here reads a media file.
"""

import difflib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Never, get_args

from cases.author import fault
from cases.case import AD_FIELDS, Case, Media, MediaKind, Part, Surface
from cases.model import Fact
from cases.text import fold

MAX_BYTES = 5_000_000
# The same text may be written with \uXXXX escapes, six bytes for one.
MAX_LINE = 6 * MAX_BYTES + 1_000_000
KEYS = ("id", "text", "parts", "media", "context", "surface", "locale", "profile")
EXTRA = frozenset({"gold", "label", "expect"})
SURFACES: tuple[Surface, ...] = get_args(Surface)
MEDIA: tuple[MediaKind, ...] = get_args(MediaKind)
SHOWN = 60
_NAMES = {str: "a text", bool: "a truth value", int: "a number", float: "a number", list: "a list", dict: "an object"}


class IntakeError(ValueError):
    """Input that cannot become a case; the text says what, where, the value and the fix."""


class BadLine(Fact):
    """A line that is no case. `id` is the one it gave, None where it gave none that can be used."""

    id: str | None
    line: int
    error: str


class Published(Fact):
    """A case, and beside it who published it, where that is known; the case does not hold it."""

    case: Case
    author: str | None = None


def read_line(raw: bytes, number: int, extra: Collection[str] = EXTRA) -> Case | BadLine:
    """Return the case of one line of a batch file, or what is wrong with it; `number` counts from 1.

    Keys in `extra` (answers of a benchmark) are passed over: they never reach a judge.
    """
    found = _read(raw, number, extra, authors=False)
    return found.case if isinstance(found, Published) else found


def read_published(raw: bytes, number: int, extra: Collection[str] = EXTRA) -> Published | BadLine:
    """Return the case of one line as `read_line` does, with the "author" that it may name."""
    return _read(raw, number, extra, authors="author" not in extra)


def _read(raw: bytes, number: int, extra: Collection[str], *, authors: bool) -> Published | BadLine:
    said: Mapping[str, object] = {}
    try:
        said = _object(raw.removeprefix(b"\xef\xbb\xbf") if number == 1 else raw)
        author = checked_author(_text(said, "author"), "key 'author'") if authors else None
        return Published(case=_case(said, _id(said), "post", {*extra, "author"} if authors else extra), author=author)
    except IntakeError as error:
        text = str(error)
        found = said.get("id")
        usable = isinstance(found, str) and found.strip() and _broken(found) is None
        where = f"line {number}{', ' if text.startswith('key ') else ': '}"
        return BadLine(id=str(found) if usable else None, line=number, error=where + text)


def case_from_text(
    text: str,
    id: str = "text",
    *,
    surface: str = "post",
    locale: str = "en",
    profile: str | None = None,
    context: Sequence[str] = (),
    media: Sequence[Media] = (),
) -> Case:
    """Return the case of one text; it may be blank where there are media. Raise IntakeError."""
    said: dict[str, object] = {
        "id": id, "text": text, "surface": surface, "locale": locale, "profile": profile, "context": list(context),
        "media": [m.model_dump() for m in media],
    }  # fmt: skip
    return _case(said, _id(said), "post", ())


def case_from_ad(
    path: str | Path,
    id: str | None = None,
    *,
    surface: str | None = None,
    profile: str | None = None,
    context: Sequence[str] = (),
    media: Sequence[Media] = (),
) -> Case:
    """Return the case of an ad in a JSON file: its fields alone, or an object as in a batch file.

    What is given here replaces what the file says; the id is by default the file's name. Raise IntakeError.
    """
    where = str(path)
    try:
        said = {"id": Path(path).stem} | dict(_object(Path(path).read_bytes().removeprefix(b"\xef\xbb\xbf")))
        if "parts" not in said and "text" not in said:
            fields = [k for k in said if k not in KEYS and k not in EXTRA]
            said["parts"] = {k: said.pop(k) for k in fields}
        files = [m.model_dump() for m in media]
        given = {"id": id, "surface": surface, "profile": profile, "context": list(context), "media": files}
        said |= {k: v for k, v in given.items() if v}
        return _case(said, _id(said), "ad", EXTRA)
    except FileNotFoundError:
        raise IntakeError(f"{where}: no such file; give the path of a JSON file") from None
    except OSError as error:
        raise IntakeError(f"{where}: cannot be read ({error.strerror}); give the path of a JSON file") from None
    except IntakeError as error:
        raise IntakeError(f"{where}{', ' if str(error).startswith('key ') else ': '}{error}") from None


def checked_author(author: str | None, where: str) -> str | None:
    """Return the id of an author as it was given; raise IntakeError, naming `where` it stood, for one that is none."""
    if author is not None and (why := fault(author)) is not None:
        raise IntakeError(f"{where}: {quoted(author)}: {why}")
    return author


def near(value: str, known: Iterable[str]) -> str:
    """Return a fix for a wrong name: the one that was likely meant, else those that there are."""
    names = list(known)
    close = difflib.get_close_matches(value.lower(), names, n=1, cutoff=0.5)
    return f"did you mean {close[0]!r}?" if close else f"use one of {', '.join(names)}"


def quoted(value: object) -> str:
    """Return a value as a message shows it, shortened."""
    text = repr(value[: SHOWN + 1]) if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= SHOWN + 2 else f"{text[:SHOWN]}…"


def _object(raw: bytes) -> Mapping[str, object]:
    if len(raw) > MAX_LINE:
        raise IntakeError(f"{len(raw):,} bytes in one piece; the limit for a text is {MAX_BYTES:,}: cut it up")
    if (at := raw.find(b"\0")) >= 0:
        raise IntakeError(f"NUL byte at offset {at}; remove it, or see whether this is a text file at all")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise IntakeError(
            f"byte 0x{raw[error.start]:02x} at offset {error.start} is not UTF-8; save the file as UTF-8"
        ) from None
    if not text.strip():
        raise IntakeError("the line is empty; delete it, or write one JSON object a line")
    try:
        said = json.loads(text, object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        cut = error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string")
        why = "ends in the middle of its JSON, so it was cut off" if cut else "is not JSON"
        where = f"column {error.pos + 1}: {error.msg}"
        raise IntakeError(f"it {why} ({where}): {quoted(text.strip())}; write one whole JSON object a line") from None
    except RecursionError:
        raise IntakeError("its JSON is nested too deeply; write a flat object") from None
    except IntakeError:
        raise
    except ValueError:  # a number of more digits than Python reads
        raise IntakeError(f"it holds a number that is too long to be read: {quoted(text)}; shorten it") from None
    if not isinstance(said, dict):
        raise IntakeError(f'it is {_named(said)}, not an object: {quoted(said)}; write {{"id": "…", "text": "…"}}')
    return said


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, value in pairs:
        if key in found:
            _refuse(key, value, "is given a second time; keep one of them")
        found[key] = value
    return found


def _id(said: Mapping[str, object]) -> str:
    if said.get("id") is None:
        near_id = next((k for k in said if k.lower() in {"id", "_id", "case_id", "caseid"}), None)
        hint = f"rename {near_id!r}" if near_id and near_id != "id" else 'add "id": "…"'
        raise IntakeError(f"key 'id': it is missing; {hint}")
    found = _text(said, "id")
    if not found or not found.strip():
        _refuse("id", found, "is blank; give each case an id")
    return found


def _case(said: Mapping[str, object], case_id: str, surface: Surface, extra: Collection[str]) -> Case:
    for key in said:
        if key not in KEYS and key not in extra:
            known = (*KEYS, "author") if "author" in extra else KEYS
            _refuse(key, said[key], f"is no key of a case; {near(key, known)}")
    media = tuple(_medium(item, i) for i, item in enumerate(_list(said, "media")))
    context = tuple(_turn(item, i) for i, item in enumerate(_list(said, "context")))
    parts = tuple(part for part in _parts(said) if fold(part.text))
    size = sum(len(text.encode()) for text in (*(p.text for p in parts), *context))
    if size > MAX_BYTES:
        raise IntakeError(f"it holds {size:,} bytes of text, the limit is {MAX_BYTES:,}; cut it into several cases")
    if not parts and not media:
        key = "parts" if said.get("parts") is not None else "text"
        value = said.get(key)
        why = "is missing" if value is None else "holds nothing that can be read"
        _refuse(key, value, f"{why}; give a text, parts or media")
    wanted = _text(said, "surface") or surface
    if wanted not in SURFACES:
        _refuse("surface", wanted, f"is no surface; {near(wanted, SURFACES)}")
    return Case(
        id=case_id, parts=parts, media=media, context=context, surface=wanted,
        locale=_text(said, "locale") or "en", profile=_text(said, "profile"),
    )  # fmt: skip


def _parts(said: Mapping[str, object]) -> tuple[Part, ...]:
    text, fields = _text(said, "text"), said.get("parts")
    if text is not None and fields is not None:
        _refuse("parts", fields, "is given beside 'text'; give one of the two")
    if fields is None:
        return (Part(id="text", kind="text", text=text or ""),)
    if not isinstance(fields, dict):
        _refuse("parts", fields, f"is {_named(fields)}, not an object of {', '.join(AD_FIELDS)}")
    for key, value in fields.items():
        if key not in AD_FIELDS:
            _refuse(f"parts.{key}", value, f"is no part of a case; {near(key, AD_FIELDS)}")
    found = ((kind, _text(fields, kind, f"parts.{kind}")) for kind in AD_FIELDS)
    return tuple(Part(id=kind, kind=kind, text=text) for kind, text in found if text is not None)


def _medium(item: object, index: int) -> Media:
    where = f"media.{index}"
    if not isinstance(item, dict):
        _refuse(where, item, f'is {_named(item)}; write {{"type": "image", "path": "…"}}')
    for key in item:
        if key not in ("type", "path"):
            _refuse(f"{where}.{key}", item[key], f"is no key of a medium; {near(key, ('type', 'path'))}")
    kind, path = _text(item, "type", f"{where}.type"), _text(item, "path", f"{where}.path")
    if kind not in MEDIA:
        _refuse(f"{where}.type", kind, f"is no kind of medium; {near(kind or '', MEDIA)}")
    if not path or not path.strip():
        _refuse(f"{where}.path", path, "names no file; give its path")
    return Media(type=kind, path=path)


def _turn(item: object, index: int) -> str:
    found = _text({"context": item}, "context", f"context.{index}")
    if found is None:
        _refuse(f"context.{index}", item, "is no text; give each turn as a text")
    return found


def _list(said: Mapping[str, object], key: str) -> list[object]:
    value = said.get(key)
    if value is None:
        return []
    if not isinstance(value, list):
        _refuse(key, value, f"is {_named(value)}, not a list; put it in [ ]")
    return value


def _text(said: Mapping[str, object], key: str, where: str | None = None) -> str | None:
    value = said.get(key)
    if value is None:
        return None
    if not isinstance(value, str):
        fix = "give a text" if isinstance(value, list | dict) else "put it in quotes"
        _refuse(where or key, value, f"is {_named(value)}, not a text; {fix}")
    if (why := _broken(value)) is not None:
        _refuse(where or key, value, why)
    return value


def _broken(text: str) -> str | None:
    if (at := text.find("\0")) >= 0:
        return f"holds a NUL character at offset {at}; remove it"
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        return f"holds half a surrogate pair at offset {error.start}, which is no character; remove it"
    return None


def _refuse(key: str, value: object, why: str) -> Never:
    raise IntakeError(f"key {key!r}: {quoted(value) if value is not None else 'it'} {why}")


def _named(value: object) -> str:
    return _NAMES.get(type(value), "null")
