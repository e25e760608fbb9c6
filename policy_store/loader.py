"""Loading a pack: from a folder of YAML to a checked `Pack`. Not its tests (suite) and not its style (lint).

A folder holds policy.yaml (the head; `extends: <pack id or relative folder>`; maybe `rules:`), rules/*.yaml (lists of
rules, read in the order of their names), rubric.yaml, cases.yaml and CHANGES.md. Every fault of every file is collected
before PackError is raised; a pack that loads has no dangling reference.
"""

from pathlib import Path

from policy_store.draft import Draft, Entry, PolicyFile, entries, merged
from policy_store.fault import Fault, PackError, suggest
from policy_store.pack import Pack, Precedence, Profile, Rubric, Scene, Tier
from policy_store.references import merged_faults, own_faults
from policy_store.rule import Clause, Rule
from policy_store.shape import fit
from policy_store.source import Source, read_source, shown

SHELF = Path(__file__).parent / "packs"
HEAD, RUBRIC, RULES = "policy.yaml", "rubric.yaml", "rules"


def load_pack(ref: str | Path) -> Pack:
    """Return the pack of a shipped id or a folder path; an id wins over a folder of the same name.

    Raise PackError with every fault of the pack and of the packs it extends.
    """
    draft, faults = _read(find_pack(ref), ())
    faults = (*faults, *merged_faults(draft))
    if faults:
        raise PackError(faults)
    return draft.pack()


def shipped_packs() -> tuple[str, ...]:
    """Return the ids of the packs that come with the program, in alphabetical order."""
    return tuple(sorted(folder.parent.name for folder in SHELF.glob(f"*/{HEAD}")))


def find_pack(ref: str | Path) -> Path:
    """Return the folder of a shipped pack id or of a path; raise PackError for one that holds no policy.yaml."""
    if isinstance(ref, str) and ref in shipped_packs():
        return SHELF / ref
    folder = Path(ref)
    if (folder / HEAD).is_file():
        return folder
    raise PackError([_unfound(ref, folder)])


def _unfound(ref: str | Path, folder: Path) -> Fault:
    known = shipped_packs()
    if folder.is_dir():
        problem, hint = f"the folder holds no {HEAD}", f"a pack is a folder with a {HEAD}"
        if (folder / "policy.yml").is_file():
            hint = f"rename policy.yml to {HEAD}"
    else:
        problem = f"no policy pack {str(ref)!r}"
        hint = f"{suggest(str(ref), known, 'packs')} Shipped: {', '.join(known)}. Or name a folder that holds {HEAD}."
    return Fault(file=str(ref), line=0, column=0, where="", value=repr(str(ref)), problem=problem, hint=hint)


def _read(folder: Path, inside: tuple[Path, ...]) -> tuple[Draft, tuple[Fault, ...]]:
    """Return the draft of a folder merged with what it extends, and the faults found so far."""
    source = read_source(folder / HEAD)
    head, head_faults = _head(source)
    rules, rule_faults, rules_whole = _rules(folder, source, head)
    rubric, rubric_faults, rubric_whole = _rubric(folder)
    own = Draft(
        source=source, head=head,
        scenes=entries(Scene, source, ("scenes",), head.scenes if head else None),
        exceptions=entries(Clause, source, ("exceptions",), head.exceptions if head else None),
        rules=rules,
        tiers=entries(Tier, source, ("tiers",), head.tiers if head else None),
        profiles=entries(Profile, source, ("profiles",), head.profiles if head else None),
        precedence=entries(Precedence, source, ("precedence",), head.precedence if head else None),
        rubric=rubric, whole=not source.broken and rules_whole and rubric_whole,
    )  # fmt: skip
    base, base_faults = _base(folder, source, inside)
    faults = (*head_faults, *rule_faults, *rubric_faults, *_misnamed(folder), *own_faults(own), *base_faults)
    return merged(base, own), faults


def _head(source: Source) -> tuple[PolicyFile | None, tuple[Fault, ...]]:
    if source.broken:
        return None, source.faults
    if source.data is None:
        hint = "start with `id:`, `version:` and `title:`"
        return None, (*source.faults, source.fault((), "the file is empty; the pack has no head", hint))
    head, faults = fit(PolicyFile, source)
    return head, (*source.faults, *faults)


def _rules(
    folder: Path, head_source: Source, head: PolicyFile | None
) -> tuple[tuple[Entry[Rule], ...], tuple[Fault, ...], bool]:
    """Return the rules of policy.yaml and of rules/*.yaml, their faults, and whether all files could be read."""
    found = entries(Rule, head_source, ("rules",), head.rules if head else None)
    faults: tuple[Fault, ...] = ()
    whole = True
    for path in sorted((folder / RULES).glob("*.yaml")):
        source = read_source(path)
        whole = whole and not source.broken
        faults += source.faults
        if source.broken:
            continue
        if not isinstance(source.data, list):
            what = "is empty" if source.data is None else "is no list"
            hint = "start each rule with '- id: …'" + (", or delete the file" if source.data is None else "")
            faults += (source.fault((), f"a file of rules {what}", hint),)
            whole = whole and source.data is None
            continue
        rules, shape_faults = fit(tuple[Rule, ...], source)
        faults += shape_faults
        found += entries(Rule, source, (), rules)
    return found, faults, whole


def _rubric(folder: Path) -> tuple[Entry[Rubric] | None, tuple[Fault, ...], bool]:
    path = folder / RUBRIC
    if not path.is_file():
        return None, (), True
    source = read_source(path)
    if source.broken:
        return None, source.faults, False
    rubric, faults = fit(Rubric, source)
    return Entry(source, (), "", rubric), (*source.faults, *faults), True


def _base(folder: Path, source: Source, inside: tuple[Path, ...]) -> tuple[Draft, tuple[Fault, ...]]:
    """Return the draft that policy.yaml extends, an empty one if there is none, and its faults."""
    ref = source.value(("extends",))
    nothing = Draft(source=source, head=None)
    if not isinstance(ref, str):
        return nothing, ()
    lost = Draft(source=source, head=None, whole=False)
    base = SHELF / ref if ref in shipped_packs() else folder / ref
    if not (base / HEAD).is_file():
        hint = _unfound(ref, base).hint
        return lost, (source.fault(("extends",), f"cannot extend {ref!r}: there is no such pack", hint),)
    chain = (*inside, folder.resolve())
    if base.resolve() in chain:
        path = " -> ".join(shown(p) for p in (*chain, base))
        return lost, (source.fault(("extends",), f"packs extend each other in a circle: {path}", "take one out"),)
    return _read(base, chain)


def _misnamed(folder: Path) -> tuple[Fault, ...]:
    """Return a fault for each file that looks like a part of the pack and would not be read."""
    return tuple(
        Fault(
            file=shown(path), line=0, column=0, where="", value=repr(path.name),
            problem="the file is not read: its name ends in .yml", hint=f"rename it to {path.stem}.yaml",
        )
        for path in (*sorted(folder.glob("*.yml")), *sorted((folder / RULES).glob("*.yml")))
    )  # fmt: skip
