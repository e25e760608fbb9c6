"""The one base class of every domain value: frozen, and closed against unknown fields."""

from pydantic import BaseModel, ConfigDict


class Fact(BaseModel):
    """Hold an immutable value; an unknown field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")
