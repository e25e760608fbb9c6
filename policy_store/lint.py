"""Advice on a pack that loads: what will make its verdicts worse. Not faults (loader); nothing here stops a pack.

One function per check, named as what should hold. An `info` remark is for reading once, a `warning` is worth mending.
Retired rules are left alone.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import combinations
from typing import Literal

from policy_store.pack import Pack
from policy_store.rule import Clause, Example, Rule, Strict

Level = Literal["warning", "info"]

FEWEST_EXAMPLES = 4
LONGEST_STATEMENT = 60
LONGEST_RULE = 450
ALIKE_ON_ONE_SIDE = 0.8
ALIKE_ACROSS = 0.9
NAMED = 12  # rules in one remark

VAGUE = re.compile(
    r"\b(generally|usually|normally|typically|often|sometimes|occasionally|mostly|possibly|perhaps|"
    r"in (?:most|some|many) cases|as (?:needed|appropriate)|where appropriate|inappropriate(?:ly)?|improper(?:ly)?|"
    r"objectionable|problematic|questionable|undesirable|unacceptable|and so on|and so forth|etc|some kind of)\b",
    re.IGNORECASE,
)
EVERYDAY = frozenset(
    "a about after all also am an and any are as at back bad be because been big but by can come could day did do "
    "does down for free from get girl go good got great guy had has have he help her here him his home how i if "
    "in into is it its just kid know let life like little live look love make man me more my need never new no "
    "not now of off ok old on one only or other our out over own people please put right run said same say see "
    "she should so some still stop take tell than that the their them then there these they thing think this time "
    "to too two up us use very want was way we well were what when where which who why will with woman work would "
    "year yes you your".split()
)


class Remark(Strict):
    """One piece of advice. `rule_id` is None where it concerns the whole pack; `check` names the function."""

    check: str
    level: Level
    rule_id: str | None
    field: str
    message: str
    fix: str

    def __str__(self) -> str:
        """Return `level: rule field: message (fix)` on one line."""
        return f"{self.level}: {self.rule_id or 'pack'} {self.field}: {self.message} ({self.fix})"


Said = tuple[str | None, str, str, str]
Check = Callable[[Pack], Iterator[Said]]


def lint(pack: Pack) -> tuple[Remark, ...]:
    """Return what could be better, warnings first, then in the order of the pack's rules."""
    order = {rule.id: i for i, rule in enumerate(pack.rules)}
    remarks = [
        Remark(check=check.__name__, level=level, rule_id=rule_id, field=field, message=message, fix=fix)
        for check, level in CHECKS
        for rule_id, field, message, fix in check(pack)
    ]
    return tuple(sorted(remarks, key=lambda r: (r.level == "info", order.get(r.rule_id or "", -1))))


def clauses_are_precise(pack: Pack) -> Iterator[Said]:
    """Check statements, clauses and common exceptions for words that leave the reader to guess."""
    for rule in _rules(pack):
        for clause in rule.clauses:
            yield from _vague(rule.id, "statement" if clause.id == rule.id else clause.id, clause)
    for clause in pack.exceptions:
        yield from _vague(None, clause.id, clause)


def statements_are_short(pack: Pack) -> Iterator[Said]:
    """Check that no statement has more than 60 words."""
    for rule in _rules(pack):
        count = len(rule.statement.split())
        if count > LONGEST_STATEMENT:
            message = f"the statement has {count} words, more than {LONGEST_STATEMENT}"
            yield rule.id, "statement", message, "keep the core and move the cases into `includes`"


def rules_fit_a_prompt(pack: Pack) -> Iterator[Said]:
    """Check that a rule without its examples stays near 600 tokens; models follow longer ones less well."""
    for rule in _rules(pack):
        texts = (*(c.text for c in rule.clauses), *(d.text for d in rule.definitions))
        count = sum(len(text.split()) for text in texts)
        if count > LONGEST_RULE:
            message = f"the rule has {count} words without its examples, more than {LONGEST_RULE}"
            yield rule.id, "includes", message, "split the rule, or shorten its clauses"


def examples_are_balanced(pack: Pack) -> Iterator[Said]:
    """Check that each side has four examples, and neither more than twice as many as the other."""
    for rule in _rules(pack):
        sides = {"violating": len(rule.examples.violating), "allowed": len(rule.examples.allowed)}
        few, many = sorted(sides, key=lambda side: sides[side])
        for side, count in sides.items():
            if count < FEWEST_EXAMPLES:
                message = f"{count} {side} example{'s' if count > 1 else ''}, fewer than {FEWEST_EXAMPLES}"
                yield rule.id, f"examples.{side}", message, "add texts near the boundary"
        if sides[few] >= FEWEST_EXAMPLES and sides[many] > 2 * sides[few]:
            message = f"{sides[many]} {many} examples against {sides[few]} {few} ones"
            yield rule.id, f"examples.{few}", message, f"add {few} texts near the boundary"


