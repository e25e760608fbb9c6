"""A rule: what violates, what excepts, how severe. Clauses have permanent ids and can be cited verbatim.

Strict: an unknown field is an error. A rule without a violating and an allowed example does not load.
"""

import hashlib
import json
from functools import cached_property
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from policy_store.taxonomy import DsaCategory, DsaKeyword, Hazard, OpenAICategory

Status = Literal["active", "draft", "shadow", "retired"]
Label = Literal["violating", "allowed"]
Modality = Literal["text", "image", "video", "audio"]
Surface = Literal["post", "comment", "message", "chat", "profile", "prompt", "ad", "listing", "review"]


class Strict(BaseModel):
    """Hold a frozen value of a pack; an unknown field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


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


class Value(Strict):
    """One value of an attribute; `text` describes what shows it."""

    id: str
    text: str


class Attribute(Strict):
    """An orthogonal attribute of a decomposed rule, with at least two values."""

    id: str
    text: str
    values: tuple[Value, ...] = Field(min_length=2)


class Product(Strict):
    """A combination of attribute values and its label under each profile (`"*"` is every other profile).

    An attribute left out of `values` matches any of its values. The first product that matches decides.
    """

    id: str
    values: dict[str, str]
    labels: dict[str, Label]


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
    def clauses(self) -> tuple[Clause, ...]:
        """Return what can be cited: the statement (under the rule's id), the includes, the exceptions."""
        return (Clause(id=self.id, text=self.statement), *self.includes, *self.exceptions)


def canonical(model: BaseModel) -> str:
    """Return one JSON text for a model: sorted keys, no blanks, so that order of keys in YAML changes nothing."""
    return json.dumps(model.model_dump(mode="json"), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
