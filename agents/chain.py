"""The reasoner that is a language model: an adaptive chain of four steps, checked by code, mended once, else given up.

The model sees the case in blocks that content cannot forge, with its pictures where it can see, the rules in play with
the ids of their clauses, and as much of a task as the depth allows. Nothing that it says is taken on trust: ids are
closed choices, clauses are quoted from the pack, quotations are looked up in the case, words of a picture in what was
read there, the outcome has to clear the same cuts as everybody's. An answer that stays unsound, or never comes, leaves
the evidence reasoner's draft with the failure named: a person decides.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from agents.ask import Chat, Odds, in_order
from agents.depth import grave
from agents.evidence import Piece, masked
from agents.exceptions import weigh
from agents.exhibit import NOTHING, Exhibits
from agents.framing import framed, neutral, policy, turn
from agents.opinion import Malformed, Opinion, faults, parse, quotes, schema, standing_verdicts
from agents.prompt import render
from agents.ranker import Ranking
from agents.reasoner import CHECKED, MAX_RIVALS, SHOWN, Bench, Draft, precedents, reason, stance_of
from agents.region import sightings
from agents.severity import Severity, facts, grade, grade_levels
from agents.vectors import logit, sigmoid
from agents.yesno import VARIANTS, settled_early, weigh_tokens
from cases.decision import Depth, Fix, Outcome, Step
from cases.exchange import Allowance, Message, Oddless, Said, Unanswered, Usage
from cases.finding import Citation, Evidence, Finding, Sighting, Verdict, Weighed
from policy_store.rule import Rule

# Tokens of an answer by depth, and the room on top for what a model says to itself first. Models that cannot be told
# not to think (gpt-oss, o-series) do so at every depth, and what they think counts towards the limit of an answer;
# others leave the room unused. SEEING is for what is said of one picture.
MOST: dict[Depth, int] = {"none": 700, "short": 1500, "full": 2600}
THINKING: dict[Depth, int] = {"none": 1300, "short": 3000, "full": 5200}
SEEING = 150
OFFERED: dict[Depth, int] = {"none": 1, "short": MAX_RIVALS, "full": 8}
# A stated confidence is no probability: it is kept off the ends and weighed against the ranker's. Ours, not measured.
SURE = 0.98
OWN = 0.6
LEAST = 60  # of 100: less sure than that of its own outcome, a model has not decided
TAU = 0.97
EARLY_SECONDS = 10.0
MAX_NOTES = 6


@dataclass(frozen=True)
class Writer:
    """The models that may write, in the order in which they are tried.

    `first` gives the odds of the first one's first token, for the early exit (SingGuard).
    """

    chats: tuple[Chat, ...]
    first: Odds | None = None
    tau: float = TAU


class Drafted(NamedTuple):
    """A draft, and what the model was asked for it."""

    draft: Draft
    usage: Usage


def reason_by_model(
    bench: Bench, ranking: Ranking, rivals: tuple[str, ...], depth: Depth, allowance: Allowance, writer: Writer,
    fixes: tuple[Fix, ...] = (), notes: tuple[str, ...] = (),
) -> Drafted:  # fmt: skip
    """Return a model's draft; `fixes` and `notes` are what a critic asked for.

    Where the model fails, the evidence reasoner's draft comes back with `failure` set; raise Misbound alone.
    """
    depth = "full" if "go_full" in fixes else depth
    usage = Usage()
    try:
        rules = offered(bench, ranking, rivals, depth, wide="try_rival" in fixes)
        if depth == "short" and not fixes and writer.first is not None:
            depth, asked = _early(bench, ranking, rules, writer, allowance)
            usage += asked

        def answered(chat: Chat, left: Allowance) -> tuple[Opinion, Usage]:
            shown = bench.shown_to(chat.name)
            messages = prompt(bench, ranking, rules, depth, notes, shown)
            return ask(bench, rules, depth, messages, chat, left, shown)

        opinion, chat, asked = in_order(writer.chats, allowance.less(usage), answered)
        usage += asked
    except Unanswered as error:
        draft = reason(bench, ranking, rivals, depth, fixes)
        return Drafted(draft.model_copy(update={"failure": error.failure}), usage + error.usage)
    return Drafted(drafted(bench, ranking, rules, opinion, chat.name, bench.shown_to(chat.name)), usage)


def offered(bench: Bench, ranking: Ranking, rivals: tuple[str, ...], depth: Depth, *, wide: bool) -> tuple[Rule, ...]:
    """Return the rules in play: the likeliest, its rivals, and from depth short on its likeliest siblings."""
    pack = bench.book.pack
    order = [s.rule_id for s in ranking.scores]
    first = pack.by_id[order[0]]
    most = OFFERED["full"] if wide else OFFERED[depth]
    siblings = [r for r in order[1:] if pack.by_id[r].scene == first.scene]
    chosen = dict.fromkeys([order[0], *rivals, *(siblings if depth != "none" else ()), *order[1:]])
    # Every rule of high harm that was retrieved is screened: letting one pass unseen may cost a life.
    grave_ones = [r for r in order if pack.by_id[r].high_harm]
    return tuple(pack.by_id[r] for r in dict.fromkeys([*list(chosen)[: max(most, 1 + len(rivals))], *grave_ones]))


def prompt(
    bench: Bench, ranking: Ranking, rules: Sequence[Rule], depth: Depth, notes: Sequence[str] = (),
    exhibits: Exhibits = NOTHING,
) -> tuple[Message, ...]:  # fmt: skip
    """Return the messages: content first and rules after it, so that asks about one case share their prefix."""
    return _turns(bench, ranking, rules, notes, exhibits, _seeing(exhibits) + render(f"reason_{depth}"))


def _turns(
    bench: Bench, ranking: Ranking, rules: Sequence[Rule], notes: Sequence[str], exhibits: Exhibits, task: str
) -> tuple[Message, ...]:
    pack = bench.book.pack
    ids = {r.id for r in rules}
    leads = [f"{p.winner} leads over {', '.join(x for x in p.losers if x in ids)}: {p.why}" for p in pack.precedence
             if p.winner in ids and ids & set(p.losers)]  # fmt: skip
    text = render(
        "reason_case",
        content=framed(bench.case, exhibits=exhibits),
        surface=bench.case.surface,
        audience=pack.profile(bench.profile).text,
        rules=policy(rules, pack, bench.profile),
        precedence="".join(f"{line}\n" for line in leads),
        rubric="\n".join(
            f"- {d.id}: " + " ".join(f"{n}: {level}" for n, level in enumerate(d.levels))
            for d in pack.rubric.dimensions
        ),
        scores=", ".join(f"{s.rule_id} {s.probability:.2f}" for s in ranking.scores if s.rule_id in ids),
        fixes=render("reason_fixes", notes="\n".join(f"- {neutral(n)}" for n in notes[:MAX_NOTES])) if notes else "",
        task=task,
    )
    return Message(author="system", text=render("reason_system", title=pack.title)), turn("user", text, exhibits)


def _seeing(exhibits: Exhibits) -> str:
    count = len(exhibits.items)
    pictures = "a picture" if count == 1 else f"{count} pictures"
    return render("reason_seen", pictures=pictures) + "\n" if count else ""


def ask(
    bench: Bench, rules: Sequence[Rule], depth: Depth, messages: tuple[Message, ...], chat: Chat, allowance: Allowance,
    exhibits: Exhibits = NOTHING,
) -> tuple[Opinion, Usage]:  # fmt: skip
    """Return a sound opinion, asked for at most twice; raise Unanswered where both answers are unsound."""
    form = schema(bench.case, rules, bench.book.pack, depth, exhibits)
    most = MOST[depth] + THINKING[depth] + SEEING * len(exhibits.items)
    usage, wrong = Usage(), ["nothing was answered"]
    for _ in range(2):
        try:
            said = chat(messages, allowance.less(usage), schema=form, depth=depth, most=most)
        except Unanswered as error:
            raise Unanswered(error.failure, str(error), usage + error.usage) from error
        usage += said.usage
        opinion, wrong = _read(said, bench, rules, exhibits)
        if opinion is not None and not wrong:
            return opinion, usage
        mend = render("reason_repair", faults="\n".join(f"- {neutral(w)}" for w in wrong[:12]))
        answered = Message(author="assistant", text=neutral(said.text))  # it may quote what content would forge
        messages = (*messages[:2], answered, Message(author="user", text=mend))
    raise Unanswered("malformed_answer", f"{chat.name}: unsound after one repair: {'; '.join(wrong[:4])}", usage)


def drafted(
    bench: Bench, ranking: Ranking, rules: Sequence[Rule], opinion: Opinion, name: str, exhibits: Exhibits = NOTHING
) -> Draft:
    """Return the draft that a sound opinion amounts to, under the cuts in force."""
    pack, cuts = bench.book.pack, bench.calibration.thresholds
    screened = standing_verdicts(opinion, rules, pack)
    likely = {r.id: believed(opinion, r.id, screened.get(r.id), ranking.probability(r.id)) for r in rules}
    likeliest = max(rules, key=lambda r: likely[r.id])
    lead = pack.by_id[opinion.rule_id] if opinion.rule_id and opinion.outcome == "act" else likeliest
    p = likely[lead.id]
    feared = grave(pack, likely, cuts)
    # Rules that were not offered keep the ranker's word: a model cannot let go what it never saw.
    worst = max([*likely.values(), *(s.probability for s in ranking.scores if s.rule_id not in likely)])
    said = opinion.confidence >= LEAST
    sure_act = said and opinion.outcome == "act" and p >= cuts.final_act_in(lead.scene)
    sure_allow = said and opinion.outcome == "allow" and worst <= cuts.final_allow and not feared
    outcome: Outcome = "act" if sure_act else "allow" if sure_allow else "review"
    if outcome == "review" and opinion.outcome == "allow" and feared and p <= cuts.final_allow:
        lead, p = pack.by_id[feared], likely[feared]
    row = next(s.view for s in ranking.scores if s.rule_id == lead.id)
    main = _finding(bench, lead, row, p, opinion, outcome, exhibits)
    others = [_other(bench, r, likely[r.id], screened.get(r.id), main) for r in rules if r.id != lead.id]
    rest = [
        Finding(rule_id=s.rule_id, verdict="not_hit", probability=round(s.probability, 4))
        for s in ranking.scores[:SHOWN]
        if s.rule_id not in likely
    ]
    near = precedents(bench, lead.id, row)
    note = f"Written by {name}, {CHECKED}"
    return Draft(
        outcome=outcome, rule_id=lead.id, probability=p, findings=(main, *others, *rest),
        severity=_severity(bench, lead, row, main, opinion), precedents=near,
        chain=_chain(main, opinion, screened, outcome, note), any=max(likely.values()), note=note,
        saw=tuple(sorted(exhibits.whole)),
    )  # fmt: skip


def believed(opinion: Opinion, rule_id: str, verdict: Verdict | None, ranked: float) -> float:
    """Return the probability [0, 1] of a rule: what the model states and what the ranker gave, their log-odds weighed.

    Where the model abstains, or says nothing of the rule, the ranker's stands.
    """
    if opinion.outcome == "review" or verdict is None:
        return round(ranked, 4)
    sure = float(np.clip(opinion.confidence / 100, 0.5, SURE))
    both = np.array([sure if verdict == "hit" else 1 - sure, float(np.clip(ranked, 1 - SURE, SURE))])
    return round(float(sigmoid(np.array(logit(both) @ np.array([OWN, 1 - OWN])))), 4)


def _early(
    bench: Bench, ranking: Ranking, rules: Sequence[Rule], writer: Writer, allowance: Allowance
) -> tuple[Depth, Usage]:
    """Return depth none where the model's first token is sure already, and what asking for it cost."""
    assert writer.first is not None
    question = render("reason_first", rule=rules[0].id)
    asked = _turns(bench, ranking, rules, (), bench.shown_to(writer.first.name), question)
    brief = Allowance(seconds=min(EARLY_SECONDS, allowance.seconds / 10), tokens=allowance.tokens)
    try:
        (answer,) = writer.first((asked,), brief, tokens=VARIANTS)
    except Oddless:
        return "short", Usage()
    except Unanswered as error:
        # The exit only saves work: a server without token odds is asked for the whole chain.
        return "short", error.usage
    try:
        sure = settled_early(weigh_tokens(answer).p, writer.tau)
    except Unanswered:
        return "short", answer.usage
    return ("none" if sure else "short"), answer.usage


