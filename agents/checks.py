"""What code can check about a draft, with no judgement: one function a check, each named as its assertion."""

from agents.reasoner import Draft
from cases.case import Case, media_ids
from cases.decision import Check
from policy_store.pack import Pack


def rule_was_retrieved(draft: Draft, retrieved: frozenset[str]) -> Check:
    """Check that the leading rule is one that retrieval brought."""
    passed = draft.rule_id in retrieved
    return Check(name="rule_was_retrieved", passed=passed, detail=f"{draft.rule_id} among {sorted(retrieved)}")


def clauses_are_verbatim(draft: Draft, pack: Pack) -> Check:
    """Check that every cited clause exists, belongs to the finding's rule and is quoted word for word."""
    bad = []
    for finding in draft.findings:
        rule = pack.by_id[finding.rule_id]
        own = {c.id: c.text for c in (*rule.clauses, *pack.exceptions_of(rule))}
        bad += [c.clause_id for c in finding.citations if own.get(c.clause_id) != c.quote]
    return Check(
        name="clauses_are_verbatim", passed=not bad, detail=f"misquoted: {bad}" if bad else "all found in the pack"
    )


def evidence_is_verbatim(draft: Draft, case: Case) -> Check:
    """Check that every quote stands in the case where its locator says."""
    texts = {p.id: p.text for p in case.parts}
    bad = [
        e.quote for f in draft.findings for e in f.evidence
        if not e.quote or texts.get(e.part, "")[e.start : e.end] != e.quote
    ]  # fmt: skip
    return Check(
        name="evidence_is_verbatim", passed=not bad, detail=f"not found: {bad}" if bad else "all found in the case"
    )


def hits_cite(draft: Draft) -> Check:
    """Check that every hit cites a clause, and quotes evidence or names a region that was seen."""
    bad = [
        f.rule_id for f in draft.findings if f.verdict == "hit" and not (f.citations and (f.evidence or f.sightings))
    ]
    return Check(
        name="hits_cite", passed=not bad, detail=f"bare: {bad}" if bad else "every hit cites clause and evidence"
    )


def regions_exist(draft: Draft, case: Case) -> Check:
    """Check that every region that a finding rests on is one that a tool found, or a frame of a file of the case."""
    found, media = {o.id for o in case.observations}, media_ids(case.media)
    frames = tuple(f"{m}.f" for m in media)
    bad = [
        s.region for f in draft.findings for s in f.sightings
        if s.media not in media or not (s.region in found or s.region.startswith(frames))
    ]  # fmt: skip
    return Check(name="regions_exist", passed=not bad, detail=f"not found: {bad}" if bad else "all found in the case")


def severity_is_in_band(draft: Draft, pack: Pack) -> Check:
    """Check that the proposed severity lies in the band of the leading rule."""
    if draft.severity is None or draft.rule_id is None:
        return Check(name="severity_is_in_band", passed=draft.outcome != "act", detail="no severity proposed")
    band = pack.by_id[draft.rule_id].band
    passed = band.low <= draft.severity.value <= band.high
    return Check(name="severity_is_in_band", passed=passed, detail=f"{draft.severity.value} in {band.low}-{band.high}")


def chain_supports_answer(draft: Draft) -> Check:
    """Check that the chain has its four steps once, in order, and concludes what the draft answers."""
    names = [s.name for s in draft.chain]
    ordered = names == ["location", "screening", "cause", "decision"]
    concludes = ordered and draft.chain[-1].text.endswith(f": {draft.outcome}. {draft.note}")
    quoted = ordered and all(e.quote in draft.chain[0].text for e in draft.findings[0].evidence)
    return Check(
        name="chain_supports_answer",
        passed=ordered and concludes and quoted,
        detail=f"steps {names}, concludes {draft.outcome}: {concludes}, names its evidence: {quoted}",
    )


def code_checks(draft: Draft, case: Case, pack: Pack, retrieved: frozenset[str]) -> tuple[Check, ...]:
    """Run all of them; a draft that fails one cannot stand."""
    return (
        rule_was_retrieved(draft, retrieved),
        clauses_are_verbatim(draft, pack),
        evidence_is_verbatim(draft, case),
        hits_cite(draft),
        severity_is_in_band(draft, pack),
        chain_supports_answer(draft),
        # Of a case that nobody saw there is nothing to check.
        *([regions_exist(draft, case)] if any(f.sightings for f in draft.findings) else ()),
    )
