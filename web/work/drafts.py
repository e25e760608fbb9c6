"""Drafts of policies: begun, written, sent to review, published by a second person, withdrawn; and rolling back.

The rules: only who did not write a draft publishes it (but for an admin where the operator's setting says that the
team is one person, which the journal then says); what does not load is neither reviewed nor
published; every act has a reason.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import sqlalchemy as sa

from graphs.published import SHIPPED, in_force, keep, located, packs, put_in_force, versions
from graphs.settings import SettingsError
from policy_store.checked import Checked, TooLarge, check, check_size, read_files
from policy_store.exchange import Format, SketchError, import_policy
from policy_store.fault import PackError
from policy_store.loader import HEAD, load_pack, shipped_packs
from policy_store.pack import Pack
from policy_store.rule import canonical
from web.identity import Actor
from web.office import Office
from web.problem import Problem
from web.store import drafts, journal
from web.store.drafts import DraftState, PolicyDraft

_VERSION = re.compile(r"^version:[ \t]*['\"]?([^\s'\"#]+)['\"]?", re.MULTILINE)
LONGEST = 2000


class Published(NamedTuple):
    """What was put in force, and what its publisher should know."""

    pack: Pack
    note: str | None


class Shelf(NamedTuple):
    """One pack of this home: which of its versions is in force, and all that can be put in force."""

    pack_id: str
    live: str
    versions: tuple[str, ...]
    served: bool


def shelves(office: Office) -> list[Shelf]:
    """Return the packs that can be named here, the one in force on this server first."""
    home, live = office.settings.home, in_force(office.settings.home)
    names = dict.fromkeys((office.pack.id, *shipped_packs(), *packs(home)))
    return [
        Shelf(
            name, live.get(name, SHIPPED),
            (*((SHIPPED,) if name in shipped_packs() else ()), *versions(home, name)), name == office.pack.id,
        )
        for name in names
    ]  # fmt: skip


def pack_at(office: Office, ref: str) -> Pack:
    """Return a pack by id (the version in force), id@version, or a draft's id; raise Problem 404 or 422."""
    if ref == office.pack.id:
        return office.pack
    if ref.startswith("p-") and drafts.draft(office.store, ref) is not None:
        return loaded(draft(office, ref))
    try:
        return load_pack(source_of(office, ref))
    except PackError as error:
        raise Problem(422, str(error), param="policy", code="bad_policy") from None


def source_of(office: Office, ref: str) -> str | Path:
    """Return where the files of a pack of this home are; raise Problem 404. No path of a caller's is looked at."""
    name = ref.partition("@")[0]
    try:
        if name == office.pack.id and ref == name and name not in (*shipped_packs(), *packs(office.settings.home)):
            return office.settings.policy
        if name in (*shipped_packs(), *packs(office.settings.home)):
            return located(office.settings.home, ref)
    except SettingsError as error:
        raise Problem(404, str(error), param="policy", code="unknown_policy") from None
    known = ", ".join(s.pack_id for s in shelves(office))
    raise Problem(404, f"There is no policy {ref!r} here; known: {known}.", param="policy", code="unknown_policy")


def draft(office: Office, draft_id: str) -> PolicyDraft:
    """Return a draft; raise Problem 404."""
    found = drafts.draft(office.store, draft_id)
    if found is None:
        raise Problem(404, f"There is no draft {draft_id!r}.", param="draft_id", code="unknown_draft")
    return found


def begin(office: Office, actor: Actor, pack_id: str, about: str = "") -> PolicyDraft:
    """Begin a draft over the version of a pack that is in force; its own version is raised already."""
    base = pack_at(office, pack_id)
    files = read_files(source_of(office, pack_id))
    files[HEAD] = _VERSION.sub(f"version: {_next(office, base)}", files[HEAD], count=1)
    return _added(office, actor, base.id, base, about, files)


