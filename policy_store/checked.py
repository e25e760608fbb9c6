"""Checking the files of a pack that stand in no folder: an author's text as it is being written. It keeps nothing.

Contract: names of files are those of a pack and nothing else, so that no name leads anywhere; faults name files as the
author knows them.
"""

import re
import tempfile
from collections.abc import Mapping
from pathlib import Path

from policy_store.fault import Fault, PackError
from policy_store.lint import Remark, lint
from policy_store.loader import HEAD, find_pack, load_pack
from policy_store.pack import Pack
from policy_store.rule import Strict
from policy_store.suite import PackTest, load_tests

NAME = re.compile(r"^(policy\.yaml|rubric\.yaml|cases\.yaml|CHANGES\.md|rules/[A-Za-z0-9][A-Za-z0-9_-]{0,39}\.yaml)$")
MOST_FILES, MOST_CHARS, MOST_EXAMPLES, MOST_RULES = 64, 2_000_000, 400, 2000


class TooLarge(ValueError):
    """Files that are no files of a pack, or too many or too long to be checked while somebody waits."""


class Checked(Strict):
    """What is wrong with some files, or the pack that they make; `tests` are those of cases.yaml."""

    pack: Pack | None
    tests: tuple[PackTest, ...]
    faults: tuple[Fault, ...]
    remarks: tuple[Remark, ...]

    @property
    def sound(self) -> bool:
        """Return whether the pack loads and its tests can be read."""
        return not self.faults


def read_files(ref: str | Path) -> dict[str, str]:
    """Return the files of a pack by name, its head first; raise PackError where there is no such pack."""
    folder = find_pack(ref)
    names = [str(path.relative_to(folder)) for path in sorted(folder.rglob("*")) if path.is_file()]
    kept = sorted((name for name in names if NAME.match(name)), key=lambda name: (name != HEAD, name))
    return {name: (folder / name).read_text(encoding="utf-8-sig") for name in kept}


def check_size(files: Mapping[str, str]) -> None:
    """Raise TooLarge for a name that is none of a pack, too many files, or too much text."""
    for name in files:
        if not NAME.match(name):
            raise TooLarge(
                f"file {name!r}: a pack holds policy.yaml, rubric.yaml, cases.yaml, CHANGES.md, rules/X.yaml"
            )
    if len(files) > MOST_FILES:
        raise TooLarge(f"{len(files)} files, {MOST_FILES} at most; put rules of one scene into one file")
    if (size := sum(map(len, files.values()))) > MOST_CHARS:
        raise TooLarge(f"{size:,} characters in all, {MOST_CHARS:,} at most; split the policy")


def check(files: Mapping[str, str]) -> Checked:
    """Return what a loader and a lint say of files; raise TooLarge where they cannot be looked at."""
    check_size(files)
    with tempfile.TemporaryDirectory(prefix="precept-") as name:
        folder = Path(name).resolve()
        for file, text in files.items():
            (folder / file).parent.mkdir(exist_ok=True)
            (folder / file).write_bytes(text.encode("utf-8", "surrogatepass"))
        try:
            pack = load_pack(folder)
            check_lists(pack)
            tests = load_tests(folder, pack)
        except PackError as error:
            faults = tuple(_relative(fault, f"{folder}") for fault in error.faults)
            return Checked(pack=None, tests=(), faults=faults, remarks=())
    return Checked(pack=pack, tests=tests, faults=(), remarks=lint(pack))


def check_lists(pack: Pack) -> None:
    """Raise TooLarge for lists that are compared pair by pair and would take minutes."""
    if len(pack.rules) > MOST_RULES:
        raise TooLarge(f"{len(pack.rules):,} rules, {MOST_RULES:,} at most; split the policy")
    for rule in pack.rules:
        count = len(rule.examples.violating) + len(rule.examples.allowed)
        if count > MOST_EXAMPLES:
            raise TooLarge(f"rule {rule.id} has {count:,} examples, {MOST_EXAMPLES} at most; move texts to cases.yaml")


def _relative(fault: Fault, folder: str) -> Fault:
    def cut(text: str) -> str:
        return text.replace(f"{folder}/", "").replace(folder, ".")

    return fault.model_copy(
        update={
            "file": cut(fault.file),
            "problem": cut(fault.problem),
            "value": cut(fault.value),
            "hint": cut(fault.hint),
        }
    )
