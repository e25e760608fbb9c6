"""JSON schemas of the files of a pack, for editors. Not what the loader checks with (the models are).

`python -m policy_store.schema [FOLDER]` writes them, by default to policy_store/schemas; a test holds those to the
models.
Point an editor to one with a first line such as `# yaml-language-server: $schema=../../../schemas/rules.json`.
"""

import json
import sys
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from policy_store.draft import PolicyFile
from policy_store.pack import Rubric
from policy_store.rule import Rule
from policy_store.suite import PackTest

FOLDER = Path(__file__).parent / "schemas"
COMMAND = "python -m policy_store.schema"


def schemas() -> dict[str, str]:
    """Return the text of each schema file by its name."""
    kinds: dict[str, tuple[str, TypeAdapter[Any]]] = {
        "policy.json": ("policy.yaml of a pack", TypeAdapter(PolicyFile)),
        "rules.json": ("a file in rules/ of a pack", TypeAdapter(tuple[Rule, ...])),
        "rubric.json": ("rubric.yaml of a pack", TypeAdapter(Rubric)),
        "cases.json": ("cases.yaml of a pack", TypeAdapter(tuple[PackTest, ...])),
    }
    written = {}
    for name, (title, kind) in kinds.items():
        body = {"$schema": "https://json-schema.org/draft/2020-12/schema"} | kind.json_schema() | {"title": title}
        written[name] = json.dumps(body, indent=2, ensure_ascii=False) + "\n"
    return written


def write_schemas(folder: Path = FOLDER) -> None:
    """Write every schema file to `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in schemas().items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write_schemas(*map(Path, sys.argv[1:2]))
