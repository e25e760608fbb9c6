"""The onlooker: what the pictures of a case come to under the rules that are read by sight. It reads no other rule.

It is no language model and sees no pixels: it weighs what tools saw (agents.sight), words read in and beside a picture
among it, and cites the regions by their ids. The cuts are ours and not fitted to labels, because the shares are not
calibrated: between them a person decides, and a rule of high harm is never let go by sight.
"""

from collections.abc import Sequence

import numpy as np

from agents.attributes import Reading, read
from agents.evidence import located
from agents.precedence import leading
from agents.reasoner import NOTE, Bench
from agents.severity import Severity, grade_seen
from agents.sight import Look, labels_elsewhere, look
from agents.whereabouts import whereabouts
from cases.case import media_ids
from cases.decision import Outcome, Step
from cases.finding import Citation, Evidence, Finding, Sighting, Verdict
from cases.model import Fact
from cases.observation import Observation
from policy_store.rule import Rule

ACT = 0.6
ALLOW = 0.25
SHOWN = 6
UNCALIBRATED = "The shares come from a detector's confidence, which is not calibrated."


class Judged(Fact):
    """What the pictures come to: an outcome with everything that backs it, the leading finding first."""

    outcome: Outcome
    rule_id: str | None
    probability: float
    findings: tuple[Finding, ...]
    severity: Severity | None
    looks: tuple[Look, ...]
    chain: tuple[Step, ...]


def judge(bench: Bench, rule_ids: Sequence[str]) -> Judged | None:
    """Return what the pictures come to under these rules; None without a file that was seen or a rule for it."""
    rules = [r for i in rule_ids if (r := bench.book.pack.by_id[i]).by_sight and r.status == "active"]
    looks = [one for rule in rules if (one := worst(bench, rule)) is not None]
    if not looks:
        return None
    looks.sort(key=lambda one: -one.probability)
    outcomes = {one.rule_id: outcome_of(one, bench.book.pack.by_id[one.rule_id]) for one in looks}
    severities = {one.rule_id: _severity(bench, one) for one in looks}
    hits = {r: severities[r].value for r, outcome in outcomes.items() if outcome == "act"}
    doubtful = [one.rule_id for one in looks if outcomes[one.rule_id] == "review"]
    lead = leading(hits, bench.book.pack) or next(iter(doubtful), None)
    first = next((one for one in looks if one.rule_id == lead), looks[0])
    ordered = (first, *(one for one in looks if one is not first))
    return Judged(
        outcome=outcomes[lead] if lead else "allow",
        rule_id=lead,
        probability=max(one.probability for one in looks),
        findings=tuple(_finding(bench, one, outcomes[one.rule_id]) for one in ordered),
        severity=severities[lead] if lead else None,
        looks=ordered,
        chain=_chain(bench, ordered, outcomes),
    )


def outcome_of(one: Look, rule: Rule) -> Outcome:
    """Return what a look comes to by itself."""
    if one.probability >= ACT:
        return "act"
    return "allow" if one.probability <= ALLOW and not rule.high_harm else "review"


def worst(bench: Bench, rule: Rule) -> Look | None:
    """Return the look under a rule that is the most likely to violate, over the files and what is said with them.

    The words are those of the whole case where they fit into one view; else each passage is taken with the picture, and
    the least favourable counts.
    """
    case, found = bench.case, list[Look]()
    readings = spoken_with(bench, rule)
    for name, media in zip(media_ids(case.media), case.media, strict=True):
        seen = [o for o in case.observations if o.media == name]
        if seen and media.type in rule.modalities:
            found += [look(rule, name, seen, words, bench.profile) for words in readings]
    return max(found, key=lambda one: one.probability, default=None)


def spoken_with(bench: Bench, rule: Rule) -> list[Reading]:
    """Return what words say of the attributes that are read by them; a single empty reading where nothing is said."""
    named = {a.id for a in rule.attributes if a.read == "words"}
    rows = [i for i, v in enumerate(bench.views) if v.text.strip() and not v.spoken]
    whole = [i for i in rows if bench.views[i].part is None]
    if not named or not rows:
        return [{}]
    values = bench.book.value_vectors(rule)
    readings = [read(rule, values, np.asarray(bench.vectors[i])) for i in whole or rows]
    return [{a: p for a, p in reading.items() if a in named} for reading in readings]