def _read(said: Said, bench: Bench, rules: Sequence[Rule], exhibits: Exhibits) -> tuple[Opinion | None, list[str]]:
    if said.cut:
        return None, ["the answer was cut off at its token limit; be shorter"]
    try:
        opinion = parse(said.text)
    except Malformed as error:
        return None, [str(error)]
    return opinion, faults(opinion, bench.case, rules, bench.book.pack, exhibits)


def _finding(
    bench: Bench, rule: Rule, row: int, p: float, opinion: Opinion, outcome: Outcome, exhibits: Exhibits
) -> Finding:
    pack = bench.book.pack
    own = {c.id: c.text for c in (*rule.clauses, *pack.exceptions_of(rule))}
    cited = dict.fromkeys([*([rule.id] if outcome != "allow" else ()), *(c for c in opinion.clause_ids if c in own)])
    _, shares = stance_of(bench, row)
    measured = {w.exception_id: w for w in weigh(bench.book, rule, bench.vectors[row], shares, bench.calibration)}
    weighed = [
        Weighed(exception_id=e.exception_id, quote=own[e.exception_id], applies=e.applies,
                probability=measured[e.exception_id].probability if e.exception_id in measured else float(e.applies))
        for e in opinion.exceptions if e.rule_id == rule.id and e.exception_id in own
    ]  # fmt: skip
    return Finding(
        rule_id=rule.id,
        verdict="hit" if outcome == "act" else "not_hit",
        probability=p,
        citations=tuple(Citation(clause_id=c, quote=own[c]) for c in cited),
        evidence=_priced(bench, row, bench.book.index[rule.id], quotes(opinion, bench.case)),
        exceptions=tuple(weighed),
        stance=opinion.stance,
        sightings=sightings(opinion.seen, bench.case, exhibits),
    )


