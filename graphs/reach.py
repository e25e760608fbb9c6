"""Which rules a case is judged under: by its words, and by what tools saw in its files. It judges nothing."""

from agents.sight import judgeable
from cases.case import Case
from policy_store.pack import Pack
from policy_store.retrieval import applicable
from policy_store.rule import Modality


def modalities(case: Case) -> frozenset[Modality]:
    """Return the modalities of a case; parts are text whatever they were read from."""
    found: set[Modality] = {"text"}
    return frozenset(found | {m.type for m in case.media if m.type != "page"})


def worded(pack: Pack, case: Case) -> frozenset[str]:
    """Return the rules that the words of a case are judged under.

    A rule for what is seen alone has no words to be found by: the onlooker judges it whatever is said.
    """
    held = applicable(pack, case.profile, case.surface, modalities(case))
    return frozenset(r for r in held if "text" in pack.by_id[r].modalities or not pack.by_id[r].by_sight)


def sighted(pack: Pack, case: Case) -> tuple[str, ...]:
    """Return the rules that the files of a case are judged under by what tools saw in them, in the pack's order."""
    if not case.observations:
        return ()
    kinds = modalities(case)
    held = applicable(pack, case.profile, case.surface, kinds)
    return tuple(r.id for r in pack.rules if r.id in held and r.by_sight and {*r.modalities} & (kinds - {"text"}))


def told_by_sight(pack: Pack, case: Case) -> bool:
    """Return whether the pictures of a case can be let go by sight: there is nothing else that nobody judged.

    None is a film or a sound, and every rule that holds for pictures is read by what tools see. That each was looked
    through without a gap is the perceiver's to say.
    """
    if not case.observations or {m.type for m in case.media if m.type != "page"} != {"image"}:
        return False
    held = applicable(pack, case.profile, case.surface, modalities(case))
    return judgeable(pack.by_id[r] for r in held)
