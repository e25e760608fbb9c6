"""`/v1/policies/drafts`: drafts begun, written, reviewed and published; shadows that run beside the policy in force."""

from typing import Annotated, TypeVar

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import Field, model_validator

from cases.model import Fact
from policy_store.checked import MOST_CHARS, MOST_FILES
from policy_store.diff import Version
from policy_store.exchange import MOST_CHARS as MOST_IMPORTED
from policy_store.exchange import Format
from web.api.caller import calls
from web.identity import Actor, office_of
from web.problem import Problem
from web.store import drafts as kept
from web.store import shadow as shadows
from web.store.drafts import DraftHead, DraftState, PolicyDraft
from web.store.shadow import Compared
from web.work import drafts, shadow

router = APIRouter(prefix="/v1/policies", tags=["policies"])
Reader = Annotated[Actor, Depends(calls("policies.read"))]
Writer = Annotated[Actor, Depends(calls("policies.write"))]
Publisher = Annotated[Actor, Depends(calls("policies.publish"))]
Id = Annotated[str, Path(pattern=r"^p-[0-9a-f]{12}$")]
D = TypeVar("D", bound=DraftHead)


class Outside(Fact):
    """A policy in an outside format that becomes a new pack."""

    format: Format
    id: str = Field(pattern=r"^[a-z][a-z0-9-]*$", max_length=64)
    text: str = Field(min_length=1, max_length=MOST_IMPORTED)


class Begin(Fact):
    """Where a draft begins: a pack of this server, or an outside policy."""

    policy: str | None = Field(default=None, max_length=120, examples=["community"])
    about: str = Field(default="", max_length=drafts.LONGEST)
    outside: Outside | None = None

    @model_validator(mode="after")
    def _one(self) -> "Begin":
        if (self.policy is None) == (self.outside is None):
            raise ValueError("give either policy or outside")
        return self


class Begun(Fact):
    """A new draft, and what could not be carried from an outside format."""

    draft: PolicyDraft
    notes: tuple[str, ...] = ()


class Write(Fact):
    """Files to write over a version of a draft; null takes a file out."""

    version: int = Field(ge=1)
    files: dict[str, Annotated[str | None, Field(max_length=MOST_CHARS)]] = Field(max_length=MOST_FILES)
    about: str | None = Field(default=None, max_length=drafts.LONGEST)


class Act(Fact):
    """An act on a version of a draft; the reason goes on record."""

    version: int = Field(ge=1)
    reason: str = Field(min_length=1, max_length=drafts.LONGEST)


class InForce(Fact):
    """What was put in force."""

    policy: Version
    note: str | None = None


class RollBack(Fact):
    """Which version to put in force again; `shipped` is the one that came with the program."""

    policy: str = Field(max_length=80, examples=["community"])
    version: str = Field(max_length=40, examples=["1.0.0"])
    reason: str = Field(min_length=1, max_length=drafts.LONGEST)


class Shadowed(Fact):
    """A shadow: how many cases it saw, and which would have been decided otherwise."""

    id: str
    state: shadows.ShadowState
    draft_version: int
    seen: int
    flips: int
    error: str | None
    compared: tuple[Compared, ...] = ()


