"""A pack that is still being read: its entries with the places they were written at. Not yet fit for use.

An entry whose shape is wrong keeps its id and has no value, so that others that refer to it are not blamed.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from pydantic import Field

from policy_store.fault import Fault
from policy_store.pack import Pack, Precedence, Profile, Rubric, Scene, Tier
from policy_store.rule import Clause, Rule, Strict
from policy_store.shape import attempt
from policy_store.source import Source, Steps

M = TypeVar("M", bound=Strict, covariant=True)


class PolicyFile(Strict):
    """policy.yaml; what is inherited may be left out. `extends` is a shipped pack id or a folder relative to this."""

    id: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    version: str
    title: str
    extends: str | None = None
    scenes: tuple[Scene, ...] = ()
    exceptions: tuple[Clause, ...] = ()
    rules: tuple[Rule, ...] = ()
    tiers: tuple[Tier, ...] = ()
    profiles: tuple[Profile, ...] = ()
    precedence: tuple[Precedence, ...] = ()


@dataclass(frozen=True)
class Entry(Generic[M]):
    """One entry of a pack: where it stands, its id as written ("" without one), its value if the shape is right."""

    source: Source
    steps: Steps
    id: str
    value: M | None

    def fault(self, problem: str, hint: str, *steps: str | int, at: Literal["value", "key"] = "value") -> Fault:
        """Return a fault at this entry, or at what `steps` lead to inside it."""
        return self.source.fault((*self.steps, *steps), problem, hint, at)

    def place(self, *steps: str | int) -> str:
        """Return `file:line` of this entry, or of what `steps` lead to inside it."""
        return f"{self.source.file}:{self.source.position((*self.steps, *steps))[0]}"


@dataclass(frozen=True)
class Draft:
    """The entries of one pack, or of a pack merged with those it extends.

    `whole` is False when a file could not be read at all: what it would have defined is unknown.
    """

    source: Source
    head: PolicyFile | None
    scenes: tuple[Entry[Scene], ...] = ()
    exceptions: tuple[Entry[Clause], ...] = ()
    rules: tuple[Entry[Rule], ...] = ()
    tiers: tuple[Entry[Tier], ...] = ()
    profiles: tuple[Entry[Profile], ...] = ()
    precedence: tuple[Entry[Precedence], ...] = ()
    rubric: Entry[Rubric] | None = None
    whole: bool = True

    @property
    def sound_rules(self) -> Iterator[tuple[Entry[Rule], Rule]]:
        """Return the rules whose shape is right, with their entries; of a repeated id the first one only."""
        seen: set[str] = set()
        for entry in self.rules:
            if entry.value is not None and entry.id not in seen:
                yield entry, entry.value
            seen.add(entry.id)

    def pack(self) -> Pack:
        """Return the finished pack; every entry must be sound."""
        assert self.head is not None and self.rubric is not None and self.rubric.value is not None
        return Pack(
            id=self.head.id, version=self.head.version, title=self.head.title, scenes=_values(self.scenes),
            exceptions=_values(self.exceptions), rules=_values(self.rules), rubric=self.rubric.value,
            tiers=_values(self.tiers), profiles=_values(self.profiles), precedence=_values(self.precedence),
        )  # fmt: skip


def entries(model: type[M], source: Source, steps: Steps, values: tuple[M, ...] | None) -> tuple[Entry[M], ...]:
    """Return the entries of the list that `steps` lead to; `values` None means that some do not fit the model."""
    raw = source.value(steps)
    found = []
    for i, item in enumerate(raw if isinstance(raw, list) else ()):
        name = item.get("id") if isinstance(item, dict) else None
        value = values[i] if values is not None else attempt(model, item)
        found.append(Entry(source, (*steps, i), name if isinstance(name, str) else "", value))
    return tuple(found)


def ids(found: Iterable[Entry[M]]) -> frozenset[str]:
    """Return the ids of entries; those of a wrong shape count too, and in capitals if that is what was wrong."""
    names = ((entry.id, entry.id if entry.value is not None else entry.id.upper()) for entry in found)
    return frozenset(name for pair in names for name in pair)


def merged(base: Draft, own: Draft) -> Draft:
    """Return `own` laid over `base`: on the same id the own entry stands in the base's place.

    Own precedence comes first, so that it is found first. Tiers are put in ascending order.
    """
    tiers = sorted(_over(base.tiers, own.tiers), key=lambda entry: entry.value.low if entry.value else 0)
    return Draft(
        source=own.source, head=own.head, scenes=_over(base.scenes, own.scenes),
        exceptions=_over(base.exceptions, own.exceptions), rules=_over(base.rules, own.rules), tiers=tuple(tiers),
        profiles=_over(base.profiles, own.profiles), precedence=(*own.precedence, *base.precedence),
        rubric=own.rubric or base.rubric, whole=base.whole and own.whole,
    )  # fmt: skip


def _over(base: tuple[Entry[M], ...], own: tuple[Entry[M], ...]) -> tuple[Entry[M], ...]:
    mine = {entry.id: entry for entry in own}
    kept = ids(base)
    return (*(mine.get(entry.id, entry) for entry in base), *(e for e in own if e.id not in kept))


def _values(found: Iterable[Entry[M]]) -> tuple[M, ...]:
    return tuple(entry.value for entry in found if entry.value is not None)
