"""Imports go one way, backends are named in one place, and the fast path stays light."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LAYERS = [
    {"cases", "policy_store"},
    {"tools", "agents"},
    {"graphs"},
    {"evals", "training"},
    {"web"},
    {"terminal"},
    {"app"},
]
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}
MODULES = sorted(p for name in LEVEL if name != "app" for p in (ROOT / name).rglob("*.py")) + [ROOT / "app.py"]
BACKENDS = ("tools", "onnxruntime", "chromadb", "openai", "vllm", "torch", "transformers")
JOINTS = {ROOT / "graphs" / "wiring.py", ROOT / "graphs" / "backends.py"}
MEANINGLESS = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "base"}


def package(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import; name the package"
            yield node.module or "", node.lineno


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_imports_go_one_way(path: Path) -> None:
    own = package(path)
    for module, line in imports(path):
        other = module.split(".")[0]
        if other in LEVEL and other != own:
            assert LEVEL[other] < LEVEL[own], f"{name(path)}:{line}: {own} may not import {module}"


def test_only_wiring_names_backends() -> None:
    for path in MODULES:
        if package(path) in {"agents", "graphs"} and path not in JOINTS:
            for module, line in imports(path):
                assert module.split(".")[0] not in BACKENDS, f"{name(path)}:{line}: names the backend {module}"


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_every_file_is_one_idea_with_a_name(path: Path) -> None:
    assert path.stem not in MEANINGLESS
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_every_module_opens_with_what_it_is(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


def test_the_door_opens_without_heavy_libraries() -> None:
    heavy = {"torch", "transformers", "sklearn", "chromadb", "langgraph", "onnxruntime", "sqlalchemy", "langchain_core"}
    code = f"import sys, app; print(sorted({heavy!r} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_deciding_needs_no_torch_and_no_scikit_learn() -> None:
    code = "import sys, graphs.wiring, graphs.moderation; print({'torch', 'sklearn', 'scipy'} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"
