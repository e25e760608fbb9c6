"""A rule: what violates, what excepts, how severe. Clauses have permanent ids and can be cited verbatim.

Strict: an unknown field is an error. A rule without a violating and an allowed example does not load.
"""

import hashlib
import json
from functools import cached_property
from typing import ClassVar, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from policy_store.taxonomy import BodyRegion, DsaCategory, DsaKeyword, Hazard, OpenAICategory

Status = Literal["active", "draft", "shadow", "retired"]
Label = Literal["violating", "allowed"]
Modality = Literal["text", "image", "video", "audio"]
Surface = Literal["post", "comment", "message", "chat", "profile", "prompt", "ad", "listing", "review"]
Sense = Literal["words", "sight"]


class Strict(BaseModel):
    """Hold a frozen value of a pack; an unknown field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Lean(Strict):
    """Hold a value whose fields of `later`, which came after decisions were on record, are written only where used.

    So a rule that does not use them keeps the digest that it had.
    """

    later: ClassVar[frozenset[str]] = frozenset()

    @model_serializer(mode="wrap")
    def _lean(self, write: SerializerFunctionWrapHandler) -> dict[str, object]:
        unused = {k for k in self.later if getattr(self, k) == type(self).model_fields[k].default}
        return {k: v for k, v in write(self).items() if k not in unused}


class Clause(Strict):
    """A sentence of the policy that a verdict can cite."""

    id: str = Field(pattern=r"^[A-Z][A-Z0-9.a-z-]*$")
    text: str = Field(min_length=3)


class Definition(Strict):
    """A term as this rule uses it."""

    term: str
    text: str


class Example(Strict):
    """A text that stands on one side of the rule. `exception` names what saves an allowed one."""

    id: str = Field(pattern=r"^[A-Z][A-Z0-9.a-z-]*$")
    text: str = Field(min_length=1)
    why: str | None = None
    severity: int | None = Field(default=None, ge=0, le=100)
    exception: str | None = None
    golden: bool = False


class Examples(Strict):
    """Both sides of the boundary; at least one each."""

    violating: tuple[Example, ...] = Field(min_length=1)
    allowed: tuple[Example, ...] = Field(min_length=1)


class Hint(Strict):
    """A body region that speaks for a value: a detector's confidence counts times `weight`."""

    label: BodyRegion
    weight: float = Field(gt=0, le=1)


class Together(Strict):
    """Regions that say more in one frame than each alone: the least sure of them counts, times `weight`."""

    labels: tuple[BodyRegion, ...] = Field(min_length=2)
    weight: float = Field(gt=0, le=1)


class Shown(Strict):
    """What tools have to see in a picture for a value to hold; every line of it is a hint by itself.

    A region counts only where its box fills at least `fills` of the picture. `lettering` is the share of the picture
    that boxes of words fill at least, `frames` in how many frames something is seen at least.
    """

    regions: tuple[Hint, ...] = ()
    together: tuple[Together, ...] = ()
    fills: float = Field(default=0.0, ge=0, le=1)
    lettering: float | None = Field(default=None, gt=0, le=1)
    frames: int | None = Field(default=None, ge=2)

    @model_validator(mode="after")
    def _says(self) -> "Shown":
        if not (self.regions or self.together or self.lettering or self.frames):
            raise ValueError("'shown' names nothing that could be seen; add regions, together, lettering or frames")
        return self


class Value(Lean):
    """One value of an attribute; `text` describes what shows it, `shown` how tools tell it in a picture."""

    later: ClassVar[frozenset[str]] = frozenset({"shown"})

    id: str
    text: str
    shown: Shown | None = None


