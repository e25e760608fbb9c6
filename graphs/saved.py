"""Thresholds that `precept calibrate` saved for a team's own traffic, and whether they are in force.

They hold for one policy, one set of weights and one way to assemble scores. Under any other the shipped thresholds
are in force and that is said: thresholds never carry over in silence.
"""

import hashlib
import json
import logging
import os
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from pydantic import ValidationError

from agents.calibration import Calibration, Thresholds
from agents.guarantee import Choice, Count
from cases.decision import PackRef
from cases.model import Fact
from graphs.deps import Deps
from graphs.kept import code_digest
from graphs.settings import Settings, SettingsError
from policy_store.pack import Pack

log = logging.getLogger("precept")
_told: set[str] = set()


class Basis(Fact):
    """What thresholds were chosen for: another value of any of these, and they do not hold."""

    pack: PackRef
    weights: str
    scoring: str


class Guarantee(Fact):
    """Thresholds with what is known of them. `data` is the sha256 (hex) of the labelled cases, in any order.

    `strict` counts an act under the wrong rule as an error.
    """

    basis: Basis
    thresholds: Thresholds
    choice: Choice
    count: Count
    strict: bool
    data: str
    made: datetime

    @property
    def digest(self) -> str:
        """Return the sha256 (hex) that names this set of thresholds in decisions."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()


class Force(Fact):
    """Which thresholds are in force: the saved ones, or the shipped ones with `why` where others were saved."""

    saved: Guarantee | None
    why: str | None = None


def basis(settings: Settings, pack: Pack, weights: str, calibration: Calibration) -> Basis:
    """Return what thresholds under these settings are chosen for; `weights` is the digest of the weights.

    Which rules are looked at, and the program itself, belong to the scoring: an error is promised of all of it.
    """
    how = f"{settings.template or calibration.template}/{settings.assembly or calibration.assembly}"
    return Basis(
        pack=PackRef(id=pack.id, version=pack.version, digest=pack.digest),
        weights=weights,
        scoring=f"{how}, {settings.retrieve} rules retrieved, audit {settings.audit_rate}, code {code_digest()[:8]}",
    )


def force(settings: Settings, wanted: Basis) -> Force:
    """Return the thresholds in force; raise SettingsError where the saved ones cannot be read."""
    saved = _load(settings).get(wanted.pack.id)
    if saved is None:
        return Force(saved=None)
    was = saved.basis
    changes = (
        (was.pack.digest != wanted.pack.digest, f"policy {_named(was.pack)}, not {_named(wanted.pack)}"),
        (was.weights != wanted.weights, f"weights {was.weights[:8]}, not {wanted.weights[:8]}"),
        (was.scoring != wanted.scoring, f"scores by {was.scoring}, not {wanted.scoring}"),
    )
    wrong = [told for differs, told in changes if differs]
    if not wrong:
        return Force(saved=saved)
    return Force(
        saved=None,
        why=f"the thresholds of {saved.made:%Y-%m-%d} in {place(settings)} are for {' and '.join(wrong)}: the shipped "
        f"ones are in force, without a guarantee; run precept calibrate again, or precept calibrate --reset",
    )


def in_force(settings: Settings, deps: Deps) -> Deps:
    """Return deps with the saved thresholds where they hold; where saved ones do not, say so once."""
    found = force(settings, basis(settings, deps.book.pack, deps.frame.model_digest, deps.calibration))
    if found.why is not None and found.why not in _told:
        _told.add(found.why)
        log.warning("precept: %s", found.why)
    if found.saved is None:
        return deps
    return replace(
        deps,
        calibration=deps.calibration.model_copy(update={"thresholds": found.saved.thresholds}),
        frame=deps.frame.model_copy(update={"thresholds": found.saved.digest}),
    )


def save(settings: Settings, guarantee: Guarantee) -> Path:
    """Save thresholds in place of earlier ones for this policy; return where."""
    return _write(settings, _load(settings) | {guarantee.basis.pack.id: guarantee})


def remove(settings: Settings, pack_id: str) -> bool:
    """Remove the saved thresholds of a policy; return whether there were any."""
    kept = _load(settings)
    there = kept.pop(pack_id, None) is not None
    if there:
        _write(settings, kept)
    return there


def place(settings: Settings) -> Path:
    """Return the file that thresholds are saved in, by policy."""
    return settings.home / "calibration.json"


def _load(settings: Settings) -> dict[str, Guarantee]:
    path = place(settings)
    if not path.exists():
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return {name: Guarantee.model_validate_json(json.dumps(one)) for name, one in found.items()}
    except (ValidationError, ValueError, AttributeError) as error:
        raise SettingsError(
            f"{path}: holds no thresholds that can be read ({str(error).splitlines()[0]}); delete it, and run "
            "precept calibrate again"
        ) from None


def _write(settings: Settings, kept: dict[str, Guarantee]) -> Path:
    path = place(settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    body = {name: one.model_dump(mode="json") for name, one in sorted(kept.items())}
    fresh = path.with_suffix(".json.new")
    fresh.write_text(json.dumps(body, indent=1), encoding="utf-8")
    os.replace(fresh, path)
    return path


def _named(pack: PackRef) -> str:
    return f"{pack.id} {pack.version} ({pack.digest[:8]})"
