"""A pack's own tests (cases.yaml): contents and what must come out for them. Not how they are run.

`clause` names the clause or exception that a test exercises; coverage is counted by it. A test with `todo` documents a
known gap: it is skipped, not failed.
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from policy_store.fault import Fault, PackError, suggest
from policy_store.loader import find_pack
from policy_store.pack import Pack
from policy_store.rule import Strict, Surface
from policy_store.shape import fit
from policy_store.source import Source, Steps, read_source
from policy_store.taxonomy import BodyRegion

CASES = "cases.yaml"
Outcome = Literal["allow", "act", "review"]
Share = Annotated[float, Field(ge=0, le=1)]
Box = tuple[Share, Share, Share, Share]


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


_ONE_OR_MORE = BeforeValidator(_listed, json_schema_input_type=Outcome | tuple[Outcome, ...])


class Parts(Strict):
    """The parts of an ad or video; at least one."""

    title: str | None = Field(default=None, min_length=1)
    caption: str | None = Field(default=None, min_length=1)
    screen: str | None = Field(default=None, min_length=1)
    speech: str | None = Field(default=None, min_length=1)
    landing: str | None = Field(default=None, min_length=1)

    @model_validator(mode="after")
    def _filled(self) -> "Parts":
        if not self.texts:
            raise ValueError("'parts' holds no text; add title, caption, screen, speech or landing")
        return self

    @property
    def texts(self) -> tuple[tuple[str, str], ...]:
        """Return (part, text) for the parts that are given, in reading order."""
        return tuple((name, text) for name, text in self if text is not None)


class Region(Strict):
    """A body region as a detector would find it: `box` is left, top, width and height as shares of the picture."""

    label: BodyRegion
    confidence: float = Field(default=0.9, ge=0, le=1)
    box: Box = (0.4, 0.4, 0.2, 0.2)
    frame: int = Field(default=0, ge=0)


class Words(Strict):
    """A line of words as it would be read in a picture; by default it runs along the lower edge."""

    text: str = Field(min_length=1)
    confidence: float = Field(default=0.9, ge=0, le=1)
    box: Box = (0.1, 0.85, 0.8, 0.1)
    frame: int = Field(default=0, ge=0)


class Picture(Strict):
    """A picture of a test, as tools would have seen it; no file is opened. Empty, it was looked through in vain."""

    regions: tuple[Region, ...] = ()
    words: tuple[Words, ...] = ()


class Expect(Strict):
    """What must come out. `outcome` is one or several that are all right; severities are 0-100, inclusive."""

    outcome: Annotated[tuple[Outcome, ...], _ONE_OR_MORE] = ()
    rule: str | None = None
    not_rule: str | None = None
    tier: str | None = None
    min_severity: int | None = Field(default=None, ge=0, le=100)
    max_severity: int | None = Field(default=None, ge=0, le=100)

    @model_validator(mode="after")
    def _possible(self) -> "Expect":
        if not self.model_fields_set:
            raise ValueError("the test expects nothing; add `outcome: act` or another expectation")
        if self.outcome == ("allow",) and self.rule is not None:
            raise ValueError(f"an allowed content breaks no rule, but {self.rule} is expected; drop one of the two")
        if self.rule is not None and self.rule == self.not_rule:
            raise ValueError(f"{self.rule} is expected and ruled out; drop one of the two")
        low, high = self.min_severity, self.max_severity
        if low is not None and high is not None and low > high:
            raise ValueError(f"min_severity {low} is above max_severity {high}; swap them")
        return self


class PackTest(Strict):
    """One test: a `text`, or `parts` instead of it, or `pictures` with or without them, and what is expected."""

    id: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")
    text: str | None = Field(default=None, min_length=1)
    parts: Parts | None = None
    pictures: tuple[Picture, ...] = ()
    surface: Surface | None = None
    profile: str | None = None
    clause: str | None = None
    todo: str | None = Field(default=None, min_length=1)
    expect: Expect

    @model_validator(mode="after")
    def _one_content(self) -> "PackTest":
        if self.text is not None and self.parts is not None or not (self.text or self.parts or self.pictures):
            seen = "neither `text` nor `parts`" if self.text is None else "both `text` and `parts`"
            raise ValueError(f"test {self.id!r} has {seen}; give one of them")
        return self


def load_tests(ref: str | Path, pack: Pack) -> tuple[PackTest, ...]:
    """Return the tests in cases.yaml of a pack's folder, in file order; none when there is no such file.

    Raise PackError with every fault of the file, names that `pack` does not know included.
    """
    path = find_pack(ref) / CASES
    if not path.is_file():
        return ()
    source = read_source(path)
    if source.broken:
        raise PackError(source.faults)
    if source.data is None:
        return ()
    if not isinstance(source.data, list):
        hint = "start each test with '- id: …'"
        raise PackError([*source.faults, source.fault((), "a file of tests must be a list", hint)])
    tests, faults = fit(tuple[PackTest, ...], source)
    faults = (*source.faults, *faults, *_repeated(source), *_unknown(source, pack))
    if faults:
        raise PackError(faults)
    return tests or ()


def _repeated(source: Source) -> tuple[Fault, ...]:
    first: dict[str, int] = {}
    faults = []
    for i in range(_count(source)):
        steps = (i, "id")
        name = source.value(steps)
        if not isinstance(name, str):
            continue
        if name in first:
            line = source.position((first[name], "id"))[0]
            problem = f"test id {name!r} is taken; the first stands at {source.file}:{line}"
            faults.append(source.fault(steps, problem, "give it an id of its own"))
        first.setdefault(name, i)
    return tuple(faults)


def _unknown(source: Source, pack: Pack) -> tuple[Fault, ...]:
    """Return a fault for each name in the file that the pack does not have, also in tests of a wrong shape."""
    known: tuple[tuple[Steps, str, frozenset[str]], ...] = (
        (("clause",), "clause", frozenset(pack.clauses)),
        (("profile",), "profile", frozenset(p.id for p in pack.profiles)),
        (("expect", "rule"), "rule", frozenset(pack.by_id)),
        (("expect", "not_rule"), "rule", frozenset(pack.by_id)),
        (("expect", "tier"), "tier", frozenset(t.id for t in pack.tiers)),
    )
    faults = []
    for i in range(_count(source)):
        for steps, what, names in known:
            name = source.value((i, *steps))
            if isinstance(name, str) and name not in names:
                hint = suggest(name, names, f"{what}s")
                faults.append(source.fault((i, *steps), f"unknown {what} {name!r}", hint))
    return tuple(faults)


def _count(source: Source) -> int:
    return len(source.data) if isinstance(source.data, list) else 0
