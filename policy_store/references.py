"""What the entries of a pack say about each other: references and ranges. Not the shape of a file, not its style.

One function per check, named as what must hold; each yields the faults of a draft. Checks that need to know everything
that is defined are left out when a file could not be read.
"""

from collections.abc import Callable, Iterator

from policy_store.draft import Draft, Entry, ids
from policy_store.fault import Fault, suggest
from policy_store.identity import (
    citable_ids_are_unique,
    clause_ids_start_with_the_rule_id,
    dimensions_are_unique,
    example_ids_are_unique,
    example_ids_start_with_the_rule_id,
    examples_of,
    ids_of_a_list_are_unique,
    rule_parts_are_unique,
)
from policy_store.rule import Rule

Check = Callable[[Draft], Iterator[Fault]]


def own_faults(draft: Draft) -> tuple[Fault, ...]:
    """Return the faults of one pack by itself, before it is merged with what it extends."""
    return tuple(fault for check in OWN for fault in check(draft))


def merged_faults(draft: Draft) -> tuple[Fault, ...]:
    """Return the faults of the whole pack."""
    checks = (*WITHIN_RULES, *ACROSS) if draft.whole else WITHIN_RULES
    return tuple(fault for check in checks for fault in check(draft))


def precedence_does_not_contradict_itself(draft: Draft) -> Iterator[Fault]:
    """Check that no rule leads over itself, and no two rules over each other."""
    first: dict[tuple[str, str], str] = {}
    for entry in draft.precedence:
        if entry.value is None:
            continue
        winner = entry.value.winner
        for i, loser in enumerate(entry.value.losers):
            if loser == winner:
                yield entry.fault(f"{winner!r} leads over itself", "take it out of `losers`", "losers", i)
            elif (loser, winner) in first:
                problem = f"{winner!r} leads over {loser!r} here and the other way round at {first[loser, winner]}"
                yield entry.fault(problem, "keep one of the two", "losers", i)
            first.setdefault((winner, loser), entry.place("losers", i))


def example_severities_lie_in_the_band(draft: Draft) -> Iterator[Fault]:
    """Check the severity of each violating example."""
    for entry, rule in draft.sound_rules:
        low, high = rule.band.low, rule.band.high
        for i, example in enumerate(rule.examples.violating):
            if example.severity is not None and not low <= example.severity <= high:
                problem = f"severity {example.severity} of {example.id} lies outside the band {low}-{high} of {rule.id}"
                yield entry.fault(problem, "change the severity or the band", "examples", "violating", i, "severity")


def products_name_their_attributes(draft: Draft) -> Iterator[Fault]:
    """Check the attributes and values that products are made of."""
    for entry, rule in draft.sound_rules:
        known = {a.id: [v.id for v in a.values] for a in rule.attributes}
        for i, product in enumerate(rule.products):
            for name, value in product.values.items():
                at = ("products", i, "values", name)
                if name not in known:
                    hint = suggest(name, known, "attributes")
                    yield entry.fault(f"{rule.id} has no attribute {name!r}", hint, *at, at="key")
                elif value not in known[name]:
                    problem = f"attribute {name!r} has no value {value!r}"
                    yield entry.fault(problem, suggest(value, known[name], "values"), *at)


def products_cite_their_own_clauses(draft: Draft) -> Iterator[Fault]:
    """Check the clause that a product is cited by: an include or an exception of its rule."""
    for entry, rule in draft.sound_rules:
        known = [c.id for c in rule.clauses]
        for i, product in enumerate(rule.products):
            if product.clause is not None and product.clause not in known:
                problem = f"{rule.id} has no clause {product.clause!r}"
                yield entry.fault(problem, suggest(product.clause, known, "clauses"), "products", i, "clause")


