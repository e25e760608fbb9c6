"""The stored JSON schemas are those of the models, and take the packs that load."""

import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from policy_store.loader import SHELF
from policy_store.schema import COMMAND, FOLDER, schemas
from policy_store.source import read_source

KINDS = {"policy.yaml": "policy.json", "rubric.yaml": "rubric.json", "cases.yaml": "cases.json"}


@pytest.mark.parametrize("name", sorted(schemas()))
def test_the_stored_schemas_are_current(name: str) -> None:
    stored = (FOLDER / name).read_text(encoding="utf-8")
    assert stored == schemas()[name], f"{name} is stale; rewrite it with `{COMMAND}`"


def test_the_command_that_is_named_writes_all_of_them(tmp_path: Path) -> None:
    subprocess.run([sys.executable, *COMMAND.split()[1:], str(tmp_path)], check=True, cwd=FOLDER.parent.parent)
    assert {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()} == schemas()
    assert {path.name for path in FOLDER.iterdir()} == set(schemas())


@pytest.mark.parametrize("path", sorted(SHELF.rglob("*.yaml")), ids=lambda path: str(path.relative_to(SHELF)))
def test_shipped_files_fit_their_schema(path: Path) -> None:
    schema = json.loads(schemas()[KINDS.get(path.name, "rules.json")])
    jsonschema.Draft202012Validator(schema).validate(read_source(path).data)


def test_an_editor_is_told_of_an_unknown_field(folder) -> None:
    schema = json.loads(schemas()["rules.json"])
    data = read_source(folder.path / "rules/HR.yaml").data
    data[0]["statment"] = data[0].pop("statement")
    problems = [error.message for error in jsonschema.Draft202012Validator(schema).iter_errors(data)]
    assert any("'statment' was unexpected" in problem for problem in problems)
    assert any("'statement' is a required property" in problem for problem in problems)
