"""Taking content in and having it judged at once, on the fast path: many cases in vectors, none of them waiting.

Contract: what comes back is on record. A case in review has no run that waits for its answer: a person's ruling is
recorded beside it, as for a case of the command line's batch.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from threading import Lock
from typing import Annotated, get_args
from weakref import WeakKeyDictionary

from pydantic import AfterValidator, Field, StringConstraints

from agents.perceiver import with_seen
from cases.author import LONGEST, fault
from cases.case import AD_FIELDS, Case, Media, Part, Surface
from cases.decision import Decision
from cases.intake import MAX_BYTES, near
from cases.model import Fact
from cases.observation import Unseen
from cases.text import fold
from graphs.desk import Desk
from policy_store.pack import Pack
from web.office import Office
from web.problem import Problem
from web.work.deadline import Deadline
from web.work.together import CHUNK, Slot, Together

SURFACES: tuple[Surface, ...] = get_args(Surface)
MOST_TURNS = 50
NOT_FETCHED = (
    "an address is never fetched, so that nobody can make this service call other machines; send the picture itself as "
    "a data: URL"
)
_LINES: WeakKeyDictionary[Desk, Together] = WeakKeyDictionary()
_LOCK = Lock()


# A bound makes pydantic look at every character, so that half a surrogate pair is refused where it comes in.
Words = Annotated[str, StringConstraints(max_length=MAX_BYTES)]


def _author(author: str) -> str:
    if (why := fault(author)) is not None:
        raise ValueError(why)
    return author


Author = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST), AfterValidator(_author)]


class Setting(Fact):
    """How content is to be read: where it stands, in which language, for which audience, and what came before it."""

    surface: Surface = Field(default="post", description="Where it stands.")
    locale: str = Field(
        default="en", description="Its language, as BCP 47 writes it.", max_length=35,
        pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$", examples=["en"],
    )  # fmt: skip
    profile: str | None = Field(
        default=None,
        max_length=64,
        description="Audience and jurisdiction, as the policy names them.",
    )
    context: tuple[Words, ...] = Field(
        default=(), max_length=MOST_TURNS, description="Turns before it, oldest first: read, but not judged."
    )


def case_of(
    pack: Pack, case_id: str, texts: Sequence[str], setting: Setting, *, media: Sequence[Media] = (),
    param: str = "input", fields: Sequence[str] = (),
) -> Case:  # fmt: skip
    """Return the case of texts and files; `fields` name the texts where they are the parts of an ad.

    Raise Problem 400 where there is nothing to judge, too much, or no such profile.
    """
    names = list(fields) or ["text" if n == 1 else f"text-{n}" for n in range(1, len(texts) + 1)]
    for text in (*texts, *setting.context):
        if (at := text.find("\0")) >= 0:
            raise Problem(400, f"{param}: it holds a NUL character at offset {at}; remove it.", param=param, code="nul")
    parts = tuple(
        Part(id=name, kind=name if name in AD_FIELDS else "text", text=text)
        for name, text in zip(names, texts, strict=True)
        if fold(text)
    )
    size = sum(len(text.encode()) for text in (*texts, *setting.context))
    if size > MAX_BYTES:
        told = f"{param}: it holds {size:,} bytes of text, the limit is {MAX_BYTES:,}; cut it up."
        raise Problem(413, told, param=param, code="text_too_large")  # fmt: skip
    if not parts and not media:
        raise Problem(400, f"{param}: it holds nothing that can be read; give a text or a picture.", param=param,
                      code="nothing_to_judge")  # fmt: skip
    known = [p.id for p in pack.profiles]
    if setting.profile is not None and setting.profile not in known:
        raise Problem(400, f"profile {setting.profile!r} is none of {pack.id}; {near(setting.profile, known)}",
                      param="profile", code="unknown_profile")  # fmt: skip
    return Case(id=case_id, parts=parts, media=tuple(media), context=setting.context, surface=setting.surface,
                locale=setting.locale, profile=setting.profile)  # fmt: skip


def with_addresses(office: Office, case: Case, addresses: int) -> Case:
    """Return a case that also says of so many pictures that they were given by address, and were not looked at."""
    if not addresses:
        return case
    see = office.desks.live.deps.see
    # What is there is looked at first: a case that comes with gaps is taken to have been looked at already.
    seen = see(case) if see is not None and case.media else case
    gaps = [Unseen(media=f"address-{n}", what="file", why="missing", told=NOT_FETCHED) for n in range(1, addresses + 1)]
    return with_seen(seen, (), gaps)


def judge(
    office: Office, actor: str, subject: str, cases: Sequence[Case], deadline: Deadline, key: str | None = None
) -> list[Decision]:  # fmt: skip
    """Decide cases on the fast path and return their decisions in order, all of them on record.

    With a `key` the decisions have ids of its own: a second call with it decides what is not on record yet.

    They are noted in the journal as what `actor` had judged under `subject`. Raise Problem 504 where the deadline
    passes between two chunks; those decided until then stay on record.
    """
    live = office.desks.live
    line = _line(live)
    if live.deps.models.any:  # what is left of the deadline bounds what language models may take
        models = live.deps.models
        seconds = min(models.allowance.seconds, max(0.1, deadline.left))
        bounded = replace(models, allowance=models.allowance.model_copy(update={"seconds": seconds}))
        line = Together(Desk(replace(live.deps, models=bounded)))
    out: list[Decision] = []
    for start in range(0, len(cases), CHUNK):
        told = f"{len(out)} of {len(cases)} inputs were decided and are on record; send fewer at a time."
        deadline.check(told)
        some = cases[start : start + CHUNK]
        ids = None if key is None else [id_of(f"{key} {n}") for n in range(start, start + len(some))]
        out += line.judge(office, Slot(actor, subject, some, ids), deadline, told)
    return out


def id_of(key: str) -> str:
    """Return the id of the decision that belongs to a key.

    >>> id_of("c-0123456789abcdef")
    'd-498ca4e5b7df41bc'
    """
    return f"d-{hashlib.sha256(key.encode()).hexdigest()[:16]}"


def _line(live: Desk) -> Together:
    """Return who judges over the same models and the same record without keeping anybody waiting."""
    with _LOCK:
        if live not in _LINES:
            _LINES[live] = Together(Desk(live.deps))
        return _LINES[live]


__all__ = ["NOT_FETCHED", "SURFACES", "Author", "Setting", "Words", "case_of", "id_of", "judge", "with_addresses"]
