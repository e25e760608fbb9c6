"""`precept appeal`: files an appeal where the console finds it, and has the case judged anew by another route if asked.

It rules on nothing: that is for a person who had no part in the decision, in the console or through the API.
"""

from typing import TYPE_CHECKING, Annotated

import typer

from terminal.errors import Refused
from terminal.explain import DecisionId

if TYPE_CHECKING:
    from graphs.appeal import Judgement, Sitting
    from graphs.record import Record
    from graphs.settings import Settings
    from web.store.appeals import Appeal


def appeal(
    decision: DecisionId,
    statement: Annotated[str, typer.Option(help="What the person says; it is text, never an instruction.")],
    appellant: Annotated[str | None, typer.Option(metavar="ID", help="The platform's own id of the person.")] = None,
    country: Annotated[
        str | None, typer.Option(metavar="CODE", help="Where the person lives, such as DE: it says where to turn next.")
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Judge the case anew by another route; show it.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """File an appeal against a decision; a person decides it, and never one who decided before."""
    from terminal.line import written
    from terminal.opening import ledger, read, record

    settings = read()
    with ledger(settings) as opened:
        found = record(opened, decision)
    made = _filed(settings, found, statement, appellant, country)
    judged = _judged(settings, found, made) if fresh else None
    if json:
        told = made.model_dump(mode="json", include={"id", "decision_id", "state", "outcome", "rule_id", "filed"})
        typer.echo(written(told | ({"fresh": judged.model_dump(mode="json")} if judged else {})))
        return
    under = f" under {made.rule_id}" if made.rule_id else ""
    typer.echo(f"{made.id}: filed against {made.decision_id} ({made.outcome}{under}). It waits in the appeals inbox of "
               "precept serve.")  # fmt: skip
    if judged is not None:
        _show(judged)


def _filed(
    settings: "Settings", found: "Record", statement: str, appellant: str | None, country: str | None
) -> "Appeal":
    from pydantic import ValidationError

    from terminal.opening import ledger
    from terminal.review import user
    from web.problem import Problem
    from web.store.database import Store
    from web.work.filing import Filing, take_in

    try:
        filing = Filing.model_validate({
            "decision_id": found.decision.id, "statement": statement, "appellant": appellant,
            "country": country.upper() if country else None,
        })  # fmt: skip
    except ValidationError as error:
        first = error.errors()[0]
        raise Refused(f"--{first['loc'][0]} {first['input']!r:.80}: {first['msg']}") from None
    with ledger(settings) as opened, Store.beside(settings) as store:
        try:
            return take_in(store, opened, user(), filing)
        except Problem as problem:
            raise Refused(problem.message) from None


def _judged(settings: "Settings", found: "Record", made: "Appeal") -> "Judgement":
    """Return the case judged anew under the policy then and today, kept where the console looks for it."""
    from contextlib import ExitStack

    from graphs.appeal import judge_anew
    from graphs.saved import in_force
    from graphs.wiring import open_deps, open_model
    from terminal.opening import ledger
    from web.store import appeals
    from web.store.database import Store

    with ExitStack() as stack:
        model = stack.enter_context(open_model(settings))
        opened = stack.enter_context(ledger(settings, write=True))
        then, today = (
            in_force(settings, stack.enter_context(open_deps(settings, pack, ledger=opened, model=model)))
            for pack in (found.pack, None)
        )
        judged = judge_anew(then, today, found.case, found.decision, made.rule_id, made.statement)
        store = stack.enter_context(Store.beside(settings))
        appeals.keep_fresh(store, made.id, appeals.key_of(today.frame), judged.model_dump_json())
    return judged


def _show(judged: "Judgement") -> None:
    from terminal import paint

    sittings = [("under the policy then", judged.then)]
    if judged.today is not None:
        sittings.append(("under the policy of today", judged.today))
    for title, one in sittings:
        head = title if judged.today else "judged anew"
        typer.echo(paint.harmless("\n".join([f"{head} ({one.policy.id} {one.policy.version}):", *_lines(one)])))


def _lines(one: "Sitting") -> list[str]:
    names = {"reasoner": "reasoned in full", "ranker": "ranker alone", "examples": "nearest example"}
    out = [
        f"  {names[v.who]}: {v.outcome}{f' under {v.rule_id}' if v.rule_id else ''} ({v.share:.2f})" for v in one.voices
    ]
    if one.heard is not None:
        out.append(f"  with the statement read along, {one.heard.rule_id} goes from {one.heard.before:.2f} to "
                   f"{one.heard.after:.2f}")  # fmt: skip
        out += [f"  left out of it, as it speaks to a judge: “{words}”" for words in one.heard.ignored]
    out += [f"  {c.what}: {one.rule_id} from {c.before:.2f} to {c.after:.2f}" for c in one.changes[:3]]
    return out