def pack_is_not_empty(draft: Draft) -> Iterator[Fault]:
    """Check that the pack has rules, scenes, tiers, profiles and a rubric, its own or inherited."""
    missing = (
        ("rules", draft.rules, "write them in rules/<SCENE>.yaml"),
        ("scenes", draft.scenes, "add `scenes:` with `- {id: HR, name: Harassment}`"),
        ("tiers", draft.tiers, "add `tiers:` with `- {id: none, low: 0, action: none}` as the first"),
        ("profiles", draft.profiles, "add `profiles:` with `- {id: adult, text: General adult audience.}`"),
        ("rubric", draft.rubric, "write rubric.yaml with `dimensions:`"),
    )
    for name, found, hint in missing:
        # a list of a wrong shape is a fault already
        if not found and not draft.source.value((name,)):
            yield draft.source.fault((), f"the pack has no {name}", f"{hint}, or inherit with `extends:`")


def tiers_start_at_zero_and_rise(draft: Draft) -> Iterator[Fault]:
    """Check that every severity has exactly one tier."""
    tiers = [(entry, entry.value) for entry in draft.tiers if entry.value is not None]
    first: dict[int, str] = {}
    for entry, tier in tiers:
        if tier.low in first:
            problem = f"tier {tier.id!r} starts at {tier.low}, where {first[tier.low]!r} starts"
            yield entry.fault(problem, "give each tier its own `low`", "low")
        first.setdefault(tier.low, tier.id)
    if len(tiers) == len(draft.tiers) and tiers and 0 not in first:
        entry, tier = min(tiers, key=lambda pair: pair[1].low)
        hint = "let the lowest tier start at 0: `- {id: none, low: 0, action: none}`"
        yield entry.fault(f"no tier starts at 0; the lowest is {tier.id!r} at {tier.low}", hint, "low")


def scenes_are_known(draft: Draft) -> Iterator[Fault]:
    """Check the scene of each rule."""
    known = ids(draft.scenes)
    for entry, rule in draft.sound_rules:
        if rule.scene not in known:
            yield entry.fault(f"unknown scene {rule.scene!r}", suggest(rule.scene, known, "scenes"), "scene")


def common_exceptions_are_known(draft: Draft) -> Iterator[Fault]:
    """Check the common exceptions that a rule selects."""
    known = ids(draft.exceptions)
    for entry, rule in draft.sound_rules:
        for i, name in enumerate(rule.common or ()):
            if name not in known:
                hint = suggest(name, known, "common exceptions")
                yield entry.fault(f"unknown common exception {name!r}", hint, "common", i)


def borrowed_exceptions_are_known(draft: Draft) -> Iterator[Fault]:
    """Check that `borrows` names exceptions of other rules."""
    lent = {name for entry in draft.rules for name in _exception_ids(entry)}
    common = ids(draft.exceptions)
    for entry, rule in draft.sound_rules:
        own = {c.id for c in rule.exceptions}
        for i, name in enumerate(rule.borrows):
            if name in own:
                hint = "take it out of `borrows`"
                yield entry.fault(f"{name!r} is an own exception of {rule.id}", hint, "borrows", i)
            elif name in common:
                hint = "common exceptions hold already; `common` selects among them"
                yield entry.fault(f"{name!r} is a common exception, not another rule's", hint, "borrows", i)
            elif name not in lent:
                hint = suggest(name, lent - own, "exceptions")
                yield entry.fault(f"no rule has the exception {name!r}", hint, "borrows", i)


def exceptions_of_examples_hold(draft: Draft) -> Iterator[Fault]:
    """Check that an exception named by an example is one that holds for its rule."""
    common = ids(draft.exceptions)
    lent = {name for entry in draft.rules for name in _exception_ids(entry)}
    for entry, rule in draft.sound_rules:
        own = {c.id for c in rule.exceptions} | set(rule.borrows)
        holding = own | (common if rule.common is None else common & set(rule.common))
        for steps, example in examples_of(rule):
            name, at = example.exception, (*steps, "exception")
            if name is None or name in holding:
                continue
            if name in common or name in lent:
                field = "common" if name in common else "borrows"
                hint = f"add {name} to `{field}` of {rule.id}, or drop it here"
                yield entry.fault(f"exception {name!r} does not hold for {rule.id}", hint, *at)
            else:
                yield entry.fault(f"{rule.id} has no exception {name!r}", suggest(name, holding, "exceptions"), *at)


