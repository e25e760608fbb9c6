"""A case with a picture that tools looked through, and pictures of it that are shown without a file: one pixel each."""

from collections.abc import Sequence
from dataclasses import replace

from agents.exhibit import Exhibits, Eyes, Shots, Wanted, exhibited
from agents.perceiver import with_seen
from agents.ranker import Ranking, rank, rank_views
from agents.reasoner import Bench
from cases.case import Case, Media, Part
from cases.exchange import Picture
from cases.observation import Box, Locator, Observation, Unseen
from cases.view import views
from tests.agents.bench import bench
from tests.policy_store.small_pack import bag_of_words

CAPTION = "Look at this."
MENACE = "i will break your legs"
SEER = "vllm/some-model"


def observed(id: str, kind: str, *, frame: int = 0, start: float | None = None, box: Box | None = None,
             media: str = "image-1", **more: object) -> Observation:  # fmt: skip
    """Return an observation of a picture."""
    where = Locator(frame=frame, start=start, end=start, box=box)
    return Observation(id=id, media=media, kind=kind, locator=where, tool="test", version="1", **more)  # type: ignore[arg-type]


SEEN = (
    observed("image-1.t1", "tag", label="png 640x480, sha256 0123456789abcdef"),
    observed("image-1.w1", "words", text=MENACE, box=Box(x=0.1, y=0.8, width=0.6, height=0.08), confidence=0.9),
    observed("image-1.w2", "words", text="friday  night", box=Box(x=0.1, y=0.1, width=0.3, height=0.08)),
    observed("image-1.r1", "region", label="FACE_MALE", box=Box(x=0.4, y=0.2, width=0.2, height=0.3), confidence=0.8),
)


class Drawn:
    """Fits agents.exhibit.Show: gives a picture of one pixel for all that is wanted, and keeps what was."""

    def __init__(self, frames: int = 1, lost: Sequence[str] = ()) -> None:
        self.frames, self.lost = frames, lost
        self.wanted: list[tuple[str, tuple[Wanted, ...]]] = []

    def __call__(self, case: Case, media: str, wanted: Sequence[Wanted]) -> Shots:
        self.wanted.append((media, tuple(wanted)))
        return Shots(tuple(map(self._drawn, wanted)), self.frames)

    def _drawn(self, wanted: Wanted) -> Picture | Unseen:
        if wanted.id in self.lost:
            return Unseen(media="image-1", what="picture", why="missing", told="it is gone")
        return Picture(id=wanted.id, data=wanted.id.encode(), width=640, height=480)


def picture_case(*, caption: str = CAPTION, seen: Sequence[Observation] = SEEN, unseen: Sequence[Unseen] = ()) -> Case:
    """Return a case with a caption and one picture, which tools looked through."""
    parts = (Part(id="text", kind="text", text=caption),) if caption else ()
    return with_seen(Case(id="c", parts=parts, media=(Media(type="image", path="a.png"),)), seen, unseen)


def shown(case: Case | None = None, show: Drawn | None = None) -> Exhibits:
    """Return what is shown of a case."""
    return exhibited(case or picture_case(), show or Drawn())


def seeing_bench(case: Case | None = None, *, show: Drawn | None = None, names: Sequence[str] = (SEER,)) -> tuple[Bench, Ranking]:  # fmt: skip
    """Return the small bench with a picture on it, and backends that see."""
    case, (desk, _) = case or picture_case(), bench(CAPTION)
    found = views(case).items
    vectors = bag_of_words([v.text for v in found])
    ranking = rank(
        desk.book, rank_views(desk.book, vectors, desk.calibration), desk.calibration, [r.id for r in desk.book.rules]
    )
    eyes = Eyes(show or Drawn(), frozenset(names))
    return replace(desk, case=case, views=found, vectors=vectors, eyes=eyes), ranking
