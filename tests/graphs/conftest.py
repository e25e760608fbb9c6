"""One home and one open desk for the session: the shipped pack and weights, the real index, ledger and checkpoints."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cases.case import Case, Media, Part, Surface
from graphs.desk import Desk
from graphs.settings import Settings
from graphs.wiring import open_desk

THREAT = "Keep talking, Dana. I know which bus you take home and I will be at the stop."
VERMIN = "Roma are rats, they breed in the walls and you only notice when the food is gone."
DIE = "Just kill yourself already, Priya, nobody would even notice you were gone."
CAKE = "Lovely weather for the bake sale, see you all at noon!"
WEDDING = "We shot the wedding at golden hour and the bride cried through the first look."
TIDE = "The harbour walk is open again after the repairs, mind the last step at low tide."

MakeCase = Callable[..., Case]


def make_case(
    text: str, id: str = "case", surface: Surface = "post", profile: str | None = None, **fields: object
) -> Case:
    media = tuple(Media(type="image", path=str(p)) for p in fields.get("images", ()))  # type: ignore[attr-defined]
    context = tuple(fields.get("context", ()))  # type: ignore[call-overload]
    part = Part(id="text", kind="text", text=text)
    return Case(id=id, parts=(part,), surface=surface, profile=profile, media=media, context=context)


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(home=tmp_path_factory.mktemp("desk"), audit_rate=0.0)


@pytest.fixture(scope="session")
def desk(settings: Settings) -> Iterator[Desk]:
    with open_desk(settings) as opened:
        yield opened


@pytest.fixture
def ledger_path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"