def priors_fit_the_rubric(draft: Draft) -> Iterator[Fault]:
    """Check that priors name dimensions of the rubric, and that levels run from 0 to 4."""
    rubric = draft.rubric.value if draft.rubric is not None else None
    for entry, rule in draft.sound_rules:
        for name, level in rule.priors.items():
            if rubric is not None and name not in (known := [d.id for d in rubric.dimensions]):
                hint = suggest(name, known, "dimensions")
                yield entry.fault(f"the rubric has no dimension {name!r}", hint, "priors", name, at="key")
            if not 0 <= level <= 4:
                problem = f"prior level of {name!r} must be 0 to 4, not {level}"
                yield entry.fault(problem, "0 is the mildest level of the rubric, 4 the worst", "priors", name)


def product_labels_name_profiles(draft: Draft) -> Iterator[Fault]:
    """Check the profiles that products give labels for; `*` stands for the others."""
    known = ids(draft.profiles) | {"*"}
    for entry, rule in draft.sound_rules:
        for i, product in enumerate(rule.products):
            for name in product.labels.keys() - known:
                hint = suggest(name, known, "profiles")
                yield entry.fault(f"unknown profile {name!r}", hint, "products", i, "labels", name, at="key")


def profiles_switch_off_known_rules(draft: Draft) -> Iterator[Fault]:
    """Check `off` of each profile."""
    known = ids(draft.rules)
    for entry in draft.profiles:
        for i, name in enumerate(entry.value.off if entry.value else ()):
            if name not in known:
                yield entry.fault(f"unknown rule {name!r}", suggest(name, known, "rules"), "off", i)


def precedence_names_known_rules(draft: Draft) -> Iterator[Fault]:
    """Check winners and losers."""
    known = ids(draft.rules)
    for entry in draft.precedence:
        if entry.value is None:
            continue
        if entry.value.winner not in known:
            hint = suggest(entry.value.winner, known, "rules")
            yield entry.fault(f"unknown rule {entry.value.winner!r}", hint, "winner")
        for i, name in enumerate(entry.value.losers):
            if name not in known:
                yield entry.fault(f"unknown rule {name!r}", suggest(name, known, "rules"), "losers", i)


OWN: tuple[Check, ...] = (
    ids_of_a_list_are_unique, dimensions_are_unique, precedence_does_not_contradict_itself,
)  # fmt: skip
WITHIN_RULES: tuple[Check, ...] = (
    rule_parts_are_unique, clause_ids_start_with_the_rule_id, example_ids_start_with_the_rule_id,
    example_severities_lie_in_the_band, products_name_their_attributes, products_cite_their_own_clauses,
)  # fmt: skip
ACROSS: tuple[Check, ...] = (
    pack_is_not_empty, tiers_start_at_zero_and_rise, citable_ids_are_unique,
    example_ids_are_unique, scenes_are_known, common_exceptions_are_known, borrowed_exceptions_are_known,
    exceptions_of_examples_hold, priors_fit_the_rubric, product_labels_name_profiles,
    profiles_switch_off_known_rules, precedence_names_known_rules,
)  # fmt: skip


def _exception_ids(entry: Entry[Rule]) -> Iterator[str]:
    """Return the ids of a rule's own exceptions as written, also when the rule's shape is wrong."""
    raw = entry.source.value((*entry.steps, "exceptions"))
    for item in raw if isinstance(raw, list) else ():
        if isinstance(item, dict) and isinstance(item.get("id"), str):
            yield item["id"]
