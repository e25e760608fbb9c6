"""The draft of a DSA statement of reasons, filled from the record. What it must look like is agents.dsa.

Not the notice to the person (agents.notice), which also says how to appeal. Contract: a draft is read by a person
before it is sent, and `leaks(statement)` must be empty then. No lint finds the names of people.
"""

import hashlib
import re
from collections.abc import Sequence
from datetime import date

from pydantic import ValidationError

from agents.dsa import (
    EEA,
    LANGUAGES,
    MAX_EXPLANATION,
    MAX_FACTS,
    MAX_SHORT,
    AutomatedDecision,
    ContentId,
    ContentType,
    Country,
    DecisionVisibility,
    Leak,
    SourceType,
    Statement,
    leaks,
)
from agents.excerpt import flat
from agents.notice import SUPPORT, THING
from agents.pii import MASKS, Found, Kind, mask_pii, pii
from agents.quotation import stopped
from agents.standing import Standing, standing
from cases.case import Case
from cases.decision import Automation, Decision, Edit
from cases.finding import Evidence
from policy_store.pack import Pack
from policy_store.rule import Rule

MAX_QUOTES = 5
MAX_QUOTED = 600
VISIBILITY: dict[str, DecisionVisibility] = {
    "remove": "DECISION_VISIBILITY_CONTENT_REMOVED",
    "remove and escalate": "DECISION_VISIBILITY_CONTENT_REMOVED",
    "disable": "DECISION_VISIBILITY_CONTENT_DISABLED",
    "limit reach": "DECISION_VISIBILITY_CONTENT_DEMOTED",
    "restrict age": "DECISION_VISIBILITY_CONTENT_AGE_RESTRICTED",
    "restrict interaction": "DECISION_VISIBILITY_CONTENT_INTERACTION_RESTRICTED",
    "label": "DECISION_VISIBILITY_CONTENT_LABELLED",
}
AUTOMATED: dict[Automation, AutomatedDecision] = {
    "full": "AUTOMATED_DECISION_FULLY",
    "partial": "AUTOMATED_DECISION_PARTIALLY",
    "none": "AUTOMATED_DECISION_NOT_AUTOMATED",
}


class StatementError(ValueError):
    """A decision of which no statement of reasons can be drafted; the text says why and what to do."""


def draft_statement(
    decision: Decision,
    case: Case,
    pack: Pack,
    edits: Sequence[Edit] = (),
    *,
    content_date: date,
    territorial_scope: Sequence[Country] = EEA,
    content_language: str | None = None,
    decision_visibility: Sequence[DecisionVisibility] | None = None,
    decision_visibility_other: str | None = None,
    end_date_visibility_restriction: date | None = None,
    source_type: SourceType = "SOURCE_VOLUNTARY",
    source_identity: str | None = None,
    decision_ground_reference_url: str | None = None,
) -> Statement:
    """Return the draft of a statement of reasons for a decision that acts, edits counted in.

    `content_date` is the day of publication, which no record holds. The language falls back to that of the case's
    locale, the visibility to what the action amounts to. Whether the content is unlawful as well is left open. Raise
    StatementError when nothing was restricted or a value does not fit, WrongRecord as `standing` does.
    """
    held = standing(decision, case, pack, edits)
    rule = _acted(decision, held, pack)
    chosen = tuple(decision_visibility) if decision_visibility else (_visibility(decision, held),)
    try:
        return Statement(
            puid=_puid(decision, held),
            decision_visibility=chosen,
            decision_visibility_other=decision_visibility_other,
            decision_ground="DECISION_GROUND_INCOMPATIBLE_CONTENT",
            decision_ground_reference_url=decision_ground_reference_url,
            incompatible_content_ground=_cut(f"{pack.title}, rule {rule.id}: {rule.type}", MAX_SHORT),
            incompatible_content_explanation=_cut(
                f"Rule {rule.id}, “{rule.type}”, does not permit content that does the following: “{rule.statement}”",
                MAX_EXPLANATION,
            ),
            content_type=_content_types(decision, case),
            category=rule.maps.dsa.category,
            category_specification=rule.maps.dsa.keywords or None,
            territorial_scope=tuple(territorial_scope),
            content_language=content_language or _spoken(decision, case),
            content_date=content_date,
            application_date=held.at.date(),
            end_date_visibility_restriction=end_date_visibility_restriction,
            decision_facts=_facts(decision, case, pack, rule, held),
            source_type=source_type,
            source_identity=source_identity,
            automated_detection="Yes" if held.detected else "No",
            automated_decision=AUTOMATED[held.automation],
        )
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'statement'}: {e['msg']}" for e in error.errors())
        raise StatementError(f"decision {decision.id!r} gives no valid statement: {wrong}") from error


