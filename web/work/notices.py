"""Telling the person what came of an appeal: the draft, what is still to be filled in, and sending it.

Sending marks the notice as final and puts it on record for whoever delivers it; no mail leaves from here. Contract: a
notice is not sent while a line of it is unfilled, while it names anybody of ours, or while somebody added personal data
to it; what was sent is never changed. Lines that are the same every time (where to complain) are kept once filled.
"""

from datetime import date
from difflib import SequenceMatcher

from agents.appeal import appeal_notice, filled, label_of
from agents.notice import unfilled
from agents.pii import pii
from agents.standing import standing
from cases.model import Fact
from graphs.record import Record
from web.identity import Actor
from web.office import Office
from web.problem import Problem
from web.store import appeals, journal, notices
from web.store.appeals import DECIDED, Appeal
from web.store.notices import Notice
from web.work import statements
from web.work.appeals import read
from web.work.reversal import named_in

LONGEST = 20_000


class Open(Fact):
    """A line that is still to be filled: its label, and its number on the page."""

    number: int
    label: str


class Shown(Fact):
    """A notice with what keeps it from being sent. `due` says whether a DSA statement belongs to it, or why not."""

    notice: Notice
    open: tuple[Open, ...]
    faults: tuple[str, ...]
    due: bool
    why_none: str | None
    statement: statements.Drafted | None = None

    @property
    def ready(self) -> bool:
        """Return whether it may be sent as it stands."""
        return not self.open and not self.faults and self.notice.state == "draft"


def shown(office: Office, actor: Actor, appeal_id: str, content_date: date | None = None) -> Shown:
    """Return the notice of an appeal that was decided, drafted where nobody has done so yet."""
    appeal, found = _decided(office, appeal_id)
    kept = notices.notice(office.store, appeal.id)
    if kept is None:
        text = filled(drafted(appeal, found), _lines(office, appeal))
        kept = Notice(appeal_id=appeal.id, text=text, statement=None, state="draft", version=0, by=actor.id, at="")
    due, why_none, made = True, None, None
    try:
        wanted = statements.Draft(decision_id=appeal.decision_id, content_date=content_date)
        made = statements.draft(office, actor, wanted)
    except Problem as problem:
        due, why_none = False, problem.message
    return Shown(notice=kept, open=_open(kept.text), faults=_faults(office, appeal, found, kept.text), due=due,
                 why_none=why_none, statement=made)  # fmt: skip


def save(
    office: Office, actor: Actor, appeal_id: str, text: str, fills: dict[int, str] | None = None, *, version: int
) -> Notice:
    """Keep a notice as a draft, with lines filled by their numbers; those are remembered for the notices to come."""
    _may(actor)
    appeal, _ = _decided(office, appeal_id)
    text = text.replace("\r\n", "\n").strip()
    if not text or len(text) > LONGEST:
        raise Problem(422, f"The notice has {len(text)} characters; 1 to {LONGEST:,} are possible.", param="text",
                      code="bad_length")  # fmt: skip
    known = {one.number: one.label for one in _open(text)}
    given = {n: " ".join(value.split()) for n, value in (fills or {}).items() if value.strip()}
    if strange := sorted(given.keys() - known.keys()):
        raise Problem(422, f"Line {strange[0]} has nothing to be filled in.", param="fills", code="unknown_line")
    lines = text.split("\n")
    for number, value in given.items():
        lines[number] = f"{known[number]} {value}"
    with office.store.writing("keep a notice") as connection:
        _check(notices.within(connection, appeal.id), version)
        notices.put(connection, appeal.id, "\n".join(lines), None, "draft", actor.id)
        if given:
            keep = {_key(appeal, known[n]): value for n, value in given.items()}
            notices.keep_lines(connection, keep, actor.id)
        journal.note(office.store, actor.id, "notice.save", appeal.id, connection=connection)
    kept = notices.notice(office.store, appeal.id)
    assert kept is not None
    return kept


