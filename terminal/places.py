"""Where in the files of a case the words stand that a decision rests on, for people and for programs."""

from collections.abc import Iterator

from agents.perceiver import seen_at
from cases.case import Case
from cases.decision import Decision, dominant
from cases.observation import Observation
from terminal.line import Json

MOST = 3  # of one quote


def clock(seconds: float) -> str:
    """Return seconds as a player shows them.

    >>> clock(13.4), clock(3725.04)
    ('0:13.4', '1:02:05.0')
    """
    minutes, tenths = divmod(round(seconds * 10), 600)
    hours, minutes = divmod(minutes, 60)
    lead = f"{hours}:{minutes:02}" if hours else f"{minutes}"
    return f"{lead}:{tenths // 10:02}.{tenths % 10}"


def cited(made: Decision, case: Case) -> Iterator[Observation]:
    """Yield what was seen or heard where the leading rule's evidence stands, each once."""
    leading = dominant(made)
    known: set[str] = set()
    for evidence in leading.evidence if leading else ():
        for one in seen_at(case, evidence)[:MOST]:
            if one.id not in known:
                known.add(one.id)
                yield one


def told(one: Observation) -> str:
    """Return where an observation is in its file, in words; "" where it is of no place in it."""
    at, where = one.locator, []
    if at.start is not None:
        until = f" to {clock(at.end)}" if at.end is not None and at.end > at.start else ""
        where.append(f"at {clock(at.start)}{until}" + (f", frame {at.frame}" if at.frame is not None else ""))
    if at.box is not None:
        across, down = at.box.x + at.box.width / 2, at.box.y + at.box.height / 2
        where.append(f"around {across:.0%} across, {down:.0%} down")
    return ", ".join(where)


def found_in(made: Decision, case: Case) -> Json:
    """Return what a program is told of a case's files: `places` of what is cited, and what was `unseen`; or nothing."""
    if not (case.observations or case.unseen):
        return {}
    places = [
        one.model_dump(mode="json", include={"id", "media", "kind", "text", "locator"}, exclude_none=True)
        for one in cited(made, case)
    ]
    unseen = [gap.model_dump(mode="json") for gap in case.unseen]
    return {"places": places, "unseen": unseen}
