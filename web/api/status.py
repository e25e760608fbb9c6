"""Whether the service is alive, and whether it is ready: index, models, ledger and store."""

from typing import Literal

from fastapi import APIRouter, Request, Response

from cases.decision import PackRef
from cases.model import Fact
from tools.database import LedgerError
from web.identity import office_of
from web.store.database import StoreError

router = APIRouter(tags=["status"])


class Part(Fact):
    """One part of the service; `why` says what is wrong with it."""

    name: Literal["ledger", "store", "index", "models"]
    ready: bool
    why: str | None = None


class Status(Fact):
    """Whether everything that deciding needs is ready."""

    ready: bool
    policy: PackRef
    model: str
    parts: tuple[Part, ...]


class Alive(Fact):
    """The process answers."""

    alive: Literal[True] = True


@router.get("/status/live")
def live() -> Alive:
    """Say that the process answers."""
    return Alive()


@router.get("/status")
def status(request: Request, response: Response) -> Status:
    """Say whether the service can decide; 503 where it cannot."""
    office = office_of(request)
    deps = office.desks.live.deps
    parts = (_ledger(request), _store(request), _index(request), Part(name="models", ready=True))
    ready = all(p.ready for p in parts)
    response.status_code = 200 if ready else 503
    return Status(ready=ready, policy=deps.frame.pack, model=deps.frame.model_digest, parts=parts)


def _ledger(request: Request) -> Part:
    try:
        office_of(request).ledger.head()
    except LedgerError as error:
        return Part(name="ledger", ready=False, why=str(error))
    return Part(name="ledger", ready=True)


def _store(request: Request) -> Part:
    try:
        with office_of(request).store.reading() as connection:
            connection.exec_driver_sql("SELECT 1")
    except StoreError as error:
        return Part(name="store", ready=False, why=str(error))
    return Part(name="store", ready=True)


def _index(request: Request) -> Part:
    try:
        office_of(request).desks.live.deps.rules()
    except Exception as error:  # Chroma raises what it likes: here it is reported, elsewhere it is raised
        return Part(name="index", ready=False, why=f"{type(error).__name__}: {error}")
    return Part(name="index", ready=True)
