"""The versions of policies that were published in this home, and which of them is in force. Not who may publish.

`policies/<pack>/<version>/` holds the files of each version, whole and never changed; `policies/live.json` names the
version in force by pack. A policy named by its id is that version, else the one that comes with the program;
`id@version` is a version of this home, `id@shipped` the shipped one. A path stays a path.
"""

import json
import os
import re
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path

from graphs.settings import Settings, SettingsError
from policy_store.exchange import write_folder
from policy_store.fault import suggest
from policy_store.loader import HEAD, load_pack, shipped_packs
from policy_store.pack import Pack

VERSION = re.compile(r"^[0-9A-Za-z][0-9A-Za-z.+_-]{0,39}$")
SHIPPED = "shipped"


def load_live(settings: Settings) -> Pack:
    """Return the pack that the settings name, in the version that is in force in their home."""
    return load_pack(located(settings.home, settings.policy))


def located(home: Path, ref: str) -> str | Path:
    """Return what `load_pack` takes for a reference: a folder of this home, a shipped id, or the path as it is.

    Raise SettingsError where a version is named that is not there.
    """
    name, at, version = ref.partition("@")
    if not at:
        live = in_force(home).get(ref)
        return ref if live is None else _folder(home, ref, live)
    if name in shipped_packs() and (
        version == SHIPPED or (version not in versions(home, name) and _shipped(name) == version)
    ):
        return name
    if name in (*packs(home), *shipped_packs()):
        return _folder(home, name, version)
    return ref


def in_force(home: Path) -> dict[str, str]:
    """Return the published versions in force by pack; a pack that is not named is as it was shipped."""
    path = _pointer(home)
    if not path.exists():
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return {str(name): str(version) for name, version in found.items()}
    except (ValueError, AttributeError) as error:
        raise SettingsError(
            f"{path}: does not say which version of a policy is in force ({error}); publish a version again, or delete "
            "the file for the shipped ones"
        ) from None


def mark(home: Path) -> tuple[int, int, int] | None:
    """Return what changes whenever another version is put in force; None where none ever was. It costs one `stat`."""
    try:
        found = _pointer(home).stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def packs(home: Path) -> tuple[str, ...]:
    """Return the packs of which a version was published here."""
    return tuple(sorted(p.name for p in (home / "policies").glob("*") if p.is_dir()))


def versions(home: Path, pack_id: str) -> tuple[str, ...]:
    """Return the published versions of a pack, oldest first."""
    found = [p.parent for p in (home / "policies" / pack_id).glob(f"*/{HEAD}") if VERSION.match(p.parent.name)]
    return tuple(p.name for p in sorted(found, key=lambda p: (p.stat().st_mtime_ns, p.name)))


def keep(home: Path, pack: Pack, files: Mapping[str, str]) -> Path:
    """Keep a version, whole or not at all; return its folder. The same version again is left as it is.

    Raise SettingsError where the version is taken by another text, or is no name for a folder.
    """
    if not VERSION.match(pack.version):
        raise SettingsError(f"version {pack.version!r}: give digits, letters, dots and dashes, 40 at most")
    folder = home / "policies" / pack.id / pack.version
    if folder.exists():
        if load_pack(folder).digest == pack.digest:
            return folder
        raise SettingsError(f"{pack.id} {pack.version} was published with another text; raise `version:`")
    fresh = folder.parent / f".new-{secrets.token_hex(6)}"
    try:
        write_folder(fresh, files)
        os.replace(fresh, folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return folder


def put_in_force(home: Path, pack_id: str, version: str) -> None:
    """Put a version in force for whoever opens this home from now on; `shipped` is the one that came along."""
    kept = in_force(home)
    if version == SHIPPED:
        kept.pop(pack_id, None)
    else:
        _folder(home, pack_id, version)
        kept[pack_id] = version
    path = _pointer(home)
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(f".{secrets.token_hex(6)}.new")
    with fresh.open("w", encoding="utf-8") as out:
        json.dump(dict(sorted(kept.items())), out, indent=1)
        out.flush()
        os.fsync(out.fileno())
    os.replace(fresh, path)


def _shipped(name: str) -> str:
    return load_pack(name).version


def _pointer(home: Path) -> Path:
    return home / "policies" / "live.json"


def _folder(home: Path, pack_id: str, version: str) -> Path:
    folder = home / "policies" / pack_id / version
    if not VERSION.match(version) or not (folder / HEAD).is_file():
        known = [*versions(home, pack_id), *([SHIPPED] if pack_id in shipped_packs() else [])]
        raise SettingsError(
            f"{pack_id}@{version}: there is no such version here; {suggest(version, known, 'versions')}"
        )
    return folder


__all__ = [
    "SHIPPED", "VERSION", "in_force", "keep", "load_live", "located", "mark", "packs", "put_in_force", "versions",
]  # fmt: skip
