"""The sets that suites are measured on: lines of a folder, and `python -m evals.sets fetch NAME` to get one.

A folder holds `NAME.jsonl` or `NAME.jsonl.gz`, here or under `authored/`. No public set ships with Precept; our own
authored lines are in a source checkout. What a suite lacks is a value (`Missing`) that says what to run.
"""

import argparse
import gzip
import hashlib
import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal
from urllib.request import urlopen

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from cases.case import Case, Part, PartKind, Surface
from evals.conversion import CONVERTERS

CHECKOUT = Path(__file__).parents[1] / "training" / "data"
AUTHORED = (
    "adult_regulated_misinfo", "harassment_threats", "hate_extremism", "illicit", "long_hate_harassment_violence",
    "long_illicit_scams_ads", "long_selfharm_adult_regulated_misinfo", "scams_ads", "selfharm_gore_stunts",
    "short_adult_illicit_scams_ads", "short_hate_harassment_violence_selfharm", "contrast_*",
)  # fmt: skip
DEV, CLEAN = "dev_other_author", "clean_stream"
CUSTOM = "custom_rules_*"
LOCK = "sets.lock.json"

Held = Callable[[Path], Collection[str]]


class Row(BaseModel):
    """One line of a set, authored or public; keys that no suite reads are passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str
    text: str | None = None
    parts: dict[PartKind, str] = {}
    surface: Surface = "post"
    rule: str | None = None
    rule_text: str | None = None
    group: str = ""
    pair: str | None = None
    label: Literal["violating", "allowed", "borderline"] | None = None
    sev: int = 0
    evidence: tuple[str, ...] = ()
    violation: bool | None = None
    labels: dict[str, object] = {}
    rationale_spans: tuple[tuple[int, int], ...] | None = None
    split: str | None = None

    @property
    def case(self) -> Case:
        """Return the case of this line."""
        parts = tuple(Part(id=k, kind=k, text=v) for k, v in self.parts.items() if v)
        return Case(
            id=self.id, parts=parts or (Part(id="text", kind="text", text=self.text or ""),), surface=self.surface
        )

    @property
    def family(self) -> str:
        """Return what names the lines that were written together: a rule's variants, or a pair of twins."""
        return self.group.rstrip("abcdef") or self.pair or self.id

    @property
    def violating(self) -> bool:
        """Return whether the line violates, by either form of label."""
        return self.label == "violating" if self.label is not None else bool(self.violation)


class Missing(LookupError):
    """A set that is not at hand; the text says where it was looked for and what to run."""

    def __str__(self) -> str:
        return str(self.args[0])


class SetError(ValueError):
    """A set that cannot be read, or holds nothing to measure; the text names the place."""


class FetchError(ValueError):
    """A download that is not what was expected."""


class File(BaseModel):
    """One file of a source; `sha256` of the file as published, where we know it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str
    split: str
    sha256: str | None = None


class Source(BaseModel):
    """Where a set comes from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    licence: str
    files: tuple[File, ...]


@dataclass(frozen=True)
class Sets:
    """The sets of a folder. `held` gives the ids of authored lines that no training saw, from their folder."""

    folder: Path
    held: Held

    def rows(self, name: str) -> list[Row]:
        """Return the lines of a set in file order; raise Missing where there is none."""
        return read(self._path(name))

    def held_rows(self, names: Sequence[str]) -> list[Row]:
        """Return those lines of authored sets that no training saw; raise Missing where there are none."""
        paths = [path for name in names for path in self._paths(name)]
        ids = {folder: frozenset(self.held(folder)) for folder in {path.parent for path in paths}}
        found = [row for path in paths for row in read(path) if row.id in ids[path.parent]]
        if not found:
            raise Missing(f"{paths[0].parent} holds no line that training left out; give --data another folder")
        return found

    def _paths(self, name: str) -> list[Path]:
        """Return the files of a name, which may end in a star; raise Missing where there is none."""
        if not name.endswith("*"):
            return [self._path(name)]
        stems = {
            path.name.split(".jsonl")[0]
            for folder in self._folders()
            if folder.is_dir()
            for path in folder.glob(f"{name}.jsonl*")
        }
        return [self._path(stem) for stem in sorted(stems)] or [self._path(name)]

    def _folders(self) -> tuple[Path, ...]:
        return self.folder, self.folder / "authored", CHECKOUT / "authored"

    def _path(self, name: str) -> Path:
        for folder in self._folders():
            for path in (folder / f"{name}.jsonl", folder / f"{name}.jsonl.gz"):
                if path.is_file():
                    return path
        fix = (
            f"run `python -m evals.sets fetch {name} --into {self.folder}`"
            if name in CONVERTERS
            else "it comes with a source checkout, in training/data/authored"
        )
        raise Missing(f"no {name}.jsonl or {name}.jsonl.gz in {self.folder}; {fix}, or give --data FOLDER")


