"""What a tool saw or heard in a file of a case: words, a region, a match, each with where it was. Not what it means."""

from typing import Literal

from pydantic import Field

from cases.model import Fact

Kind = Literal["words", "subtitle", "speech", "region", "match", "tag"]
Trouble = Literal["missing", "unreadable", "too_large", "too_long", "unknown_format", "no_tool", "out_of_time"]


class Box(Fact):
    """A region as shares of width and height: left upper corner, then width and height, all in [0, 1]."""

    x: float = Field(ge=0, le=1)
    y: float = Field(ge=0, le=1)
    width: float = Field(ge=0, le=1)
    height: float = Field(ge=0, le=1)


class Locator(Fact):
    """Where in a file: the frame (0 for a picture), seconds from the start (start, end), and a region.

    What does not apply is None: a picture has no seconds, speech no region.
    """

    frame: int | None = None
    start: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    end: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    box: Box | None = None


class Observation(Fact):
    """One thing that a tool found in a file. `id` is unique in the case ("image-1.w3"); `media` is the file's id.

    `text` are words as they stand (words, subtitle, speech), `label` a name from the tool's own list (region, match,
    tag). `confidence` in [0, 1] is the tool's own and not calibrated.
    """

    id: str
    media: str
    kind: Kind
    locator: Locator
    text: str = ""
    label: str = ""
    confidence: float = Field(default=1.0, ge=0, le=1, allow_inf_nan=False)
    tool: str
    version: str


class Unseen(Fact):
    """What could not be perceived of a file, and why, in words with the fix. It forbids an automatic allow."""

    media: str
    what: Literal["file", "picture", "words", "regions", "frames", "speech", "page"]
    why: Trouble
    told: str
