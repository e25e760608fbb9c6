"""The onlooker: what the pictures of a case come to under the rules that are read by sight. It reads no other rule.

It is no language model and sees no pixels: it weighs what tools saw (agents.sight), words read in and beside a picture
among it, and cites the regions by their ids. Where a model that sees was asked as well (agents.witness), the two have
to agree: what either would act on or doubts, and the other not, is a person's. The cuts are ours and not fitted to
labels, because the shares are not calibrated: between them a person decides, and a rule of high harm is never let go by
sight.
"""

from collections.abc import Sequence

import numpy as np

from agents.attributes import Reading, read
from agents.evidence import located
from agents.precedence import leading
from agents.reasoner import NOTE, Bench
from agents.severity import Severity, grade_seen
from agents.sight import NOBODY, Look, Viewed, labels_elsewhere, look
from agents.whereabouts import whereabouts
from cases.case import media_ids
from cases.decision import Cause, Outcome, Step
from cases.finding import Citation, Evidence, Finding, Sighting, Verdict
from cases.model import Fact
from cases.observation import Observation
from policy_store.rule import Rule

ACT = 0.6
ALLOW = 0.25
SHOWN = 6
UNCALIBRATED = "The shares come from a detector's confidence, which is not calibrated."
NOR_ODDS = "Nor are the odds of a model's answer."


class Pair(Fact):
    """What was seen of a rule: `tools`' look, and a model's where one was asked. What both come to is `outcome`."""

    tools: Look
    model: Look | None
    outcome: Outcome

    @property
    def lead(self) -> Look:
        """Return the look that violates more; the tools' where neither does."""
        return self.model if self.model and self.model.probability > self.tools.probability else self.tools

    @property
    def both(self) -> tuple[Look, ...]:
        """Return the looks there are, the leading one first."""
        return (self.lead, *(one for one in (self.tools, self.model) if one and one is not self.lead))


class Judged(Fact):
    """What the pictures come to: an outcome with everything that backs it, the leading finding first.

    `gaps` are what forbids an allow although tools looked: a model that sees was asked and shown nothing of a file.
    """

    outcome: Outcome
    rule_id: str | None
    probability: float
    findings: tuple[Finding, ...]
    severity: Severity | None
    looks: tuple[Look, ...]
    chain: tuple[Step, ...]
    gaps: tuple[Cause, ...] = ()


def judge(bench: Bench, rule_ids: Sequence[str], said: Viewed = NOBODY) -> Judged | None:
    """Return what the pictures come to under these rules; None without a file that was seen or a rule for it.

    `said` is what a model that sees made of them; where it failed it says nothing here, and the caller has the failure.
    """
    rules = [r for i in rule_ids if (r := bench.book.pack.by_id[i]).by_sight and r.status == "active"]
    pairs = [_pair(one, rule, said) for rule in rules if (one := worst(bench, rule)) is not None]
    if not pairs:
        return None
    pairs.sort(key=lambda pair: -pair.lead.probability)
    severities = {pair.tools.rule_id: _severity(bench, pair.lead) for pair in pairs}
    outcomes = {pair.tools.rule_id: pair.outcome for pair in pairs}
    hits = {r: severities[r].value for r, outcome in outcomes.items() if outcome == "act"}
    doubtful = [r for r, outcome in outcomes.items() if outcome == "review"]
    lead = leading(hits, bench.book.pack) or next(iter(doubtful), None)
    first = next((pair for pair in pairs if pair.tools.rule_id == lead), pairs[0])
    ordered = (first, *(pair for pair in pairs if pair is not first))
    return Judged(
        outcome=outcomes[lead] if lead else "allow",
        rule_id=lead,
        probability=max(pair.lead.probability for pair in pairs),
        findings=tuple(_finding(bench, pair, said) for pair in ordered),
        severity=severities[lead] if lead else None,
        looks=tuple(pair.lead for pair in ordered),
        chain=_chain(bench, ordered, said),
        gaps=("media_not_read",) if said.unshown else (),
    )


def outcome_of(one: Look, rule: Rule) -> Outcome:
    """Return what a look comes to by itself."""
    if one.probability >= ACT:
        return "act"
    return "allow" if one.probability <= ALLOW and not rule.high_harm else "review"


def _pair(tools: Look, rule: Rule, said: Viewed) -> Pair:
    model = said.of(rule.id)
    each = {outcome_of(one, rule) for one in (tools, model) if one}
    return Pair(tools=tools, model=model, outcome=each.pop() if len(each) == 1 else "review")


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


def _finding(bench: Bench, pair: Pair, said: Viewed) -> Finding:
    one, pack = pair.lead, bench.book.pack
    rule = pack.by_id[one.rule_id]
    verdict: Verdict = "hit" if pair.outcome == "act" else "not_hit"
    cited = [Citation(clause_id=rule.id, quote=rule.statement)] if pair.outcome != "allow" else []
    if one.clause and one.clause != rule.id:
        cited.append(Citation(clause_id=one.clause, quote=pack.clause(one.clause).text))
    return Finding(
        rule_id=rule.id, verdict=verdict, probability=one.probability, citations=tuple(cited),
        evidence=_words(bench, rule, one), attributes=one.values, sightings=_sightings(bench, pair, said),
    )  # fmt: skip


def _sightings(bench: Bench, pair: Pair, said: Viewed) -> tuple[Sighting, ...]:
    """Return the regions that the looks rest on, those of the leading one first, each once."""
    tools = tuple(_region(bench, o) for o in _regions(bench, pair.tools))
    model = (_frame(bench, pair.model, said),) if pair.model else ()
    found = (*model, *tools) if pair.lead is pair.model else (*tools, *model)
    return tuple({s.region: s for s in reversed(found)}.values())[::-1]


