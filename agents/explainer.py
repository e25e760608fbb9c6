"""The explanation of a decision, for a moderator or for the person concerned. It weighs nothing anew.

The moderator's is complete Markdown with every measured number; the user's is a plain notice that is given nothing
internal (see agents.notice). Content, chain and the words of people are escaped; clauses stand verbatim.
"""

from collections.abc import Sequence
from typing import Literal

from agents.excerpt import bar, escaped, in_context, shortened
from agents.notice import SUPPORT, notice
from agents.quotation import pictured, quotations, runs, stood
from agents.rationale import WHY
from agents.reasoner import CHECKED, NOTE
from agents.standing import Standing, standing
from agents.whereabouts import whereabouts
from cases.case import Case
from cases.decision import Critique, Decision, Edit, Precedent, dominant
from cases.exchange import Usage
from cases.finding import Finding
from cases.observation import Locator
from policy_store.pack import Pack

Audience = Literal["moderator", "user"]
MAX_PRECEDENT = 200
MAX_RUNS = 3
BUILT = "This chain was built from measurements by code, not by a language model."
UNKNOWN_AUTHOR = "This chain does not say that code built it from measurements; a language model may have written it."
MODEL_WROTE = "A language model wrote this chain; code checked its ids and looked up its quotations."
NO_CHAIN = "None: no draft was reasoned about. Every number here was measured by code, not by a language model."
UNSOUND = " That is not what a sound verdict would show."
STAGES = {
    "router": "the router, which found nothing near it that breaks a rule",
    "ranker": "the ranker, which was sure",
    "reasoner": "the reasoner",
    "person": "a person",
}
SENSITIVITY = {
    "masking_the_evidence_lowers_the_score": "Without the quoted words",
    "stating_an_exception_does_not_raise_the_score": "With the likeliest exception stated",
    "instructions_in_content_change_nothing": "Without words that address a judge",
}


def explain(decision: Decision, case: Case, pack: Pack, audience: Audience, edits: Sequence[Edit] = ()) -> str:
    """Return the explanation: Markdown for a moderator, plain text for a user.

    `edits` are the decision's own, oldest first. Raise WrongRecord when case, pack or an edit is not the decision's.
    """
    held = standing(decision, case, pack, edits)
    if audience == "user":
        own = [f for f in decision.findings if f.rule_id == held.rule_id]
        quotes, seen = quotations(case, [e for f in own for e in f.evidence]), [s for f in own for s in f.sightings]
        lifted = decision.outcome == "act" and decision.action != SUPPORT and held.outcome == "allow"
        return notice(held, decision.id, case, pack, quotes, lifted=lifted, seen=pictured(case, seen))
    main = dominant(decision) or (decision.findings[0] if decision.findings else None)
    sections = (
        _head(decision, held, pack),
        _rule(decision, held, pack),
        _severity(decision, held, pack),
        _evidence(decision, case),
        _clauses(decision),
        _exceptions(main, pack),
        _considered(decision, pack),
        _chain(decision),
        *(_critique(c) for c in decision.critiques or ()),
        *(() if decision.critiques else ("## Critique\n\nNone: only drafts of the reasoner are criticised.",)),
        _precedents(decision.precedents),
        _doubt(decision),
        _changes(decision, main, held, pack),
        _cost(decision),
        _record(decision),
        _edits(edits),
    )
    return "\n\n".join(sections) + "\n"


def _head(decision: Decision, held: Standing, pack: Pack) -> str:
    about = f" under {held.rule_id}" if held.rule_id else ""
    todo = {
        "act": f"{held.action or 'state a severity, on which the action depends'}.",
        "allow": "nothing." if decision.outcome != "act" else "undo what was done about it.",
        "review": "decide: act, naming the rule and the severity, or allow. Give a reason.",
    }[held.outcome]
    dropped, by_sight = decision.stage == "router", seen_as(decision, pack)
    meant = "a risk, not calibrated," if dropped else "a calibrated probability that a rule is broken"
    if by_sight:
        meant = "a share by sight, not calibrated,"
    lines = [
        f"# {held.outcome.capitalize()}{about}",
        "",
        f"**To do:** {todo}",
        "",
        f"Decided by {STAGES[decision.stage]}, with {meant} of {decision.score:.2f}."
        + (" It is of the audit sample: the router would have dropped it." if decision.audit else ""),
    ]
    if held.edit:
        was = f"{decision.outcome}{f' under {decision.rule_id}' if decision.rule_id else ''}"
        lines.append(
            f"{escaped(held.edit.by)} has the last word: the system had found {was}. "
            "What follows is the system's record."
        )
    return "\n".join(lines)


def _rule(decision: Decision, held: Standing, pack: Pack) -> str:
    lines = ["## Rule", ""]
    named = dict.fromkeys(r for r in (held.rule_id, decision.rule_id) if r)
    for rule_id in named:
        rule = pack.by_id.get(rule_id)
        if rule is None:
            lines += [f"{rule_id} is no rule of {pack.id} {pack.version}.", ""]
            continue
        scene = next(s.name for s in pack.scenes if s.id == rule.scene)
        lines += [f"**{rule.id} {rule.type}** ({scene})", "", f"> {rule.statement}", ""]
    also = [f for f in decision.findings if f.verdict == "hit" and f.rule_id not in named]
    lines += [f"Also broken: {f.rule_id} {pack.by_id[f.rule_id].type}, at {f.probability:.2f}." for f in also]
    return "\n".join(lines if named or also else [*lines, "No rule leads."]).rstrip()