def _priced(bench: Bench, row: int, column: int, found: tuple[Evidence, ...]) -> tuple[Evidence, ...]:
    """Return evidence with the fall of the embedded ranker's log-odds when each is masked, where the view covers it."""
    view = bench.views[row]
    inside = [e for e in found if view.part is None or (view.part == e.part and view.start <= e.start < view.end)]
    if not inside:
        return found
    texts = [view.text, *(masked(bench.case, view, [Piece(e.part, e.start, e.end)]) for e in inside)]
    odds = logit(bench.score(texts)[:, column])
    drops = {e: round(float(odds[0] - after), 3) for e, after in zip(inside, odds[1:], strict=True)}
    return tuple(e.model_copy(update={"drop": drops.get(e)}) for e in found)


def _other(bench: Bench, rule: Rule, p: float, verdict: Verdict | None, main: Finding) -> Finding:
    if verdict == "hit" and main.verdict == "hit" and p >= bench.calibration.thresholds.final_act_in(rule.scene):
        cited = (Citation(clause_id=rule.id, quote=rule.statement),)
        return Finding(
            rule_id=rule.id, verdict="hit", probability=p, citations=cited, evidence=main.evidence,
            sightings=main.sightings,
        )  # fmt: skip
    return Finding(
        rule_id=rule.id, verdict="not_applicable" if verdict == "not_applicable" else "not_hit", probability=p
    )