def send(office: Office, actor: Actor, appeal_id: str, *, version: int, content_date: date | None = None) -> Notice:
    """Make a notice final, and take its DSA statement in where one is due; raise Problem 422 while it is not ready.

    The day of publication is asked for where a statement is due that was not taken in before.
    """
    _may(actor)
    appeal, found = _decided(office, appeal_id)
    now = shown(office, actor, appeal_id, content_date)
    if now.notice.state == "sent":
        raise Problem(409, "This notice was sent already, and stays as it was sent.", code="already_sent")
    if now.open:
        raise Problem(422, f"Still to be filled in: {'; '.join(o.label for o in now.open)}", param="text",
                      code="unfilled")  # fmt: skip
    if now.faults:
        raise Problem(422, f"The notice is not ready: {'; '.join(now.faults)}", param="text", code="not_ready")
    statement = now.statement.statement if now.statement else None
    if statement is not None and statements.existing(office, statement.puid) is not None:
        statement = None  # the statement of the first decision stands: the same restriction is not stated twice
    private = [field for field in (now.statement.warnings if now.statement else ()) if field != "content_date"]
    if statement is not None and private:
        raise Problem(422, f"The statement of reasons holds personal data in {', '.join(private)}; mask it.",
                      param="statement", code="personal_data")  # fmt: skip
    if statement is not None and content_date is None:
        raise Problem(422, "Give the day on which the content was published; the statement of reasons needs it.",
                      param="content_date", code="content_date_required")  # fmt: skip
    body = statements.text_of(statement) if statement else None
    with office.store.writing("send a notice") as connection:
        _check(notices.within(connection, appeal.id), version)
        if statement is not None:
            statements.keep(office, actor, connection, statement, appeal.decision_id)
        notices.put(connection, appeal.id, now.notice.text, body, "sent", actor.id)
        detail = {"statement": statement.puid if statement else ""}
        journal.note(office.store, actor.id, "notice.send", appeal.id, detail, connection)
    kept = notices.notice(office.store, appeal.id)
    assert kept is not None
    return kept


def drafted(appeal: Appeal, found: Record) -> str:
    """Return the notice as it is made from what holds, with its placeholders."""
    ruling = appeal.ruling
    assert ruling is not None
    last = next(i for i, e in enumerate(found.edits) if e.id == ruling.edit_id)
    before, after = (standing(found.decision, found.case, found.pack, found.edits[:end]) for end in (last, last + 1))
    return appeal_notice(
        ruling.result, before, after, appeal.id, found.decision, found.case, found.pack,
        filed=date.fromisoformat(appeal.filed[:10]), statement=appeal.statement, why=ruling.why, country=appeal.country,
    )  # fmt: skip


def _faults(office: Office, appeal: Appeal, found: Record, text: str) -> tuple[str, ...]:
    """Return what somebody wrote into a notice that must not go out; what the draft itself says is not their doing."""
    assert appeal.ruling is not None
    draft = drafted(appeal, found).split("\n")
    labels = [label for line in draft if (label := label_of(line))]
    known = set(draft)
    added = [line for line in text.split("\n") if line not in known]
    out = []
    who = {appeal.ruling.by, *(e.by for e in found.edits), *(k.by for k in appeals.looks(office.store, appeal.id))}
    if name := named_in(office, "\n".join(added), who):
        out.append(f"it names {name!r}, who took part; no name of ours goes out")
    for line in added:
        if any(line.startswith(label) for label in labels):
            continue  # where to complain is an address, and meant to be one
        nearest = max(draft, key=lambda d: SequenceMatcher(None, d, line).ratio(), default="")
        kinds = {f.kind for f in pii(line)} - {f.kind for f in pii(nearest)}
        out += [f"somebody wrote personal data into it ({kind}); leave it out" for kind in sorted(kinds)]
    return tuple(dict.fromkeys(out))


def _open(text: str) -> tuple[Open, ...]:
    waiting = set(unfilled(text))
    return tuple(
        Open(number=n, label=label_of(line) or "") for n, line in enumerate(text.split("\n")) if line in waiting
    )


def _lines(office: Office, appeal: Appeal) -> dict[str, str]:
    """Return what is remembered for this appeal's country, by label."""
    start = _key(appeal, "")
    return {k[len(start) :]: v for k, v in notices.lines(office.store).items() if k.startswith(start)}


def _key(appeal: Appeal, label: str) -> str:
    return f"{appeal.country or '--'} {label}"


def _decided(office: Office, appeal_id: str) -> tuple[Appeal, Record]:
    appeal = read(office, appeal_id)
    if appeal.state not in DECIDED:
        raise Problem(409, "The appeal is not decided yet, so that there is nothing to tell.", code="not_decided")
    return appeal, office.record(appeal.decision_id)


def _check(now: Notice | None, version: int) -> None:
    held = now.version if now else 0
    if now is not None and now.state == "sent":
        raise Problem(409, "This notice was sent already, and stays as it was sent.", code="already_sent")
    if held != version:
        raise Problem(409, f"The notice was changed since you opened it (version {held}, yours is {version}); load it "
                      "again.", param="version", code="stale_version")  # fmt: skip


def _may(actor: Actor) -> None:
    if "appeals.decide" not in actor.may:
        raise Problem(403, "A notice needs the permission 'appeals.decide'.", code="not_permitted")


__all__ = ["Open", "Shown", "drafted", "save", "send", "shown"]