def _severity(decision: Decision, held: Standing, pack: Pack) -> str:
    lines = ["## Severity", ""]
    rule = pack.by_id.get(decision.rule_id or "")
    band = f", in the band {rule.band.low}-{rule.band.high} of {rule.id}" if rule else ""
    raising = [f.rule_id for f in decision.findings if f.verdict == "hit" and pack.by_id[f.rule_id].raises]
    raised = f", raised by {', '.join(raising)}" if raising else ""
    system = f"{decision.severity} of 100, tier {decision.tier}{band}{raised}."
    if held.edit is None:
        lines.append(system)
    elif held.severity is None:
        lines.append("A person acts under another rule and has stated no severity, so that tier and action are open.")
    else:
        lines.append(f"{held.severity} of 100, tier {held.tier}, by a person's word. The system had put it at {system}")
    if decision.grades:
        lines += ["", "| dimension | 0 to 4 | value | anchor | reason |", "|---|---|---|---|---|"]
        names = {d.id: f"{d.name} (weight {d.weight:g})" for d in pack.rubric.dimensions}
        lines += [
            f"| {names.get(g.dimension, g.dimension)} | {bar(g.value)} | {g.value:.2f} "
            f"| {g.level}: {g.anchor} | {escaped(g.reason)} |"
            for g in decision.grades
        ]
    else:
        lines += ["", "No dimension was graded."]
    return "\n".join(lines)


def _evidence(decision: Decision, case: Case) -> str:
    lines = ["## Evidence", ""]
    for finding in decision.findings:
        for e in finding.evidence:
            drop = "" if e.drop is None else f", without it the log-odds move by {-e.drop:+.2f}"
            seen = "".join(f", {stood(case, run.seen)}" for run in runs(case, e)[:MAX_RUNS])
            where = f"{finding.rule_id}{seen}, part {escaped(e.part)}, characters {e.start}-{e.end}{drop}"
            lines.append(f"- {where}: {in_context(case, e)}")
        lines += [
            f"- {finding.rule_id}, {s.region} in {s.media}: {escaped(s.shows)}{_at(s.locator)}"
            for s in finding.sightings
        ]
    return "\n".join(lines if len(lines) > 2 else [*lines, "No words were singled out."])


def seen_as(decision: Decision, pack: Pack) -> bool:
    """Return whether the score of a decision is what a picture comes to by sight."""
    return any(
        f.sightings and f.probability == decision.score and (rule := pack.by_id.get(f.rule_id)) and rule.by_sight
        for f in decision.findings
    )


def _at(locator: Locator) -> str:
    return f", {there}" if (there := whereabouts(locator)) else ""


def _clauses(decision: Decision) -> str:
    cited = dict.fromkeys((c.clause_id, c.quote) for f in decision.findings for c in f.citations)
    lines = [f"- {clause_id}: “{quote}”" for clause_id, quote in cited]
    return "\n".join(["## Clauses cited", "", *(lines or ["None."])])


def _exceptions(main: Finding | None, pack: Pack) -> str:
    lines = ["## Exceptions weighed", ""]
    if main is None or not main.exceptions:
        rule = pack.by_id.get(main.rule_id) if main else None
        known = ", ".join(c.id for c in pack.exceptions_of(rule)) if rule else ""
        return "\n".join([*lines, "None was weighed." + (f" {main.rule_id} has {known}." if main and known else "")])
    lines += [
        f"- {w.exception_id} {'holds' if w.applies else 'does not hold'}, at {w.probability:.2f}: “{w.quote}”"
        for w in main.exceptions
    ]
    return "\n".join(lines)


def _considered(decision: Decision, pack: Pack) -> str:
    lines = ["## Rules considered", ""]
    for f in decision.findings:
        rule = pack.by_id.get(f.rule_id)
        lines.append(
            f"- {f.rule_id} {rule.type if rule else ''}: {f.verdict.replace('_', ' ')} at {f.probability:.2f}"
            + (f", stance {f.stance}" if f.stance else "")
            + "".join(f", {a.attribute_id} {a.value_id} ({a.probability:.2f})" for a in f.attributes)
        )
    return "\n".join(lines if decision.findings else [*lines, "None: the case was dropped before any rule was ranked."])


def _chain(decision: Decision) -> str:
    if not decision.chain:
        return f"## Chain\n\n{NO_CHAIN}"
    last = decision.chain[-1].text
    source = BUILT if last.endswith(NOTE) else MODEL_WROTE if last.endswith(CHECKED) else UNKNOWN_AUTHOR
    steps = [f"{i}. **{s.name}** {escaped(s.text)}" for i, s in enumerate(decision.chain, 1)]
    return "\n".join(["## Chain", "", source, "", *steps])


