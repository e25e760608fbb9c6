"""A person's settings of the console, from the preferences of their account. What is unset has the gentlest value."""

from typing import Literal, get_args

from cases.model import Fact
from policy_store.pack import Pack
from web.identity import Actor

Cover = Literal["all", "marked", "none"]
Theme = Literal["auto", "light", "dark"]
Special = Literal["strong", "grey", "plain"]
COVERS: tuple[Cover, ...] = get_args(Cover)
THEMES: tuple[Theme, ...] = get_args(Theme)
STRONGEST = 6
SPECIALS: dict[Special, str] = {
    "strong": "covered as strongly as can be", "grey": "shown, without colours", "plain": "shown as it is",
}  # fmt: skip
_HOW: dict[Special, dict[str, object]] = {
    "strong": {"blur": STRONGEST, "grey": True, "cover": "all"}, "grey": {"cover": "none", "grey": True},
    "plain": {"cover": "none", "grey": False},
}  # fmt: skip


class Taste(Fact):
    """How content is shown: `blur` 0-6, `grey` without colours, `cover` what of a text is blurred; how pages behave.

    `advance` goes on to the next case after an act; `quiet` hides who else looks; `scenes` are those that are shown in
    another way, by their id.
    """

    blur: int = 4
    grey: bool = True
    cover: Cover = "all"
    theme: Theme = "auto"
    advance: bool = True
    quiet: bool = False
    scenes: dict[str, Special] = {}


def scene_of(pack: Pack, rule_id: str | None) -> str | None:
    """Return the scene of a rule, None where there is no rule or the pack has it no more."""
    rule = pack.by_id.get(rule_id or "")
    return rule.scene if rule else None


def taste(actor: Actor, scene: str | None = None) -> Taste:
    """Return the settings of an actor, as they are for a case of a scene; what cannot be read counts as unset.

    Who must not know what was found of a case gets those without a scene: a cover of its own would tell it.
    """
    had, plain = actor.preferences, Taste()
    blur = had.get("blur")
    cover = next((c for c in COVERS if c == had.get("cover")), plain.cover)
    theme = next((t for t in THEMES if t == had.get("theme")), plain.theme)

    def flag(name: str, usual: bool) -> bool:
        value = had.get(name)
        return value if isinstance(value, bool) else usual

    scenes: dict[str, Special] = {
        name.removeprefix("scene."): known for name, value in had.items() if name.startswith("scene.")
        for known in SPECIALS if known == value
    }  # fmt: skip
    made = Taste(
        blur=blur if isinstance(blur, int) and 0 <= blur <= STRONGEST else plain.blur, grey=flag("grey", plain.grey),
        cover=cover, theme=theme, advance=flag("advance", plain.advance), quiet=flag("quiet", plain.quiet),
        scenes=scenes,
    )  # fmt: skip
    how = scenes.get(scene) if scene else None
    return made.model_copy(update=_HOW[how]) if how else made
