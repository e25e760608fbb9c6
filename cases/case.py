"""A case: what somebody published, in parts. Not how it is judged.

Evidence points into a part by character offsets (`start` inclusive, `end` exclusive, in Unicode code points),
so a part's text is never changed after it was taken in.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from typing import Literal

from cases.model import Fact
from cases.observation import Observation, Unseen

PartKind = Literal["text", "title", "caption", "screen", "speech", "landing", "turn", "transcript"]
AD_FIELDS: tuple[PartKind, ...] = ("title", "caption", "screen", "speech", "landing")
MediaKind = Literal["image", "video", "audio", "page"]
Surface = Literal["post", "comment", "message", "chat", "profile", "prompt", "ad", "listing", "review"]


class Part(Fact):
    """One readable piece of a case; `id` is unique in the case ("text", "title", "turn-2")."""

    id: str
    kind: PartKind
    text: str


class Media(Fact):
    """A file that belongs to the case; reading it needs the perception tools. A page is the HTML of a landing page."""

    type: MediaKind
    path: str


def media_ids(media: Sequence[Media]) -> tuple[str, ...]:
    """Return the ids of a case's files, in their order.

    >>> media_ids([Media(type="image", path="a"), Media(type="video", path="b"), Media(type="image", path="c")])
    ('image-1', 'video-1', 'image-2')
    """
    seen: Counter[str] = Counter()
    out = []
    for one in media:
        seen[one.type] += 1
        out.append(f"{one.type}-{seen[one.type]}")
    return tuple(out)


class Case(Fact):
    """What is to be judged: `parts` in reading order, and the context that is read but not judged.

    `observations` are what tools saw in its files, `unseen` what they could not; words that were seen are parts too.
    """

    id: str
    parts: tuple[Part, ...]
    media: tuple[Media, ...] = ()
    context: tuple[str, ...] = ()
    surface: Surface = "post"
    locale: str = "en"
    profile: str | None = None
    observations: tuple[Observation, ...] = ()
    unseen: tuple[Unseen, ...] = ()

    @property
    def canonical(self) -> str:
        """Return everything that can change a verdict as one JSON text; the case id is left out."""
        # What perception adds is left out where it is empty, so that a case without files keeps its digest.
        empty = {name for name in ("observations", "unseen") if not getattr(self, name)}
        return json.dumps(self.model_dump(mode="json", exclude={"id"} | empty), sort_keys=True, ensure_ascii=False)

    @cached_property
    def digest(self) -> str:
        """Return the sha256 (hex) of the canonical text."""
        return hashlib.sha256(self.canonical.encode()).hexdigest()

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