def _critique(critique: Critique) -> str:
    lines = [
        f"## Critique, round {critique.round}: {critique.ruling}",
        "",
        f"Score {critique.score:.2f}." + (f" Rubric and grades by {critique.author}." if critique.author else ""),
        "",
        "| criterion | weight | score | reason |",
        "|---|---|---|---|",
        *(f"| {escaped(c.name)} | {c.weight:.2f} | {c.score:.2f} | {escaped(c.reason)} |" for c in critique.criteria),
        "",
    ]
    failed = [c for c in critique.checks if not c.passed]
    lines.append(f"{len(critique.checks) - len(failed)} of {len(critique.checks)} checks passed.")
    lines += [f"- Failed: {c.name.replace('_', ' ')} ({escaped(c.detail)})" for c in failed]
    lines += [f"- Note: {escaped(n)}" for n in critique.notes]
    if critique.fixes:
        lines.append(f"- Asked for: {', '.join(f.replace('_', ' ') for f in critique.fixes)}")
    return "\n".join(lines)


def _precedents(precedents: Sequence[Precedent]) -> str:
    if not precedents:
        return "## Precedents\n\nNone was looked up."
    lines = ["## Precedents", ""]
    for violating, title in ((True, "Violating:"), (False, "Allowed:")):
        side = [p for p in precedents if p.violating == violating]
        texts = [escaped(shortened(p.text, MAX_PRECEDENT)) for p in side]
        near = [f"- {p.id} ({p.similarity:.2f}): “{text}”" for p, text in zip(side, texts, strict=True)]
        lines += [title, "", *(near or ["- none on record"]), ""]
    return "\n".join(lines).rstrip()


def _doubt(decision: Decision) -> str:
    lines = [f"- {cause.replace('_', ' ')}: {WHY[cause]}" for cause in decision.causes]
    return "\n".join(["## Causes of doubt", "", *(lines or ["None on record."])])


def _changes(decision: Decision, main: Finding | None, held: Standing, pack: Pack) -> str:
    lines = ["## What would change the outcome", ""]
    checks = decision.critiques[-1].checks if decision.critiques else ()
    measured = [c for c in checks if c.name in SENSITIVITY]
    lines += [f"- {SENSITIVITY[c.name]}: {escaped(c.detail)}." + ("" if c.passed else UNSOUND) for c in measured]
    if not measured:
        lines.append("Nothing was measured: there was no critique. `precept ask` can score it anew.")
    rule = pack.by_id.get(decision.rule_id or "")
    saving = pack.exceptions_of(rule) if rule else ()
    if saving and decision.outcome != "allow":
        lines.append(f"- Were one of these to hold: {', '.join(c.id for c in saving)}.")
    if held.severity and held.outcome == "act":
        higher = [t for t in pack.tiers if t.low > held.severity]
        if higher:
            up = min(higher, key=lambda t: t.low)
            lines.append(f"- {up.low - held.severity} more points of severity lead to tier {up.id}: {up.action}.")
    return "\n".join(lines)


def _cost(decision: Decision) -> str:
    lines = [
        f"- {s.stage}: {s.seconds * 1000:.1f} ms, {s.encoded} texts encoded{_asked(s.models)}" for s in decision.spent
    ]
    if decision.spent:
        seconds, encoded = sum(s.seconds for s in decision.spent), sum(s.encoded for s in decision.spent)
        models = sum((s.models for s in decision.spent if s.models), Usage())
        lines.append(f"- in all: {seconds * 1000:.1f} ms, {encoded} texts encoded{_asked(models)}")
    return "\n".join(["## Cost", "", *(lines or ["Not on record."])])


def _asked(models: Usage | None) -> str:
    if models is None or not models.calls:
        return ""
    cached = f", {models.cached_tokens:,} of them cached" if models.cached_tokens else ""
    tokens = f"{models.prompt_tokens:,} tokens in{cached}, {models.completion_tokens:,} out"
    told = f"; {models.calls} asks of {', '.join(models.backends)}: {tokens}, {models.seconds:.2f} s"
    return told + "".join(f"; {escaped(note)}" for note in models.notes)


def _record(decision: Decision) -> str:
    lines = [
        f"- decision {decision.id}, case {escaped(decision.case_id)}, at {decision.at.isoformat()}",
        f"- stage {decision.stage}, depth {decision.depth}, automation {decision.automation}",
        f"- profile {decision.profile or 'default'}",
        f"- pack {decision.pack.id} {decision.pack.version}, digest {decision.pack.digest}",
        f"- model digest {decision.model_digest}",
        *(f"- {r.role}: {', then '.join(r.backends)}" for r in decision.roles),
        f"- case digest {decision.case_digest}",
    ]
    return "\n".join(["## Record", "", *lines])


def _edits(edits: Sequence[Edit]) -> str:
    lines = [
        f"- {e.at.isoformat()} {escaped(e.by)}: {e.outcome}"
        + (f" under {e.rule_id}" if e.rule_id else "")
        + (f", severity {e.severity}" if e.severity is not None else "")
        + f". Reason: {escaped(e.reason)}"
        for e in edits
    ]
    return "\n".join(["## Edits by people", "", *(lines or ["None."])])
