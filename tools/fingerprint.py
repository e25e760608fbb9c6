"""Known pictures by PDQ, a perceptual hash of 256 bits: a bank of hashes, and matches. No picture is kept.

A bank is a file of JSON lines, one Known each, written anew as a whole under a lock. It is exchanged in two formats of
ThreatExchange and its Hasher-Matcher-Actioner: "lines" (the `local_file` exchange: `pdq HASH` a line) and
"threatexchange" (the records of `/threat_updates`, indicator type HASH_PDQ). A match says that a picture looks like a
known one, not why that one is known: that is its `label`. PDQ stands scaling, recompression and small changes; crops
beyond a tenth, and frames, defeat it. Mirrored and turned copies are looked for too.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Sequence
from functools import cached_property, lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray
from pydantic import Field

from cases.model import Fact
from cases.observation import Locator, Observation, Unseen
from tools.pictures import Pixels

BITS = 256
DISTANCE = 31  # bits that may differ, as ThreatExchange matches PDQ
QUALITY = 50  # of 100: hashes of flatter pictures match what they should not
_SIDE = 512  # pixels; PDQ works on 64 x 64, larger only costs time
Form = Literal["lines", "threatexchange"]
Way = Literal["upright", "turned", "mirrored", "mirrored and turned"]
# In the order in which PDQ gives the hashes of a picture's eight ways: three quarter turns, then flips over the
# horizontal axis, the vertical one, and the two diagonals.
WAYS: tuple[Way, ...] = (
    "upright", "turned", "turned", "turned", "mirrored and turned", "mirrored", "mirrored and turned",
    "mirrored and turned",
)  # fmt: skip


class BankError(ValueError):
    """A bank or an exchange file that cannot be used; the text says where, the value and the fix."""


class Fingerprint(NamedTuple):
    """The PDQ hash of a picture (64 hex digits), those of its eight ways as WAYS, and its quality, 0-100."""

    hash: str
    ways: tuple[str, ...]
    quality: int


class Known(Fact):
    """A known picture: its hash and what it is known as. `id` is unique in the bank, digits where it is exchanged."""

    id: str = Field(min_length=1)
    hash: str = Field(pattern=r"^[0-9a-f]{64}$")
    label: str = Field(min_length=1)
    note: str = ""


class Match(NamedTuple):
    """A known picture that looks like this one: `distance` bits differ, this one being laid `way` beside it."""

    known: Known
    distance: int
    way: Way


class Imported(NamedTuple):
    """What an exchange file holds: pictures to add, ids to remove, and how many records are of another kind."""

    known: tuple[Known, ...]
    removed: tuple[str, ...]
    skipped: int


def fingerprint(pixels: Pixels) -> Fingerprint:
    """Return the fingerprint of pixels [height, width, 3], RGB. Raise ImportError where pdqhash is missing."""
    import pdqhash
    from PIL import Image

    image = Image.fromarray(pixels)
    image.thumbnail((_SIDE, _SIDE), Image.Resampling.BOX)
    hashes, quality = pdqhash.compute_dihedral(np.ascontiguousarray(image))
    ways = tuple(np.packbits(np.asarray(bits, np.uint8)).tobytes().hex() for bits in hashes)
    return Fingerprint(ways[0], ways, int(quality))


def recognised(
    pixels: Pixels, media: str, bank: "Bank", at: Locator | None = None, *, distance: int = DISTANCE,
    quality: int = QUALITY, first: int = 1,
) -> tuple[Observation, ...] | Unseen:  # fmt: skip
    """Return what a frame matches in a bank as observations of kind match, nearest first; or why it was not looked up.

    `label` is the known picture's, `text` its id and how it lies; the confidence is the share of bits that agree. Ids
    are "MEDIA.mN" with N from `first` on. Nothing is matched below the quality: a flat picture has no fingerprint.
    """
    try:
        found = fingerprint(pixels)
        release = version("pdqhash")
    except (ImportError, PackageNotFoundError):
        told = "pdqhash is not installed, and matching known pictures needs it: pip install 'precept[vision]'"
        return Unseen(media=media, what="picture", why="no_tool", told=told)
    except Exception as error:  # libraries below it raise their own kinds
        return Unseen(media=media, what="picture", why="unreadable", told=f"pdq stopped with {type(error).__name__}")
    at = at or Locator(frame=0)
    return tuple(
        Observation(
            id=f"{media}.m{number}", media=media, kind="match", label=match.known.label, tool="pdq", version=release,
            text=f"{match.known.id}, {match.way}", locator=at, confidence=1 - match.distance / BITS,
        )
        for number, match in enumerate(bank.matches(found, distance=distance, quality=quality), first)
    )  # fmt: skip


class Bank:
    """The known pictures of a file, in the order in which they came. Make it anew to see what others wrote since."""

    def __init__(self, path: str | Path) -> None:
        """Read a bank; a file that does not exist is an empty one. Raise BankError with the broken line."""
        self.path = Path(path)
        self.known = _read(self.path)

    def __len__(self) -> int:
        return len(self.known)

    @cached_property
    def digest(self) -> str:
        """Return what names its content."""
        return hashlib.sha256("".join(sorted(one.model_dump_json() for one in self.known)).encode()).hexdigest()

    def add(self, entries: Iterable[Known]) -> int:
        """Add known pictures and write the file; return how many are new.

        An id that is there already gets the new label and note; a hash known by its label under another id stays as
        it is. Raise BankError when an id stands for another hash.
        """
        with FileLock(f"{self.path}.lock"):
            known = {one.id: one for one in _read(self.path)}
            there = {(one.hash, one.label) for one in known.values()}
            before = len(known)
            for one in entries:
                old = known.get(one.id)
                if old is not None and old.hash != one.hash:
                    raise BankError(f"{self.path}: id {one.id!r} is taken by the hash {old.hash}; give another id")
                if old is not None or (one.hash, one.label) not in there:
                    known[one.id] = one
                    there.add((one.hash, one.label))
            self._keep(tuple(known.values()))
        return len(known) - before

    def remove(self, ids: Iterable[str]) -> int:
        """Remove known pictures by id or hash and write the file; return how many were there."""
        gone = set(ids)
        with FileLock(f"{self.path}.lock"):
            known = _read(self.path)
            kept = tuple(one for one in known if one.id not in gone and one.hash not in gone)
            self._keep(kept)
        return len(known) - len(kept)

    def matches(
        self, found: Fingerprint, *, distance: int = DISTANCE, quality: int = QUALITY
    ) -> tuple[Match, ...]:  # fmt: skip
        """Return the known pictures within `distance` bits of a fingerprint, nearest first, each in its nearest way."""
        if found.quality < quality or not self.known:
            return ()
        ways = np.stack([_bytes(way) for way in found.ways])
        apart = np.stack([_POPULATION[self._table ^ way].sum(axis=1, dtype=np.int64) for way in ways])
        nearest, laid = apart.min(axis=0), apart.argmin(axis=0)
        within = np.flatnonzero(nearest <= distance)
        hits = [Match(self.known[i], int(nearest[i]), WAYS[int(laid[i])]) for i in within]
        return tuple(sorted(hits, key=lambda match: match.distance))

    @cached_property
    def _table(self) -> NDArray[np.uint8]:
        return np.stack([_bytes(one.hash) for one in self.known])

    def _keep(self, known: tuple[Known, ...]) -> None:
        text = "".join(f"{one.model_dump_json()}\n" for one in known)
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=self.path.parent, delete=False) as file:
            file.write(text)
        os.replace(file.name, self.path)
        self.known = known
        for made in ("_table", "digest"):
            self.__dict__.pop(made, None)


def bank_at(path: Path) -> Bank | None:
    """Return the bank of a file as it is now, None where there is none; it is read again when it has changed.

    Raise BankError for a broken line.
    """
    try:
        about = path.stat()
    except OSError:
        return None
    return _bank(path, about.st_mtime_ns, about.st_size)


@lru_cache(4)
def _bank(path: Path, changed: int, size: int) -> Bank:
    return Bank(path)


def known_as(hash: str, label: str, note: str = "") -> Known:
    """Return a known picture with an id made of hash and label: a number, as ThreatExchange has them."""
    number = int(hashlib.sha256(f"{hash} {label}".encode()).hexdigest()[:15], 16)
    return Known(id=str(number), hash=hash, label=label, note=note)


def exported(known: Iterable[Known], form: Form) -> str:
    """Return known pictures in an exchange format, as text. "lines" keeps the hashes alone.

    Ids that are no numbers are replaced by those of known_as, since ThreatExchange has numbers alone.
    """
    if form == "lines":
        return "".join(f"pdq {one.hash}\n" for one in known)
    records = []
    for one in known:
        number = one.id if one.id.isdecimal() else known_as(one.hash, one.label).id
        opinion = {
            "id": number, "owner": {"id": "0"}, "status": "MALICIOUS", "added_on": "", "description": one.note,
            "tags": {"data": [{"id": "0", "text": one.label}]},
        }  # fmt: skip
        records.append(
            {
                "id": number, "type": "HASH_PDQ", "indicator": one.hash, "last_updated": 0, "should_delete": False,
                "descriptors": {"data": [opinion]},
            }
        )  # fmt: skip
    return json.dumps({"data": records}, indent=1) + "\n"


def imported(text: str, label: str) -> Imported:
    """Return what an exchange file holds, in either format; `label` names what comes without a tag.

    A record that is no PDQ hash, or that its sender calls not malicious, is skipped; one marked `should_delete` is to
    be removed. Raise BankError, with the place and the fix, for text in neither format.
    """
    if text.lstrip()[:1] in ("{", "["):
        return _records(text, label)
    known, skipped = [], 0
    for number, line in enumerate(text.splitlines(), 1):
        kind, _, value = line.strip().rpartition(" ")
        if not value or line.lstrip().startswith("#"):
            continue
        if kind not in ("", "pdq"):
            skipped += 1
            continue
        if not _is_hash(value):
            raise BankError(f"line {number}: {value[:80]!r} is no PDQ hash; write 64 hex digits, as `pdq HASH`")
        known.append(known_as(value.lower(), label))
    return Imported(tuple(known), (), skipped)


def _records(text: str, label: str) -> Imported:
    try:
        body = json.loads(text)
        records = body["data"] if isinstance(body, dict) else body
        known, removed, skipped = [], [], 0
        for record in records:
            value = str(record.get("indicator", "")).lower()
            if record.get("should_delete") or "descriptors" not in record:
                removed.append(str(record["id"]))
                continue
            opinions = record["descriptors"].get("data", [])
            if record.get("type") != "HASH_PDQ" or all(one.get("status") == "NON_MALICIOUS" for one in opinions):
                skipped += 1
                continue
            if not _is_hash(value):
                raise BankError(f"record {record.get('id')!r}: {value[:80]!r} is no PDQ hash of 64 hex digits")
            tags = [tag["text"] if isinstance(tag, dict) else tag for one in opinions for tag in _tags(one)]
            note = next((str(one["description"]) for one in opinions if one.get("description")), "")
            known.append(Known(id=str(record["id"]), hash=value, label=str(tags[0]) if tags else label, note=note))
    except (KeyError, TypeError, AttributeError) as error:
        raise BankError(f"no records of /threat_updates ({type(error).__name__}: {error}); see docs on banks") from None
    except json.JSONDecodeError as error:
        raise BankError(f"line {error.lineno}: no JSON ({error.msg}); write lines of `pdq HASH` or JSON") from None
    return Imported(tuple(known), tuple(removed), skipped)


def _tags(opinion: "dict[str, object]") -> Sequence["str | dict[str, str]"]:
    tags = opinion.get("tags") or ()
    found = tags.get("data", ()) if isinstance(tags, dict) else tags
    return found if isinstance(found, list | tuple) else ()


def _read(path: Path) -> tuple[Known, ...]:
    if not path.exists():
        return ()
    known: dict[str, Known] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            one = Known.model_validate_json(line)
        except ValueError:
            told = f"{path}:{number}: {line[:80]!r} is no known picture; write id, hash (64 hex digits) and label"
            raise BankError(told) from None
        if one.id in known:
            raise BankError(f"{path}:{number}: id {one.id!r} stands twice; give one of them another id")
        known[one.id] = one
    return tuple(known.values())


def _is_hash(value: str) -> bool:
    return len(value) == BITS // 4 and all(ch in "0123456789abcdef" for ch in value.lower())


def _bytes(value: str) -> NDArray[np.uint8]:
    return np.frombuffer(bytes.fromhex(value), np.uint8)


_POPULATION = np.array([bin(value).count("1") for value in range(256)], np.uint8)