@router.get("/drafts")
def listed(
    request: Request, actor: Reader, policy: Annotated[str | None, Query(max_length=80)] = None,
    state: DraftState | None = None, limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> list[DraftHead]:  # fmt: skip
    """List drafts, last changed first, without their files."""
    found = kept.drafts(office_of(request).store, pack_id=policy, state=state, limit=limit)
    return found if actor.person else [_unnamed(one) for one in found]


@router.post("/drafts", status_code=201)
def begin(request: Request, response: Response, actor: Writer, body: Begin) -> Begun:
    """Begin a draft; its own version is raised already."""
    office = office_of(request)
    notes: tuple[str, ...] = ()
    if body.outside is not None:
        found, notes = drafts.bring(office, actor, body.outside.text, body.outside.format, body.outside.id)
    else:
        found = drafts.begin(office, actor, str(body.policy), body.about)
    response.headers["Location"] = f"/v1/policies/drafts/{found.id}"
    return Begun(draft=found, notes=notes)


@router.get("/drafts/{draft_id}")
def read(request: Request, response: Response, actor: Reader, draft_id: Id) -> PolicyDraft:
    """Return a draft with its files."""
    found = drafts.draft(office_of(request), draft_id)
    response.headers["ETag"] = f'"{found.version}"'
    return found if actor.person else _unnamed(found)


@router.put("/drafts/{draft_id}")
def write(request: Request, response: Response, actor: Writer, draft_id: Id, body: Write) -> PolicyDraft:
    """Write files of a draft; 409 where it was changed since `version`."""
    found = drafts.save(office_of(request), actor, draft_id, body.version, body.files, body.about)
    response.headers["ETag"] = f'"{found.version}"'
    return found if actor.person else _unnamed(found)


@router.post("/drafts/{draft_id}/submit")
def submit(request: Request, actor: Writer, draft_id: Id, body: Act) -> DraftHead:
    """Send a draft to review; it has to load."""
    return _head(drafts.submit(office_of(request), actor, draft_id, body.version, body.reason), actor)


@router.post("/drafts/{draft_id}/send-back")
def send_back(request: Request, actor: Writer, draft_id: Id, body: Act) -> DraftHead:
    """Send a draft back to its author."""
    return _head(drafts.send_back(office_of(request), actor, draft_id, body.version, body.reason), actor)


@router.post("/drafts/{draft_id}/withdraw")
def withdraw(request: Request, actor: Writer, draft_id: Id, body: Act) -> DraftHead:
    """Withdraw a draft for good."""
    return _head(drafts.withdraw(office_of(request), actor, draft_id, body.version, body.reason), actor)


@router.post("/drafts/{draft_id}/publish")
def publish(request: Request, actor: Publisher, draft_id: Id, body: Act) -> InForce:
    """Put a reviewed draft in force; a person does it, and not its author."""
    done = drafts.publish(office_of(request), actor, draft_id, body.version, body.reason)
    return _in_force(done)


@router.post("/roll-back")
def roll_back(request: Request, actor: Publisher, body: RollBack) -> InForce:
    """Put an earlier version in force again."""
    return _in_force(drafts.roll_back(office_of(request), actor, body.policy, body.version, body.reason))


@router.post("/drafts/{draft_id}/shadow", status_code=201)
def start_shadow(request: Request, actor: Writer, draft_id: Id) -> Shadowed:
    """Let a draft judge every new case beside the policy in force; it never acts."""
    return _shadowed(shadow.start(office_of(request), actor, draft_id))


@router.get("/drafts/{draft_id}/shadow")
def read_shadow(request: Request, actor: Reader, draft_id: Id) -> Shadowed:
    """Return the last shadow of a draft, with what would have gone another way."""
    office = office_of(request)
    ran = shadows.shadows(office.store, draft_id=draft_id)
    if not ran:
        raise Problem(404, f"No shadow of {draft_id!r} ran yet.", param="draft_id", code="unknown_shadow")
    found = shadows.compared(office.store, ran[0].id)
    if "read" not in actor.may:
        hidden = {"rationale": ""}
        found = [
            one.model_copy(update={"old": one.old.model_copy(update=hidden), "new": one.new.model_copy(update=hidden)})
            for one in found
        ]
    return _shadowed(ran[0]).model_copy(update={"compared": tuple(found)})


@router.delete("/drafts/{draft_id}/shadow")
def stop_shadow(request: Request, actor: Writer, draft_id: Id) -> Shadowed:
    """Stop the running shadow of a draft; its report stays."""
    office = office_of(request)
    running = [s for s in shadows.shadows(office.store, draft_id=draft_id) if s.state == "running"]
    if not running:
        raise Problem(404, f"No shadow of {draft_id!r} runs.", param="draft_id", code="unknown_shadow")
    return _shadowed(shadow.stop(office, actor, running[0].id))


def _head(found: PolicyDraft, actor: Actor) -> DraftHead:
    head = DraftHead(**found.model_dump(exclude={"files"}))
    return head if actor.person else _unnamed(head)


def _unnamed(found: D) -> D:
    return found.model_copy(update={"authors": (), "reviewer": None})


def _in_force(done: drafts.Published) -> InForce:
    pack = done.pack
    return InForce(policy=Version(id=pack.id, version=pack.version, digest=pack.digest), note=done.note)


def _shadowed(found: shadows.Shadow) -> Shadowed:
    return Shadowed(**found.model_dump(include=set(Shadowed.model_fields) - {"compared"}))