def bring(office: Office, actor: Actor, text: str, form: Format, pack_id: str) -> tuple[PolicyDraft, tuple[str, ...]]:
    """Begin a draft of a new pack from an outside format; return it with what could not be carried."""
    if pack_id in {s.pack_id for s in shelves(office)}:
        raise Problem(409, f"There is a pack {pack_id!r} already; give another id.", param="id", code="pack_exists")
    try:
        carried = import_policy(text, form, pack_id, office.pack)
    except SketchError as error:
        raise Problem(422, str(error), param="text", code="not_of_the_format") from None
    return _added(office, actor, pack_id, None, f"brought in from {form}", carried.files), carried.notes


def save(
    office: Office, actor: Actor, draft_id: str, version: int, files: Mapping[str, str | None], about: str | None = None
) -> PolicyDraft:
    """Write some files of a draft (None takes one out); raise Problem 409 where somebody wrote since `version`."""
    found = _in(draft(office, draft_id), "draft", "be written")
    kept = {**found.files, **files}
    whole = {name: text for name, text in kept.items() if text is not None}
    _sized(whole)
    values: dict[str, object] = {"files": whole, "authors": list(dict.fromkeys((*found.authors, actor.id)))}
    if about is not None:
        values["about"] = about[:LONGEST]
    with office.store.writing("save a draft") as connection:
        _change(office, connection, found, version, values)
        journal.note(office.store, actor.id, "policy.save", draft_id, {"files": " ".join(files)[:200]}, connection)
    return draft(office, draft_id)


def submit(office: Office, actor: Actor, draft_id: str, version: int, about: str) -> PolicyDraft:
    """Send a draft to review; it has to load, and to say what it is for."""
    found = _in(draft(office, draft_id), "draft", "be sent to review")
    about = _said(about, "about")
    pack = loaded(found)
    _version_is_free(office, pack)
    if pack.digest == found.base_digest:
        raise Problem(422, "The draft says the same as the version that it began from.", code="nothing_changed")
    values = {"state": "in_review", "about": about, "reviewer": None, "reason": None}
    _act(office, actor, found, version, "policy.submit", values, {"about": about})
    return draft(office, draft_id)


def send_back(office: Office, actor: Actor, draft_id: str, version: int, reason: str) -> PolicyDraft:
    """Send a draft in review back to its author; anybody who may write may do so, the author too."""
    found = _in(draft(office, draft_id), "in_review", "be sent back")
    reason = _said(reason, "reason")
    values = {"state": "draft", "reviewer": actor.id, "reason": reason}
    _act(office, actor, found, version, "policy.send_back", values, {"reason": reason})
    return draft(office, draft_id)


def withdraw(office: Office, actor: Actor, draft_id: str, version: int, reason: str) -> PolicyDraft:
    """Withdraw a draft for good."""
    found = draft(office, draft_id)
    if found.state in ("published", "withdrawn"):
        _in(found, "draft", "be withdrawn")
    reason = _said(reason, "reason")
    values = {"state": "withdrawn", "reviewer": actor.id, "reason": reason}
    _act(office, actor, found, version, "policy.withdraw", values, {"reason": reason})
    return draft(office, draft_id)


def rebase(office: Office, actor: Actor, draft_id: str, version: int) -> PolicyDraft:
    """Set a draft over the version that is in force now, where another was published since it began."""
    found = _in(draft(office, draft_id), "draft", "be set over another version")
    base = pack_at(office, found.pack_id)
    files = {**found.files, HEAD: _VERSION.sub(f"version: {_next(office, base)}", found.files[HEAD], count=1)}
    values = {"base_version": base.version, "base_digest": base.digest, "files": files}
    _act(office, actor, found, version, "policy.rebase", values, {"base": base.version})
    return draft(office, draft_id)


