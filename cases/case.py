"""A case: what somebody published, in parts. Not how it is judged.

Evidence points into a part by character offsets (`start` inclusive, `end` exclusive, in Unicode code points),
so a part's text is never changed after it was taken in.
"""

import hashlib
import json
from functools import cached_property
from typing import Literal

from cases.model import Fact

PartKind = Literal["text", "title", "caption", "screen", "speech", "landing", "turn", "transcript"]
AD_FIELDS: tuple[PartKind, ...] = ("title", "caption", "screen", "speech", "landing")
MediaKind = Literal["image", "video", "audio"]
Surface = Literal["post", "comment", "message", "chat", "profile", "prompt", "ad", "listing", "review"]


class Part(Fact):
    """One readable piece of a case; `id` is unique in the case ("text", "title", "turn-2")."""

    id: str
    kind: PartKind
    text: str


class Media(Fact):
    """A file that belongs to the case; reading it needs the perception tools."""

    type: MediaKind
    path: str


class Case(Fact):
    """What is to be judged: `parts` in reading order, and the context that is read but not judged."""

    id: str
    parts: tuple[Part, ...]
    media: tuple[Media, ...] = ()
    context: tuple[str, ...] = ()
    surface: Surface = "post"
    locale: str = "en"
    profile: str | None = None

    @cached_property
    def digest(self) -> str:
        """Return the sha256 (hex) of everything that can change a verdict; the case id is left out."""
        body = self.model_dump(mode="json", exclude={"id"})
        return hashlib.sha256(json.dumps(body, sort_keys=True, ensure_ascii=False).encode()).hexdigest()

    @property
    def text(self) -> str:
        """Return all parts in reading order, one a line."""
        return "\n".join(part.text for part in self.parts if part.text)

    def part(self, part_id: str) -> Part:
        """Return the part of that id; raise KeyError when the case has none."""
        for part in self.parts:
            if part.id == part_id:
                return part
        raise KeyError(part_id)