def _regions(bench: Bench, one: Look) -> list[Observation]:
    by_id = {o.id: o for o in bench.case.observations}
    return [by_id[name] for name in one.regions[:SHOWN]] or [o for o in by_id.values() if o.media == one.media][:1]


def _region(bench: Bench, one: Observation) -> Sighting:
    return Sighting(region=one.id, media=one.media, locator=one.locator, shows=_shows(one))


def _frame(bench: Bench, one: Look, said: Viewed) -> Sighting:
    (name,) = one.regions
    told = f"{_read(bench, one)}, read by {said.by}"
    return Sighting(region=name, media=one.media, locator=said.places[name], shows=told)


def _read(bench: Bench, one: Look) -> str:
    """Return the values that a model read by sight, with their shares."""
    by_sight = {a.id for a in bench.book.pack.by_id[one.rule_id].attributes if a.read == "sight"}
    return ", ".join(
        f"{v.attribute_id} {v.value_id} ({v.probability:.2f})" for v in one.values if v.attribute_id in by_sight
    )


def _shows(one: Observation) -> str:
    what = f"the words “{one.text}”" if one.text else one.label.replace("_", " ").lower()
    return f"{what}, {one.tool} at {one.confidence:.2f}"


def _words(bench: Bench, rule: Rule, one: Look) -> tuple[Evidence, ...]:
    """Return the words that speak for a value that is read by words, where one other than the first is likeliest."""
    likeliest = {a.attribute_id: a.value_id for a in one.values}
    if all(likeliest[a.id] == a.values[0].id for a in rule.attributes if a.read == "words"):
        return ()
    view = next((v for v in bench.views if v.text.strip() and not v.spoken), None)
    return located(bench.case, view, bench.book.index[rule.id], bench.score) if view else ()


def _chain(bench: Bench, pairs: Sequence[Pair], said: Viewed) -> tuple[Step, ...]:
    first = pairs[0]
    lead, rule = first.lead, bench.book.pack.by_id[first.tools.rule_id]
    named = set(first.tools.regions) | set(first.model.regions if first.model else ())
    shown = [s for s in _sightings(bench, first, said) if s.region in named]
    seen = "; ".join(_told(s) for s in shown) or "no region that the attributes name"
    quotes = "; ".join(f"“{e.quote}” ({e.part} {e.start}-{e.end})" for e in _words(bench, rule, lead))
    screened = ", ".join(f"{pair.tools.rule_id} {pair.lead.probability:.2f}" for pair in pairs)
    doubt = f"{UNCALIBRATED} {NOR_ODDS}" if first.model else UNCALIBRATED
    others = [pair for pair in pairs[1:] if any(_noted(one, bench) for one in pair.both)]
    tools = "tools" if first.model else ""
    cause = [_caused(bench, one, said.by if one is first.model else tools) for one in first.both]
    cause += [
        f"Under {p.tools.rule_id}: {_caused(bench, p.lead, said.by if p.lead is p.model else '')}" for p in others
    ]
    stands = f"{rule.id} stands at {lead.probability:.2f} by sight, {_why(first, rule, said.by)}"
    return (
        Step(name="location", text=f"Seen in {lead.media}: {seen}." + (f" Words: {quotes}." if quotes else "")),
        Step(name="screening", text=f"Shares by sight of the rules in play: {screened}. {doubt}"),
        Step(name="cause", text=" ".join(cause)),
        Step(name="decision", text=f"{stands}: {first.outcome}. {NOTE}"),
    )


def _caused(bench: Bench, one: Look, by: str) -> str:
    """Return what a look read, which product that is, and how this profile and the others label it."""
    rule, pack = bench.book.pack.by_id[one.rule_id], bench.book.pack
    values = ", ".join(f"{a.attribute_id}={a.value_id} ({a.probability:.2f})" for a in one.values)
    profiles = [p.id for p in pack.profiles if rule.id not in p.off]
    others = {k: v for k, v in labels_elsewhere(rule, one.product, profiles).items() if k != bench.profile}
    elsewhere = "".join(f"; {name} labels it {label}" for name, label in others.items())
    named = f"Product {one.product!r} ({one.share:.2f}) is labelled {one.label} under {bench.profile}{elsewhere}"
    clause = f", by {one.clause} “{pack.clause(one.clause).text}”" if one.clause else ""
    at = one.media if by in ("", "tools") else one.regions[0]
    where = f"{at}, read by {by}" if by else at
    return f"Attributes of {where}: {values}. {named}{clause}".rstrip(".") + "."


def _noted(one: Look, bench: Bench) -> bool:
    """Return whether a look has anything else than the plainest value of an attribute that is read by sight."""
    plain = {(a.id, a.values[0].id) for a in bench.book.pack.by_id[one.rule_id].attributes}
    by_sight = {a.id for a in bench.book.pack.by_id[one.rule_id].attributes if a.read == "sight"}
    return any(v.attribute_id in by_sight and (v.attribute_id, v.value_id) not in plain for v in one.values)


def _told(sighting: Sighting) -> str:
    there = whereabouts(sighting.locator)
    return f"{sighting.region} {sighting.shows}{', ' if there else ''}{there}"


def _why(pair: Pair, rule: Rule, by: str) -> str:
    if pair.model and outcome_of(pair.model, rule) != outcome_of(pair.tools, rule):
        each = f"tools at {pair.tools.probability:.2f}, {by} at {pair.model.probability:.2f}"
        return f"where those who looked do not agree ({each}), so a person decides"
    if pair.outcome == "act":
        return f"at or above {ACT:.2f}, where acting is sure enough"
    if pair.outcome == "allow":
        return f"at or below {ALLOW:.2f}, where allowing is sure enough"
    return f"not at or below {ALLOW:.2f} nor at or above {ACT:.2f}, so a person decides"