def publish(office: Office, actor: Actor, draft_id: str, version: int, reason: str) -> Published:
    """Put a reviewed draft in force: kept as a version, on record in the ledger, live for the next case."""
    found = _in(draft(office, draft_id), "in_review", "be published")
    reason = _said(reason, "reason")
    alone = _may_publish(office, actor, found)
    pack = loaded(found)
    _version_is_free(office, pack)
    _base_stands(office, found, pack)
    office.desks.desk(pack)  # opened before anything is written: what cannot be opened is not published
    values = {"state": "published", "reviewer": actor.id, "reason": reason, "published": pack.version}
    detail = {"pack": f"{pack.id} {pack.version}", "digest": pack.digest, "reason": reason}
    if alone:
        detail["alone"] = "the author published it: the operator's setting allows it to an admin"
    with office.store.writing("publish a policy") as connection:
        _change(office, connection, found, version, values)
        journal.note(office.store, actor.id, "policy.publish", draft_id, detail, connection)
        office.ledger.policy(pack.id, pack.version, pack.digest, canonical(pack))
        _kept(office, pack, found.files)
    return _live(office, pack)


def roll_back(office: Office, actor: Actor, pack_id: str, version: str, reason: str) -> Published:
    """Put an earlier version in force again; `shipped` is the one that came with the program."""
    reason = _said(reason, "reason")
    _person(actor)
    pack = pack_at(office, f"{pack_id}@{version}")
    was = pack_at(office, pack_id)
    office.desks.desk(pack)
    with office.store.writing("roll a policy back") as connection:
        detail = {"from": was.version, "to": pack.version, "digest": pack.digest, "reason": reason}
        journal.note(office.store, actor.id, "policy.roll_back", pack_id, detail, connection)
        office.ledger.policy(pack.id, pack.version, pack.digest, canonical(pack))
        put_in_force(office.settings.home, pack_id, version)
    return _live(office, pack)


def checked(found: PolicyDraft) -> Checked:
    """Return what is wrong with a draft, or its pack; raise Problem 422 for what is too large to check."""
    try:
        return check(found.files)
    except TooLarge as error:
        raise Problem(422, str(error), param="files", code="too_large") from None


def loaded(found: PolicyDraft) -> Pack:
    """Return the pack of a draft; raise Problem 422 with its first fault where it does not load."""
    result = checked(found)
    if result.pack is None:
        more = len(result.faults) - 1
        told = f"{result.faults[0]}" + (f"\n({more} more)" if more else "")
        raise Problem(422, f"The draft does not load: {told}", param="files", code="bad_policy")
    return result.pack


def _added(
    office: Office, actor: Actor, pack_id: str, base: Pack | None, about: str, files: Mapping[str, str]
) -> PolicyDraft:
    _sized(files)
    base_version, base_digest = (base.version, base.digest) if base else (None, None)
    with office.store.writing("begin a draft") as connection:
        draft_id = drafts.add(connection, pack_id, base_version, base_digest, actor.id, about[:LONGEST], files)
        detail = {"pack": pack_id, "base": base_version or "none"}
        journal.note(office.store, actor.id, "policy.draft", draft_id, detail, connection)
    return draft(office, draft_id)


def _act(
    office: Office, actor: Actor, found: PolicyDraft, version: int, act: str, values: Mapping[str, object],
    detail: Mapping[str, str],
) -> None:  # fmt: skip
    with office.store.writing("change a draft") as connection:
        _change(office, connection, found, version, values)
        journal.note(office.store, actor.id, act, found.id, detail, connection)


def _change(
    office: Office, connection: sa.Connection, found: PolicyDraft, version: int, values: Mapping[str, object]
) -> None:
    if not drafts.change(connection, found.id, version, **values):
        raise Problem(
            409, f"The draft was changed at {found.changed[:19]} UTC (version {found.version}, yours is {version}); "
            "load it again, your text is still in the page.", param="version", code="stale_version",
        )  # fmt: skip


def _in(found: PolicyDraft, state: DraftState, to: str) -> PolicyDraft:
    if found.state != state:
        worded = found.state.replace("_", " ")
        raise Problem(409, f"The draft is {worded}; it cannot {to} now.", param="state", code="wrong_state")
    return found