def _severity(bench: Bench, one: Look) -> Severity:
    rule = bench.book.pack.by_id[one.rule_id]
    likeliest = {a.attribute_id: a.value_id for a in one.values}
    places = []
    for attribute in rule.attributes:
        if attribute.read == "sight":
            ids = [v.id for v in attribute.values]
            at = ids.index(likeliest[attribute.id])
            places.append((attribute.id, ids[at], at / (len(ids) - 1)))
    return grade_seen(
        rule, one.probability, places, bench.case.surface, bench.book.pack, bench.calibration
    )  # fmt: skip


def _finding(bench: Bench, one: Look, outcome: Outcome) -> Finding:
    rule, pack = bench.book.pack.by_id[one.rule_id], bench.book.pack
    verdict: Verdict = "hit" if outcome == "act" else "not_hit"
    cited = [Citation(clause_id=rule.id, quote=rule.statement)] if outcome != "allow" else []
    if one.clause and one.clause != rule.id:
        cited.append(Citation(clause_id=one.clause, quote=pack.clause(one.clause).text))
    return Finding(
        rule_id=rule.id, verdict=verdict, probability=one.probability, citations=tuple(cited),
        evidence=_words(bench, rule, one), attributes=one.values, sightings=_sightings(bench, one),
    )  # fmt: skip


def _sightings(bench: Bench, one: Look) -> tuple[Sighting, ...]:
    by_id = {o.id: o for o in bench.case.observations}
    seen = [by_id[name] for name in one.regions[:SHOWN]] or [o for o in by_id.values() if o.media == one.media][:1]
    return tuple(Sighting(region=o.id, media=o.media, locator=o.locator, shows=_shows(o)) for o in seen)


def _shows(one: Observation) -> str:
    what = f"the words “{one.text}”" if one.text else one.label
    return f"{what}, {one.tool} at {one.confidence:.2f}"


def _words(bench: Bench, rule: Rule, one: Look) -> tuple[Evidence, ...]:
    """Return the words that speak for a value that is read by words, where one other than the first is likeliest."""
    likeliest = {a.attribute_id: a.value_id for a in one.values}
    if all(likeliest[a.id] == a.values[0].id for a in rule.attributes if a.read == "words"):
        return ()
    view = next((v for v in bench.views if v.text.strip() and not v.spoken), None)
    return located(bench.case, view, bench.book.index[rule.id], bench.score) if view else ()


def _chain(bench: Bench, looks: Sequence[Look], outcomes: dict[str, Outcome]) -> tuple[Step, ...]:
    first = looks[0]
    rule, pack = bench.book.pack.by_id[first.rule_id], bench.book.pack
    shown = [s for s in _sightings(bench, first) if s.region in first.regions]
    seen = "; ".join(_told(s) for s in shown) or "no region that the attributes name"
    quotes = "; ".join(f"“{e.quote}” ({e.part} {e.start}-{e.end})" for e in _words(bench, rule, first))
    values = ", ".join(f"{a.attribute_id}={a.value_id} ({a.probability:.2f})" for a in first.values)
    profiles = [p.id for p in pack.profiles if rule.id not in p.off]
    others = {k: v for k, v in labels_elsewhere(rule, first.product, profiles).items() if k != bench.profile}
    elsewhere = "".join(f"; {name} labels it {label}" for name, label in others.items())
    named = f"Product {first.product!r} ({first.share:.2f}) is labelled {first.label} under {bench.profile}{elsewhere}"
    clause = f", by {first.clause} “{pack.clause(first.clause).text}”" if first.clause else ""
    screened = ", ".join(f"{one.rule_id} {one.probability:.2f}" for one in looks)
    stands = f"{first.rule_id} stands at {first.probability:.2f} by sight, {_why(first, outcomes[first.rule_id])}"
    return (
        Step(name="location", text=f"Seen in {first.media}: {seen}." + (f" Words: {quotes}." if quotes else "")),
        Step(name="screening", text=f"Shares by sight of the rules in play: {screened}. {UNCALIBRATED}"),
        Step(name="cause", text=f"Attributes of {first.media}: {values}. {named}{clause}".rstrip(".") + "."),
        Step(name="decision", text=f"{stands}: {outcomes[first.rule_id]}. {NOTE}"),
    )


def _told(sighting: Sighting) -> str:
    there = whereabouts(sighting.locator)
    return f"{sighting.region} {sighting.shows}{', ' if there else ''}{there}"


def _why(one: Look, outcome: Outcome) -> str:
    if outcome == "act":
        return f"at or above {ACT:.2f}, where acting is sure enough"
    if outcome == "allow":
        return f"at or below {ALLOW:.2f}, where allowing is sure enough"
    return f"not at or below {ALLOW:.2f} nor at or above {ACT:.2f}, so a person decides"
