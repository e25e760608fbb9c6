"""Why a rule does not lead a decision: beaten, excepted, unlikely, not retrieved, switched off, or no rule at all.

It reads the record and the policy; where a fresh measurement is given it adds what the rule scores now.
"""

import difflib
import re

from agents.inquiry import Inquiry, rules_by_words
from agents.reply import Docket, Reply, cited, quoted, sentence, statement_of
from agents.whatif import scored, texts
from cases.finding import Citation, Finding
from policy_store.rule import Modality, Rule

NEAREST = 3
_RETRIEVED = re.compile(r"'([^']+)'")


def why_not(docket: Docket, inquiry: Inquiry) -> Reply | None:
    """Return why a rule that the question names does not lead; None when it names none, or the one that does."""
    named = inquiry.rules or (() if inquiry.strangers else rules_by_words(inquiry.said, docket.pack)[:1])
    target = next((r for r in named if r != docket.held.rule_id), None)
    if target is not None:
        return absent(docket, docket.pack.by_id[target])
    return None if named or not inquiry.strangers else unknown_rule(docket, inquiry.strangers[0])


def unknown_rule(docket: Docket, name: str) -> Reply:
    """Return that the policy has no such rule, with the ids that are nearest."""
    by_lower = {i.casefold(): i for i in (*docket.pack.by_id, *docket.pack.clauses)}
    close = difflib.get_close_matches(name.casefold(), by_lower, n=NEAREST, cutoff=0.5)
    near = [by_lower[c] for c in close] or sorted(docket.pack.by_id)[:NEAREST]
    citations = tuple(Citation(clause_id=i, quote=docket.pack.clauses[i].text) for i in near)
    text = f"The policy {docket.pack.id} {docket.pack.version} has no rule {name!r}. The nearest: {cited(citations)}"
    return Reply(kind="why_not", text=text, citations=citations)


def absent(docket: Docket, rule: Rule) -> Reply:
    """Return why this rule does not lead."""
    finding = docket.finding(rule.id)
    extra: tuple[Citation, ...] = ()
    reason = _out_of_play(docket, rule)
    if reason is None and finding is not None:
        reason, extra = _found(docket, rule, finding)
    elif reason is None:
        reason = _off_record(docket, rule)
    citations = (statement_of(rule), *extra)
    evidence = finding.evidence if finding else ()
    own = f"What was quoted for it: {quoted(evidence)}." if evidence else ""
    text = sentence(reason, _rescored(docket, rule), own, cited(citations), _contrast(docket, rule))
    return Reply(kind="why_not", text=text, citations=citations, evidence=evidence)


def _out_of_play(docket: Docket, rule: Rule) -> str | None:
    pack, case, name = docket.pack, docket.case, docket.title(rule.id)
    profile = next((p for p in pack.profiles if p.id == (docket.decision.profile or pack.default_profile)), None)
    if profile and rule.id in profile.off:
        return f"{name} is switched off by the profile {profile.id}: {profile.text}"
    if rule.raises is not None:
        found = docket.finding(rule.id)
        did = (
            f"It does so here, at {found.probability:.2f}." if found and found.verdict == "hit" else "It does not here."
        )
        return f"{name} is a modifier: it never leads, it raises the severity of the rule that does. {did}"
    if rule.status != "active":
        return f"{name} has the status {rule.status} and decides nothing."
    if rule.surfaces and case.surface not in rule.surfaces:
        return f"{name} holds for {', '.join(rule.surfaces)} alone, and this is a {case.surface}."
    seen: set[Modality] = {"text", *(m.type for m in case.media if m.type != "page")}
    if not seen & set(rule.modalities):
        return f"{name} holds for {', '.join(rule.modalities)} alone, and the case has {', '.join(sorted(seen))}."
    return None


def _found(docket: Docket, rule: Rule, finding: Finding) -> tuple[str, tuple[Citation, ...]]:
    held, name = docket.held, docket.title(rule.id)
    lead = docket.finding(held.rule_id) if held.rule_id else None
    stands = f"{name} stands at {finding.probability:.2f}"
    ahead = f"{docket.title(lead.rule_id)} at {lead.probability:.2f}" if lead else None
    stated = next(
        (p for p in docket.pack.precedence if p.winner == held.rule_id and rule.id in p.losers), None
    ) if held.outcome != "allow" else None  # fmt: skip
    if finding.verdict == "hit" and ahead and held.outcome == "act":
        why = f"The policy says which of the two leads: {stated.why}" if stated else "The graver of the two leads."
        return f"{stands} and was found to be broken as well, beside {ahead}. {why}", ()
    saving = next((w for w in finding.exceptions if w.applies), None)
    if saving:
        citation = Citation(clause_id=saving.exception_id, quote=saving.quote)
        return f"{stands}, because an exception holds: {saving.exception_id}, at {saving.probability:.2f}.", (citation,)
    if held.edit is not None and finding.verdict == "hit":
        return f"{stands}, and the system had found it to be broken; a person decided otherwise.", ()
    if stated and ahead and lead and lead.probability >= finding.probability:
        return f"{stands}, behind {ahead}. Between the two the policy says: {stated.why}", ()
    if ahead:
        return f"{stands}, {_beside(finding, lead)} {ahead}.", ()
    return f"{stands}, which was not enough to act on.", ()


def _beside(finding: Finding, lead: Finding | None) -> str:
    return "behind" if lead is None or lead.probability >= finding.probability else "and gives way to"


def _contrast(docket: Docket, rule: Rule) -> str:
    """Return what the policy itself says about this rule and the one that leads."""
    lead = docket.pack.by_id.get(docket.held.rule_id or "")
    if lead is None:
        return ""
    lines = [
        f"{one.id} says of “{d.term}”: {d.text}"
        for one, other in ((lead, rule), (rule, lead))
        for d in one.definitions
        if re.search(rf"(?<![\w-]){re.escape(other.id)}(?![\w-])", d.text)
    ]
    lines += [
        f"Had it been found, it would lead: {p.why}"
        for p in docket.pack.precedence
        if p.winner == rule.id and lead.id in p.losers
    ]
    return " ".join(lines)


def _off_record(docket: Docket, rule: Rule) -> str:
    decision, name = docket.decision, docket.title(rule.id)
    if not decision.findings:
        return f"{name} was not ranked: the router found nothing near the case that breaks a rule."
    checks = [c for k in decision.critiques for c in k.checks if c.name == "rule_was_retrieved"]
    retrieved = set(_RETRIEVED.findall(checks[-1].detail)) if checks else None
    least = min(f.probability for f in decision.findings)
    if retrieved is None:
        return f"{name} is not on record: it was not retrieved, or it ranked below those that are (least: {least:.2f})."
    if rule.id in retrieved:
        return f"{name} was retrieved and ranked below the rules on record, of which the least stands at {least:.2f}."
    return f"{name} was not retrieved for this case, so it was not judged."


def _rescored(docket: Docket, rule: Rule) -> str:
    if docket.rescore is None or docket.finding(rule.id) is not None:
        return ""
    now = scored([texts(docket.case)], docket.rescore)[0].get(rule.id)
    return f"Scored now it stands at {now:.2f}." if now is not None else "It cannot be scored."