def _acted(decision: Decision, held: Standing, pack: Pack) -> Rule:
    if held.outcome != "act":
        why = "it waits for a person" if held.outcome == "review" else "the content is allowed"
        raise StatementError(
            f"decision {decision.id!r} restricts nothing ({why}); a statement is due once somebody decides to act"
        )
    if held.rule_id is None or held.rule_id not in pack.by_id:
        raise StatementError(
            f"decision {decision.id!r} acts under rule {held.rule_id!r}, which {pack.id} {pack.version} does not have; "
            "record an edit that names the rule"
        )
    return pack.by_id[held.rule_id]


def _visibility(decision: Decision, held: Standing) -> DecisionVisibility:
    if held.action is None:
        raise StatementError(
            f"what decision {decision.id!r} does is open: a person acts and has stated no severity; "
            "record an edit with a severity, or give decision_visibility"
        )
    if held.action in (SUPPORT, "none"):
        raise StatementError(
            f"decision {decision.id!r} restricts nothing: its action is {held.action!r}; no statement is due"
        )
    if held.action not in VISIBILITY:
        raise StatementError(
            f"action {held.action!r} of decision {decision.id!r} has no known place in the database "
            f"(known: {', '.join(VISIBILITY)}); give decision_visibility"
        )
    return VISIBILITY[held.action]


def _puid(decision: Decision, held: Standing) -> str:
    was, now = (decision.rule_id, decision.action), (held.rule_id, held.action)
    # A statement of the first version may be in the database, and a puid is used once.
    anew = held.edit is not None and decision.outcome == "act" and was != now
    wanted = f"{decision.id}-{held.edit.id}" if held.edit is not None and anew else decision.id
    puid = re.sub(r"[^a-zA-Z0-9_-]", "-", wanted)
    if puid == wanted and 0 < len(puid) <= MAX_SHORT:
        return puid
    return f"{puid[: MAX_SHORT - 17]}-{hashlib.sha256(wanted.encode()).hexdigest()[:16]}"


def _content_types(decision: Decision, case: Case) -> tuple[ContentType, ...]:
    found: dict[ContentType, None] = {}
    kinds = {p.kind for p in case.parts if p.text.strip()}
    media = {m.type for m in case.media}
    if kinds & {"text", "title", "caption", "landing", "turn"}:
        found["CONTENT_TYPE_TEXT"] = None
    if "image" in media:
        found["CONTENT_TYPE_IMAGE"] = None
    # Words on a screen, and words spoken where there is one, come from a video.
    if "video" in media or ("screen" in kinds and not media):
        found["CONTENT_TYPE_VIDEO"] = None
    if "audio" in media or (kinds & {"speech", "transcript"} and "CONTENT_TYPE_VIDEO" not in found):
        found["CONTENT_TYPE_AUDIO"] = None
    if not found:
        raise StatementError(f"case {case.id!r} of decision {decision.id!r} holds no content; nothing can be stated")
    return tuple(found)


def _spoken(decision: Decision, case: Case) -> str | None:
    code = re.split(r"[-_]", case.locale)[0].upper()
    return code if code in LANGUAGES and "language_not_covered" not in decision.causes else None


def _facts(decision: Decision, case: Case, pack: Pack, rule: Rule, held: Standing) -> str:
    thing = THING[case.surface]
    quotes = [_masked(case, e) for f in decision.findings if f.rule_id == rule.id for e in f.evidence][:MAX_QUOTES]
    words = "these words of it: " + "; ".join(f"“{q}”" for q in quotes) if quotes else f"the {thing} as a whole"
    broken = f"rule {rule.id}, “{rule.type}”, of the {pack.title} {pack.version}"
    found = f"Published content ({thing}) was found to break {broken}."
    return _cut(stopped(f"{found} The decision rests on {words}. {_automation(held)}"), MAX_FACTS)


def _automation(held: Standing) -> str:
    found = "It was found by automated means" if held.detected else "It was not found by automated means"
    decided = {
        "full": "the decision was taken by automated means alone",
        "partial": "the decision was taken by automated means and a person together",
        "none": "the decision was taken by a person alone",
    }[held.automation]
    return f"{found}; {decided}."


def _masked(case: Case, evidence: Evidence) -> str:
    """Return the quote with personal data masked, also where the quote cuts it in two."""
    quote = evidence.quote
    text = next((p.text for p in case.parts if p.id == evidence.part), "")
    if text[evidence.start : evidence.end] == quote:
        for found in reversed(pii(text)):
            start, end = max(found.start, evidence.start), min(found.end, evidence.end)
            if start < end:
                quote = quote[: start - evidence.start] + MASKS[found.kind] + quote[end - evidence.start :]
    return _cut(mask_pii(flat(quote)), MAX_QUOTED)


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


__all__ = [
    "EEA", "ContentId", "Found", "Kind", "Leak", "Statement", "StatementError", "draft_statement", "leaks", "mask_pii",
    "pii",
]  # fmt: skip