def _may_publish(office: Office, actor: Actor, found: PolicyDraft) -> bool:
    """Return whether the author publishes alone; raise Problem 403 where that is not allowed."""
    _person(actor)
    if actor.id not in found.authors:
        return False
    if office.web.solo_publishing and "administer" in actor.may:
        return True
    raise Problem(
        403, "You wrote this draft: a second person has to publish it. (For a team of one, PRECEPT_WEB_SOLO_PUBLISHING "
        "lets an admin publish their own.)", code="own_draft",
    )  # fmt: skip


def _person(actor: Actor) -> None:
    if not actor.person:
        raise Problem(403, "A person puts a policy in force, not a key.", code="not_a_person")


def _version_is_free(office: Office, pack: Pack) -> None:
    taken = {a.version: a.digest for a in office.ledger.policies(pack.id)}
    if taken.get(pack.version, pack.digest) != pack.digest:
        raise Problem(
            422, f"policy.yaml: version {pack.version!r} of {pack.id} is on record with another text; raise it, "
            f"for example to {_next(office, pack)}.", param="version", code="version_taken",
        )  # fmt: skip


def touched(office: Office, found: PolicyDraft) -> tuple[str, ...]:
    """Return the files that a draft changes of what is in force, rules first; the head only in more than its version.

    There are none where it began from nothing, or what is in force cannot be read.
    """
    if found.base_digest is None:
        return ()
    try:
        before = read_files(source_of(office, found.pack_id))
    except (PackError, Problem):
        return ()

    def plain(name: str, text: str) -> str:
        return _VERSION.sub("", text, count=1) if name == HEAD else text

    changed = [name for name, text in found.files.items() if plain(name, text) != plain(name, before.get(name, ""))]
    return tuple(sorted(changed, key=lambda name: not name.startswith("rules/")))


def stale(office: Office, found: PolicyDraft) -> str | None:
    """Return the version that was put in force since a draft began, None where its base still is."""
    if found.base_digest is None:
        return None
    live = pack_at(office, found.pack_id)
    return live.version if live.digest != found.base_digest else None


def _base_stands(office: Office, found: PolicyDraft, pack: Pack) -> None:
    live = stale(office, found)
    # Where a publication broke off after the last word, the draft itself is in force already.
    if live is not None and pack_at(office, found.pack_id).digest != pack.digest:
        raise Problem(
            409, f"The draft began from {found.base_version}, and {live} was put in force since; send it back "
            "and set it over that version.", param="base_version", code="stale_base",
        )  # fmt: skip


def _next(office: Office, pack: Pack) -> str:
    taken = {a.version for a in office.ledger.policies(pack.id)} | {
        *versions(office.settings.home, pack.id),
        pack.version,
    }
    head, dot, last = pack.version.rpartition(".")
    number = int(last) if last.isdigit() else 0
    stem = f"{head}{dot}" if last.isdigit() else f"{pack.version}."
    return next(f"{stem}{n}" for n in range(number + 1, number + 10_000) if f"{stem}{n}" not in taken)


def _kept(office: Office, pack: Pack, files: Mapping[str, str]) -> None:
    try:
        keep(office.settings.home, pack, files)
        put_in_force(office.settings.home, pack.id, pack.version)
    except SettingsError as error:
        raise Problem(409, str(error), param="version", code="version_taken") from None


def _live(office: Office, pack: Pack) -> Published:
    if pack.id != office.pack.id:
        return Published(
            pack, f"{pack.id} {pack.version} is in force wherever {pack.id} is named; here it is {office.pack.id}."
        )
    office.desks.go_live(pack)
    if office.settings.policy != pack.id:
        return Published(
            pack, f"In force now; after a restart name the policy {pack.id!r}, not the folder it came from."
        )
    return Published(pack, None)


def _sized(files: Mapping[str, str]) -> None:
    try:
        check_size(files)
    except TooLarge as error:
        raise Problem(422, str(error), param="files", code="too_large") from None


def _said(text: str, field: str) -> str:
    text = text.strip()
    if not text:
        raise Problem(422, f"{field}: say why, in a sentence; it goes on record.", param=field, code="no_reason")
    return text[:LONGEST]