def read(path: Path) -> list[Row]:
    """Return the lines of a JSON Lines file, plain or gzipped; raise SetError with file and line for a bad one."""
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as file:
        out = []
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                out.append(Row.model_validate_json(line))
            except ValidationError as error:
                first = error.errors()[0]
                raise SetError(f"{path}, line {number}: {first['loc']}: {first['msg']}; mend or remove it") from None
        return out


def capped(rows: Sequence[Row], limit: int | None) -> list[Row]:
    """Return at most `limit` rows in their order, chosen by the hash of their ids: another run takes the same."""
    if limit is None or len(rows) <= limit:
        return list(rows)
    chosen = {row.id for row in sorted(rows, key=lambda r: hashlib.sha256(r.id.encode()).digest())[:limit]}
    return [row for row in rows if row.id in chosen]


def rows_digest(rows: Sequence[Row]) -> str:
    """Return a digest of ids, texts and labels in order: equal digests are the same rows."""
    told = "\n".join(row.model_dump_json() for row in rows)
    return hashlib.sha256(told.encode()).hexdigest()[:16]


@cache
def sources() -> dict[str, Source]:
    """Return where public sets come from (sources.yaml)."""
    told = yaml.safe_load((Path(__file__).parent / "sources.yaml").read_text(encoding="utf-8"))
    return {name: Source.model_validate(body) for name, body in told.items()}


def fetch(name: str, folder: Path, get: Callable[[str], bytes] | None = None) -> Path:
    """Download a set, check its hash, convert it and return the file written; raise FetchError where it differs.

    A hash that sources.yaml does not state is recorded in the lock file on the first download, and held from then on.
    """
    if name not in sources():
        raise FetchError(f"{name!r} is no set that can be fetched; choose of {', '.join(sources())}")
    folder.mkdir(parents=True, exist_ok=True)
    lock = folder / LOCK
    known: dict[str, str] = json.loads(lock.read_text(encoding="utf-8")) if lock.exists() else {}
    lines = []
    for file in sources()[name].files:
        raw = (get or _download)(file.url)
        digest = hashlib.sha256(raw).hexdigest()
        expected = file.sha256 or known.get(file.url)
        if expected not in (None, digest):
            raise FetchError(
                f"{file.url} has sha256 {digest}, expected {expected}; nothing was written. If the new file is meant, "
                f"remove its line from {lock}"
            )
        known[file.url] = digest
        lines += list(CONVERTERS[name](raw, file.split))
    target = folder / f"{name}.jsonl.gz"
    body = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    target.write_bytes(gzip.compress(body.encode("utf-8"), mtime=0))
    lock.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")
    return target


def _download(url: str) -> bytes:
    with urlopen(url, timeout=60) as reply:
        body: bytes = reply.read()
        return body


def main() -> None:
    """Fetch the sets that are named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("act", choices=("fetch",))
    parser.add_argument("names", nargs="+", metavar="NAME", help=f"{', '.join(sources())}, or all")
    parser.add_argument("--into", type=Path, default=Path("sets"), help="the folder to write to (sets)")
    given = parser.parse_args()
    try:
        for name in sources() if given.names == ["all"] else given.names:
            path = fetch(name, given.into)
            print(f"{path}: {len(read(path)):,} lines, {sources()[name].licence}")
    except (FetchError, OSError) as error:
        parser.exit(1, f"evals.sets: {error}\n")


if __name__ == "__main__":
    main()