class Attribute(Lean):
    """An orthogonal attribute of a decomposed rule, with at least two values.

    `read` is the sense it is read by in a picture: the words in and beside it, or sight. By sight the values rise from
    the plainest, which holds where nothing is seen and shows nothing itself; by words the first holds where none are.
    """

    later: ClassVar[frozenset[str]] = frozenset({"read"})

    id: str
    text: str
    read: Sense = "words"
    values: tuple[Value, ...] = Field(min_length=2)

    @model_validator(mode="after")
    def _told_apart(self) -> "Attribute":
        shown = [v.id for v in self.values if v.shown]
        if self.read == "words" and shown:
            raise ValueError(f"{self.id!r} is read by words, but {', '.join(shown)} has 'shown'; add `read: sight`")
        if self.read == "sight" and shown != [v.id for v in self.values[1:]]:
            raise ValueError(f"{self.id!r} is read by sight: every value but the first needs 'shown'; {shown} have it")
        return self


class Product(Lean):
    """A combination of attribute values and its label under each profile (`"*"` is every other profile).

    An attribute left out of `values` matches any of its values. The first product that matches decides. `clause` is
    what it is cited by: one of the rule's own clauses.
    """

    later: ClassVar[frozenset[str]] = frozenset({"clause"})

    id: str
    values: dict[str, str]
    labels: dict[str, Label]
    clause: str | None = None


class Band(Strict):
    """Severity range of a rule on 0-100, both ends inclusive."""

    low: int = Field(ge=0, le=100)
    high: int = Field(ge=0, le=100)

    @model_validator(mode="after")
    def _ordered(self) -> "Band":
        if self.low > self.high:
            raise ValueError(f"band low {self.low} is above high {self.high}; swap them")
        return self


class Dsa(Strict):
    """Where the rule stands in the DSA transparency database."""

    category: DsaCategory
    keywords: tuple[DsaKeyword, ...] = ()


class Maps(Strict):
    """The rule in outside taxonomies."""

    openai: tuple[OpenAICategory, ...] = ()
    mlcommons: tuple[Hazard, ...] = ()
    dsa: Dsa


class Rule(Strict):
    """One violation type of one scene. `id` is permanent: decisions and appeals cite it for years.

    `borrows` names other rules' exceptions that hold here as well.
    `common` lists the pack-wide exceptions that hold for this rule (None: all of them).
    `priors` are the rubric levels (0-4) that every violation of this rule has before the case is read.
    `raises` makes it a modifier: it never stands alone and adds that many points to the leading rule.
    `high_harm`: letting a violation go may cost a life or a child's safety, so a case is let go at a stricter cut only.
    `action` replaces the tier's recommended action (SH3: offer support, never punish).
    """

    id: str = Field(pattern=r"^[A-Z][A-Z0-9-]*$")
    scene: str
    type: str
    statement: str = Field(min_length=10)
    includes: tuple[Clause, ...] = Field(min_length=1)
    exceptions: tuple[Clause, ...] = ()
    borrows: tuple[str, ...] = ()
    common: tuple[str, ...] | None = None
    definitions: tuple[Definition, ...] = ()
    attributes: tuple[Attribute, ...] = ()
    products: tuple[Product, ...] = ()
    examples: Examples
    band: Band
    priors: dict[str, int] = Field(default_factory=dict)
    keywords: tuple[str, ...] = ()
    modalities: tuple[Modality, ...] = ("text", "image", "video", "audio")
    surfaces: tuple[Surface, ...] = ()
    status: Status = "active"
    action: str | None = None
    raises: int | None = Field(default=None, ge=1, le=100)
    high_harm: bool = False
    maps: Maps

    @cached_property
    def digest(self) -> str:
        """Return the sha256 (hex) of the rule's canonical content."""
        return hashlib.sha256(canonical(self).encode()).hexdigest()

    @property
    def by_sight(self) -> bool:
        """Return whether pictures can be judged under the rule by what tools see in them."""
        return bool(self.products) and any(a.read == "sight" for a in self.attributes)

    @property
    def clauses(self) -> tuple[Clause, ...]:
        """Return what can be cited: the statement (under the rule's id), the includes, the exceptions."""
        return (Clause(id=self.id, text=self.statement), *self.includes, *self.exceptions)


def canonical(model: BaseModel) -> str:
    """Return one JSON text for a model: sorted keys, no blanks, so that order of keys in YAML changes nothing."""
    return json.dumps(model.model_dump(mode="json"), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
