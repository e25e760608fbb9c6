"""The witness: a model that sees, asked how a picture stands on each attribute of the rules that are read by sight.

It answers no rule: what it says of the attributes is a reading (agents.icm), which the profile labels like that of
tools, and the onlooker weighs the two. The scores are NOT calibrated. A model that answers nothing usable is a failure
with its name; a file of which it was shown nothing is named too. Neither is ever taken for a clean picture.
"""

from collections.abc import Sequence

from agents.ask import Odds, in_order
from agents.exhibit import Exhibits
from agents.icm import read_pictures
from agents.onlooker import spoken_with
from agents.reasoner import Bench
from agents.sight import NOBODY, Viewed, labelled
from cases.case import media_ids
from cases.exchange import Allowance, Oddless, Unanswered, Usage
from policy_store.rule import Rule

MOST_OUTSIDE = 0.5  # beyond it the first token mostly says something else than Yes or No


def ask_witness(
    bench: Bench, rule_ids: Sequence[str], backends: Sequence[Odds], allowance: Allowance
) -> tuple[Viewed, Usage]:
    """Return what the first backend that can says of the pictures under these rules, and what asking cost.

    NOBODY where no backend gives odds: then tools alone have seen the pictures.
    """
    rules = [r for i in rule_ids if (r := bench.book.pack.by_id[i]).by_sight and r.status == "active"]
    able, mute = list(backends), Usage()
    while rules and able:
        try:
            found, odds, usage = in_order(able, allowance, lambda odds, left: _seen(bench, rules, odds, left))
            return found.model_copy(update={"by": odds.name}), mute + usage
        except _Mute as error:
            told = f"{error.name} gives no odds: what it sees of attributes is not read"
            mute += Usage(notes=(told,))
            able = [one for one in able if one.name != error.name]
        except Unanswered as error:
            return Viewed(failure=error.failure), mute + error.usage
    return NOBODY, mute


class _Mute(Exception):
    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def _seen(bench: Bench, rules: Sequence[Rule], odds: Odds, allowance: Allowance) -> tuple[Viewed, Usage]:
    exhibits = bench.shown_to(odds.name)
    shown = {e.media for e in exhibits.frames}
    kinds = dict(zip(media_ids(bench.case.media), (m.type for m in bench.case.media), strict=True))
    wanted = {name for name, kind in kinds.items() if any(kind in rule.modalities for rule in rules)}
    looks, usage = [], Usage()
    for rule in rules:
        own = Exhibits(tuple(e for e in exhibits.items if kinds[e.media] in rule.modalities), exhibits.whole)
        try:
            looked = read_pictures(
                bench.case, own, rule, bench.book.pack, odds, allowance.less(usage), most_outside=MOST_OUTSIDE
            )
        except Oddless as error:
            raise _Mute(odds.name) from error
        except Unanswered as error:
            raise Unanswered(error.failure, str(error), usage + error.usage) from error
        usage += looked.usage
        where = {e.id: e.media for e in own.frames}
        found = [
            labelled(rule, where[frame], {**words, **reading}, bench.profile, (frame,))
            for frame, reading in looked.readings.items()
            for words in spoken_with(bench, rule)
        ]
        if found:
            looks.append(max(found, key=lambda one: one.probability))
    places = {e.id: e.locator for e in exhibits.frames if any(e.id in one.regions for one in looks)}
    return Viewed(looks=tuple(looks), places=places, unshown=tuple(sorted(wanted - shown))), usage


__all__ = ["ask_witness"]