def _severity(bench: Bench, rule: Rule, row: int, main: Finding, opinion: Opinion) -> Severity:
    pack = bench.book.pack
    levels = {g.dimension: (float(g.level), g.reason) for g in opinion.grades}
    if all(d.id in levels for d in pack.rubric.dimensions):
        return grade_levels([levels[d.id] for d in pack.rubric.dimensions], rule, pack, bench.calibration)
    return grade(
        facts(bench.case, rule, main, bench.vectors[row], bench.book, bench.calibration), pack, bench.calibration
    )


def _chain(
    main: Finding, opinion: Opinion, screened: dict[str, Verdict], outcome: Outcome, note: str
) -> tuple[Step, ...]:
    where = "; ".join(f"“{e.quote}” ({e.part} {e.start}-{e.end})" for e in main.evidence) or "no words"
    seen = "".join(f" Seen: {s.region}{_place(s)}: {s.shows.rstrip('.')}." for s in main.sightings)
    said = f"{opinion.explicit} {opinion.implicit}".strip() + seen
    rules = "; ".join(f"{s.rule_id} {s.verdict.replace('_', ' ')}: {s.reason.strip()}" for s in opinion.screening)
    weighed = "; ".join(
        f"{e.exception_id} {'applies' if e.applies else 'does not apply'}: {e.reason.strip()}"
        for e in opinion.exceptions
    )
    cause = [opinion.cause.strip(), f"Stance: {opinion.stance}"]
    cause += [f"Exceptions: {weighed}"] if weighed else []
    cause += [f"Against its neighbours: {opinion.contrast.strip()}"] if opinion.contrast.strip() else []
    meant = "" if outcome == opinion.outcome else f" The model said {opinion.outcome}, which is not sure enough."
    return (
        Step(name="location", text=f"Carrying words: {where}. {said}"),
        Step(name="screening", text=rules or "No rule was screened."),
        Step(name="cause", text=" ".join(c.rstrip(".") + "." for c in cause)),
        Step(name="decision", text=f"{main.rule_id} stands at {main.probability:.2f}, stated with {opinion.confidence} "
                                   f"of 100 sure.{meant} Outcome: {outcome}. {note}"),
    )  # fmt: skip


def _place(sighting: Sighting) -> str:
    locator = sighting.locator
    at = [f"at {locator.start:.1f} s"] if locator.start is not None else []
    if box := locator.box:
        at.append(f"left {100 * box.x:.0f} %, top {100 * box.y:.0f} %")
    return f" ({', '.join(at)})" if at else ""


__all__ = ["Drafted", "Writer", "ask", "believed", "drafted", "offered", "prompt", "reason_by_model"]
