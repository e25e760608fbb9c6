"""People as they act, and cases of known outcomes, for tests of what people do. Import the fixtures by name."""

import subprocess
import sys
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from cases.case import Case, Media, Part
from cases.decision import Decision
from web.identity import Actor
from web.office import Office
from web.roles import OF_ROLE
from web.store import accounts
from web.store.accounts import Role

THREAT = "Keep talking, Dana. I know which bus you take home, and one evening I will be at the stop to break your legs."
DOUBTFUL = "I have been so low since the move that some evenings I do not see the point of any of it."
KIND = "Our choir rehearses on Tuesday at seven in the school hall, and there is tea for everybody."


HOLDING = """
import sys
from pathlib import Path
print(*(p.name for p in Path(sys.argv[1]).glob(sys.argv[2]) if sys.argv[3].encode() in p.read_bytes()))
"""


def holding(folder: Path, pattern: str, words: str) -> list[str]:
    """Return which files hold words, read by another process.

    Where this one has a database open, closing any handle of its file lets go of all locks of this process on it, and
    the next process that ends takes away the write-ahead log under it.
    """
    command = [sys.executable, "-c", HOLDING, str(folder), pattern, words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()


@pytest.fixture
def person(office: Office) -> Callable[..., Actor]:
    """Return a new person with these roles."""

    def make(*roles: Role) -> Actor:
        chosen = roles or ("moderator",)
        made = accounts.add(office.store, f"p-{uuid.uuid4().hex[:10]}", chosen)
        may = frozenset(p for r in chosen for p in OF_ROLE[r])
        return Actor(id=made.id, shown=made.shown, via="session", may=may)

    return make


@pytest.fixture
def decided(office: Office) -> Callable[..., Decision]:
    """Return the decision about a new case with this text."""

    def decide(text: str = DOUBTFUL, media: tuple[Media, ...] = (), surface: str = "chat") -> Decision:
        case = Case.model_validate({
            "id": f"c-{uuid.uuid4().hex[:10]}", "parts": (Part(id="text", kind="text", text=text),), "media": media,
            "surface": surface,
        })  # fmt: skip
        decision = office.desks.live.decide(case)
        office.catch_up()
        return decision

    return decide
