"""A person's settings of the console, from the preferences of their account. What is unset has the gentlest value."""

from typing import Literal, get_args

from cases.model import Fact
from web.identity import Actor

Cover = Literal["all", "marked", "none"]
Theme = Literal["auto", "light", "dark"]
COVERS: tuple[Cover, ...] = get_args(Cover)
THEMES: tuple[Theme, ...] = get_args(Theme)
STRONGEST = 6


class Taste(Fact):
    """How content is shown: `blur` 0-6, `grey` without colours, `cover` what of a text is blurred; how pages behave.

    `advance` goes on to the next case after an act; `quiet` hides who else looks.
    """

    blur: int = 4
    grey: bool = True
    cover: Cover = "all"
    theme: Theme = "auto"
    advance: bool = True
    quiet: bool = False


def taste(actor: Actor) -> Taste:
    """Return the settings of an actor; a value that cannot be read counts as unset."""
    had, plain = actor.preferences, Taste()
    blur = had.get("blur")
    cover = next((c for c in COVERS if c == had.get("cover")), plain.cover)
    theme = next((t for t in THEMES if t == had.get("theme")), plain.theme)

    def flag(name: str, usual: bool) -> bool:
        value = had.get(name)
        return value if isinstance(value, bool) else usual

    return Taste(
        blur=blur if isinstance(blur, int) and 0 <= blur <= STRONGEST else plain.blur, grey=flag("grey", plain.grey),
        cover=cover, theme=theme, advance=flag("advance", plain.advance), quiet=flag("quiet", plain.quiet),
    )  # fmt: skip
