"""Prompts and explanation texts are files with `$name` variables. `$`, because content is full of braces."""

import hashlib
from functools import cache
from pathlib import Path
from string import Template

FOLDER = Path(__file__).parent / "prompts"


class PromptError(KeyError):
    """A prompt that does not exist, or a variable that it needs and was not given."""

    def __str__(self) -> str:
        return str(self.args[0])


@cache
def prompts_digest() -> str:
    """Return the sha256 (hex) of all prompts by name: a changed prompt is a changed model."""
    found = hashlib.sha256()
    for path in sorted(FOLDER.glob("*.txt")):
        found.update(f"{path.name}\0".encode() + path.read_bytes())
    return found.hexdigest()


@cache
def _template(name: str) -> Template:
    path = FOLDER / f"{name}.txt"
    if not path.is_file():
        known = sorted(p.stem for p in FOLDER.glob("*.txt"))
        raise PromptError(f"prompt {name!r} does not exist; there are {known}")
    return Template(path.read_text(encoding="utf-8").rstrip("\n"))


def render(name: str, **values: str) -> str:
    """Return a prompt with its variables filled; raise PromptError naming a missing or an unused one."""
    template = _template(name)
    needed = set(template.get_identifiers())
    if needed != set(values):
        raise PromptError(
            f"prompt {name!r} needs {sorted(needed)}, got {sorted(values)}: "
            f"missing {sorted(needed - set(values))}, unused {sorted(set(values) - needed)}"
        )
    return template.substitute(values)
