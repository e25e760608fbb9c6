"""A pack: the whole written policy that cases are decided under."""

import hashlib
from functools import cached_property

from pydantic import Field

from policy_store.rule import Clause, Rule, Strict, canonical


class Scene(Strict):
    """A family of rules."""

    id: str
    name: str


class Tier(Strict):
    """A named cut on the 0-100 scale, from `low` up to the next tier; `action` is what it recommends."""

    id: str
    low: int = Field(ge=0, le=100)
    action: str


class Profile(Strict):
    """Audience and jurisdiction: switches rules off and picks the labels of attribute products."""

    id: str
    text: str
    off: tuple[str, ...] = ()


class Precedence(Strict):
    """`winner` leads over every rule in `losers` when both are broken."""

    winner: str
    losers: tuple[str, ...] = Field(min_length=1)
    why: str


class Dimension(Strict):
    """One rubric dimension: five anchored levels, 0 to 4."""

    id: str
    name: str
    weight: float = Field(gt=0)
    levels: tuple[str, str, str, str, str]


class Rubric(Strict):
    """How severity is graded."""

    dimensions: tuple[Dimension, ...] = Field(min_length=1)


class Pack(Strict):
    """Scenes, rules, common exceptions, rubric, tiers, profiles and precedence of one policy version."""

    id: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    version: str
    title: str
    scenes: tuple[Scene, ...] = Field(min_length=1)
    exceptions: tuple[Clause, ...] = ()
    rules: tuple[Rule, ...] = Field(min_length=1)
    rubric: Rubric
    tiers: tuple[Tier, ...] = Field(min_length=1)
    profiles: tuple[Profile, ...] = Field(min_length=1)
    precedence: tuple[Precedence, ...] = ()

    @cached_property
    def digest(self) -> str:
        """Return the sha256 (hex) of the pack's canonical content; YAML layout and comments leave it alone."""
        return hashlib.sha256(canonical(self).encode()).hexdigest()

    @cached_property
    def by_id(self) -> dict[str, Rule]:
        """Return the rules by id."""
        return {rule.id: rule for rule in self.rules}

    @property
    def default_profile(self) -> str:
        """Return the profile that a case without one is judged under: the first."""
        return self.profiles[0].id

    def profile(self, profile_id: str | None) -> Profile:
        """Return the profile, the default for None; raise KeyError for an unknown one."""
        wanted = profile_id or self.default_profile
        for profile in self.profiles:
            if profile.id == wanted:
                return profile
        raise KeyError(wanted)

    def exceptions_of(self, rule: Rule) -> tuple[Clause, ...]:
        """Return the exceptions that hold for a rule: its own first, then borrowed ones, then the common ones."""
        borrowed = (self.clauses[i] for i in rule.borrows)
        common = (c for c in self.exceptions if rule.common is None or c.id in rule.common)
        return (*rule.exceptions, *borrowed, *common)

    def clause(self, clause_id: str) -> Clause:
        """Return any citable clause of the pack by id; raise KeyError for an unknown one."""
        return self.clauses[clause_id]

    @cached_property
    def clauses(self) -> dict[str, Clause]:
        """Return every citable clause by id."""
        return {c.id: c for rule in self.rules for c in rule.clauses} | {c.id: c for c in self.exceptions}

    def tier(self, severity: int) -> Tier:
        """Return the tier that a severity 0-100 falls into."""
        return max((t for t in self.tiers if t.low <= severity), key=lambda t: t.low)