def examples_differ(pack: Pack) -> Iterator[Said]:
    """Check that no two examples of a rule are nearly the same text."""
    for rule in _rules(pack):
        sided = [(e, "violating") for e in rule.examples.violating] + [(e, "allowed") for e in rule.examples.allowed]
        worded = [(example, side, _words(example)) for example, side in sided]
        for (one, side, words), (two, other, others) in combinations(worded, 2):
            alike = len(words & others) / max(1, len(words | others))
            if side == other and alike >= ALIKE_ON_ONE_SIDE:
                message = f"{one.id} and {two.id} are nearly the same text"
                yield rule.id, f"examples.{side}", message, "replace one by a different wording or case"
            elif side != other and alike >= ALIKE_ACROSS:
                message = f"{one.id} violates and {two.id} is allowed, but they are nearly the same text"
                yield rule.id, "examples", message, "decide on one side, or write out what makes the difference"


def severities_are_given(pack: Pack) -> Iterator[Said]:
    """Check that violating examples have a severity and allowed ones have none."""
    for rule in _rules(pack):
        bare = [e.id for e in rule.examples.violating if e.severity is None]
        if bare:
            message = f"no severity for {', '.join(bare)}"
            yield rule.id, "examples.violating", message, f"add `severity:` inside {rule.band.low}-{rule.band.high}"
        odd = [e.id for e in rule.examples.allowed if e.severity is not None]
        if odd:
            yield rule.id, "examples.allowed", f"a severity for {', '.join(odd)}, which is allowed", "take it out"


def violating_examples_are_not_excepted(pack: Pack) -> Iterator[Said]:
    """Check that only allowed examples name the exception that saves them."""
    for rule in _rules(pack):
        odd = [e.id for e in rule.examples.violating if e.exception is not None]
        if odd:
            message = f"an exception is named by {', '.join(odd)}, which violates"
            yield rule.id, "examples.violating", message, "move the text to `allowed`, or drop `exception:`"


def own_exceptions_are_shown(pack: Pack) -> Iterator[Said]:
    """Check that an allowed example shows each exception that a rule brings or borrows."""
    for rule in _rules(pack):
        shown = {e.exception for e in rule.examples.allowed}
        for name in (*(c.id for c in rule.exceptions), *rule.borrows):
            if name not in shown:
                fix = f"add `- {{id: {rule.id}.n…, text: '…', exception: {name}}}`"
                yield rule.id, "examples.allowed", f"no allowed example shows {name}", fix


def common_exceptions_are_shown(pack: Pack) -> Iterator[Said]:
    """Check that each common exception is shown somewhere, and that a rule shows those it selects."""
    shown = {e.exception for rule in _rules(pack) for e in rule.examples.allowed}
    for clause in pack.exceptions:
        if clause.id not in shown:
            fix = f"add one with `exception: {clause.id}` to a rule that it matters for"
            yield None, "exceptions", f"no allowed example of any rule shows {clause.id}", fix
    for rule in _rules(pack):
        missing = set(rule.common or ()) - {e.exception for e in rule.examples.allowed}
        if missing:
            message = f"`common` selects {', '.join(sorted(missing))}, but no allowed example shows it"
            yield rule.id, "examples.allowed", message, "add an example, or drop it from `common`"


def keywords_are_given(pack: Pack) -> Iterator[Said]:
    """Check that each rule can be found by keyword."""
    for rule in _rules(pack):
        if not rule.keywords and rule.raises is None:
            message = "no keyword: the rule is found by meaning only"
            yield rule.id, "keywords", message, "add 8 to 20 phrases that violating texts contain"


def keywords_are_telling(pack: Pack) -> Iterator[Said]:
    """Check that no keyword is one or two everyday words, or shorter than three letters."""
    for rule in _rules(pack):
        common = [k for k in rule.keywords if len(k) < 3 or _everyday(k)]
        if common:
            message = f"very common: {', '.join(map(repr, common))}"
            yield rule.id, "keywords", message, "use a phrase that innocent texts do not contain"


def ties_are_settled(pack: Pack) -> Iterator[Said]:
    """Check that precedence says which of two rules of a scene leads where their bands overlap."""
    rules = [rule for rule in _rules(pack) if rule.status == "active" and rule.raises is None]
    over = _leads(pack)
    for i, rule in enumerate(rules, 1):
        open_ones = [
            other.id
            for other in rules[i:]
            if other.scene == rule.scene
            and rule.band.low <= other.band.high
            and other.band.low <= rule.band.high
            and (not rule.surfaces or not other.surfaces or set(rule.surfaces) & set(other.surfaces))
            and other.id not in over.get(rule.id, ())
            and rule.id not in over.get(other.id, ())
        ]
        if open_ones:
            more = f" and {len(open_ones) - NAMED} more" if len(open_ones) > NAMED else ""
            message = f"the band overlaps with {', '.join(open_ones[:NAMED])}{more} and no precedence settles a tie"
            yield rule.id, "precedence", message, "add `- {winner: …, losers: […], why: …}` where both can be broken"


