"""Editing a rule of a draft by a form: where it stands in the files, and one change at a time. It saves nothing."""

from typing import NamedTuple

from policy_store.checked import check
from policy_store.edit import EditError, append, change
from policy_store.rule import Rule
from policy_store.syntax import Unreadable, compose, construct
from web.problem import Problem
from web.store.drafts import PolicyDraft
from web.work.drafts import loaded


class Place(NamedTuple):
    """A rule of a draft: its file, its number in that file, and its line."""

    rule: Rule
    file: str
    at: int
    line: int


class Wish(NamedTuple):
    """One change: `field` is statement, clause, example, exception, status, low, high or keywords."""

    field: str
    text: str
    side: str = ""
    number: int | None = None
    clause: str = ""


def locate(draft: PolicyDraft, rule_id: str) -> Place:
    """Return where a rule of a draft stands; raise Problem 404, or 422 where the draft does not load."""
    pack = loaded(draft)
    if rule_id not in pack.by_id:
        raise Problem(404, f"The draft has no rule {rule_id!r}.", param="rule_id", code="unknown_rule")
    for file, text in draft.files.items():
        if not file.startswith("rules/"):
            continue
        try:
            root = compose(text)
            entries = construct(root) if root is not None else []
        except Unreadable:
            continue
        if isinstance(entries, list) and root is not None:
            for i, entry in enumerate(entries):
                if isinstance(entry, dict) and entry.get("id") == rule_id:
                    return Place(pack.by_id[rule_id], file, i, root.value[i].start_mark.line + 1)
    raise Problem(
        422, f"{rule_id} is inherited from a pack that this one extends. Copy the rule into rules/ to change it here.",
        param="rule_id", code="inherited",
    )  # fmt: skip


def edited(draft: PolicyDraft, rule_id: str, wish: Wish) -> tuple[str, str]:
    """Return the file and its new text; raise EditError where the form cannot, or the draft would not load any more."""
    place = locate(draft, rule_id)
    text, rule, at = draft.files[place.file], place.rule, place.at
    if wish.field in ("statement", "clause", "example", "exception") and not wish.text:
        raise EditError("write the text first")
    if wish.field == "statement":
        made = change(text, (at, "statement"), wish.text)
    elif wish.field == "clause" and wish.clause:
        made = change(text, (at, *_clause(rule, wish.clause), "text"), wish.text)
    elif wish.field == "clause":
        entry: dict[str, str | int] = {
            "id": _fresh(rule, f"{rule.id}.", "abcdefghijklmnopqrstuvwxyz"),
            "text": wish.text,
        }
        made = append(text, (at, "includes"), entry)
    elif wish.field == "exception":
        name = f"{rule.id}-{_word(wish.clause) or f'EXCEPTION{len(rule.exceptions) + 1}'}"
        made = append(text, (at, "exceptions"), {"id": name, "text": wish.text})
    elif wish.field == "example":
        made = _example(text, at, rule, wish)
    elif wish.field == "status":
        made = change(text, (at, "status"), wish.text)
    elif wish.field in ("low", "high") and wish.number is not None:
        made = change(text, (at, "band", wish.field), wish.number)
    elif wish.field == "keywords":
        made = change(text, (at, "keywords"), [k.strip() for k in wish.text.splitlines() if k.strip()])
    else:
        raise EditError(f"the form has no field {wish.field!r}")
    result = check({**draft.files, place.file: made})
    if result.faults:
        raise EditError(f"the rule would not load any more: {result.faults[0].problem}; {result.faults[0].hint}")
    return place.file, made


def _example(text: str, at: int, rule: Rule, wish: Wish) -> str:
    if wish.side not in ("violating", "allowed"):
        raise EditError("say whether the example is violating or allowed")
    letter = "v" if wish.side == "violating" else "n"
    entry: dict[str, str | int] = {"id": _fresh(rule, f"{rule.id}.{letter}", ""), "text": wish.text}
    if wish.side == "violating" and wish.number is not None:
        entry["severity"] = wish.number
    if wish.side == "allowed" and wish.clause:
        entry["exception"] = wish.clause
    return append(text, (at, "examples", wish.side), entry)


def _clause(rule: Rule, clause_id: str) -> tuple[str, int]:
    for field, clauses in (("includes", rule.includes), ("exceptions", rule.exceptions)):
        for i, clause in enumerate(clauses):
            if clause.id == clause_id:
                return field, i
    raise EditError(f"{rule.id} has no clause {clause_id!r}")


def _fresh(rule: Rule, stem: str, letters: str) -> str:
    taken = {c.id for c in rule.clauses} | {e.id for e in (*rule.examples.violating, *rule.examples.allowed)}
    names = (*letters, *(f"{letters[:1]}{n}" for n in range(1, 1000)))
    return next(f"{stem}{name}" for name in names if f"{stem}{name}" not in taken)


def _word(text: str) -> str:
    return "".join(ch for ch in text.upper() if ch.isascii() and (ch.isalnum() or ch == "-")).strip("-")[:30]


__all__ = ["Place", "Wish", "edited", "locate"]