def priors_cover_the_rubric(pack: Pack) -> Iterator[Said]:
    """Check that priors are given for every dimension."""
    names = [d.id for d in pack.rubric.dimensions]
    for rule in _rules(pack):
        missing = [name for name in names if name not in rule.priors]
        if missing and rule.raises is None:
            message = f"no prior level for {', '.join(missing)}"
            yield rule.id, "priors", message, "give each dimension the level (0-4) that is typical of a violation"


def profiles_leave_a_rule_on(pack: Pack) -> Iterator[Said]:
    """Check that no profile switches off every active rule."""
    active = {rule.id for rule in pack.rules if rule.status == "active"}
    for profile in pack.profiles:
        if active <= set(profile.off):
            message = f"profile {profile.id!r} switches off every active rule: it allows everything"
            yield None, "profiles", message, "take rules out of `off`"


def rules_are_mapped(pack: Pack) -> Iterator[Said]:
    """Check that each rule has an OpenAI category or an MLCommons hazard."""
    for rule in _rules(pack):
        if not rule.maps.openai and not rule.maps.mlcommons and rule.raises is None:
            message = "no OpenAI category and no MLCommons hazard: the rule cannot be compared with other systems"
            yield rule.id, "maps", message, "add `openai: […]` or `mlcommons: […]` if one fits"


def rules_by_sight_hold_for_pictures(pack: Pack) -> Iterator[Said]:
    """Check that a rule with an attribute that is read by sight holds for pictures or films, and has products."""
    for rule in _rules(pack):
        if any(a.read == "sight" for a in rule.attributes):
            if not {"image", "video"} & set(rule.modalities):
                message = "an attribute is read by sight, but the rule holds for no picture and no film"
                yield rule.id, "modalities", message, "add `image` or `video`"
            if not rule.products:
                message = "an attribute is read by sight, but no product says what its values come to"
                yield rule.id, "products", message, "add `products:` with labels for the profiles"


def products_by_sight_are_cited(pack: Pack) -> Iterator[Said]:
    """Check that each product of a rule that is read by sight names the clause that it is cited by."""
    for rule in _rules(pack):
        bare = [p.id for p in rule.products if p.clause is None] if rule.by_sight else []
        if bare:
            message = f"no clause for {', '.join(bare)}: a verdict will cite the statement alone"
            yield rule.id, "products", message, "add `clause:` with an include or an exception of the rule"


CHECKS: tuple[tuple[Check, Level], ...] = (
    (clauses_are_precise, "warning"),
    (statements_are_short, "warning"),
    (examples_are_balanced, "warning"),
    (examples_differ, "warning"),
    (severities_are_given, "warning"),
    (violating_examples_are_not_excepted, "warning"),
    (own_exceptions_are_shown, "warning"),
    (keywords_are_given, "warning"),
    (keywords_are_telling, "warning"),
    (priors_cover_the_rubric, "warning"),
    (profiles_leave_a_rule_on, "warning"),
    (rules_by_sight_hold_for_pictures, "warning"),
    (products_by_sight_are_cited, "warning"),
    (ties_are_settled, "info"),
    (common_exceptions_are_shown, "info"),
    (rules_fit_a_prompt, "info"),
    (rules_are_mapped, "info"),
)


def _rules(pack: Pack) -> Iterable[Rule]:
    return (rule for rule in pack.rules if rule.status != "retired")


def _vague(rule_id: str | None, field: str, clause: Clause) -> Iterator[Said]:
    found = sorted({word.lower() for word in VAGUE.findall(clause.text)})
    if found:
        message = f"vague: {', '.join(map(repr, found))}"
        yield rule_id, field, message, "say what must be seen, how much of it, or when it holds"


def _everyday(keyword: str) -> bool:
    words = keyword.lower().split()
    return len(words) <= 2 and set(words) <= EVERYDAY


def _words(example: Example) -> frozenset[str]:
    return frozenset(re.findall(r"[\w']+", example.text.lower()))


def _leads(pack: Pack) -> dict[str, set[str]]:
    """Return for each winner the rules it leads over, also by way of others."""
    over: dict[str, set[str]] = {}
    for entry in pack.precedence:
        over.setdefault(entry.winner, set()).update(entry.losers)
    for _ in over:
        for losers in over.values():
            losers.update(*(over.get(loser, ()) for loser in tuple(losers)))
    return over
